/**
 * The simple interface of the library: from a text or a file to plain data in one call. Texts are
 * ordinary JavaScript strings, data is plain, and errors are `NixError`s. To work with values
 * before they are evaluated, or with several of them, use an `Evaluation`.
 */
import { Attrs, EvalError, Evaluation, type EvaluationOptions, type Slot } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { nodeIo } from "@nivis/node";
import { NixError } from "./nix-error.ts";
import { type NixData, toNixValue } from "./nix-value.ts";
import { type PlainData, type PlainOptions, toPlainData } from "./plain-data.ts";
import { select } from "./selection/attr-path.ts";
import { autoCall } from "./selection/auto-call.ts";

/** The options of {@link evaluate} and {@link evaluateFile}. */
export interface EvaluateOptions extends Partial<EvaluationOptions> {
  /**
   * The evaluation to use, which keeps the files that it has evaluated. Defaults to a new one made
   * from the other options, with this machine as its world unless `io` is given.
   */
  readonly evaluation?: Evaluation;
  /** The directory that relative paths start from. Defaults to the current directory. */
  readonly basePath?: string | URL;
  /**
   * The attribute of the value to return: `a.b."c.d".0`, or its names one by one. Defaults to the
   * whole value.
   */
  readonly attr?: string | readonly string[];
  /**
   * The arguments for functions with formals that occur where a value is needed, as with `--arg`.
   * Defaults to none.
   */
  readonly args?: { readonly [name: string]: NixData };
  /** How the value is converted. Defaults to the defaults of {@link PlainOptions}. */
  readonly plain?: PlainOptions;
}

/**
 * Evaluates a text deeply and returns its value as plain data. Throws a {@link NixError} if
 * evaluation or conversion fails, and a `TypeError` for options that make no sense.
 */
export function evaluate(text: string, options: EvaluateOptions = {}): PlainData {
  return evaluateWith(options, (evaluation) => {
    const { basePath } = options;
    const where = basePath === undefined ? {} : { basePath: pathOf(basePath) };
    return evaluation.loadText(encodeUtf8(text), where);
  });
}

/**
 * Evaluates a file, or the `default.nix` of a directory, deeply and returns its value as plain
 * data. Throws as {@link evaluate} does.
 */
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
