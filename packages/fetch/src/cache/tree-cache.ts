/**
 * TreeCache: trees that were unpacked from archives, each as a NAR with an index, under the hash of the
 * NAR. One file instead of thousands, found by its contents, whatever the names in it are; and the NAR
 * is what a store wants.
 *
 *     trees/HASH.nar      the NAR
 *     trees/HASH.index    its nodes in the order of the NAR; written last, so that it means "complete"
 */
import {
  bytesToByteString,
  decodeBase64,
  encodeBase64,
  encodeNixBase32,
  type HashFunctions,
  InputError,
  marked,
  type NarSource,
  writeNar,
} from "@nivis/formats";
import type { Spool, UnpackedArchive } from "../archive/unpack.ts";
import type { Disk, OpenFile } from "../host.ts";
import { type MemoryDirectory, type MemoryNode, MemoryTree } from "../tree/memory-tree.ts";
import { hashTree, type SourceTree } from "../tree/source-tree.ts";

/** A tree and the hash of its NAR, as `sha256-…`. */
export interface CachedTree {
  readonly tree: SourceTree;
  readonly narHash: string;
}

/** See the head of this file. */
export interface TreeCache {
  /** The tree with a hash; `undefined` if it is not there (any more). */
  get(narHash: string): SourceTree | undefined;
  /** Keeps what `unpack` puts into the spool that it is given. */
  add(
    unpack: (spool: Spool) => Promise<UnpackedArchive>,
  ): Promise<CachedTree & { readonly lastModified: number }>;
}

/** The text of a hash of a NAR. */
export function formatNarHash(digest: Uint8Array): string {
  return `sha256-${encodeBase64(digest)}`;
}

/** Pieces of bytes in memory. */
export class MemorySpool implements Spool {
  readonly #pieces: Uint8Array[] = [];
  readonly #starts: number[] = [];
  #size = 0;

  write(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece.slice());
    this.#starts.push(this.#size);
    this.#size += piece.length;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    for (let filled = 0; filled < length; low++) {
      const piece = this.#pieces[low] as Uint8Array;
      const from = offset + filled - (this.#starts[low] as number);
      const taken = piece.subarray(from, from + length - filled);
      bytes.set(taken, filled);
      filled += taken.length;
    }
    return bytes;
  }
}

/** Trees that end with the process. */
export class MemoryTreeCache implements TreeCache {
  readonly #trees = new Map<string, SourceTree>();
  readonly #hashes: HashFunctions;

  constructor(hashes: HashFunctions) {
    this.#hashes = hashes;
  }

  get(narHash: string): SourceTree | undefined {
    return this.#trees.get(narHash);
  }

  async add(unpack: (spool: Spool) => Promise<UnpackedArchive>) {
    const { root, lastModified } = await unpack(new MemorySpool());
    const tree = new MemoryTree(root, "");
    const narHash = formatNarHash(hashTree(tree, this.#hashes));
    this.#trees.set(narHash, tree);
    return { tree, narHash, lastModified };
  }
}

/** Contents up to this size are given to the NAR as byte strings, in one piece with what is around. */
const LARGE = 1 << 16;

/** Trees in a directory. */
export class DiskTreeCache implements TreeCache {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #hashes: HashFunctions;
  readonly #open = new Map<string, SourceTree>();

  constructor(disk: Disk, directory: string, hashes: HashFunctions) {
    this.#disk = disk;
    this.#directory = directory;
    this.#hashes = hashes;
  }

  #path(narHash: string, ending: string): string {
    const name = encodeNixBase32(decodeBase64(narHash.slice("sha256-".length)));
    return `${this.#directory}/${name}.${ending}`;
  }

  get(narHash: string): SourceTree | undefined {
    const open = this.#open.get(narHash);
    if (open !== undefined) return open;
    const index = this.#path(narHash, "index");
    const nar = this.#path(narHash, "nar");
    if (this.#disk.stat(index) === undefined || this.#disk.stat(nar) === undefined) {
      return undefined;
    }
    const text = bytesToByteString(this.#disk.readFile(index));
    const root = readIndex(text, new NarContents(this.#disk, nar));
    if (root === undefined) return undefined;
    const recipe = { kind: "cached", directory: this.#directory, narHash } as const;
    const tree = new MemoryTree(root, "", recipe);
    this.#open.set(narHash, tree);
    return tree;
  }

  async add(unpack: (spool: Spool) => Promise<UnpackedArchive>) {
    this.#disk.makeDirectory(this.#directory);
    const spool = this.#disk.newFile(this.#directory);
    const nar = this.#disk.newFile(this.#directory);
    const index = this.#disk.newFile(this.#directory);
    try {
      const { root, lastModified } = await unpack(spool);
      const hash = this.#hashes.create("sha256");
      writeNar(narSource, root, (chunk) => {
        hash.update(chunk);
        nar.write(chunk);
      });
      const narHash = formatNarHash(hash.digest());
      index.write(formatIndex(root));
      nar.moveTo(this.#path(narHash, "nar"));
      index.moveTo(this.#path(narHash, "index"));
      const tree = this.get(narHash);
      if (tree === undefined)
        throw new InputError(marked`the tree '${narHash}' is gone from the cache`);
      return { tree, narHash, lastModified };
    } finally {
      for (const file of [spool, nar, index]) file.discard();
    }
  }
}

const narSource: NarSource<MemoryNode> = {
  stat: (node) => ({
    type: node.type,
    executable: node.type === "regular" && node.isExecutable,
  }),
  readFile: (node) => {
    if (node.type !== "regular") return "";
    const bytes = node.read();
    return bytes.length < LARGE ? bytesToByteString(bytes) : bytes;
  },
  readDirectory: (node) => (node.type === "directory" ? node.entries.keys() : []),
  child: (node, name) =>
    node.type === "directory" ? (node.entries.get(name) as MemoryNode) : node,
  readLink: (node) => (node.type === "symlink" ? node.target : ""),
  describe: (node) => node.type,
};

/** The contents of files in a NAR; the file is opened with the first one that is read. */
class NarContents {
  readonly #disk: Disk;
  readonly #path: string;
  #file: OpenFile | undefined;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  read(offset: number, size: number): Uint8Array {
    this.#file ??= this.#disk.open(this.#path);
    const bytes = this.#file.read(offset, size);
    if (bytes.length === size) return bytes;
    throw new InputError(marked`the file '${this.#path}' in the cache is damaged; delete it`);
  }
}

// An index is a list of nodes, each ended by a zero, in the order of the NAR:
//     dNAME          a directory; its entries follow, ended by an empty node
//     fSIZE NAME     a file, xSIZE NAME an executable one
//     lNAME/TARGET   a symlink
// Offsets are not written: they follow from the format of NARs.

function formatIndex(root: MemoryDirectory): string {
  const pieces: string[] = [];
  const add = (name: string, node: MemoryNode): void => {
    switch (node.type) {
      case "regular":
        pieces.push(`${node.isExecutable ? "x" : "f"}${node.size} ${name}\0`);
        break;
      case "symlink":
        pieces.push(`l${name}/${node.target}\0`);
        break;
      case "directory":
        pieces.push(`d${name}\0`);
        for (const inner of sortedNames(node)) add(inner, node.entries.get(inner) as MemoryNode);
        pieces.push("\0");
    }
  };
  add("", root);
  return pieces.join("");
}

function sortedNames({ entries }: MemoryDirectory): readonly string[] {
  return [...entries.keys()].sort((a, b) => (a < b ? -1 : 1));
}

/** The length of a word in a NAR: its size, its bytes, and zeros up to a multiple of eight. */
function wordLength(size: number): number {
  return 8 + Math.ceil(size / 8) * 8;
}

function wordsLength(words: readonly string[]): number {
  return words.reduce((length, word) => length + wordLength(word.length), 0);
}

const MAGIC_LENGTH = wordsLength(["nix-archive-1"]);
const FILE_LENGTH = wordsLength(["(", "type", "regular", "contents"]);
const EXECUTABLE_LENGTH = wordsLength(["(", "type", "regular", "executable", "", "contents"]);
const LINK_LENGTH = wordsLength(["(", "type", "symlink", "target"]);
const DIRECTORY_LENGTH = wordsLength(["(", "type", "directory"]);
const ENTRY_LENGTH = wordsLength(["entry", "(", "name"]);
const NODE_LENGTH = wordsLength(["node"]);
const END_LENGTH = wordsLength([")"]);

/** Reads an index; `undefined` if it is damaged. */
function readIndex(text: string, contents: NarContents): MemoryDirectory | undefined {
  const nodes = text.split("\0");
  const open: MemoryDirectory[] = [];
  let root: MemoryDirectory | undefined;
  let at = MAGIC_LENGTH;
  for (const node of nodes.slice(0, -1)) {
    if (root !== undefined && open.length === 0) return undefined;
    if (node === "") {
      open.pop();
      at += END_LENGTH;
      if (open.length > 0) at += END_LENGTH;
      continue;
    }
    const blank = node.indexOf(node[0] === "l" ? "/" : " ");
    const isFile = node[0] === "f" || node[0] === "x";
    const name = isFile
      ? node.slice(blank + 1)
      : node[0] === "l"
        ? node.slice(1, blank)
        : node.slice(1);
    const around = open.at(-1);
    if (around !== undefined) at += ENTRY_LENGTH + wordLength(name.length) + NODE_LENGTH;
    let made: MemoryNode;
    if (node[0] === "d") {
      made = { type: "directory", entries: new Map() };
      at += DIRECTORY_LENGTH;
      open.push(made);
      root ??= made;
    } else if (node[0] === "l") {
      const target = node.slice(blank + 1);
      made = { type: "symlink", target };
      at += LINK_LENGTH + wordLength(target.length) + END_LENGTH;
    } else if (isFile) {
      const isExecutable = node[0] === "x";
      const size = Number(node.slice(1, blank));
      at += (isExecutable ? EXECUTABLE_LENGTH : FILE_LENGTH) + 8;
      const offset = at;
      made = { type: "regular", isExecutable, size, read: () => contents.read(offset, size) };
      at += Math.ceil(size / 8) * 8 + END_LENGTH;
    } else {
      return undefined;
    }
    if (around === undefined) continue;
    if (made.type !== "directory") at += END_LENGTH;
    around.entries.set(name, made);
  }
  return open.length === 0 ? root : undefined;
}
