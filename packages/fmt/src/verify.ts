/**
 * Whether two texts are the same program with the same comments: the check after formatting.
 *
 * The tokens must be the same but for quotes and a comma behind the last formal. That also covers what
 * the evaluator's tree leaves out, such as the second of two attributes of one name. The contents of
 * strings are compared in the evaluator's trees. Comments are compared by what they say: formatting may
 * join, split and move them, but every char that is neither blank nor part of a delimiter must still
 * be there as often as before.
 */
import { type Expr, NodeKind, type SyntaxTree, Token } from "@nivis/syntax";

/** Fields that tell where something stands and not what it is, and how a string was quoted. */
const NOT_MEANING: ReadonlySet<string> = new Set([
  "start",
  "end",
  "pos",
  "paramPos",
  "partPositions",
  "doc",
  "form",
]);

/** What differs; `undefined` when nothing does. */
export function difference(before: SyntaxTree, after: SyntaxTree): string | undefined {
  if (after.firstError !== undefined && before.firstError === undefined)
    return after.firstError.message;
  if (!sameTokens(before, after)) return "other tokens";
  if (!sameMeaning(before.expr, after.expr)) return "another meaning";
  const left = commentChars(before);
  const right = commentChars(after);
  for (let code = 0; code < left.length; code += 1)
    if (left[code] !== right[code]) return "other comments";
  return undefined;
}

function sameTokens(before: SyntaxTree, after: SyntaxTree): boolean {
  let left = nextToken(before, 0);
  let right = nextToken(after, 0);
  while (left < before.tokenCount && right < after.tokenCount) {
    // A URI is written as a string.
    if (before.tokenKinds[left] === Token.Uri && after.tokenKinds[right] === Token.Quote) {
      left = nextToken(before, left + 1);
      right = nextToken(after, nextToken(after, right + 1) + 1);
      continue;
    }
    if (!sameToken(before, left, after, right)) {
      // Only one of them has a comma before the brace.
      if (isLastComma(before, left)) left += 1;
      else if (isLastComma(after, right)) right += 1;
      else return false;
      if (!sameToken(before, left, after, right)) return false;
    }
    left = nextToken(before, left + 1);
    right = nextToken(after, right + 1);
  }
  return left >= before.tokenCount && right >= after.tokenCount;
}

/** The first token from `token` on that is not text of a string. */
function nextToken(tree: SyntaxTree, token: number): number {
  let next = token;
  while (tree.tokenKinds[next] === Token.StringText) next += 1;
  return next;
}

function isLastComma(tree: SyntaxTree, token: number): boolean {
  return tree.tokenKinds[token] === Token.Comma && tree.tokenKinds[token + 1] === Token.RightBrace;
}

function sameToken(before: SyntaxTree, left: number, after: SyntaxTree, right: number): boolean {
  const kind = before.tokenKinds[left] as Token;
  switch (kind) {
    case Token.Quote:
    case Token.IndentedOpen:
    case Token.CloseQuote:
    case Token.CloseIndented:
      return plainQuote(kind) === plainQuote(after.tokenKinds[right] as Token);
    default: {
      if (kind !== after.tokenKinds[right]) return false;
      const start = before.tokenStarts[left] as number;
      const other = after.tokenStarts[right] as number;
      const size = (before.tokenEnds[left] as number) - start;
      if (size !== (after.tokenEnds[right] as number) - other) return false;
      for (let i = 0; i < size; i += 1)
        if (before.text.charCodeAt(start + i) !== after.text.charCodeAt(other + i)) return false;
      return true;
    }
  }
}

function plainQuote(kind: Token): Token {
  if (kind === Token.IndentedOpen) return Token.Quote;
  return kind === Token.CloseIndented ? Token.CloseQuote : kind;
}

/** Compares two trees with its own stack. */
function sameMeaning(before: Expr, after: Expr): boolean {
  const stack: unknown[] = [before, after];
  while (stack.length > 0) {
    const right = stack.pop();
    const left = stack.pop();
    if (left === right) continue;
    if (typeof left !== "object" || typeof right !== "object") return false;
    if (left === null || right === null) return false;
    if (Array.isArray(left)) {
      if (!Array.isArray(right) || left.length !== right.length) return false;
      for (let i = 0; i < left.length; i += 1) stack.push(left[i], right[i]);
      continue;
    }
    const pieces = stringPieces(left);
    if (pieces !== undefined) {
      stack.push(pieces, stringPieces(right));
      continue;
    }
    for (const key of Object.keys(left)) {
      if (NOT_MEANING.has(key)) continue;
      stack.push((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]);
    }
  }
  return true;
}

/**
 * The texts and interpolations of a string, neighbouring texts joined; `undefined` if it is none. A string
 * that is interpolated into another counts as written there.
 */
function stringPieces(value: object): unknown[] | undefined {
  const expr = value as Expr;
  if (expr.kind !== NodeKind.String && expr.kind !== NodeKind.StringTemplate) return undefined;
  const pieces: unknown[] = [];
  const stack: Expr[] = [expr];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    const last = pieces[pieces.length - 1];
    if (part.kind === NodeKind.StringTemplate)
      for (let i = part.parts.length - 1; i >= 0; i -= 1) stack.push(part.parts[i] as Expr);
    else if (part.kind !== NodeKind.String) pieces.push(part);
    else if (typeof last === "string") pieces[pieces.length - 1] = last + part.value;
    else if (part.value !== "") pieces.push(part.value);
  }
  return pieces;
}

/** How often each byte stands in comments, blanks and the chars of delimiters left out. */
function commentChars(tree: SyntaxTree): Uint32Array {
  const counts = new Uint32Array(256);
  const { text, commentStarts, commentEnds } = tree;
  for (let comment = 0; comment < commentStarts.length; comment += 1) {
    const end = commentEnds[comment] as number;
    for (let i = commentStarts[comment] as number; i < end; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 32) counts[code] = (counts[code] as number) + 1;
    }
  }
  for (const delimiter of "#*/") counts[delimiter.charCodeAt(0)] = 0;
  return counts;
}
