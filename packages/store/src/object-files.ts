/**
 * The files of a store object that is reachable only as a NAR: it is listed on first touch, and
 * contents are cut out of a second reading of the NAR. Stores that can do better, because they have
 * files or can read ranges, bring an `ObjectFiles` of their own.
 */
import { marked, type NarEvent, type NarListing, sortedBytes } from "@nivis/formats";
import { StoreError } from "./error.ts";
import type { ByteStream } from "./host.ts";
import { NarReader } from "./nar-reader.ts";
import type { ObjectFiles, ObjectStat } from "./store.ts";

/** The listing of a NAR, without holding the NAR. Throws a `corrupt` error for a bad one. */
export async function listNarStream(stream: ByteStream): Promise<NarListing> {
  const nar = new NarReader();
  const builder = new ListingBuilder();
  for await (const chunk of stream) for (const event of nar.push(chunk)) builder.add(event);
  nar.finish();
  return builder.root();
}

/** Makes a listing of the events of a NAR. */
export class ListingBuilder {
  readonly #open: Map<string, NarListing>[] = [new Map()];

  add(event: NarEvent): void {
    const entries = this.#open[this.#open.length - 1] as Map<string, NarListing>;
    switch (event.type) {
      case "regular":
        entries.set(event.name, {
          type: "regular",
          size: event.size,
          executable: event.executable,
          narOffset: event.offset,
        });
        break;
      case "symlink":
        entries.set(event.name, { type: "symlink", target: event.target });
        break;
      case "directory": {
        const inner = new Map<string, NarListing>();
        entries.set(event.name, { type: "directory", entries: inner });
        this.#open.push(inner);
        break;
      }
      case "end-directory":
        this.#open.pop();
        break;
    }
  }

  /** The root, once the archive is complete. */
  root(): NarListing {
    return this.#open[0]?.get("") as NarListing;
  }
}

/** The parts of a path below an object. */
export function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

/** What a listing has at a path; links are not followed. */
export function findInListing(root: NarListing, path: string): NarListing | undefined {
  let node: NarListing | undefined = root;
  for (const part of partsOf(path)) {
    if (node?.type !== "directory") return undefined;
    node = node.entries.get(part);
  }
  return node;
}

/** Cuts `size` bytes that begin at `offset` out of a stream. */
export async function* cut(
  stream: ByteStream,
  offset: number,
  size: number,
): AsyncGenerator<Uint8Array> {
  let skip = offset;
  let rest = size;
  if (rest === 0) return;
  for await (const piece of stream) {
    const wanted = piece.subarray(skip, skip + rest);
    skip = Math.max(0, skip - piece.length);
    if (wanted.length === 0) continue;
    rest -= wanted.length;
    yield wanted;
    if (rest === 0) return;
  }
  throw new StoreError("corrupt", "NAR ends too early");
}

/** See the head of this file. */
export class ListedFiles implements ObjectFiles {
  readonly #path: string;
  readonly #listing: NarListing;
  readonly #contents: (offset: number, size: number) => ByteStream;

  /** `contents` reads a range of the NAR; `path` names the object in errors. */
  constructor(
    path: string,
    listing: NarListing,
    contents: (offset: number, size: number) => ByteStream,
  ) {
    this.#path = path;
    this.#listing = listing;
    this.#contents = contents;
  }

  /** Lists the NAR that `nar` opens. */
  static async of(path: string, nar: () => ByteStream): Promise<ListedFiles> {
    return new ListedFiles(path, await listNarStream(nar()), (offset, size) =>
      cut(nar(), offset, size),
    );
  }

  #find(path: string): NarListing {
    const node = findInListing(this.#listing, path);
    if (node === undefined) throw missingFile(this.#path, path);
    return node;
  }

  async stat(path: string): Promise<ObjectStat | undefined> {
    const node = findInListing(this.#listing, path);
    return node?.type === "directory" ? { type: "directory" } : node;
  }

  async readDirectory(path: string): Promise<readonly string[]> {
    const node = this.#find(path);
    if (node.type !== "directory") {
      throw new StoreError("io", marked`path '${this.#path}${path}' is not a directory`);
    }
    return sortedBytes(node.entries.keys());
  }

  async *readFile(path: string): AsyncGenerator<Uint8Array> {
    const node = this.#find(path);
    if (node.type !== "regular") throw notRegular(this.#path, path);
    yield* this.#contents(node.narOffset, node.size);
  }

  async readLink(path: string): Promise<string> {
    const node = this.#find(path);
    if (node.type !== "symlink") {
      throw new StoreError("io", marked`path '${this.#path}${path}' is not a symlink`);
    }
    return node.target;
  }

  async list(): Promise<NarListing> {
    return this.#listing;
  }
}

/** The error of a path below an object that is not there. */
export function missingFile(object: string, path: string): StoreError {
  return new StoreError("io", marked`path '${object}${path === "/" ? "" : path}' does not exist`);
}

/** The error of reading what is no file. */
export function notRegular(object: string, path: string): StoreError {
  return new StoreError(
    "io",
    marked`path '${object}${path === "/" ? "" : path}' is not a regular file`,
  );
}
