/** One text, several mistakes: what is reported and what is left of the tree. */
import { expect, test } from "vitest";
import { NodeKind, printExpr } from "../src/index.ts";
import { parseText } from "./check.ts";

const errors = (text: string): string[] =>
  parseText(text).diagnostics.map(({ pos, message }) => `${pos} ${message}`);

const tree = (text: string): string => printExpr(parseText(text).expr);

test("each broken binding is reported", () => {
  expect(errors("{ a = 1 +; b = ); c = 3; d 4; }")).toEqual([
    "9 syntax error, unexpected ';'",
    "15 syntax error, unexpected ')'",
    "27 syntax error, unexpected integer, expecting '.' or '='",
  ]);
});

test("what is right around a mistake stays", () => {
  expect(tree("{ a = 1 +; b = 2; }")).toBe("{ a = (1 + \xc2\xaberror\xc2\xbb); b = 2; }");
  expect(tree("let a = f (; b = 2; in a b")).toBe(
    "(let a = (f \xc2\xaberror\xc2\xbb); b = 2; in (a b))",
  );
  expect(tree("[ a b ${c} d ]")).toContain("(a) (b)");
});

test("an incomplete selection keeps its base", () => {
  expect(tree("{ x = a.b.; y = 1; }")).toBe("{ x = (a).b; y = 1; }");
  expect(tree("a.")).toBe("a");
});

const ERROR = "\xc2\xaberror\xc2\xbb";

test.each([
  [
    "{ a = [ (x: {",
    "13 syntax error, unexpected end of file, expecting 'inherit'",
    "{ a = [ ((x: { })) ]; }",
  ],
  [
    "let a = 1;",
    "10 syntax error, unexpected end of file, expecting 'in' or 'inherit'",
    `(let a = 1; in ${ERROR})`,
  ],
  ["if a then", "9 syntax error, unexpected end of file", `(if a then ${ERROR} else ${ERROR})`],
  ['"a ${b', "6 syntax error, unexpected end of file, expecting '}'", '("a " + b)'],
  ["''a ${", "6 syntax error, unexpected end of file", `("a " + ${ERROR})`],
  ["{ a, b ? ", "9 syntax error, unexpected end of file", `({ a, b ? ${ERROR} }: ${ERROR})`],
  ["f (", "3 syntax error, unexpected end of file", `(f ${ERROR})`],
  [
    "a.",
    "2 syntax error, unexpected end of file, expecting identifier or 'or' or '${' or '\"'",
    "a",
  ],
])("a text that just ends gives one error and a tree: %s", (text, error, printed) => {
  expect(errors(text)).toEqual([error]);
  expect(tree(text)).toBe(printed);
});

test("strings are skipped whole", () => {
  expect(errors(`{ a = 1 1 = "; } \${ "}" }" ''; }''; b = 2; }`)).toHaveLength(1);
});

test("a broken pattern still has its body", () => {
  expect(parseText("{ a, 1 }: a").expr).toMatchObject({
    kind: NodeKind.Lambda,
    body: { kind: NodeKind.Var },
  });
});
