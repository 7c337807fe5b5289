/**
 * NARs as streams: turns chunks of any length into events, so that neither a large archive nor a
 * large file in it is ever in memory whole. As strict as reader.ts; the rules on names, targets,
 * order and depth are the same.
 *
 * The stream detects the end of the archive and keeps the bytes after it, because some protocols
 * send a NAR without its length.
 */

import { bytesToByteString } from "../codec/bytes.ts";
import { type Decoding, WireInput, wireError } from "../codec/wire-input.ts";
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
import { NAR_MAGIC, NAR_MAX_DEPTH } from "./writer.ts";

/**
 * The events of an archive, in its order. Names are relative to the directory; the root's is empty.
 */
export type NarEvent =
  | {
      readonly type: "regular";
      readonly name: string;
      readonly executable: boolean;
      /** In bytes. */
      readonly size: number;
      /** The offset of the contents in the archive. */
      readonly offset: number;
    }
  /** Part of the contents of the last regular file; may be a view into a pushed chunk. */
  | { readonly type: "contents"; readonly bytes: Uint8Array }
  | { readonly type: "end-regular" }
  | { readonly type: "symlink"; readonly name: string; readonly target: string }
  | { readonly type: "directory"; readonly name: string }
  | { readonly type: "end-directory" };

const NO_LIMITS = {
  maxString: Number.MAX_SAFE_INTEGER,
  maxValue: Number.MAX_SAFE_INTEGER,
};

/** Turns the chunks of a NAR into events. */
export class NarStream {
  readonly #input = new WireInput(NO_LIMITS);
  #events: NarEvent[] = [];
  readonly #decoding: Decoding<void>;
  /** The number of bytes pushed so far. */
  #pushed = 0;
  /** Whether the archive is complete. */
  done = false;

  constructor() {
    this.#decoding = this.#archive();
  }

  /**
   * Reads a chunk and returns its events. Throws a `serialisation` error for a malformed archive.
   */
  push(chunk: Uint8Array): NarEvent[] {
    this.#input.push(chunk);
    this.#pushed += chunk.length;
    if (!this.done) this.done = this.#decoding.next().done === true;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The number of pushed bytes that belong to the archive, as far as it has been read. */
  get position(): number {
    return this.#pushed - this.#input.available;
  }

  /** Takes the bytes that follow the archive. */
  takeRest(): Uint8Array {
    const rest: Uint8Array[] = [];
    let length = 0;
    while (this.#input.available > 0) {
      const part = this.#input.takeSome(this.#input.available);
      rest.push(part);
      length += part.length;
    }
    const [only] = rest;
    if (rest.length === 1 && only !== undefined) return only;
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of rest) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** Throws unless the archive is complete. */
  finish(): void {
    if (!this.done) throw wireError("unexpected end-of-file in a NAR");
  }

  *#word(max: number): Decoding<string> {
    const length = yield* this.#input.uint();
    if (length > max) throw wireError("string is too long");
    const padded = yield* this.#input.bytes(length + (-length & 7));
    for (let i = length; i < padded.length; i++) {
      if (padded[i] !== 0) throw wireError("non-zero padding");
    }
    return bytesToByteString(padded.subarray(0, length));
  }

  *#expect(expected: string): Decoding<void> {
    const tag = yield* this.#word(MAX_TAG);
    if (tag !== expected) throw badArchive(marked`expected tag '${expected}', got '${tag}'`);
  }

  *#archive(): Decoding<void> {
    let magic: string;
    try {
      magic = yield* this.#word(NAR_MAGIC.length);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      magic = "";
    }
    if (magic !== NAR_MAGIC) throw badArchive("input doesn't look like a Nix archive");
    yield* this.#node("", 0);
  }

  *#node(name: string, depth: number): Decoding<void> {
    if (depth >= NAR_MAX_DEPTH) {
      throw badArchive(marked`NAR directory nesting exceeds maximum depth of ${NAR_MAX_DEPTH}`);
    }
    yield* this.#expect("(");
    yield* this.#expect("type");
    const type = yield* this.#word(MAX_TAG);
    switch (type) {
      case "regular":
        return yield* this.#regular(name);
      case "directory":
        return yield* this.#directory(name, depth);
      case "symlink": {
        yield* this.#expect("target");
        const target = yield* this.#word(MAX_TARGET);
        checkLinkTarget(target);
        yield* this.#expect(")");
        this.#events.push({ type: "symlink", name, target });
        return;
      }
      default:
        throw badArchive(marked`unknown file type '${type}'`);
    }
  }

  *#regular(name: string): Decoding<void> {
    let tag = yield* this.#word(MAX_TAG);
    let executable = false;
    if (tag === "executable") {
      yield* this.#word(0);
      executable = true;
      tag = yield* this.#word(MAX_TAG);
    }
    if (tag !== "contents") throw badArchive(marked`expected tag 'contents', got '${tag}'`);
    const size = yield* this.#input.uint();
    this.#events.push({ type: "regular", name, executable, size, offset: this.position });
    for (let rest = size; rest > 0; ) {
      while (this.#input.available === 0) yield 1;
      const bytes = this.#input.takeSome(rest);
      rest -= bytes.length;
      this.#events.push({ type: "contents", bytes });
    }
    const padding = yield* this.#input.bytes(-size & 7);
    if (padding.some((byte) => byte !== 0)) throw wireError("non-zero padding");
    yield* this.#expect(")");
    this.#events.push({ type: "end-regular" });
  }

  *#directory(name: string, depth: number): Decoding<void> {
    this.#events.push({ type: "directory", name });
    let previous = "";
    for (;;) {
      const tag = yield* this.#word(MAX_TAG);
      if (tag === ")") break;
      if (tag !== "entry") throw badArchive(marked`expected tag 'entry' or ')', got '${tag}'`);
      yield* this.#expect("(");
      yield* this.#expect("name");
      const entry = yield* this.#word(MAX_NAME);
      checkEntryName(entry, previous);
      previous = entry;
      yield* this.#expect("node");
      yield* this.#node(entry, depth + 1);
      yield* this.#expect(")");
    }
    this.#events.push({ type: "end-directory" });
  }
}
