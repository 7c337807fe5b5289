/**
 * Documentation for terminals: the part of Markdown that doc comments use. Headings and strong text are
 * bold, code is cyan, list items keep their marks, paragraphs are filled to the width of the
 * terminal, and code blocks are left alone. Without colours only the filling remains.
 */
import { type Bytes, decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { Terminal } from "../terminal.ts";

/** Nix: libcmd/markdown.cc; the text is indented, and narrower than the terminal. */
const MARGIN = 5;
const LEAST_WIDTH = 60;

/** Renders a text for standard output; `_NIX_TEST_RAW_MARKDOWN=1` leaves it as it is. */
export function renderMarkdown(text: Bytes, terminal: Terminal): Bytes {
  if (terminal.environment["_NIX_TEST_RAW_MARKDOWN"] === "1") return text;
  if (terminal.isOutTerminal !== true) return text;
  const color = terminal.outColor === true;
  const width = Math.max(LEAST_WIDTH, (terminal.columns?.() ?? 80) - MARGIN);
  const out: string[] = [];
  let paragraph: string[] = [];
  let inCode = false;
  const flush = (): void => {
    if (paragraph.length > 0) out.push(...fill(paragraph.join(" "), width, color));
    paragraph = [];
  };
  for (const line of decodeUtf8(text).split("\n")) {
    if (/^\s*(```|~~~)/.test(line)) {
      flush();
      inCode = !inCode;
    } else if (inCode) out.push(paint(`    ${line}`, "code", color));
    else if (line.trim() === "") {
      flush();
      out.push("");
    } else if (/^#{1,6} /.test(line)) {
      flush();
      out.push(paint(line.replace(/^#+ /, ""), "strong", color));
    } else if (/^\s*([-*+]|\d+[.)]) /.test(line)) {
      flush();
      paragraph = [line.trimEnd()];
    } else if (/^ {4}/.test(line) && paragraph.length === 0) {
      out.push(paint(line, "code", color));
    } else if (/\\$| {2}$/.test(line)) {
      paragraph.push(line.replace(/\\$/, "").trimEnd());
      flush();
    } else if (/^\s*:::/.test(line)) flush();
    else paragraph.push(paragraph.length === 0 ? line.trimEnd() : line.trim());
  }
  flush();
  return encodeUtf8(out.join("\n").replace(/\n{3,}/g, "\n\n"));
}

function paint(text: string, kind: "strong" | "emphasis" | "code", color: boolean): string {
  if (!color) return text;
  const start = { strong: "\x1b[1m", emphasis: "\x1b[4m", code: "\x1b[36m" }[kind];
  return `${start}${text}\x1b[0m`;
}

/** Breaks a paragraph into lines; the lines of a list item are indented like its text. */
function fill(text: string, width: number, color: boolean): string[] {
  const mark = /^(\s*)([-*+]|\d+[.)]) /.exec(text)?.[0] ?? /^\s*/.exec(text)?.[0] ?? "";
  const indent = " ".repeat(mark.length);
  const lines: string[] = [];
  let line = mark;
  for (const word of text.slice(mark.length).split(/\s+/)) {
    if (line.length > mark.length && line.length + word.length + 1 > width) {
      lines.push(line);
      line = indent;
    }
    line += (line.length > mark.length ? " " : "") + word;
  }
  lines.push(line);
  return lines.map((one) => inline(one, color));
}

function inline(line: string, color: boolean): string {
  return line.replace(
    /`([^`]+)`|\*\*([^*]+)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])/g,
    (_, code?: string, strong?: string, emphasis?: string) => {
      if (code !== undefined) return color ? paint(code, "code", color) : `\`${code}\``;
      if (strong !== undefined) return paint(strong, "strong", color);
      return paint(emphasis as string, "emphasis", color);
    },
  );
}
