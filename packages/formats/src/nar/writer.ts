/**
 * Writes NARs: a file system object as one stream of bytes that depends only on names,
 * contents, link targets and the executable bit.
 *
 *     nix-archive-1 ( type directory entry ( name a node ( … ) ) … )
 *
 * Every word is its length as eight bytes (little-endian), its bytes, and zeros up to a multiple of
 * eight. The object comes from a `NarSource`: a real disk, or a tree in memory. A source omits what
 * a filter excludes; filters may run Nix code, so they are the caller's responsibility.
 */

import { sortedBytes } from "../byte-order.ts";
import { bytesOf, bytesToByteString } from "../codec/bytes.ts";
import { FormatError } from "../format-error.ts";
import type { HashAlgorithm, HashFunctions, IncrementalHash } from "../hash/algorithms.ts";
import { marked } from "../marked-text.ts";

/** The first word of every NAR. */
export const NAR_MAGIC = "nix-archive-1";

/**
 * The greatest depth of directories; upstream's limit, which keeps its recursion and ours shallow.
 */
export const NAR_MAX_DEPTH = 64;

/** The type of a node. `other` is a device, a socket or the like, which NARs cannot contain. */
export type NarFileType = "regular" | "directory" | "symlink" | "other";

/** The metadata of a node. */
export interface NarStat {
  readonly type: NarFileType;
  /** Only for regular files. */
  readonly executable?: boolean;
}

/** A tree of nodes; the source chooses `Node`, such as a path. */
export interface NarSource<Node> {
  stat(node: Node): NarStat;
  /** The contents of a regular file, as bytes or as a byte string. */
  readFile(node: Node): Uint8Array | string;
  /** The names in a directory, in any order. */
  readDirectory(node: Node): Iterable<string>;
  /** The node called `name` in a directory. */
  child(node: Node, name: string): Node;
  readLink(node: Node): string;
  /** The name of the node in messages. */
  describe(node: Node): string;
}

/** A tree in memory. */
export type NarTree =
  | {
      readonly type: "regular";
      readonly executable: boolean;
      readonly contents: Uint8Array | string;
    }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "directory"; readonly entries: ReadonlyMap<string, NarTree> };

/** Receives a NAR chunk by chunk, as bytes or as byte strings. */
export type NarSink = (chunk: Uint8Array | string) => void;

/** The source for trees in memory. */
export const narTreeSource: NarSource<NarTree> = {
  stat: (node) => ({ type: node.type, executable: node.type === "regular" && node.executable }),
  readFile: (node) => (node.type === "regular" ? node.contents : ""),
  readDirectory: (node) => (node.type === "directory" ? node.entries.keys() : []),
  child: (node, name) => (node.type === "directory" ? (node.entries.get(name) as NarTree) : node),
  readLink: (node) => (node.type === "symlink" ? node.target : ""),
  describe: (node) => node.type,
};

/** The approximate length of chunks; longer contents go to the sink directly. */
const CHUNK_LENGTH = 65536;
/** Contents that are bytes go to the sink directly from this length: converting them costs more. */
const DIRECT_LENGTH = 512;

/** A length as eight bytes. */
function lengthBytes(length: number): string {
  if (length < 0x10000) return `${String.fromCharCode(length & 0xff, length >> 8)}\0\0\0\0\0\0`;
  let text = "";
  for (let i = 0, rest = length; i < 8; i++, rest = Math.floor(rest / 256)) {
    text += String.fromCharCode(rest & 0xff);
  }
  return text;
}

/** Zeros up to a multiple of eight. */
function padding(length: number): string {
  return "\0\0\0\0\0\0\0".slice(0, -length & 7);
}

function wordBytes(word: string): string {
  return lengthBytes(word.length) + word + padding(word.length);
}

function wordsBytes(words: readonly string[]): string {
  return words.map(wordBytes).join("");
}

// The words of the format around names, targets and contents.
const MAGIC = wordBytes(NAR_MAGIC);
const REGULAR = wordsBytes(["(", "type", "regular", "contents"]);
const EXECUTABLE = wordsBytes(["(", "type", "regular", "executable", "", "contents"]);
const DIRECTORY = wordsBytes(["(", "type", "directory"]);
const SYMLINK = wordsBytes(["(", "type", "symlink", "target"]);
const ENTRY = wordsBytes(["entry", "(", "name"]);
const NODE = wordBytes("node");
const END = wordBytes(")");

class NarWriter<Node> {
  readonly #source: NarSource<Node>;
  readonly #sink: NarSink;
  #text = "";
  /** The number of bytes passed to the sink so far. */
  size = 0;

  constructor(source: NarSource<Node>, sink: NarSink) {
    this.#source = source;
    this.#sink = sink;
  }

  write(root: Node): void {
    this.#text = MAGIC;
    this.#node(root, 0);
    this.#give(this.#text);
  }

  #give(chunk: Uint8Array | string): void {
    this.size += chunk.length;
    this.#sink(chunk);
  }

  #contents(contents: Uint8Array | string): void {
    const { length } = contents;
    if (length < (typeof contents === "string" ? CHUNK_LENGTH : DIRECT_LENGTH)) {
      const text = typeof contents === "string" ? contents : bytesToByteString(contents);
      this.#text += lengthBytes(length) + text + padding(length);
      if (this.#text.length < CHUNK_LENGTH) return;
      this.#give(this.#text);
      this.#text = "";
    } else {
      this.#give(this.#text + lengthBytes(length));
      this.#give(contents);
      this.#text = padding(length);
    }
  }

  #node(node: Node, depth: number): void {
    const source = this.#source;
    if (depth >= NAR_MAX_DEPTH) {
      throw new FormatError(
        "error",
        marked`path '${source.describe(node)}' exceeds maximum NAR directory depth of ${NAR_MAX_DEPTH}`,
      );
    }
    const { type, executable } = source.stat(node);
    switch (type) {
      case "regular":
        this.#text += executable ? EXECUTABLE : REGULAR;
        this.#contents(source.readFile(node));
        break;
      case "directory":
        this.#text += DIRECTORY;
        for (const name of sortedBytes(source.readDirectory(node))) {
          this.#text += ENTRY + wordBytes(name) + NODE;
          this.#node(source.child(node, name), depth + 1);
          this.#text += END;
        }
        break;
      case "symlink":
        this.#text += SYMLINK + wordBytes(source.readLink(node));
        break;
      case "other":
        throw new FormatError(
          "error",
          marked`file '${source.describe(node)}' has an unsupported type`,
        );
    }
    this.#text += END;
  }
}

/** Writes the NAR of `root` to `sink`; returns its size in bytes. */
export function writeNar<Node>(source: NarSource<Node>, root: Node, sink: NarSink): number {
  const writer = new NarWriter(source, sink);
  writer.write(root);
  return writer.size;
}

/** The hash and the size of a NAR. */
export interface NarDigest {
  readonly digest: Uint8Array;
  readonly size: number;
}

/** Hashes the NAR of `root` without holding it in memory. */
export function hashNar<Node>(
  source: NarSource<Node>,
  root: Node,
  hashes: HashFunctions,
  algorithm: HashAlgorithm = "sha256",
): NarDigest {
  let hash: IncrementalHash | undefined;
  let last: Uint8Array | string = "";
  const size = writeNar(source, root, (chunk) => {
    if (last !== "") {
      hash ??= hashes.create(algorithm);
      hash.update(last);
    }
    last = chunk;
  });
  // Most trees are a single chunk, which needs no incremental hash.
  if (hash === undefined) return { digest: hashes.hash(algorithm, last), size };
  hash.update(last);
  return { digest: hash.digest(), size };
}

/** The NAR of `root` in one piece. */
export function narBytes<Node>(source: NarSource<Node>, root: Node): Uint8Array {
  const chunks: Uint8Array[] = [];
  const size = writeNar(source, root, (chunk) => chunks.push(bytesOf(chunk)));
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
