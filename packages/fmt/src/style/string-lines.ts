/**
 * The lines of strings, as they are written: texts and interpolations.
 *
 * Of an indented string the first line goes when it is blank, the last one becomes empty when it is, and
 * the indentation that all lines share is removed. Texts stay as written; nothing is unescaped.
 *
 * Source: nixfmt's `Parser` (`fixIndentedString`, `classifyString`).
 */
import { type Element, SyntaxKind, Token } from "@nivis/syntax";
import { isSpaces, leadingSpaces } from "../bytes.ts";
import type { Model } from "./model.ts";

/** A text as it is written, or the node of an interpolation. */
export type StringPart = string | number;

/** An indented string. */
export interface StringLines {
  readonly lines: readonly (readonly StringPart[])[];
  /** It becomes a `"…"` string: one line that needs no escapes there. */
  readonly simple: boolean;
  /** The spaces that all lines shared, when the string stays at its columns; else `undefined`. */
  readonly cut: string | undefined;
}

/** The parts of a string or path without the quotes, split into lines. */
export function splitLines(model: Model, children: readonly Element[]): StringPart[][] {
  const { tree } = model;
  let line: StringPart[] = [];
  const lines = [line];
  for (const child of children) {
    if (child >= 0) {
      line.push(child);
      continue;
    }
    const kind = tree.tokenKinds[~child];
    if (kind !== Token.StringText && kind !== Token.Path && kind !== Token.HomePath) continue;
    const texts = tree.tokenText(~child).split("\n");
    for (let i = 0; i < texts.length; i += 1) {
      if (i > 0) {
        line = [];
        lines.push(line);
      }
      if (texts[i] !== "") line.push(texts[i] as string);
    }
  }
  return lines;
}

function isBlank(line: readonly StringPart[]): boolean {
  return (
    line.length === 0 || (line.length === 1 && typeof line[0] === "string" && isSpaces(line[0]))
  );
}

/** The lines of an indented string. */
export function linesOf(model: Model, node: number): StringLines {
  let lines = splitLines(model, model.children(node));
  if (lines.length > 1 && isBlank(lines[0] as StringPart[])) lines = lines.slice(1);
  if (isBlank(lines[lines.length - 1] as StringPart[])) lines[lines.length - 1] = [];
  const indentation = commonIndentation(lines);
  lines = lines.map((line) => withoutIndentation(line, indentation));
  if (isCut(model, node) || lines.some(hasEscapedIndentation))
    return { lines, simple: false, cut: " ".repeat(indentation ?? 0) };
  const [only = []] = lines;
  const isName = isDynamicName(model, node) && only.some((part) => part !== quotedEscapes(part));
  if (lines.length > 1 || only.some(needsIndentedForm) || isName)
    return { lines, simple: false, cut: undefined };
  return { lines: lines.map((line) => line.map(quotedEscapes)), simple: true, cut: undefined };
}

/**
 * Whether spaces follow an escaped line end. Nix takes as many of them away as the string is indented,
 * so another indentation would change the value. nixfmt does not know that.
 */
function hasEscapedIndentation(line: readonly StringPart[]): boolean {
  return line.some((part) => typeof part === "string" && part.includes("''\\n "));
}

/**
 * Whether a string is the name of an attribute. One with escapes is a name that is computed, and
 * without them one that is known, which `let` and `inherit` tell apart. nixfmt does not know that.
 */
function isDynamicName({ tree }: Model, node: number): boolean {
  const around = tree.nodeParent[node] as number;
  if (tree.nodeKinds[around] !== SyntaxKind.Interpolation) return false;
  switch (tree.nodeKinds[tree.nodeParent[around] as number]) {
    case SyntaxKind.String:
    case SyntaxKind.IndentedString:
    case SyntaxKind.Path:
      return false;
    default:
      return true;
  }
}

/** `undefined` when all lines are blank. */
function commonIndentation(lines: readonly (readonly StringPart[])[]): number | undefined {
  let common: number | undefined;
  for (const line of lines) {
    if (isBlank(line)) continue;
    const [first] = line;
    const spaces = typeof first === "string" ? leadingSpaces(first) : 0;
    common = common === undefined ? spaces : Math.min(common, spaces);
  }
  return common;
}

function withoutIndentation(line: StringPart[], indentation: number | undefined): StringPart[] {
  if (indentation === undefined) return [];
  const [first, ...rest] = line;
  if (typeof first !== "string") return line;
  const text = leadingSpaces(first) >= indentation ? first.slice(indentation) : "";
  return text === "" ? rest : [text, ...rest];
}

function needsIndentedForm(part: StringPart): boolean {
  return typeof part === "string" && (part.includes('"') || part.includes("\\"));
}

/** The escapes of `''…''` as those of `"…"`. */
function quotedEscapes(part: StringPart): StringPart {
  if (typeof part !== "string") return part;
  return part.replace(/''\$|'''/g, (escape) => (escape === "'''" ? "''" : "\\$"));
}

/** Whether a disabled region begins or ends inside an interpolation of the string. */
function isCut({ trivia, tree }: Model, node: number): boolean {
  const { disabled } = trivia;
  if (disabled === undefined) return false;
  for (const child of tree.children(node)) {
    if (child < 0) continue;
    const before = disabled[tree.firstToken(child)];
    if (before !== disabled[tree.lastToken(child)]) return true;
  }
  return false;
}
