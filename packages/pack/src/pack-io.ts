/**
 * PackIo: the files of an evaluation, with a pack at one path.
 *
 *     const io = await packIo("https://example.org/nixpkgs.pack", { at: "/nixpkgs" });
 *     const evaluation = new Evaluation({ io });
 *     const value = await evaluation.forceAsync(
 *       evaluation.loadText("(import /nixpkgs { system = \"x86_64-linux\"; }).hello.drvPath"),
 *     );
 *
 * A question about blocks that are not there yet makes the evaluation wait, so it must be asynchronous.
 * What is outside of the pack comes from another EvalIo. A symlink there that leads into the pack is not
 * followed.
 */
import {
  type DirectoryEntry,
  type EvalIo,
  type FileType,
  ForwardingIo,
  IoError,
  joinPath,
  memoryIo,
  Pending,
} from "@nivis/eval";
import { bytesToByteString, canonPath, FormatError, type NarDigest } from "@nivis/formats";
import { listingOf, type PackDirectory, type PackEntry } from "./directory-record.ts";
import { type OpenOptions, PackReader } from "./pack-reader.ts";
import { browserCache, type HttpFetch, httpSource, type PackSource } from "./pack-source.ts";

/** How a pack becomes the files of an evaluation. */
export interface PackIoOptions extends OpenOptions {
  /** The path of the pack's root, absolute and canonical. Defaults to `/nixpkgs`. */
  readonly at?: string;
  /** Everything else. Defaults to an empty world in memory. */
  readonly base?: EvalIo;
  /** Defaults to the function of that name. */
  readonly fetch?: HttpFetch;
}

/**
 * Opens a pack at a URL, or one over another source. Defaults to keeping what was read in the browser's
 * Cache API. Rejects with an `IoError` if the file cannot be had, and a `FormatError` if it is not a pack.
 */
export async function packIo(
  pack: string | PackSource,
  { at = "/nixpkgs", base = memoryIo(), fetch, ...options }: PackIoOptions = {},
): Promise<PackIo> {
  const source = typeof pack === "string" ? httpSource(pack, fetch) : pack;
  const cache = "cache" in options ? options.cache : browserCache();
  return new PackIo(await PackReader.open(source, { ...options, cache }), base, at);
}

/** The most symlinks in one path, as in C++ Nix. */
const MAX_LINKS = 1024;

/** What is at a path: an entry of the pack, or another path that has to be asked instead. */
type Found =
  | {
      readonly entry: PackEntry;
      readonly directory: PackDirectory | undefined;
      /** The path without symlinks. */
      readonly real: string;
    }
  | { readonly elsewhere: string };

/** The files of `base` and those of a pack. */
export class PackIo extends ForwardingIo {
  readonly reader: PackReader;
  readonly #at: string;
  /** The directories by path, as far as they have been asked for. */
  readonly #directories = new Map<string, PackDirectory>();
  readonly #listings = new WeakMap<PackDirectory, readonly DirectoryEntry[]>();

  constructor(reader: PackReader, base: EvalIo, at: string) {
    super(base);
    if (canonPath(at) !== at || at === "/") {
      throw new TypeError(`the place of a pack must be a canonical path below the root: '${at}'`);
    }
    this.reader = reader;
    this.#at = at;
  }

  override fileType(path: string): FileType | undefined {
    if (!this.#isInside(path)) {
      return super.fileType(path) ?? (this.#isAbove(path) ? "directory" : undefined);
    }
    const found = this.#find(path, false);
    if (found === undefined) return undefined;
    return "entry" in found ? found.entry.type : this.fileType(found.elsewhere);
  }

  override isExecutable(path: string): boolean {
    if (!this.#isInside(path)) return super.isExecutable(path);
    const found = this.#existing(path, false);
    if (!("entry" in found)) return this.isExecutable(found.elsewhere);
    return found.entry.type === "regular" && found.entry.executable;
  }

  override readFile(path: string): string {
    if (!this.#isInside(path)) return super.readFile(path);
    const found = this.#existing(path, true);
    if (!("entry" in found)) return this.readFile(found.elsewhere);
    const { entry } = found;
    if (entry.type !== "regular") {
      throw new IoError("EISDIR", `file '${path}' is not a regular file`);
    }
    const { offset, length } = entry;
    const bytes = this.#ask(path, () => this.reader.contents(offset, length));
    if (bytes !== undefined) return bytesToByteString(bytes);
    throw new Pending(this.reader.loadContents(offset, length), `'${path}'`);
  }

  override readDirectory(path: string): readonly DirectoryEntry[] {
    if (!this.#isInside(path)) return this.#listOutside(path);
    const found = this.#existing(path, true);
    if (!("entry" in found)) return this.readDirectory(found.elsewhere);
    const { entry } = found;
    if (entry.type !== "directory") throw new IoError("ENOTDIR", `'${path}' is not a directory`);
    const directory = found.directory ?? this.#directory(entry.id, found.real, path);
    let listing = this.#listings.get(directory);
    if (listing === undefined) {
      listing = listingOf(directory);
      this.#listings.set(directory, listing);
    }
    return listing;
  }

  override readLink(path: string): string {
    if (!this.#isInside(path)) return super.readLink(path);
    const found = this.#existing(path, false);
    if (!("entry" in found)) return this.readLink(found.elsewhere);
    if (found.entry.type === "symlink") return found.entry.target;
    throw new IoError("EINVAL", `file '${path}' is not a symlink`);
  }

  override narDigest(path: string): NarDigest | undefined {
    if (!this.#isInside(path)) return super.narDigest(path);
    const found = this.#existing(path, false);
    if (!("entry" in found)) return undefined;
    const { entry } = found;
    if (entry.type === "directory") {
      return (found.directory ?? this.#directory(entry.id, found.real, path)).nar;
    }
    if (entry.type !== "regular" || entry.narDigest === undefined) return undefined;
    return { digest: entry.narDigest, size: narSizeOf(entry.length, entry.executable) };
  }

  #isInside(path: string): boolean {
    const at = this.#at;
    return (
      path.startsWith(at) && (path.length === at.length || path.charCodeAt(at.length) === 0x2f)
    );
  }

  #isAbove(path: string): boolean {
    return path === "/" || this.#at.startsWith(`${path}/`);
  }

  #listOutside(path: string): readonly DirectoryEntry[] {
    if (!this.#isAbove(path)) return super.readDirectory(path);
    const own = super.fileType(path) === undefined ? [] : super.readDirectory(path);
    const rest = this.#at.slice(path === "/" ? 1 : path.length + 1);
    const [name] = rest.split("/") as [string];
    return own.some((entry) => entry.name === name)
      ? own
      : [...own, { name, type: "directory" as const }];
  }

  #existing(path: string, follow: boolean): Found {
    const found = this.#find(path, follow);
    if (found === undefined) throw new IoError("ENOENT", `path '${path}' does not exist`);
    return found;
  }

  /** Finds what is at a path; with `follow`, a symlink at its end is followed, too. */
  #find(path: string, follow: boolean): Found | undefined {
    const known = this.#directories.get(path);
    if (known !== undefined) return { entry: ROOT, directory: known, real: path };
    let links = 0;
    let [directory, at] = [this.#rootDirectory(path), this.#at];
    const names = path.slice(at.length + 1).split("/");
    if (path === at) return { entry: ROOT, directory, real: at };
    for (let i = 0; ; i++) {
      const isLast = i === names.length - 1;
      const name = names[i] as string;
      const entry = directory.entries.get(name);
      if (entry === undefined) return undefined;
      if (entry.type === "symlink" && (follow || !isLast)) {
        if (++links > MAX_LINKS) break;
        const { target } = entry;
        const next = canonPath(target.startsWith("/") ? target : joinPath(at, target));
        const elsewhere = names.slice(i + 1).reduce(joinPath, next);
        if (!this.#isInside(elsewhere)) return { elsewhere };
        // Starts again, at most as often as a path may have symlinks.
        names.splice(0, names.length, ...elsewhere.slice(this.#at.length + 1).split("/"));
        [directory, at] = [this.#rootDirectory(path), this.#at];
        if (elsewhere === this.#at) return { entry: ROOT, directory, real: at };
        i = -1;
        continue;
      }
      if (isLast) return { entry, directory: undefined, real: joinPath(at, name) };
      if (entry.type !== "directory") return undefined;
      at = joinPath(at, name);
      directory = this.#directory(entry.id, at);
    }
    throw new IoError("ELOOP", `infinite symlink recursion in path '${path}'`);
  }

  #rootDirectory(path: string): PackDirectory {
    return this.#directories.get(this.#at) ?? this.#directory(ROOT.id, this.#at, path);
  }

  /** Returns a directory; waits for its block. `at` is its path without symlinks. */
  #directory(id: number, at: string, subject = at): PackDirectory {
    let directory = this.#directories.get(at);
    if (directory !== undefined) return directory;
    directory = this.#ask(subject, () => this.reader.directory(id));
    if (directory === undefined) throw new Pending(this.reader.loadDirectory(id), `'${subject}'`);
    this.#directories.set(at, directory);
    return directory;
  }

  /** Turns what is wrong with a pack into an error of the program that needs it. */
  #ask<Answer>(path: string, ask: () => Answer): Answer {
    try {
      return ask();
    } catch (error) {
      if (error instanceof IoError) throw error;
      if (error instanceof FormatError) {
        throw new IoError("EIO", `cannot read '${path}': ${error.message}`);
      }
      throw error;
    }
  }
}

const ROOT = { type: "directory", id: 0 } as const;

/** The length of the NAR of a file: its words are padded to eight bytes, and have eight before them. */
function narSizeOf(length: number, executable: boolean): number {
  const words = ["nix-archive-1", "(", "type", "regular", "contents", ")"];
  if (executable) words.push("executable", "");
  const sizeOf = (bytes: number): number => 8 + Math.ceil(bytes / 8) * 8;
  return words.reduce((sum, word) => sum + sizeOf(word.length), sizeOf(length));
}
