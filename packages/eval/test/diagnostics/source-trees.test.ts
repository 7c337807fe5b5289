/** What is underlined when an error points at an offset; `^` in the text marks the offset. */
import { NodeKind, SourceFile } from "@nivis/syntax";
import { describe, expect, test } from "vitest";
import { SourceTrees } from "../../src/diagnostics/source-trees.ts";
import { DEFAULT_SETTINGS } from "../../src/settings.ts";

function underlined(marked: string, wanted?: NodeKind): string {
  const offset = marked.indexOf("^");
  const source = new SourceFile({ kind: "string" }, marked.replace("^", ""));
  const { span } = new SourceTrees(DEFAULT_SETTINGS).syntaxAt({ source, offset }, wanted);
  return source.text.slice(span.start, span.end);
}

describe.each([
  ["^x", undefined, "x"],
  ["let x = 1; in f ^x", undefined, "x"],
  ["^f x", undefined, "f"],
  ["^f x y", NodeKind.Call, "f x y"],
  ["1 ^+ 2", undefined, "+"],
  ["a ^++ b", undefined, "++"],
  ["a ^? b", undefined, "?"],
  ["^a.b.c", NodeKind.Select, "a.b.c"],
  ["^a.b.c", undefined, "a"],
  ["{ ^a = 1; }", undefined, "a"],
  ['{ ^"a b" = 1; }', undefined, '"a b"'],
  ["{ a.^b.c = 1; }", undefined, "b"],
  ["{ inherit ^a; }", undefined, "a"],
  ["{ inherit (x) a ^b; }", undefined, "b"],
  ["^x: y", undefined, "x"],
  ["^{ a, b }: a", undefined, "{ a, b }"],
  ["{ a, ^b }: a", undefined, "b"],
  ["{ a }@^b: a", undefined, "b"],
  ["^[ 1 2 ]", undefined, "[ 1 2 ]"],
  ["((^f x))", NodeKind.Call, "f x"],
  ["(f (^g x))", NodeKind.Call, "g x"],
  ['"a^${b}c"', undefined, "${b}"],
  ["./a^${b}/c", undefined, "${b}"],
  ["^if a then b else c", undefined, "if a then b else c"],
  ["^if a\nthen b\nelse c", undefined, "if"],
  ["^assert a; b", undefined, "assert a; b"],
  ["let ^x = 1; in x", undefined, "x"],
  ["rec { a = ^b; b = 1; }", undefined, "b"],
  ["12 ^= 3", undefined, "="],
  ["1^", undefined, ""],
])("%j", (marked, wanted, expected) => {
  test(`underlines ${JSON.stringify(expected)}`, () => {
    expect(underlined(marked, wanted)).toBe(expected);
  });
});

test("knows what stands around", () => {
  const source = new SourceFile({ kind: "string" }, "let f = { a }: rec { b = x; }; in f");
  const offset = source.text.indexOf("x");
  const { around } = new SourceTrees(DEFAULT_SETTINGS).syntaxAt({ source, offset });
  expect(around.map(({ kind }) => kind)).toEqual([
    NodeKind.Let,
    NodeKind.AttrSet,
    NodeKind.Lambda,
    NodeKind.AttrSet,
  ]);
});
