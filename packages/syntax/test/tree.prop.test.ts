/**
 * The lossless tree: printing gives the text back, blanks and comments are all that lies between
 * tokens, nodes are nested; on whole texts, on every prefix, and on texts with random damage.
 *
 * With `NIVIS_NIXPKGS_2611` and `NIVIS_NIXPKGS_1909` also on every file of these trees.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTree, SourceFile, SyntaxKind, type SyntaxTree, Token } from "../src/index.ts";
import { brokenText, expressionText } from "./generate.ts";

const LANGUAGE_CASES = join(import.meta.dirname, "..", "..", "..", "tests", "lang");

function treeOf(text: string): SyntaxTree {
  return parseTree(new SourceFile({ kind: "string" }, text));
}

/** The first broken law, or nothing. */
function brokenLaw(text: string): string | undefined {
  const tree = treeOf(text);
  if (tree.print() !== text) return "printing changes the text";
  let comment = 0;
  for (let token = 0; token < tree.tokenCount; token += 1) {
    const start = tree.tokenStarts[token] as number;
    let at = tree.gapStart(token);
    let blanks = "";
    for (; comment < (tree.tokenComments[token] as number); comment += 1) {
      blanks += text.slice(at, tree.commentStarts[comment]);
      at = tree.commentEnds[comment] as number;
    }
    if (at > start) return `a comment overlaps token ${token}`;
    blanks += text.slice(at, start);
    if (!/^[ \t\r\n]*$/.test(blanks)) return `not only blanks before token ${token}`;
  }
  for (let node = 0; node < tree.nodeCount; node += 1) {
    const first = tree.nodeFirst[node] as number;
    const end = tree.nodeEnd[node] as number;
    if (first >= end) return `node ${node} is empty`;
    const parent = tree.nodeParent[node] as number;
    if (parent < 0) continue;
    if (first < (tree.nodeFirst[parent] as number) || end > (tree.nodeEnd[parent] as number))
      return `node ${node} leaves its parent`;
  }
  return undefined;
}

/** Replaces, drops and inserts bits of Nix at random places. */
const damage = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.nat(4),
    insert: fc.constantFrom(
      "",
      "{",
      "}",
      "[",
      "]",
      "(",
      ")",
      "''",
      '"',
      "${",
      ";",
      "=",
      ":",
      ".",
      "in",
      "/*",
      "#",
      "\0",
      "./a",
      "|>",
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

function damaged(
  text: string,
  changes: readonly { at: number; drop: number; insert: string }[],
): string {
  let result = text;
  for (const { at, drop, insert } of changes) {
    const place = Math.floor(at * result.length);
    result = result.slice(0, place) + insert + result.slice(place + drop);
  }
  return result;
}

function languageCases(): string[] {
  return readdirSync(LANGUAGE_CASES, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("in.nix"))
    .map((name) => readFileSync(join(LANGUAGE_CASES, name), "latin1"));
}

describe("the laws of the lossless tree", () => {
  test("hold for every case of the language", () => {
    for (const text of languageCases()) expect(brokenLaw(text), text).toBeUndefined();
  });

  test("hold for every prefix of a text", () => {
    const text = `/** doc */ { a, b ? [ 1 2.5 ], ... }@c: # x
      let inherit (c) d "e"; f.\${g}.h = ''\n  i \${j} ''$ '''\n''; in
      assert !a -> b; with ./k/\${l}/m; if a ? b.c then -d else [ (e.f or g) <h> x:y ] ++ {} // rec { }`;
    expect(treeOf(text).firstError).toBeUndefined();
    for (let end = 0; end <= text.length; end += 1) {
      expect(brokenLaw(text.slice(0, end)), text.slice(0, end)).toBeUndefined();
      expect(brokenLaw(text.slice(end)), text.slice(end)).toBeUndefined();
    }
  });

  test("hold for generated texts, whole and damaged", () => {
    fc.assert(
      fc.property(fc.oneof(expressionText, brokenText), damage, (text, changes) => {
        expect(brokenLaw(text), text).toBeUndefined();
        const broken = damaged(text, changes);
        expect(brokenLaw(broken), broken).toBeUndefined();
      }),
      { numRuns: 500, seed: 20 },
    );
  });

  test("hold for damaged cases of the language", () => {
    const cases = languageCases();
    fc.assert(
      fc.property(fc.nat(), damage, (which, changes) => {
        const broken = damaged(cases[which % cases.length] as string, changes);
        expect(brokenLaw(broken), broken).toBeUndefined();
      }),
      { numRuns: 1000, seed: 21 },
    );
  });
});

for (const variable of ["NIVIS_NIXPKGS_2611", "NIVIS_NIXPKGS_1909"]) {
  const folder = process.env[variable];
  test.skipIf(folder === undefined)(`every file of ${variable} prints as it is`, () => {
    let files = 0;
    for (const entry of readdirSync(folder as string, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".nix")) continue;
      const path = join(entry.parentPath, entry.name);
      expect(brokenLaw(readFileSync(path, "latin1")), path).toBeUndefined();
      files += 1;
    }
    expect(files).toBeGreaterThan(10_000);
  });
}

test("what nests keeps its own node, and deep texts need no native stack", () => {
  const depth = 50_000;
  const tree = treeOf(`${"[".repeat(depth)}${"]".repeat(depth)}`);
  expect(tree.firstError).toBeUndefined();
  expect(tree.nodeKinds.filter((kind) => kind === SyntaxKind.List)).toHaveLength(depth);
  expect(tree.nodeOf(depth)).toBe(depth);
  expect(tree.tokenKinds.at(-1)).toBe(Token.Eof);
});
