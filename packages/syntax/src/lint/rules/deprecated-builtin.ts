/** `builtins.toPath s` → `/. + s` */
import { NodeKind, type Span } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** What to write instead of each. */
const REPLACEMENTS: ReadonlyMap<string, string> = new Map([["toPath", '/. + "/path"']]);

/** A builtin that Nix calls deprecated: `builtins.toPath s` → `/. + s` */
export const deprecatedBuiltin: Rule = {
  code: "deprecated-builtin",
  level: "default",
  summary: "A builtin that Nix calls deprecated",
  explanation:
    "`builtins.toPath s` only checks that `s` is an absolute path and returns a string; `/. + s` makes " +
    "a path of it.",
  bad: "s: builtins.toPath s",
  good: "s: /. + s",
  alias: "statix W17",
  on: {
    [NodeKind.Var]: (expr, run) => {
      if (!expr.name.startsWith("__") || !run.isGlobal(expr, expr.name)) return;
      report(expr.name.slice(2), expr, run);
    },
    [NodeKind.Select]: (expr, run) => {
      const [first] = expr.path;
      if (first === undefined || !run.isGlobal(expr.base, "builtins")) return;
      report(first.name, { start: expr.base.start, end: first.end }, run);
    },
  },
};

function report(name: string | undefined, span: Span, run: LintRun): void {
  const instead = REPLACEMENTS.get(name ?? "");
  if (instead === undefined) return;
  run.report("deprecated-builtin", span, `'${name}' is deprecated, use ${instead} instead`);
}
