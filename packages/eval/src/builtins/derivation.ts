/**
 * Derivations: `derivationStrict` and `placeholder`. The function `derivation`, which is written in
 * Nix, is in derivation-sources.ts.
 *
 * `derivationStrict` walks the attributes by name, coerces each to an environment variable or to
 * the JSON of structured attributes, turns the collected string contexts into inputs, and lets
 * `@nivis/formats` compute the paths. The hash modulo of each derivation is cached, so a derivation
 * is hashed once however many others use it. C++: primops.cc, derivationStrictInternal.
 */

import {
  type ContentAddressMethod,
  checkStorePathName,
  type Derivation,
  type DerivationInput,
  type DerivationOutput,
  DRV_EXTENSION,
  escapeJsonString,
  FormatError,
  finishDerivation,
  type HashAlgorithm,
  isDerivationPath,
  isOnlyOut,
  KnownInput,
  makeContentAddressedPath,
  marked,
  normalizeJson,
  outputPath,
  outputPlaceholder,
  parseContentAddressMethod,
  parseHashAllowEmpty,
  storePathBaseName,
  tryParseHashAlgorithm,
  uncolored,
  unknownOutputPlaceholder,
} from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError, Trace } from "../errors/eval-error.ts";
import { withTrace } from "../errors/from-world.ts";
import { plainWarning, reportedWarning } from "../errors/log-message.ts";
import { describePosition } from "../errors/position-text.ts";
import { hasFeature, requireFeature } from "../experimental-features.ts";
import { copyMount } from "../fetching/mounts.ts";
import {
  expectAttribute,
  expectBool,
  expectList,
  expectPlainString,
  expectString,
  forcePlainString,
  settled,
} from "../operations/checks.ts";
import { CoerceMode, coerceToString, tryCoerceWhole } from "../operations/coerce.ts";
import { type JsonText, toJson, tryAtomToJson } from "../operations/to-json.ts";
import { NO_POS, NO_TRACE_POS, type PosIdx } from "../position.ts";
import { closureOf, outputsOf, readDerivation } from "../store/closure.ts";
import { storeConfig } from "../store/copy-path.ts";
import { Attrs } from "../value/attrs.ts";
import { ContextUnion, decodeContextElement, type StringContext } from "../value/context.ts";
import { Shape } from "../value/shape.ts";
import { Thunk } from "../value/thunk.ts";
import { ContextString, type Slot, type Value } from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, plain, strict, suspending } from "./definition.ts";
import { forceBoolAt } from "./force-at.ts";

/** The system feature by which a builder submits its outputs itself. */
const BUILDER_RPC = "builder-rpc-v0";

type NixString = string | ContextString;

/** The output names of a derivation that does not name any. */
const ONLY_OUT_NAME: ReadonlySet<string> = new Set(["out"]);

/** A derivation under construction. */
interface Draft {
  readonly name: string;
  system: string;
  builder: string;
  args: readonly string[];
  /** The names of the environment variables except those of outputs, in order. */
  readonly names: string[];
  /** The values of the environment variables. */
  readonly values: string[];
  structuredAttrs: string | undefined;
  /** The contexts of all attributes; most strings share theirs. */
  readonly contexts: StringContext[];
  /** The members of the JSON object of structured attributes; `null` without these. */
  readonly json: string[] | null;
  outputs: ReadonlySet<string>;
  contentAddressed: boolean;
  impure: boolean;
  /** Whether the builder submits its outputs, which then are not variables. */
  submitsOutputs: boolean;
  outputHash: string | undefined;
  outputHashAlgorithm: HashAlgorithm | undefined;
  outputHashMethod: ContentAddressMethod | undefined;
}

/** The attributes that `outputChecks` replaces for structured attributes. */
const REPLACED_BY_OUTPUT_CHECKS: ReadonlySet<string> = new Set([
  "allowedReferences",
  "allowedRequisites",
  "disallowedReferences",
  "disallowedRequisites",
  "maxSize",
  "maxClosureSize",
]);

function addContext(draft: Draft, value: NixString): string {
  if (typeof value === "string") return value;
  addElements(draft, value.context);
  return value.text;
}

function addElements(draft: Draft, context: StringContext | undefined): void {
  if (context !== undefined && !draft.contexts.includes(context)) draft.contexts.push(context);
}

function checkDerivationName(name: string): void {
  try {
    checkStorePathName(name);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new EvalError(
      "value",
      marked`invalid derivation name: ${uncolored(error.text)}. Please pass a different '${"name"}'.`,
    );
  }
}

/** Forces an attribute that must be a Boolean; returns `false` if it is absent. */
function* forceFlag(ctx: EvalContext, attrs: Attrs, name: string): Suspendable<boolean> {
  const slot = attrs.get(name);
  if (slot === undefined) return false;
  const text = `while evaluating the \`${name}\` attribute passed to builtins.derivationStrict`;
  return (yield forceBoolAt(ctx, slot, NO_POS, text)) as boolean;
}

const NO_ARGUMENTS: readonly string[] = [];

/** Returns an empty draft. It lives while the attributes are forced, so it is small. */
function newDraft(name: string, structured: boolean): Draft {
  return {
    name,
    system: "",
    builder: "",
    args: NO_ARGUMENTS,
    names: [],
    values: [],
    structuredAttrs: undefined,
    contexts: [],
    json: structured ? [] : null,
    outputs: ONLY_OUT_NAME,
    contentAddressed: false,
    impure: false,
    submitsOutputs: false,
    outputHash: undefined,
    outputHashAlgorithm: undefined,
    outputHashMethod: undefined,
  };
}

/** The coercion of attributes and arguments to text. */
const VARIABLE_MODE = CoerceMode.Strong | CoerceMode.CopyPaths;

const NAME_TRACE = "while evaluating the `name` attribute passed to builtins.derivationStrict";

function* derivationStrict(ctx: EvalContext, attrs: Attrs): Suspendable<Slot> {
  const nameSlot = expectAttribute(
    attrs,
    "name",
    "in the attrset passed as argument to builtins.derivationStrict",
  );
  const known = settled(nameSlot);
  let name: string;
  try {
    name =
      typeof known === "string"
        ? known
        : ((yield forcePlainString(ctx, nameSlot, NAME_TRACE)) as string);
  } catch (error) {
    throw withTrace(
      error,
      attrs.positionOf("name"),
      "while evaluating the derivation attribute 'name'",
    );
  }
  try {
    checkDerivationName(name);
    const structured =
      attrs.has("__structuredAttrs") &&
      ((yield forceFlag(ctx, attrs, "__structuredAttrs")) as boolean);
    const ignoreNulls =
      attrs.has("__ignoreNulls") && ((yield forceFlag(ctx, attrs, "__ignoreNulls")) as boolean);
    const draft = newDraft(name, structured);
    const names = attrs.sortedNames();
    const slots = attrs.sortedSlots();
    for (let i = 0; i < names.length; i++) {
      const key = names[i] as string;
      if (key === "__ignoreNulls") continue;
      const slot = slots[i] as Slot;
      try {
        // Errors of forcing get only this attribute's trace (C++ passes an empty context here).
        const value = (
          slot instanceof Thunk ? (slot.code === null ? slot.a : yield slot) : slot
        ) as Value;
        if (addAtOnce(ctx, draft, key, value, ignoreNulls, attrs)) continue;
        if (key === "args") yield addArguments(ctx, draft, value);
        else if (draft.json !== null) yield addStructured(ctx, draft, key, value, attrs);
        else {
          const text = (yield coerceToString(ctx, value, VARIABLE_MODE, NO_POS, "")) as NixString;
          addVariable(ctx, draft, key, text, attrs);
        }
      } catch (error) {
        throw withTrace(
          error,
          attrs.positionOf(key),
          marked`while evaluating attribute '${printIdentifier(key)}' of derivation '${name}'`,
        );
      }
    }
    if (draft.json !== null) draft.structuredAttrs = `{${draft.json.join(",")}}`;
    const drv = derivationOf(draft);
    // Each step may run twice; the second time it finds the results of the first in the derivation.
    const complete = (): Attrs => {
      addInputs(ctx, draft, drv);
      checkRequired(draft);
      setOutputs(ctx, draft, drv);
      return finish(ctx, draft, drv);
    };
    return now(complete) ?? ((yield attempt(complete)) as Attrs);
  } catch (error) {
    const where = describePosition(ctx.positions, attrs.positionOf("name"));
    const text = marked`while evaluating derivation '${name}'\n  whose name attribute is located at ${where}`;
    throw withTrace(error, NO_TRACE_POS, text, true);
  }
}

/** Adds an attribute if that takes no Nix code; returns whether it did. */
function addAtOnce(
  ctx: EvalContext,
  draft: Draft,
  key: string,
  value: Value,
  ignoreNulls: boolean,
  attrs: Attrs,
): boolean {
  if (ignoreNulls && value === null) return true;
  switch (key) {
    case "__contentAddressed":
      draft.contentAddressed = expectBool(ctx, value, "");
      if (draft.contentAddressed) requireFeature(ctx, "ca-derivations");
      return true;
    case "__impure":
      draft.impure = expectBool(ctx, value, "");
      if (draft.impure) requireFeature(ctx, "impure-derivations");
      return true;
    case "args":
      return addKnownArguments(ctx, draft, value);
    default:
  }
  if (draft.json !== null) return addStructuredAtom(ctx, draft, key, value);
  const text = tryCoerceWhole(ctx, value, VARIABLE_MODE);
  if (text === undefined) return false;
  addVariable(ctx, draft, key, text, attrs);
  return true;
}

function addVariable(
  ctx: EvalContext,
  draft: Draft,
  key: string,
  text: NixString,
  attrs: Attrs,
): void {
  const variable = addContext(draft, text);
  if (MEANINGFUL.has(key)) addMeaningful(ctx, draft, key, variable, attrs);
  else setVariable(draft, key, variable);
}

function setVariable(draft: Draft, name: string, value: string): void {
  draft.names.push(name);
  draft.values.push(value);
}

/** Adds the arguments of the builder if that takes no Nix code; returns whether it did. */
function addKnownArguments(ctx: EvalContext, draft: Draft, value: Value): boolean {
  const list = expectList(ctx, value, "");
  const texts: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const element = settled(list[i] as Slot);
    const text = element === undefined ? undefined : tryCoerceWhole(ctx, element, VARIABLE_MODE);
    if (text === undefined) return false;
    texts.push(addContext(draft, text));
  }
  draft.args = texts;
  return true;
}

/** Adds the attribute `args`, the arguments of the builder. */
function* addArguments(ctx: EvalContext, draft: Draft, value: Value): Suspendable<undefined> {
  const trace = "while evaluating an element of the argument list";
  const texts: string[] = [];
  for (const slot of expectList(ctx, value, "")) {
    const element: Value = slot instanceof Thunk ? yield slot : slot;
    const text =
      tryCoerceWhole(ctx, element, VARIABLE_MODE) ??
      ((yield coerceToString(ctx, element, VARIABLE_MODE, NO_POS, trace)) as NixString);
    texts.push(addContext(draft, text));
  }
  draft.args = texts;
  return undefined;
}

/** Variables that have a meaning for Nix besides that for the builder. */
const MEANINGFUL: ReadonlySet<string> = new Set([
  "__json",
  "builder",
  "system",
  "outputHash",
  "outputHashAlgo",
  "outputHashMode",
  "outputs",
  "requiredSystemFeatures",
]);

/** Adds an attribute that becomes an environment variable and is in {@link MEANINGFUL}. */
function addMeaningful(
  ctx: EvalContext,
  draft: Draft,
  key: string,
  text: string,
  attrs: Attrs,
): void {
  if (key === "__json") {
    warnAttribute(
      ctx,
      draft,
      attrs.positionOf(key),
      "setting structured attributes via '__json' is deprecated, and may be disallowed in future versions of Nix. Set '__structuredAttrs = true' instead.",
    );
    draft.structuredAttrs = parseStructuredAttrs(text);
    return;
  }
  setVariable(draft, key, text);
  switch (key) {
    case "builder":
      draft.builder = text;
      break;
    case "system":
      draft.system = text;
      break;
    case "outputHash":
      draft.outputHash = text;
      break;
    case "outputHashAlgo":
      setHashAlgorithm(ctx, draft, text);
      break;
    case "outputHashMode":
      setHashMode(ctx, draft, text);
      break;
    case "outputs":
      setOutputNames(draft, words(text));
      break;
    case "requiredSystemFeatures":
      if (hasFeature(ctx, "dynamic-derivations") && words(text).includes(BUILDER_RPC)) {
        draft.submitsOutputs = true;
      }
      break;
    default:
  }
}

function parseStructuredAttrs(text: string): string {
  try {
    return normalizeJson(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new EvalError("value", marked`cannot process __json attribute: ${error.message}`);
  }
}

/**
 * {@link addStructured} for strings, numbers and the like without a meaning for Nix; returns
 * whether it did.
 */
function addStructuredAtom(ctx: EvalContext, draft: Draft, key: string, value: Value): boolean {
  if (MEANINGFUL.has(key) || REPLACED_BY_OUTPUT_CHECKS.has(key)) return false;
  if (key === "__structuredAttrs") return true;
  const json = tryAtomToJson(ctx, value);
  if (json === undefined) return false;
  if (value instanceof ContextString) addElements(draft, value.context);
  (draft.json as string[]).push(`${escapeJsonString(key)}:${json}`);
  return true;
}

/** Adds an attribute that becomes a member of the JSON of structured attributes. */
function* addStructured(
  ctx: EvalContext,
  draft: Draft,
  key: string,
  value: Value,
  attrs: Attrs,
): Suspendable<undefined> {
  if (key === "__structuredAttrs") return undefined;
  const json = (yield toJson(ctx, value, { copyPaths: true, pos: NO_POS })) as JsonText;
  addElements(draft, json.context);
  (draft.json as string[]).push(`${escapeJsonString(key)}:${json.text}`);
  switch (key) {
    case "builder":
      draft.builder = addContext(draft, expectString(ctx, value, ""));
      break;
    case "system":
      draft.system = expectPlainString(ctx, value, "");
      break;
    case "outputHash":
      draft.outputHash = expectPlainString(ctx, value, "");
      break;
    case "outputHashAlgo":
      setHashAlgorithm(ctx, draft, expectPlainString(ctx, value, ""));
      break;
    case "outputHashMode":
      setHashMode(ctx, draft, expectPlainString(ctx, value, ""));
      break;
    case "outputs": {
      const names: string[] = [];
      for (const slot of expectList(ctx, value, "")) {
        names.push((yield forcePlainString(ctx, slot, "")) as string);
      }
      setOutputNames(draft, names);
      break;
    }
    case "requiredSystemFeatures":
      if (!hasFeature(ctx, "dynamic-derivations")) break;
      for (const slot of expectList(ctx, value, "")) {
        const element: Value = slot instanceof Thunk ? yield slot : slot;
        if (addContext(draft, expectString(ctx, element, "")) !== BUILDER_RPC) continue;
        draft.submitsOutputs = true;
        break;
      }
      break;
    default:
      if (REPLACED_BY_OUTPUT_CHECKS.has(key)) {
        warnAttribute(
          ctx,
          draft,
          attrs.positionOf(key),
          `'structuredAttrs' disables the effect of the derivation attribute '${key}'; use 'outputChecks.<output>.${key}' instead`,
        );
      }
  }
  return undefined;
}

function warnAttribute(ctx: EvalContext, draft: Draft, pos: PosIdx, message: string): void {
  const traces = [new Trace(NO_POS, marked`while evaluating derivation '${draft.name}'`)];
  ctx.io.log(reportedWarning(ctx.positions, message, pos, traces));
}

const BLANK = /[ \t\n\r]/;

function words(text: string): string[] {
  if (!BLANK.test(text)) return text === "" ? [] : [text];
  return text.split(/[ \t\n\r]+/).filter((word) => word !== "");
}

function setHashAlgorithm(ctx: EvalContext, draft: Draft, text: string): void {
  // Nix: an unknown name counts as none and is not an error (parseHashAlgoOpt).
  draft.outputHashAlgorithm = tryParseHashAlgorithm(text, (feature, reason) =>
    requireFeature(ctx, feature, reason),
  );
}

function setHashMode(ctx: EvalContext, draft: Draft, text: string): void {
  let method: ContentAddressMethod;
  try {
    method = text === "recursive" ? "nar" : parseContentAddressMethod(text);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new EvalError(
      "value",
      marked`invalid value '${text}' for 'outputHashMode' attribute`,
    ).atUnknownPos();
  }
  draft.outputHashMethod = method;
  if (method === "text") {
    requireFeature(
      ctx,
      "dynamic-derivations",
      `text-hashed derivation '${draft.name}', outputHashMode = "text"`,
    );
  }
  if (method === "git") requireFeature(ctx, "git-hashing");
}

function setOutputNames(draft: Draft, names: readonly string[]): void {
  const outputs = new Set<string>();
  for (const name of names) {
    if (outputs.has(name))
      throw new EvalError("value", marked`duplicate derivation output '${name}'`).atUnknownPos();
    if (name === "drvPath") {
      throw new EvalError("value", "invalid derivation output name 'drvPath'").atUnknownPos();
    }
    outputs.add(name);
  }
  if (outputs.size === 0) {
    throw new EvalError("value", "derivation cannot have an empty set of outputs").atUnknownPos();
  }
  draft.outputs = outputs;
}

/** Returns the derivation without the outputs and the consequences of contexts. */
function derivationOf(draft: Draft): Derivation {
  const env = new Map<string, string>();
  for (let i = 0; i < draft.names.length; i++) {
    env.set(draft.names[i] as string, draft.values[i] as string);
  }
  const drv: Derivation = {
    name: draft.name,
    outputs: new Map(),
    inputDrvs: new Map(),
    inputSrcs: new Set(),
    system: draft.system,
    builder: draft.builder,
    args: draft.args,
    env,
  };
  if (draft.structuredAttrs !== undefined) drv.structuredAttrs = draft.structuredAttrs;
  return drv;
}

/** Turns the collected contexts into the inputs of the derivation. */
function addInputs(ctx: EvalContext, draft: Draft, drv: Derivation): void {
  const { inputs } = ctx.caches;
  const all = new ContextUnion();
  for (const context of draft.contexts) all.add(context);
  for (const element of all.result ?? []) {
    const known = inputs.get(element);
    if (known === undefined) addElement(ctx, drv, element);
    else addKnownInput(drv, known);
  }
}

/** Adds the input of a context element, and caches it if it is a derivation with a hash modulo. */
function addElement(ctx: EvalContext, drv: Derivation, element: string): void {
  const { inputSrcs } = drv;
  const decoded = decodeContextElement(element);
  switch (decoded.kind) {
    case "plain":
      copyMount(ctx, decoded.path);
      inputSrcs.add(decoded.path);
      break;
    case "output": {
      const known = knownInput(ctx, decoded.drvPath, decoded.output);
      if (known === undefined) addInputOutput(drv, decoded.drvPath, decoded.output);
      else {
        ctx.caches.inputs.set(element, known);
        addKnownInput(drv, known);
      }
      break;
    }
    case "drv-deep":
      // The builder may inspect the whole graph, so all of it must exist.
      for (const path of closureOf(ctx, decoded.drvPath)) {
        inputSrcs.add(path);
        if (!isDerivationPath(path)) continue;
        for (const output of outputsOf(ctx, path).keys()) {
          addInputOutput(drv, path, output);
        }
      }
  }
}

/** Returns an output of a derivation as an input; `undefined` without a known hash modulo. */
function knownInput(ctx: EvalContext, drvPath: string, output: string): KnownInput | undefined {
  const modulo = ctx.caches.derivations.get(drvPath)?.modulo;
  if (modulo?.kind === "hash") return new KnownInput(drvPath, [output], modulo.hex);
  const hex = modulo?.kind === "fixed" && output === "out" ? modulo.outputs.get(output) : undefined;
  return hex === undefined ? undefined : new KnownInput(drvPath, [output], hex);
}

function addKnownInput({ inputDrvs }: Derivation, input: KnownInput): void {
  const { drvPath } = input;
  const earlier = inputDrvs.get(drvPath);
  if (earlier === undefined) inputDrvs.set(drvPath, input);
  else
    for (const output of input.outputs) {
      if (earlier instanceof KnownInput) inputDrvs.set(drvPath, earlier.with(output));
      else (earlier as MutableInput).outputs.add(output);
    }
}

interface MutableInput extends DerivationInput {
  readonly outputs: Set<string>;
  dynamicOutputs?: Map<string, MutableInput>;
}

/** Adds an output; `drvPath` may itself be an output of another: `out!/nix/store/….drv`. */
function addInputOutput(drv: Derivation, drvPath: string, output: string): void {
  const parts = drvPath.includes("!") ? drvPath.split("!") : [drvPath];
  const root = parts.pop() as string;
  const known = drv.inputDrvs.get(root);
  let input: MutableInput;
  if (known === undefined || known instanceof KnownInput) {
    input = { outputs: new Set(known?.outputs) };
    drv.inputDrvs.set(root, input);
  } else input = known as MutableInput;
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    input.dynamicOutputs ??= new Map();
    let next = input.dynamicOutputs.get(part);
    if (next === undefined) {
      next = { outputs: new Set() };
      input.dynamicOutputs.set(part, next);
    }
    input = next;
  }
  input.outputs.add(output);
}

function checkRequired(draft: Draft): void {
  const { name } = draft;
  if (draft.builder === "")
    throw new EvalError("value", "required attribute 'builder' missing").atUnknownPos();
  if (draft.system === "")
    throw new EvalError("value", "required attribute 'system' missing").atUnknownPos();
  const makesDerivation = draft.outputHashMethod === "text" && isOnlyOut(draft.outputs);
  if (isDerivationPath(name) && !makesDerivation) {
    throw new EvalError(
      "value",
      marked`derivation names are allowed to end in '${DRV_EXTENSION}' only if they produce a single derivation file`,
    ).atUnknownPos();
  }
}

const DEFERRED: DerivationOutput = { kind: "deferred" };

/**
 * Sets `drv.outputs` as far as they are known before hashing, and the variables named after them.
 */
function setOutputs(ctx: EvalContext, draft: Draft, drv: Derivation): void {
  const { outputs } = draft;
  if (draft.outputHash !== undefined) {
    setFixedOutput(ctx, draft, drv, draft.outputHash);
    return;
  }
  if (!draft.contentAddressed && !draft.impure) {
    for (const name of outputs) {
      drv.env.set(name, "");
      drv.outputs.set(name, DEFERRED);
    }
    return;
  }
  if (draft.contentAddressed && draft.impure) {
    throw new EvalError(
      "value",
      "derivation cannot be both content-addressed and impure",
    ).atUnknownPos();
  }
  const kind = draft.impure ? "impure" : "floating";
  const method = draft.outputHashMethod ?? "nar";
  const algorithm = draft.outputHashAlgorithm ?? "sha256";
  for (const name of outputs) {
    if (!draft.submitsOutputs) drv.env.set(name, outputPlaceholder(ctx.hashes, name));
    drv.outputs.set(name, { kind, method, algorithm });
  }
}

function setFixedOutput(ctx: EvalContext, draft: Draft, drv: Derivation, text: string): void {
  if (!isOnlyOut(draft.outputs)) {
    throw new EvalError(
      "value",
      "multiple outputs are not supported in fixed-output derivations",
    ).atUnknownPos();
  }
  const hash = parseHashAllowEmpty(
    text,
    draft.outputHashAlgorithm,
    (message) => ctx.io.log(plainWarning(message)),
    (feature, reason) => requireFeature(ctx, feature, reason),
  );
  const method = draft.outputHashMethod ?? "flat";
  const path = makeContentAddressedPath(storeConfig(ctx), drv.name, { method, hash });
  if (!draft.submitsOutputs) drv.env.set("out", path);
  drv.outputs.set("out", { kind: "fixed", method, hash, path });
}

/** The shape of the result if `out` is the only output. */
const ONLY_OUT = new Shape(["drvPath", "out"], null);

/** Computes the paths, writes the derivation, and returns the resulting set. */
function finish(ctx: EvalContext, draft: Draft, drv: Derivation): Attrs {
  const { caches } = ctx;
  const finished = finishDerivation(drv, {
    storeDir: ctx.store.storeDir,
    hashes: ctx.hashes,
    cache: caches.derivations,
    readDerivation: (path) => readDerivation(ctx, path),
  });
  const { drvPath } = finished;
  ctx.onDerivation?.(finished);
  if (!ctx.settings.readOnlyMode) ctx.store.addDerivation(finished);
  ctx.io.detail?.({ level: "chatty", text: `instantiated '${draft.name}' -> '${drvPath}'` });
  const values: Slot[] = [new ContextString(drvPath, new Set([`=${drvPath}`]))];
  for (const [name, output] of finished.outputs) {
    const text =
      outputPath(output) ??
      unknownOutputPlaceholder(ctx.hashes, storePathBaseName(drvPath), name).text;
    values.push(new ContextString(text, new Set([`!${name}!${drvPath}`])));
  }
  if (isOnlyOut(draft.outputs)) return new Attrs(ONLY_OUT, values);
  const names = ["drvPath", ...finished.outputs.keys()];
  return new Attrs(caches.shapes.share(names, null), values);
}

/** The builtins of this file. */
export const derivationBuiltins: readonly BuiltinDefinition[] = [
  suspending({
    name: "derivationStrict",
    args: args("attrs"),
    strict: [strict(0, "set", "while evaluating the argument passed to builtins.derivationStrict")],
    doc: "Creates a derivation from *attrs*, a set of attributes. The result contains its path as `drvPath` and the path of each output under the name of the output. Usually called through `derivation`.",
    run: derivationStrict,
  }),
  plain({
    name: "placeholder",
    args: args("output"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.placeholder",
      ),
    ],
    doc: "The text that stands for the path of the output *output* in the attributes of a derivation. The builder sees the real path in its place.",
    run: (ctx: EvalContext, output: string) => outputPlaceholder(ctx.hashes, output),
  }),
];
