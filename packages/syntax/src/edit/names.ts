/** Attribute names and paths as texts: reading them from the tree and from what a user types. */
import { printIdentifier } from "../ast/quote.ts";
import { unescape } from "../lex/strings.ts";
import { Token } from "../lex/token.ts";
import { SyntaxKind } from "../tree/kinds.ts";
import { type SyntaxElement, SyntaxNode, SyntaxToken } from "../tree/node.ts";
import { EditError } from "./edit-error.ts";

/** The name that an element of an attribute path stands for; `undefined` when it is computed. */
export function nameOf(element: SyntaxElement): string | undefined {
  if (element instanceof SyntaxToken) return element.text;
  if (element.kind === SyntaxKind.String) return plainString(element);
  if (element.kind !== SyntaxKind.Interpolation) return undefined;
  const inner = element.children[1];
  return inner instanceof SyntaxNode && inner.kind === SyntaxKind.String
    ? plainString(inner)
    : undefined;
}

/** The value of a `"…"` string without interpolations, as bytes. */
export function plainString(node: SyntaxNode): string | undefined {
  let raw = "";
  for (const child of node.children) {
    if (child instanceof SyntaxNode) return undefined;
    if (child.kind === Token.StringText) raw = child.text;
  }
  return unescape(raw);
}

/** Takes `a.b."c d"` apart. A leading `@` is kept: it asks for the bindings of a `let`. */
export function parsePath(path: string): string[] {
  const names: string[] = [];
  let rest = path;
  while (rest !== "") {
    const found = /^(?:"((?:[^"\\]|\\.)*)"|([^".\s]+))(?:\.(?=.)|$)/s.exec(rest);
    if (found === null) {
      throw new EditError(
        `'${path}' is not an attribute path; names are separated by dots, and quoted if need be`,
      );
    }
    names.push(found[1] === undefined ? (found[2] as string) : unescape(found[1]));
    rest = rest.slice(found[0].length);
  }
  if (names.length === 0) throw new EditError("an attribute path needs at least one name");
  return names;
}

/** Writes a path as Nix reads it. */
export function printPath(names: readonly string[]): string {
  return names.map(printIdentifier).join(".");
}
