/**
 * Wanted paths: what a value stands for when it is to be built. A derivation stands for its
 * outputs, a string for what its context names, a path for its copy in the store. Source:
 * installable-attr-path.cc of libcmd, and PackageInfo::queryOutputs of libexpr.
 */
import {
  Attrs,
  CoerceMode,
  type ContextString,
  coerceToString,
  contextOf,
  decodeContextElement,
  type EvalContext,
  EvalError,
  isList,
  isString,
  NixPath,
  NO_POS,
  type PlacedSlot,
  type Slot,
  type Suspendable,
  singleDerivedPath,
  Thunk,
  textOf,
  type Value,
} from "@nivis/eval";
import {
  type DerivedPath,
  InputError,
  marked,
  parseSingleDerivedPath,
  type SingleDerivedPath,
  sortedBytes,
} from "@nivis/formats";
import { describePackage, findDerivations, type Package } from "./packages.ts";

/** Which outputs are wanted: those by name, all, or what the derivation itself wants installed. */
export type OutputChoice = readonly string[] | "all" | "default";

/** An argument such as `hello^out,dev`: what precedes the outputs, and the outputs. */
export interface SplitArgument {
  readonly head: string;
  readonly outputs: OutputChoice;
}

/** Takes `hello^out,dev` apart; bytes. */
export function splitOutputs(argument: string): SplitArgument {
  const at = argument.lastIndexOf("^");
  if (at < 0) return { head: argument, outputs: "default" };
  const head = argument.slice(0, at);
  const text = argument.slice(at + 1);
  if (text === "*") return { head, outputs: "all" };
  const names = text.split(",");
  if (names.some((name) => !/^[0-9a-zA-Z+\-._?=]+$/.test(name))) {
    throw new InputError(marked`invalid extended outputs specifier '${argument}'`);
  }
  return { head, outputs: sortedBytes(new Set(names)) };
}

/** What an argument led to, and how errors call it. */
export interface PlacedValue extends PlacedSlot {
  /** Such as `attribute 'a.b'`. */
  readonly name: string;
}

/** What a value stands for, by derivation path where there are several. */
export function* wantedPaths(
  ctx: EvalContext,
  placed: PlacedValue,
  args: Attrs,
  choice: OutputChoice,
): Suspendable<readonly DerivedPath[]> {
  const { slot } = placed;
  const value = (slot instanceof Thunk ? yield slot : slot) as Value;
  if (isString(value) || value instanceof NixPath) {
    return [(yield pathOfText(ctx, value, placed)) as DerivedPath];
  }
  const found = (yield findDerivations(ctx, value, args)) as readonly Attrs[];
  const byDerivation = new Map<string, Set<string> | "all">();
  for (const set of found) {
    const { drvPath } = (yield describePackage(ctx, set)) as Package;
    const outputs =
      choice === "default" ? ((yield outputsToInstall(ctx, set)) as readonly string[]) : choice;
    const known = byDerivation.get(drvPath);
    if (outputs === "all" || known === "all") byDerivation.set(drvPath, "all");
    else byDerivation.set(drvPath, new Set([...(known ?? []), ...outputs]));
  }
  return sortedBytes(new Set(byDerivation.keys())).map((drvPath): DerivedPath => {
    const outputs = byDerivation.get(drvPath) as Set<string> | "all";
    return {
      kind: "built",
      drv: { kind: "opaque", path: drvPath },
      outputs: outputs === "all" ? "all" : sortedBytes(outputs),
    };
  });
}

/** What a string that has to be the text of one path stands for, or a path. */
export function* pathOfText(
  ctx: EvalContext,
  value: string | ContextString | NixPath,
  { name, pos }: Omit<PlacedValue, "slot">,
): Suspendable<DerivedPath> {
  if (value instanceof NixPath) return ((yield textPath(ctx, value)) as TextPath).wanted;
  const element = singleDerivedPath(ctx, value, pos, `while evaluating the ${name}`);
  return derivedPathOfContext(element, ctx.store.storeDir);
}

/** A text, and the one thing in its context. */
export interface TextPath {
  readonly text: string;
  readonly wanted: DerivedPath;
}

/** What a string, a path, or a set that stands for one refers to. */
export function* textPath(ctx: EvalContext, value: Slot): Suspendable<TextPath> {
  const trace = "while evaluating what is to be built";
  const text = (yield coerceToString(ctx, value, CoerceMode.CopyPaths, NO_POS, trace)) as
    | string
    | ContextString;
  const context = [...(contextOf(text) ?? [])];
  const [element] = context;
  if (element === undefined || context.length > 1) {
    throw new EvalError(
      "value",
      marked`string '${textOf(text)}' has ${context.length} entries in its context. It should only have exactly one entry`,
    );
  }
  if (decodeContextElement(element).kind === "drv-deep") {
    throw new EvalError(
      "value",
      marked`string '${textOf(text)}' has a context which refers to a complete source and binary closure. This is not supported at this time`,
    );
  }
  return { text: textOf(text), wanted: derivedPathOfContext(element, ctx.store.storeDir) };
}

/** What an element of a context refers to; all outputs for a derivation with its closure. */
export function derivedPathOfContext(element: string, storeDir: string): DerivedPath {
  const decoded = decodeContextElement(element);
  switch (decoded.kind) {
    case "plain":
      return { kind: "opaque", path: decoded.path };
    case "drv-deep":
      return { kind: "built", drv: { kind: "opaque", path: decoded.drvPath }, outputs: "all" };
    case "output":
      return {
        kind: "built",
        drv: derivationOf(decoded.drvPath, storeDir),
        outputs: [decoded.output],
      };
  }
}

/** The derivation of a context element: `out!/nix/store/….drv` is an output of another. */
function derivationOf(drvPath: string, storeDir: string): SingleDerivedPath {
  return parseSingleDerivedPath(drvPath.split("!").reverse().join("^"), storeDir);
}

/** The outputs that a derivation wants to be installed. */
export function* outputsToInstall(ctx: EvalContext, set: Attrs): Suspendable<readonly string[]> {
  const outputs = set.has("outputs")
    ? ((yield texts(set.get("outputs") as Slot)) as string[])
    : ["out"];
  if (((yield attribute(set, "outputSpecified")) as Value | undefined) === true) {
    const { outputName } = (yield describePackage(ctx, set)) as Package;
    if (!outputs.includes(outputName)) {
      throw new EvalError("value", marked`derivation does not have output '${outputName}'`);
    }
    return [outputName];
  }
  const meta = (yield attribute(set, "meta")) as Value | undefined;
  const wanted = meta instanceof Attrs ? meta.get("outputsToInstall") : undefined;
  if (wanted === undefined) return outputs;
  const names = (yield texts(wanted)) as readonly string[];
  if (names.some((name) => !outputs.includes(name))) throw badOutputsToInstall();
  // Nix: a derivation that wants nothing to be installed still has an output to build.
  return names.length === 0 ? ["out"] : names;
}

function badOutputsToInstall(): EvalError {
  return new EvalError("value", "this derivation has bad 'meta.outputsToInstall'");
}

/** An attribute evaluated; `undefined` if there is none. */
function* attribute(set: Attrs, name: string): Suspendable<Value | undefined> {
  const slot = set.get(name);
  return slot instanceof Thunk ? ((yield slot) as Value) : (slot as Value | undefined);
}

/** A list of strings. */
function* texts(slot: Slot): Suspendable<readonly string[]> {
  const list = (slot instanceof Thunk ? yield slot : slot) as Value;
  if (!isList(list)) throw badOutputsToInstall();
  const result: string[] = [];
  for (const element of list) {
    const value = (element instanceof Thunk ? yield element : element) as Value;
    if (!isString(value)) throw badOutputsToInstall();
    result.push(textOf(value));
  }
  return result;
}

/** A string attribute of a set; `undefined` if there is none. */
export function* textAttribute(set: Attrs, name: string): Suspendable<string | undefined> {
  const value = (yield attribute(set, name)) as Value | undefined;
  return value !== undefined && isString(value) ? textOf(value) : undefined;
}
