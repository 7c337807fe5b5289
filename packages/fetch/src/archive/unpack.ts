/**
 * Unpacking archives into trees, by the rules of C++ Nix (`unpackTarfileToSink` in libutil/tarfile.cc,
 * `GitFileSystemObjectSinkImpl` and `dereferenceSingletonDirectory` in libfetchers/git-utils.cc).
 *
 * Nothing is written under the names in the archive: contents go to a spool, and the names into a tree
 * in memory. So a name cannot leave the tree, whatever it says.
 */
import { InputError, marked } from "@nivis/formats";
import type { FetchHost } from "../host.ts";
import type { MemoryDirectory, MemoryNode } from "../tree/memory-tree.ts";
import { collectBytes, peek } from "./byte-stream.ts";
import { decompressed } from "./compression.ts";
import { readTar, type TarMember, type TarSink } from "./tar.ts";
import { isZip, readZip } from "./zip.ts";

/** A place for contents until the tree is known. */
export interface Spool {
  /** Adds bytes at the end. */
  write(piece: Uint8Array): void;
  read(offset: number, length: number): Uint8Array;
}

/** An archive as a tree. */
export interface UnpackedArchive {
  readonly root: MemoryDirectory;
  /** The time of last change of the newest member, in seconds since 1970; 0 if there is none. */
  readonly lastModified: number;
}

/**
 * Unpacks an archive; throws {@link InputError} if it is not one or does not stay in its bounds.
 * Where all is in one directory, that directory is the root.
 */
export async function unpackArchive(
  host: Pick<FetchHost, "decompressors">,
  input: AsyncIterable<Uint8Array>,
  spool: Spool,
  maxSize: number,
): Promise<UnpackedArchive> {
  const { root, lastModified } = await unpackWhole(host, input, spool, maxSize);
  return { root: withoutTopDirectory(root), lastModified };
}

/** Unpacks an archive as {@link unpackArchive} does, but always with its own root. */
export async function unpackWhole(
  host: Pick<FetchHost, "decompressors">,
  input: AsyncIterable<Uint8Array>,
  spool: Spool,
  maxSize: number,
): Promise<UnpackedArchive> {
  const builder = new TreeBuilder(spool, maxSize);
  const { head, all } = await peek(await decompressed(host, input), 4);
  if (isZip(head)) readZip(await collectBytes(bounded(all, maxSize)), builder);
  else await readTar(all, builder);
  return builder.finish();
}

async function* bounded(
  input: AsyncIterable<Uint8Array>,
  max: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const piece of input) {
    size += piece.length;
    if (size > max) throw tooLarge(max);
    yield piece;
  }
}

function tooLarge(max: number): InputError {
  return new InputError(
    marked`the archive holds more than ${max} bytes, which is more than is allowed`,
  );
}

class TreeBuilder implements TarSink {
  readonly #spool: Spool;
  readonly #maxSize: number;
  readonly #root: MemoryDirectory = { type: "directory", entries: new Map() };
  readonly #hardlinks: { readonly path: readonly string[]; readonly target: readonly string[] }[] =
    [];
  #size = 0;
  #lastModified = 0;

  constructor(spool: Spool, maxSize: number) {
    this.#spool = spool;
    this.#maxSize = maxSize;
  }

  member(member: TarMember): ((piece: Uint8Array) => void) | undefined {
    if (member.modified > this.#lastModified) this.#lastModified = member.modified;
    const path = canonicalNames(member.name);
    switch (member.type) {
      case "directory":
        this.#directory(path, member.name);
        return undefined;
      case "regular":
        return this.#file(path, member);
      case "symlink":
        this.#add(path, { type: "symlink", target: member.target });
        return undefined;
      case "hardlink":
        this.#hardlinks.push({ path, target: canonicalNames(member.target) });
        return undefined;
      case "other":
        throw new InputError(
          marked`file '${member.name}' in tarball has unsupported file type ${member.fileKind}`,
        );
    }
  }

  finish(): UnpackedArchive {
    // A link may stand before the file that it names.
    for (const { path, target } of this.#hardlinks) {
      const node = this.#find(target);
      if (node === undefined) {
        throw new InputError(
          marked`hard link '${path.join("/")}' in tarball refers to '${target.join("/")}', which is not in it`,
        );
      }
      if (node.type === "directory") {
        throw new InputError(
          marked`hard link '${path.join("/")}' in tarball refers to a directory`,
        );
      }
      this.#add(path, node);
    }
    return { root: this.#root, lastModified: this.#lastModified };
  }

  #find(path: readonly string[]): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.#root;
    for (const name of path) node = node?.type === "directory" ? node.entries.get(name) : undefined;
    return node;
  }

  /** The directory at a path; made if it is not there. */
  #directory(path: readonly string[], shown: string): MemoryDirectory {
    let directory = this.#root;
    for (const name of path) {
      checkName(name, shown);
      const next = directory.entries.get(name);
      if (next?.type === "directory") {
        directory = next;
        continue;
      }
      const made: MemoryDirectory = { type: "directory", entries: new Map() };
      directory.entries.set(name, made);
      directory = made;
    }
    return directory;
  }

  #add(path: readonly string[], node: MemoryNode): void {
    const name = path.at(-1);
    if (name === undefined) {
      throw new InputError("cannot create a file at the root of the git repository");
    }
    const shown = path.join("/");
    checkName(name, shown);
    const { entries } = this.#directory(path.slice(0, -1), shown);
    const before = entries.get(name);
    if (before?.type === "directory" && before.entries.size > 0) {
      throw new InputError(marked`cannot create '${shown}', conflicting non-empty directory`);
    }
    entries.set(name, node);
  }

  #file(path: readonly string[], { isExecutable, size }: TarMember): (piece: Uint8Array) => void {
    const spool = this.#spool;
    const offset = this.#size;
    this.#size += size;
    if (this.#size > this.#maxSize) throw tooLarge(this.#maxSize);
    const read = (): Uint8Array => spool.read(offset, size);
    this.#add(path, { type: "regular", isExecutable, size, read });
    return (piece) => spool.write(piece);
  }
}

/** Names that no tree of Git can have, or no NAR. */
function checkName(name: string, shown: string): void {
  if (name.toLowerCase() === ".git") {
    // Nix: the text is libgit2's; there it is the tree builder that refuses the name.
    throw new InputError(
      marked`adding a file to a tree builder: failed to insert entry: invalid name for a tree entry - ${name} (in '${shown}')`,
    );
  }
  if (name.includes("\0")) {
    throw new InputError(
      marked`file '${shown.replaceAll("\0", "\\0")}' in tarball has a NUL in its name`,
    );
  }
}

/** The names on the way to a member; `..` stops at the root. */
function canonicalNames(path: string): readonly string[] {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names;
}

/** The only directory in a directory that holds nothing else, or the directory itself. */
function withoutTopDirectory(root: MemoryDirectory): MemoryDirectory {
  const [only, ...more] = root.entries.values();
  return only?.type === "directory" && more.length === 0 ? only : root;
}
