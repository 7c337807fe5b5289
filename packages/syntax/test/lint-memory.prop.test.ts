/**
 * The linter finds with the memory of an earlier version of a text what it finds without: over many edits in
 * a row, in sets of many bindings whose values mention names of every kind.
 */
import { Random, testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import {
  LINT_PARSE_OPTIONS,
  LintMemory,
  type LintOptions,
  lint,
  parseWithTree,
  reparse,
  SourceFile,
} from "../src/index.ts";

const OPTIONS = {
  basePath: "/b",
  home: "/h",
  features: { pipeOperators: true },
  ...LINT_PARSE_OPTIONS,
};

/** Values that mention names from around, or have findings of their own. */
const VALUES = [
  "f { x = 1; }",
  "call ./p { }",
  "call ./p { inherit lib hello; }",
  "with lib; missing",
  "with lib; (id)",
  "let u = 1; in (2)",
  "let u = outer; v = u; in 1",
  "let u = outer; in u",
  "let inherit lib; in lib.id",
  "map: map (x: f x) [ ]",
  "hello + missing",
  "if true then world else hello",
  "f (rec { a = 1; })",
  "g.h or world",
  "builtins.lenght",
  "f https://example.org",
  "(y: f y)",
  "x: 1 - x",
  "{ p, q ? outer }: p",
  "__toPath outer",
  "f ([ ] ++ world)",
];

/** Edits between bindings and inside of values. */
const PIECES = [
  " extra = f (1);\n",
  " outer2 = outer;\n",
  "# nivis-ignore\n",
  " lib = 1;\n",
  " map = 1;\n",
  " f = x: x;\n",
  " inherit lib;\n",
  " inherit (lib) missing;\n",
  "# builtins ? lenght\n",
  "x",
  " ",
  "\n",
  "()",
  "(outer)",
  "world",
];

function textOf(random: Random): string {
  const set = (indent: string): string =>
    Array.from(
      { length: 40 },
      (_, i) => `${indent}b${i} = ${VALUES[random.below(VALUES.length)]};\n`,
    ).join("");
  return `{ lib, f, ... }@args:
with lib.all;
let
  outer = 1;
  call = file: args: import file args;
${set("  ")}in
rec {
  world = 1;
${set("  ")}
  nested = {
${set("    ")}
  };
  plain.deep = f {
${set("    ")}
  };
}
`;
}

test.each<[string, LintOptions]>([
  ["by default", {}],
  ["strictly", { strict: true }],
])("after any edit the findings are those of a new run, %s", (_, options) => {
  const random = new Random(testSeed("lint memory", 20_261_130));
  const sourceOf = (text: string): SourceFile => new SourceFile({ kind: "file", path: "/f" }, text);
  let recalled = 0;
  for (let round = 0; round < 5; round += 1) {
    let text = textOf(random);
    let before = parseWithTree(sourceOf(text), OPTIONS);
    let memory = new LintMemory();
    for (let edit = 0; edit < 40; edit += 1) {
      const line = text.indexOf("\n", random.below(text.length)) + 1;
      const start = random.below(3) === 0 ? random.below(text.length + 1) : line;
      const end = Math.min(text.length, start + (random.below(3) === 0 ? random.below(6) : 0));
      const piece = random.below(4) === 0 ? "" : (PIECES[random.below(PIECES.length)] as string);
      const old = text;
      text = text.slice(0, start) + piece + text.slice(end);
      // A text with mistakes has no findings: back to one that has.
      if (edit % 4 === 3 && before.parsed.firstError !== undefined) text = textOf(random);
      const source = sourceOf(text);
      const after = reparse(before, source, OPTIONS);
      if (after === undefined) memory = new LintMemory();
      else memory.replace(after.read);
      before = after ?? parseWithTree(source, OPTIONS);
      // Not every version is looked at.
      if (random.below(4) === 0) continue;
      const found = lint(before.parsed, options, memory);
      const anew = lint(parseWithTree(source, OPTIONS).parsed, options);
      if (after !== undefined && anew.length > 0) recalled += 1;
      const [one, other] = [JSON.stringify(found, null, 1), JSON.stringify(anew, null, 1)];
      if (one !== other) expect(one, `${old}\nto\n${text}`).toBe(other);
    }
  }
  expect(recalled).toBeGreaterThan(20);
});
