/** The editor's tree is right for every language case: its leaves are the tokens of the lexer, in order. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { highlightTree, tagHighlighter, tags } from "@lezer/highlight";
import { describe, expect, test } from "vitest";
import { root } from "../../../scripts/workspace.mjs";
import { editorTree } from "../src/editor/nix-language.ts";
import { Offsets } from "../src/text/offsets.ts";

/** The leaves of a tree as `Name:text`. */
function leavesOf(text: string): readonly { name: string; from: number; to: number }[] {
  const leaves: { name: string; from: number; to: number }[] = [];
  editorTree(text).iterate({
    enter: ({ name, from, to, node }) => {
      if (node.firstChild === null && !name.endsWith("Node")) leaves.push({ name, from, to });
    },
  });
  return leaves;
}

const shown = (text: string): string[] =>
  leavesOf(text).map(({ name, from, to }) => `${name}:${text.slice(from, to)}`);

describe("all language cases", () => {
  const folder = join(root, "tests", "lang");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".nix"))
    .map((name) => join(folder, name))
    // Some cases have links that lead nowhere, or folders with such a name.
    .filter((file) => existsSync(file) && statSync(file).isFile());

  test("there are hundreds", () => expect(files.length).toBeGreaterThan(400));

  test("leaves are in order and leave out nothing but blanks", () => {
    for (const file of files) {
      const text = readFileSync(file, "utf8");
      let at = 0;
      for (const { from, to } of leavesOf(text)) {
        if (from < at || to <= from || text.slice(at, from).trim().replaceAll("\0", "") !== "") {
          throw new Error(`${file}: ${JSON.stringify(text.slice(at, to))} at ${at}`);
        }
        at = to;
      }
      // The lexer stops at a NUL, as C++ Nix does.
      const rest = text.slice(at).trim();
      if (rest !== "" && !rest.startsWith("\0")) throw new Error(`${file}: ${rest}`);
    }
  });
});

test("names are told apart by what is around them", () => {
  expect(shown("{ a, b ? c, ... }@d: builtins.map (e: f.g or true) { h = i; inherit j; }")).toEqual(
    [
      "Bracket:{",
      "Definition:a",
      "Punctuation:,",
      "Definition:b",
      "Operator:?",
      "Variable:c",
      "Punctuation:,",
      "Punctuation:...",
      "Bracket:}",
      "Punctuation:@",
      "Definition:d",
      "Punctuation::",
      "Global:builtins",
      "Punctuation:.",
      "Attribute:map",
      "Bracket:(",
      "Definition:e",
      "Punctuation::",
      "Variable:f",
      "Punctuation:.",
      "Attribute:g",
      "Keyword:or",
      "Constant:true",
      "Bracket:)",
      "Bracket:{",
      "Attribute:h",
      "Punctuation:=",
      "Variable:i",
      "Punctuation:;",
      "Keyword:inherit",
      "Attribute:j",
      "Punctuation:;",
      "Bracket:}",
    ],
  );
});

test("strings, paths and comments nest", () => {
  expect(shown("''a ${ \"b ${./c/${d}}\" /* e */ }''")).toEqual([
    "Quote:''",
    "Text:a ",
    "Interpolation:${",
    'Quote:"',
    "Text:b ",
    "Interpolation:${",
    "Path:./c/",
    "Interpolation:${",
    "Variable:d",
    "Interpolation:}",
    "Interpolation:}",
    'Quote:"',
    "Comment:/* e */",
    "Interpolation:}",
    "Quote:''",
  ]);
});

test("offsets count UTF-16 units", () => {
  const text = '# ü😀\n"é" + x';
  expect(shown(text)).toEqual([
    "Comment:# ü😀",
    'Quote:"',
    "Text:é",
    'Quote:"',
    "Operator:+",
    "Variable:x",
  ]);
  const offsets = new Offsets(text);
  for (let i = 0; i <= text.length; i++) {
    if (text.charCodeAt(i) >> 10 === 0b110111) continue;
    expect(offsets.toUnits(offsets.toBytes(i))).toBe(i);
  }
});

test("a text with mistakes has colours, too", () => {
  const colours: string[] = [];
  highlightTree(
    editorTree("let a = ; in { b = "),
    tagHighlighter([{ tag: tags.keyword, class: "keyword" }]),
    (from, to, classes) => colours.push(`${from}-${to} ${classes}`),
  );
  expect(colours).toContain("0-3 keyword");
});
