/**
 * Equality: what `==` answers, and why two values differ when an assertion fails.
 *
 * Two slots that are the same object are equal without looking inside, which is how functions and
 * failing attributes inside a set compare equal to themselves. The operands of `==` are not slots
 * but fresh values, so there the short-cut does not hold: {@link equal} starts with slots (`elem`,
 * comparison of lists), {@link equalValues} with the operands of `==`.
 *
 * Nothing here recurses over the data: pairs still to be compared wait on a stack of the generator.
 */
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { printForError } from "../print/print.ts";
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import {
  ContextString,
  isList,
  NixFloat,
  type NixList,
  NixPath,
  type Slot,
  textOf,
  typeName,
  typeWithArticle,
  type Value,
} from "../value/value.ts";
import { ForceRequest, type Suspendable } from "../vm/requests.ts";
import { checkNesting } from "./nesting.ts";
import { firstNames, inSymbolOrder } from "../value/symbol-order.ts";

/** Whether two values of numeric type are equal; `undefined` if one of them is no number. */
function equalNumbers(a: Value, b: Value): boolean | undefined {
  if (typeof a === "number" || typeof a === "bigint") {
    if (typeof b === "number" || typeof b === "bigint") return a === b;
    return b instanceof NixFloat ? Number(a) === b.value : undefined;
  }
  if (a instanceof NixFloat) {
    if (b instanceof NixFloat) return a.value === b.value;
    return typeof b === "number" || typeof b === "bigint" ? a.value === Number(b) : undefined;
  }
  return undefined;
}

/**
 * `a == b` when that needs no evaluation; `undefined` when the values must be looked into.
 *
 * The operands are values, so the same function is not equal to itself.
 */
export function equalFast(a: Value, b: Value): boolean | undefined {
  if (typeof a === "string") {
    if (typeof b === "string") return a === b;
    return b instanceof ContextString ? a === b.text : false;
  }
  if (a === null || typeof a === "boolean") return a === b;
  const numbers = equalNumbers(a, b);
  if (numbers !== undefined) return numbers;
  if (a instanceof Attrs) return b instanceof Attrs ? undefined : false;
  if (isList(a)) {
    if (!isList(b) || a.length !== b.length) return false;
    return a.length === 0 ? true : undefined;
  }
  if (a instanceof ContextString) {
    return typeof b === "string" || b instanceof ContextString ? a.text === textOf(b) : false;
  }
  if (a instanceof NixPath) return b instanceof NixPath && a.path === b.path;
  return false;
}

/** Pairs that must all be equal: two lists of slots and how far they have been compared. */
interface Pairs {
  readonly left: readonly Slot[];
  readonly right: readonly Slot[];
  next: number;
  /** How many levels are around these pairs. */
  level: number;
}

/**
 * Whether two slots are equal; forces them and what is inside as far as needed.
 *
 * `errorContext` is part of the agreed signature of operations; comparing fails by itself only when
 * values are nested too deep, which is an error at `pos`.
 */
export function* equal(
  ctx: EvalContext,
  a: Slot,
  b: Slot,
  pos: PosIdx = NO_POS,
  errorContext = "",
): Suspendable<boolean> {
  checkNesting(ctx, pos);
  const { nesting } = ctx.caches;
  nesting.levels++;
  let left: Value;
  let right: Value;
  try {
    left = a instanceof Thunk ? yield new ForceRequest(a, pos) : a;
    right = b instanceof Thunk ? yield new ForceRequest(b, pos) : b;
  } finally {
    nesting.levels--;
  }
  if (a === b) return true;
  const fast = equalFast(left, right);
  return fast !== undefined
    ? fast
    : ((yield equalValues(ctx, left, right, pos, errorContext)) as boolean);
}

/** Whether two operands of `==` are equal. */
export function* equalValues(
  ctx: EvalContext,
  a: Value,
  b: Value,
  pos: PosIdx = NO_POS,
  _errorContext = "",
): Suspendable<boolean> {
  const stack: Pairs[] = [];
  const { nesting } = ctx.caches;
  const outside = nesting.levels;
  let left = a;
  let right = b;
  let level = 0;
  checkNesting(ctx, pos);
  nesting.levels++;
  try {
    for (;;) {
      const fast = equalFast(left, right);
      if (fast === false) return false;
      if (fast === undefined) {
        if (isList(left)) {
          stack.push({ left, right: right as NixList, next: 0, level });
        } else {
          const x = left as Attrs;
          const y = right as Attrs;
          const outPaths = x.has("type")
            ? ((yield derivationOutPaths(x, y)) as [Slot, Slot] | undefined)
            : undefined;
          const pairs = outPaths === undefined ? attributePairs(x, y) : derivationPair(outPaths);
          if (pairs === undefined) return false;
          pairs.level = level;
          stack.push(pairs);
        }
        const opened = stack[stack.length - 1] as Pairs;
        ctx.limits?.work(1 + opened.left.length);
        if (opened.left.length > 0) checkNesting(ctx, pos);
      }
      // The next pair of slots that are not one and the same.
      for (;;) {
        const pairs = stack[stack.length - 1];
        if (pairs === undefined) return true;
        const i = pairs.next++;
        level = pairs.level + 1;
        if (i + 1 >= pairs.left.length) {
          // Dropped before its last pair is compared: a chain of a million sets needs a stack of one.
          stack.pop();
          if (i >= pairs.left.length) continue;
        }
        const x = pairs.left[i] as Slot | undefined;
        const y = pairs.right[i] as Slot | undefined;
        // A name that the right side lacks.
        if (x === undefined || y === undefined) return false;
        nesting.levels = outside + level + 1;
        left = x as Value;
        if (x instanceof Thunk) {
          left = x.code === null ? (x.a as Value) : yield new ForceRequest(x, pos);
        }
        if (x === y) continue;
        right = y as Value;
        if (y instanceof Thunk) {
          right = y.code === null ? (y.a as Value) : yield new ForceRequest(y, pos);
        }
        break;
      }
    }
  } finally {
    nesting.levels = outside;
  }
}

function derivationPair(outPaths: [Slot, Slot]): Pairs {
  return { left: [outPaths[0]], right: [outPaths[1]], next: 0, level: 0 };
}

/** The attributes of both sets side by side; `undefined` when the sizes differ. */
function attributePairs(x: Attrs, y: Attrs): Pairs | undefined {
  const size = x.size;
  if (size !== y.size) return undefined;
  const slots = x.slots();
  const sameNames = x.shape === y.shape || x.shape.names === y.shape.names;
  // Where nothing can fail the order does not matter.
  if (sameNames) {
    const others = y.slots();
    if (slots.every(isSettled) && others.every(isSettled)) {
      return { left: slots, right: others, next: 0, level: 0 };
    }
  }
  // Nix: compares in the order of symbols, so an attribute before the first differing name may fail
  // first; the missing name ends the comparison when it is reached.
  const names = inSymbolOrder(x.names());
  const first = sameNames ? [] : firstNames(y.names());
  const left = new Array<Slot>(size);
  const right = new Array<Slot>(size);
  for (let i = 0; i < size; i++) {
    const name = names[i] as string;
    left[i] = x.get(name) as Slot;
    const slot = y.get(name);
    if (slot === undefined || (first[i] ?? name) !== name)
      return { left: left.slice(0, i + 1), right: right.slice(0, i), next: 0, level: 0 };
    right[i] = slot;
  }
  return { left, right, next: 0, level: 0 };
}

function isSettled(slot: Slot): boolean {
  return !(slot instanceof Thunk) || slot.code === null;
}

/** The `outPath`s of two sets if both are derivations and have one. */
function* derivationOutPaths(x: Attrs, y: Attrs): Suspendable<[Slot, Slot] | undefined> {
  const typeX = x.get("type");
  if (typeX === undefined) return undefined;
  const forcedX = (typeX instanceof Thunk ? yield typeX : typeX) as Value;
  if (!isDerivationType(forcedX)) return undefined;
  const typeY = y.get("type");
  if (typeY === undefined) return undefined;
  const forcedY = (typeY instanceof Thunk ? yield typeY : typeY) as Value;
  if (!isDerivationType(forcedY)) return undefined;
  const outX = x.get("outPath");
  const outY = y.get("outPath");
  return outX === undefined || outY === undefined ? undefined : [outX, outY];
}

function isDerivationType(value: Value): boolean {
  return value === "derivation" || (value instanceof ContextString && value.text === "derivation");
}

/** A level of {@link explainDifference}: what is compared there, and which pair is next. */
interface ExplainedLevel {
  readonly kind: "list" | "set" | "derivation";
  readonly left: readonly Slot[];
  readonly right: readonly Slot[];
  /** The names, for sets. */
  readonly names: readonly string[];
  readonly sets: readonly [Attrs, Attrs] | null;
  /** A name that the right set lacks, reported once all pairs before it turned out equal. */
  readonly missing: string | null;
  current: number;
}

/**
 * Throws the `assertion` error that says where `a` and `b` differ; returns when they are equal.
 *
 * `assert a == b; …` calls it when the comparison was false, with the position of the `==`. The
 * caller adds the trace that names the assertion. Follows `equalValues` step by step.
 */
export function* explainDifference(
  ctx: EvalContext,
  a: Value,
  b: Value,
  pos: PosIdx,
  _errorContext = "",
): Suspendable<undefined> {
  const stack: ExplainedLevel[] = [];
  const { nesting } = ctx.caches;
  const outside = nesting.levels;
  try {
    let left = a;
    let right = b;
    checkNesting(ctx, pos);
    nesting.levels++;
    for (;;) {
      const level = (yield explainPair(ctx, left, right)) as ExplainedLevel | undefined;
      if (level !== undefined) stack.push(level);
      for (;;) {
        const top = stack[stack.length - 1];
        if (top === undefined) return undefined;
        nesting.levels = outside + stack.length;
        top.current++;
        if (top.current === 0 && top.left.length > 0) checkNesting(ctx, pos);
        if (top.current >= top.left.length) {
          // A missing name is an error of the set itself, not of a pair inside it.
          stack.pop();
          if (top.missing !== null)
            throw missingName(ctx, top.missing, top.sets as readonly [Attrs, Attrs]);
          continue;
        }
        const x = top.left[top.current] as Slot;
        const y = top.right[top.current] as Slot;
        nesting.levels++;
        left = (x instanceof Thunk ? yield new ForceRequest(x, pos) : x) as Value;
        right = (y instanceof Thunk ? yield new ForceRequest(y, pos) : y) as Value;
        if (x === y) continue;
        break;
      }
    }
  } catch (error) {
    if (error instanceof EvalError) {
      for (let i = stack.length - 1; i >= 0; i--)
        addLevelTraces(error, stack[i] as ExplainedLevel, pos);
    }
    throw error;
  } finally {
    nesting.levels = outside;
  }
}

function addLevelTraces(error: EvalError, level: ExplainedLevel, pos: PosIdx): void {
  switch (level.kind) {
    case "list":
      error.addTrace(pos, `while comparing list element ${level.current}`);
      return;
    case "derivation":
      error.addTrace(pos, "while comparing a derivation by its 'outPath' attribute");
      return;
    case "set": {
      const name = level.names[level.current] as string;
      const [left, right] = level.sets as readonly [Attrs, Attrs];
      const rightPos = right.positionOf(name);
      if (rightPos !== NO_POS) error.addTrace(rightPos, "where right hand side is");
      const leftPos = left.positionOf(name);
      if (leftPos !== NO_POS) error.addTrace(leftPos, "where left hand side is");
      error.addTrace(pos, `while comparing attribute '${printIdentifier(name)}'`);
    }
  }
}

/** Compares one pair: throws when it differs, answers the level inside when it has one. */
function* explainPair(
  ctx: EvalContext,
  a: Value,
  b: Value,
): Suspendable<ExplainedLevel | undefined> {
  const numbers = equalNumbers(a, b);
  if (numbers === true) return undefined;
  const typeA = typeName(a);
  const typeB = typeName(b);
  if (numbers === false) {
    throw difference(
      `${typeWithArticle(a)} with value '${printForError(a, ctx.positions)}' is not equal to ${typeWithArticle(b)} with value '${printForError(b, ctx.positions)}'`,
    );
  }
  if (typeA !== typeB) {
    throw difference(
      `${typeWithArticle(a)} of value '${printForError(a, ctx.positions)}' is not equal to ${typeWithArticle(b)} of value '${printForError(b, ctx.positions)}'`,
    );
  }
  if (a instanceof Attrs)
    return (yield explainSets(ctx, a, b as Attrs)) as ExplainedLevel | undefined;
  if (isList(a)) return explainLists(ctx, a, b as NixList);
  if (typeA === "lambda") {
    throw difference(
      "distinct functions and immediate comparisons of identical functions compare as unequal",
    );
  }
  if (equalFast(a, b) === false) {
    const word = typeA === "bool" ? "boolean" : typeA;
    throw difference(
      `${word} '${printForError(a, ctx.positions)}' is not equal to ${word} '${printForError(b, ctx.positions)}'`,
    );
  }
  return undefined;
}

function explainLists(ctx: EvalContext, a: NixList, b: NixList): ExplainedLevel {
  if (a.length !== b.length) {
    throw difference(
      `list of size '${a.length}' is not equal to list of size '${b.length}', left hand side is '${printForError(a, ctx.positions)}', right hand side is '${printForError(b, ctx.positions)}'`,
    );
  }
  return { kind: "list", left: a, right: b, names: [], sets: null, missing: null, current: -1 };
}

function* explainSets(ctx: EvalContext, a: Attrs, b: Attrs): Suspendable<ExplainedLevel> {
  const outPaths = (yield derivationOutPaths(a, b)) as [Slot, Slot] | undefined;
  if (outPaths !== undefined) {
    return {
      kind: "derivation",
      left: [outPaths[0]],
      right: [outPaths[1]],
      names: [],
      sets: null,
      missing: null,
      current: -1,
    };
  }
  if (a.size !== b.size) {
    throw difference(
      `attribute names of attribute set '${printForError(a, ctx.positions)}' differs from attribute set '${printForError(b, ctx.positions)}'`,
    );
  }
  const names = inSymbolOrder(a.names());
  const left = names.map((name) => a.get(name) as Slot);
  const right: Slot[] = [];
  let missing: string | null = null;
  for (const name of names) {
    const slot = b.get(name);
    if (slot === undefined) {
      missing = name;
      break;
    }
    right.push(slot);
  }
  return {
    kind: "set",
    left: left.slice(0, right.length),
    right,
    names,
    sets: [a, b],
    missing,
    current: -1,
  };
}

function missingName(ctx: EvalContext, name: string, [a, b]: readonly [Attrs, Attrs]): EvalError {
  return difference(
    `attribute name '${printIdentifier(name)}' is contained in '${printForError(a, ctx.positions)}', but not in '${printForError(b, ctx.positions)}'`,
  );
}

function difference(message: string): EvalError {
  return new EvalError("assertion", message);
}
