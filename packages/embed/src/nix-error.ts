/**
 * NixError: an error of the evaluated program in the form that JavaScript expects. The machine
 * throws `EvalError`, possibly thousands of times in a program that uses `tryEval`, so it has
 * neither a stack nor UTF-16 text, and its positions are numbers of one evaluation. A session
 * converts the one that escapes into a NixError, which outlives the evaluation and consists of data,
 * so that it can be sent to another thread.
 */
import {
  type ErrorKind,
  type EvalError,
  type Evaluation,
  explainErrors,
  type PosIdx,
  renderError,
  renderJson,
  renderRich,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";

/** A position in a Nix text. */
export interface NixPosition {
  /** The path of the file, or `«string»`. */
  readonly file: string;
  /** Line number, starting at 1. */
  readonly line: number;
  /** Column number, starting at 1; counts bytes, as C++ Nix does. */
  readonly column: number;
}

/** The start or the end of a {@link NixSpan}. */
export interface NixPlace {
  /** The offset in bytes from the start of the text. */
  readonly offset: number;
  /** Line number, starting at 1. */
  readonly line: number;
  /** Column number, starting at 1; counts bytes. */
  readonly column: number;
}

/** A range of a Nix text. */
export interface NixSpan {
  /** The path of the file, or `«string»`. */
  readonly file: string;
  readonly origin: "file" | "string" | "stdin" | "internal";
  readonly start: NixPlace;
  readonly end: NixPlace;
}

/** A range of a text and its relation to the error. */
export interface NixLabel extends NixSpan {
  readonly message: string;
  /** Whether this is the position of the error itself. */
  readonly primary: boolean;
}

/** An entry of the trace of a {@link NixError}. */
export interface NixTrace {
  readonly message: string;
  readonly position: NixPosition | undefined;
}

/** A piece of advice. */
export interface NixHint {
  /** The stable name of the rule that gave it. */
  readonly rule: string;
  /** One or two sentences; code is in backticks. */
  readonly message: string;
}

/** The document of an error; docs/errors/README.md describes all of its fields. */
export interface NixErrorDocument {
  readonly severity: "error";
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly labels: readonly NixLabel[];
  readonly hints: readonly NixHint[];
  readonly suggestions: readonly string[];
}

/** Everything that a {@link NixError} consists of; a structured clone. */
export interface NixErrorData {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly catchable: boolean;
  readonly position: NixPosition | undefined;
  readonly trace: readonly NixTrace[];
  /** The documents as JSON: of a text with several mistakes one for each, else one. */
  readonly documents: readonly string[];
  /** The text that C++ Nix prints. */
  readonly text: string;
  /** The explanation with excerpts and hints. */
  readonly explanation: string;
}

/** An error of the evaluated program, with texts and positions of its own. */
export class NixError extends Error {
  override readonly name: string = "NixError";
  /** The code of the most specific cause: a diagnostic's for a syntax error, else the `kind`. */
  readonly code: string;
  /** The kind of the error, a row of `ERROR_KINDS`. */
  readonly kind: ErrorKind;
  /** Whether `builtins.tryEval` would have caught it. */
  readonly catchable: boolean;
  readonly position: NixPosition | undefined;
  /** Ranges in one text, the primary one first; empty if no position is known. */
  readonly labels: readonly NixLabel[];
  /** The trace of the error, innermost entry first. */
  readonly trace: readonly NixTrace[];
  readonly hints: readonly NixHint[];
  /** Names that were probably meant, best first. */
  readonly suggestions: readonly string[];
  readonly #data: NixErrorData;

  constructor(data: NixErrorData, options?: { readonly cause?: unknown }) {
    super(data.message, options);
    const document = JSON.parse(data.documents[0] as string) as NixErrorDocument;
    this.code = document.code;
    this.kind = data.kind;
    this.catchable = data.catchable;
    this.position = data.position;
    this.labels = document.labels;
    this.trace = data.trace;
    this.hints = document.hints;
    this.suggestions = document.suggestions;
    this.#data = data;
  }

  /** The data of the error, from which another thread can make it again. */
  get data(): NixErrorData {
    return this.#data;
  }

  /** The documents of all mistakes of a text that is not Nix; of other errors, its document. */
  get documents(): readonly NixErrorDocument[] {
    return this.#data.documents.map((text) => JSON.parse(text) as NixErrorDocument);
  }

  /** The text that C++ Nix prints, with excerpts and traces. */
  override toString(): string {
    return this.#data.text;
  }

  /** The text that `--diagnostics rich` prints: excerpts with labels, the trace, hints. */
  explain(): string {
    return this.#data.explanation;
  }

  /** The document that `--diagnostics json` prints. */
  toJSON(): NixErrorDocument {
    return JSON.parse(this.#data.documents[0] as string) as NixErrorDocument;
  }
}

/** Returns the error that an evaluation threw as a `NixError`. */
export function nixErrorOf(error: EvalError, evaluation: Evaluation): NixError {
  const { positions } = evaluation;
  const { settings } = evaluation.context;
  const explanations = explainErrors(error, positions, settings);
  const form = { showTrace: settings.showTrace, color: false };
  const data: NixErrorData = {
    kind: error.kind,
    message: decodeUtf8(error.message),
    catchable: error.catchable,
    position: positionOf(evaluation, error.pos),
    trace: error.traces
      .filter(({ text }) => text !== "")
      .map(({ message, pos }) => ({
        message: decodeUtf8(message),
        position: positionOf(evaluation, pos),
      })),
    documents: explanations.map((one) => decodeUtf8(renderJson(one))),
    text: decodeUtf8(renderError(error, positions, form)),
    explanation: decodeUtf8(explanations.map((one) => renderRich(one, form)).join("\n\n")),
  };
  return new NixError(data, { cause: error });
}

/** Returns the position of an index, or `undefined` for the unknown position. */
export function positionOf(evaluation: Evaluation, pos: PosIdx): NixPosition | undefined {
  const found = evaluation.positions.resolve(pos);
  if (found === undefined) return undefined;
  const { source, offset } = found;
  return { file: decodeUtf8(source.displayName), ...source.lineColumn(offset) };
}
