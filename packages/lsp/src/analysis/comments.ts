/**
 * Documentation in texts: the doc comment of a binding or a function (RFC 145), and the ordinary comment
 * above a binding, which older code uses for the same.
 */
import { stripIndentation } from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import { type Binding, NodeKind, type Span, SyntaxToken } from "@nivis/syntax";
import { lambdaChain } from "./cursor.ts";
import type { Snapshot } from "./snapshot.ts";

/** The documentation of a binding, or of the function that it binds; Markdown text. */
export function documentationOf(snapshot: Snapshot, binding: Binding): string | undefined {
  const { doc, value, pos } = binding;
  if (doc !== undefined) return docComment(snapshot, doc);
  const lambdas = value.kind === NodeKind.Lambda ? lambdaChain(value) : [];
  const ofFunction = lambdas.find((one) => one.doc !== undefined)?.doc;
  if (ofFunction !== undefined) return docComment(snapshot, ofFunction);
  return commentAbove(snapshot, pos);
}

/** The text of a doc comment. */
export function docComment(snapshot: Snapshot, { start, end }: Span): string | undefined {
  const inner = snapshot.slice({ start: start + 3, end: end - 2 });
  const text = decodeUtf8(stripIndentation(`   ${inner}`)).trim();
  return text === "" ? undefined : text;
}

/** The comment on the lines right above a token. */
function commentAbove({ tree, bytes }: Snapshot, pos: number): string | undefined {
  const index = tree.tokenAt(pos);
  if (tree.tokenStarts[index] !== pos) return undefined;
  const comments = new SyntaxToken(tree, index).leading;
  const lines: string[] = [];
  let below = pos;
  for (const { kind, start, end } of comments.reverse()) {
    // A blank line ends what belongs to the token.
    if ((bytes.slice(end, below).match(/\n/g)?.length ?? 0) > 1) break;
    const text = bytes.slice(start, end);
    if (kind === "line-comment") lines.unshift(text.replace(/^#+ ?/, "").trimEnd());
    else lines.unshift(stripIndentation(`  ${text.slice(2, -2)}`).trim());
    below = start;
  }
  const text = decodeUtf8(lines.join("\n")).trim();
  return text === "" ? undefined : text;
}
