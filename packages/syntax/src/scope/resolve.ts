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
  type Binding,
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
import { Meaning, type Stretch, type WalkMemory } from "./stretch.ts";

const UNDERSCORE = 95;

/** From here on the value of this `let` binding is walked, or no binding's any more. */
class Definition {
  readonly kind = -3;
  constructor(readonly variable: Variable | undefined) {}
}

/** What is still to be done: an expression to walk, a scope or stretch to enter or leave, a definition. */
type Task = Expr | LexicalScope | WithScope | Definition | Stretch;

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
  /** The stretch whose values are being walked. */
  #stretch: Stretch | undefined = undefined;

  readonly #listener: ScopeListener;
  readonly #globals: ReadonlySet<string>;
  readonly #memory: WalkMemory | undefined;

  /** `memory` is what an earlier walk over a version of the same tree, with the same globals, has kept. */
  constructor(
    listener: ScopeListener,
    globals: ReadonlySet<string> = GLOBAL_NAMES,
    memory?: WalkMemory,
  ) {
    this.#listener = listener;
    this.#globals = globals;
    this.#memory = memory;
  }

  /** The variable that a name means where the walk stands. */
  lookup(name: string): Variable | undefined {
    const variable = this.#innermost.get(name);
    const stretch = this.#stretch;
    if (stretch === undefined) return variable;
    if (variable === undefined) this.#ask(stretch, name);
    else if (variable.scope.depth < stretch.depth) stretch.isKept = false;
    return variable;
  }

  /** Whether a name means a global where the walk stands. */
  isGlobal(name: string): boolean {
    if (this.#stretch !== undefined) this.#ask(this.#stretch, name);
    return this.#globals.has(name) && this.#innermost.get(name) === undefined;
  }

  /** What the listener finds here depends on more than the names: the next walk must come here again. */
  visitAgain(): void {
    if (this.#stretch !== undefined) this.#stretch.isKept = false;
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
        case -4:
          this.#passStretch(task);
          break;
        default:
          this.#listener.enter?.(task);
          this.#expression(task);
      }
    }
    this.#memory?.finish();
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
      const { kind, name, value } = set.bindings[i] as Binding;
      if (kind === BindingKind.Inherited) this.#mention(name, value as Var);
    }
    this.#pushValues(set.bindings);
    this.#pushAll(set.inheritFrom);
  }

  /** The values of bindings, those in stretches apart. */
  #pushValues(bindings: readonly Binding[]): void {
    const keepable = this.#stretch === undefined ? this.#memory?.keepable(bindings) : undefined;
    const inStretches = keepable?.length ?? 0;
    let next = inStretches - 1;
    for (let i = bindings.length - 1; i >= 0; i -= 1) {
      const binding = bindings[i] as Binding;
      if (next >= 0 && keepable?.[next] === binding) next -= 1;
      else if (binding.kind === BindingKind.Plain) this.#tasks.push(binding.value);
    }
    for (let at = 0; at < inStretches; ) at += this.#pushStretch(keepable as Binding[], at);
  }

  /** Recalls or pushes the stretch that begins at an index; returns how many bindings it has. */
  #pushStretch(bindings: readonly Binding[], at: number): number {
    const memory = this.#memory as WalkMemory;
    const known = memory.recall(bindings, at);
    if (known !== undefined && this.#meansTheSame(known)) {
      const { names, mentioned } = known;
      for (let i = 0; i < names.length; i += 1)
        if (mentioned[i] === true) this.#mention(names[i] as string);
      memory.keep(known);
      this.#listener.recallStretch?.(known, known.settle());
      return known.bindings.length;
    }
    const stretch = memory.begin(bindings, at, this.#depth);
    this.#tasks.push(stretch);
    for (let i = stretch.bindings.length - 1; i >= 0; i -= 1)
      this.#tasks.push((stretch.bindings[i] as Binding).value);
    this.#tasks.push(stretch);
    return stretch.bindings.length;
  }

  /** Enters a stretch the first time, leaves it the second. */
  #passStretch(stretch: Stretch): void {
    if (!stretch.isEntered) {
      stretch.isEntered = true;
      this.#stretch = stretch;
      this.#listener.passStretch?.(stretch, false);
      return;
    }
    this.#stretch = undefined;
    this.#listener.passStretch?.(stretch, true);
    if (!stretch.isKept) return;
    stretch.names = [...stretch.asked.keys()];
    stretch.mentioned = [...stretch.asked.values()];
    stretch.meanings = stretch.names.map((name) => this.#meaningOf(name));
    stretch.asked.clear();
    stretch.settle();
    this.#memory?.keep(stretch);
  }

  /** Notes that the walk over a stretch depends on what a name means outside. */
  #ask(stretch: Stretch, name: string): void {
    if (!stretch.asked.has(name)) stretch.asked.set(name, false);
  }

  #meansTheSame({ names, meanings }: Stretch): boolean {
    for (let i = 0; i < names.length; i += 1)
      if (this.#meaningOf(names[i] as string) !== meanings[i]) return false;
    return true;
  }

  #meaningOf(name: string): Meaning {
    const variable = this.#innermost.get(name);
    if (variable !== undefined)
      return variable.kind === VariableKind.Let ? Meaning.LetVariable : Meaning.OtherVariable;
    if (this.#globals.has(name)) return Meaning.Global;
    return this.#innermostWith === undefined ? Meaning.Undefined : Meaning.With;
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
      const { kind: how, value } = bindings[i] as Binding;
      if (how !== BindingKind.Plain || kind === VariableKind.Attribute) continue;
      const inside = new Definition(scope.variables[i]);
      this.#tasks.push(new Definition(around), value, inside);
    }
    if (kind === VariableKind.Attribute) this.#pushValues(bindings);
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
    // That it hides another one, or a global, may be worth a finding.
    if (this.#stretch !== undefined) this.#ask(this.#stretch, name);
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
    if (this.#stretch !== undefined) this.#noteMention(this.#stretch, name, variable);
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

  /** Notes that a name from outside of a stretch stands in it. */
  #noteMention(stretch: Stretch, name: string, variable: Variable | undefined): void {
    if (variable !== undefined) {
      if (variable.scope.depth >= stretch.depth) return;
      const by = this.#definition;
      // Whether the mention counts depends on whether a binding inside is used.
      if (variable.kind === VariableKind.Let && by !== undefined && by.scope.depth >= stretch.depth)
        stretch.isKept = false;
    }
    stretch.asked.set(name, true);
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
