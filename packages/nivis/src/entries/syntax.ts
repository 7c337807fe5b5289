/**
 * `nivis/syntax`: Nix texts without evaluating them: what is wrong with one, how it parses, edits
 * that keep everything else as it is. Offsets count UTF-16 units, as in JavaScript strings. The trees
 * themselves are in `@nivis/syntax`.
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import {
  addInput,
  applyFixes,
  flakeInputs,
  LINT_PARSE_OPTIONS,
  type LintDiagnostic,
  lint as lintTree,
  NixFile,
  type ParseResult,
  parse as parseTree,
  printExpr,
  removeInput,
  SourceFile,
  type Span,
  setInputRef,
  setInputUrl,
} from "@nivis/syntax";

/** Relative paths stay relative to the root, and the newest syntax is accepted. */
const PARSE_OPTIONS = { basePath: "/", home: "/", features: { pipeOperators: true } };

/** A range of a text, from `start` up to, but not including, `end`. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A mistake in a text, or a finding of the linter. */
export interface Finding {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly range: TextRange;
  /** Edits that remove a finding of the linter; absent if there are none. */
  readonly edits?: readonly Edit[];
}

/** A replacement of a range of a text. */
export interface Edit extends TextRange {
  readonly text: string;
}

/** An input of a flake. */
export interface FlakeInput {
  readonly name: string;
  /** The URL if it is a plain string. */
  readonly url: string | undefined;
  readonly follows: string | undefined;
}

/** Returns what is wrong with a text; nothing if it is a Nix expression. Never throws. */
export function check(text: string): Finding[] {
  const { parsed, rangeOf } = parsedText(text);
  return parsed.diagnostics.map(({ code, severity, message, span }) => ({
    code,
    severity,
    message: decodeUtf8(message),
    range: rangeOf(span),
  }));
}

/**
 * Returns the expression of a text in the form of `nix-instantiate --parse`: all parentheses, names in
 * order. Throws a `SyntaxError` for the first mistake.
 */
export function print(text: string): string {
  const source = new SourceFile({ kind: "string" }, encodeUtf8(text));
  const { expr, firstError } = parseTree(source, PARSE_OPTIONS);
  if (firstError !== undefined) throw new SyntaxError(decodeUtf8(firstError.message));
  return decodeUtf8(printExpr(expr));
}

/** Returns what the linter finds in a text; nothing if it does not parse. */
export function lint(text: string): Finding[] {
  const { parsed, rangeOf } = parsedText(text);
  return lintTree(parsed).map((found) => {
    const edits = found.fix?.edits.map((edit) => ({
      ...rangeOf(edit),
      text: decodeUtf8(edit.text),
    }));
    const { code, severity, message, span } = found;
    const finding = { code, severity, message: decodeUtf8(message), range: rangeOf(span) };
    return edits === undefined ? finding : { ...finding, edits };
  });
}

/** Applies the fixes of all findings that have one, and returns the text. */
export function fix(text: string): string {
  const { parsed } = parsedText(text);
  const findings: readonly LintDiagnostic[] = lintTree(parsed);
  return decodeUtf8(applyFixes(parsed.source.text, findings).text);
}

/**
 * A text to edit by the names in it. Comments and layout stay as they are. Paths are those of Nix:
 * `inputs.nixpkgs.url`. Methods that change the text throw an `EditError` if they cannot.
 */
export class EditableNix {
  readonly #file: NixFile;
  readonly #rangeOf: (span: Span) => TextRange;

  /** Throws an `EditError` if the text does not parse. */
  constructor(text: string) {
    this.#file = new NixFile(encodeUtf8(text));
    this.#rangeOf = rangesIn(text);
  }

  /** The text as it is now. */
  toString(): string {
    return decodeUtf8(this.#file.toString());
  }

  /** What changed, as edits of the text that was given first. */
  get edits(): readonly Edit[] {
    return this.#file.edits.map((edit) => ({
      ...this.#rangeOf(edit),
      text: decodeUtf8(edit.text),
    }));
  }

  /** The plain string at a path; `undefined` if there is none. */
  getString(path: string): string | undefined {
    const found = this.#file.getString(encodeUtf8(path));
    return found === undefined ? undefined : decodeUtf8(found);
  }

  /** Replaces the string at a path. */
  setString(path: string, value: string): this {
    this.#file.setString(encodeUtf8(path), encodeUtf8(value));
    return this;
  }

  /** The inputs of a `flake.nix`. */
  get flakeInputs(): FlakeInput[] {
    return flakeInputs(this.#file).map(({ name, url, follows }) => ({
      name: decodeUtf8(name),
      url: url === undefined ? undefined : decodeUtf8(url),
      follows: follows === undefined ? undefined : decodeUtf8(follows),
    }));
  }

  /** Adds an input to a `flake.nix`, and its name to the arguments of `outputs`. */
  addInput(name: string, url: string): this {
    addInput(this.#file, encodeUtf8(name), encodeUtf8(url));
    return this;
  }

  /** Gives an input another URL. */
  setInputUrl(name: string, url: string): this {
    setInputUrl(this.#file, encodeUtf8(name), encodeUtf8(url));
    return this;
  }

  /** Gives the URL of an input another branch, tag or revision. */
  setInputRef(name: string, ref: string): this {
    setInputRef(this.#file, encodeUtf8(name), encodeUtf8(ref));
    return this;
  }

  /** Removes an input, and its name from the arguments of `outputs`. */
  removeInput(name: string): this {
    removeInput(this.#file, encodeUtf8(name));
    return this;
  }
}

function parsedText(text: string): {
  readonly parsed: ParseResult;
  readonly rangeOf: (span: Span) => TextRange;
} {
  const source = new SourceFile({ kind: "string" }, encodeUtf8(text));
  return {
    parsed: parseTree(source, { ...PARSE_OPTIONS, ...LINT_PARSE_OPTIONS }),
    rangeOf: rangesIn(text),
  };
}

/** Returns a function from offsets in the UTF-8 of a text to offsets in the text. */
function rangesIn(text: string): (span: Span) => TextRange {
  let offsets: Uint32Array | undefined;
  const at = (byte: number): number => {
    offsets ??= unitOffsets(text);
    return offsets[Math.min(byte, offsets.length - 1)] as number;
  };
  return ({ start, end }) => ({ start: at(start), end: at(end) });
}

/** The offset in UTF-16 of each byte of the UTF-8 of a text, and of its end. */
function unitOffsets(text: string): Uint32Array {
  const bytes = encodeUtf8(text);
  const offsets = new Uint32Array(bytes.length + 1);
  let unit = -1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i);
    const isStart = (byte & 0xc0) !== 0x80;
    if (isStart) unit++;
    offsets[i] = unit;
    // Four bytes are two units.
    if (isStart && byte >= 0xf0) unit++;
  }
  offsets[bytes.length] = text.length;
  return offsets;
}
