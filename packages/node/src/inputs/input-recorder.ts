/**
 * Input recorder: collects what an evaluation looks at.
 *
 * `nodeIo` and everything else that touches the machine for an evaluation report to a recorder, if
 * they are given one, at the place where they ask the system. So a question that is not recorded is a
 * question that was not asked. What cannot be checked later (the time, standard input, a download, a
 * build) makes the run *unrepeatable*: its inputs can be shown, but its result must not be kept.
 *
 *     const inputs = new InputRecorder();
 *     const evaluation = new Evaluation({ io: nodeIo({ inputs }) });
 *     evaluation.evaluateFile("/etc/nixos/configuration.nix");
 *     for (const input of inputs.list()) console.log(input);
 */
import { type BigIntStats, lstatSync } from "node:fs";
import { type AskedNames, type DirectoryEntry, OpenNames } from "@nivis/eval";
import { textOfBytes, toNodePath } from "../byte-path.ts";
import { hasRight } from "./access-right.ts";
import { isSettled, Kind, STAMP_WORDS, StampTrust, writeStamp } from "./file-status.ts";
import { adoptInputs, type RecordedState, shownInputs, snapshotOf } from "./input-snapshot.ts";
import {
  type Content,
  contentOf,
  isWhole,
  Listing,
  makeWhole,
  type PathRecord,
  type Seen,
  wholeContent,
} from "./path-records.ts";
import type { AccessRight, FailedRequest, OtherInputs, RecordedInputs } from "./recorded-inputs.ts";

/** An input of an evaluation. Texts are text, not bytes; bytes that are not UTF-8 become U+FFFD. */
export type Input =
  /** A file that was read. */
  | { readonly kind: "file"; readonly path: string; readonly sha256: string }
  /** A directory that was listed; the hash is that of its entries with their types. */
  | { readonly kind: "directory"; readonly path: string; readonly sha256: string }
  /** The type of what is at a path, without following a symlink. */
  | {
      readonly kind: "type";
      readonly path: string;
      readonly type: "missing" | "regular" | "directory" | "symlink" | "unknown";
    }
  | { readonly kind: "executable"; readonly path: string; readonly executable: boolean }
  /** A symlink whose target was read. */
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  /** A request that failed, with the system's error code. */
  | {
      readonly kind: "failure";
      readonly request: "read" | "list" | "link" | "status" | "follow";
      readonly path: string;
      readonly code: string;
    }
  /** A check whether this process may use a file. */
  | {
      readonly kind: "right";
      readonly right: AccessRight;
      readonly path: string;
      readonly given: boolean;
    }
  /** A check that a directory belongs to the user. */
  | { readonly kind: "owner"; readonly path: string }
  /** An environment variable; `null` if it is not set. */
  | { readonly kind: "environment"; readonly name: string; readonly value: string | null }
  /** A check whether a stream is a terminal. */
  | { readonly kind: "terminal"; readonly descriptor: number; readonly isTerminal: boolean }
  /** The current time was used; seconds since 1970. */
  | { readonly kind: "time"; readonly seconds: number }
  /** A path that a store was asked for. */
  | { readonly kind: "store-path"; readonly path: string; readonly valid: boolean }
  /** A path that was written to a store, or would have been if it were missing. */
  | { readonly kind: "output"; readonly path: string }
  /** A setting with another value than its default. */
  | { readonly kind: "setting"; readonly name: string; readonly value: unknown }
  /** A tree that was fetched. */
  | { readonly kind: "tree"; readonly url: string; readonly fingerprint: string }
  /** A line that was logged. */
  | { readonly kind: "log"; readonly text: string }
  /** Something that cannot be checked later. */
  | { readonly kind: "unrepeatable"; readonly reason: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** Collects what an evaluation looks at. Paths are byte strings and name places on disk. */
export class InputRecorder {
  readonly #paths = new Map<string, PathRecord>();
  /** The names that were looked up in open listings. */
  readonly #asked: AskedNames = { names: new Set(), messages: 0 };
  /** The names of each directory that was listed. */
  readonly #names = new Map<string, OpenNames>();
  readonly #links = new Map<string, string>();
  readonly #failures = new Map<string, FailedRequest>();
  readonly #rights = new Map<string, readonly [AccessRight, string, boolean]>();
  readonly #owned = new Set<string>();
  readonly #environment = new Map<string, string | null>();
  readonly #terminals = new Map<number, boolean>();
  /** Paths that must exist for the result to be complete. */
  readonly #required = new Set<string>();
  /** What is only shown. */
  readonly #remarks: Input[] = [];
  /** What the environments are that are observed. */
  readonly #observed = new WeakMap<Environment, Environment>();
  readonly #trust = new StampTrust();
  readonly #settlingTime: number | undefined;
  #unrepeatable: string | undefined;

  /** `settlingTime` is for tests; see `isSettled`. */
  constructor(settlingTime?: number) {
    this.#settlingTime = settlingTime;
  }

  /** Why the result must not be kept; `undefined` if it may be. */
  get unrepeatable(): string | undefined {
    return this.#unrepeatable;
  }

  /** The places on disk of what was written to a store, or was found there. */
  get stored(): Iterable<string> {
    return this.#required;
  }

  /** Something was used that cannot be checked later. */
  giveUp(reason: string): void {
    if (this.#unrepeatable !== undefined) return;
    this.#unrepeatable = reason;
    this.#remarks.push({ kind: "unrepeatable", reason });
  }

  /** The kind of what is at a path; `mode` is `undefined` if there is nothing. */
  kind(path: string, kind: Kind): void {
    const record = this.#recordOf(path);
    if (record.kind !== Kind.Unasked && record.kind !== kind) this.#changed(path);
    record.kind = kind;
  }

  /** Whether the owner may execute a file. */
  executable(path: string, executable: boolean): void {
    const record = this.#recordOf(path);
    if (record.executable !== undefined && record.executable !== executable) this.#changed(path);
    record.executable = executable;
  }

  /** The contents of a file and its status, taken before reading from the same open file. */
  contents(path: string, contents: Buffer, stats: BigIntStats): void {
    this.#see(path, contentOf(contents, true), stats);
  }

  /**
   * The entries of a directory and its status, taken before they were read. Only those entries matter that the
   * result is asked for, unless it is listed.
   */
  listing(
    path: string,
    entries: readonly DirectoryEntry[],
    stats: BigIntStats | undefined,
  ): OpenNames {
    let names = this.#names.get(path);
    if (names === undefined) {
      names = OpenNames.ofDirectory(this.#asked);
      this.#names.set(path, names);
    }
    this.#see(path, new Listing(entries, names), stats);
    return names;
  }

  /** Something is about to be fetched. */
  fetching(): void {}

  link(path: string, target: string): void {
    this.#links.set(path, target);
  }

  failure(request: FailedRequest[0], path: string, code: string): void {
    // That nothing is there is recorded already, and checked more quickly.
    const isMissing = code === "ENOENT" || code === "ENOTDIR";
    if (isMissing && this.#paths.get(path)?.kind === Kind.Missing) return;
    this.#failures.set(`${request} ${path}`, [request, path, code]);
  }

  /** Asks whether the process has a right to a file, or to a program on a `PATH`. */
  right(right: AccessRight, path: string, environment: Environment): boolean {
    // The answer is recorded, and not the variable.
    const given = hasRight(right, path, this.unobserved(environment));
    this.#rights.set(`${right} ${path}`, [right, path, given]);
    return given;
  }

  /** A directory was found to belong to the user. */
  owned(path: string): void {
    this.#owned.add(path);
  }

  /** A variable of the environment, as text. */
  variable(name: string, value: string | undefined): void {
    // Node decodes different bytes to the same text; see exact-bytes.ts.
    if (value?.includes("\ufffd") === true) this.giveUp(`'${name}' is not UTF-8`);
    this.#environment.set(name, value ?? null);
  }

  terminal(descriptor: number, isTerminal: boolean): void {
    this.#terminals.set(descriptor, isTerminal);
  }

  /** The current time was used. */
  time(seconds: number): void {
    this.#remarks.push({ kind: "time", seconds });
    this.giveUp("the current time was used");
  }

  /**
   * A store was asked for a path; `place` is where its files are on disk. Returns whether something is there.
   */
  storePath(path: string, place: string, valid: boolean): boolean {
    this.#remarks.push({ kind: "store-path", path: textOfBytes(path), valid });
    if (!valid) return this.#kindOnDisk(place) !== Kind.Missing;
    this.#required.add(place);
    return true;
  }

  /** A path was written to a store, or was there already; `place` is where it is on disk. */
  output(path: string, place: string): void {
    this.#remarks.push({ kind: "output", path: textOfBytes(path) });
    this.#required.add(place);
  }

  setting(name: string, value: unknown): void {
    this.#remarks.push({ kind: "setting", name, value });
  }

  log(text: string): void {
    this.message();
    this.#remarks.push({ kind: "log", text: textOfBytes(text) });
  }

  /** The evaluation prints something: the order of what it does can be seen. */
  message(): void {
    this.#asked.messages++;
  }

  /** An environment that records what is read from it. Listing it makes the run unrepeatable. */
  observeEnvironment(environment: Environment): Environment {
    const observed = new Proxy(environment, {
      get: (target, name) => {
        if (typeof name === "symbol") return undefined;
        const given: unknown = target[name];
        const value = typeof given === "string" ? given : undefined;
        this.variable(name, value);
        return value;
      },
      has: (target, name) => {
        if (typeof name === "symbol") return false;
        this.variable(name, target[name]);
        return target[name] !== undefined;
      },
      ownKeys: (target) => {
        this.giveUp("the whole environment was used");
        return Reflect.ownKeys(target);
      },
    });
    this.#observed.set(observed, environment);
    return observed;
  }

  /** The environment behind one that {@link observeEnvironment} returned; otherwise the same one. */
  unobserved(environment: Environment): Environment {
    return this.#observed.get(environment) ?? environment;
  }

  /**
   * Adds what an earlier evaluation looked at, because some of its values are used. All of it must hold
   * (see `checkInputs`).
   */
  adopt(inputs: RecordedInputs): void {
    const put = (path: string, seen: Seen): void => this.#put(path, seen);
    const right = (answer: OtherInputs["rights"][number]): void => {
      this.#rights.set(`${answer[0]} ${answer[1]}`, answer);
    };
    adoptInputs(inputs, this, this.#trust, put, right);
  }

  /** Forgets what was found out about paths, which are byte strings; they have changed. */
  forget(paths: Iterable<string>): void {
    for (const path of paths) {
      this.#paths.delete(path);
      this.#links.delete(path);
      for (const records of [this.#failures, this.#rights] as readonly Map<string, unknown>[]) {
        for (const key of records.keys()) if (key.endsWith(` ${path}`)) records.delete(key);
      }
    }
  }

  /** All inputs so far, in the order of the first look for each kind. */
  list(): readonly Input[] {
    return [...shownInputs(this.#state()), ...this.#remarks];
  }

  /** Returns the inputs for a later check, or `undefined` if the run is unrepeatable. */
  finish(listings: "whole" | "open" = "open"): RecordedInputs | undefined {
    for (const place of this.#required) {
      if (this.#kindOnDisk(place) !== Kind.Missing) continue;
      this.giveUp(`'${place}' is not on this machine`);
      break;
    }
    return this.#unrepeatable === undefined ? this.snapshot(listings) : undefined;
  }

  /**
   * Returns the inputs so far that can be checked later, even if there are others; for programs that
   * wait for a change. Whole listings are for those that use values of the evaluation in another one, which may
   * ask for other names.
   */
  snapshot(listings: "whole" | "open" = "open"): RecordedInputs {
    return snapshotOf(this.#state(), listings);
  }

  #state(): RecordedState {
    return {
      paths: this.#paths,
      asked: this.#asked.names,
      links: this.#links,
      failures: this.#failures,
      rights: this.#rights,
      owned: this.#owned,
      environment: this.#environment,
      terminals: this.#terminals,
      samples: this.#trust.samples,
    };
  }

  #recordOf(path: string): PathRecord {
    let record = this.#paths.get(path);
    if (record === undefined) {
      if (path.includes("\0")) this.giveUp("a path contains NUL");
      record = { kind: Kind.Unasked, executable: undefined, seen: undefined };
      this.#paths.set(path, record);
    }
    return record;
  }

  #see(path: string, content: Content | Listing, stats: BigIntStats | undefined): void {
    let stamp: Int32Array | undefined;
    if (stats !== undefined) {
      const words = new Int32Array(STAMP_WORDS);
      writeStamp(stats, words);
      const isSafe =
        isSettled(words, 0, Date.now(), this.#settlingTime) &&
        this.#trust.of(stats.dev, toNodePath(path));
      if (isSafe) stamp = words;
    }
    this.#put(path, { content, stamp });
  }

  #put(path: string, seen: Seen): void {
    const record = this.#recordOf(path);
    const known = record.seen;
    if (known !== undefined && !isSameContent(known, seen)) this.#changed(path);
    record.seen = known?.stamp === undefined ? seen : known;
    // Whoever has listed the one has listed the other.
    if (known !== undefined && isWhole(known)) makeWhole(record.seen);
    if (isWhole(seen)) makeWhole(record.seen);
  }

  #kindOnDisk(place: string): Kind {
    const stats = lstatSync(toNodePath(place), { throwIfNoEntry: false });
    const kind =
      stats === undefined
        ? Kind.Missing
        : stats.isFile()
          ? Kind.Regular
          : stats.isDirectory()
            ? Kind.Directory
            : stats.isSymbolicLink()
              ? Kind.Symlink
              : Kind.Other;
    this.kind(place, kind);
    return kind;
  }

  #changed(path: string): void {
    this.giveUp(`'${textOfBytes(path)}' changed during the evaluation`);
  }
}

function isSameContent(first: Seen, second: Seen): boolean {
  const [a, b] = [wholeContent(first), wholeContent(second)];
  return a.isFile === b.isFile && a.text === b.text && Buffer.compare(a.digest, b.digest) === 0;
}
