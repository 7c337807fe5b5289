/**
 * The output of `nix eval`: everything forced, on one line, derivations as `«derivation PATH»`, and
 * errors in place of the values that fail. It is here and not in print/ because it runs code.
 */
import { marked, tryParseStorePath } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { withTrace } from "../errors/from-world.ts";
import type { PosIdx } from "../position.ts";
import { LEFT, RIGHT } from "../print/literal.ts";
import { type PrintLimits, type PrintStyle, ValuePrinter } from "../print/value-printer.ts";
import type { Attrs } from "../value/attrs.ts";
import { type ContextString, type Slot, textOf } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { CoerceMode, coerceToString } from "./coerce.ts";
import { isDerivation } from "./is-derivation.ts";

const NO_LIMITS: Omit<PrintLimits, "maxNesting"> = {
  maxDepth: Number.POSITIVE_INFINITY,
  maxAttrs: Number.POSITIVE_INFINITY,
  maxItems: Number.POSITIVE_INFINITY,
  maxStringBytes: Number.POSITIVE_INFINITY,
};

/** How a value is printed. The defaults are those of `nix eval`. */
export interface PrettyOptions extends PrintStyle {
  /** The depth at which sets and lists print as `{ ... }` and `[ ... ]`. Defaults to none. */
  readonly maxDepth?: number;
}

/**
 * Prints a value as `nix eval` does, or with the options of a REPL. A part that fails prints as `«error: MESSAGE»`; only a stack
 * overflow or an interruption is thrown.
 */
export function printPretty(
  ctx: EvalContext,
  slot: Slot,
  options: PrettyOptions = {},
): Suspendable<string> {
  const hooks = {
    printDerivation: (set: Attrs) => printDerivation(ctx, set),
    work: () => ctx.limits?.work(1),
  };
  const { maxDepth = NO_LIMITS.maxDepth } = options;
  const limits = { ...NO_LIMITS, maxDepth, maxNesting: ctx.settings.maxCallDepth };
  return new ValuePrinter(limits, ctx.positions, hooks, options).print(slot);
}

function* printDerivation(ctx: EvalContext, set: Attrs): Suspendable<string | undefined> {
  if (!((yield isDerivation(set)) as boolean)) return undefined;
  const slot = set.get("drvPath");
  if (slot === undefined) return `${LEFT}derivation${RIGHT}`;
  const trace = "while evaluating the drvPath of a derivation";
  const path = (yield coerceToStorePath(ctx, slot, set.positionOf("drvPath"), trace)) as string;
  return `${LEFT}derivation ${path}${RIGHT}`;
}

/** Coerces a slot to a store path, canonical and including its store directory. */
export function* coerceToStorePath(
  ctx: EvalContext,
  slot: Slot,
  pos: PosIdx,
  trace: string,
): Suspendable<string> {
  const coerced = (yield coerceToString(ctx, slot, CoerceMode.Weak, pos, trace)) as
    | string
    | ContextString;
  const path = textOf(coerced);
  const baseName = tryParseStorePath(path, ctx.store.storeDir);
  if (baseName !== undefined) return `${ctx.store.storeDir}/${baseName}`;
  const message = marked`path '${path}' is not in the Nix store`;
  throw withTrace(new EvalError("invalid-path", message), pos, trace);
}
