/**
 * A source text and the way from a byte offset to a line and a column.
 *
 * Everything in this package speaks of byte offsets; people want lines. The table of line starts is
 * built on first use, because most files are parsed without needing it.
 * The text is a byte string: one char is one byte (0 to 255), so columns count bytes as C++ Nix does.
 */

/** Where a text comes from. */
export type Origin =
  | {
      readonly kind: "file";
      readonly path: string;
      /** How messages name the file; its path unless given. */
      readonly name?: string;
    }
  | {
      readonly kind: "string";
      /** How messages name the text; `string` unless given. */
      readonly name?: string;
    }
  | { readonly kind: "stdin" }
  /** A file that comes with the evaluator. */
  | { readonly kind: "internal"; readonly name: string; readonly path: string };

/** A place for people: both numbers begin at 1, the column counts bytes. */
export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

/** `«` and `»` as the bytes of UTF-8. */
const LEFT_GUILLEMET = "\xc2\xab";
const RIGHT_GUILLEMET = "\xc2\xbb";

const LF = 10;
const CR = 13;

/** One text with its origin. */
export class SourceFile {
  readonly origin: Origin;
  /** The bytes, one per char. */
  readonly text: string;
  #lineStarts: Uint32Array | undefined;

  constructor(origin: Origin, text: string) {
    this.origin = origin;
    this.text = text;
    this.#lineStarts = undefined;
  }

  /** The name that messages print: the path or the name of the file, `«string»`, `«stdin»` (as a byte string). */
  get displayName(): string {
    const { origin } = this;
    if (origin.kind === "file") return origin.name ?? origin.path;
    if (origin.kind === "internal") return origin.name;
    const name = origin.kind === "string" ? (origin.name ?? origin.kind) : origin.kind;
    return `${LEFT_GUILLEMET}${name}${RIGHT_GUILLEMET}`;
  }

  /** The offsets at which lines begin; LF, CRLF and a lone CR end a line. */
  get lineStarts(): Uint32Array {
    this.#lineStarts ??= findLineStarts(this.text);
    return this.#lineStarts;
  }

  /** Line and column of a byte offset; an offset past the end counts as the end. */
  lineColumn(offset: number): LineColumn {
    const starts = this.lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return {
      line: low + 1,
      column: Math.min(offset, this.text.length) - (starts[low] as number) + 1,
    };
  }

  /** `NAME:LINE:COLUMN`, as messages of C++ Nix print a position. */
  describe(offset: number): string {
    const { line, column } = this.lineColumn(offset);
    return `${this.displayName}:${line}:${column}`;
  }

  /** The text of a line (from 1) without its end, or `undefined` when there is no such line. */
  line(number: number): string | undefined {
    const starts = this.lineStarts;
    const start = starts[number - 1];
    if (start === undefined) return undefined;
    let end = starts[number] ?? this.text.length;
    if (number < starts.length) {
      if (end > start && this.text.charCodeAt(end - 1) === LF) end -= 1;
      if (end > start && this.text.charCodeAt(end - 1) === CR) end -= 1;
    }
    return this.text.slice(start, end);
  }
}

function findLineStarts(text: string): Uint32Array {
  const starts = [0];
  if (!text.includes("\r")) {
    // The native search beats a loop.
    for (let at = text.indexOf("\n") + 1; at > 0; at = text.indexOf("\n", at) + 1) starts.push(at);
    return Uint32Array.from(starts);
  }
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === LF) starts.push(i + 1);
    else if (code === CR) {
      if (text.charCodeAt(i + 1) === LF) i += 1;
      starts.push(i + 1);
    }
  }
  return Uint32Array.from(starts);
}
