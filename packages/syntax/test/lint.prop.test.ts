/** Laws of lints and fixes that hold for all texts. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyFixes,
  LINT_PARSE_OPTIONS,
  lint,
  lintRules,
  type ParseResult,
  printExpr,
} from "../src/index.ts";
import { parseText } from "./check.ts";
import { anyBytes, brokenText, expressionText } from "./generate.ts";

const RUNS = { numRuns: 500 };
/** Rules whose fixes change nothing but the text. */
const TEXT_ONLY = ["useless-parentheses", "deprecated-url-literal"];

function undefinedIn(parsed: ParseResult): number {
  return lint(parsed).filter(({ code }) => code === "undefined-variable").length;
}

describe("lint", () => {
  test("ends on any text, with spans inside it", () => {
    fc.assert(
      fc.property(fc.oneof(expressionText, brokenText, anyBytes), (text) => {
        for (const { span, fix } of lint(parseText(text, LINT_PARSE_OPTIONS), { strict: true })) {
          for (const { start, end } of [span, ...(fix?.edits ?? [])]) {
            expect(0 <= start && start <= end && end <= text.length).toBe(true);
          }
        }
      }),
      RUNS,
    );
  });

  test("repairs texts into texts that parse and lack no name", () => {
    fc.assert(
      fc.property(expressionText, (text) => {
        const parsed = parseText(text, LINT_PARSE_OPTIONS);
        if (parsed.firstError !== undefined) return;
        for (const finding of lint(parsed, { strict: true })) {
          if (finding.fix === undefined) continue;
          const { text: better } = applyFixes(text, [finding]);
          const again = parseText(better, LINT_PARSE_OPTIONS);
          expect(again.firstError, `${finding.code}: ${better}`).toBeUndefined();
          expect(undefinedIn(again), better).toBeLessThanOrEqual(undefinedIn(parsed));
          if (TEXT_ONLY.includes(finding.code)) {
            expect(printExpr(again.expr)).toBe(printExpr(parsed.expr));
          }
        }
      }),
      RUNS,
    );
  });

  test("comes to an end with repairs", () => {
    fc.assert(
      fc.property(expressionText, (text) => {
        let current = text;
        for (let round = 0; ; round += 1) {
          const found = lint(parseText(current, LINT_PARSE_OPTIONS), { strict: true });
          const { text: better, fixed } = applyFixes(current, found);
          if (fixed.length === 0) return;
          expect(round, current).toBeLessThan(text.length);
          current = better;
        }
      }),
      RUNS,
    );
  });

  test("finds the same whatever else is looked for", () => {
    fc.assert(
      fc.property(expressionText, fc.constantFrom(...lintRules), (text, { code }) => {
        const parsed = parseText(text, LINT_PARSE_OPTIONS);
        const disable = lintRules.map((rule) => rule.code).filter((other) => other !== code);
        expect(lint(parsed, { enable: [code], disable })).toEqual(
          lint(parsed, { strict: true }).filter((finding) => finding.code === code),
        );
      }),
      RUNS,
    );
  });
});
