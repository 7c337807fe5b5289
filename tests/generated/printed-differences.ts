/**
 * Compares the printed values of two versions piece by piece.
 *
 * Both texts are read in parallel. Where they differ, one of a few rules must explain what the
 * newer text has in place of the older one; everything else must be equal.
 */
import { readFileSync } from "node:fs";
import { formatG6 } from "@nivis/formats";
import { type AttrSet, BindingKind, NodeKind, parse, SourceFile, walk } from "@nivis/syntax";
import { asArgument, fixture, type Mode } from "./modes.ts";

/** The names of the rules; `version-differences.ts` has the reasons. */
export type PrintedDifference =
  | "text-for-a-path"
  | "positions-in-derivation-nix"
  | "positions-of-inherited"
  | "json-floats"
  | "dollar-in-attribute-name"
  | "repeated-lists";

/** The current position in both texts. */
interface Place {
  readonly ours: string;
  readonly theirs: string;
  /** The first differing byte in each text. */
  readonly i: number;
  readonly j: number;
}

/** The part of the texts that a rule explains, from a position on. */
interface Step {
  readonly i: number;
  readonly j: number;
}

interface Rule {
  readonly name: PrintedDifference;
  applies(mode: Mode, program: string): boolean;
  /** `used` are the rules that applied before. */
  step(place: Place, program: string, used: ReadonlySet<string>): Step | undefined;
}

const TAG =
  /<(?:attr|function) column="(\d+)" line="(\d+)"(?: name="([^"]*)")?(?: path="([^"]*)")?(?=>)/y;
/** The text in place of a value that was already printed. */
const REPEATED = "\xc2\xabrepeated\xc2\xbb";
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|-?inf|-?nan|null/y;

/** The number of elements from which 2.8 stores them outside of the list's cell. */
const LARGE_LIST = 3;

const RULES: readonly Rule[] = [
  {
    name: "text-for-a-path",
    applies: (mode) => mode === "xml-located",
    step: (place, program) =>
      atTag(place, (ours, theirs) => sameTag(ours, theirs) && isText(theirs, program)),
  },
  {
    name: "positions-of-inherited",
    applies: (mode, program) => mode === "xml-located" && /\binherit\b|[iI]mport/.test(program),
    step: (place, program) =>
      atTag(place, (ours, theirs) => {
        const own = ours.path === undefined;
        if (
          ours.name !== theirs.name ||
          !(own ? isText(theirs, program) : ours.path === theirs.path)
        )
          return false;
        if (ours.path?.startsWith(`${fixture}/`) === false) return false;
        const text = own ? asArgument(program) : readFileSync(ours.path as string, "latin1");
        const clause = inheritedNames(text).get(`${ours.line}:${ours.column}`);
        return clause === `${theirs.line}:${theirs.column}`;
      }),
  },
  {
    name: "positions-in-derivation-nix",
    applies: (mode, program) => mode === "xml-located" && program.includes("derivation"),
    step: (place) =>
      atTag(
        place,
        (ours, theirs) =>
          ours.name === theirs.name &&
          ours.path?.endsWith("/derivation-internal.nix") === true &&
          theirs.path === "//builtin/derivation.nix",
      ),
  },
  {
    name: "json-floats",
    applies: (mode, program) => mode === "json" || /toJSON|__structuredAttrs/.test(program),
    step: (place) => {
      const ours = tokenAround(NUMBER, place.ours, place.i);
      const theirs = tokenAround(NUMBER, place.theirs, place.j);
      if (ours === undefined || theirs === undefined) return undefined;
      const fits = /^-?\d+$|inf|nan/.test(ours.text)
        ? false
        : ours.text === "null"
          ? /^-?(?:inf|nan)$/.test(theirs.text)
          : formatG6(Number(ours.text)) === theirs.text;
      return fits ? { i: ours.end, j: theirs.end } : undefined;
    },
  },
  {
    name: "dollar-in-attribute-name",
    applies: (mode, program) => (mode === "strict" || mode === "lazy") && program.includes("$"),
    step: ({ ours, theirs, i, j }) =>
      ours[i] === "$" &&
      ours[i + 1] !== "{" &&
      theirs.startsWith("\\$", j) &&
      /^(?:[^"\\]|\\.)*" = /.test(theirs.slice(j))
        ? { i: i + 1, j: j + 2 }
        : undefined,
  },
  {
    name: "repeated-lists",
    applies: (mode) => mode === "strict" || mode === "lazy",
    step: ({ ours, theirs, i, j }, _program, used) => {
      if (theirs.startsWith(REPEATED, j) && ours[i] === "[") {
        const list = containerAt(ours, i);
        return list === undefined || list.items < LARGE_LIST
          ? undefined
          : { i: list.end, j: j + REPEATED.length };
      }
      // Values that were printed inside such a list are printed again after it.
      if (!used.has("repeated-lists") || !ours.startsWith(REPEATED, i)) return undefined;
      const other = containerAt(theirs, j);
      return other === undefined ? undefined : { i: i + REPEATED.length, j: other.end };
    },
  },
];

/**
 * The rules by which the older version prints `theirs` for `ours`; `undefined` if the two
 * texts disagree.
 */
export function printedDifferences(
  ours: string,
  theirs: string,
  mode: Mode,
  program: string,
): ReadonlySet<PrintedDifference> | undefined {
  const used = new Set<PrintedDifference>();
  const rules = RULES.filter((rule) => rule.applies(mode, program));
  let i = 0;
  let j = 0;
  while (i < ours.length || j < theirs.length) {
    if (ours[i] === theirs[j]) {
      i++;
      j++;
      continue;
    }
    let next: Step | undefined;
    for (const rule of rules) {
      next = rule.step({ ours, theirs, i, j }, program, used);
      if (next === undefined) continue;
      used.add(rule.name);
      break;
    }
    if (next === undefined) return undefined;
    ({ i, j } = next);
  }
  return used;
}

/** The end and the number of items of the printed list or set at `start`. */
function containerAt(text: string, start: number): { end: number; items: number } | undefined {
  if (!/[[{]/.test(text[start] ?? "")) return undefined;
  const token = /"(?:[^"\\]|\\.)*"|[[{]|[\]}]|[^\s"]+/gsy;
  let depth = 0;
  let items = 0;
  token.lastIndex = start;
  for (;;) {
    const match = token.exec(text);
    if (match === null) return undefined;
    const [found] = match;
    if (/^[\]}]/.test(found)) {
      depth--;
      if (depth === 0) return { end: token.lastIndex, items };
    } else {
      if (depth === 1) items++;
      if (/^[[{]$/.test(found)) depth++;
    }
    while (/\s/.test(text[token.lastIndex] ?? "")) token.lastIndex++;
  }
}

interface Tag {
  readonly column: string;
  readonly line: string;
  /** The name, for an attribute. */
  readonly name: string | undefined;
  readonly path: string | undefined;
}

/** The step over the tags around the position, if both have locations and are the `same`. */
function atTag(
  { ours, theirs, i, j }: Place,
  same: (ours: Tag, theirs: Tag) => boolean,
): Step | undefined {
  const a = tagAt(ours, i);
  const b = tagAt(theirs, j);
  return a !== undefined && b !== undefined && same(a.tag, b.tag)
    ? { i: a.end, j: b.end }
    : undefined;
}

function tagAt(text: string, at: number): { tag: Tag; end: number } | undefined {
  const start = text.lastIndexOf("<", at);
  if (start < 0) return undefined;
  TAG.lastIndex = start;
  const match = TAG.exec(text);
  if (match === null || TAG.lastIndex < at) return undefined;
  const [, column, line, name, path] = match as unknown as [
    string,
    string,
    string,
    string,
    string?,
  ];
  return { tag: { column, line, name, path }, end: match.index + match[0].length };
}

/** Whether two tags are equal except for the path. */
function sameTag(a: Tag, b: Tag): boolean {
  return a.path === undefined && a.column === b.column && a.line === b.line && a.name === b.name;
}

/** Whether a tag of 2.8 has the text of the program as its file. */
function isText({ path }: Tag, program: string): boolean {
  return path === xmlEscaped(asArgument(program));
}

/**
 * The positions of inherited names in a text, as `line:column`, and the positions in 2.8:
 * after the `inherit` or the `)` of their clause.
 */
function inheritedNames(text: string): ReadonlyMap<string, string> {
  const source = new SourceFile({ kind: "string" }, text);
  const found = new Map<string, string>();
  const note = (set: AttrSet): void => {
    for (const { kind, pos, from } of set.bindings) {
      if (kind === BindingKind.Plain) continue;
      let end = text.lastIndexOf("inherit", pos) + "inherit".length;
      if (kind === BindingKind.InheritedFrom) {
        end = set.inheritFrom[from]?.end as number;
        const bracket = /^\s*\)/.exec(text.slice(end));
        end += bracket?.[0].length ?? 0;
      }
      found.set(written(source, pos), written(source, end));
    }
  };
  walk(parse(source, { basePath: fixture, home: "/home" }).expr, (expr) => {
    if (expr.kind === NodeKind.AttrSet) note(expr);
    else if (expr.kind === NodeKind.Let) note(expr.attrs);
  });
  return found;
}

function written(source: SourceFile, offset: number): string {
  const { line, column } = source.lineColumn(offset);
  return `${line}:${column}`;
}

/** The match of a sticky pattern that contains the position or ends there. */
function tokenAround(
  pattern: RegExp,
  text: string,
  at: number,
): { text: string; end: number } | undefined {
  let start = at;
  while (start > 0 && /[-+.\w]/.test(text[start - 1] as string)) start--;
  for (; start <= at; start++) {
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match !== null && pattern.lastIndex >= at) {
      return { text: match[0], end: pattern.lastIndex };
    }
  }
  return undefined;
}

function xmlEscaped(text: string): string {
  const names: Record<string, string> = {
    "<": "&lt;",
    ">": "&gt;",
    "&": "&amp;",
    '"': "&quot;",
    "\n": "&#xA;",
  };
  return text.replace(/[<>&"\n]/g, (char) => names[char] as string);
}
