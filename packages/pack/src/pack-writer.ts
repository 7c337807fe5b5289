/**
 * Makes a pack of a tree: `packTree`, which `nivis pack` calls.
 *
 * What is read together lies together. A profile is what one evaluation reads, in its order, taken from
 * a file of `--trace-inputs`; each profile becomes an extent with the directories and one with the files
 * that no earlier profile has. The rest follows in the order of paths.
 *
 * Files that an evaluation only hashes (patches, builders) are not part of a profile's files, because
 * the pack has the hashes of their NARs. The tree is held in memory.
 */
import { type EvalIo, IoError, joinPath, type SourceAccessor } from "@nivis/eval";
import {
  bytesOf,
  encodeUtf8,
  FormatError,
  type HashFunctions,
  hashNar,
  type NarDigest,
  type NarSource,
  portableHashes,
  sortedBytes,
} from "@nivis/formats";
import { deflateSync } from "fflate";
import { encodeDirectory, type PackDirectory, type PackEntry } from "./directory-record.ts";
import {
  BLOCK_LENGTH,
  type Block,
  type BlockKind,
  type Extent,
  encodeHeader,
  encodeTable,
  type PackTable,
} from "./layout.ts";

/** What one evaluation reads, in its order. Paths are relative to the tree, and byte strings. */
export interface PackProfile {
  /** A name for people, such as `hello`. */
  readonly name: string;
  /** The directories whose entries are looked at; `/` is the root. */
  readonly directories: readonly string[];
  /** The files whose contents are read. */
  readonly files: readonly string[];
  /** The files of which only the NAR is hashed. */
  readonly hashed: readonly string[];
}

/** The tree and how it is packed. */
export interface PackRequest {
  readonly files: Pick<EvalIo, keyof SourceAccessor>;
  /** The path of the directory; no component is a symlink. */
  readonly root: string;
  /** In order of importance. Defaults to none. */
  readonly profiles?: readonly PackProfile[];
  /** Whether an entry is left out. Defaults to none. The path is relative to the tree. */
  readonly skip?: (path: string) => boolean;
  readonly hashes?: HashFunctions;
  /** Raw deflate. Defaults to a portable one; the platform's is several times as fast. */
  readonly deflate?: (bytes: Uint8Array) => Uint8Array;
}

/** A pack that was made. */
export interface Packed {
  /** The SHA-256 that determines the whole tree. */
  readonly hash: Uint8Array;
  readonly table: PackTable;
  /** The NAR of the tree. */
  readonly nar: NarDigest;
  /** The bytes of the pack, to be written one after the other. */
  readonly chunks: readonly Uint8Array[];
}

type Node =
  | {
      readonly type: "regular";
      readonly path: string;
      readonly executable: boolean;
      readonly contents: string;
      offset: number;
    }
  | { readonly type: "symlink"; readonly path: string; readonly target: string }
  | DirectoryNode;

interface DirectoryNode {
  readonly type: "directory";
  readonly path: string;
  readonly entries: ReadonlyMap<string, Node>;
  id: number;
}

type FileNode = Extract<Node, { type: "regular" }>;

const NAR_SOURCE: NarSource<Node> = {
  stat: (node) => ({ type: node.type, executable: node.type === "regular" && node.executable }),
  readFile: (node) => (node.type === "regular" ? node.contents : ""),
  readDirectory: (node) => (node.type === "directory" ? node.entries.keys() : []),
  child: (node, name) => (node as DirectoryNode).entries.get(name) as Node,
  readLink: (node) => (node.type === "symlink" ? node.target : ""),
  describe: (node) => node.path,
};

/**
 * Packs a tree. Throws an `IoError` if a file cannot be read, and a `FormatError` for what a NAR cannot
 * contain, such as a socket.
 */
export function packTree(request: PackRequest): Packed {
  return new PackWriter(request).write();
}

class PackWriter {
  readonly #request: PackRequest;
  readonly #hashes: HashFunctions;
  readonly #deflate: (bytes: Uint8Array) => Uint8Array;
  readonly #nodes = new Map<string, Node>();
  readonly #blocks: Block[] = [];
  readonly #packed: Uint8Array[] = [];
  readonly #extents: Extent[] = [];
  /** The offsets of contents by their hash, so that equal files share one place. */
  readonly #offsets = new Map<string, number>();
  #end = 0;
  #bytes = 0;

  constructor(request: PackRequest) {
    this.#request = request;
    this.#hashes = request.hashes ?? portableHashes;
    this.#deflate = request.deflate ?? ((bytes) => deflateSync(bytes, { level: 9 }));
  }

  write(): Packed {
    const root = this.#read(this.#request.root, "/");
    if (root.type !== "directory") {
      throw new IoError("ENOTDIR", `'${this.#request.root}' is not a directory`);
    }
    const directories = this.#plan(root, "directory", ({ directories }) => directories);
    const files = this.#plan(root, "regular", ({ files }) => files);
    // All places must be known before the first record is written, and the directories come first.
    let id = 0;
    for (const { nodes } of directories) for (const node of nodes) node.id = id++;
    const contents = files.map(({ name, nodes }) => this.#packContents(name, nodes));
    const records = directories.map(({ name, nodes }) => this.#packDirectories(name, nodes));
    let nar: NarDigest | undefined;
    records.forEach((record, i) => {
      nar ??= record.nar;
      this.#append(record.name, record.blocks);
      const own = contents[i];
      if (own !== undefined) this.#append(own.name, own.blocks);
    });
    const table = {
      files: [...this.#nodes.values()].filter(({ type }) => type === "regular").length,
      directories: id,
      bytes: this.#bytes,
      extents: this.#extents,
      blocks: this.#blocks,
    };
    const inflated = encodeTable(table);
    const deflated = this.#deflate(inflated);
    const header = encodeHeader(deflated.length, inflated.length);
    const head = new Uint8Array(header.length + deflated.length);
    head.set(header);
    head.set(deflated, header.length);
    const hash = this.#hashes.hash("sha256", head);
    return { hash, table, nar: nar as NarDigest, chunks: [head, ...this.#packed] };
  }

  #read(path: string, place: string): Node {
    const { files, skip } = this.#request;
    const node = this.#readNode(path, place, files, skip);
    this.#nodes.set(place, node);
    return node;
  }

  #readNode(
    path: string,
    place: string,
    files: PackRequest["files"],
    skip: PackRequest["skip"],
  ): Node {
    const type = files.fileType(path);
    switch (type) {
      case "regular": {
        const contents = files.readFile(path);
        this.#bytes += contents.length;
        return {
          type,
          path: place,
          executable: files.isExecutable(path),
          contents,
          offset: 0,
        };
      }
      case "symlink":
        return { type, path: place, target: files.readLink(path) };
      case "directory": {
        const entries = new Map<string, Node>();
        for (const name of sortedBytes(files.readDirectory(path).map(({ name }) => name))) {
          const inner = joinPath(place, name);
          if (skip?.(inner) === true) continue;
          entries.set(name, this.#read(joinPath(path, name), inner));
        }
        return { type, path: place, entries, id: 0 };
      }
      case undefined:
        throw new IoError("ENOENT", `path '${path}' does not exist`);
      default:
        throw new FormatError("error", `file '${path}' has an unsupported type`);
    }
  }

  /** Returns the nodes of a type in the order in which the pack has them. */
  #plan<Type extends "regular" | "directory">(
    root: DirectoryNode,
    type: Type,
    pick: (profile: PackProfile) => readonly string[],
  ): { readonly name: string; readonly nodes: Extract<Node, { type: Type }>[] }[] {
    const { profiles = [] } = this.#request;
    const taken = new Set<Node>();
    const plan: { name: string; nodes: Extract<Node, { type: Type }>[] }[] = [];
    const add = (name: string, nodes: Iterable<Node | undefined>): void => {
      const fresh: Node[] = [];
      for (const node of nodes) {
        if (node === undefined || node.type !== type || taken.has(node)) continue;
        taken.add(node);
        fresh.push(node);
      }
      plan.push({ name, nodes: fresh as Extract<Node, { type: Type }>[] });
    };
    // The reader begins at the root, which is the directory with the number 0.
    const first: Node[] = [root];
    for (const profile of profiles) {
      const paths = pick(profile).map((path) => this.#nodes.get(path));
      add(profile.name, [...first.splice(0), ...paths]);
    }
    for (const { hashed } of type === "regular" ? profiles : []) {
      for (const path of hashed) first.push(this.#nodes.get(path) as Node);
    }
    add("", [...first, ...inOrder(root)]);
    return plan;
  }

  #packContents(name: string, nodes: readonly FileNode[]) {
    const blocks = new BlockBuilder("contents");
    for (const node of nodes) {
      const bytes = bytesOf(node.contents);
      const key = this.#hashes.byteString("sha256", bytes);
      const known = this.#offsets.get(key);
      if (known !== undefined) {
        node.offset = known;
        continue;
      }
      node.offset = this.#end;
      if (bytes.length === 0) continue;
      this.#offsets.set(key, this.#end);
      this.#end += bytes.length;
      blocks.add(bytes);
    }
    return { name, blocks: blocks.finish() };
  }

  #packDirectories(name: string, nodes: readonly DirectoryNode[]) {
    const blocks = new BlockBuilder("directories");
    let first: NarDigest | undefined;
    for (const node of nodes) {
      const nar = hashNar(NAR_SOURCE, node as Node, this.#hashes);
      first ??= nar;
      blocks.add(encodeDirectory(this.#directory(node, nar)));
    }
    return { name, nar: first, blocks: blocks.finish() };
  }

  #directory({ entries }: DirectoryNode, nar: NarDigest): PackDirectory {
    const packed = new Map<string, PackEntry>();
    for (const [name, node] of entries) {
      switch (node.type) {
        case "regular": {
          const { type, executable, contents, offset } = node;
          const narDigest = name.endsWith(".nix")
            ? undefined
            : hashNar(NAR_SOURCE, node as Node, this.#hashes).digest;
          packed.set(name, { type, executable, offset, length: contents.length, narDigest });
          break;
        }
        case "symlink":
          packed.set(name, { type: "symlink", target: node.target });
          break;
        case "directory":
          packed.set(name, { type: "directory", id: node.id });
          break;
      }
    }
    return { entries: packed, nar };
  }

  #append(name: string, blocks: readonly OpenBlock[]): void {
    if (blocks.length === 0) return;
    for (const { kind, bytes, directories } of blocks) {
      const packed = this.#deflate(bytes);
      const digest = this.#hashes.hash("sha256", packed);
      const [length, packedLength] = [bytes.length, packed.length];
      this.#blocks.push({ kind, packedLength, length, directories, digest });
      this.#packed.push(packed);
    }
    this.#extents.push({ name, blocks: blocks.length });
  }
}

interface OpenBlock {
  readonly kind: BlockKind;
  readonly bytes: Uint8Array;
  readonly directories: number;
}

/** Cuts pieces into blocks: records are never cut, long files are. */
class BlockBuilder {
  readonly #kind: BlockKind;
  readonly #blocks: OpenBlock[] = [];
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(kind: BlockKind) {
    this.#kind = kind;
  }

  add(piece: Uint8Array): void {
    if (this.#length + piece.length > BLOCK_LENGTH) this.#close();
    if (this.#kind === "contents" && piece.length > BLOCK_LENGTH) {
      for (let at = 0; at < piece.length; at += BLOCK_LENGTH) {
        this.#pieces = [piece.subarray(at, at + BLOCK_LENGTH)];
        this.#length = this.#pieces[0]?.length ?? 0;
        this.#close();
      }
      return;
    }
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  finish(): readonly OpenBlock[] {
    this.#close();
    return this.#blocks;
  }

  #close(): void {
    if (this.#pieces.length === 0) return;
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const directories = this.#kind === "directories" ? this.#pieces.length : 0;
    this.#blocks.push({ kind: this.#kind, bytes, directories });
    this.#pieces = [];
    this.#length = 0;
  }
}

function* inOrder(root: Node): Iterable<Node> {
  yield root;
  if (root.type === "directory") for (const node of root.entries.values()) yield* inOrder(node);
}

/**
 * Reads a profile from the lines that `--trace-inputs` wrote (docs/inputs.md), for the tree that was at
 * `root` then. Throws a `FormatError` if no line is about that tree, or if a line is not JSON.
 */
export function profileOfTrace(trace: string, root: string, name: string): PackProfile {
  const directories = new Set<string>();
  const [files, hashed] = [new Set<string>(), new Set<string>()];
  for (const [index, line] of trace.split("\n").entries()) {
    if (line === "") continue;
    const input = parseLine(line, name, index + 1);
    const path = typeof input.path === "string" ? encodeUtf8(input.path) : "";
    if (path !== root && !path.startsWith(root === "/" ? root : `${root}/`)) continue;
    const place = root === "/" ? path : path.slice(root.length) || "/";
    for (let at = place.lastIndexOf("/"); ; at = place.lastIndexOf("/", at - 1)) {
      directories.add(place.slice(0, at) || "/");
      if (at <= 0) break;
    }
    if (input.kind === "directory") directories.add(place);
    // The writer of NARs asks for the executable bit; programs are imported without it.
    else if (input.kind === "executable" && !place.endsWith(".nix")) hashed.add(place);
    else if (input.kind === "file" && !hashed.has(place)) files.add(place);
  }
  if (directories.size === 0) {
    throw new FormatError("error", `the trace '${name}' says nothing about '${root}'`);
  }
  const order = [...directories].sort((a, b) => depth(a) - depth(b));
  return { name, directories: order, files: [...files], hashed: [...hashed] };
}

/** The fields of a line of `--trace-inputs` that matter here. */
interface TraceLine {
  readonly kind?: unknown;
  readonly path?: unknown;
}

function depth(path: string): number {
  return path === "/" ? 0 : path.split("/").length;
}

function parseLine(line: string, name: string, number: number): TraceLine {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as TraceLine;
  } catch {}
  throw new FormatError(
    "error",
    `line ${number} of the trace '${name}' is not JSON as '--trace-inputs' writes it`,
  );
}

/** Returns a pack in one piece. */
export function packBytes({ chunks }: Pick<Packed, "chunks">): Uint8Array {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
