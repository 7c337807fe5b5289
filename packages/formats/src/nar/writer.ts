/**
 * Writing NARs: a file system object as one stream of bytes that depends on nothing but names,
 * contents, link targets and the executable bit.
 *
 *     nix-archive-1 ( type directory entry ( name a node ( … ) ) … )
 *
 * Every word is a length of eight bytes (little-endian), the bytes, and zeros up to a multiple
 * of eight. The object is given by a `NarSource`: a real disk, or a tree in memory. What a
 * filter leaves out is not in the source; filters may have to run Nix code, so they are the
 * caller's business.
 */
import { sortedBytes } from "../byte-order.ts";
import { FormatError } from "../format-error.ts";
import type { HashAlgorithm, HashFunctions } from "../hash/algorithms.ts";

/** The first word of every NAR. */
export const narMagic = "nix-archive-1";

/** The deepest directory; upstream's bound, which keeps its recursion (and ours) shallow. */
export const NAR_MAX_DEPTH = 64;

/** What a node is. `other` stands for devices, sockets and the like, which NARs cannot hold. */
export type NarFileType = "regular" | "directory" | "symlink" | "other";

/** The facts about one node. */
export interface NarStat {
  readonly type: NarFileType;
  /** Counts for regular files only. */
  readonly executable?: boolean;
}

/** A tree of nodes; `Node` is whatever the source likes, such as a path. */
export interface NarSource<Node> {
  stat(node: Node): NarStat;
  /** The contents of a regular file, as bytes or as a byte string. */
  readFile(node: Node): Uint8Array | string;
  /** The names in a directory, in any order. */
  readDirectory(node: Node): Iterable<string>;
  /** The node called `name` in a directory. */
  child(node: Node, name: string): Node;
  readLink(node: Node): string;
  /** The node as messages call it. */
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

/** Receives the NAR. A chunk is valid during the call only: its bytes are overwritten later. */
export type NarSink = (chunk: Uint8Array) => void;

/** The source of trees in memory. */
export const narTreeSource: NarSource<NarTree> = {
  stat: (node) => ({ type: node.type, executable: node.type === "regular" && node.executable }),
  readFile: (node) => (node.type === "regular" ? node.contents : ""),
  readDirectory: (node) => (node.type === "directory" ? node.entries.keys() : []),
  child: (node, name) => (node.type === "directory" ? (node.entries.get(name) as NarTree) : node),
  readLink: (node) => (node.type === "symlink" ? node.target : ""),
  describe: (node) => node.type,
};

/** The size of the chunks that are collected; contents above it go to the sink as they are. */
const BUFFER_SIZE = 65536;

class NarWriter<Node> {
  readonly #source: NarSource<Node>;
  readonly #sink: NarSink;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #used = 0;
  /** Bytes written so far. */
  size = 0;

  constructor(source: NarSource<Node>, sink: NarSink) {
    this.#source = source;
    this.#sink = sink;
  }

  write(root: Node): void {
    this.#word(narMagic);
    this.#node(root, 0);
    this.#flush();
  }

  #flush(): void {
    if (this.#used > 0) this.#sink(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #length(length: number): void {
    if (this.#used + 8 > BUFFER_SIZE) this.#flush();
    let rest = length;
    for (let i = 0; i < 8; i++) {
      this.#buffer[this.#used + i] = rest & 0xff;
      rest = Math.floor(rest / 256);
    }
    this.#used += 8;
    this.size += 8;
  }

  #word(word: string): void {
    const length = word.length;
    this.#length(length);
    this.size += length;
    let at = 0;
    while (at < length) {
      if (this.#used === BUFFER_SIZE) this.#flush();
      const count = Math.min(length - at, BUFFER_SIZE - this.#used);
      for (let i = 0; i < count; i++) this.#buffer[this.#used + i] = word.charCodeAt(at + i);
      at += count;
      this.#used += count;
    }
    this.#padding(length);
  }

  #bytes(bytes: Uint8Array): void {
    const length = bytes.length;
    this.#length(length);
    this.size += length;
    if (this.#used + length > BUFFER_SIZE) this.#flush();
    if (length > BUFFER_SIZE) {
      this.#sink(bytes);
    } else {
      this.#buffer.set(bytes, this.#used);
      this.#used += length;
    }
    this.#padding(length);
  }

  #padding(length: number): void {
    const count = (8 - (length % 8)) % 8;
    if (this.#used + count > BUFFER_SIZE) this.#flush();
    this.#buffer.fill(0, this.#used, this.#used + count);
    this.#used += count;
    this.size += count;
  }

  #node(node: Node, depth: number): void {
    const source = this.#source;
    if (depth >= NAR_MAX_DEPTH) {
      throw new FormatError(
        "error",
        `path '${source.describe(node)}' exceeds maximum NAR directory depth of ${NAR_MAX_DEPTH}`,
      );
    }
    const { type, executable } = source.stat(node);
    this.#word("(");
    switch (type) {
      case "regular": {
        this.#word("type");
        this.#word("regular");
        if (executable) {
          this.#word("executable");
          this.#word("");
        }
        this.#word("contents");
        const contents = source.readFile(node);
        if (typeof contents === "string") this.#word(contents);
        else this.#bytes(contents);
        break;
      }
      case "directory":
        this.#word("type");
        this.#word("directory");
        for (const name of sortedBytes(source.readDirectory(node))) {
          this.#word("entry");
          this.#word("(");
          this.#word("name");
          this.#word(name);
          this.#word("node");
          this.#node(source.child(node, name), depth + 1);
          this.#word(")");
        }
        break;
      case "symlink":
        this.#word("type");
        this.#word("symlink");
        this.#word("target");
        this.#word(source.readLink(node));
        break;
      case "other":
        throw new FormatError("error", `file '${source.describe(node)}' has an unsupported type`);
    }
    this.#word(")");
  }
}

/** Writes the NAR of `root` to `sink`; returns its size in bytes. */
export function writeNar<Node>(source: NarSource<Node>, root: Node, sink: NarSink): number {
  const writer = new NarWriter(source, sink);
  writer.write(root);
  return writer.size;
}

/** The hash and the size of a NAR that is not kept. */
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
  const hash = hashes.create(algorithm);
  const size = writeNar(source, root, (chunk) => hash.update(chunk));
  return { digest: hash.digest(), size };
}

/** The NAR of `root` in one piece. */
export function narBytes<Node>(source: NarSource<Node>, root: Node): Uint8Array {
  const chunks: Uint8Array[] = [];
  const size = writeNar(source, root, (chunk) => chunks.push(chunk.slice()));
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
