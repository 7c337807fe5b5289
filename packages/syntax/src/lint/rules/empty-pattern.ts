/** `{ ... }: 1`, `args@{ ... }: args.x` */
import { NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/** A pattern without names: `{ ... }: 1` */
export const emptyPattern: Rule = {
  code: "empty-pattern",
  level: "strict",
  summary: "A pattern that takes any set apart into nothing",
  explanation:
    "A plain parameter does the same, `_` if nothing uses it. It also accepts what is not a set, " +
    "so there is no repair.",
  bad: "args@{ ... }: args.x",
  good: "args: args.x",
  alias: "statix W10, statix W11",
  on: {
    [NodeKind.Lambda]: ({ start, param, formals, body }, run) => {
      if (formals === undefined || formals.formals.length > 0 || !formals.ellipsis) return;
      const text = run.text.slice(start, body.start);
      const end = start + Math.max(text.lastIndexOf(":"), 0);
      const instead = param === undefined ? "_" : param;
      run.report("empty-pattern", { start, end }, `this pattern is the same as '${instead}:'`);
    },
  },
};
