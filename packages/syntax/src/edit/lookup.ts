/**
 * Finding what an attribute path means in a text, without evaluating it.
 *
 * A path starts at the set that the text is about: the result of its functions, `let`s and `with`s, and
 * of an application the set that is its last argument (`mkDerivation { … }`). It goes through dotted
 * and nested forms alike, through `rec` and quoted names, and never through `inherit` or a name. `@`
 * before the first name means the innermost `let` on that way that binds it.
 */
import { Token } from "../lex/token.ts";
import { SyntaxKind } from "../tree/kinds.ts";
import { type SyntaxElement, SyntaxNode, SyntaxToken } from "../tree/node.ts";
import {
  type AttrSetView,
  attrSetView,
  type BindingView,
  bindingView,
  type InheritView,
  inheritView,
} from "../tree/views.ts";
import { nameOf } from "./names.ts";

/** A binding on the way of a path. */
export interface Match {
  readonly set: AttrSetView;
  readonly binding: BindingView;
  /** How many names of the binding's own path the searched path has used; all of them when exact. */
  readonly used: number;
}

/** A name in an `inherit`. */
export interface InheritMatch {
  readonly set: AttrSetView;
  readonly inherit: InheritView;
  readonly name: SyntaxElement;
}

/** What a path means. */
export interface Found {
  /** The binding whose value the path names. */
  readonly exact: Match | undefined;
  /** Bindings of longer paths, which together are a set: `a.b = 1; a.c = 2;` for `a`. */
  readonly below: readonly Match[];
  readonly inherited: InheritMatch | undefined;
  /** The set that holds the most of the path, and how many names lead to it. */
  readonly nearest: AttrSetView | undefined;
  readonly depth: number;
  /** Bindings in `nearest` that share the next names of the path, and how many. */
  readonly kin: Match | undefined;
}

/** The sets that an expression may result in, the one that wins first. */
export function setsOf(element: SyntaxElement): AttrSetView[] {
  const sets: AttrSetView[] = [];
  const pending: SyntaxElement[] = [element];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next instanceof SyntaxToken) continue;
    const children = next.children;
    switch (next.kind) {
      case SyntaxKind.AttrSet: {
        const set = attrSetView(next);
        if (set !== undefined) sets.push(set);
        break;
      }
      case SyntaxKind.Root:
      case SyntaxKind.Paren:
        pending.push(...children.filter((child) => child instanceof SyntaxNode));
        break;
      case SyntaxKind.Lambda:
      case SyntaxKind.Let:
      case SyntaxKind.With:
      case SyntaxKind.Assert:
      case SyntaxKind.Apply: {
        const last = children.at(-1);
        if (last !== undefined) pending.push(last);
        break;
      }
      case SyntaxKind.Binary: {
        const [left, operator, right] = children;
        if (!(operator instanceof SyntaxToken) || operator.kind !== Token.Update) break;
        if (left !== undefined) pending.push(left);
        if (right !== undefined) pending.push(right);
        break;
      }
      default:
    }
  }
  return sets;
}

/** The `let`s on the way to the set that a text is about, the innermost first. */
export function letsOf(root: SyntaxNode): AttrSetView[] {
  const lets: AttrSetView[] = [];
  let next: SyntaxElement | undefined = root.children[0];
  while (next instanceof SyntaxNode) {
    const children: SyntaxElement[] = next.children;
    switch (next.kind) {
      case SyntaxKind.Let: {
        const view = attrSetView(next);
        if (view !== undefined) lets.unshift(view);
        next = children.at(-1);
        break;
      }
      case SyntaxKind.Paren:
        next = children[1];
        break;
      case SyntaxKind.Lambda:
      case SyntaxKind.With:
      case SyntaxKind.Assert:
      case SyntaxKind.Apply:
        next = children.at(-1);
        break;
      default:
        next = undefined;
    }
  }
  return lets;
}

/** Finds a path in one of several sets; the first that has it wins. */
export function find(sets: readonly AttrSetView[], path: readonly string[]): Found {
  let best: Found | undefined;
  for (const set of sets) {
    const found = findIn(set, path, 0);
    if (found.exact !== undefined || found.below.length > 0 || found.inherited !== undefined)
      return found;
    if (best === undefined || found.depth > best.depth) best = found;
  }
  return best ?? NOTHING;
}

const NOTHING: Found = {
  exact: undefined,
  below: [],
  inherited: undefined,
  nearest: undefined,
  depth: 0,
  kin: undefined,
};

function findIn(set: AttrSetView, path: readonly string[], depth: number): Found {
  const below: Match[] = [];
  let nested: Found | undefined;
  let kin: Match | undefined;
  for (const item of set.items) {
    const inherit = inheritView(item);
    if (inherit !== undefined) {
      const name = inherit.names.find((one) => nameOf(one) === path[depth]);
      if (name !== undefined && depth === path.length - 1)
        return { ...NOTHING, inherited: { set, inherit, name }, nearest: set, depth };
      continue;
    }
    const binding = bindingView(item) as BindingView;
    const shared = sharedNames(binding, path, depth);
    if (shared === 0) continue;
    const rest = path.length - depth;
    const own = binding.names.length;
    const match: Match = { set, binding, used: shared };
    if (shared === own && own === rest) return { ...NOTHING, exact: match, nearest: set, depth };
    if (shared === rest) below.push(match);
    else if (shared === own && binding.value !== undefined) {
      for (const inner of setsOf(binding.value)) {
        const found = findIn(inner, path, depth + own);
        if (found.exact !== undefined || found.inherited !== undefined) return found;
        if (nested === undefined || found.below.length > nested.below.length) nested = found;
      }
    }
    if (shared < own && (kin === undefined || shared >= kin.used)) kin = match;
  }
  if (below.length > 0) return { ...NOTHING, below, nearest: set, depth, kin: below.at(-1) };
  return nested ?? { ...NOTHING, nearest: set, depth, kin };
}

/** How many names of a binding's path are those of the searched path from `depth` on. */
function sharedNames({ names }: BindingView, path: readonly string[], depth: number): number {
  let count = 0;
  for (const element of names) {
    if (depth + count >= path.length || nameOf(element) !== path[depth + count]) break;
    count += 1;
  }
  return count;
}
