/**
 * The order in which the bindings of a `let` or `rec` and the formals of a function are processed.
 *
 * C++ Nix goes through them by symbol, that is by when the process first saw each name. A binding or default
 * that is just the name of a sibling takes over the sibling's value if that exists already, and becomes
 * a thunk of its own otherwise (`ExprVar::maybeThunk`). Lazy printing and the pointer equality of
 * functions show which: `({ a ? b, b ? 12 }: [ a ]) { }` prints `[ 12 ]`, because `b` is mentioned
 * before the formal `a` is complete.
 *
 * The resolver calls this for each group of bindings; groups without such a binding keep the order of
 * the text. What does not count here: names that the process saw in an earlier file, on the command
 * line or as a computed attribute.
 */
import {
  type AttrName,
  type AttrSet,
  type Binding,
  BindingKind,
  type Expr,
  type Formal,
  NodeKind,
  walk,
} from "@nivis/syntax";
import { firstRank } from "../value/symbol-order.ts";

/** The processing orders of one file. */
export class ProcessingOrder {
  private mentions: ReadonlyMap<string, number> | undefined = undefined;

  constructor(private readonly root: Expr) {}

  /** The indexes of the bindings of a `let` or `rec` in the order of processing; `undefined` for the order of the text. */
  ofBindings({ bindings }: AttrSet): readonly number[] | undefined {
    const valueOf = ({ kind, value }: Binding): Expr | undefined =>
      kind === BindingKind.Plain ? value : undefined;
    return namesSibling(bindings, valueOf) ? this.order(bindings) : undefined;
  }

  /** The indexes of the formals in the order of processing; `undefined` for the order of the text. */
  ofFormals(formals: readonly Formal[]): readonly number[] | undefined {
    return namesSibling(formals, ({ fallback }) => fallback) ? this.order(formals) : undefined;
  }

  private order(members: readonly { readonly name: string }[]): number[] {
    this.mentions ??= firstMentions(this.root);
    const { mentions } = this;
    const ranks = members.map(({ name }) => mentions.get(name) ?? 0);
    return ranks.map((_rank, i) => i).sort((a, b) => (ranks[a] as number) - (ranks[b] as number));
  }
}

/** Whether the value of a member is nothing but the name of another. */
function namesSibling<Member extends { readonly name: string }>(
  members: readonly Member[],
  valueOf: (member: Member) => Expr | undefined,
): boolean {
  let names: Set<string> | undefined;
  for (const member of members) {
    const value = valueOf(member);
    if (value?.kind !== NodeKind.Var || value.name === member.name) continue;
    names ??= new Set(members.map(({ name }) => name));
    if (names.has(value.name)) return true;
  }
  return false;
}

/**
 * Numbers the names of a file by when the parser of C++ Nix makes a symbol of each: at its position, except
 * that a parameter comes after the body and a formal after its default. Names that exist before parsing
 * have numbers below 0.
 */
function firstMentions(root: Expr): Map<string, number> {
  const first = new Map<string, { readonly offset: number; readonly visit: number }>();
  // How many names of the same path stand before those of a set; they share a position.
  const levels = new Map<Expr, number>();
  let visit = 0;
  const mention = (name: string, offset: number): void => {
    const known = first.get(name);
    if (known !== undefined && known.offset < offset) return;
    first.set(name, { offset, visit: visit++ });
  };
  const mentionPath = (path: readonly AttrName[]): void => {
    for (const { name, start } of path) if (name !== undefined) mention(name, start);
  };
  const mentionBindings = (set: AttrSet): void => {
    const level = set.implicit ? (levels.get(set) ?? 0) : 0;
    for (const { name, pos, value } of set.bindings) {
      mention(name, pos + level / MAX_LEVELS);
      if (value.kind === NodeKind.AttrSet && value.implicit) levels.set(value, level + 1);
    }
  };
  walk(root, (expr) => {
    switch (expr.kind) {
      case NodeKind.Var:
        mention(expr.name, expr.start);
        break;
      case NodeKind.Select:
      case NodeKind.HasAttr:
        mentionPath(expr.path);
        break;
      case NodeKind.AttrSet:
        mentionBindings(expr);
        break;
      case NodeKind.Let:
        mentionBindings(expr.attrs);
        break;
      case NodeKind.Lambda:
        for (const { name, pos, fallback } of expr.formals?.formals ?? []) {
          mention(name, fallback === undefined ? pos : fallback.end);
        }
        if (expr.param !== undefined) mention(expr.param, expr.body.end);
        break;
      default:
    }
  });
  // Of two that end at the same offset the inner one is complete first; it was visited later.
  const names = [...first.entries()].sort(
    ([, a], [, b]) => a.offset - b.offset || b.visit - a.visit,
  );
  const numbers = new Map<string, number>();
  names.forEach(([name], number) => {
    const rank = firstRank(name);
    numbers.set(name, rank === undefined ? number : rank - Number.MAX_SAFE_INTEGER);
  });
  return numbers;
}

/** More than a path of attributes has names. */
const MAX_LEVELS = 2 ** 20;
