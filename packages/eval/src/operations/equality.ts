/**
 * Equality: the result of `==`, and the reason why two values differ when an assertion fails.
 *
 * Two slots with the same object are equal without looking inside, which is why functions and
 * failing attributes inside of a set are equal to themselves. The operands of `==` are not slots
 * but values, so the short-cut does not apply to them: {@link equal} starts with slots (`elem`,
 * comparison of lists), {@link equalValues} with the operands of `==`.
 *
 * Nothing here recurses over the data: pending pairs are on a stack on the heap.
 */
import { marked, uncolored } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { valueInError } from "../print/print.ts";
import { Attrs } from "../value/attrs.ts";
import { areSameSlots } from "../value/copies.ts";
import { firstNames, inSymbolOrder } from "../value/symbol-order.ts";
import { Thunk, valueOfForced } from "../value/thunk.ts";
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
import { ForceRequest, type Request, Routine, type Suspendable } from "../vm/requests.ts";
import { checkNesting } from "./nesting.ts";

/** Whether two numbers are equal; `undefined` if one of them is not a number. */
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
 * Returns `a == b` if that needs no evaluation; `undefined` if the contents must be compared.
 *
 * The operands are values, so a function is not equal to itself.
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
  if (a instanceof NixPath) {
    return b instanceof NixPath && a.path === b.path && a.accessor === b.accessor;
  }
  return false;
}

/** Pairs that must all be equal, and the progress. Reused when done. */
class Pairs {
  /** The number of pairs that have been compared or started. */
  begun = 0;

  constructor(
    public left: readonly Slot[],
    public right: readonly Slot[],
    /** The indices of the pairs in the order of comparison; `null` for their own order. */
    public order: readonly number[] | null,
    /** The number of levels around these pairs. */
    public level: number,
  ) {}
}

/**
 * Whether two slots are equal; forces them and their contents as far as needed. Comparing fails by
 * itself only if values are nested too deeply, which is an error at `pos`.
 */
export function* equal(
  ctx: EvalContext,
  a: Slot,
  b: Slot,
  pos: PosIdx = NO_POS,
): Suspendable<boolean> {
  checkNesting(ctx, pos);
  const { nesting } = ctx;
  nesting.levels++;
  let left: Value;
  let right: Value;
  try {
    left = a instanceof Thunk ? yield new ForceRequest(a, pos) : a;
    right = b instanceof Thunk ? yield new ForceRequest(b, pos) : b;
  } finally {
    nesting.levels--;
  }
  if (areSameSlots(a, b)) return true;
  const fast = equalFast(left, right);
  return fast ?? ((yield equalValues(ctx, left, right, pos)) as boolean);
}

/** Whether two operands of `==` are equal. */
export function equalValues(
  ctx: EvalContext,
  a: Value,
  b: Value,
  pos: PosIdx = NO_POS,
): Suspendable<boolean> {
  return new Equality(ctx, a, b, pos);
}

/** What an {@link Equality} waits for. */
const enum Waiting {
  Nothing,
  Left,
  Right,
  Derivations,
}

/** The state of {@link Equality.advance} if no slot must be forced. */
const enum Advance {
  Equal,
  Different,
  /** The contents of the values are to be compared. */
  Pair,
}

/** Compares two values, and their contents pair by pair. */
class Equality extends Routine<boolean> {
  private readonly stack: Pairs[] = [];
  /** The number of {@link stack} in use. */
  private depth = 0;
  private waiting = Waiting.Nothing;
  /** The pair of slots whose values are compared. */
  private x: Slot;
  private y: Slot;
  private level = 0;
  private request: ForceRequest | null = null;
  /** The number of levels around the values. */
  private outside = 0;

  constructor(
    private readonly ctx: EvalContext,
    private left: Value,
    private right: Value,
    private readonly pos: PosIdx,
  ) {
    super();
    this.x = left;
    this.y = right;
  }

  override next(answer: unknown): IteratorResult<Request, boolean> {
    switch (this.waiting) {
      case Waiting.Nothing: {
        const { nesting } = this.ctx;
        this.outside = nesting.levels;
        checkNesting(this.ctx, this.pos);
        nesting.levels++;
        return this.compare();
      }
      case Waiting.Left: {
        this.left = answer as Value;
        const { x, y } = this;
        if (areSameSlots(x, y)) return this.goOn();
        if (!isSettled(y)) return this.force(Waiting.Right, y as Thunk);
        this.right = valueOf(y);
        return this.compare();
      }
      case Waiting.Right:
        this.right = answer as Value;
        return this.compare();
      case Waiting.Derivations:
        return this.openSets(answer as [Slot, Slot] | undefined) ? this.goOn() : this.end(false);
    }
  }

  override throw(error: unknown): never {
    this.ctx.nesting.levels = this.outside;
    throw error;
  }

  private end(answer: boolean): IteratorResult<Request, boolean> {
    this.ctx.nesting.levels = this.outside;
    return this.finish(answer);
  }

  private force(waiting: Waiting, thunk: Thunk): IteratorResult<Request, boolean> {
    this.waiting = waiting;
    const { request } = this;
    if (request === null) {
      const first = new ForceRequest(thunk, this.pos);
      this.request = first;
      return this.ask(first);
    }
    request.thunk = thunk;
    return this.ask(request);
  }

  /** Compares the two values, then the remaining pairs. */
  private compare(): IteratorResult<Request, boolean> {
    const fast = equalFast(this.left, this.right);
    if (fast === false) return this.end(false);
    if (fast === true) return this.goOn();
    return this.look() ?? this.goOn();
  }

  /** Continues with the pairs until a request is needed or the result is known. */
  private goOn(): IteratorResult<Request, boolean> {
    for (;;) {
      const step = this.advance();
      if (step instanceof Thunk) return this.force(this.waiting, step);
      if (step !== Advance.Pair) return this.end(step === Advance.Equal);
      const answer = this.look();
      if (answer !== undefined) return answer;
    }
  }

  /**
   * Opens the two values, lists or sets; returns a result only if that completes the comparison.
   */
  private look(): IteratorResult<Request, boolean> | undefined {
    const { left, right } = this;
    if (isList(left)) {
      this.open(left, right as NixList, null);
      return undefined;
    }
    if (mayBeDerivation(left as Attrs)) {
      this.waiting = Waiting.Derivations;
      return this.ask(derivationOutPaths(left as Attrs, right as Attrs));
    }
    return this.openSets(undefined) ? undefined : this.end(false);
  }

  /** Opens the two values, which are sets; returns whether they may be equal. */
  private openSets(outPaths: readonly [Slot, Slot] | undefined): boolean {
    if (outPaths !== undefined) {
      this.open([outPaths[0]], [outPaths[1]], null);
      return true;
    }
    const x = this.left as Attrs;
    const y = this.right as Attrs;
    if (x.size() !== y.size()) return false;
    if (x.shape.names === y.shape.names) {
      this.open(x.values, y.values, x.shape.symbolOrder());
    } else {
      const [left, right] = attributePairs(x, y);
      this.open(left, right, null);
    }
    return true;
  }

  private open(
    left: readonly Slot[],
    right: readonly Slot[],
    order: readonly number[] | null,
  ): void {
    this.ctx.limits?.work(1 + left.length);
    if (left.length > 0) checkNesting(this.ctx, this.pos);
    const pairs = this.stack[this.depth++];
    if (pairs === undefined) this.stack.push(new Pairs(left, right, order, this.level));
    else {
      pairs.left = left;
      pairs.right = right;
      pairs.order = order;
      pairs.level = this.level;
      pairs.begun = 0;
    }
  }

  /** Compares pairs of slots until one must be forced or opened, or is different. */
  private advance(): Advance | Thunk {
    const { nesting } = this.ctx;
    while (this.depth > 0) {
      const pairs = this.stack[this.depth - 1] as Pairs;
      const { left, right, order } = pairs;
      const i = pairs.begun++;
      if (i + 1 >= left.length) {
        // Popped before its last pair is compared: a chain of a million sets needs a stack of one.
        this.depth--;
        if (i >= left.length) continue;
      }
      const place = order === null ? i : (order[i] as number);
      const x = left[place];
      const y = right[place];
      // The right side lacks the name.
      if (x === undefined || y === undefined) return Advance.Different;
      this.level = pairs.level + 1;
      nesting.levels = this.outside + this.level + 1;
      if (!isSettled(x)) {
        this.x = x;
        this.y = y;
        this.waiting = Waiting.Left;
        return x as Thunk;
      }
      if (areSameSlots(x, y)) continue;
      const value = valueOf(x);
      if (!isSettled(y)) {
        this.left = value;
        this.waiting = Waiting.Right;
        return y as Thunk;
      }
      const other = valueOf(y);
      const fast = equalFast(value, other);
      if (fast === true) continue;
      if (fast === false) return Advance.Different;
      this.left = value;
      this.right = other;
      return Advance.Pair;
    }
    return Advance.Equal;
  }
}

/** Pairs the attributes of two sets of the same size, up to the first that the right one lacks. */
function attributePairs(x: Attrs, y: Attrs): [Slot[], Slot[]] {
  // Nix: compares in the order of symbols, so an attribute before the first differing name may fail
  // first; the comparison ends when it reaches the missing name.
  const names = inSymbolOrder(x.names());
  const first = firstNames(y.names());
  const left: Slot[] = [];
  const right: Slot[] = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    left.push(x.get(name) as Slot);
    const slot = y.get(name);
    if (slot === undefined || (first[i] ?? name) !== name) break;
    right.push(slot);
  }
  return [left, right];
}

function isSettled(slot: Slot): boolean {
  return !(slot instanceof Thunk) || valueOfForced(slot) !== undefined;
}

function valueOf(slot: Slot): Value {
  return slot instanceof Thunk ? (slot.a as Value) : slot;
}

/** Whether `type` must be examined to know that a set is not a derivation. */
function mayBeDerivation(set: Attrs): boolean {
  const type = set.get("type");
  return type !== undefined && (!isSettled(type) || isDerivationType(valueOf(type)));
}

/** Returns the `outPath`s of two sets if both are derivations that have one. */
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

/** A level of {@link explainDifference}: the compared pairs, and the next one. */
interface ExplainedLevel {
  readonly kind: "list" | "set" | "derivation";
  readonly left: readonly Slot[];
  readonly right: readonly Slot[];
  /** The names, for sets. */
  readonly names: readonly string[];
  readonly sets: readonly [Attrs, Attrs] | null;
  /** A name that the right set lacks, reported after all pairs before it proved equal. */
  readonly missing: string | null;
  current: number;
}

/**
 * Throws the `assertion` error that says where `a` and `b` differ; returns if they are equal.
 *
 * `assert a == b; …` calls it when the comparison was false, with the position of the `==`. The
 * caller adds the trace that names the assertion. It follows `equalValues` step by step.
 */
export function* explainDifference(
  ctx: EvalContext,
  a: Value,
  b: Value,
  pos: PosIdx,
  _trace = "",
): Suspendable<undefined> {
  const stack: ExplainedLevel[] = [];
  const { nesting } = ctx;
  const outside = nesting.levels;
  try {
    let left = a;
    let right = b;
    checkNesting(ctx, pos);
    nesting.levels++;
    for (;;) {
      if (left instanceof Attrs && right instanceof Attrs) {
        stack.push((yield explainSets(ctx, left, right)) as ExplainedLevel);
      } else if (isList(left) && isList(right)) stack.push(explainLists(ctx, left, right));
      else {
        const message = differenceOfLeaves(ctx, left, right);
        if (message !== undefined) throw difference(message);
      }
      for (;;) {
        const top = stack[stack.length - 1];
        if (top === undefined) return undefined;
        nesting.levels = outside + stack.length;
        top.current++;
        if (top.current === 0 && top.left.length > 0) checkNesting(ctx, pos);
        if (top.current >= top.left.length) {
          // A missing name is an error of the set itself, not of a pair in it.
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
        if (areSameSlots(x, y)) continue;
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
      error.addTrace(pos, marked`while comparing list element ${level.current}`);
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
      error.addTrace(pos, marked`while comparing attribute '${printIdentifier(name)}'`);
    }
  }
}

/**
 * Returns how two values differ that are neither two sets nor two lists; `undefined` if they are
 * equal.
 */
export function differenceOfLeaves(ctx: EvalContext, a: Value, b: Value): string | undefined {
  const numbers = equalNumbers(a, b);
  if (numbers === true) return undefined;
  const typeA = typeName(a);
  const typeB = typeName(b);
  if (numbers === false) {
    return marked`${typeWithArticle(a)} with value '${valueInError(a, ctx.positions)}' is not equal to ${typeWithArticle(b)} with value '${valueInError(b, ctx.positions)}'`;
  }
  if (typeA !== typeB) {
    return marked`${typeWithArticle(a)} of value '${valueInError(a, ctx.positions)}' is not equal to ${typeWithArticle(b)} of value '${valueInError(b, ctx.positions)}'`;
  }
  if (typeA === "lambda") {
    return "distinct functions and immediate comparisons of identical functions compare as unequal";
  }
  if (equalFast(a, b) === false) {
    const word = typeA === "bool" ? "boolean" : typeA;
    // Nix: the trees of paths are compared before their texts.
    const trees =
      a instanceof NixPath && b instanceof NixPath && a.accessor !== b.accessor
        ? " because their accessors are different"
        : "";
    return marked`${uncolored(word)} '${valueInError(a, ctx.positions)}' is not equal to ${uncolored(word)} '${valueInError(b, ctx.positions)}'${uncolored(trees)}`;
  }
  return undefined;
}

function explainLists(ctx: EvalContext, a: NixList, b: NixList): ExplainedLevel {
  if (a.length !== b.length) {
    throw difference(
      marked`list of size '${a.length}' is not equal to list of size '${b.length}', left hand side is '${valueInError(a, ctx.positions)}', right hand side is '${valueInError(b, ctx.positions)}'`,
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
  if (a.size() !== b.size()) {
    throw difference(
      marked`attribute names of attribute set '${valueInError(a, ctx.positions)}' differs from attribute set '${valueInError(b, ctx.positions)}'`,
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
    marked`attribute name '${printIdentifier(name)}' is contained in '${valueInError(a, ctx.positions)}', but not in '${valueInError(b, ctx.positions)}'`,
  );
}

/** Returns the error of a failed assertion `a == b`. */
export function difference(message: string): EvalError {
  return new EvalError("assertion", message);
}
