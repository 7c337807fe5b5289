/**
 * What can be known of an expression without evaluating anything: names and selections through values that
 * are evaluated already. For hovers and completions, which must have no effect.
 */
import { Attrs, type Slot } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { type Expr, NodeKind, parse, SourceFile } from "@nivis/syntax";
import type { Debugger } from "../engine.ts";
import { type DebugFrame, namesIn, namespacesIn } from "../frames.ts";
import { knownSlot } from "./variables.ts";

/** The slot that an expression stands for; `undefined` if it would have to be evaluated. */
export function peekSlot(
  text: Bytes,
  frame: DebugFrame | undefined,
  debug: Debugger,
): Slot | undefined {
  const source = new SourceFile({ kind: "string" }, text);
  const { expr, firstError } = parse(source, { basePath: "/" });
  return firstError === undefined ? slotOf(expr, frame, debug) : undefined;
}

function slotOf(expr: Expr, frame: DebugFrame | undefined, debug: Debugger): Slot | undefined {
  if (expr.kind === NodeKind.Var) return slotOfName(expr.name, frame, debug);
  if (expr.kind !== NodeKind.Select || expr.fallback !== undefined) return undefined;
  let slot = slotOf(expr.base, frame, debug);
  for (const { name } of expr.path) {
    const set = knownSlot(slot);
    if (name === undefined || !(set instanceof Attrs)) return undefined;
    slot = set.get(name);
  }
  return slot;
}

function slotOfName(name: Bytes, frame: DebugFrame | undefined, debug: Debugger): Slot | undefined {
  const environment = frame?.environment;
  const lexical = namesIn(environment).get(name) ?? debug.evaluation.global(name);
  if (lexical !== undefined) return lexical;
  for (const namespace of namespacesIn(environment)) {
    const set = knownSlot(namespace);
    // The name may be in this set, so none further out can be taken.
    if (!(set instanceof Attrs)) return undefined;
    const found = set.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The names that can complete a text: those in scope, or behind a dot those of a known set. */
export function completionsOf(
  text: Bytes,
  frame: DebugFrame | undefined,
  debug: Debugger,
): { readonly start: number; readonly names: readonly Bytes[] } {
  const word = /(?:[a-zA-Z_][\w'-]*\.)*[a-zA-Z_]?[\w'-]*$/.exec(text)?.[0] ?? "";
  const dot = word.lastIndexOf(".");
  const prefix = word.slice(dot + 1);
  const start = text.length - prefix.length;
  return { start, names: candidates().filter((name) => name.startsWith(prefix)) };

  function candidates(): readonly Bytes[] {
    if (dot >= 0) {
      const set = knownSlot(peekSlot(word.slice(0, dot), frame, debug));
      return set instanceof Attrs ? set.sortedNames() : [];
    }
    const environment = frame?.environment;
    const names = new Set(namesIn(environment).keys());
    for (const namespace of namespacesIn(environment)) {
      const set = knownSlot(namespace);
      if (set instanceof Attrs) for (const name of set.names()) names.add(name);
    }
    const globals = debug.evaluation.globalNames.filter((name) => !name.startsWith("__"));
    return [...names, ...globals.filter((name) => !names.has(name))];
  }
}
