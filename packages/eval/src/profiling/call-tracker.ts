/**
 * CallTracker: an observer that tells its listeners when a call begins and ends, as C++ Nix's
 * profilers are told (`preFunctionCallHook` and `postFunctionCallHook` of `EvalState::callFunction`).
 *
 * A call here is what C++ Nix evaluates in one go: `f a b` is one call whatever `f` returns, the
 * operators `-`, `*`, `/` and `<` are calls of builtins that contain the evaluation of their operands,
 * and an element of `map f xs` is a call that begins when the element is forced. The tracker derives
 * the beginnings and ends from the instructions, so the machine does nothing for it unless there is
 * one, and nothing is translated to JavaScript while there is.
 *
 * Limits: negated literals (`-5`) are constants here and calls of `sub` in C++ Nix.
 */
import { Lambda, LambdaKind } from "../bytecode/lambda.ts";
import { OPERAND_COUNTS, Op } from "../bytecode/opcode.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import { Builtin, Closure, PartialBuiltin, type Slot } from "../value/value.ts";
import {
  APPLY_LAMBDAS,
  type FrameSelf,
  HEADER_SIZE,
  NATIVE_LAMBDA,
  NATIVE_POS,
} from "../vm/frame.ts";
import type { RunObserver } from "../vm/observer.ts";
import { callPosition } from "../vm/unwind.ts";

/** What is called: a function, a builtin by its name, a set with a `__functor`, or something else. */
export type CalledThing =
  | { readonly kind: "lambda"; readonly lambda: Lambda }
  | { readonly kind: "builtin"; readonly name: string }
  | { readonly kind: "functor"; readonly pos: PosIdx }
  | { readonly kind: "other" };

/** A call. One object per thing and position is shared by all calls of it. */
export interface TrackedCall {
  readonly called: CalledThing;
  /** Where the call is; `NO_POS` if it has no position. */
  readonly pos: PosIdx;
}

/** Receives the calls of an evaluation. */
export interface CallListener {
  /** A call begins; `argument` is its first argument. */
  enter(call: TrackedCall, argument: Slot): void;
  /** The innermost call ends, with a value or an error. */
  leave(call: TrackedCall): void;
}

/** A call that has not ended: it ends when its frame is about to run the instruction at `end`. */
class OpenCall {
  constructor(
    readonly call: TrackedCall,
    readonly stack: readonly unknown[],
    readonly base: number,
    readonly end: number,
    readonly below: OpenCall | null,
    /** For an operator: where operands that are variables end. Otherwise CALLs up to `end` belong to it. */
    readonly variables: ReadonlySet<number> | null,
  ) {}
}

/** An operator that is a call of a builtin. */
interface OperatorCall {
  readonly call: TrackedCall;
  readonly end: number;
  /** The code offsets behind the operands that are plain variables. */
  readonly variables: ReadonlySet<number>;
}

const OTHER: CalledThing = { kind: "other" };
const NO_OPERATORS: ReadonlyMap<number, readonly OperatorCall[]> = new Map();
/** The traces of the regions of operators; see `Emitter.builtinOperator`. */
const OPERATOR_TRACE = /^while calling the '(sub|mul|div|lessThan)' builtin$/;

/** Finds the calls among the instructions of a machine. */
export class CallTracker implements RunObserver {
  readonly #listeners: readonly CallListener[];
  #top: OpenCall | null = null;
  readonly #things = new Map<Lambda | string | PosIdx, CalledThing>();
  readonly #calls = new Map<CalledThing, Map<PosIdx, TrackedCall>>();
  readonly #operators = new Map<Lambda, ReadonlyMap<number, readonly OperatorCall[]>>();
  #lastLambda: Lambda | undefined;
  #lastOperators = NO_OPERATORS;
  /** The functions that were called: their thunk in C++ Nix is forced. */
  readonly #known = new WeakSet<Closure>();
  /** Thunks of functions that a builtin forces. */
  readonly #forced: Thunk[] = [];

  constructor(listeners: readonly CallListener[]) {
    this.#listeners = listeners;
  }

  instruction(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
    sp: number,
    self: FrameSelf,
  ): void {
    for (
      let top = this.#top;
      top !== null && pc >= top.end && top.base === base && top.stack === stack;
      top = this.#top
    ) {
      this.#leave(top);
    }
    const op = lambda.code[pc];
    if (lambda.pos === NATIVE_POS) {
      if (op === Op.Force) this.#nativeCall(lambda, pc, stack, base, sp, self);
      else if (op === Op.Call) this.#callOfApply(lambda, pc, stack, base, sp);
      return;
    }
    const operators = lambda === this.#lastLambda ? this.#lastOperators : this.#lookUp(lambda);
    const beginning = operators.get(pc);
    if (beginning !== undefined) {
      for (const { call, end, variables } of beginning) {
        this.#enter(call, null, stack, base, end, variables);
      }
    }
    if (op !== Op.Call) return;
    const top = this.#top;
    if (top !== null && top.variables === null && top.base === base && top.stack === stack) return;
    const callee = stack[sp - 1] as Slot;
    if (callee instanceof Closure) this.#known.add(callee);
    else if (callee instanceof Builtin) this.#learn(callee, stack[sp - 2]);
    const pos = callPosition(lambda, self, pc + 1, base, stack as unknown[]);
    const end = pc + 2 * (lambda.code[pc + 1] as number);
    const call = this.#callOf(this.#thing(callee), pos);
    this.#enter(call, stack[sp - 2] as Slot, stack, base, end, null);
  }

  interruptFrame(stack: readonly unknown[], base: number): void {
    for (
      let top = this.#top;
      top !== null && top.base === base && top.stack === stack;
      top = this.#top
    ) {
      this.#leave(top);
    }
  }

  /** The call that native code requested, or that a suspended call is: `callee` may be a thunk. */
  #nativeCall(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
    sp: number,
    self: FrameSelf,
  ): void {
    const count = lambda.code[pc + 2] as number;
    const end = pc + 1 + 2 * count;
    const slot = stack[sp - 1] as Slot;
    const pos = this.#isOperand(stack, base)
      ? NO_POS
      : callPosition(lambda, self, pc + 1, base, stack as unknown[]);
    const first = stack[sp - 2] as Slot;
    let callee: Slot = slot;
    if (slot instanceof Thunk) callee = slot.code === null ? (slot.a as Slot) : slot;
    else if (callee instanceof Closure && this.#isUnforced(lambda, callee, pos)) {
      // C++ Nix has a thunk here, which this call forces.
      this.#known.add(callee);
      callee = null;
    }
    const thing = callee instanceof Thunk ? OTHER : this.#thing(callee);
    if (lambda !== APPLY_LAMBDAS[1]) {
      this.#enter(this.#callOf(thing, pos), first, stack, base, end, null);
      return;
    }
    // Nix: the function applied to the first argument is a suspended call of its own.
    this.#enter(this.#callOf(OTHER, pos), first, stack, base, end, null);
    this.#enter(this.#callOf(thing, pos), first, stack, base, end - 2, null);
  }

  /**
   * Whether a function that native code calls is a thunk in C++ Nix that was never forced: that of
   * `__functor` and `__toString`, whose calls have a position, and that of `mapAttrs`.
   */
  #isUnforced(lambda: Lambda, callee: Closure, pos: PosIdx): boolean {
    if (lambda !== APPLY_LAMBDAS[1] && (lambda !== NATIVE_LAMBDA || pos === NO_POS)) return false;
    for (let thunk = this.#forced.pop(); thunk !== undefined; thunk = this.#forced.pop()) {
      if (thunk.code === null) this.#known.add(thunk.a as Closure);
    }
    return !this.#known.has(callee);
  }

  /** Notes that a builtin forces the function that is its first argument. */
  #learn(builtin: Builtin, argument: unknown): void {
    if (!builtin.strict.some(({ arg }) => arg === 0)) return;
    if (argument instanceof Closure) this.#known.add(argument);
    else if (argument instanceof Thunk && argument.code instanceof Lambda) {
      if (argument.code.kind === LambdaKind.Function) this.#forced.push(argument);
    }
  }

  /**
   * Whether a frame evaluates the value of a variable that is an operand of `-`, `*`, `/` or `<`. Nix:
   * builtins force their arguments without a position.
   */
  #isOperand(stack: readonly unknown[], base: number): boolean {
    const top = this.#top;
    if (top === null || top.variables === null || top.stack !== stack) return false;
    const header = base - HEADER_SIZE;
    return top.base === stack[header + 3] && top.variables.has(stack[header + 2] as number);
  }

  /** Ends the inner call of a suspended call with two arguments if the function returns at once. */
  #callOfApply(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
    sp: number,
  ): void {
    if (lambda !== APPLY_LAMBDAS[1] || lambda.code[pc + 1] !== 2) return;
    const callee = stack[sp - 1];
    const top = this.#top;
    if (top === null || top.base !== base || top.stack !== stack) return;
    const takesBoth =
      (callee instanceof Closure && callee.code.fused !== null) ||
      (callee instanceof Builtin && callee.arity > 1) ||
      (callee instanceof PartialBuiltin && callee.builtin.arity - callee.args.length > 1);
    if (takesBoth) this.#leave(top);
  }

  #enter(
    call: TrackedCall,
    argument: Slot,
    stack: readonly unknown[],
    base: number,
    end: number,
    variables: ReadonlySet<number> | null,
  ): void {
    this.#top = new OpenCall(call, stack, base, end, this.#top, variables);
    for (const listener of this.#listeners) listener.enter(call, argument);
  }

  #leave(open: OpenCall): void {
    this.#top = open.below;
    for (const listener of this.#listeners) listener.leave(open.call);
  }

  #thing(callee: Slot): CalledThing {
    if (callee instanceof Closure) {
      return this.#remembered(callee.code, () => ({ kind: "lambda", lambda: callee.code }));
    }
    if (callee instanceof Builtin || callee instanceof PartialBuiltin) {
      const { name } = (callee instanceof Builtin ? callee : callee.builtin).definition;
      return this.#builtin(name);
    }
    if (callee instanceof Attrs && callee.has("__functor")) {
      const pos = callee.positionOf("__functor");
      return this.#remembered(pos, () => ({ kind: "functor", pos }));
    }
    return OTHER;
  }

  #builtin(name: string): CalledThing {
    return this.#remembered(name, () => ({ kind: "builtin", name }));
  }

  #remembered(key: Lambda | string | PosIdx, make: () => CalledThing): CalledThing {
    let thing = this.#things.get(key);
    if (thing === undefined) {
      thing = make();
      this.#things.set(key, thing);
    }
    return thing;
  }

  #callOf(called: CalledThing, pos: PosIdx): TrackedCall {
    let calls = this.#calls.get(called);
    if (calls === undefined) {
      calls = new Map();
      this.#calls.set(called, calls);
    }
    let call = calls.get(pos);
    if (call === undefined) {
      call = { called, pos };
      calls.set(pos, call);
    }
    return call;
  }

  #lookUp(lambda: Lambda): ReadonlyMap<number, readonly OperatorCall[]> {
    let operators = this.#operators.get(lambda);
    if (operators === undefined) {
      operators = this.#operatorsOf(lambda);
      this.#operators.set(lambda, operators);
    }
    this.#lastLambda = lambda;
    this.#lastOperators = operators;
    return operators;
  }

  /** The operators of a lambda by the offset where the code of their operands begins, outermost first. */
  #operatorsOf(lambda: Lambda): ReadonlyMap<number, readonly OperatorCall[]> {
    if (!lambda.code.some((op) => OPERATORS.has(op))) return NO_OPERATORS;
    lambda.ensureDebugInfo();
    const operators = new Map<number, OperatorCall[]>();
    for (const { start, end, pos, message } of lambda.traceRegions) {
      const name = message === undefined ? undefined : OPERATOR_TRACE.exec(message)?.[1];
      if (name === undefined) continue;
      const call = this.#callOf(this.#builtin(name), pos);
      // The regions are sorted, the innermost first.
      const others = operators.get(start) ?? [];
      const variables = variableOperands(lambda.code, start, end);
      operators.set(start, [{ call, end, variables }, ...others]);
    }
    return operators;
  }
}

/** The offsets behind the operands of an operator that are plain variables. */
function variableOperands(code: Int32Array, start: number, end: number): ReadonlySet<number> {
  const found = new Set<number>();
  const isVariable = (op: number): boolean => op === Op.LocalForce || op === Op.UpvalueForce;
  let last = start;
  let isBranch = false;
  for (let pc = start; pc < end; ) {
    const op = code[pc] as number;
    const next = pc + 1 + (OPERAND_COUNTS[op] as number);
    if (next >= end) break;
    // The last instruction of a conditional is not the operand.
    if (op === Op.Jump && OPERATORS.has(code[code[pc + 1] as number] as number)) isBranch = true;
    last = pc;
    pc = next;
  }
  for (const pc of isBranch ? [start] : [start, last]) {
    const op = code[pc] as number;
    if (isVariable(op)) found.add(pc + 1 + (OPERAND_COUNTS[op] as number));
  }
  return found;
}

/** The instructions of operators that are calls; operands may look like one, which does no harm. */
const OPERATORS: ReadonlySet<number> = new Set([Op.Sub, Op.Mul, Op.Div, Op.Less, Op.Negate]);
