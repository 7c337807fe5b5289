/**
 * The scopes of `with` at run time: a chain from the innermost outwards. A `with` keeps its scope in
 * a hidden local, which the code inside captures like any other; so there is no with-stack beside
 * the frames, and a thunk keeps alive only the scopes that it can see.
 *
 * Code that is compiled for a debugger (`Resolution.keepsScopes`) also keeps its other scopes, as
 * {@link Environment}s. Other code has none at run time: it captures what it uses.
 */

import { marked } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { typeMismatch } from "../operations/checks.ts";
import { CALL_SITE, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import type { Shape } from "../value/shape.ts";
import { Thunk, valueOfForced } from "../value/thunk.ts";
import type { Slot, Value } from "../value/value.ts";
import { type Request, Routine } from "./requests.ts";

/** One `with`: its namespace and the `with` around it. */
export class WithScope {
  constructor(
    readonly namespace: Slot,
    readonly parent: WithScope | null,
    /** The position of the `with`. */
    readonly pos: PosIdx,
  ) {}
}

/** Looks a name up in namespaces that are forced; `undefined` if one is not forced, or none has the name. */
export function lookUpWith(innermost: WithScope, name: string): Slot | undefined {
  let scope: WithScope | null = innermost;
  while (scope !== null) {
    const slot: Slot = scope.namespace;
    const value = slot instanceof Thunk ? valueOfForced(slot) : slot;
    if (!(value instanceof Attrs)) return undefined;
    const found = value.get(name);
    if (found !== undefined) return found;
    scope = scope.parent;
  }
  return undefined;
}

/**
 * An inline cache for one look-up through `with` in translated code: the shapes of the namespaces that were
 * searched last, and the index of the name in each. The number of scopes around a look-up never changes.
 * See docs/design/006-calls-and-sets.md.
 */
export class WithCache {
  /** The shapes of the namespaces, from the innermost outwards. */
  readonly shapes: Shape[] = [];
  /** The index of the name in each shape; -1 if it is absent. */
  readonly indexes: number[] = [];
}

/** Looks a name up, forcing the namespaces on the way outwards. */
export class WithLookUp extends Routine<Slot> {
  private scope: WithScope | null;

  constructor(
    private readonly ctx: EvalContext,
    innermost: WithScope,
    private readonly name: string,
  ) {
    super();
    this.scope = innermost;
  }

  override next(): IteratorResult<Request, Slot> {
    for (let scope = this.scope; scope !== null; scope = scope.parent) {
      const slot: Slot = scope.namespace;
      const value = (slot instanceof Thunk ? valueOfForced(slot) : slot) as Value | undefined;
      // Once it is forced, the look-up continues with it.
      if (value === undefined) {
        this.scope = scope;
        return this.ask(slot as Thunk);
      }
      if (!(value instanceof Attrs)) throw notANamespace(this.ctx, value, scope);
      const found = value.get(this.name);
      if (found !== undefined) return this.finish(found);
    }
    throw undefinedVariable(this.name);
  }
}

/** The error about a `with` whose namespace is not a set. */
export function notANamespace(ctx: EvalContext, value: Value, scope: WithScope): EvalError {
  return typeMismatch(ctx, value, "a set", "").addTrace(
    scope.pos,
    "while evaluating the first subexpression of a with expression",
  );
}

/** The error about a name that no namespace has. */
export function undefinedVariable(name: string): EvalError {
  return new EvalError("undefined-variable", marked`undefined variable '${name}'`, CALL_SITE);
}

/** A `let`, a `rec`, the parameters of a function, or a `with`, and what is around it. */
export class Environment {
  /** Parallel to `names`; of a `with`, its {@link WithScope}. Empty until all are made. */
  values: readonly unknown[] = [];

  constructor(
    /** `null` for a `with`. */
    readonly names: readonly string[] | null,
    readonly parent: Environment | null,
  ) {}

  /** The slot of a name; `undefined` if there is none (yet). */
  get(name: string): Slot | undefined {
    const index = this.names?.indexOf(name) ?? -1;
    if (index < 0) return undefined;
    return this.slotAt(index);
  }

  /** The slot of the name with an index. */
  slotAt(index: number): Slot | undefined {
    const kept = this.values[index] as Slot | undefined;
    // With `__overrides`, all names share a cell that holds the set; it is empty at first.
    if (kept instanceof Thunk && kept.code === null && this.sharesCell) {
      const set: unknown = kept.a;
      return set instanceof Attrs ? set.get(this.names?.[index] as string) : undefined;
    }
    return kept;
  }

  private get sharesCell(): boolean {
    return this.names?.includes("__overrides") === true;
  }

  /** The set behind a `with`, which may not be evaluated yet; `undefined` for other scopes. */
  get namespace(): Slot | undefined {
    const [scope] = this.values;
    return this.names === null && scope instanceof WithScope ? scope.namespace : undefined;
  }
}
