/**
 * NARs as streams: an archive comes in chunks of any length and leaves as events, so that neither a
 * large archive nor a large file in it is ever held whole. As strict as reader.ts, whose rules on
 * names, targets, order and depth it shares.
 *
 * The stream knows where the archive ends; what follows is kept in `rest`, because some protocols
 * send a NAR without its length.
 */
import { bytesToByteString } from "../codec/bytes.ts";
import { type Decoding, WireInput, wireError } from "../codec/wire-input.ts";
import { FormatError } from "../format-error.ts";
import {
  badArchive,
  checkEntryName,
  checkLinkTarget,
  MAX_NAME,
  MAX_TAG,
  MAX_TARGET,
} from "./rules.ts";
import { NAR_MAX_DEPTH, narMagic } from "./writer.ts";

/** What happens in an archive, in its order. Names are those within the directory; the root's is empty. */
export type NarEvent =
  | {
      readonly type: "regular";
      readonly name: string;
      readonly executable: boolean;
      /** Bytes. */
      readonly size: number;
      /** Where the contents begin in the archive. */
      readonly offset: number;
    }
  /** Part of the contents of the last regular file; may be a view into what was pushed. */
  | { readonly type: "contents"; readonly bytes: Uint8Array }
  | { readonly type: "end-regular" }
  | { readonly type: "symlink"; readonly name: string; readonly target: string }
  | { readonly type: "directory"; readonly name: string }
  | { readonly type: "end-directory" };

const NO_LIMITS = {
  maxString: Number.MAX_SAFE_INTEGER,
  maxValue: Number.MAX_SAFE_INTEGER,
};

/** See the head of this file. */
export class NarStream {
  readonly #input = new WireInput(NO_LIMITS);
  #events: NarEvent[] = [];
  readonly #decoding: Decoding<void>;
  /** Bytes of the archive that were read so far. */
  #pushed = 0;
  /** Whether the archive is complete. */
  done = false;

  constructor() {
    this.#decoding = this.#archive();
  }

  /** Takes bytes and returns what they say. Throws a `serialisation` error for a bad archive. */
  push(chunk: Uint8Array): NarEvent[] {
    this.#input.push(chunk);
    this.#pushed += chunk.length;
    if (!this.done) this.done = this.#decoding.next().done === true;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** How many bytes of what was pushed belong to the archive, as far as it is read. */
  get position(): number {
    return this.#pushed - this.#input.available;
  }

  /** Takes what came behind the archive. */
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
    if (tag !== expected) throw badArchive(`expected tag '${expected}', got '${tag}'`);
  }

  *#archive(): Decoding<void> {
    let magic: string;
    try {
      magic = yield* this.#word(narMagic.length);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      magic = "";
    }
    if (magic !== narMagic) throw badArchive("input doesn't look like a Nix archive");
    yield* this.#node("", 0);
  }

  *#node(name: string, depth: number): Decoding<void> {
    if (depth >= NAR_MAX_DEPTH) {
      throw badArchive(`NAR directory nesting exceeds maximum depth of ${NAR_MAX_DEPTH}`);
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
        throw badArchive(`unknown file type '${type}'`);
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
    if (tag !== "contents") throw badArchive(`expected tag 'contents', got '${tag}'`);
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
      if (tag !== "entry") throw badArchive(`expected tag 'entry' or ')', got '${tag}'`);
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
