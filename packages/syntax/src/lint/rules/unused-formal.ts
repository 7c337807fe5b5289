/** `{ a, b }: a` → `{ a }: a` */
import { VariableKind } from "../../scope/scope.ts";
import type { Rule } from "../rule.ts";

/** A name of a function's pattern is never used: `{ a, b }: a` → `{ a }: a` */
export const unusedFormal: Rule = {
  code: "unused-formal",
  level: "strict",
  summary: "A name of a function's pattern is never used",
  explanation:
    "Callers pass an argument that is never read. Taking the name out changes which arguments the " +
    "function accepts (unless the pattern ends in `...`) and what `builtins.functionArgs` says, so there " +
    "is no automatic fix. Patterns whose `@` name is used are exempt, and names that begin with `_`.",
  bad: "{ a, b, ... }: a",
  good: "{ a, ... }: a",
  alias: "deadnix",
  onScope: (scope, run) => {
    const [first] = scope.variables;
    if (first?.kind === VariableKind.PatternName && first.mentioned) return;
    for (const { kind, used, name, pos } of scope.variables) {
      if (kind !== VariableKind.Formal || used) continue;
      run.report("unused-formal", run.nameSpan(name, pos), `argument '${name}' is never used`);
    }
  },
};
