/**
 * deepForce: evaluates a value including the contents of lists and sets, as `deepSeq` and strict
 * printing require. It does not enter functions. Values that contain themselves are visited once.
 *
 * Visited values are marked on the thunk that leads to them: a forced thunk has unused fields, and
 * a value can contain itself only through a thunk. A table is needed only for the others: lists and
 * sets that are stored directly in a slot, and large ones, to which several thunks may lead.
 */
import { marked } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { tooDeep } from "../errors/too-deep.ts";
import { NO_POS, NO_TRACE_POS, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { isSuspendedCall, Thunk, valueOfForced } from "../value/thunk.ts";
import { Closure, isList, type NixList, type Slot, type Value } from "../value/value.ts";
import { ForceRequest, type Request, Routine, type Suspendable } from "../vm/requests.ts";
import { checkNesting, hasRoom } from "./nesting.ts";

/** Larger lists and sets are not visited again for every thunk that leads to them. */
const LARGE = 16;

/** A list or set being walked, and the progress. Reused for another when it is done. */
class Level {
  constructor(
    public container: NixList | Attrs,
    public slots: readonly Slot[],
    /** The indices of the slots in the order of the walk; `null` for their own order. */
    public order: readonly number[] | null,
  ) {}
  /** The number of slots that have been visited. */
  begun = 0;

  /** The index of the current slot. */
  get place(): number {
    const { order } = this;
    const i = this.begun - 1;
    return order === null ? i : (order[i] as number);
  }
}

/** Forces a slot deeply and returns `result`, by default its value. */
export function deepForce(ctx: EvalContext, slot: Slot, result?: Slot): Suspendable<Value> {
  return new DeepForce(ctx, slot, result) as Suspendable<Value>;
}

class DeepForce extends Routine<Slot> {
  private readonly levels: Level[] = [];
  /** The number of {@link levels} in use. */
  private depth = 0;
  private visited: Set<NixList | Attrs> | null = null;
  /** The mark of this walk on visited thunks. */
  private readonly mark: number;
  private readonly request: ForceRequest;
  /** The number of levels around the value. */
  private outside = -1;

  constructor(
    private readonly ctx: EvalContext,
    private readonly root: Slot,
    private readonly result: Slot | undefined,
  ) {
    super();
    this.mark = ++ctx.nesting.deepForces;
    this.request = new ForceRequest(root as Thunk, NO_POS);
  }

  override next(answer: unknown): IteratorResult<Request, Slot> {
    const { nesting } = this.ctx;
    if (this.outside >= 0) this.visit(answer as Value, this.request.thunk);
    else {
      const { root } = this;
      this.outside = nesting.levels;
      checkNesting(this.ctx, positionOf(root));
      nesting.levels++;
      if (root instanceof Thunk && root.code !== null) return this.force(root);
      this.visit(valueOf(root), root);
    }
    while (this.depth > 0) {
      // The level of the items, for their evaluation.
      nesting.levels = this.outside + this.depth + 1;
      const thunk = this.walk(this.levels[this.depth - 1] as Level);
      if (thunk !== null) return this.force(thunk);
    }
    nesting.levels = this.outside;
    const { result } = this;
    return this.finish(result === undefined ? valueOf(this.root) : result);
  }

  override throw(error: unknown): never {
    this.ctx.nesting.levels = this.outside;
    if (error instanceof EvalError) {
      for (let i = this.depth - 1; i >= 0; i--) addTrace(error, this.levels[i] as Level);
    }
    throw error;
  }

  private force(thunk: Thunk): IteratorResult<Request, Slot> {
    const { request } = this;
    request.thunk = thunk;
    request.pos = positionOf(thunk);
    return this.ask(request);
  }

  /** Continues until a slot must be forced, which it returns, or another level is to be walked. */
  private walk(level: Level): Thunk | null {
    const { slots, order } = level;
    const { depth } = this;
    let i = level.begun;
    if (i === 0) {
      level.begun = 1;
      if (!hasRoom(this.ctx, -1)) throw tooDeep(positionOf(slots[level.place] as Slot));
    }
    for (; i < slots.length; i++) {
      const slot = slots[order === null ? i : (order[i] as number)] as Slot;
      let value: Value;
      if (!(slot instanceof Thunk)) value = slot;
      else if (slot.code === null) value = slot.a as Value;
      else {
        level.begun = i + 1;
        return slot;
      }
      if (typeof value === "object") {
        level.begun = i + 1;
        this.visit(value, slot);
        if (this.depth > depth) return null;
      }
    }
    this.depth--;
    return null;
  }

  /** Creates a level for a list or set unless it was visited. `via` is the slot that holds it. */
  private visit(value: Value, via: Slot): void {
    let slots: readonly Slot[];
    let order: readonly number[] | null = null;
    if (isList(value)) slots = value;
    else if (value instanceof Attrs) {
      slots = value.slots();
      order = value.shape.symbolOrder();
    } else return;
    if (slots.length === 0) return;
    if (via instanceof Thunk) {
      if (via.b === this.mark) return;
      via.b = this.mark;
    }
    if (slots.length > LARGE || !(via instanceof Thunk)) {
      this.visited ??= new Set();
      if (this.visited.has(value)) return;
      this.visited.add(value);
    }
    this.ctx.limits?.work(1 + slots.length);
    const level = this.levels[this.depth++];
    if (level === undefined) this.levels.push(new Level(value, slots, order));
    else {
      level.container = value;
      level.slots = slots;
      level.order = order;
      level.begun = 0;
    }
  }
}

function valueOf(slot: Slot): Value {
  return slot instanceof Thunk ? (slot.a as Value) : slot;
}

/** Returns the position of a function, or for a suspended call that of the called function. */
function positionOf(value: Slot): PosIdx {
  let slot: Slot | undefined = value;
  while (slot instanceof Thunk) {
    const known: Slot | undefined = valueOfForced(slot);
    if (known === undefined && !isSuspendedCall(slot.code)) return NO_POS;
    slot = known ?? slot.a;
  }
  return slot instanceof Closure ? slot.code.pos : NO_POS;
}

function addTrace(error: EvalError, level: Level): void {
  const { container, place } = level;
  if (container instanceof Attrs) {
    const name = container.names()[place] as string;
    error.addTrace(
      container.positionOf(name),
      marked`while evaluating the attribute '${printIdentifier(name)}'`,
    );
  } else {
    error.addTrace(NO_TRACE_POS, marked`while evaluating list element at index ${place}`);
  }
}
