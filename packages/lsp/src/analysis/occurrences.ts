/**
 * All places where a declared name is written. The evaluator's tree merges `a.b = 1; a.c = 2;` into one
 * binding; here both are occurrences of `a`.
 */
import { type Span, SyntaxKind, SyntaxNode, SyntaxToken, Token } from "@nivis/syntax";
import { nameText } from "./cursor.ts";
import type { Definition } from "./names.ts";
import type { Snapshot } from "./snapshot.ts";

/** One place where a name is written. */
export interface Occurrence {
  readonly span: Span;
  readonly isDeclaration: boolean;
  /** Stands in an `inherit`, as a use of the outer name, as a declaration of the inner one, or both. */
  readonly isInherited: boolean;
}

/** The span of a name that is written at a place: plain or in quotes. */
export function nameSpan({ tree }: Snapshot, start: number, name: string): Span {
  const index = tree.tokenAt(start);
  if (tree.tokenStarts[index] !== start) return { start, end: start + name.length };
  const token = new SyntaxToken(tree, index);
  const { parent } = token;
  // The evaluator's tree gives every name of `a.b.c = 1` the place of the first.
  const path = token.ancestors().find(({ kind }) => kind === SyntaxKind.Binding);
  if (path !== undefined && path.start === start) {
    const found = namesOfPath(path).find((one) => nameText(one) === name);
    if (found !== undefined) return { start: found.start, end: found.end };
  }
  if (token.kind === Token.Quote && parent.start === start) return { start, end: parent.end };
  if (token.kind === Token.DollarBrace && parent.start === start) return { start, end: parent.end };
  return { start, end: token.end };
}

/** The names of a binding's path. */
function namesOfPath(binding: SyntaxNode): (SyntaxNode | SyntaxToken)[] {
  const children = binding.children;
  const end = children.findIndex(
    (child) => child instanceof SyntaxToken && child.kind === Token.Equals,
  );
  return end < 0 ? children : children.slice(0, end);
}

/** All occurrences of a definition, in the order of the text. */
export function occurrencesOf(snapshot: Snapshot, definition: Definition): Occurrence[] {
  const { pos, name, uses } = definition;
  const isInherited = isInInherit(snapshot, pos);
  const found: Occurrence[] = [
    { span: nameSpan(snapshot, pos, name), isDeclaration: true, isInherited },
  ];
  for (const start of furtherDeclarations(snapshot, pos, name))
    found.push({ span: nameSpan(snapshot, start, name), isDeclaration: true, isInherited: false });
  for (const use of uses) {
    const span = nameSpan(snapshot, use.start, name);
    found.push({ span, isDeclaration: false, isInherited: use.isInherited });
  }
  return found.sort((a, b) => a.span.start - b.span.start);
}

function isInInherit({ tree }: Snapshot, pos: number): boolean {
  const index = tree.tokenAt(pos);
  const kind = new SyntaxNode(tree, tree.nodeOf(index)).kind;
  if (kind === SyntaxKind.Inherit) return true;
  if (kind !== SyntaxKind.String) return false;
  return new SyntaxNode(tree, tree.nodeOf(index)).parent?.kind === SyntaxKind.Inherit;
}

/** Where else in its set a name begins a dotted path. */
function furtherDeclarations({ tree }: Snapshot, pos: number, name: string): number[] {
  const index = tree.tokenAt(pos);
  if (tree.tokenStarts[index] !== pos) return [];
  const token = new SyntaxToken(tree, index);
  const binding = token.ancestors().find(({ kind }) => kind === SyntaxKind.Binding);
  if (binding === undefined || binding.start !== pos) return [];
  const found: number[] = [];
  for (const item of binding.parent?.children ?? []) {
    if (!(item instanceof SyntaxNode) || item.kind !== SyntaxKind.Binding) continue;
    if (item.start === pos) continue;
    const [first] = item.children;
    if (first !== undefined && nameText(first) === name) found.push(first.start);
  }
  return found;
}
