/**
 * The time of formatting grows with the text as it should, and a text that nests too deeply is refused at
 * any depth.
 */
import { SourceFile } from "@nivis/syntax";
import { scalingFailure } from "@nivis/testkit";
import { expect, test } from "vitest";
import { FormatError, format, formatRange } from "../src/index.ts";

/** The highest ratio if each level is indented: the result is quadratic. */
const QUADRATIC = 30;
/** Nested shapes are small, so that they stay below the limit on nesting; so they are repeated. */
const REPEATED = 20;
const DEEP = 100_000;

const source = (text: string): SourceFile => new SourceFile({ kind: "string" }, text);

const nested =
  (open: string, close: string, middle = "a") =>
  (n: number): string =>
    open.repeat(n) + middle + close.repeat(n);

const long: [string, (n: number) => string][] = [
  ["lambdas", nested("x: ", "")],
  ["sums", nested("a + ", "")],
  ["differences", nested("", " - a")],
  ["conjunctions", nested("a && ", "")],
  ["implications", nested("a -> ", "")],
  ["updates", nested("", " // { b = 1; }")],
  ["else-if", nested("if a then b else ", "")],
  ["selections", nested("", ".b")],
  ["attributes", (n) => `{ ${"a.b = 1; ".repeat(n)}}`],
  ["inherited names", (n) => `{ inherit ${"a ".repeat(n)}; }`],
  ["items", (n) => `[ ${"a ".repeat(n)}]`],
  ["formals", (n) => `{ ${Array.from({ length: n }, (_, i) => `a${i}`).join(", ")} }: a`],
  ["interpolations", (n) => `"${"a${b}".repeat(n)}"`],
  ["lines of a string", (n) => `''\n${"  a${b}\n".repeat(n)}''`],
  ["comments", (n) => `${"# c\n".repeat(n)}a`],
];

test.each(long)("%s take linear time", (_title, text) => {
  const run = (size: number): void => void format(source(text(size)));
  expect(scalingFailure(run, 1000)).toBeUndefined();
});

test("a range of a text takes linear time", () => {
  const run = (size: number): void => {
    const text = `{\n${"    a.b = 1;\n".repeat(size)}}\n`;
    formatRange(source(text), { start: 0, end: text.length });
  };
  expect(scalingFailure(run, 1000)).toBeUndefined();
});

const deep: [string, (n: number) => string][] = [
  ["sets", nested("{ a = ", "; }")],
  ["lists", nested("[ a ", " b ]")],
  ["parentheses", nested("(", ")")],
  ["calls", nested("f (", ")")],
  ["calls around sets", nested("f { a = ", "; } { b = 1; }")],
  ["lambdas as arguments", nested("f (x: { a = ", "; })")],
  ["defaults", nested("{ a ? ", ", b }: a")],
  ["values of let", nested("let a = ", "; in a")],
  ["conditions", nested("if (", ") then a else b")],
  ["strings", nested('"a${f ', '}b"')],
  ["operators", nested("(a + ", " ++ b * c)")],
];

test.each(deep)("nested %s take no more than quadratic time", (_title, text) => {
  const run = (size: number): void =>
    void format(source(`[ ${`(${text(size)}) `.repeat(REPEATED)}]`));
  expect(scalingFailure(run, 10, QUADRATIC)).toBeUndefined();
});

test.each(deep)("%s nested 100,000 deep are refused", (_title, text) => {
  const run = (): string => format(source(text(DEEP)));
  expect(run).toThrow(FormatError);
  expect(run).toThrow("nested more than 250 levels deep");
});

test.each(long.slice(0, 8))("chains of 100,000 %s are formatted", (_title, text) => {
  const result = format(source(text(DEEP)), { verify: false });
  expect(result.replace(/\s/g, "")).toBe(text(DEEP).replace(/\s/g, ""));
});
