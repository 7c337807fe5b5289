/**
 * Names: what every name of one text means, from one walk with the resolver of `@nivis/syntax`.
 *
 * A *definition* is a name that a `let`, a `rec` or a function declares; a *use* is a place where a name
 * is written and means something. `inherit x;` in a `let` or a `rec` is both: it declares `x` inside and
 * uses the `x` outside. Definition, references, rename, highlights and completion read this.
 */
import {
  type AttrSet,
  type Binding,
  BindingKind,
  type Expr,
  GLOBAL_NAMES,
  NodeKind,
  type ParseResult,
  Resolver,
  type Span,
  type Variable,
  VariableKind,
} from "@nivis/syntax";

/** A declared name with its uses. Offsets are bytes. */
export interface Definition {
  readonly name: string;
  readonly variable: Variable;
  /** Where the name is declared. */
  readonly pos: number;
  /** Where it is used, in no particular order. */
  readonly uses: Use[];
  /** The expression that declares it. */
  readonly owner: Expr;
}

/** A place where a name is written and used. */
export interface Use extends Span {
  readonly name: string;
  /** What it means; `undefined` for globals, names from a `with`, and names that nothing binds. */
  readonly definition: Definition | undefined;
  readonly kind: "definition" | "global" | "free";
  /** Written in an `inherit` without a source. */
  readonly isInherited: boolean;
}

/** What every name of one text means. */
export class Names {
  /** By start. */
  readonly uses: readonly Use[];
  /** In the order in which scopes end. */
  readonly definitions: readonly Definition[];
  readonly #byPos = new Map<number, Definition>();
  readonly #byName = new Map<string, Definition[]>();

  constructor({ expr }: ParseResult) {
    const uses: Use[] = [];
    const definitions: Definition[] = [];
    const byVariable = new Map<Variable, Definition>();
    const definitionOf = (variable: Variable): Definition => {
      let found = byVariable.get(variable);
      if (found === undefined) {
        const { name, pos, scope } = variable;
        found = { name, variable, pos, uses: [], owner: scope.owner };
        byVariable.set(variable, found);
        definitions.push(found);
      }
      return found;
    };
    const use = (name: string, start: number, isInherited: boolean): void => {
      const variable = resolver.lookup(name);
      const definition = variable === undefined ? undefined : definitionOf(variable);
      const kind =
        definition !== undefined ? "definition" : GLOBAL_NAMES.has(name) ? "global" : "free";
      const found = {
        name,
        start,
        end: start + name.length,
        definition,
        kind,
        isInherited,
      } as const;
      uses.push(found);
      definition?.uses.push(found);
    };
    const inherited = ({ bindings }: AttrSet): void => {
      for (const { kind, name, pos } of bindings)
        if (kind === BindingKind.Inherited && pos >= 0) use(name, pos, true);
    };
    const resolver = new Resolver({
      enter: (one) => {
        if (one.kind === NodeKind.Var) {
          // The variable of an `inherit` is noted with its set.
          if (one.pos >= 0) use(one.name, one.pos, false);
        } else if (one.kind === NodeKind.AttrSet) inherited(one);
        else if (one.kind === NodeKind.Let) inherited(one.attrs);
      },
      leaveScope: ({ variables }) => {
        for (const variable of variables) definitionOf(variable);
      },
    });
    resolver.walk(expr);
    this.uses = uses.sort((a, b) => a.start - b.start);
    this.definitions = definitions;
    for (const definition of definitions) {
      this.#byPos.set(definition.pos, definition);
      const same = this.#byName.get(definition.name);
      if (same === undefined) this.#byName.set(definition.name, [definition]);
      else same.push(definition);
    }
  }

  /** The use whose name holds an offset or ends there. */
  useAt(offset: number): Use | undefined {
    const { uses } = this;
    let low = 0;
    let high = uses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((uses[middle] as Use).start <= offset) low = middle + 1;
      else high = middle;
    }
    const found = uses[low - 1];
    return found !== undefined && offset <= found.end ? found : undefined;
  }

  /** The definition that is declared exactly at an offset. */
  definitionAt(pos: number): Definition | undefined {
    return this.#byPos.get(pos);
  }

  /** What a name means at an offset; innermost scope first. */
  lookup(name: string, offset: number): Definition | undefined {
    let best: Definition | undefined;
    for (const definition of this.#byName.get(name) ?? []) {
      if (!isInside(definition.owner, offset)) continue;
      if (best === undefined || isInner(definition.owner, best.owner)) best = definition;
    }
    return best;
  }

  /** All definitions that can be seen at an offset, shadowed ones left out, inner ones first. */
  visibleAt(offset: number): Definition[] {
    const found = this.definitions.filter(({ owner }) => isInside(owner, offset));
    found.sort((a, b) => (a.owner === b.owner ? 0 : isInner(a.owner, b.owner) ? -1 : 1));
    const seen = new Set<string>();
    return found.filter(({ name }) => !seen.has(name) && seen.add(name));
  }
}

function isInside({ start, end }: Span, offset: number): boolean {
  return start <= offset && offset <= end;
}

function isInner(inner: Span, outer: Span): boolean {
  return inner.start > outer.start || (inner.start === outer.start && inner.end < outer.end);
}

/** How a definition is called in hovers and completions. */
export function describeKind({ variable }: Definition): string {
  switch (variable.kind) {
    case VariableKind.Let:
      return "let binding";
    case VariableKind.Attribute:
      return "attribute";
    case VariableKind.Parameter:
      return "parameter";
    case VariableKind.PatternName:
      return "argument set";
    case VariableKind.Formal:
      return "named argument";
  }
}

/** The bindings of the scope that declares a name; `undefined` for functions. */
export function bindingsOf(definition: Definition): AttrSet | undefined {
  const { owner } = definition;
  if (owner.kind === NodeKind.Let) return owner.attrs;
  return owner.kind === NodeKind.AttrSet ? owner : undefined;
}

/** The binding that declares a name, where one does. */
export function bindingOf({ variable }: Definition): Binding | undefined {
  return variable.binding;
}
