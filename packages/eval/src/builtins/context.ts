/** Builtins that inspect or change the context of strings. C++: primops/context.cc. */

import { isDerivationPath, isStorePath, marked, parseStorePath } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { WORK_PER_BUILTIN } from "../limits/meter.ts";
import { forcePlainString, typeMismatch } from "../operations/checks.ts";
import { CoerceMode, coerceToString } from "../operations/coerce.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { ensurePath } from "../store/realise.ts";
import { Attrs } from "../value/attrs.ts";
import {
  type ContextElement,
  contextOf,
  decodeContextElement,
  encodeContextElement,
  withContext,
} from "../value/context.ts";
import { nativeThunk } from "../value/thunk.ts";
import { ContextString, isList, isString, type Slot, textOf, type Value } from "../value/value.ts";
import { attempt } from "../vm/pending.ts";
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, coerced, plain, strict, suspending } from "./definition.ts";
import { forceAt, forceBoolAt } from "./force-at.ts";

type StringValue = string | ContextString;

/** Weak coercion that copies paths, as C++ Nix uses it here. */
function coerce(ctx: EvalContext, slot: Slot, trace: string): Suspendable<StringValue> {
  return coerceToString(ctx, slot, CoerceMode.CopyPaths, NO_POS, trace);
}

function* unsafeDiscardOutputDependency(ctx: EvalContext, slot: Slot): Suspendable<Slot> {
  const value = (yield coerce(
    ctx,
    slot,
    "while evaluating the argument passed to builtins.unsafeDiscardOutputDependency",
  )) as StringValue;
  if (typeof value === "string") return value;
  const context = new Set<string>();
  for (const element of value.context) {
    context.add(element.startsWith("=") ? element.slice(1) : element);
  }
  return new ContextString(value.text, context);
}

function* addDrvOutputDependencies(ctx: EvalContext, slot: Slot): Suspendable<Slot> {
  const value = (yield coerce(
    ctx,
    slot,
    "while evaluating the argument passed to builtins.addDrvOutputDependencies",
  )) as StringValue;
  const text = textOf(value);
  const elements = [...(contextOf(value) ?? [])];
  if (elements.length !== 1) {
    throw new EvalError(
      "value",
      marked`context of string '${text}' must have exactly one element, but has ${elements.length}`,
    ).atUnknownPos();
  }
  const element = decodeContextElement(elements[0] as string);
  switch (element.kind) {
    case "drv-deep":
      return value;
    case "output":
      throw new EvalError(
        "value",
        marked`\`addDrvOutputDependencies\` can only act on derivations, not on a derivation output such as '${element.output}'`,
      ).atUnknownPos();
    case "plain":
      if (!isDerivationPath(element.path)) {
        throw new EvalError(
          "value",
          marked`path '${element.path}' is not a derivation`,
        ).atUnknownPos();
      }
      return new ContextString(text, new Set([`=${element.path}`]));
  }
}

/** The part of a context that concerns one path. */
interface PathContext {
  path: boolean;
  allOutputs: boolean;
  readonly outputs: string[];
}

function getContext(_ctx: EvalContext, value: StringValue): Slot {
  const byPath = new Map<string, PathContext>();
  for (const encoded of [...(contextOf(value) ?? [])].sort()) {
    const element = decodeContextElement(encoded);
    const path = element.kind === "plain" ? element.path : element.drvPath;
    let info = byPath.get(path);
    if (info === undefined) {
      info = { path: false, allOutputs: false, outputs: [] };
      byPath.set(path, info);
    }
    if (element.kind === "plain") info.path = true;
    else if (element.kind === "drv-deep") info.allOutputs = true;
    else info.outputs.push(element.output);
  }
  const result = new Map<string, Slot>();
  for (const [path, info] of byPath) {
    if (path.includes("!")) {
      throw new EvalError(
        "not-supported",
        marked`cannot show the context of outputs of '${path}', which is not built`,
      );
    }
    const shown = new Map<string, Slot>();
    if (info.path) shown.set("path", true);
    if (info.allOutputs) shown.set("allOutputs", true);
    if (info.outputs.length > 0) shown.set("outputs", info.outputs);
    result.set(path, Attrs.fromMap(shown));
  }
  return Attrs.fromMap(result);
}

/** Returns the context elements that one entry of the second argument of `appendContext` adds. */
function* elementsOf(
  ctx: EvalContext,
  key: string,
  path: string,
  slot: Slot,
  pos: PosIdx,
): Suspendable<ContextElement[]> {
  const elements: ContextElement[] = [];
  const entry = (yield forceAt(
    slot,
    pos,
    "while evaluating the value of a string context",
  )) as Value;
  if (!(entry instanceof Attrs)) {
    throw typeMismatch(ctx, entry, "a set", "while evaluating the value of a string context", pos);
  }
  const pathSlot = entry.get("path");
  if (pathSlot !== undefined) {
    const text = "while evaluating the `path` attribute of a string context";
    const wanted = (yield forceBoolAt(ctx, pathSlot, entry.positionOf("path"), text)) as boolean;
    if (wanted) elements.push({ kind: "plain", path });
  }
  const allSlot = entry.get("allOutputs");
  if (allSlot !== undefined) {
    const text = "while evaluating the `allOutputs` attribute of a string context";
    const allPos = entry.positionOf("allOutputs");
    if ((yield forceBoolAt(ctx, allSlot, allPos, text)) as boolean) {
      if (!isDerivationPath(key)) {
        throw new EvalError(
          "value",
          marked`tried to add all-outputs context of ${printIdentifier(key)}, which is not a derivation, to a string`,
          pos,
        );
      }
      elements.push({ kind: "drv-deep", drvPath: path });
    }
  }
  const outputsSlot = entry.get("outputs");
  if (outputsSlot === undefined) return elements;
  const text = "while evaluating the `outputs` attribute of a string context";
  const outputsPos = entry.positionOf("outputs");
  const outputs = (yield forceAt(outputsSlot, outputsPos, text)) as Value;
  if (!isList(outputs)) {
    throw typeMismatch(ctx, outputs, "a list", "").addTrace(outputsPos, text);
  }
  if (outputs.length > 0 && !isDerivationPath(key)) {
    throw new EvalError(
      "value",
      marked`tried to add derivation output context of ${printIdentifier(key)}, which is not a derivation, to a string`,
      pos,
    );
  }
  for (const outputSlot of outputs) {
    const output = (yield forcePlainString(
      ctx,
      outputSlot,
      "while evaluating an output name within a string context",
      outputsPos,
    )) as string;
    elements.push({ kind: "output", drvPath: path, output });
  }
  return elements;
}

function* appendContext(ctx: EvalContext, value: StringValue, added: Attrs): Suspendable<Slot> {
  const context = new Set(contextOf(value));
  ctx.limits?.work(added.size() * WORK_PER_BUILTIN);
  for (const key of added.names()) {
    const pos = added.positionOf(key);
    if (!isStorePath(key, ctx.store.storeDir)) {
      throw new EvalError(
        "value",
        marked`context key '${printIdentifier(key)}' is not a store path`,
        pos,
      );
    }
    const path = `${ctx.store.storeDir}/${parseStorePath(key, ctx.store.storeDir)}`;
    yield attempt(() => ensurePath(ctx, path));
    const elements = (yield elementsOf(
      ctx,
      key,
      path,
      added.get(key) as Slot,
      pos,
    )) as ContextElement[];
    for (const element of elements) context.add(encodeContextElement(element));
  }
  return withContext(textOf(value), context);
}

/** The builtins of this file. */
export const contextBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "unsafeDiscardStringContext",
    args: args("s"),
    strict: [coerced(0)],
    doc: "The string *s* without its context, so that nothing depends on the paths it mentions.",
    run: (ctx, value: Value) => {
      if (isString(value)) return textOf(value);
      return nativeThunk(function* (): Suspendable<Slot> {
        const trace = "while evaluating the argument passed to builtins.unsafeDiscardStringContext";
        return textOf((yield coerce(ctx, value, trace)) as StringValue);
      });
    },
  }),
  plain({
    name: "hasContext",
    args: args("s"),
    strict: [strict(0, "string", "while evaluating the argument passed to builtins.hasContext")],
    doc: "Whether the string *s* has a context that is not empty.",
    run: (_ctx: EvalContext, value: StringValue) => typeof value !== "string",
  }),
  suspending({
    name: "unsafeDiscardOutputDependency",
    args: args("s"),
    strict: [],
    doc: "The string *s*, with derivations and their closures in its context replaced by the `.drv` files alone.",
    run: unsafeDiscardOutputDependency,
  }),
  suspending({
    name: "addDrvOutputDependencies",
    args: args("s"),
    strict: [],
    doc: "The string *s*, whose context is one `.drv` file, with the closure of that derivation in its context. The opposite of `unsafeDiscardOutputDependency`.",
    run: addDrvOutputDependencies,
  }),
  plain({
    name: "getContext",
    args: args("s"),
    strict: [strict(0, "string", "while evaluating the argument passed to builtins.getContext")],
    doc: "The context of the string *s* as a set: for each store path a set with `path = true` if the path itself is in it, `allOutputs = true` if it contains the derivation with its closure, and the names of single outputs in `outputs`.",
    run: getContext,
  }),
  suspending({
    name: "appendContext",
    args: args("s", "context"),
    strict: [
      strict(0, "string", "while evaluating the first argument passed to builtins.appendContext"),
      strict(1, "set", "while evaluating the second argument passed to builtins.appendContext"),
    ],
    doc: "The string *s* with *context* added to its own, in the form that `getContext` returns.",
    run: appendContext,
  }),
];
