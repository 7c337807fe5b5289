/**
 * The modes in which a program is evaluated and printed, and the answers of Nivis.
 */

import { fileURLToPath } from "node:url";
import {
  Attrs,
  deepForce,
  EvalError,
  Evaluation,
  type EvaluationOptions,
  isList,
  type NixList,
  NO_POS,
  printAmbiguous,
  renderError,
  type Slot,
  Thunk,
  toJson,
  toXml,
  type Value,
} from "@nivis/eval";
import { nodeHashes, nodeIo } from "@nivis/node";
import { gistOfNivis } from "./failures.ts";

/** A way to evaluate and print a program. */
export type Mode = "strict" | "lazy" | "json" | "xml" | "xml-lazy" | "xml-located";

/** All modes, those that force little first, because they share the values of files. */
export const MODES: readonly Mode[] = ["lazy", "xml-lazy", "strict", "json", "xml", "xml-located"];

/** The flags of `nix-instantiate` for each mode. */
export const MODE_FLAGS: Readonly<Record<Mode, readonly string[]>> = {
  strict: ["--eval", "--strict"],
  lazy: ["--eval"],
  json: ["--eval", "--strict", "--json"],
  xml: ["--eval", "--strict", "--xml", "--no-location"],
  "xml-lazy": ["--eval", "--xml", "--no-location"],
  "xml-located": ["--eval", "--strict", "--xml"],
};

/** The folder in which programs are evaluated. */
export const fixture = fileURLToPath(new URL("./fixture", import.meta.url));

/** The outcome of a program. */
export type Outcome =
  | { readonly kind: "value"; readonly text: string }
  | {
      readonly kind: "failure";
      readonly failure: Failure;
      /** The common part of the messages; see `failures.ts`. */
      readonly gist: string;
      /** The whole message. */
      readonly message: string;
    };

/** How a program failed. */
export type Failure =
  /** By an error of the language. */
  | "error"
  /** By an internal error of the evaluator. */
  | "crash"
  /** By reaching outside of the fixture, so that it cannot be compared. */
  | "outside";

/** A program as an argument: the space keeps a negative number from being a flag. */
export function asArgument(program: string): string {
  return ` ${program}`;
}

/** The environment variables of programs. */
export const ENVIRONMENT = { HOME: "/fake-home", TEST_VAR: "foo" };

/** Thrown if a program reads something outside of the fixture, so that it cannot be compared. */
class OutsideError extends Error {}

/** An evaluation with Nivis that can read only the fixture. */
export function newEvaluation({
  settings,
  ...options
}: Pick<EvaluationOptions, "tier" | "tierStress" | "settings"> = {}): Evaluation {
  const io = nodeIo({ environment: ENVIRONMENT, log: () => {}, currentDirectory: fixture });
  const readDirectory = io.readDirectory.bind(io);
  io.readDirectory = (path) => {
    if (!`${path}/`.startsWith(`${fixture}/`)) throw new OutsideError(path);
    return readDirectory(path);
  };
  return new Evaluation({
    io,
    hashes: nodeHashes,
    // A malformed program may recurse infinitely.
    settings: { maxCallDepth: 10_000, ...settings },
    ...options,
  });
}

/** The answers of Nivis to a program in each mode, by a new evaluation unless one is given. */
export function askNivis(
  text: string,
  modes: readonly Mode[],
  evaluation = newEvaluation(),
): Map<Mode, Outcome> {
  return new Map(modes.map((mode) => [mode, outcomeOf(evaluation, text, mode)]));
}

function outcomeOf(evaluation: Evaluation, text: string, mode: Mode): Outcome {
  try {
    return { kind: "value", text: show(evaluation, text, mode) };
  } catch (error) {
    if (error instanceof OutsideError || error instanceof CyclicError) {
      return { kind: "failure", failure: "outside", gist: "", message: "" };
    }
    if (!(error instanceof EvalError)) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { kind: "failure", failure: "crash", gist: "", message };
    }
    // 2.8 has no limit other than its stack.
    if (error.kind === "stack-overflow") {
      return { kind: "failure", failure: "outside", gist: "", message: "" };
    }
    const message = renderError(error, evaluation.positions, { showTrace: true, color: false });
    return {
      kind: "failure",
      failure: "error",
      gist: gistOfNivis(error.kind, error.message),
      message,
    };
  }
}

/** The gists of all failures in the parts of a program's value, each part forced separately. */
export function failuresInside(text: string): ReadonlySet<string> {
  const evaluation = newEvaluation();
  const found = new Set<string>();
  const seen = new Set<Slot>();
  const visit = (part: () => Slot): void => {
    let value: Slot;
    try {
      value = part();
    } catch (error) {
      if (error instanceof EvalError) found.add(gistOfNivis(error.kind, error.message));
      return;
    }
    if (seen.has(value)) return;
    seen.add(value);
    const parts =
      value instanceof Attrs ? value.slots() : isList(value as Value) ? (value as NixList) : [];
    for (const slot of parts) visit(() => evaluation.force(slot));
  };
  visit(() => evaluation.evaluate(asArgument(text), { basePath: fixture }));
  return found;
}

/** Thrown for a cyclic value, whose JSON and XML are infinite (C++ Nix overflows its stack). */
class CyclicError extends Error {}

function show(evaluation: Evaluation, text: string, mode: Mode): string {
  const { context } = evaluation;
  const value: Value = evaluation.evaluate(asArgument(text), { basePath: fixture });
  if (mode === "lazy") return printAmbiguous(value);
  if (mode !== "xml-lazy") {
    try {
      evaluation.run(deepForce(context, value));
    } catch (error) {
      if (mode === "strict" || !(error instanceof EvalError)) throw error;
    }
  }
  if (mode === "strict") return printAmbiguous(value);
  if (containsItself(value, new Set(), new Set())) throw new CyclicError();
  if (mode === "json") {
    return evaluation.run(toJson(context, value, { copyPaths: true, strict: true, pos: NO_POS }))
      .text;
  }
  const options = { strict: mode !== "xml-lazy", location: mode === "xml-located" };
  return evaluation.run(toXml(context, value, options)).text;
}

/** Whether the evaluated part of a value has a cycle that does not pass through a derivation. */
function containsItself(slot: Slot, above: Set<Slot>, done: Set<Slot>): boolean {
  const value = slot instanceof Thunk ? (slot.code === null ? (slot.a as Slot) : undefined) : slot;
  if (value === undefined || !(value instanceof Attrs || isList(value as Value))) return false;
  if (above.has(value)) return true;
  if (done.has(value) || (value instanceof Attrs && value.has("drvPath"))) return false;
  above.add(value);
  const parts = value instanceof Attrs ? value.slots() : (value as NixList);
  const found = parts.some((part) => containsItself(part, above, done));
  above.delete(value);
  done.add(value);
  return found;
}
