/**
 * NixError: an error of the evaluated program in the form that JavaScript expects. The machine
 * throws `EvalError`, possibly thousands of times in a program that uses `tryEval`, so it has
 * neither a stack nor UTF-16 text, and its positions are numbers of one evaluation. The front door
 * (front-door.ts) converts the one that escapes into a NixError, which outlives the evaluation.
 */
import {
  type ErrorKind,
  type EvalError,
  type Evaluation,
  explainError,
  type PosIdx,
  renderError,
  renderJson,
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

/** An entry of the trace of a {@link NixError}. */
export interface NixTrace {
  readonly message: string;
  readonly position: NixPosition | undefined;
}

/** An error of the evaluated program, with texts and positions of its own. */
export class NixError extends Error {
  override readonly name = "NixError";
  /** The code of the most specific cause: a diagnostic's for a syntax error, else the `kind`. */
  readonly code: string;
  /** The kind of the error, a row of `ERROR_KINDS`. */
  readonly kind: ErrorKind;
  readonly position: NixPosition | undefined;
  /** The trace of the error, innermost entry first. */
  readonly trace: readonly NixTrace[];
  readonly #rendered: string;
  readonly #json: string;

  constructor(error: EvalError, evaluation: Evaluation) {
    super(decodeUtf8(error.message), { cause: error });
    const { positions } = evaluation;
    const { settings } = evaluation.context;
    const explanation = explainError(error, positions, settings);
    this.code = explanation.code;
    this.kind = error.kind;
    this.position = positionOf(evaluation, error.pos);
    this.trace = error.traces.map(({ message, pos }) => ({
      message: decodeUtf8(message),
      position: positionOf(evaluation, pos),
    }));
    const form = { showTrace: settings.showTrace, color: false };
    this.#rendered = decodeUtf8(renderError(error, positions, form));
    this.#json = renderJson(explanation);
  }

  /** The text that C++ Nix prints, with excerpts and traces. */
  override toString(): string {
    return this.#rendered;
  }

  /** The document that `--diagnostics json` prints. */
  toJSON(): unknown {
    return JSON.parse(decodeUtf8(this.#json));
  }
}

function positionOf(evaluation: Evaluation, pos: PosIdx): NixPosition | undefined {
  const found = evaluation.positions.resolve(pos);
  if (found === undefined) return undefined;
  const { source, offset } = found;
  return { file: decodeUtf8(source.displayName), ...source.lineColumn(offset) };
}
