/**
 * The observer behind `NIX_SHOW_STATS`: it inspects every instruction before it runs and counts
 * what C++ Nix counts, as far as there is a counterpart (docs/statistics.md has the definitions).
 */
import { type Expr, NodeKind, walk } from "@nivis/syntax";
import { type Lambda, LambdaKind } from "../bytecode/lambda.ts";
import { OPCODES, Op } from "../bytecode/opcode.ts";
import type { PosIdx } from "../position.ts";
import { Attrs, slotsCopiedByUpdate, updateAttrs } from "../value/attrs.ts";
import type { Shape } from "../value/shape.ts";
import { Builtin, Closure, PartialBuiltin } from "../value/value.ts";
import { NATIVE_POS } from "../vm/frame.ts";
import type { RunObserver } from "../vm/observer.ts";

/** Builtins whose result is a new set. */
export const SET_MAKERS: ReadonlySet<string> = new Set([
  "derivationStrict",
  "fromJSON",
  "fromTOML",
  "functionArgs",
  "getContext",
  "groupBy",
  "intersectAttrs",
  "listToAttrs",
  "mapAttrs",
  "parseDrvName",
  "partition",
  "readDir",
  "removeAttrs",
  "tryEval",
  "zipAttrsWith",
]);

/** Builtins whose result is a new list. */
export const LIST_MAKERS: ReadonlySet<string> = new Set([
  "attrNames",
  "attrValues",
  "catAttrs",
  "concatLists",
  "concatMap",
  "filter",
  "genList",
  "genericClosure",
  "map",
  "match",
  "sort",
  "split",
  "splitVersion",
  "tail",
]);

/** Operators that C++ Nix's parser turns into calls of builtins, by the builtin's name. */
const OPERATOR_BUILTINS: ReadonlyMap<Op, string> = new Map([
  [Op.Sub, "sub"],
  [Op.Mul, "mul"],
  [Op.Div, "div"],
  [Op.Negate, "sub"],
  [Op.Less, "lessThan"],
]);

/** Counts the instructions, calls and values of an evaluation. */
export class CountingObserver implements RunObserver {
  instructions = 0;
  /** The frames of calls and thunks, and their locals. */
  frames = 0;
  locals = 0;
  deepest = 0;
  functionCalls = 0;
  builtinCalls = 0;
  thunks = 0;
  closures = 0;
  /**
   * Arguments, elements and attributes for which C++ Nix creates a thunk unless it can avoid it.
   */
  places = 0;
  lists = 0;
  listElements = 0;
  concats = 0;
  sets = 0;
  setElements = 0;
  updates = 0;
  slotsCopied = 0;
  lookups = 0;
  expressions = 0;
  /** All names in the parsed texts. */
  readonly names = new Set<string>();
  /** Instructions by number of opcode. */
  readonly opcodes: number[] = OPCODES.map(() => 0);
  readonly calls = new Map<Lambda, number>();
  readonly builtins = new Map<string, number>();
  /** Selections by the position of the selected attribute. */
  readonly selections = new Map<PosIdx, number>();
  /** The result of the previous instruction, if it is a new set or list on top of the stack. */
  #made: "set" | "list" | undefined;

  /** @param everyCall Whether calls are counted by function and selections by attribute as well. */
  constructor(readonly everyCall: boolean) {}

  parsed(root: Expr): void {
    walk(root, (expr) => {
      this.expressions++;
      this.#addNames(expr);
    });
  }

  enterFrame(lambda: Lambda, depth: number): void {
    this.frames++;
    this.locals += lambda.localCount;
    if (depth > this.deepest) this.deepest = depth;
    if (lambda.kind !== LambdaKind.Function) return;
    // A fused lambda takes the arguments of several functions at once.
    this.functionCalls += 1 + lambda.extraArguments;
    if (this.everyCall) increment(this.calls, lambda);
  }

  callBuiltin({ definition }: Builtin): void {
    this.#countBuiltin(definition.name);
  }

  returnBuiltin({ definition }: Builtin, result: unknown): void {
    if (result instanceof Attrs && SET_MAKERS.has(definition.name)) this.#addSet(result.size());
    else if (Array.isArray(result) && LIST_MAKERS.has(definition.name))
      this.#addList(result.length);
  }

  instruction(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    _base: number,
    sp: number,
  ): void {
    this.#lookAtResult(stack[sp - 1]);
    const { code, constants } = lambda;
    const op = code[pc] as Op;
    this.instructions++;
    (this.opcodes[op] as number)++;
    switch (op) {
      case Op.Thunk:
        this.thunks++;
        break;
      case Op.Closure:
        this.closures++;
        break;
      case Op.SetLocal:
        this.places++;
        break;
      case Op.Call:
        // Nix: an argument that a builtin passes to a function is not counted.
        if (lambda.pos !== NATIVE_POS)
          this.places += argumentsTaken(stack[sp - 1], code[pc + 1] as number);
        break;
      case Op.List: {
        const count = code[pc + 1] as number;
        this.places += count;
        this.#addList(count);
        break;
      }
      case Op.Concat:
        this.concats++;
        // Nix: with an empty operand the result is the other one.
        if (isFilled(stack[sp - 1]) && isFilled(stack[sp - 2])) this.#made = "list";
        break;
      case Op.Attrs: {
        const count = (constants[code[pc + 1] as number] as Shape).names.length;
        this.places += count;
        this.#addSet(count);
        break;
      }
      case Op.DynamicAttr:
        this.places++;
        break;
      case Op.DynamicEnd:
        this.#made = "set";
        break;
      case Op.Update:
        this.#countUpdates(stack, code[pc + 1] as number, sp);
        break;
      case Op.Select:
      case Op.SelectKeep:
      case Op.SelectOr:
        this.#countLookup(stack[sp - 1], constants[code[pc + 1] as number] as string);
        break;
      case Op.SelectDynamic:
      case Op.SelectOrDynamic:
        this.#countLookup(stack[sp - 2], stack[sp - 1] as string);
        break;
      default: {
        const builtin = OPERATOR_BUILTINS.get(op);
        if (builtin !== undefined) {
          this.places += 2;
          this.#countBuiltin(builtin);
        }
      }
    }
  }

  #lookAtResult(top: unknown): void {
    const made = this.#made;
    this.#made = undefined;
    if (made === "list" && Array.isArray(top)) this.#addList(top.length);
    else if (made === "set" && top instanceof Attrs) this.#addSet(top.size());
  }

  #countBuiltin(name: string): void {
    this.builtinCalls++;
    if (this.everyCall) increment(this.builtins, name);
  }

  #countLookup(set: unknown, name: string): void {
    this.lookups++;
    if (this.everyCall && set instanceof Attrs && set.has(name)) {
      increment(this.selections, set.positionOf(name));
    }
  }

  /** Repeats the updates, because the steps of a chain are not visible between instructions. */
  #countUpdates(stack: readonly unknown[], count: number, sp: number): void {
    let set = stack[sp - 1] as Attrs;
    for (let i = 1; i < count; i++) {
      const right = stack[sp - 1 - i] as Attrs;
      this.updates++;
      this.slotsCopied += slotsCopiedByUpdate(set, right);
      const next = updateAttrs(set, right);
      if (next !== set && next !== right) this.#addSet(next.values.length);
      set = next;
    }
  }

  #addSet(elements: number): void {
    this.sets++;
    this.setElements += elements;
  }

  #addList(elements: number): void {
    this.lists++;
    this.listElements += elements;
  }

  #addNames(expr: Expr): void {
    const add = (name: string | undefined): void => {
      if (name !== undefined) this.names.add(name);
    };
    switch (expr.kind) {
      case NodeKind.Var:
        add(expr.name);
        break;
      case NodeKind.Select:
      case NodeKind.HasAttr:
        for (const { name } of expr.path) add(name);
        break;
      case NodeKind.Lambda:
        add(expr.param);
        for (const { name } of expr.formals?.formals ?? []) add(name);
        break;
      case NodeKind.AttrSet:
        for (const { name } of expr.bindings) add(name);
        break;
      case NodeKind.Let:
        for (const { name } of expr.attrs.bindings) add(name);
        break;
    }
  }
}

/** Returns how many of `count` arguments a callee takes at once. */
function argumentsTaken(callee: unknown, count: number): number {
  if (callee instanceof Closure) {
    const extra = callee.code.fused?.extraArguments ?? 0;
    return extra < count ? 1 + extra : 1;
  }
  if (callee instanceof Builtin) return Math.min(callee.arity, count);
  if (callee instanceof PartialBuiltin) {
    return Math.min(callee.builtin.arity - callee.args.length, count);
  }
  return 1;
}

function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
