/**
 * Sweep memory: what `nivis jobs --remember` knows from its last run. The next sweep of the same command asks
 * all inputs again and evaluates only the attributes that depend on one that has changed.
 *
 * Each worker leaves a *part*: everything that it looked at, as of a remembered command
 * (docs/design/012-remembered-results.md), and for each reply the files among it that the reply depends on,
 * which a warm evaluation knows (014). A change of anything else, such as a setting or a variable, makes the
 * whole part worthless. Replies that use the time are never remembered, and those that log something only if
 * no other reply depends on the same line. A worker for few attributes evaluates cold, and each of its
 * replies depends on all that it looked at.
 *
 *     magic, SHA-256 of the rest, the rest as `node:v8` serializes it
 *
 * The file lies among the results of other commands, so `nivis cache` shows and clears it.
 */
import { lstatSync } from "node:fs";
import { dirname, join } from "node:path";
import { type AttrPath, attrPathKey, type JobReply } from "@nivis/jobs";
import {
  cacheDirectory,
  decodeInputs,
  encodeInputs,
  InputRecorder,
  listChanges,
  readPrivateFile,
  trimShard,
  writePrivateFile,
} from "@nivis/node";
import { identityOf } from "../server/server-address.ts";
import type { EvaluatedJob, JobEvaluator } from "./job-evaluator.ts";
import type { JobFlags } from "./job-options.ts";
import { withoutOptions } from "./queued-sweep.ts";
import type { Remembering } from "./worker-messages.ts";

/** What an earlier sweep found out about a path. */
export interface RememberedJob {
  readonly reply: JobReply;
  /** How its error is shown to people. */
  readonly shown: string | undefined;
  /** The lines that its evaluation logged. */
  readonly log: readonly string[];
}

/** A reply and what it depends on. */
interface Entry extends RememberedJob {
  /** The indices of its paths in the table of its part. */
  readonly paths: Uint32Array;
  /** A file that must exist, so that the derivation is in the store; a byte string. */
  readonly place: string | undefined;
}

/** What a worker leaves. */
interface Part {
  /** As `encodeInputs` makes it. */
  readonly inputs: Uint8Array;
  /** Paths, as byte strings. */
  readonly table: readonly string[];
  readonly entries: readonly Entry[];
}

interface Contents {
  readonly key: string;
  readonly parts: readonly Part[];
}

const MAGIC = Buffer.from("NIVISJB2");
const HASH_LENGTH = 32;
/** Files larger than this are not written, in bytes. */
const MAX_FILE = 64 * 2 ** 20;
/** All files in a shard of the results; see `run-recording.ts`. */
const MAX_SHARD = 128 * 2 ** 20;
/** The oldest parts are dropped beyond this. */
const MAX_PARTS = 64;
/** A worker for so many attributes does not note what each depends on, because that costs more than it saves. */
const FEW = 8;
/** The oldest parts with so few attributes are dropped beyond this, since all inputs of each part are checked. */
const MAX_SMALL_PARTS = 8;
/** Options that say how a sweep is done, and not what it finds out. */
const WAYS = ["--resume", "--workers", "--max-memory-size"];

/** Collects a part in a worker. */
export class PartRecorder {
  readonly inputs = new InputRecorder();
  readonly #jobs: RecordedJob[] = [];

  /** Remembers a reply that does not depend on the order of evaluation, and the lines that it logged. */
  add(job: EvaluatedJob, log: readonly string[], evaluator: JobEvaluator): void {
    const { reply, set } = job;
    const isTold = reply.kind === "error" || log.length > 0;
    // Only a warm evaluation knows whether another attribute would have logged the same, and whether an error
    // shows what was evaluated before.
    if (isTold && (set === undefined || evaluator.showedEvaluationState)) return;
    if (reply.kind === "error" && reply.incomplete) return;
    const drvPath = reply.kind === "job" ? reply.fields["drvPath"] : undefined;
    const place =
      drvPath === undefined ? undefined : evaluator.placeOf(JSON.parse(drvPath) as string);
    this.#jobs.push({ ...job, log, place });
  }

  /** Returns the part as a text; empty if it cannot be checked later. */
  finish(evaluator: JobEvaluator | undefined): string {
    if (evaluator === undefined || this.inputs.unrepeatable !== undefined) return "";
    const snapshot = this.inputs.snapshot();
    const table = new Map<string, number>();
    const entries: Entry[] = [];
    const pathsOfJobs = this.#pathsOfJobs(snapshot.paths, evaluator);
    this.#jobs.forEach(({ reply, shown, log, place }, i) => {
      const paths = pathsOfJobs[i];
      if (paths === undefined) return;
      const indices = paths.map((path) => {
        const index = table.get(path) ?? table.size;
        table.set(path, index);
        return index;
      });
      entries.push({ reply, shown, log, place, paths: Uint32Array.from(indices) });
    });
    const part: Part = { inputs: encodeInputs(snapshot), table: [...table.keys()], entries };
    return process.getBuiltinModule("node:v8").serialize(part).toString("base64");
  }

  /** The paths that each reply depends on; `undefined` for replies that cannot be remembered. */
  #pathsOfJobs(
    all: readonly string[],
    evaluator: JobEvaluator,
  ): readonly (readonly string[] | undefined)[] {
    const sets = this.#jobs.map(({ set }) => set);
    if (!sets.every((set) => set !== undefined)) return this.#jobs.map(() => all);
    const origins = evaluator.originsOf(sets);
    // Lines that several replies depend on come with the first that is evaluated, whichever that is.
    const owners = new Map<number, number>();
    for (const { lines } of origins.filter((origin) => origin !== undefined)) {
      for (const line of lines) owners.set(line, (owners.get(line) ?? 0) + 1);
    }
    return this.#jobs.map(({ line }, i) => {
      const origin = origins[i];
      const isOwn = origin?.lines.every((one) => one === line && owners.get(one) === 1);
      return isOwn === true ? origin?.paths : undefined;
    });
  }
}

/** A reply as a worker records it. */
interface RecordedJob extends EvaluatedJob {
  readonly log: readonly string[];
  readonly place: string | undefined;
}

/** Opens the memory of a sweep; `undefined` if there is no cache or the sweep cannot be remembered. */
export function openSweepMemory(flags: JobFlags, args: readonly string[]): SweepMemory | undefined {
  const { terminal, machine } = flags.invocation;
  const readsInput = [...flags.autoArguments.values()].some(({ kind }) => kind === "stdin");
  // These ask for more than evaluation does, or do more.
  const doesMore = flags.isFlake || flags.checkCacheStatus || flags.gcRootsDirectory !== "";
  const base = cacheDirectory(machine);
  const { build } = terminal;
  const isOff = (terminal.environment["NIVIS_NO_RESULTS"] ?? "") !== "" || !flags.cache;
  if (readsInput || doesMore || isOff || base === undefined || build === undefined)
    return undefined;
  const directory = machine.currentDirectory();
  const key = JSON.stringify([
    "jobs",
    identityOf(build),
    directory,
    terminal.color,
    flags.noInstantiate,
    withoutOptions(args, WAYS),
  ]);
  const name = sha256(Buffer.from(key))
    .toString("hex")
    .slice(0, HASH_LENGTH / 2);
  const file = join(base, "results", name.slice(0, 1), name.slice(1));
  return new SweepMemory(file, key, flags);
}

/** What is known of earlier sweeps of one command. */
export class SweepMemory {
  readonly #file: string;
  readonly #key: string;
  readonly #needsPlaces: boolean;
  readonly #known = new Map<string, RememberedJob>();
  /** The keys of derivations that have to be evaluated again. */
  readonly #stale = new Set<string>();
  /** The parts of earlier sweeps without what does not hold any longer. */
  readonly #parts: readonly Part[];

  constructor(file: string, key: string, flags: JobFlags) {
    this.#file = file;
    this.#key = key;
    this.#needsPlaces = !flags.noInstantiate;
    const { environment } = flags.invocation.terminal;
    this.#parts = this.#read()
      .map((part) => this.#checked(part, environment))
      .filter(({ entries }) => entries.length > 0);
    for (const { entries } of this.#parts) {
      for (const { reply, shown, log } of entries)
        this.#known.set(attrPathKey(reply.path), { reply, shown, log });
    }
  }

  /** How a worker remembers that begins when these paths are not finished. */
  remembering(unfinished: Iterable<AttrPath>): Remembering {
    let left = 0;
    for (const path of unfinished) {
      const key = attrPathKey(path);
      if (this.#known.has(key)) continue;
      // Sets bring more attributes, and only a warm evaluation can remember errors.
      if (!this.#stale.has(key) || ++left > FEW) return "precisely";
    }
    return "together";
  }

  /** What is known of a path. */
  recall(path: AttrPath): RememberedJob | undefined {
    return this.#known.get(attrPathKey(path));
  }

  /** Keeps what is known and what workers have left. Never fails. */
  save(texts: readonly string[]): void {
    if (texts.length === 0) return;
    const { deserialize, serialize } = process.getBuiltinModule("node:v8");
    const added = texts.map((text) => deserialize(Buffer.from(text, "base64")) as Part);
    let small = 0;
    const parts = [...this.#parts, ...added]
      .reverse()
      .filter(({ entries }) => entries.length > FEW || ++small <= MAX_SMALL_PARTS)
      .slice(0, MAX_PARTS)
      .reverse();
    const rest = serialize({ key: this.#key, parts } satisfies Contents);
    if (rest.length > MAX_FILE) return;
    const isWritten = writePrivateFile(this.#file, () =>
      Buffer.concat([MAGIC, sha256(rest), rest]),
    );
    if (isWritten) trimShard(dirname(this.#file), { maxBytes: MAX_SHARD });
  }

  #read(): readonly Part[] {
    const start = MAGIC.length + HASH_LENGTH;
    const bytes = readPrivateFile(this.#file, start + MAX_FILE);
    if (bytes === undefined) return [];
    try {
      const rest = bytes.subarray(start);
      if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return [];
      if (!bytes.subarray(MAGIC.length, start).equals(sha256(rest))) return [];
      const contents = process.getBuiltinModule("node:v8").deserialize(rest) as Contents;
      return contents.key === this.#key ? contents.parts : [];
    } catch {
      return [];
    }
  }

  /** The part without the entries that depend on what has changed. */
  #checked(part: Part, environment: Readonly<Record<string, string | undefined>>): Part {
    const none = (): Part => this.#keep(part, () => false);
    // In memory of its own, as the decoder wants it.
    const inputs = decodeInputs(Buffer.from(new Uint8Array(part.inputs).buffer));
    const changes = listChanges({ inputs, environment });
    if (changes === undefined) return none();
    const indices = new Map(part.table.map((path, index) => [path, index]));
    const changed = new Set<number>();
    for (const path of changes) {
      const index = indices.get(path);
      // Something else than an evaluation has looked there.
      if (index === undefined) return none();
      changed.add(index);
    }
    const holds = ({ paths, place }: Entry): boolean =>
      !paths.some((index) => changed.has(index)) &&
      (place === undefined || !this.#needsPlaces || exists(place));
    return this.#keep(part, holds);
  }

  /** The part with the entries that hold. */
  #keep(part: Part, holds: (entry: Entry) => boolean): Part {
    const entries = part.entries.filter((entry) => {
      if (holds(entry)) return true;
      if (entry.reply.kind === "job") this.#stale.add(attrPathKey(entry.reply.path));
      return false;
    });
    return { ...part, entries };
  }
}

function exists(place: string): boolean {
  return lstatSync(Buffer.from(place, "latin1"), { throwIfNoEntry: false }) !== undefined;
}

function sha256(bytes: Uint8Array): Buffer {
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(bytes).digest();
}
