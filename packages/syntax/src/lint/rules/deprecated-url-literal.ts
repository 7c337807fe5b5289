/** `https://nixos.org` → `"https://nixos.org"` */
import { NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/** A URL that is written without quotes: `https://nixos.org` → `"https://nixos.org"` */
export const deprecatedUrlLiteral: Rule = {
  code: "deprecated-url-literal",
  level: "default",
  summary: "A URL that is written without quotes",
  explanation:
    "Nix discourages them (`lint-url-literals`). They also surprise: `x:x` is not a function but the " +
    'string `"x:x"`.',
  bad: "https://nixos.org",
  good: '"https://nixos.org"',
  alias: "Tvix W001, statix W12",
  on: {
    [NodeKind.String]: (expr, run) => {
      if (expr.form !== "uri") return;
      // In parentheses the span is wider than the text.
      const start = run.text.indexOf(expr.value, expr.start);
      const end = start + expr.value.length;
      run.report(
        "deprecated-url-literal",
        { start, end },
        "URL literals are deprecated, use a quoted string instead",
        {
          fix: {
            title: "Put it in quotes",
            edits: [
              { start, end: start, text: '"' },
              { start: end, end, text: '"' },
            ],
          },
        },
      );
    },
  },
};
