/** `{ a, ... }@args: a` → `{ a, ... }: a` */

import { VariableKind } from "../../scope/scope.ts";
import type { Fix } from "../diagnostic.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** The name at the `@` of a pattern is never used: `{ a, ... }@args: a` → `{ a, ... }: a` */
export const unusedPatternName: Rule = {
  code: "unused-pattern-name",
  level: "default",
  summary: "The name at the `@` of a pattern is never used",
  explanation: "The function means the same without it. Names that begin with `_` are exempt.",
  bad: "{ a, ... }@args: a",
  good: "{ a, ... }: a",
  alias: "deadnix",
  onScope: (scope, run) => {
    const [first] = scope.variables;
    if (first?.kind !== VariableKind.PatternName || first.used) return;
    const { name, pos } = first;
    run.report(
      "unused-pattern-name",
      run.nameSpan(name, pos),
      `'${name}' names the whole argument, but is never used`,
      { fix: removal(name, pos, run) },
    );
  },
};

function removal(name: string, pos: number, run: LintRun): Fix | undefined {
  const end = pos + name.length;
  const title = `Remove '@${name}'`;
  const at = run.skipBlankBack(pos) - 1;
  if (run.text[at] === "@") {
    const brace = run.skipBlankBack(at);
    return run.text[brace - 1] === "}"
      ? { title, edits: [{ start: brace, end, text: "" }] }
      : undefined;
  }
  const behind = run.skipBlank(end);
  const brace = run.skipBlank(behind + 1);
  if (run.text[behind] !== "@" || run.text[brace] !== "{") return undefined;
  return { title, edits: [{ start: pos, end: brace, text: run.separator(pos, brace) }] };
}
