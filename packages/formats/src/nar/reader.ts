/**
 * Reads NARs strictly: accepts exactly what the writer writes, with upstream's
 * limits on names, targets and depth.
 *
 * `parseNar` reports to a visitor and touches no file contents; `readNar` builds a tree whose
 * files are views into the archive.
 */

import { bytesToByteString } from "../codec/bytes.ts";
import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";
import {
  badArchive,
  checkEntryName,
  checkLinkTarget,
  MAX_NAME,
  MAX_TAG,
  MAX_TARGET,
} from "./rules.ts";
import { NAR_MAGIC, NAR_MAX_DEPTH, type NarTree } from "./writer.ts";

/** The entries of a NAR, in its order. Names are relative to the directory; the root's is empty. */
export interface NarVisitor {
  /** `contents` is a view into the archive, which begins at `offset`. */
  regular(name: string, executable: boolean, contents: Uint8Array, offset: number): void;
  symlink(name: string, target: string): void;
  startDirectory(name: string): void;
  endDirectory(): void;
}

class NarReader {
  readonly #bytes: Uint8Array;
  readonly #visitor: NarVisitor;
  #at = 0;

  constructor(bytes: Uint8Array, visitor: NarVisitor) {
    this.#bytes = bytes;
    this.#visitor = visitor;
  }

  /** Reads the archive and returns its size in bytes. */
  read(): number {
    let magic: string;
    try {
      magic = this.#word(NAR_MAGIC.length);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      magic = "";
    }
    if (magic !== NAR_MAGIC) throw badArchive("input doesn't look like a Nix archive");
    this.#node("", 0);
    return this.#at;
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new FormatError("serialisation", "end of string reached");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #number(): number {
    const bytes = this.#take(8);
    let value = 0;
    for (let i = 7; i >= 0; i--) value = value * 256 + (bytes[i] as number);
    return value;
  }

  #padded(length: number): Uint8Array {
    const taken = this.#take(length);
    if (length % 8 !== 0 && this.#take(8 - (length % 8)).some((byte) => byte !== 0)) {
      throw new FormatError("serialisation", "non-zero padding");
    }
    return taken;
  }

  #word(max: number): string {
    const length = this.#number();
    if (length > max) throw new FormatError("serialisation", "string is too long");
    return bytesToByteString(this.#padded(length));
  }

  #tag(): string {
    return this.#word(MAX_TAG);
  }

  #expect(expected: string): void {
    const tag = this.#tag();
    if (tag !== expected) throw badArchive(marked`expected tag '${expected}', got '${tag}'`);
  }

  #node(name: string, depth: number): void {
    if (depth >= NAR_MAX_DEPTH)
      throw badArchive(marked`NAR directory nesting exceeds maximum depth of ${NAR_MAX_DEPTH}`);
    this.#expect("(");
    this.#expect("type");
    const type = this.#tag();
    switch (type) {
      case "regular":
        this.#regular(name);
        break;
      case "directory":
        this.#directory(name, depth);
        break;
      case "symlink":
        this.#symlink(name);
        break;
      default:
        throw badArchive(marked`unknown file type '${type}'`);
    }
  }

  #regular(name: string): void {
    let tag = this.#tag();
    let executable = false;
    if (tag === "executable") {
      this.#word(0);
      executable = true;
      tag = this.#tag();
    }
    if (tag !== "contents") throw badArchive(marked`expected tag 'contents', got '${tag}'`);
    const length = this.#number();
    const offset = this.#at;
    const contents = this.#padded(length);
    this.#expect(")");
    this.#visitor.regular(name, executable, contents, offset);
  }

  #directory(name: string, depth: number): void {
    this.#visitor.startDirectory(name);
    let previous = "";
    for (;;) {
      const tag = this.#tag();
      if (tag === ")") break;
      if (tag !== "entry") throw badArchive(marked`expected tag 'entry' or ')', got '${tag}'`);
      this.#expect("(");
      this.#expect("name");
      const entry = this.#word(MAX_NAME);
      checkEntryName(entry, previous);
      previous = entry;
      this.#expect("node");
      this.#node(entry, depth + 1);
      this.#expect(")");
    }
    this.#visitor.endDirectory();
  }

  #symlink(name: string): void {
    this.#expect("target");
    const target = this.#word(MAX_TARGET);
    checkLinkTarget(target);
    this.#expect(")");
    this.#visitor.symlink(name, target);
  }
}

/** Reads the NAR at the start of `bytes` and returns its length; more bytes may follow. */
export function parseNar(bytes: Uint8Array, visitor: NarVisitor): number {
  return new NarReader(bytes, visitor).read();
}

/** The NAR at the start of `bytes` as a tree. Contents are views into `bytes`. */
export function readNar(bytes: Uint8Array): NarTree {
  let root: NarTree | undefined;
  const open: Map<string, NarTree>[] = [];
  const add = (name: string, node: NarTree): void => {
    const parent = open[open.length - 1];
    if (parent === undefined) root = node;
    else parent.set(name, node);
  };
  parseNar(bytes, {
    regular: (name, executable, contents) => add(name, { type: "regular", executable, contents }),
    symlink: (name, target) => add(name, { type: "symlink", target }),
    startDirectory: (name) => {
      const entries = new Map<string, NarTree>();
      add(name, { type: "directory", entries });
      open.push(entries);
    },
    endDirectory: () => {
      open.pop();
    },
  });
  return root as NarTree;
}
