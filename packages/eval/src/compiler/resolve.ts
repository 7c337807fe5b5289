/**
 * Resolution: finds, for a whole file, what every name means and which expressions become units.
 *
 * The resolver runs once, right after parsing, because an undefined variable anywhere makes the file
 * fail. It works units off a list instead of recursing, and splits off expressions that nest too deeply
 * inside one unit, so native stack use is bounded however the text nests.
 *
 * Which expressions become thunks ({@link Resolution.needsNoThunk}) follows C++ Nix, because it can be
 * seen: a thunk prints as `<CODE>`, and functions compare by pointer.
 *
 * **In lock-step with `emit.ts`.** `Resolver.lazy` and `strict` visit the same expressions, in the same
 * scopes, as `Emitter.lazy` and `strict`: the resolver declares the locals and makes the units that the
 * emitter looks up. A change to one pass needs the same change in the other.
 */
import {
  type AttrName,
  type AttrSet,
  BindingKind,
  type Expr,
  type Formal,
  type Lambda as LambdaExpr,
  NodeKind,
  OPERATOR_NAMES,
} from "@nivis/syntax";
import { Lambda, LambdaKind } from "../bytecode/lambda.ts";
import { unreachable } from "../errors/eval-error.ts";
import { type PosIdx, positionIn } from "../position.ts";
import type { SourceAccessor } from "../source-accessor.ts";
import { Builtin } from "../value/value.ts";
import { ProcessingOrder } from "./processing-order.ts";
import { type Binding, Scope, Unit } from "./scope.ts";

/** Nesting inside one unit beyond which an expression becomes a unit; each level is about four native frames. */
const MAX_STRICT_DEPTH = 300;

/** The most arguments before the last that a fused lambda takes: they and the callee must fit into a frame's header. */
const MAX_EXTRA_ARGUMENTS = 4;

/** A variable that nothing binds. */
export interface UndefinedVariable {
  readonly name: string;
  /** Byte offset. */
  readonly pos: number;
}

/** The result of resolving a file. */
export class Resolution {
  /** The units, by expression. */
  readonly units = new Map<Expr, Unit>();
  /** The scopes that `let`, `rec`, functions and `with` open. */
  readonly scopes = new Map<Expr, Scope>();
  /** For a set or `let` with `inherit (e)`: the hidden bindings of its sources. */
  readonly inheritSources = new Map<AttrSet, readonly Binding[]>();
  /**
   * For a `let`, `rec` or function whose bindings are processed in another order than that of the text: their
   * indexes in that order.
   */
  readonly orders = new Map<Expr, readonly number[]>();
  readonly undefinedVariables: UndefinedVariable[] = [];
  /**
   * Which constants of a lambda's code are globals, as pairs of index and name (`builtins.x` for an
   * attribute of `builtins`): their values belong to one evaluation.
   */
  readonly globalUses = new Map<Lambda, (number | string)[]>();

  constructor(
    readonly globals: ReadonlyMap<string, unknown>,
    /** Position of the first byte of the text. */
    readonly base: PosIdx,
    /** The tree of files that relative paths of the text belong to; see `NixPath`. */
    readonly accessor: SourceAccessor | undefined = undefined,
    /**
     * Whether the code keeps all names in scope for a debugger, and not only those that it uses. Functions
     * are then not fused, so that each has a frame of its own.
     */
    readonly keepsScopes = false,
  ) {}

  /**
   * Whether an operator that calls the value of `name` calls something other than the builtin: the
   * program binds the name, or the scope of a `scopedImport` does.
   */
  isReplaced(name: string, scope: Scope): boolean {
    if (scope.lookup(name) !== undefined) return true;
    const global = this.globals.get(name);
    return !(global instanceof Builtin && `__${global.definition.name}` === name);
  }

  /** The position of a byte offset of the text; a negative offset has none. */
  positionOf(offset: number): PosIdx {
    return positionIn(this.base, offset);
  }

  /**
   * Whether a lazy expression in `scope`, in the code of `unit`, is passed as it is instead of as a thunk.
   * This is C++ Nix's `maybeThunk`: literals, the empty list, globals, and lexical variables whose local
   * is filled already. The resolver asks; the emitter finds a unit for every other lazy expression.
   */
  needsNoThunk(expr: Expr, unit: Unit, scope: Scope): boolean {
    switch (expr.kind) {
      case NodeKind.Int:
      case NodeKind.Float:
      case NodeKind.String:
      case NodeKind.Path:
        return true;
      case NodeKind.List:
        return expr.items.length === 0;
      case NodeKind.Var: {
        const binding = scope.lookup(expr.name);
        if (binding === undefined) return this.globals.has(expr.name);
        return binding.cell === undefined && (binding.owner !== unit || binding.ready);
      }
      default:
        return false;
    }
  }

  /** Records that a constant is the global of that name. */
  noteGlobal(lambda: Lambda, index: number, name: string): void {
    const uses = this.globalUses.get(lambda);
    if (uses === undefined) this.globalUses.set(lambda, [index, name]);
    else uses.push(index, name);
  }
}

/** Resolves the expression of a file. `compile` becomes the `pending` of every lambda made. */
export function resolve(
  expr: Expr,
  resolution: Resolution,
  compile: (lambda: Lambda, unit: Unit) => void,
): Unit {
  return new Resolver(expr, resolution, compile).run();
}

class Resolver {
  private readonly queue: Unit[] = [];
  private readonly processing: ProcessingOrder;

  constructor(
    private readonly root: Expr,
    private readonly file: Resolution,
    private readonly compile: (lambda: Lambda, unit: Unit) => void,
  ) {
    this.processing = new ProcessingOrder(root);
  }

  run(): Unit {
    const root = this.unit(this.root, undefined, new Scope(undefined, new Map(), undefined));
    for (let unit = this.queue.pop(); unit !== undefined; unit = this.queue.pop())
      this.unitBody(unit);
    return root;
  }

  /** Makes a unit and queues it. */
  private unit(expr: Expr, parent: Unit | undefined, scope: Scope, inheritFrom?: Binding): Unit {
    const isFunction = expr.kind === NodeKind.Lambda && inheritFrom === undefined;
    const kind = isFunction ? LambdaKind.Function : LambdaKind.Thunk;
    const lambda = new Lambda(kind, this.file.positionOf(expr.pos));
    lambda.number = this.file.units.size;
    lambda.base = this.file.base;
    const unit = new Unit(lambda, parent, expr, scope, inheritFrom);
    if (isFunction) {
      this.describeFunction(lambda, expr);
      if (!this.file.keepsScopes) this.fuse(unit, expr);
    }
    const environment = scope.innermostEnvironment;
    if (environment !== undefined) unit.use(environment);
    const compile = this.compile;
    lambda.pending = (self) => compile(self, unit);
    this.file.units.set(expr, unit);
    this.queue.push(unit);
    return unit;
  }

  /** Gives the functions directly around an innermost function their fused lambdas. */
  private fuse(unit: Unit, expr: LambdaExpr): void {
    if (expr.formals === undefined && expr.body.kind === NodeKind.Lambda) return;
    const compile = this.compile;
    const inner = unit.lambda;
    let body: Expr = expr;
    let outer = unit.parent;
    for (let extra = 1; extra <= MAX_EXTRA_ARGUMENTS && outer !== undefined; extra++) {
      const around: Expr = outer.expr;
      if (outer.lambda.kind !== LambdaKind.Function) return;
      if (around.kind !== NodeKind.Lambda || around.formals !== undefined) return;
      if (around.body !== body) return;
      const fused = new Lambda(LambdaKind.Function, inner.pos);
      fused.name = inner.name;
      fused.param = inner.param;
      fused.formals = inner.formals;
      fused.extraArguments = extra;
      fused.number = outer.lambda.number;
      fused.base = inner.base;
      fused.pending = (self) => compile(self, unit);
      outer.lambda.fused = fused;
      body = around;
      outer = outer.parent;
    }
  }

  private describeFunction(lambda: Lambda, expr: LambdaExpr): void {
    lambda.name = expr.name;
    lambda.param = expr.param;
    lambda.doc = expr.doc;
    const formals = expr.formals;
    if (formals !== undefined) {
      const names = formals.formals.map((formal) => formal.name);
      lambda.formals = {
        names,
        defaults: formals.formals.map((formal) => formal.fallback !== undefined),
        positions: formals.formals.map((formal) => this.file.positionOf(formal.pos)),
        ellipsis: formals.ellipsis,
        sorted: names
          .map((_, i) => i)
          .sort((a, b) => ((names[a] as string) < (names[b] as string) ? -1 : 1)),
      };
    }
  }

  /** Declares the local in which a new scope is kept for a debugger. */
  private keepScope(scope: Scope, unit: Unit): void {
    if (!this.file.keepsScopes) return;
    const outer = scope.innermostEnvironment;
    if (outer !== undefined) unit.use(outer);
    scope.environment = unit.declare("");
  }

  private unitBody(unit: Unit): void {
    if (unit.inheritFrom !== undefined) {
      unit.use(unit.inheritFrom);
      return;
    }
    const expr = unit.expr;
    if (unit.lambda.kind === LambdaKind.Function) this.functionBody(unit, expr as LambdaExpr);
    else this.strict(expr, unit, unit.scope, 0);
  }

  private functionBody(unit: Unit, expr: LambdaExpr): void {
    const names = new Map<string, Binding>();
    const argument = unit.declare(expr.param ?? "");
    if (expr.param !== undefined) names.set(expr.param, argument);
    const scope = new Scope(unit.scope, names, undefined);
    this.file.scopes.set(expr, scope);
    const formals = expr.formals?.formals ?? [];
    for (const formal of formals) names.set(formal.name, unit.declare(formal.name));
    this.keepScope(scope, unit);
    if (formals.length > 0) {
      for (const formal of formals) (names.get(formal.name) as Binding).ready = false;
      const order = this.processing.ofFormals(formals);
      if (order !== undefined) this.file.orders.set(expr, order);
      for (let i = 0; i < formals.length; i++) {
        const { name, fallback } = formals[order?.[i] ?? i] as Formal;
        if (fallback !== undefined) {
          // A flag beside the formal: whether its default was made, see `emit.ts`.
          unit.declare("");
          this.lazy(fallback, unit, scope);
        }
        (names.get(name) as Binding).ready = true;
      }
    }
    this.strict(expr.body, unit, scope, 0);
  }

  private lookup(name: string, unit: Unit, scope: Scope, pos: number): Binding | undefined {
    const binding = scope.lookup(name);
    if (binding !== undefined) {
      unit.use(binding.cell ?? binding);
      return binding;
    }
    if (this.file.globals.has(name)) return undefined;
    if (scope.innermostWith !== undefined) unit.use(scope.innermostWith);
    else this.file.undefinedVariables.push({ name, pos });
    return undefined;
  }

  /** An expression whose evaluation is deferred: passed as it is, or a unit. */
  private lazy(expr: Expr, unit: Unit, scope: Scope): void {
    if (!this.file.needsNoThunk(expr, unit, scope)) this.unit(expr, unit, scope);
    else if (expr.kind === NodeKind.Var) {
      const binding = scope.lookup(expr.name);
      if (binding !== undefined) unit.use(binding);
    }
  }

  /** An expression that is evaluated where it stands. */
  private strict(expr: Expr, unit: Unit, scope: Scope, depth: number): void {
    if (depth > MAX_STRICT_DEPTH && !this.file.units.has(expr)) {
      this.unit(expr, unit, scope);
      return;
    }
    const next = depth + 1;
    switch (expr.kind) {
      case NodeKind.Int:
      case NodeKind.Float:
      case NodeKind.String:
      case NodeKind.Path:
      case NodeKind.CurPos:
      case NodeKind.Error:
        return;
      case NodeKind.Var:
        this.lookup(expr.name, unit, scope, expr.pos);
        return;
      case NodeKind.SearchPath:
        this.lookup("__findFile", unit, scope, expr.pos);
        this.lookup("__nixPath", unit, scope, expr.pos);
        return;
      case NodeKind.StringTemplate:
      case NodeKind.PathTemplate:
        for (const part of expr.parts) this.strict(part, unit, scope, next);
        return;
      case NodeKind.Select:
        this.strict(expr.base, unit, scope, next);
        this.attrPath(expr.path, unit, scope, next);
        if (expr.fallback !== undefined) this.strict(expr.fallback, unit, scope, next);
        return;
      case NodeKind.HasAttr:
        this.strict(expr.base, unit, scope, next);
        this.attrPath(expr.path, unit, scope, next);
        return;
      case NodeKind.Lambda:
        this.unit(expr, unit, scope);
        return;
      case NodeKind.Call:
        for (const argument of expr.args) this.lazy(argument, unit, scope);
        this.strict(expr.callee, unit, scope, next);
        return;
      case NodeKind.List:
        for (const item of expr.items) this.lazy(item, unit, scope);
        return;
      case NodeKind.AttrSet: {
        const mark = unit.mark();
        if (expr.recursive) this.recursiveSet(expr, unit, scope, next);
        else this.plainSet(expr, unit, scope, next);
        unit.release(mark);
        return;
      }
      case NodeKind.Let: {
        const mark = unit.mark();
        const inner = this.bindingGroup(expr.attrs, expr, unit, scope, false);
        this.strict(expr.body, unit, inner, next);
        unit.release(mark);
        return;
      }
      case NodeKind.With: {
        const mark = unit.mark();
        const dynamic = unit.declare("");
        this.lazy(expr.namespace, unit, scope);
        if (scope.innermostWith !== undefined) unit.use(scope.innermostWith);
        const inner = new Scope(scope, new Map(), dynamic);
        this.file.scopes.set(expr, inner);
        this.keepScope(inner, unit);
        this.strict(expr.body, unit, inner, next);
        unit.release(mark);
        return;
      }
      case NodeKind.Assert:
        this.strict(expr.condition, unit, scope, next);
        this.strict(expr.body, unit, scope, next);
        return;
      case NodeKind.If:
        this.strict(expr.condition, unit, scope, next);
        this.strict(expr.consequence, unit, scope, next);
        this.strict(expr.alternative, unit, scope, next);
        return;
      case NodeKind.Not:
        this.strict(expr.operand, unit, scope, next);
        return;
      case NodeKind.Negate:
        if (this.file.isReplaced("__sub", scope)) {
          this.lookup("__sub", unit, scope, expr.pos);
          this.lazy(expr.operand, unit, scope);
        } else this.strict(expr.operand, unit, scope, next);
        return;
      case NodeKind.Binary: {
        const name = OPERATOR_NAMES[expr.op];
        if (name !== undefined && this.file.isReplaced(name, scope)) {
          this.lookup(name, unit, scope, expr.pos);
          this.lazy(expr.left, unit, scope);
          this.lazy(expr.right, unit, scope);
        } else {
          this.strict(expr.left, unit, scope, next);
          this.strict(expr.right, unit, scope, next);
        }
        return;
      }
      default:
        unreachable(expr);
    }
  }

  private attrPath(path: readonly AttrName[], unit: Unit, scope: Scope, depth: number): void {
    for (const element of path)
      if (element.expr !== undefined) this.strict(element.expr, unit, scope, depth);
  }

  /** Declares and resolves the sources of `inherit (e)` clauses. */
  private inheritSources(set: AttrSet, unit: Unit, scope: Scope): readonly Binding[] {
    const sources = set.inheritFrom.map((source) => {
      const binding = unit.declare("");
      this.lazy(source, unit, scope);
      return binding;
    });
    if (sources.length > 0) this.file.inheritSources.set(set, sources);
    return sources;
  }

  private dynamicAttrs(set: AttrSet, unit: Unit, scope: Scope, depth: number): void {
    for (const { name, value } of set.dynamic) {
      this.strict(name, unit, scope, depth);
      this.lazy(value, unit, scope);
    }
  }

  private plainSet(set: AttrSet, unit: Unit, scope: Scope, depth: number): void {
    const sources = this.inheritSources(set, unit, scope);
    for (const binding of set.bindings) {
      if (binding.kind === BindingKind.InheritedFrom)
        this.unit(binding.value, unit, scope, sources[binding.from]);
      else this.lazy(binding.value, unit, scope);
    }
    this.dynamicAttrs(set, unit, scope, depth);
  }

  private recursiveSet(set: AttrSet, unit: Unit, scope: Scope, depth: number): void {
    const overrides = set.bindings.some((binding) => binding.name === "__overrides");
    const inner = this.bindingGroup(set, set, unit, scope, overrides);
    this.dynamicAttrs(set, unit, inner, depth);
  }

  /** The bindings of a `let` or `rec`, which see each other. */
  private bindingGroup(
    set: AttrSet,
    owner: Expr,
    unit: Unit,
    scope: Scope,
    overrides: boolean,
  ): Scope {
    const names = new Map<string, Binding>();
    const cell = overrides ? unit.declare("") : undefined;
    for (const { name } of set.bindings) {
      const binding = unit.declare(name);
      binding.ready = false;
      binding.cell = cell;
      names.set(name, binding);
    }
    const inner = new Scope(scope, names, undefined);
    this.file.scopes.set(owner, inner);
    this.keepScope(inner, unit);
    const sources = this.inheritSources(set, unit, inner);
    const order = this.processing.ofBindings(set);
    if (order !== undefined) this.file.orders.set(owner, order);
    for (let i = 0; i < set.bindings.length; i++) {
      const binding = set.bindings[order?.[i] ?? i] as AttrSet["bindings"][number];
      if (binding.kind === BindingKind.InheritedFrom)
        this.unit(binding.value, unit, inner, sources[binding.from]);
      // Nix: with `__overrides`, even a literal becomes a thunk.
      else if (overrides && binding.kind === BindingKind.Plain)
        this.unit(binding.value, unit, inner);
      else this.lazy(binding.value, unit, binding.kind === BindingKind.Inherited ? scope : inner);
      (names.get(binding.name) as Binding).ready = true;
    }
    return inner;
  }
}
