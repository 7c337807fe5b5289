/**
 * Coercion: converting a value to a string or a path.
 *
 * Interpolation, `+`, `toString`, derivation attributes and most builtins on text use it. A set is
 * replaced by the result of its `__toString` or `outPath`, repeatedly; a loop follows this nesting,
 * and elements of lists are sub-generators, so depth takes no native stack. `tryCoerce` returns
 * immediately for values that need no Nix code to run, `tryCoerceWhole` also for sets and lists of
 * such values.
 */
import { canonPath, colored, formatF6, marked, startOf } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf, withTrace } from "../errors/from-world.ts";
import type { PosIdx } from "../position.ts";
import { valueInError } from "../print/print.ts";
import { copyPathToStore } from "../store/copy-path.ts";
import { Attrs } from "../value/attrs.ts";
import { ContextUnion, contextOf, type StringContext, withContext } from "../value/context.ts";
import type { Int } from "../value/number.ts";
import { Thunk, valueOfForced } from "../value/thunk.ts";
import {
  ContextString,
  isList,
  NixFloat,
  NixPath,
  type Slot,
  textOf,
  typeWithArticle,
  type Value,
} from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import { CallRequest, ForceRequest, type Suspendable } from "../vm/requests.ts";
import { settled } from "./checks.ts";
import { CycleFinder, checkNesting, hasRoom } from "./nesting.ts";

/** The accepted types and the treatment of paths; bits to be combined. */
export const enum CoerceMode {
  /** Accepts strings, paths, and sets that convert to one. */
  Weak = 0,
  /** Also accepts numbers, Booleans, null and lists (C++: `coerceMore`). */
  Strong = 1,
  /**
   * Paths are copied to the store, and their store paths enter the context (C++: `copyToStore`).
   */
  CopyPaths = 2,
}

/** Returns an integer in decimal. */
function formatInt(value: Int): string {
  return value.toString();
}

/**
 * Coerces a value that needs neither Nix code nor the store; returns `undefined` for all others.
 */
export function tryCoerce(value: Slot, mode: CoerceMode): string | ContextString | undefined {
  if (typeof value === "string") return value;
  if (value instanceof ContextString) return value;
  if (value instanceof NixPath) return (mode & CoerceMode.CopyPaths) === 0 ? value.path : undefined;
  if ((mode & CoerceMode.Strong) === 0) return undefined;
  switch (typeof value) {
    case "number":
    case "bigint":
      return formatInt(value);
    case "boolean":
      return value ? "1" : "";
    default:
      if (value === null) return "";
      if (value instanceof NixFloat) return formatF6(value.value);
      return undefined;
  }
}

/**
 * Returns the text of a set that is known to convert to one: no `__toString`, and a forced
 * `outPath`.
 */
function tryOutPath(set: Attrs): string | ContextString | undefined {
  const outPath = set.get("outPath");
  if (outPath === undefined) return undefined;
  const value = settled(outPath);
  if (typeof value !== "string" && !(value instanceof ContextString)) return undefined;
  return set.has("__toString") ? undefined : value;
}

/**
 * Returns the suspended `outPath` of a set that converts to it, as most derivations do on first
 * use.
 */
function unforcedOutPath(set: Attrs): Thunk | undefined {
  const outPath = set.get("outPath");
  if (!(outPath instanceof Thunk) || valueOfForced(outPath) !== undefined) return undefined;
  return set.has("__toString") ? undefined : outPath;
}

/**
 * Returns the error of forcing {@link unforcedOutPath}, as it leaves {@link peelToStringOutPath}.
 */
function outPathFailed(error: unknown, pos: PosIdx, slot: Thunk): unknown {
  return withPeelTraces(error, [{ pos, what: "the `outPath` attribute", slot }]);
}

/** Coerces a list whose elements can all be coerced immediately and are not non-empty lists. */
function tryList(
  ctx: EvalContext,
  list: readonly Slot[],
  mode: CoerceMode,
): string | ContextString | undefined {
  ctx.limits?.work(1 + list.length);
  let result = "";
  const union = new ContextUnion();
  const last = list.length - 1;
  for (let i = 0; i <= last; i++) {
    const element = settled(list[i] as Slot);
    if (element === undefined) return undefined;
    if (isList(element)) {
      if (element.length > 0) return undefined;
      continue;
    }
    const text = tryElement(ctx, element, mode);
    if (text === undefined) return undefined;
    result += textOf(text);
    union.add(contextOf(text));
    if (i < last) result += " ";
  }
  return withContext(result, union.result);
}

function tryElement(
  ctx: EvalContext,
  value: Value,
  mode: CoerceMode,
): string | ContextString | undefined {
  if (value instanceof Attrs) return tryOutPath(value);
  return tryCoerce(value, mode) ?? tryCopied(ctx, value);
}

/** Returns the result of an earlier copy of a path; only for modes in which paths are copied. */
function tryCopied(ctx: EvalContext, value: Value): ContextString | undefined {
  return value instanceof NixPath
    ? ctx.caches.copiedPaths.get(ctx.caches.pathKeys.of(value))
    : undefined;
}

/**
 * Coerces a value if that needs neither Nix code nor a file: also finished derivations, lists of
 * these, and paths that have been copied. Returns `undefined` for all others.
 */
export function tryCoerceWhole(
  ctx: EvalContext,
  value: Value,
  mode: CoerceMode,
): string | ContextString | undefined {
  const text = tryCoerce(value, mode);
  if (text !== undefined || typeof value !== "object") return text;
  if (!hasRoom(ctx, 3)) return undefined;
  if (value instanceof Attrs) return tryOutPath(value);
  if (isList(value))
    return (mode & CoerceMode.Strong) === 0 ? undefined : tryList(ctx, value, mode);
  return tryCopied(ctx, value);
}

/** A trace to add if the following code fails. */
interface PendingTrace {
  readonly pos: PosIdx;
  readonly what: "the result of the `__toString` attribute" | "the `outPath` attribute";
  /**
   * The value in question; the trace says "evaluating" if it is still suspended when the error
   * occurs.
   */
  readonly slot: Slot;
}

/** The value that a set converts to, and the traces for errors about it. */
export interface Peeled {
  readonly value: Value;
  /** Whether a `__toString` was called on the way. */
  readonly throughToString: boolean;
  /** The traces, innermost last. */
  readonly traces: readonly PendingTrace[];
}

function isUnforced(slot: Slot): boolean {
  return slot instanceof Thunk && valueOfForced(slot) === undefined;
}

/** Adds the traces of {@link peelToStringOutPath} to an error from inside of the value. */
export function withPeelTraces(error: unknown, traces: readonly PendingTrace[]): unknown {
  let result = error;
  for (let i = traces.length - 1; i >= 0; i--) {
    const trace = traces[i] as PendingTrace;
    const verb = isUnforced(trace.slot) ? "evaluating" : "using";
    result = withTrace(
      result,
      trace.pos,
      `while ${startOf("magenta")}${colored("normal", verb)} ${trace.what}`,
    );
  }
  return result;
}

/**
 * Follows `__toString` and `outPath` until there is neither: the result is not a set, or a set that
 * converts to nothing. Errors on the way get their traces; the caller adds `traces` to its own
 * errors about the result.
 */
export function* peelToStringOutPath(
  ctx: EvalContext,
  slot: Slot,
  startPos: PosIdx,
): Suspendable<Peeled> {
  let value: Value = slot instanceof Thunk ? yield new ForceRequest(slot, startPos) : slot;
  if (!(value instanceof Attrs)) return { value, throughToString: false, traces: [] };
  const traces: PendingTrace[] = [];
  let throughToString = false;
  let pos = startPos;
  const { nesting } = ctx;
  const outside = nesting.levels;
  try {
    while (value instanceof Attrs) {
      const toStringSlot = value.get("__toString");
      const outerPos = pos;
      if (toStringSlot !== undefined) {
        pos = value.positionOf("__toString");
        try {
          value = (yield new CallRequest(toStringSlot, [value], pos)) as Value;
        } catch (error) {
          throw withTrace(error, pos, "while calling the `__toString` attribute");
        }
        throughToString = true;
        traces.push({ pos, what: "the result of the `__toString` attribute", slot: value });
      } else {
        const outPathSlot = value.get("outPath");
        if (outPathSlot === undefined) break;
        pos = value.positionOf("outPath");
        traces.push({ pos, what: "the `outPath` attribute", slot: outPathSlot });
        value = (
          outPathSlot instanceof Thunk ? yield new ForceRequest(outPathSlot, pos) : outPathSlot
        ) as Value;
      }
      checkNesting(ctx, outerPos);
      nesting.levels++;
    }
  } catch (error) {
    throw withPeelTraces(error, traces);
  } finally {
    nesting.levels = outside;
  }
  return { value, throughToString, traces };
}

function cannotCoerce(ctx: EvalContext, value: Value, pos: PosIdx, trace: string): unknown {
  const message = marked`cannot coerce ${typeWithArticle(value)} to a string: ${valueInError(value, ctx.positions)}`;
  return withTrace(new EvalError("type", message), pos, trace);
}

/**
 * Coerces a slot to a string. `pos` and `trace` make the trace of a type error; errors of forcing
 * the slot pass unchanged.
 */
export function* coerceToString(
  ctx: EvalContext,
  slot: Slot,
  mode: CoerceMode,
  pos: PosIdx,
  trace: string,
  open?: OpenLists,
): Suspendable<string | ContextString> {
  checkNesting(ctx, pos);
  const { nesting } = ctx;
  const outside = nesting.levels++;
  let traces: readonly PendingTrace[] = [];
  try {
    let value: Value = slot instanceof Thunk ? yield new ForceRequest(slot, pos) : slot;
    const quick = tryCoerceWhole(ctx, value, mode);
    if (quick !== undefined) return quick;
    if (value instanceof Attrs) {
      const outPath = unforcedOutPath(value);
      if (outPath !== undefined) {
        const outPos = value.positionOf("outPath");
        try {
          yield new ForceRequest(outPath, outPos);
        } catch (error) {
          throw outPathFailed(error, outPos, outPath);
        }
        const known = tryCoerceWhole(ctx, value, mode);
        if (known !== undefined) return known;
      }
      const peeled = (yield peelToStringOutPath(ctx, value, pos)) as Peeled;
      value = peeled.value;
      traces = peeled.traces;
      // The conversion of a set counts as inside of the set.
      nesting.levels += traces.length;
      if (!(value instanceof Attrs)) checkNesting(ctx, pos);
      nesting.levels++;
    }
    const text = tryCoerce(value, mode);
    if (text !== undefined) return text;
    if (value instanceof NixPath) {
      const path = value;
      const copy = (): ContextString => copyPathToStore(ctx, path);
      return now(copy) ?? ((yield attempt(copy)) as ContextString);
    }
    if (isList(value) && (mode & CoerceMode.Strong) !== 0) {
      return (yield coerceList(ctx, value, mode, pos, trace, open)) as string | ContextString;
    }
    throw cannotCoerce(ctx, value, pos, trace);
  } catch (error) {
    throw traces.length === 0 ? evalErrorOf(error) : withPeelTraces(error, traces);
  } finally {
    nesting.levels = outside;
  }
}

/** The lists that a coercion is inside of. */
interface OpenLists {
  readonly cycles: CycleFinder;
  /** Their number. */
  readonly depth: number;
}

function* coerceList(
  ctx: EvalContext,
  list: readonly Slot[],
  mode: CoerceMode,
  pos: PosIdx,
  trace: string,
  open: OpenLists = { cycles: new CycleFinder(ctx), depth: 0 },
): Suspendable<string | ContextString> {
  if (open.cycles.closesCycle(list, open.depth)) {
    const message = "cannot coerce a list that contains itself to a string";
    throw new EvalError("infinite-recursion", message, pos);
  }
  const inside: OpenLists = { cycles: open.cycles, depth: open.depth + 1 };
  let result = "";
  const union = new ContextUnion();
  const last = list.length - 1;
  const { nesting } = ctx;
  const outside = nesting.levels;
  ctx.limits?.work(1 + list.length);
  if (last >= 0) checkNesting(ctx, pos);
  for (let i = 0; i <= last; i++) {
    const slot = list[i] as Slot;
    let element: Value;
    let text: string | ContextString | undefined;
    try {
      // Inside of the list and, as part of its coercion, of the element.
      nesting.levels = outside + 1;
      element = slot instanceof Thunk ? yield new ForceRequest(slot, pos) : slot;
      nesting.levels = outside;
      text = tryCoerceWhole(ctx, element, mode);
      if (text === undefined && element instanceof Attrs && hasRoom(ctx, 1)) {
        const outPath = unforcedOutPath(element);
        if (outPath !== undefined) {
          const outPos = element.positionOf("outPath");
          nesting.levels = outside + 1;
          try {
            yield new ForceRequest(outPath, outPos);
          } catch (error) {
            throw outPathFailed(error, outPos, outPath);
          }
          nesting.levels = outside;
          text = tryCoerceWhole(ctx, element, mode);
        }
      }
      if (text === undefined) {
        text = (yield coerceToString(
          ctx,
          element,
          mode,
          pos,
          "while evaluating one element of the list",
          inside,
        )) as string | ContextString;
      }
    } catch (error) {
      throw withTrace(error, pos, trace);
    }
    result += textOf(text);
    union.add(contextOf(text));
    // Nix: only an element that is itself an empty list is not followed by a separator.
    if (i < last && !(isList(element) && element.length === 0)) result += " ";
  }
  return withContext(result, union.result);
}

/** U+2400 in UTF-8, which stands for NUL in messages. */
const NUL_PICTURE = "\xe2\x90\x80";

/** A path, and the context of the string that it was converted from. */
export interface PathWithContext {
  readonly path: NixPath;
  readonly context: StringContext | undefined;
}

/** Coerces a slot to a path; strings are paths of the host's file system. */
export function* coerceToPath(
  ctx: EvalContext,
  slot: Slot,
  pos: PosIdx,
  trace: string,
): Suspendable<PathWithContext> {
  const { value, traces } = (yield peelToStringOutPath(ctx, slot, pos)) as Peeled;
  if (value instanceof NixPath) return { path: value, context: undefined };
  try {
    const text = tryCoerce(value, CoerceMode.Weak);
    if (text === undefined) throw cannotCoerce(ctx, value, pos, trace);
    const path = textOf(text);
    if (!path.startsWith("/")) {
      const message = marked`string '${path}' doesn't represent an absolute path`;
      throw withTrace(new EvalError("value", message), pos, trace);
    }
    if (path.includes("\0")) {
      const shown = path.replaceAll("\0", NUL_PICTURE);
      throw new EvalError(
        "value",
        marked`path segment '${shown}' must not contain null (\\0) bytes`,
      );
    }
    return { path: new NixPath(canonPath(path)), context: contextOf(text) };
  } catch (error) {
    throw withPeelTraces(error, traces);
  }
}
