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
 * Labels of one line hang one below the other, the rightmost beside its mark. Works on byte strings;
 * columns are those that a terminal shows.
 */
import { encodeUtf8 } from "@nivis/formats";
import type { SourceFile } from "@nivis/syntax";
import { columnsOf } from "../errors/terminal.ts";
import type { Label } from "./explanation.ts";

/** Puts colours around a text. */
export type Paint = (style: Style, text: string) => string;

/** What a text is, for its colour. */
export type Style = "error" | "label" | "frame" | "hint" | "name";

const BAR = encodeUtf8("│");
const CORNER = encodeUtf8("╭─▸ ");
const DOTS = encodeUtf8("·");
const TAB = "    ";

/** A label on the one line where it is drawn, in columns of the terminal. */
interface Mark {
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly label: Label;
}

/** The lines of an excerpt, which begins with where it is. All labels lie in the text of the first. */
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
      lines.push(row(gutter(String(shown + 1)), expandTabs(source.line(shown + 1) ?? "")));
    } else if (shown > 0 && line > shown + 1) {
      lines.push(`${" ".repeat(width + 1)}${paint("frame", DOTS)}`);
    }
    lines.push(row(gutter(String(line)), expandTabs(source.line(line) ?? "")));
    for (const text of drawMarks(onLine, paint)) lines.push(row(gutter(""), text));
    shown = line;
    i += onLine.length;
  }
  return lines;
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
  // What goes on in the next line is marked to the end of this one.
  const marked = text.slice(column - 1, column - 1 + (end - start)).trimEnd();
  const from = columnsOf(expandTabs(before));
  return { line, from, to: from + Math.max(1, columnsOf(expandTabs(marked))), label };
}

/** The marks of a line, the line of underlines first. */
function drawMarks(marks: readonly Mark[], paint: Paint): string[] {
  const style = ({ label }: Mark): Style => (label.primary ? "error" : "label");
  // The primary label wins where two overlap.
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
