/**
 * String contexts: which store paths a string depends on.
 *
 * A context is an immutable set of encoded elements, as C++ Nix encodes them:
 *
 *     /nix/store/hash-name            plain: the path itself (a source)
 *     !out!/nix/store/hash-name.drv   output: the output `out` of a derivation
 *     =/nix/store/hash-name.drv       drv-deep: a derivation with its whole closure
 *
 * (C++ Nix omits the store directory; full paths save work here and sort the same way.)
 * Contexts are shared freely: union returns one of its arguments whenever that suffices.
 */
import { ContextString } from "./value.ts";

/** Encoded elements; treated as immutable. */
export type StringContext = ReadonlySet<string>;

/** A decoded context element. */
export type ContextElement =
  | { readonly kind: "plain"; readonly path: string }
  | { readonly kind: "output"; readonly drvPath: string; readonly output: string }
  | { readonly kind: "drv-deep"; readonly drvPath: string };

/** Decodes a context element. */
export function decodeContextElement(element: string): ContextElement {
  if (element.startsWith("!")) {
    const end = element.indexOf("!", 1);
    return { kind: "output", output: element.slice(1, end), drvPath: element.slice(end + 1) };
  }
  if (element.startsWith("=")) return { kind: "drv-deep", drvPath: element.slice(1) };
  return { kind: "plain", path: element };
}

/** Encodes a context element. */
export function encodeContextElement(element: ContextElement): string {
  switch (element.kind) {
    case "plain":
      return element.path;
    case "output":
      return `!${element.output}!${element.drvPath}`;
    case "drv-deep":
      return `=${element.drvPath}`;
  }
}

/** The union of two contexts; `undefined` is the empty one. */
export function unionContext(
  a: StringContext | undefined,
  b: StringContext | undefined,
): StringContext | undefined {
  if (a === undefined || a === b) return b;
  if (b === undefined) return a;
  if (b.size > a.size) return unionContext(b, a);
  for (const element of b) {
    if (!a.has(element)) {
      const union = new Set(a);
      for (const other of b) union.add(other);
      return union;
    }
  }
  return a;
}

/**
 * The union of many contexts. The first one is shared until something is added to it and is then copied once;
 * calling {@link unionContext} for one after the other would copy each time.
 */
export class ContextUnion {
  /** The union of all contexts added so far. */
  result: StringContext | undefined = undefined;
  /** The result, if it is a copy made here. */
  private own: Set<string> | null = null;

  add(context: StringContext | undefined): void {
    const { result } = this;
    if (context === undefined || result === context) return;
    if (result === undefined) {
      this.result = context;
      return;
    }
    for (const element of context) {
      if (result.has(element)) continue;
      if (this.own === null) {
        this.own = new Set(result);
        this.result = this.own;
      }
      this.own.add(element);
    }
  }
}

/** The context of a value that is known to be a string. */
export function contextOf(value: string | ContextString): StringContext | undefined {
  return typeof value === "string" ? undefined : value.context;
}

/** A string value with a context; a plain string if the context is empty. */
export function withContext(
  text: string,
  context: StringContext | undefined,
): string | ContextString {
  return context === undefined || context.size === 0 ? text : new ContextString(text, context);
}
