/**
 * Emission: turns the expression of one unit into bytecode, when the unit is first entered.
 *
 * `strict(e)` emits code that leaves the value of `e` on the operand stack, `lazy(e)` a slot. Each is in
 * lock-step with the method of the same name in `resolve.ts`, which declared the locals and made the
 * units that are looked up here. The emitter counts the depth of the operand stack by the effects in the
 * table of instructions. Where C++ Nix adds a line to the trace of an error that passes through,
 * {@link Emitter.traced} records the region of code and the line.
 */
import {
  type AttrName,
  type AttrSet,
  type Binary,
  BinaryOp,
  BindingKind,
  type Expr,
  type FloatLiteral,
  type Formal,
  type IntLiteral,
  type Lambda as LambdaExpr,
  NodeKind,
  OPERATOR_NAMES,
  type PathLiteral,
  type PathTemplate,
  printExpr,
  type Select,
  type StringLiteral,
  type StringTemplate,
} from "@nivis/syntax";
import type { Lambda, SelectStep, TraceRegion } from "../bytecode/lambda.ts";
import { AssertionText, LambdaKind, SelectCache } from "../bytecode/lambda.ts";
import { effectOf, Op } from "../bytecode/opcode.ts";
import { InternalError, unreachable } from "../errors/eval-error.ts";
import type { PosIdx } from "../position.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { Thunk } from "../value/thunk.ts";
import { NixFloat, NixPath, type Slot, type Value } from "../value/value.ts";
import type { Resolution } from "./resolve.ts";
import type { Binding, Scope, Unit } from "./scope.ts";

/** The offset of names that the text does not contain. Nix: operators and `<x>` call variables without a position. */
const NO_OFFSET = -1;

/** The builtin that traces name for a binary operator that is a builtin call. */
const BUILTIN_OF_OPERATOR: { readonly [op in BinaryOp]?: string } = {
  [BinaryOp.Sub]: "sub",
  [BinaryOp.Mul]: "mul",
  [BinaryOp.Div]: "div",
  [BinaryOp.Less]: "lessThan",
  [BinaryOp.LessOrEqual]: "lessThan",
  [BinaryOp.More]: "lessThan",
  [BinaryOp.MoreOrEqual]: "lessThan",
};

const OP_OF_OPERATOR: { readonly [op in BinaryOp]?: Op } = {
  [BinaryOp.Sub]: Op.Sub,
  [BinaryOp.Mul]: Op.Mul,
  [BinaryOp.Div]: Op.Div,
  [BinaryOp.Less]: Op.Less,
  [BinaryOp.LessOrEqual]: Op.Less,
  [BinaryOp.More]: Op.Less,
  [BinaryOp.MoreOrEqual]: Op.Less,
};

/**
 * Compiles a unit's code into its lambda. A fused lambda gets the code of the innermost function that it
 * fuses.
 */
export function emitUnit(lambda: Lambda, unit: Unit, file: Resolution): void {
  new Emitter(lambda, unit, unit.outermost(lambda.extraArguments), file).run();
}

/** Emits the code of one unit; `debug-emitter.ts` extends it. */
export class Emitter {
  protected readonly code: number[] = [];
  private readonly constants: unknown[] = [];
  private readonly lambdas: Lambda[] = [];
  private readonly captures: Int32Array[] = [];
  private readonly spans: number[] = [];
  private readonly traceRegions: TraceRegion[] = [];
  /** Slots on the operand stack. */
  private depth = 0;
  private deepest = 0;
  private readonly localCount: number;

  constructor(
    private readonly lambda: Lambda,
    private readonly unit: Unit,
    /** The unit whose upvalues the frame has: `unit`, or the outermost that is fused with it. */
    private readonly holder: Unit,
    private readonly file: Resolution,
  ) {
    this.localCount = unit.slotCount + lambda.extraArguments;
  }

  run(): void {
    const { unit, lambda } = this;
    if (unit.inheritFrom !== undefined) this.inheritedAttribute(unit.inheritFrom, unit.expr);
    else if (lambda.kind === LambdaKind.Function) this.functionBody(unit.expr as LambdaExpr);
    else this.strict(unit.expr, unit.scope);
    this.emit(Op.Return);
    lambda.code = Int32Array.from(this.code);
    lambda.constants = this.constants;
    lambda.lambdas = this.lambdas;
    lambda.captures = this.captures;
    lambda.spans = this.spans;
    lambda.traceRegions = this.traceRegions;
    lambda.localCount = this.localCount;
    // Two more than the code needs: a call writes its operands before it checks for space.
    lambda.frameSize = this.localCount + this.deepest + 2;
    lambda.upvalueCount = this.holder.captured.length;
  }

  // ── Writing code ───────────────────────────────────────────────────────────────────────────────

  /** Emits an instruction whose effect on the depth of the stack does not depend on its operands. */
  private emit(op: Op, ...operands: number[]): void {
    this.code.push(op, ...operands);
    this.adjustDepth(effectOf(op));
  }

  /** Emits an instruction that changes the depth of the stack by `effect`, as its operands say. */
  private emitSized(op: Op, effect: number, ...operands: number[]): void {
    this.code.push(op, ...operands);
    this.adjustDepth(effect);
  }

  private adjustDepth(effect: number): void {
    this.depth += effect;
    if (this.depth > this.deepest) this.deepest = this.depth;
  }

  /** Begins code that is reached without the value that the branch before it has left on the stack. */
  private startBranch(): void {
    this.depth--;
  }

  /** Records the position of the next instruction. */
  private span(offset: number): void {
    this.spans.push(this.code.length, this.file.positionOf(offset));
  }

  private constant(value: unknown): number {
    return this.constants.push(value) - 1;
  }

  private pushConstant(value: Slot): void {
    if (typeof value === "number" && (value | 0) === value) this.emit(Op.Int, value);
    else this.emit(Op.Const, this.constant(value));
  }

  /** The value of a literal that has no parts. */
  private literalValue(expr: IntLiteral | FloatLiteral | StringLiteral | PathLiteral): Value {
    if (expr.kind === NodeKind.Float) return new NixFloat(expr.value);
    if (expr.kind !== NodeKind.Path) return expr.value;
    // Nix: absolute paths belong to the file system, whichever tree the text is in.
    return new NixPath(expr.value, expr.form === "relative" ? this.file.accessor : undefined);
  }

  /** Pushes the value of a name that is defined outside the text; see {@link Resolution.globalUses}. */
  private pushGlobal(name: string, value: Slot): void {
    const index = this.constant(value);
    this.file.noteGlobal(this.lambda, index, name);
    this.emit(Op.Const, index);
  }

  /**
   * Emits a forward jump and returns what {@link land} needs. The depth afterwards is that of the code
   * that is not jumped to.
   */
  private jump(op: Op, ...operands: number[]): number {
    this.emit(op, ...operands, -1);
    return this.code.length - 1;
  }

  /** Makes a jump arrive here. */
  private land(at: number): void {
    this.code[at] = this.code.length;
  }

  /** Emits code in which errors get the trace `message` at `offset`. */
  private traced(offset: number, message: string, body: () => void): void {
    const start = this.code.length;
    body();
    this.traceRegions.push({
      start,
      end: this.code.length,
      pos: this.file.positionOf(offset),
      message,
      select: undefined,
    });
  }

  /** The same for a selection, whose trace depends on how far it got. */
  private tracedSelection(start: number, offset: number, steps: readonly SelectStep[]): void {
    const pos = this.file.positionOf(offset);
    this.traceRegions.push({
      start,
      end: this.code.length,
      pos,
      message: undefined,
      select: steps,
    });
  }

  // ── Names ──────────────────────────────────────────────────────────────────────────────────────

  /** The local in which a binding lives, or -1 if it is an upvalue. */
  private local(binding: Binding): number {
    const { owner } = binding;
    if (owner === this.unit) return binding.slot;
    let unit = this.unit;
    for (let slot = this.localCount - 1; unit !== this.holder; slot--) {
      unit = unit.parent as Unit;
      if (owner === unit) return slot;
    }
    return -1;
  }

  private upvalue(binding: Binding): number {
    return this.holder.upvalueOf(binding);
  }

  /** Pushes the slot of a binding without forcing it. */
  private pushBinding(binding: Binding): void {
    const local = this.local(binding);
    if (local >= 0) this.emit(Op.Local, local);
    else {
      const index = this.upvalue(binding);
      if (index === 0) this.emit(Op.Upvalue0);
      else if (index === 1) this.emit(Op.Upvalue1);
      else this.emit(Op.Upvalue, index - 2);
    }
  }

  private pushBindingForced(binding: Binding, offset: number): void {
    this.span(offset);
    const local = this.local(binding);
    if (local >= 0) this.emit(Op.LocalForce, local);
    else this.emit(Op.UpvalueForce, this.upvalue(binding));
  }

  private variable(name: string, scope: Scope, offset: number): void {
    const binding = scope.lookup(name);
    if (binding !== undefined) {
      if (binding.cell !== undefined) {
        this.pushBindingForced(binding.cell, offset);
        this.select(name, offset);
      } else this.pushBindingForced(binding, offset);
      return;
    }
    const global = this.file.globals.get(name) as Slot | undefined;
    if (global !== undefined) {
      this.pushGlobal(name, global);
      this.span(offset);
      this.emit(Op.Force);
      return;
    }
    const dynamic = scope.innermostWith;
    if (dynamic === undefined)
      throw new InternalError(`the resolver let the undefined name ${name} pass`);
    this.pushBinding(dynamic);
    this.span(offset);
    this.emit(Op.ResolveWith, this.constant(name));
    this.span(offset);
    this.emit(Op.Force);
  }

  /** Selects a known name from the set on the top; returns the code offset behind the SELECT. */
  private select(name: string, offset: number): number {
    this.span(offset);
    this.emit(Op.Select, this.constant(name), this.constant(new SelectCache()));
    const pc = this.code.length;
    this.emit(Op.Nip);
    return pc;
  }

  // ── Units ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * Pushes a thunk, or a closure for a function whose value is needed. Returns the index of its lambda if it
   * must be refilled, else -1.
   */
  private makeUnit(unit: Unit, op: Op.Thunk | Op.Closure): number {
    const { captured } = unit;
    let incomplete = false;
    const captures = new Int32Array(captured.length);
    for (let i = 0; i < captures.length; i++) {
      const binding = captured[i] as Binding;
      const local = this.local(binding);
      if (local >= 0) {
        captures[i] = local << 1;
        if (!binding.ready) incomplete = true;
      } else captures[i] = (this.upvalue(binding) << 1) | 1;
    }
    const index = this.lambdas.push(unit.lambda) - 1;
    this.captures.push(captures);
    this.emit(op, index);
    return incomplete ? index : -1;
  }

  /** Pushes a slot; returns the same as {@link makeUnit}. */
  private lazy(expr: Expr, scope: Scope): number {
    const unit = this.file.units.get(expr);
    if (unit !== undefined) return this.makeUnit(unit, Op.Thunk);
    switch (expr.kind) {
      case NodeKind.Int:
      case NodeKind.String:
      case NodeKind.Float:
      case NodeKind.Path:
        this.pushConstant(this.literalValue(expr));
        return -1;
      case NodeKind.List:
        this.pushConstant(EMPTY_LIST);
        return -1;
      case NodeKind.Var:
        this.lazyName(expr.name, scope);
        return -1;
      default:
        throw new InternalError("the resolver made no unit of a lazy expression");
    }
  }

  private inheritedAttribute(source: Binding, expr: Expr): void {
    const name = (expr as Expr & { name: string }).name;
    this.traced(expr.pos, "while selecting an attribute", () =>
      this.pushBindingForced(source, expr.pos),
    );
    const at = this.depth - 1;
    const start = this.code.length;
    const pc = this.select(name, expr.pos);
    const steps = [{ name, text: () => "", pc, depth: this.localCount + at }];
    this.tracedSelection(start, expr.pos, steps);
  }

  private functionBody(expr: LambdaExpr): void {
    const scope = this.file.scopes.get(expr) as Scope;
    this.openScope(scope);
    if (expr.formals !== undefined) this.bindFormals(expr, scope);
    this.fillScope(scope);
    this.lambda.bodyStart = this.code.length;
    this.strict(expr.body, scope);
  }

  private bindFormals(expr: LambdaExpr, scope: Scope): void {
    const formals = expr.formals?.formals ?? [];
    this.span(expr.pos);
    this.emit(Op.LocalForce, 0);
    this.span(expr.pos);
    this.emit(Op.BindFormals, 1);
    const bindingOf = (name: string): Binding => scope.names.get(name) as Binding;
    for (const formal of formals) bindingOf(formal.name).ready = formal.fallback === undefined;
    // The locals behind the formals hold, for each default, whether it was made here. Only then may the
    // thunk be refilled: a thunk that the caller gave may come from the same expression.
    let flag = (scope.environment?.slot ?? formals.length) + 1;
    const refills: { slot: number; flag: number; index: number }[] = [];
    const order = this.file.orders.get(expr);
    for (let i = 0; i < formals.length; i++) {
      const { name, fallback } = formals[order?.[i] ?? i] as Formal;
      if (fallback === undefined) continue;
      const binding = bindingOf(name);
      const unit = this.file.units.get(fallback);
      const incomplete =
        unit?.captured.some((captured) => captured.owner === this.unit && !captured.ready) === true;
      if (incomplete) {
        this.pushConstant(false);
        this.emit(Op.SetLocal, flag);
      }
      const skip = this.jump(Op.SkipIfBound, binding.slot);
      const index = this.lazy(fallback, scope);
      this.emit(Op.SetLocal, binding.slot);
      if (incomplete) {
        refills.push({ slot: binding.slot, flag, index });
        this.pushConstant(true);
        this.emit(Op.SetLocal, flag);
      }
      this.land(skip);
      binding.ready = true;
      flag++;
    }
    for (const refill of refills) {
      this.emit(Op.Local, refill.flag);
      const skip = this.jump(Op.JumpIfFalse);
      this.emit(Op.Refill, refill.slot, refill.index);
      this.land(skip);
    }
  }

  /** Keeps a scope for a debugger before its values exist: what is deferred in it captures it. */
  private openScope(scope: Scope): void {
    if (scope.environment === undefined) return;
    const outer = scope.parent?.innermostEnvironment;
    if (outer === undefined) this.pushConstant(null);
    else this.pushBinding(outer);
    const names = scope.dynamic === undefined ? [...scope.names.keys()] : null;
    this.emit(Op.OpenScope, scope.environment.slot, this.constant(names));
  }

  /** Gives a scope that is kept for a debugger its values. */
  private fillScope(scope: Scope): void {
    if (scope.environment === undefined) return;
    const bindings = scope.dynamic === undefined ? [...scope.names.values()] : [scope.dynamic];
    const slots = bindings.map(({ slot, cell }) => cell?.slot ?? slot);
    this.emit(Op.FillScope, scope.environment.slot, this.constant(slots));
  }

  // ── Expressions ────────────────────────────────────────────────────────────────────────────────

  protected strict(expr: Expr, scope: Scope): void {
    const unit = this.file.units.get(expr);
    if (unit !== undefined && unit !== this.unit) {
      // A function, or an expression that the resolver split off because it nests too deeply.
      if (unit.lambda.kind === LambdaKind.Function) this.makeUnit(unit, Op.Closure);
      else {
        this.makeUnit(unit, Op.Thunk);
        this.emit(Op.Force);
      }
      return;
    }
    switch (expr.kind) {
      case NodeKind.Int:
      case NodeKind.String:
      case NodeKind.Float:
      case NodeKind.Path:
        this.pushConstant(this.literalValue(expr));
        return;
      case NodeKind.Var:
        this.variable(expr.name, scope, expr.pos);
        return;
      case NodeKind.CurPos:
        this.emit(Op.CurPos, this.file.positionOf(expr.pos));
        return;
      case NodeKind.SearchPath:
        this.pushConstant(expr.value);
        this.lazyName("__nixPath", scope);
        this.variable("__findFile", scope, NO_OFFSET);
        this.call(2, expr.pos);
        return;
      case NodeKind.StringTemplate:
        this.template(expr, scope, Op.Interpolate, Op.ConcatStrings);
        return;
      case NodeKind.PathTemplate:
        this.template(expr, scope, Op.PathSegment, Op.ConcatPath);
        return;
      case NodeKind.Select:
        this.selection(expr, scope);
        return;
      case NodeKind.HasAttr:
        this.hasAttr(expr.base, expr.path, scope);
        return;
      case NodeKind.Call: {
        // Making thunks has no effect, so the arguments may come first: the callee must end up on the top.
        for (let i = expr.args.length - 1; i >= 0; i--) this.lazy(expr.args[i] as Expr, scope);
        this.strict(expr.callee, scope);
        this.call(expr.args.length, expr.pos);
        return;
      }
      case NodeKind.List:
        for (const item of expr.items) this.lazy(item, scope);
        this.emitSized(Op.List, 1 - expr.items.length, expr.items.length);
        return;
      case NodeKind.AttrSet:
        this.attrSet(expr, scope);
        return;
      case NodeKind.Let:
        this.strict(expr.body, this.bindingGroup(expr.attrs, expr, scope));
        return;
      case NodeKind.With: {
        const inner = this.file.scopes.get(expr) as Scope;
        if (scope.innermostWith !== undefined) this.pushBinding(scope.innermostWith);
        else this.pushConstant(null);
        this.lazy(expr.namespace, scope);
        this.emit(Op.With, (inner.dynamic as Binding).slot, this.file.positionOf(expr.pos));
        this.openScope(inner);
        this.fillScope(inner);
        this.strict(expr.body, inner);
        return;
      }
      case NodeKind.Assert:
        this.assertion(expr.condition, expr.body, expr.pos, scope);
        return;
      case NodeKind.If: {
        this.condition(expr.condition, scope, "while evaluating a branch condition");
        const otherwise = this.jump(Op.JumpIfFalse);
        this.strict(expr.consequence, scope);
        const end = this.jump(Op.Jump);
        this.startBranch();
        this.land(otherwise);
        this.strict(expr.alternative, scope);
        this.land(end);
        return;
      }
      case NodeKind.Not:
        this.condition(expr.operand, scope, "in the argument of '!'");
        this.emit(Op.Not);
        return;
      case NodeKind.Negate: {
        if (this.file.isReplaced("__sub", scope)) {
          this.lazy(expr.operand, scope);
          this.pushConstant(0);
          this.variable("__sub", scope, NO_OFFSET);
          this.call(2, expr.pos);
        } else if (expr.operand.kind === NodeKind.Int && typeof expr.operand.value === "number") {
          this.pushConstant(0 - expr.operand.value);
        } else {
          this.traced(expr.pos, "while calling the 'sub' builtin", () => {
            this.strict(expr.operand, scope);
            this.span(expr.pos);
            this.emit(Op.Negate);
          });
        }
        return;
      }
      case NodeKind.Binary:
        this.binary(expr, scope);
        return;
      case NodeKind.Lambda:
        throw new InternalError("the resolver made no unit of a function");
      case NodeKind.Error:
        throw new InternalError("a text with errors is compiled");
      default:
        unreachable(expr);
    }
  }

  /** Pushes a global or lexical name without forcing it. */
  private lazyName(name: string, scope: Scope): void {
    const binding = scope.lookup(name);
    if (binding !== undefined) this.pushBinding(binding);
    else this.pushGlobal(name, (this.file.globals.get(name) ?? null) as Slot);
  }

  private call(count: number, offset: number): void {
    for (let n = count; n > 0; n--) {
      this.span(offset);
      this.emitSized(Op.Call, -1, n);
    }
  }

  private condition(expr: Expr, scope: Scope, message: string): void {
    const offset = expr.pos;
    this.traced(offset, message, () => {
      this.strict(expr, scope);
      if (this.isBoolean(expr, scope)) return;
      this.span(offset);
      this.emit(Op.CheckBool);
    });
  }

  /** Whether an expression can only have Boolean values. */
  private isBoolean(expr: Expr, scope: Scope): boolean {
    if (expr.kind === NodeKind.Not || expr.kind === NodeKind.HasAttr) return true;
    if (expr.kind !== NodeKind.Binary) return false;
    switch (expr.op) {
      case BinaryOp.Equal:
      case BinaryOp.NotEqual:
      case BinaryOp.And:
      case BinaryOp.Or:
      case BinaryOp.Implication:
        return true;
      case BinaryOp.Less:
      case BinaryOp.LessOrEqual:
      case BinaryOp.More:
      case BinaryOp.MoreOrEqual:
        return !this.file.isReplaced("__lessThan", scope);
      default:
        return false;
    }
  }

  /** A string or path with interpolations: `piece` coerces each computed part, `join` joins all. */
  private template(expr: StringTemplate | PathTemplate, scope: Scope, piece: Op, join: Op): void {
    expr.parts.forEach((part, i) => {
      if (
        part.kind === NodeKind.String ||
        (part.kind === NodeKind.Path && piece === Op.PathSegment)
      ) {
        this.pushConstant(this.literalValue(part));
        return;
      }
      this.traced(part.pos, "in an operand of '+'", () => this.strict(part, scope));
      this.span(expr.partPositions[i] ?? expr.pos);
      this.emit(piece);
    });
    // Joining strings cannot fail, joining a path can.
    if (join === Op.ConcatPath) this.span(expr.pos);
    this.emitSized(join, 1 - expr.parts.length, expr.parts.length);
  }

  /** Pushes the name that an element of an attribute path computes. */
  private computedName(expr: Expr, scope: Scope): void {
    this.strict(expr, scope);
    this.span(expr.pos);
    this.emit(Op.CheckName);
  }

  /** The value of an expression `builtins.name`, which is a constant if `builtins` is not rebound. */
  private knownBuiltin(expr: Select, scope: Scope): Slot | undefined {
    const name = expr.path[0]?.name;
    if (expr.base.kind !== NodeKind.Var || expr.base.name !== "builtins") return undefined;
    if (name === undefined || expr.path.length > 1 || scope.lookup("builtins") !== undefined) {
      return undefined;
    }
    const builtins = this.file.globals.get("builtins");
    const slot = builtins instanceof Attrs ? builtins.get(name) : undefined;
    return slot instanceof Thunk ? undefined : slot;
  }

  private selection(expr: Select, scope: Scope): void {
    const builtin = this.knownBuiltin(expr, scope);
    if (builtin !== undefined) {
      this.pushGlobal(`builtins.${expr.path[0]?.name}`, builtin);
      return;
    }
    this.traced(expr.base.pos, "while selecting an attribute", () => this.strict(expr.base, scope));
    const bottom = this.depth - 1;
    const from = this.code.length;
    const steps: SelectStep[] = [];
    const exits: number[] = [];
    const simple = expr.fallback === undefined && expr.path.length === 1;
    for (const element of expr.path) {
      const depth = this.localCount + this.depth - 1;
      if (element.expr !== undefined) {
        this.computedName(element.expr, scope);
        this.span(expr.pos);
        if (expr.fallback === undefined) this.emit(Op.SelectDynamic);
        else {
          exits.push(this.jump(Op.SelectOrDynamic));
          this.code.push(this.localCount + bottom);
        }
      } else {
        const name = this.constant(element.name);
        this.span(expr.pos);
        if (expr.fallback !== undefined) {
          exits.push(this.jump(Op.SelectOr, name));
          this.code.push(this.localCount + bottom);
        } else {
          this.emit(simple ? Op.Select : Op.SelectKeep, name, this.constant(new SelectCache()));
        }
      }
      steps.push({
        name: element.name,
        text: () => (element.expr === undefined ? "" : printExpr(element.expr)),
        pc: this.code.length,
        depth,
      });
    }
    const dropped = this.depth - 1 - bottom;
    if (simple && expr.path[0]?.expr === undefined) this.emit(Op.Nip);
    else this.emitSized(Op.Slide, -dropped, dropped);
    if (expr.fallback !== undefined) {
      const end = this.jump(Op.Jump);
      for (const exit of exits) this.land(exit);
      this.startBranch();
      this.strict(expr.fallback, scope);
      this.land(end);
    }
    this.tracedSelection(from, expr.pos, steps);
  }

  private hasAttr(base: Expr, path: readonly AttrName[], scope: Scope): void {
    this.traced(base.pos, "in the argument of '?'", () => this.strict(base, scope));
    const exits: number[] = [];
    path.forEach((element, i) => {
      if (i > 0) {
        this.span(base.pos);
        this.emit(Op.Force);
      }
      if (element.expr !== undefined) {
        this.computedName(element.expr, scope);
        exits.push(this.jump(Op.HasAttrDynamic));
      } else exits.push(this.jump(Op.HasAttr, this.constant(element.name)));
    });
    this.emit(Op.Pop);
    this.pushConstant(true);
    for (const exit of exits) this.land(exit);
  }

  private attrSet(set: AttrSet, scope: Scope): void {
    const inner = set.recursive ? (this.file.scopes.get(set) as Scope) : scope;
    // Only a `rec` with `__overrides` has a cell.
    const cell = set.recursive ? inner.names.get("__overrides")?.cell : undefined;
    const names: string[] = [];
    const positions: PosIdx[] = [];
    if (set.recursive && cell === undefined) {
      this.bindingGroup(set, set, scope);
      for (const { name } of set.bindings) this.pushBinding(inner.names.get(name) as Binding);
    } else {
      // With a cell, attributes see each other through the cell, so nothing has to be refilled.
      if (cell !== undefined) {
        this.emit(Op.NewCell, cell.slot);
        this.openScope(inner);
        this.fillScope(inner);
      }
      this.inheritSources(set, inner, []);
      for (const binding of set.bindings) {
        this.bindingValue(binding.value, binding.kind, scope, inner);
      }
    }
    for (const { name, pos } of set.bindings) {
      names.push(name);
      positions.push(this.file.positionOf(pos));
    }
    if (names.length === 0) this.pushConstant(EMPTY_ATTRS);
    else {
      const shape = this.constant(new Shape(names, positions));
      this.emitSized(Op.Attrs, 1 - names.length, shape);
    }
    if (cell !== undefined) this.applyOverrides(cell, set.pos);
    this.dynamicAttrs(set, inner);
  }

  private bindingValue(value: Expr, kind: BindingKind, outer: Scope, inner: Scope): number {
    return this.lazy(value, kind === BindingKind.Inherited ? outer : inner);
  }

  private dynamicAttrs(set: AttrSet, scope: Scope): void {
    if (set.dynamic.length === 0) return;
    this.emit(Op.DynamicBegin);
    for (const { name, value, pos } of set.dynamic) {
      this.strict(name, scope);
      this.lazy(value, scope);
      this.span(pos);
      this.emit(Op.DynamicAttr, this.file.positionOf(pos));
    }
    this.emit(Op.DynamicEnd);
  }

  /** Fills the hidden locals of `inherit (e)` sources; adds those that must be refilled to `refills`. */
  private inheritSources(set: AttrSet, scope: Scope, refills: Refill[]): void {
    const sources = this.file.inheritSources.get(set) ?? [];
    sources.forEach((binding, i) => {
      const index = this.lazy(set.inheritFrom[i] as Expr, scope);
      if (index >= 0) refills.push({ slot: binding.slot, index });
      this.emit(Op.SetLocal, binding.slot);
    });
  }

  /** Fills the locals of a `let` or `rec`. */
  private bindingGroup(set: AttrSet, owner: Expr, outer: Scope): Scope {
    const inner = this.file.scopes.get(owner) as Scope;
    const bindings = set.bindings.map(({ name }) => inner.names.get(name) as Binding);
    for (const binding of bindings) binding.ready = false;
    this.openScope(inner);
    const refills: Refill[] = [];
    this.inheritSources(set, inner, refills);
    const order = this.file.orders.get(owner);
    for (let i = 0; i < bindings.length; i++) {
      const index = order?.[i] ?? i;
      const row = set.bindings[index] as AttrSet["bindings"][number];
      const binding = bindings[index] as Binding;
      const lambda = this.bindingValue(row.value, row.kind, outer, inner);
      if (lambda >= 0) refills.push({ slot: binding.slot, index: lambda });
      this.emit(Op.SetLocal, binding.slot);
      binding.ready = true;
    }
    for (const { slot, index } of refills) this.emit(Op.Refill, slot, index);
    this.fillScope(inner);
    return inner;
  }

  /** Applies `__overrides` to the set on the top and in the cell. */
  private applyOverrides(cell: Binding, offset: number): void {
    this.emit(Op.SetCell, cell.slot);
    this.emit(Op.SelectKeep, this.constant("__overrides"), this.constant(new SelectCache()));
    this.span(offset);
    this.emit(Op.Overrides, cell.slot);
  }

  private assertion(condition: Expr, body: Expr, offset: number, scope: Scope): void {
    this.condition(condition, scope, "in the condition of the assert statement");
    const failed = this.jump(Op.JumpIfFalse);
    this.strict(body, scope);
    const end = this.jump(Op.Jump);
    this.startBranch();
    this.land(failed);
    const index = this.constant(new AssertionText(() => printExpr(condition)));
    if (condition.kind === NodeKind.Binary && condition.op === BinaryOp.Equal) {
      this.strict(condition.left, scope);
      this.strict(condition.right, scope);
      this.span(offset);
      this.emit(Op.AssertEqual, index, this.file.positionOf(condition.pos));
    }
    this.span(offset);
    this.emit(Op.AssertFail, index);
    this.land(end);
  }

  private binary(expr: Binary, scope: Scope): void {
    const { op, left, right } = expr;
    const name = OPERATOR_NAMES[op];
    if (name !== undefined) {
      this.builtinOperator(expr, name, scope);
      return;
    }
    switch (op) {
      case BinaryOp.Add:
        this.traced(left.pos, "in an operand of '+'", () => this.strict(left, scope));
        this.span(left.start);
        this.emit(Op.AddFirst);
        this.traced(right.pos, "in an operand of '+'", () => this.strict(right, scope));
        this.span(expr.pos);
        this.span(right.start);
        this.emit(Op.Add);
        return;
      case BinaryOp.Equal:
      case BinaryOp.NotEqual: {
        const sign = op === BinaryOp.Equal ? "==" : "!=";
        this.traced(left.pos, `in the left operand of '${sign}'`, () => this.strict(left, scope));
        this.traced(right.pos, `in the right operand of '${sign}'`, () =>
          this.strict(right, scope),
        );
        this.span(expr.pos);
        this.emit(op === BinaryOp.Equal ? Op.Equal : Op.NotEqual);
        return;
      }
      case BinaryOp.And:
      case BinaryOp.Or:
      case BinaryOp.Implication: {
        const sign = op === BinaryOp.And ? "&&" : op === BinaryOp.Or ? "||" : "->";
        this.condition(left, scope, `in the left operand of '${sign}'`);
        if (op === BinaryOp.Implication) this.emit(Op.Not);
        const end = this.jump(op === BinaryOp.And ? Op.And : Op.Or);
        this.condition(right, scope, `in the right operand of '${sign}'`);
        this.land(end);
        return;
      }
      case BinaryOp.Update: {
        const operands = this.updateOperands(expr);
        // Nix: the rightmost operand is evaluated first.
        for (let i = operands.length - 1; i >= 0; i--) {
          const operand = operands[i] as { expr: Expr; side: string };
          this.traced(operand.expr.pos, `in the ${operand.side} operand of '//'`, () => {
            this.strict(operand.expr, scope);
            this.emit(Op.CheckSet);
          });
        }
        this.emitSized(Op.Update, 1 - operands.length, operands.length);
        return;
      }
      case BinaryOp.Concat:
        this.traced(left.pos, "in the left operand of '++'", () => this.strict(left, scope));
        this.traced(right.pos, "in the right operand of '++'", () => this.strict(right, scope));
        this.span(expr.pos);
        this.emit(Op.Concat);
        return;
      default:
        throw new InternalError(`no instruction for the operator ${op}`);
    }
  }

  /** The operands of a chain of `//`, left to right; C++ Nix flattens both sides. */
  private updateOperands(expr: Binary): { expr: Expr; side: string }[] {
    const operands: { expr: Expr; side: string }[] = [];
    const work: { expr: Expr; side: string }[] = [{ expr, side: "" }];
    for (let item = work.pop(); item !== undefined; item = work.pop()) {
      const inner = item.expr;
      const isChain = inner.kind === NodeKind.Binary && inner.op === BinaryOp.Update;
      if (isChain && (inner === expr || !this.file.units.has(inner))) {
        work.push({ expr: inner.right, side: "right" }, { expr: inner.left, side: "left" });
      } else operands.push(item);
    }
    return operands;
  }

  /** `-`, `*`, `/` and the comparisons: calls of builtins, unless their names mean something else here. */
  private builtinOperator(expr: Binary, name: string, scope: Scope): void {
    const { op, left, right, pos } = expr;
    const swapped = op === BinaryOp.More || op === BinaryOp.LessOrEqual;
    if (this.file.isReplaced(name, scope)) {
      const call = (): void => {
        this.lazy(swapped ? left : right, scope);
        this.lazy(swapped ? right : left, scope);
        this.variable(name, scope, NO_OFFSET);
        this.call(2, pos);
      };
      if (op === BinaryOp.LessOrEqual || op === BinaryOp.MoreOrEqual) {
        this.traced(pos, "in the argument of '!'", () => {
          call();
          this.span(pos);
          this.emit(Op.CheckBool);
        });
        this.emit(Op.Not);
      } else call();
      return;
    }
    const calculate = (): void =>
      this.traced(pos, `while calling the '${BUILTIN_OF_OPERATOR[op]}' builtin`, () => {
        // Nix: `a > b` is `b < a`, so `b` is evaluated first.
        this.strict(swapped ? right : left, scope);
        this.strict(swapped ? left : right, scope);
        this.span(pos);
        this.emit(OP_OF_OPERATOR[op] as Op);
      });
    if (op === BinaryOp.LessOrEqual || op === BinaryOp.MoreOrEqual) {
      this.traced(pos, "in the argument of '!'", calculate);
      this.emit(Op.Not);
    } else calculate();
  }
}

/** A local whose thunk captured locals that were not filled yet, and the index of its lambda. */
interface Refill {
  readonly slot: number;
  readonly index: number;
}

const EMPTY_LIST: readonly Slot[] = [];
