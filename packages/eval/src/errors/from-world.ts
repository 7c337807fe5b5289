/**
 * Converts errors of the host (`IoError`) and of the formats (`FormatError`) to EvalErrors.
 *
 * It is called where the evaluator accesses the host, so that the traces of a builtin are added to
 * any failure, and by the VM for errors that a builtin did not convert. Messages pass unchanged.
 * Any other exception, above all JavaScript's own errors, is a bug and passes unchanged.
 */
import {
  FormatError,
  type FormatErrorKind,
  HASH_MISMATCH_EXIT_CODE,
  InputError,
  type MarkedText,
  type TextPlace,
} from "@nivis/formats";
import { SourceFile } from "@nivis/syntax";
import { IoError } from "../io.ts";
import {
  CALL_SITE,
  NO_POS,
  NO_TRACE_POS,
  type PosIdx,
  type PositionTable,
  positionIn,
} from "../position.ts";
import { EvalError } from "./eval-error.ts";
import type { ErrorKind } from "./kinds.ts";

const KIND_OF_FORMAT: Record<FormatErrorKind, ErrorKind> = {
  "bad-hash": "value",
  "bad-store-path": "invalid-path",
  "bad-store-path-name": "invalid-path",
  usage: "usage",
  "bad-url": "value",
  format: "value",
  serialisation: "value",
  "json-parse": "value",
  "toml-parse": "value",
  error: "value",
};

/** The messages of engines for a string or an array that would be too long. */
const TOO_LONG = /^(?:Invalid (?:string|array) length|Out of memory)/;

/**
 * Returns the EvalError for an {@link IoError} or `FormatError`; any other error is returned
 * unchanged.
 */
export function evalErrorOf(error: unknown): unknown {
  if (error instanceof EvalError) return error;
  if (error instanceof IoError) {
    const result = new EvalError(error.code === "RESTRICTED" ? "restricted" : "io", error.text);
    result.exitCode = error.exitCode;
    return result;
  }
  if (error instanceof InputError) return errorOfInput(error);
  if (error instanceof FormatError) {
    const result = new EvalError(KIND_OF_FORMAT[error.kind], error.text);
    for (const trace of error.traces) result.addTrace(NO_POS, trace);
    return result;
  }
  if (error instanceof RangeError && TOO_LONG.test(error.message)) {
    const message = "out of memory: a result is longer than this engine can hold";
    return new EvalError("limit-exceeded", message, CALL_SITE);
  }
  return error;
}

/** Returns the EvalError for an error about an input of a fetcher; its notes become traces. */
function errorOfInput(error: InputError): EvalError {
  const isMismatch = error.exitCode === HASH_MISMATCH_EXIT_CODE;
  const result = new EvalError(isMismatch ? "hash-mismatch" : "fetch", error.text);
  for (const { text } of error.notes) result.addTrace(NO_POS, text);
  return result;
}

/**
 * {@link evalErrorOf} with the places in texts that an error about an input names, such as a
 * `flake.nix`; they become positions of the table.
 */
export function evalErrorWithPlaces(error: unknown, positions: PositionTable): unknown {
  const result = evalErrorOf(error);
  if (!(error instanceof InputError && result instanceof EvalError)) return result;
  const texts = new Map<string, PosIdx>();
  const positionOf = (place: TextPlace | undefined): PosIdx => {
    if (place === undefined) return NO_POS;
    const { file: path, text, offset } = place;
    const base = texts.get(path) ?? positions.add(new SourceFile({ kind: "file", path }, text));
    texts.set(path, base);
    return positionIn(base, offset);
  };
  result.pos = positionOf(error.place);
  result.traces.splice(0);
  for (const { text, place } of error.notes) result.addTrace(positionOf(place), text);
  return result;
}

/**
 * Adds a trace to an error of the program or the host. Returns the error to throw.
 *
 * Nix: a trace may be empty; only `--log-format internal-json` shows it.
 */
export function withTrace(error: unknown, pos: PosIdx, text: MarkedText, always = false): unknown {
  const evalError = evalErrorOf(error);
  if (evalError instanceof EvalError) evalError.addTrace(pos, text, always);
  return evalError;
}

/** Adds a trace without a position; see {@link withTrace}. */
export function withPlainTrace(error: unknown, text: MarkedText): unknown {
  return withTrace(error, NO_TRACE_POS, text);
}
