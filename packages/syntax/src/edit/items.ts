/**
 * Putting items into sets, lists and formals and taking them out, with the layout that is there.
 *
 * A new item takes the indentation of its neighbours, and a blank line before it if they have some. An
 * item that goes takes its comments along: those on its line and those right above it, up to a blank
 * line. Nothing else changes.
 */
import type { TextEdit } from "../lint/diagnostic.ts";
import type { SyntaxElement, SyntaxNode, SyntaxToken } from "../tree/node.ts";
import type { SyntaxTree } from "../tree/syntax-tree.ts";

/** Brackets with items between them. */
export interface ItemGroup {
  readonly open: SyntaxToken;
  readonly close: SyntaxToken;
  readonly items: readonly SyntaxElement[];
}

const DEFAULT_STEP = "  ";

/** How lines end in a text. */
export function lineEnd(text: string): string {
  const newline = text.indexOf("\n");
  return newline > 0 && text.charCodeAt(newline - 1) === 13 ? "\r\n" : "\n";
}

/** The blanks at the start of the line in which an offset lies. */
export function indentationAt(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  let end = start;
  while (text.charCodeAt(end) === 32 || text.charCodeAt(end) === 9) end += 1;
  return text.slice(start, Math.min(end, offset));
}

/** Whether only blanks stand before an offset on its line. */
function beginsLine(text: string, offset: number): boolean {
  return /^[ \t]*$/.test(text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset));
}

function spansLines(text: string, start: number, end: number): boolean {
  return text.slice(start, end).includes("\n");
}

/** One past an item and the comments behind it on its line. */
function endWithComments(item: SyntaxElement): number {
  return item.lastToken.trailing.at(-1)?.end ?? item.lastToken.end;
}

/** Puts an item behind another one, or behind all; `text` is the item without blanks around it. */
export function insertItem(
  tree: SyntaxTree,
  group: ItemGroup,
  item: string,
  after: SyntaxElement | undefined = group.items.at(-1),
): TextEdit[] {
  const { text } = tree;
  const { open, close, items } = group;
  if (after === undefined) return insertFirst(text, group, item);
  const at = endWithComments(after);
  const isComment = at > after.lastToken.end;
  const onLine = !spansLines(text, open.end, close.start);
  if (onLine && !isComment) return [{ start: at, end: at, text: ` ${item}` }];
  const newline = lineEnd(text);
  const index = items.indexOf(after);
  const previous = index > 0 ? (items[index - 1] as SyntaxElement) : undefined;
  const gap = previous === undefined ? "" : text.slice(previous.end, after.start);
  const blank = /\n[ \t]*\r?\n/.test(gap) ? newline : "";
  // An item in the middle of a line tells nothing about the others.
  const lead = items.find((one) => beginsLine(text, one.start)) ?? after;
  const indentation = beginsLine(text, lead.start)
    ? indentationAt(text, lead.start)
    : indentationAt(text, open.start) + DEFAULT_STEP;
  const inserted = `${newline}${blank}${indentation}${item}`;
  // The bracket may stand on the line of the last item.
  const closes = after === items.at(-1) && !spansLines(text, at, close.start);
  return closes && isComment
    ? [{ start: at, end: at, text: inserted + newline + indentationAt(text, open.start) }]
    : [{ start: at, end: at, text: inserted }];
}

function insertFirst(text: string, { open, close }: ItemGroup, item: string): TextEdit[] {
  const between = text.slice(open.end, close.start);
  if (!between.includes("\n")) {
    return /^\s*$/.test(between)
      ? [{ start: open.end, end: close.start, text: ` ${item} ` }]
      : [{ start: close.start, end: close.start, text: `${item} ` }];
  }
  const newline = lineEnd(text);
  const indentation = indentationAt(text, close.start) + DEFAULT_STEP;
  if (/^\s*$/.test(between)) {
    const before = `${newline}${indentation}${item}${newline}${indentationAt(text, close.start)}`;
    return [{ start: open.end, end: close.start, text: before }];
  }
  // Behind the comments that are all there is.
  const lineStart = text.lastIndexOf("\n", close.start - 1) + 1;
  return [{ start: lineStart, end: lineStart, text: `${indentation}${item}${newline}` }];
}

/** Takes out an item with its comments. */
export function removeItem(tree: SyntaxTree, item: SyntaxNode | SyntaxToken): TextEdit[] {
  const { text } = tree;
  const end = endWithComments(item);
  const start = startWithComments(tree, item);
  const nextLine = text.indexOf("\n", end);
  const ownLines =
    beginsLine(text, start) &&
    /^[ \t\r]*$/.test(text.slice(end, nextLine < 0 ? text.length : nextLine));
  if (ownLines && nextLine >= 0) {
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    return [ownLinesRemoved(text, lineStart, nextLine + 1)];
  }
  // Among others on a line: with the blanks before it.
  let from = start;
  while (from > 0 && (text.charCodeAt(from - 1) === 32 || text.charCodeAt(from - 1) === 9))
    from -= 1;
  return [{ start: from, end, text: "" }];
}

/** Takes out lines, and a blank line beside them that would double another, lead or end the group. */
function ownLinesRemoved(text: string, start: number, end: number): TextEdit {
  const before = /(?:^|\n)([ \t]*\r?\n)$/.exec(text.slice(0, start))?.[1];
  const after = /^[ \t]*\r?\n/.exec(text.slice(end))?.[0];
  if (
    before !== undefined &&
    (after !== undefined || /^[ \t]*(?:[\]})]|in\b)/.test(text.slice(end)))
  )
    return { start: start - before.length, end, text: "" };
  if (after !== undefined && /(?:[[{(]|\blet)[ \t]*\r?\n$/.test(text.slice(0, start)))
    return { start, end: end + after.length, text: "" };
  return { start, end, text: "" };
}

/** Where an item begins with the comments right above it. */
function startWithComments(tree: SyntaxTree, item: SyntaxElement): number {
  const { text } = tree;
  let start = item.start;
  if (!beginsLine(text, start)) {
    // Comments before it on its line.
    return start;
  }
  const comments = item.firstToken.leading;
  for (let i = comments.length - 1; i >= 0; i -= 1) {
    const comment = comments[i] as (typeof comments)[number];
    const gap = text.slice(comment.end, start);
    if ((gap.match(/\n/g)?.length ?? 0) > 1 || !beginsLine(text, comment.start)) break;
    start = comment.start;
  }
  return start;
}
