/**
 * Snapshots of what an input recorder has collected, for later checks and for people.
 *
 * The module is loaded when a run has ended, so it exports nothing but functions (`scripts/bundles.mjs`).
 */
import { lstatSync } from "node:fs";
import { encodeBase16 } from "@nivis/formats";
import { bytesOfText, textOfBytes, toNodePath } from "../byte-path.ts";
import { nodeHashes } from "../node-hashes.ts";
import { meaningsText } from "./entry-meanings.ts";
import { Kind, STAMP_WORDS, type StampTrust } from "./file-status.ts";
import type { Input, InputRecorder } from "./input-recorder.ts";
import {
  type Content,
  isWhole,
  Listing,
  type PathRecord,
  type Seen,
  wholeContent,
} from "./path-records.ts";
import {
  type AccessRight,
  DIGEST_LENGTH,
  type FailedRequest,
  listingText,
  type OpenInputs,
  type OtherInputs,
  Question,
  type RecordedInputs,
} from "./recorded-inputs.ts";

/** What an input recorder has collected. Paths are byte strings. */
export interface RecordedState {
  readonly paths: ReadonlyMap<string, PathRecord>;
  /** The names that were looked up in open listings. */
  readonly asked: ReadonlySet<string>;
  readonly links: ReadonlyMap<string, string>;
  readonly failures: ReadonlyMap<string, FailedRequest>;
  readonly rights: ReadonlyMap<string, readonly [AccessRight, string, boolean]>;
  readonly owned: ReadonlySet<string>;
  readonly environment: ReadonlyMap<string, string | null>;
  readonly terminals: ReadonlyMap<number, boolean>;
  /** A path on each device whose stamps can be trusted. */
  readonly samples: readonly (string | Buffer)[];
}

const KIND_NAMES = {
  [Kind.Missing]: "missing",
  [Kind.Regular]: "regular",
  [Kind.Directory]: "directory",
  [Kind.Symlink]: "symlink",
  [Kind.Other]: "unknown",
} as const;

/** Says that all entries of a directory matter. */
const WHOLE: unique symbol = Symbol("whole");

/** Returns the inputs for people and other programs, in the order of the first look for each kind. */
export function shownInputs(state: RecordedState): readonly Input[] {
  const shown: Input[] = [];
  for (const [name, value] of state.environment) shown.push({ kind: "environment", name, value });
  for (const [bytes, { kind, executable, seen }] of state.paths) {
    const path = textOfBytes(bytes);
    if (kind !== Kind.Unasked && kind !== Kind.Failed) {
      shown.push({ kind: "type", path, type: KIND_NAMES[kind] });
    }
    if (executable !== undefined) shown.push({ kind: "executable", path, executable });
    if (seen !== undefined) {
      const content = wholeContent(seen);
      const digest =
        content.text === undefined ? content.digest : nodeHashes.hash("sha256", content.text);
      const sha256 = encodeBase16(digest);
      shown.push({ kind: content.isFile ? "file" : "directory", path, sha256 });
    }
  }
  for (const [path, target] of state.links) {
    shown.push({ kind: "link", path: textOfBytes(path), target: textOfBytes(target) });
  }
  for (const [request, path, code] of state.failures.values()) {
    shown.push({ kind: "failure", request, path: textOfBytes(path), code });
  }
  for (const [right, path, given] of state.rights.values()) {
    shown.push({ kind: "right", right, path: textOfBytes(path), given });
  }
  for (const path of state.owned) shown.push({ kind: "owner", path: textOfBytes(path) });
  for (const [descriptor, isTerminal] of state.terminals) {
    shown.push({ kind: "terminal", descriptor, isTerminal });
  }
  return shown;
}

/** Returns the inputs that can be checked later; see `InputRecorder.snapshot`. */
export function snapshotOf(state: RecordedState, listings: "whole" | "open"): RecordedInputs {
  const paths = [...state.paths.keys()];
  const questions = new Uint16Array(paths.length);
  const rows: Seen[] = [];
  const asked = new Set(state.asked);
  const unions: Record<string, string> = {};
  let i = 0;
  for (const [path, record] of state.paths) {
    const { seen } = record;
    let question = questionOf(path, record);
    if (seen !== undefined) {
      const meanings = listings === "whole" ? WHOLE : meaningsOfEntries(state, path, seen, asked);
      if (meanings !== WHOLE) question |= Question.Open;
      if (typeof meanings === "string") {
        question |= Question.Union;
        unions[rows.length] = meanings;
      }
      rows.push(seen);
    }
    questions[i++] = question;
  }
  const stamps = new Int32Array(rows.length * STAMP_WORDS);
  const digests = new Uint8Array(rows.length * DIGEST_LENGTH);
  const texts: Record<string, string> = {};
  const shown: Record<string, string> = {};
  const open: OpenInputs = { asked: [...asked], listings: shown, unions };
  rows.forEach((seen, row) => {
    const { content, stamp } = seen;
    if (stamp !== undefined) stamps.set(stamp, row * STAMP_WORDS);
    const isUnion = unions[row] !== undefined;
    if (isUnion || (listings === "open" && !isWhole(seen))) {
      const { entries } = content as Listing;
      const matter = isUnion ? entries : entries.filter(({ name }) => asked.has(name));
      if (matter.length > 0) shown[row] = listingText(matter, "/");
      return;
    }
    const { digest, text } = wholeContent(seen);
    digests.set(digest, row * DIGEST_LENGTH);
    if (text !== undefined) texts[row] = text;
  });
  return {
    paths,
    questions,
    stamps,
    digests,
    texts,
    open: () => open,
    others: {
      links: [...state.links],
      failures: [...state.failures.values()],
      rights: [...state.rights.values()],
      owned: [...state.owned],
      environment: [...state.environment],
      terminals: [...state.terminals],
      devices: state.samples.map((path) =>
        typeof path === "string" ? path : path.toString("latin1"),
      ),
    },
  };
}

/**
 * Returns what entries mean that are added to a directory, as `meaningsText` writes it; `undefined` if no sets
 * made of the entries were united, {@link WHOLE} if all entries matter. The union must have names, now as later,
 * so one is added to those that were asked for if it has none of them.
 */
function meaningsOfEntries(
  state: RecordedState,
  path: string,
  seen: Seen,
  asked: Set<string>,
): string | typeof WHOLE | undefined {
  const { content } = seen;
  if (!(content instanceof Listing) || content.isWhole) return WHOLE;
  const meanings = content.names.meaningsOfEntries;
  if (meanings === undefined) return undefined;
  let found: string | undefined;
  let isFound = false;
  for (const { name, type } of content.entries) {
    const inner = state.paths.get(`${path}/${name}`)?.seen?.content;
    if (type !== "directory" || !(inner instanceof Listing) || inner.entries.length === 0) continue;
    // The names of the union were listed.
    if (inner.isWhole) return WHOLE;
    found ??= inner.entries[0]?.name;
    isFound ||= inner.entries.some((entry) => asked.has(entry.name));
  }
  if (found === undefined) return WHOLE;
  if (!isFound) asked.add(found);
  return meaningsText(meanings);
}

function questionOf(path: string, { kind, executable, seen }: PathRecord): number {
  let question: number = kind;
  if (executable !== undefined) {
    question |= Question.Executable | (executable ? Question.IsExecutable : 0);
  }
  if (seen === undefined) return question;
  const { content } = seen;
  const isFile = !(content instanceof Listing) && content.isFile;
  question |= isFile ? Question.Contents : Question.Listing;
  if (kind === Kind.Unasked) seen.isLink ??= isSymlink(path);
  const isLink = kind === Kind.Unasked ? seen.isLink : kind === Kind.Symlink;
  return isLink ? question | Question.Follow : question;
}

function isSymlink(path: string): boolean {
  try {
    return lstatSync(toNodePath(path), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch {
    return false;
  }
}

/** Adds inputs to those of a recorder; see `InputRecorder.adopt`. */
export function adoptInputs(
  inputs: RecordedInputs,
  recorder: InputRecorder,
  trust: StampTrust,
  put: (path: string, seen: Seen) => void,
  right: (answer: OtherInputs["rights"][number]) => void,
): void {
  const { paths, questions, stamps, digests, texts, others } = inputs;
  const hasStamps = others.devices.every((path) => {
    const place = toNodePath(path);
    const stats = lstatSync(place, { bigint: true, throwIfNoEntry: false });
    return stats !== undefined && trust.of(stats.dev, place);
  });
  let row = 0;
  paths.forEach((path, i) => {
    const question = questions[i] as number;
    const kind: Kind = question & Question.Kind;
    if (kind !== Kind.Unasked) recorder.kind(path, kind);
    if ((question & Question.Executable) !== 0) {
      recorder.executable(path, (question & Question.IsExecutable) !== 0);
    }
    if ((question & (Question.Contents | Question.Listing)) === 0) return;
    const stamp = stamps.slice(row * STAMP_WORDS, (row + 1) * STAMP_WORDS);
    const content: Content = {
      text: texts[row],
      digest: digests.subarray(row * DIGEST_LENGTH, (row + 1) * DIGEST_LENGTH),
      isFile: (question & Question.Contents) !== 0,
    };
    row++;
    if ((question & Question.Open) !== 0) recorder.giveUp("a listing is known in part");
    put(path, {
      content,
      stamp: hasStamps && stamp.some((word) => word !== 0) ? stamp : undefined,
      isLink: (question & Question.Follow) !== 0,
    });
  });
  for (const [path, target] of others.links) recorder.link(path, target);
  for (const [request, path, code] of others.failures) recorder.failure(request, path, code);
  for (const answer of others.rights) right(answer);
  for (const path of others.owned) recorder.owned(path);
  for (const [name, value] of others.environment) recorder.variable(name, value ?? undefined);
}

/** Returns inputs as JSON lines, one object a line. */
export function inputLines(inputs: readonly Input[]): string {
  return bytesOfText(inputs.map((input) => `${JSON.stringify(input)}\n`).join(""));
}
