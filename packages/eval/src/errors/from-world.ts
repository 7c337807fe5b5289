/**
 * Errors from below: what the host (`IoError`) or a format (`FormatError`) threw, as an EvalError.
 *
 * Called where the evaluator touches the world, so that the traces of a builtin fit on whatever
 * failed, and by the VM for what a builtin let through. Messages pass unchanged; everything else,
 * JavaScript's own errors above all, is a bug and passes through untouched.
 */
import { FormatError, type FormatErrorKind } from "@nivis/formats";
import { IoError } from "../io.ts";
import { CALL_SITE, NO_POS, type PosIdx } from "../position.ts";
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

/** What engines say when a string or an array would be too long. */
const TOO_LONG = /^(?:Invalid (?:string|array) length|Out of memory)/;

/** The EvalError that an {@link IoError} or `FormatError` stands for; anything else comes back as it is. */
export function evalErrorOf(error: unknown): unknown {
  if (error instanceof EvalError) return error;
  if (error instanceof IoError) {
    return new EvalError(error.code === "RESTRICTED" ? "restricted" : "io", error.message);
  }
  if (error instanceof FormatError) return new EvalError(KIND_OF_FORMAT[error.kind], error.message);
  if (error instanceof RangeError && TOO_LONG.test(error.message)) {
    const message = "out of memory: a result is longer than this engine can hold";
    return new EvalError("limit-exceeded", message, CALL_SITE);
  }
  return error;
}

/** Adds a trace to an error of the program or the world; an empty text adds none. Returns what to throw. */
export function withTrace(error: unknown, pos: PosIdx, text: string, always = false): unknown {
  const evalError = evalErrorOf(error);
  if (evalError instanceof EvalError && text !== "") evalError.addTrace(pos, text, always);
  return evalError;
}

/** Adds a trace without a position; see {@link withTrace}. */
export function withPlainTrace(error: unknown, text: string): unknown {
  return withTrace(error, NO_POS, text);
}
