/**
 * The front door of the library: from a text or a file to plain data in one call. Texts are ordinary
 * JavaScript strings here, data is plain, and errors are `NixError`s. Who wants to look at values before
 * they are evaluated, or at more than one, takes an `Evaluation`.
 */
import { Attrs, EvalError, Evaluation, type EvaluationOptions, type Slot } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { nodeIo } from "@nivis/node";
import { NixError } from "./nix-error.ts";
import { type NixData, toNixValue } from "./nix-value.ts";
import { type PlainData, type PlainOptions, toPlainData } from "./plain-data.ts";
import { select } from "./selection/attr-path.ts";
import { autoCall } from "./selection/auto-call.ts";

/** What {@link evaluate} and {@link evaluateFile} can be told. */
export interface EvaluateOptions extends Partial<EvaluationOptions> {
  /**
   * The evaluation to use, which keeps the files that it has evaluated. Unless given a new one is made, of
   * the other options; its world is this machine unless `io` is given.
   */
  readonly evaluation?: Evaluation;
  /** The directory that relative paths start from; the current directory unless given. */
  readonly basePath?: string | URL;
  /** What to select of the value: `a.b."c.d".0`, or the names one by one. */
  readonly attr?: string | readonly string[];
  /** What functions with formals are called with that stand where a value is wanted, as by `--arg`. */
  readonly args?: { readonly [name: string]: NixData };
  /** How the value is converted. */
  readonly plain?: PlainOptions;
}

/** Evaluates a text with everything inside. Throws a {@link NixError}. */
export function evaluate(text: string, options: EvaluateOptions = {}): PlainData {
  return evaluateWith(options, (evaluation) => {
    const { basePath } = options;
    const where = basePath === undefined ? {} : { basePath: pathOf(basePath) };
    return evaluation.loadText(encodeUtf8(text), where);
  });
}

/** Evaluates a file, or the `default.nix` of a directory, with everything inside. Throws a {@link NixError}. */
export function evaluateFile(file: string | URL, options: EvaluateOptions = {}): PlainData {
  return evaluateWith(options, (evaluation) => {
    const path = pathOf(file);
    evaluation.allowPath(path);
    return evaluation.loadFile(path);
  });
}

function evaluateWith(options: EvaluateOptions, load: (evaluation: Evaluation) => Slot): PlainData {
  const evaluation =
    options.evaluation ?? new Evaluation({ ...options, io: options.io ?? nodeIo() });
  const args = options.args === undefined ? Attrs.of([], []) : toNixValue(options.args, "args");
  const { context } = evaluation;
  try {
    const selected = evaluation.run(
      select(context, attrPath(options.attr ?? []), args as Attrs, load(evaluation)),
    );
    const value = evaluation.run(autoCall(context, args as Attrs, selected));
    return toPlainData(evaluation, value, options.plain);
  } catch (error) {
    if (error instanceof EvalError) throw new NixError(error, evaluation);
    throw error;
  }
}

function attrPath(attr: string | readonly string[]): string {
  if (typeof attr === "string") return encodeUtf8(attr);
  for (const name of attr) {
    if (name.includes('"')) throw new TypeError(`the name ${name} in 'attr' contains a quote`);
  }
  return attr.map((name) => encodeUtf8(/^[0-9]+$/.test(name) ? name : `"${name}"`)).join(".");
}

function pathOf(path: string | URL): string {
  if (typeof path === "string") return encodeUtf8(path);
  if (path.protocol !== "file:") throw new TypeError(`${path.href} is not a file: URL`);
  return encodeUtf8(decodeURIComponent(path.pathname));
}
