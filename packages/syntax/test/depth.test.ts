/** Nothing may depend on the native stack: texts nested a hundred thousand levels deep. */
import { expect, test } from "vitest";
import { printExpr, walk } from "../src/index.ts";
import { parseText } from "./check.ts";

const DEPTH = 100_000;
/** Deep enough for the native stack to overflow. */
const UNCLOSED_DEPTH = 20_000;
const pipes = { features: { pipeOperators: true } };

const nested: readonly (readonly [open: string, middle: string, close: string])[] = [
  ["[", "", "]"],
  ["(", "1", ")"],
  ["{a=", "1", ";}"],
  ["rec{a=", "1", ";}"],
  ["let{a=", "1", ";}"],
  ["{${", "a", "}=1;}"],
  ["{inherit(", "a", ")b;}"],
  ["x:", "x", ""],
  ["{a}:", "1", ""],
  ["{a?", "1", "}:1"],
  ["a@{b?", "1", "}:1"],
  ["-", "1", ""],
  ["!", "1", ""],
  ["if ", "1", " then 1 else 1"],
  ["if 1 then ", "1", " else 1"],
  ["if 1 then 1 else ", "1", ""],
  ["let a=", "1", ";in a"],
  ["let a=1;in ", "a", ""],
  ["with a;", "1", ""],
  ["assert a;", "1", ""],
  ["with ", "a", ";1"],
  ['"${', "1", '}"'],
  ["''${", "1", "}''"],
  ["./a/${", "1", "}"],
  ["a.${", "b", "}"],
  ["a.b or ", "c", ""],
  ["f (", "x", ")"],
  ["(", "f", " x)"],
  ["", "a", " + a"],
  ["", "a", " ++ a"],
  ["", "a", " // a"],
  ["", "a", " -> a"],
  ["", "a", " ? b"],
  ["", "a", " |> a"],
  ["a <| ", "a", ""],
  ["", "f", " x"],
  ["", "a", ".b"],
];

test.each(nested)("%s %s %s", (open, middle, close) => {
  const result = parseText(open.repeat(DEPTH) + middle + close.repeat(DEPTH), pipes);
  expect(result.firstError).toBeUndefined();
  let nodes = 0;
  walk(result.expr, () => {
    nodes += 1;
  });
  const printed = printExpr(result.expr);
  // Each level prints something; parentheses alone are not nodes and are not printed.
  if (open === "(" && close === ")") expect(printed).toBe(middle);
  else expect(printed.length).toBeGreaterThanOrEqual(DEPTH);
  expect(nodes).toBeLessThanOrEqual(printed.length);
});

test.each(nested.filter(([open]) => open !== ""))("%s without an end", (open, middle) => {
  const result = parseText(open.repeat(UNCLOSED_DEPTH) + middle, pipes);
  expect(printExpr(result.expr).length).toBeGreaterThan(0);
});

test("literals merge at any depth", () => {
  const chain = (middle: string): string => "{a=".repeat(DEPTH) + middle + ";}".repeat(DEPTH);
  const { expr, firstError } = parseText(`{ x = ${chain("{b=1;}")}; x = ${chain("{c=2;}")}; }`);
  expect(firstError).toBeUndefined();
  expect(printExpr(expr)).toContain("{ b = 1; c = 2; }");
});
