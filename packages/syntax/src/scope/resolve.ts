/**
 * Static name resolution: one walk over a tree that knows at every expression what each name means,
 * and at the end of every scope which of its names were used.
 *
 * The linter listens to it. The evaluator has a resolution of its own (`compiler/resolve.ts` in
 * `@nivis/eval`), which also lays out slots; the rules of scope are the same.
 *
 * Names are kept in one map from a name to its innermost variable; a scope that is left puts back what
 * it covered. So a lookup costs the same however deep the scopes nest, and the walk has its own stack.
 *
 * "Used" is more than "mentioned": what only the value of an unused `let` binding mentions is unused
 * as well, and so is a function that only calls itself. While the value of a binding is walked, the
 * `let` variables it mentions are put into its `needs`. When the `let` is left, those that the body
 * reaches are known, and what they need of scopes further out is handed to the binding around.
 */
import {
  type AttrName,
  type AttrSet,
  BindingKind,
  type Expr,
  type Lambda,
  type Let,
  NodeKind,
  type Var,
} from "../ast/nodes.ts";
import { GLOBAL_NAMES, OPERATOR_NAMES } from "./globals.ts";
import {
  LexicalScope,
  type ScopeListener,
  type ScopeOwner,
  Variable,
  VariableKind,
  WithScope,
} from "./scope.ts";

const UNDERSCORE = 95;

/** From here on the value of this `let` binding is walked, or no binding's any more. */
class Definition {
  readonly kind = -3;
  constructor(readonly variable: Variable | undefined) {}
}

/** What is still to be done: an expression to walk, a scope to enter or leave, a definition. */
type Task = Expr | LexicalScope | WithScope | Definition;

/** Walks over one tree; use it once. */
export class Resolver {
  /**
   * Names out of scope stay, as `undefined`: a name that is deleted and added over and over leaves
   * remains in V8's hash table that each look for it walks over.
   */
  readonly #innermost = new Map<string, Variable | undefined>();
  readonly #tasks: Task[] = [];
  #depth = 0;
  #innermostWith: WithScope | undefined = undefined;
  /** The innermost `let` binding whose value is being walked. */
  #definition: Variable | undefined = undefined;

  readonly #listener: ScopeListener;
  readonly #globals: ReadonlySet<string>;

  constructor(listener: ScopeListener, globals: ReadonlySet<string> = GLOBAL_NAMES) {
    this.#listener = listener;
    this.#globals = globals;
  }

  /** The variable that a name means where the walk stands. */
  lookup(name: string): Variable | undefined {
    return this.#innermost.get(name);
  }

  /** Whether a name means a global where the walk stands. */
  isGlobal(name: string): boolean {
    return this.#globals.has(name) && this.#innermost.get(name) === undefined;
  }

  /** Walks over `root` and everything below it. */
  walk(root: Expr): void {
    const tasks = this.#tasks;
    tasks.push(root);
    for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
      switch (task.kind) {
        case -1:
          this.#leaveScope(task);
          break;
        case -2:
          this.#passWith(task);
          break;
        case -3:
          this.#definition = task.variable;
          break;
        default:
          this.#listener.enter?.(task);
          this.#expression(task);
      }
    }
  }

  /** Notes the names of an expression and puts its parts on the stack, the first on top. */
  #expression(expr: Expr): void {
    const tasks = this.#tasks;
    switch (expr.kind) {
      case NodeKind.Int:
      case NodeKind.Float:
      case NodeKind.String:
      case NodeKind.Path:
      case NodeKind.CurPos:
      case NodeKind.Error:
        return;
      case NodeKind.Var:
        this.#mention(expr.name, expr);
        return;
      case NodeKind.SearchPath:
        this.#mention("__findFile");
        this.#mention("__nixPath");
        return;
      case NodeKind.StringTemplate:
      case NodeKind.PathTemplate:
        this.#pushAll(expr.parts);
        return;
      case NodeKind.Select:
        if (expr.fallback !== undefined) tasks.push(expr.fallback);
        this.#pushPath(expr.path);
        tasks.push(expr.base);
        return;
      case NodeKind.HasAttr:
        this.#pushPath(expr.path);
        tasks.push(expr.base);
        return;
      case NodeKind.Lambda:
        this.#lambda(expr);
        return;
      case NodeKind.Call:
        this.#pushAll(expr.args);
        tasks.push(expr.callee);
        return;
      case NodeKind.List:
        this.#pushAll(expr.items);
        return;
      case NodeKind.AttrSet:
        if (expr.recursive) this.#bindingGroup(expr, expr, VariableKind.Attribute, undefined);
        else this.#plainSet(expr);
        return;
      case NodeKind.Let:
        this.#bindingGroup(expr, expr.attrs, VariableKind.Let, expr.body);
        return;
      case NodeKind.With: {
        const scope = new WithScope(expr, this.#innermostWith);
        tasks.push(scope, expr.body, scope, expr.namespace);
        return;
      }
      case NodeKind.Assert:
        tasks.push(expr.body, expr.condition);
        return;
      case NodeKind.If:
        tasks.push(expr.alternative, expr.consequence, expr.condition);
        return;
      case NodeKind.Not:
        tasks.push(expr.operand);
        return;
      case NodeKind.Negate:
        this.#mention("__sub");
        tasks.push(expr.operand);
        return;
      case NodeKind.Binary: {
        const name = OPERATOR_NAMES[expr.op];
        if (name !== undefined) this.#mention(name);
        tasks.push(expr.right, expr.left);
        return;
      }
    }
  }

  #pushAll(exprs: readonly Expr[]): void {
    for (let i = exprs.length - 1; i >= 0; i -= 1) this.#tasks.push(exprs[i] as Expr);
  }

  #pushPath(path: readonly AttrName[]): void {
    for (let i = path.length - 1; i >= 0; i -= 1) {
      const { expr } = path[i] as AttrName;
      if (expr !== undefined) this.#tasks.push(expr);
    }
  }

  #lambda(expr: Lambda): void {
    const scope = this.#openScope(expr);
    const formals = expr.formals?.formals;
    if (expr.param !== undefined) {
      const kind = formals === undefined ? VariableKind.Parameter : VariableKind.PatternName;
      this.#declare(scope, expr.param, kind, expr.paramPos);
    }
    this.#tasks.push(expr.body);
    if (formals === undefined) return;
    for (const { name, pos } of formals) this.#declare(scope, name, VariableKind.Formal, pos);
    for (let i = formals.length - 1; i >= 0; i -= 1) {
      const fallback = formals[i]?.fallback;
      if (fallback !== undefined) this.#tasks.push(fallback);
    }
  }

  #plainSet(set: AttrSet): void {
    this.#pushDynamic(set);
    for (let i = set.bindings.length - 1; i >= 0; i -= 1) {
      const { kind, name, value } = set.bindings[i] as AttrSet["bindings"][number];
      if (kind === BindingKind.Plain) this.#tasks.push(value);
      else if (kind === BindingKind.Inherited) this.#mention(name, value as Var);
    }
    this.#pushAll(set.inheritFrom);
  }

  #pushDynamic(set: AttrSet): void {
    for (let i = set.dynamic.length - 1; i >= 0; i -= 1) {
      const { name, value } = set.dynamic[i] as AttrSet["dynamic"][number];
      this.#tasks.push(value, name);
    }
  }

  /** A `let` or a recursive set: bindings that see each other. */
  #bindingGroup(
    owner: Let | AttrSet,
    set: AttrSet,
    kind: VariableKind.Let | VariableKind.Attribute,
    body: Expr | undefined,
  ): void {
    const { bindings } = set;
    // What `inherit` takes is looked for outside.
    for (const { kind: how, name, value } of bindings) {
      if (how === BindingKind.Inherited) this.#mention(name, value as Var);
    }
    const scope = this.#openScope(owner);
    for (const binding of bindings) {
      this.#declare(scope, binding.name, kind, binding.pos, binding);
    }
    if (body !== undefined) this.#tasks.push(body);
    this.#pushDynamic(set);
    const around = this.#definition;
    for (let i = bindings.length - 1; i >= 0; i -= 1) {
      const { kind: how, value } = bindings[i] as AttrSet["bindings"][number];
      if (how !== BindingKind.Plain) continue;
      if (kind === VariableKind.Attribute) this.#tasks.push(value);
      else {
        const inside = new Definition(scope.variables[i]);
        this.#tasks.push(new Definition(around), value, inside);
      }
    }
    this.#pushAll(set.inheritFrom);
  }

  #openScope(owner: ScopeOwner): LexicalScope {
    const scope = new LexicalScope(owner, this.#depth);
    this.#depth += 1;
    this.#tasks.push(scope);
    return scope;
  }

  #declare(
    scope: LexicalScope,
    name: string,
    kind: VariableKind,
    pos: number,
    binding?: Variable["binding"],
  ): void {
    const variable = new Variable(name, kind, pos, scope, this.#innermost.get(name), binding);
    // A leading underscore marks a name that is allowed to be unused.
    if (name.charCodeAt(0) === UNDERSCORE) variable.used = kind !== VariableKind.Attribute;
    scope.variables.push(variable);
    this.#innermost.set(name, variable);
  }

  #leaveScope(scope: LexicalScope): void {
    const { variables } = scope;
    this.#depth -= 1;
    for (let i = variables.length - 1; i >= 0; i -= 1) {
      const { name, shadowed } = variables[i] as Variable;
      this.#innermost.set(name, shadowed);
    }
    if (scope.owner.kind === NodeKind.Let) this.#settle(scope);
    this.#listener.leaveScope?.(scope);
  }

  /** Spreads use over the bindings of a `let`, and passes on what they need from outside. */
  #settle(scope: LexicalScope): void {
    const reached = scope.variables.filter((variable) => variable.used);
    for (let variable = reached.pop(); variable !== undefined; variable = reached.pop()) {
      const { needs } = variable;
      if (needs === undefined) continue;
      variable.needs = undefined;
      for (const needed of needs) {
        if (needed.used) continue;
        if (needed.scope !== scope) this.#need(needed);
        else {
          needed.used = true;
          reached.push(needed);
        }
      }
    }
  }

  /** Enters a `with` the first time, leaves it the second. */
  #passWith(scope: WithScope): void {
    if (!scope.entered) {
      scope.entered = true;
      this.#innermostWith = scope;
      return;
    }
    this.#innermostWith = scope.outer;
    this.#listener.leaveWith?.(scope);
  }

  /** A name stands here; `expr` is the variable that it is written as, if it is written. */
  #mention(name: string, expr?: Var): void {
    const variable = this.#innermost.get(name);
    if (variable !== undefined) {
      variable.mentioned = true;
      if (!variable.used) this.#need(variable);
      return;
    }
    if (this.#globals.has(name)) return;
    if (this.#innermostWith === undefined) {
      if (expr !== undefined) this.#listener.undefinedVariable?.(expr);
      return;
    }
    // Which of them has the name is known only when the program runs.
    for (
      let scope: WithScope | undefined = this.#innermostWith;
      scope !== undefined && !scope.used;
      scope = scope.outer
    ) {
      scope.used = true;
    }
  }

  /** Marks a variable as used, or as needed by the binding that is being defined here. */
  #need(variable: Variable): void {
    const by = this.#definition;
    if (
      by === undefined ||
      (by.used && by.scope === variable.scope) ||
      variable.kind !== VariableKind.Let ||
      by.scope.depth < variable.scope.depth
    ) {
      variable.used = true;
      return;
    }
    by.needs ??= new Set();
    by.needs.add(variable);
  }
}
