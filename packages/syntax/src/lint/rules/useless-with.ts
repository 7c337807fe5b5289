/** `with lib; 1 + 2` → `1 + 2` */
import type { Rule } from "../rule.ts";

/** A `with` from which no name can come: `with lib; 1 + 2` → `1 + 2` */
export const uselessWith: Rule = {
  code: "useless-with",
  level: "default",
  summary: "A `with` from which no name can come",
  explanation:
    "Each name in the body is bound by a `let`, `rec` or function, or is a global: these win over any " +
    "`with`, so its set is not even evaluated.",
  bad: "lib: f: with lib; f 1",
  good: "lib: f: f 1",
  alias: "nil unused_with",
  onWith: ({ owner, used }, run) => {
    if (used) return;
    const { pos, namespace, body } = owner;
    const semicolon = run.skipBlank(namespace.end);
    const simple =
      /^with\s*$/.test(run.text.slice(pos, namespace.start)) &&
      run.text[semicolon] === ";" &&
      run.isBlank(semicolon + 1, body.start);
    run.report(
      "useless-with",
      { start: pos, end: simple ? semicolon + 1 : namespace.end },
      "no name in the body can come from this with",
      {
        fix: simple
          ? {
              title: "Remove the 'with'",
              edits: [{ start: pos, end: body.start, text: run.separator(pos, body.start) }],
            }
          : undefined,
      },
    );
  },
};
