/**
 * Excerpt: source lines with labels under them.
 *
 *      --> FILE:2:20
 *       |
 *     2 |   lib = { foo = x: x.nmae; };
 *       |                 -    ^^^^ no such attribute
 *       |                 |
 *       |                 in this function, 'foo'
 *     ...
 *     8 |   e1 = lib.foo pkgs.hello;
 *       |        ------------------ called from here
 *
 * Labels of one line are below each other, the rightmost one beside its mark. The module works on
 * byte strings; columns are those of a terminal.
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { SourceFile } from "@nivis/syntax";
import { columnsOf } from "../errors/terminal.ts";
import type { Label } from "./explanation.ts";

/** Adds colours to a text. */
export type Paint = (style: Style, text: string) => string;

/** The kind of a text, which determines its colour. */
export type Style = "error" | "label" | "frame" | "hint" | "name";

const BAR = encodeUtf8("│");
const CORNER = encodeUtf8("╭─▸ ");
const DOTS = encodeUtf8("·");
const ELLIPSIS = encodeUtf8("…");
const TAB = "    ";

/** Longer lines are cropped. */
const MAX_WIDTH = 110;
/** The columns kept beside the labels of a cropped line. */
const CONTEXT = 30;

/** A label on one line of an excerpt, in columns of the terminal. */
interface Mark {
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly label: Label;
}

/**
 * Draws the lines of an excerpt, starting with its position. All labels are in the text of the
 * first one.
 */
export function drawExcerpt(labels: readonly Label[], paint: Paint): string[] {
  const [first] = labels;
  if (first === undefined) return [];
  const { source } = first;
  const marks = labels.map((label) => markOf(source, label)).sort((a, b) => a.line - b.line);
  const width = String(marks.at(-1)?.line ?? 1).length;
  const gutter = (text: string): string => paint("frame", `${text.padStart(width)} ${BAR}`);
  const lines = [
    `${" ".repeat(width + 1)}${paint("frame", CORNER)}${source.describe(first.span.start)}`,
  ];
  if (source.text === "") return lines;
  lines.push(gutter(""));
  let shown = 0;
  for (let i = 0; i < marks.length; ) {
    const { line } = marks[i] as Mark;
    const onLine = marks.slice(i).filter((mark) => mark.line === line);
    if (shown > 0 && line === shown + 2) {
      lines.push(
        row(gutter(String(shown + 1)), cropped(expandTabs(source.line(shown + 1) ?? ""), []).text),
      );
    } else if (shown > 0 && line > shown + 1) {
      lines.push(`${" ".repeat(width + 1)}${paint("frame", DOTS)}`);
    }
    const { text, shift } = cropped(expandTabs(source.line(line) ?? ""), onLine);
    lines.push(row(gutter(String(line)), text));
    const shifted = onLine.map((mark) => ({
      ...mark,
      from: mark.from - shift,
      to: mark.to - shift,
    }));
    for (const drawn of drawMarks(shifted, paint)) lines.push(row(gutter(""), drawn));
    shown = line;
    i += onLine.length;
  }
  return lines;
}

/** Returns the shown part of a long line, and how many columns it moves to the left. */
function cropped(text: string, marks: readonly Mark[]): { text: string; shift: number } {
  if (text.length <= MAX_WIDTH) return { text, shift: 0 };
  const from = marks.length === 0 ? 0 : Math.min(...marks.map((mark) => mark.from));
  const to = Math.max(from, ...marks.map((mark) => mark.to));
  const start = to + CONTEXT <= MAX_WIDTH ? 0 : Math.max(0, from - CONTEXT);
  const end = Math.max(to + CONTEXT, start + MAX_WIDTH - CONTEXT);
  let column = 0;
  let kept = "";
  let shift = 0;
  for (const char of decodeUtf8(text)) {
    const bytes = encodeUtf8(char);
    if (column < start) shift = column + columnsOf(bytes);
    else if (column < end) kept += bytes;
    column += columnsOf(bytes);
  }
  // The dots take up a column themselves.
  const head = start > 0 ? ELLIPSIS : "";
  return {
    text: `${head}${kept}${column > end ? ELLIPSIS : ""}`,
    shift: start > 0 ? shift - 1 : 0,
  };
}

function row(gutter: string, text: string): string {
  return text === "" ? gutter : `${gutter} ${text}`;
}

function expandTabs(text: string): string {
  return text.replaceAll("\t", TAB);
}

function markOf(source: SourceFile, label: Label): Mark {
  const { start, end } = label.span;
  const { line, column } = source.lineColumn(start);
  const text = source.line(line) ?? "";
  const before = text.slice(0, column - 1);
  // A label that continues on the next line is marked to the end of this one.
  const marked = text.slice(column - 1, column - 1 + (end - start)).trimEnd();
  const from = columnsOf(expandTabs(before));
  return { line, from, to: from + Math.max(1, columnsOf(expandTabs(marked))), label };
}

/** Draws the marks of a line, the underlines first. */
function drawMarks(marks: readonly Mark[], paint: Paint): string[] {
  const style = ({ label }: Mark): Style => (label.primary ? "error" : "label");
  // The primary label takes precedence where two overlap.
  const inOrder = marks
    .slice()
    .sort((a, b) => a.from - b.from || Number(b.label.primary) - Number(a.label.primary));
  const cells: (Mark | undefined)[] = [];
  for (const mark of inOrder
    .slice()
    .sort((a, b) => Number(a.label.primary) - Number(b.label.primary))) {
    for (let column = mark.from; column < mark.to; column++) cells[column] = mark;
  }
  let underline = "";
  for (let column = 0; column < cells.length; ) {
    const mark = cells[column];
    let end = column + 1;
    while (end < cells.length && cells[end] === mark) end++;
    const length = end - column;
    underline +=
      mark === undefined
        ? " ".repeat(length)
        : paint(style(mark), (mark.label.primary ? "^" : "-").repeat(length));
    column = end;
  }
  const texts = inOrder.filter(({ label }) => label.message !== "");
  const last = texts.at(-1);
  const isAtEnd = last !== undefined && last.to >= cells.length;
  if (isAtEnd) {
    underline += ` ${paint(style(last), last.label.message)}`;
    texts.pop();
  }
  const lines = [underline];
  if (texts.length === 0) return lines;
  lines.push(bars(texts, paint, style));
  for (let mark = texts.pop(); mark !== undefined; mark = texts.pop()) {
    const before = texts.filter(({ from }) => from < (mark as Mark).from);
    const lead = bars(before, paint, style);
    const reached = before.at(-1)?.from ?? -1;
    const gap = " ".repeat(Math.max(0, mark.from - reached - 1));
    lines.push(`${lead}${gap}${paint(style(mark), mark.label.message)}`);
  }
  return lines;
}

function bars(marks: readonly Mark[], paint: Paint, style: (mark: Mark) => Style): string {
  let text = "";
  let column = 0;
  for (const mark of marks) {
    if (mark.from < column) continue;
    text += `${" ".repeat(mark.from - column)}${paint(style(mark), BAR)}`;
    column = mark.from + 1;
  }
  return text;
}
