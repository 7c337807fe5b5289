/**
 * Parsing again after an edit gives what a whole parse of the new text gives: on generated texts, on texts
 * with mistakes, over many edits in a row.
 *
 * `NIVIS_REPARSE_FILE` names a file to edit instead, `NIVIS_REPARSE_EDITS` the number of edits.
 */
import { readFileSync } from "node:fs";
import { Random, testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import {
  type ParsedWithTree,
  parseWithTree,
  reparse,
  SourceFile,
  summarizeReparse,
} from "../src/index.ts";

const OPTIONS = {
  basePath: "/b",
  home: "/h",
  features: { pipeOperators: true },
  keepComments: true,
  keepParens: true,
};

const TEXT = `# head
{ lib, pkgs ? (import <nixpkgs> { }), ... }@args:
with pkgs;
let
  inherit (lib) id mkIf; # trailing
  inherit args;
  /** Doc of *f*. */
  f = { a, b ? 1, ... }: c: (a + b) * c;
  s.t = "te\${f { a = 1; } 2}xt";
  s."u v" = ''
    line
      \${s.t} ''\${no} '''
  '';
  /** g */
  g = x: y: rec { inherit x y; inherit (x) q r; h = g; ./z = 1; };
in
rec {
  a = with pkgs; [ hello (f { a = 2; } 3) ./x.nix ./\${a}/y ];

  # about b
  b = if a ? c.d then a.c.d or 1 else assert true; -1;
  \${"dyn"} = x: !x && x || x -> false;
  \${a + b} = { k.l = 1; };
  c = a // { e = [ 1.5 ] ++ [ ]; m.n = 1; m.o = 2; } |> id;
  inherit (c) d e;
  inherit (f { a = 1; }) z;
  n.a = 1;
  n.b = { x = 2; /* in */ y = 3; };
  n.b.z = 4;
  last = { one = 1; two = { three = 3; }; };
}
`;

const PIECES = [
  ..."{}[]();:=.,?@\"'\\/<>!-+*&|$#\n \tx1",
  "${",
  "''",
  "let ",
  "in ",
  "rec ",
  " inherit (a) b;",
  " q = 1;",
  " n.c = 1;",
  "with a; ",
  "if a then b else c",
  "a.b.c",
  "x: ",
  "(a)",
  "{ a, b }: ",
  "/* c */",
  "/** d */",
  "/*",
  "# c\n",
  "foo",
  "or ",
  "\r\n",
  "\0",
];

/** Everything in a parse, as text; `bigint`s and classes as their content. */
function shown({ tree, parsed }: ParsedWithTree): string {
  return JSON.stringify(
    { ...tree, parsed: { ...parsed, source: undefined }, source: undefined },
    (key, value: unknown) =>
      key === "index" ? undefined : typeof value === "bigint" ? String(value) : value,
    1,
  );
}

test("after any edit the result is that of a whole parse", () => {
  const file = process.env["NIVIS_REPARSE_FILE"];
  const edits = Number(process.env["NIVIS_REPARSE_EDITS"] ?? 800);
  const original = file === undefined ? TEXT : readFileSync(file, "latin1");
  const random = new Random(testSeed("reparse", 20_261_130));
  const sourceOf = (text: string): SourceFile => new SourceFile({ kind: "file", path: "/f" }, text);
  let text = original;
  let before = parseWithTree(sourceOf(text), OPTIONS);
  let taken = 0;
  for (let edit = 0; edit < edits; edit += 1) {
    const isBack = random.below(4) === 0;
    const start = random.below(text.length + 1);
    const end = Math.min(text.length, start + (random.below(3) === 0 ? random.below(12) : 0));
    const piece = random.below(4) === 0 ? "" : (PIECES[random.below(PIECES.length)] as string);
    const old = text;
    text = isBack ? original : text.slice(0, start) + piece + text.slice(end);
    const source = sourceOf(text);
    const summary = summarizeReparse(before, source, OPTIONS);
    const after = reparse(before, source, OPTIONS);
    const whole = parseWithTree(source, OPTIONS);
    if (summary !== undefined) {
      expect(summary, text).toEqual({
        hasError: whole.tree.firstError !== undefined,
        commentCount: whole.tree.commentStarts.length,
      });
    }
    if (after !== undefined) {
      taken += 1;
      const [one, other] = [shown(after), shown(whole)];
      if (one !== other)
        expect(one, `${JSON.stringify(old)}\nto\n${JSON.stringify(text)}`).toBe(other);
    }
    before = after ?? whole;
  }
  expect(taken).toBeGreaterThan(edits / 10);
});
