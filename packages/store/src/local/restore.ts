/**
 * A NAR becomes files, and files become a NAR. Both pass through in pieces; no file is ever held.
 */
import { marked, NAR_MAGIC, NAR_MAX_DEPTH, type NarEvent, sortedBytes } from "@nivis/formats";
import { StoreError } from "../error.ts";
import type { ByteStream } from "../host.ts";
import { NarReader } from "../nar-reader.ts";
import type { FileSystem, FileWriter } from "./file-system.ts";

/** Writes what a NAR holds below a path at which nothing is, read-only and dated as in a store. */
export async function restoreNar(files: FileSystem, path: string, nar: ByteStream): Promise<void> {
  const stream = new NarReader();
  const restorer = new Restorer(files, path);
  try {
    for await (const chunk of nar) {
      for (const event of stream.push(chunk)) await restorer.take(event);
    }
    stream.finish();
  } finally {
    await restorer.close();
  }
}

class Restorer {
  readonly #files: FileSystem;
  /** The directories that are open, the outermost first. */
  readonly #open: string[] = [];
  readonly #root: string;
  #file:
    | { readonly path: string; readonly writer: FileWriter; readonly executable: boolean }
    | undefined;

  constructor(files: FileSystem, root: string) {
    this.#files = files;
    this.#root = root;
  }

  #pathOf(name: string): string {
    const parent = this.#open.at(-1);
    return parent === undefined ? this.#root : `${parent}/${name}`;
  }

  async take(event: NarEvent): Promise<void> {
    const files = this.#files;
    switch (event.type) {
      case "regular": {
        const path = this.#pathOf(event.name);
        const writer = await files.create(path);
        this.#file = { path, writer, executable: event.executable };
        break;
      }
      case "contents":
        await this.#file?.writer.write(event.bytes);
        break;
      case "end-regular": {
        const file = this.#file;
        await this.close();
        if (file !== undefined) {
          await files.seal(file.path, { type: "regular", executable: file.executable });
        }
        break;
      }
      case "symlink": {
        const path = this.#pathOf(event.name);
        await files.symlink(event.target, path);
        await files.seal(path, { type: "symlink", executable: false });
        break;
      }
      case "directory": {
        const path = this.#pathOf(event.name);
        await files.makeDirectory(path);
        this.#open.push(path);
        break;
      }
      case "end-directory": {
        const path = this.#open.pop() as string;
        // The outermost is sealed when it has got its name: a read-only directory cannot be renamed everywhere.
        if (this.#open.length > 0) await files.seal(path, { type: "directory", executable: true });
        break;
      }
    }
  }

  /** Closes the file that is open. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.writer.close();
  }
}

const SMALL = 64 * 1024;

function word(text: string): string {
  return lengthOf(text.length) + text + "\0".repeat(-text.length & 7);
}

function lengthOf(length: number): string {
  let text = "";
  for (let i = 0, rest = length; i < 8; i++, rest = Math.floor(rest / 256)) {
    text += String.fromCharCode(rest & 0xff);
  }
  return text;
}

/** The NAR of what is at a path. */
export async function* narOfFiles(files: FileSystem, path: string): AsyncGenerator<Uint8Array> {
  const out = new Pieces();
  out.add(word(NAR_MAGIC));
  yield* narOfNode(files, path, 0, out);
  yield out.take();
}

/** Joins words and short files to larger pieces. */
class Pieces {
  #bytes = new Uint8Array(2 * SMALL);
  #length = 0;

  /** Adds a byte string. */
  add(text: string): void {
    const at = this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i);
  }

  addBytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#reserve(bytes.length));
  }

  get isLarge(): boolean {
    return this.#length >= SMALL;
  }

  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Makes room and returns where it begins. */
  #reserve(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    return at;
  }
}

async function* narOfNode(
  files: FileSystem,
  path: string,
  depth: number,
  out: Pieces,
): AsyncGenerator<Uint8Array> {
  if (depth >= NAR_MAX_DEPTH) {
    throw new StoreError(
      "io",
      marked`path '${path}' exceeds maximum NAR directory depth of ${NAR_MAX_DEPTH}`,
    );
  }
  const status = await files.status(path);
  if (status === undefined) throw new StoreError("io", marked`path '${path}' does not exist`);
  out.add(word("(") + word("type"));
  switch (status.type) {
    case "regular": {
      out.add(word("regular"));
      if (status.executable) out.add(word("executable") + word(""));
      out.add(word("contents") + lengthOf(status.size));
      let size = 0;
      for await (const piece of files.read(path, status.size)) {
        size += piece.length;
        if (piece.length < SMALL) out.addBytes(piece);
        else {
          yield out.take();
          yield piece;
        }
      }
      if (size !== status.size) {
        throw new StoreError("io", marked`file '${path}' changed while it was read`);
      }
      out.add("\0".repeat(-size & 7));
      break;
    }
    case "symlink":
      out.add(word("symlink") + word("target") + word(await files.readLink(path)));
      break;
    case "directory":
      out.add(word("directory"));
      for (const name of sortedBytes(await files.readDirectory(path))) {
        out.add(word("entry") + word("(") + word("name") + word(name) + word("node"));
        yield* narOfNode(files, `${path}/${name}`, depth + 1, out);
        out.add(word(")"));
        if (out.isLarge) yield out.take();
      }
      break;
    case "other":
      throw new StoreError("io", marked`file "${path}" has an unsupported type`);
  }
  out.add(word(")"));
}
