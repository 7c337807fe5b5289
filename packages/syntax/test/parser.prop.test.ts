/** What holds for every text: it is read to its end, spans are sound, and printing can be read again. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { children, type Expr, NodeKind, printExpr, walk } from "../src/index.ts";
import { parseText } from "./check.ts";
import { anyBytes, brokenText, expressionText } from "./generate.ts";

const runs = { numRuns: 2000 };

/** Nix prints some things so that they cannot be read back: `assert` has no parentheses, floats lose
 * digits, and a path before an interpolation ends with a slash. */
function readsBack(root: Expr): boolean {
  let plain = true;
  walk(root, (expr) => {
    const { kind } = expr;
    if (kind === NodeKind.Assert || kind === NodeKind.Float || kind === NodeKind.PathTemplate) {
      plain = false;
    }
  });
  return plain;
}

test("the print of a tree parses and prints the same", () => {
  let compared = 0;
  fc.assert(
    fc.property(expressionText, (text) => {
      const { expr, firstError } = parseText(text);
      fc.pre(firstError === undefined && readsBack(expr));
      const printed = printExpr(expr);
      const again = parseText(printed);
      expect(again.firstError).toBeUndefined();
      // One round folds what printing spells out; from then on nothing changes.
      const settled = printExpr(again.expr);
      expect(printExpr(parseText(settled).expr)).toBe(settled);
      compared += 1;
    }),
    runs,
  );
  expect(compared).toBeGreaterThan(500);
});

test("generated expressions are accepted, save for repeated names", () => {
  fc.assert(
    fc.property(expressionText, (text) => {
      const errors = parseText(text).diagnostics.filter(({ severity }) => severity === "error");
      expect(
        errors.filter(({ code }) => code !== "duplicate-attribute" && !code.startsWith("dynamic")),
      ).toEqual([]);
    }),
    runs,
  );
});

test("any text gives a tree and never an exception", () => {
  fc.assert(
    fc.property(fc.oneof(anyBytes, brokenText), (text) => {
      const { expr, diagnostics, firstError } = parseText(text, { keepComments: true });
      printExpr(expr);
      let broken = false;
      walk(expr, ({ kind }) => {
        broken ||= kind === NodeKind.Error;
      });
      if (broken) expect(firstError).toBeDefined();
      for (const { span, pos } of diagnostics) {
        expect(span.start).toBeLessThanOrEqual(text.length);
        if (pos !== undefined) expect(pos).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 10_000 },
  );
});

test("the span of a node holds the spans of its parts", () => {
  fc.assert(
    fc.property(expressionText, (text) => {
      const { expr: root, firstError } = parseText(text);
      fc.pre(firstError === undefined);
      const unsound: Expr[] = [];
      walk(root, (expr) => {
        if (expr.start >= expr.end) unsound.push(expr);
        // A merged set holds parts of other literals.
        if (expr.kind === NodeKind.AttrSet || expr.kind === NodeKind.Let) return;
        for (const child of children(expr)) {
          if (child.start < expr.start || child.end > expr.end) unsound.push(child);
        }
      });
      expect(unsound).toEqual([]);
    }),
    runs,
  );
});
