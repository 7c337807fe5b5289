/**
 * Input check: whether what an evaluation looked at is still as it was.
 *
 * Every recorded question is asked again. Only for the contents of files and directories is there a
 * short cut: if the stamp of a file is the recorded one, its contents are, too. If not, the contents
 * decide; when they are the same, the inputs get the new stamp (*renewed*).
 *
 * This runs at the start of commands, before anything else is loaded, and therefore imports nothing
 * but files; `node:crypto` is loaded for the first file that has to be hashed.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats, statSync } from "node:fs";
import { toNodePath } from "../byte-path.ts";
import { isTerminal } from "../terminal-check.ts";
import { hasRight } from "./access-right.ts";
import { letterOf, meaningOfLetter } from "./entry-meanings.ts";
import {
  isExecutableMode,
  isSettled,
  isTrustedFileSystem,
  Kind,
  kindOfMode,
  STAMP_WORDS,
  writeStamp,
} from "./file-status.ts";
import {
  DIGEST_LENGTH,
  type EntryType,
  type FailedRequest,
  listingText,
  type OpenInputs,
  type OtherInputs,
  Question,
  type RecordedInputs,
} from "./recorded-inputs.ts";
import { StatusReader } from "./status-reader.ts";

/** The input of {@link checkInputs}. */
export interface CheckRequest {
  readonly inputs: RecordedInputs;
  /** The environment. Defaults to that of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** See {@link isSettled}; for tests. */
  readonly settlingTime?: number;
  /** Whether files may be looked at by the function below `lstatSync`; for tests. */
  readonly isQuick?: boolean;
}

/** The result of {@link checkInputs}. */
export interface CheckResult {
  /** Whether all inputs are as recorded. */
  readonly holds: boolean;
  /** The first input that is not, for people: a path or the name of a variable. */
  readonly changed?: string;
  /** The same inputs with newer stamps, if all hold and the status of some files changed. */
  readonly renewed?: RecordedInputs;
}

/** Compares recorded inputs with the machine. */
export function checkInputs(request: CheckRequest): CheckResult {
  const { inputs, environment = process.env } = request;
  const changed = changedOther(inputs.others, environment);
  if (changed !== undefined) return { holds: false, changed };
  return new PathCheck(request).run();
}

/**
 * Returns the paths, as byte strings, about which something has changed; `undefined` if something else
 * has: a variable, a link, a failure.
 */
export function listChanges(request: CheckRequest): readonly string[] | undefined {
  const { inputs, environment = process.env } = request;
  if (changedOther(inputs.others, environment) !== undefined) return undefined;
  return new PathCheck(request).changes();
}

class PathCheck {
  readonly #inputs: RecordedInputs;
  readonly #status: StatusReader;
  /** Whether the file systems are still such that stamps can be trusted. */
  readonly #areStampsGood: boolean;
  readonly #settlingTime: number | undefined;
  #renewed: Int32Array | undefined;
  #open: OpenInputs | undefined;
  #asked: ReadonlySet<string> | undefined;

  constructor({ inputs, settlingTime, isQuick }: CheckRequest) {
    this.#inputs = inputs;
    this.#status = new StatusReader(isQuick);
    this.#settlingTime = settlingTime;
    this.#areStampsGood = inputs.others.devices.every((path) =>
      isTrustedFileSystem(toNodePath(path)),
    );
  }

  run(): CheckResult {
    const { questions, paths } = this.#inputs;
    let row = 0;
    for (let i = 0; i < questions.length; i++) {
      if (!this.#holds(i, row)) return { holds: false, changed: paths[i] as string };
      if (wasRead(questions[i] as number)) row++;
    }
    return this.#renewed === undefined
      ? { holds: true }
      : { holds: true, renewed: { ...this.#inputs, stamps: this.#renewed } };
  }

  /** The paths about which something has changed. */
  changes(): string[] {
    const { questions, paths } = this.#inputs;
    const changed: string[] = [];
    let row = 0;
    for (let i = 0; i < questions.length; i++) {
      if (!this.#holds(i, row)) changed.push(paths[i] as string);
      if (wasRead(questions[i] as number)) row++;
    }
    return changed;
  }

  /** Whether the answers about the path at `index` are as recorded; `row` is that of its stamp. */
  #holds(index: number, row: number): boolean {
    const { paths, questions, stamps } = this.#inputs;
    const status = this.#status;
    const question = questions[index] as number;
    const path = this.#placeOf(paths[index] as string);
    const follows = (question & Question.Follow) !== 0;
    let mode = 0;
    if (!follows || (question & ~Question.Follow & ~Question.Contents & ~Question.Listing) !== 0) {
      mode = status.look(path, false);
      if (!isExpected(question, mode)) return false;
    }
    if (!wasRead(question)) return true;
    if (follows) mode = status.look(path, true);
    if (mode <= 0) return false;
    const at = row * STAMP_WORDS;
    return (
      (this.#areStampsGood && status.isStamp(stamps, at)) || this.#looksAgain(index, row, follows)
    );
  }

  #placeOf(path: string): string | Buffer {
    return this.#inputs.arePathsAscii ? path : toNodePath(path);
  }

  /** Compares contents and renews the stamp; returns whether the contents are the same. */
  #looksAgain(index: number, row: number, follows: boolean): boolean {
    const { paths, questions, texts, digests, stamps } = this.#inputs;
    const path = toNodePath(paths[index] as string);
    const now = Date.now();
    try {
      // The stamp is taken first: contents that change afterwards get another one.
      const stats = (follows ? statSync : lstatSync)(path, { bigint: true });
      const question = questions[index] as number;
      const isFile = (question & Question.Contents) !== 0;
      if (isFile ? !stats.isFile() : !stats.isDirectory()) return false;
      if ((question & Question.Union) !== 0) {
        const found = this.#compareUnion(paths[index] as string, row);
        // The stamp stays as it is: what was added must be looked at each time.
        if (found !== "same") return found === "more";
      } else {
        const isOpen = (question & Question.Open) !== 0;
        const contents = isFile ? readFileSync(path) : this.#listing(path, isOpen);
        const text = isOpen ? (this.#openInputs().listings[row] ?? "") : texts[row];
        const digest = digests.subarray(row * DIGEST_LENGTH, (row + 1) * DIGEST_LENGTH);
        const isSame =
          text === undefined
            ? Buffer.compare(sha256(contents), digest) === 0
            : asBytes(contents) === text;
        if (!isSame) return false;
      }
      // Otherwise the earlier stamp stays, which the file cannot get again, and the next check compares contents.
      const stamp = new Int32Array(STAMP_WORDS);
      writeStamp(stats, stamp);
      if (isSettled(stamp, 0, now, this.#settlingTime) && isTrustedFileSystem(path)) {
        this.#renewed ??= stamps.slice();
        this.#renewed.set(stamp, row * STAMP_WORDS);
      }
      return true;
    } catch {
      return false;
    }
  }

  /** The entries of a directory as a text; with `isOpen`, only those with names that were asked for. */
  #listing(path: string | Buffer, isOpen: boolean): string {
    let entries = entriesOf(path);
    if (isOpen) {
      const asked = this.#askedNames();
      entries = entries.filter(({ name }) => asked.has(name));
    }
    return listingText(entries, isOpen ? "/" : undefined);
  }

  /**
   * Compares a directory of whose entries sets were made and united: whether entries were only added to it that
   * mean nothing, or that are directories in which nothing is that was asked for. Throws if one cannot be listed.
   */
  #compareUnion(path: string, row: number): "same" | "more" | "different" {
    const { listings, unions } = this.#openInputs();
    const asked = this.#askedNames();
    const recorded = new Map<string, string>();
    const words = (listings[row] ?? "").split("/");
    for (let i = 0; i + 1 < words.length; i += 2)
      recorded.set(words[i] as string, words[i + 1] as string);
    let missing = recorded.size;
    let isMore = false;
    for (const { name, type } of entriesOf(toNodePath(path))) {
      const letter = letterOf(type);
      const known = recorded.get(name);
      if (known !== undefined) {
        if (known !== letter) return "different";
        missing--;
        continue;
      }
      isMore = true;
      if (asked.has(name)) return "different";
      const meaning = meaningOfLetter(unions[row] as string, letter);
      if (meaning === MEANS_NOTHING) continue;
      if (meaning !== MEANS_LISTING) return "different";
      const inner = readdirSync(toNodePath(`${path}/${name}`), "latin1");
      if (inner.some((entry) => asked.has(entry))) return "different";
    }
    if (missing > 0) return "different";
    return isMore ? "more" : "same";
  }

  #askedNames(): ReadonlySet<string> {
    this.#asked ??= new Set(this.#openInputs().asked);
    return this.#asked;
  }

  #openInputs(): OpenInputs {
    this.#open ??= this.#inputs.open();
    return this.#open;
  }
}

/** The numbers of `EntryMeaning`; nothing of the evaluator is loaded here. */
const MEANS_NOTHING = 0;
const MEANS_LISTING = 1;

/** The entries of a directory with their types. */
function entriesOf(path: string | Buffer): { readonly name: string; readonly type: EntryType }[] {
  return readdirSync(path, { withFileTypes: true, encoding: "latin1" }).map((entry) => ({
    name: entry.name,
    type: entry.isFile()
      ? "regular"
      : entry.isDirectory()
        ? "directory"
        : entry.isSymbolicLink()
          ? "symlink"
          : "unknown",
  }));
}

/** Whether a file was read or a directory listed, so that there is a stamp. */
function wasRead(question: number): boolean {
  return (question & (Question.Contents | Question.Listing)) !== 0;
}

/** Whether a mode gives the recorded answers; it is 0 for a missing file and -1 for a failure. */
function isExpected(question: number, mode: number): boolean {
  if (mode < 0) return false;
  const expected: Kind = question & Question.Kind;
  if (expected !== Kind.Unasked && expected !== (mode === 0 ? Kind.Missing : kindOfMode(mode))) {
    return false;
  }
  if ((question & Question.Executable) === 0) return true;
  return isExecutableMode(mode) === ((question & Question.IsExecutable) !== 0);
}

function asBytes(contents: Buffer | string): string {
  return typeof contents === "string" ? contents : contents.toString("latin1");
}

function sha256(contents: Buffer | string): Buffer {
  const bytes = typeof contents === "string" ? Buffer.from(contents, "latin1") : contents;
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(bytes).digest();
}

/** Returns the name of a rare input that differs. */
function changedOther(
  others: OtherInputs,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  for (const [name, value] of others.environment) {
    const present: unknown = environment[name];
    if ((typeof present === "string" ? present : null) !== value) return name;
  }
  for (const [descriptor, wasTerminal] of others.terminals) {
    if (isTerminal(descriptor) !== wasTerminal) return `descriptor ${descriptor}`;
  }
  for (const path of others.owned) if (!isOwn(path)) return path;
  for (const [right, path, given] of others.rights)
    if (hasRight(right, path, environment) !== given) return path;
  for (const [path, target] of others.links) if (linkTarget(path) !== target) return path;
  for (const failure of others.failures) {
    if (failureCode(failure) !== failure[2]) return failure[1];
  }
  return undefined;
}

function isOwn(path: string): boolean {
  try {
    return statSync(toNodePath(path)).uid === process.geteuid?.();
  } catch {
    return false;
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(toNodePath(path), "latin1");
  } catch {
    return undefined;
  }
}

/** Whether reading a path comes to an end. Throws if nothing is there. */
function isPlain(location: string | Buffer): boolean {
  const stats = statSync(location);
  return stats.isFile() || stats.isDirectory();
}

/** Makes a request again that failed; returns the code of its error, or `undefined`. */
function failureCode([request, path]: FailedRequest): string | undefined {
  const location = toNodePath(path);
  const actions: Readonly<Record<FailedRequest[0], () => Stats | unknown>> = {
    read: () => readFileSync(location),
    list: () => readdirSync(location),
    link: () => readlinkSync(location),
    status: () => lstatSync(location),
    follow: () => statSync(location),
  };
  try {
    // A pipe has no end.
    if (request === "read" && !isPlain(location)) return undefined;
    actions[request]();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
