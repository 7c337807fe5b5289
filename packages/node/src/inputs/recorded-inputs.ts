/**
 * Recorded inputs: what an evaluation looked at, in a form that the start of a command reads without
 * making an object for each file.
 *
 * Most rows are about paths on disk: which kind of file is there, whether it is executable, and, for
 * files that were read and directories that were listed, a stamp and the contents or their hash.
 * Everything else (variables, links, failures) is rare and kept as JSON. `input-recorder.ts` makes
 * this, `input-check.ts` compares it with the machine.
 *
 *     u32 × 7     lengths in bytes of the sections below; of the first, the number of paths
 *     questions   u16 for each path, padded to 4
 *     stamps      STAMP_WORDS × i32 for each path that was read or listed
 *     digests     32 bytes for each of these
 *     paths       separated by NUL
 *     texts       contents that are kept instead of hashed, as JSON
 *     open        the open listings and the names that were asked for, as JSON
 *     others      as JSON
 */
import { STAMP_WORDS } from "./file-status.ts";

/** The bits of a question: what was asked about a path, and the answer. */
export const enum Question {
  /** The {@link Kind} of what is there, without following a symlink. */
  Kind = 0b111,
  /** Whether its executable bit was asked for. */
  Executable = 0b1000,
  /** Whether that bit was set. */
  IsExecutable = 0b1_0000,
  /** Whether the file was read. */
  Contents = 0b10_0000,
  /** Whether the directory was listed. */
  Listing = 0b100_0000,
  /** Whether the path is a symlink to what was read or listed. */
  Follow = 0b1000_0000,
  /** Whether only some entries of the listing matter: see {@link OpenInputs}. */
  Open = 0b1_0000_0000,
  /** Whether entries may be added to the listing, too: see {@link OpenInputs.unions}. */
  Union = 0b10_0000_0000,
}

/** The length of a digest in bytes. */
export const DIGEST_LENGTH = 32;

/** A failing request: what was requested of which path, and the system's error code. */
export type FailedRequest = readonly [
  request: "read" | "list" | "link" | "status" | "follow",
  path: string,
  code: string,
];

/** A right to use a file; `on-path` is to execute a program that is looked up in `PATH`. */
export type AccessRight = "exists" | "execute" | "read-write" | "on-path";

/** The rare inputs. Paths and values are byte strings, except for variables. */
export interface OtherInputs {
  /** Symlinks and their targets. */
  readonly links: readonly (readonly [path: string, target: string])[];
  readonly failures: readonly FailedRequest[];
  /** Rights that were checked, and whether the process had them. */
  readonly rights: readonly (readonly [right: AccessRight, path: string, given: boolean])[];
  /** Directories that belonged to the user when symlinks were followed. */
  readonly owned: readonly string[];
  /** Environment variables as text; `null` for unset ones. */
  readonly environment: readonly (readonly [name: string, value: string | null])[];
  /** Streams by descriptor, and whether they were terminals. */
  readonly terminals: readonly (readonly [descriptor: number, isTerminal: boolean])[];
  /** A path on each device whose stamps can be trusted. */
  readonly devices: readonly string[];
}

/**
 * What matters of directories whose names the program did not list: the entries that it asked for, and that
 * there are no others of the names that it asked for. Byte strings.
 */
export interface OpenInputs {
  /** The names that were asked for, in any directory. */
  readonly asked: readonly string[];
  /**
   * By the index of a digest: the entries with these names, or all entries for a union, as {@link listingText} writes
   * them with "/".
   */
  readonly listings: Readonly<Record<string, string>>;
  /**
   * By the index of a digest: what an added entry means for a directory of whose entries sets were made and
   * united, as `meaningsText` writes it. All entries that there were must still be there.
   */
  readonly unions: Readonly<Record<string, string>>;
}

/** What an evaluation looked at. Paths are byte strings. */
export interface RecordedInputs {
  readonly paths: readonly string[];
  /** Whether all paths are known to be ASCII on a system whose paths are bytes. */
  readonly arePathsAscii?: boolean;
  /** {@link Question} bits, parallel to `paths`. */
  readonly questions: Uint16Array;
  /** The stamps of what was read or listed, in the order of `paths`; zeros for none. */
  readonly stamps: Int32Array;
  /** The SHA-256 digests of the same. A listing is hashed as {@link listingText} writes it. */
  readonly digests: Uint8Array;
  /** By the index of a digest: contents that are kept instead of hashed. */
  readonly texts: Readonly<Record<string, string>>;
  /** Decoded when it is needed: most checks compare stamps only. */
  readonly open: () => OpenInputs;
  readonly others: OtherInputs;
}

const HEAD_WORDS = 7;
const WORD = 4;
/** A letter for each kind of entry of a directory, in `listingText`. */
export const KIND_LETTERS = { regular: "r", directory: "d", symlink: "s", unknown: "u" } as const;

/** The type of an entry of a directory. */
export type EntryType = keyof typeof KIND_LETTERS;

/** What an added entry means, by its type. */
export type Meanings = Readonly<Record<EntryType, number>>;

/**
 * Returns the entries of a directory as a text that is the same for the same entries. JSON writes a slash as it
 * is, unlike NUL.
 */
export function listingText(
  entries: readonly { readonly name: string; readonly type: EntryType }[],
  separator: "\0" | "/" = "\0",
): string {
  return entries
    .map(({ name, type }) => `${name}${separator}${KIND_LETTERS[type]}`)
    .sort()
    .join(separator);
}

/** Returns recorded inputs as bytes. */
export function encodeInputs(inputs: RecordedInputs): Uint8Array {
  const { questions, stamps, digests } = inputs;
  const sections = [
    padded(new Uint8Array(questions.buffer, questions.byteOffset, questions.byteLength)),
    Buffer.from(stamps.buffer, stamps.byteOffset, stamps.byteLength),
    digests,
    Buffer.from(inputs.paths.join("\0"), "latin1"),
    Buffer.from(JSON.stringify(inputs.texts)),
    Buffer.from(JSON.stringify(inputs.open())),
    Buffer.from(JSON.stringify(inputs.others)),
  ];
  const head = Buffer.alloc(HEAD_WORDS * WORD);
  sections.forEach((section, i) => {
    head.writeUInt32LE(i === 0 ? questions.length : section.length, i * WORD);
  });
  return Buffer.concat([head, ...sections]);
}

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.ceil(bytes.length / WORD) * WORD);
  result.set(bytes);
  return result;
}

/**
 * Returns the recorded inputs in a buffer that starts at a multiple of 4. Throws an error if it does
 * not hold any.
 */
export function decodeInputs(bytes: Buffer): RecordedInputs {
  const lengths = Array.from({ length: HEAD_WORDS }, (_, i) => bytes.readUInt32LE(i * WORD));
  let at = HEAD_WORDS * WORD;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new Error("a section is incomplete");
    const section = bytes.subarray(at, at + length);
    at += length;
    return section;
  };
  const [count, stampBytes, digestBytes, pathBytes, textBytes, openBytes, otherBytes] = lengths as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const questions = take(Math.ceil((2 * count) / WORD) * WORD);
  const stamps = take(stampBytes);
  const digests = take(digestBytes);
  const pathText = take(pathBytes).toString("latin1");
  const paths = count === 0 ? [] : pathText.split("\0");
  const rows = stampBytes / (STAMP_WORDS * WORD);
  const texts = JSON.parse(take(textBytes).toString()) as Record<string, string>;
  const openText = take(openBytes);
  const others = JSON.parse(take(otherBytes).toString()) as OtherInputs;
  if (at !== bytes.length || paths.length !== count || digestBytes !== rows * DIGEST_LENGTH) {
    throw new Error("the sections do not fit together");
  }
  return {
    paths,
    arePathsAscii: process.platform !== "win32" && Buffer.byteLength(pathText) === pathText.length,
    questions: new Uint16Array(questions.buffer, questions.byteOffset, count),
    stamps: new Int32Array(stamps.buffer, stamps.byteOffset, stampBytes / WORD),
    digests,
    texts,
    open: () => JSON.parse(openText.toString()) as OpenInputs,
    others,
  };
}
