/** `let a = 1; b = 2; in a` → `let a = 1; in a` */
import { BindingKind, NodeKind } from "../../ast/nodes.ts";
import type { Variable } from "../../scope/scope.ts";
import { VariableKind } from "../../scope/scope.ts";
import type { Fix } from "../diagnostic.ts";
import { removeInheritedName } from "../inherit-clause.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** A binding of a `let` is never used: `let a = 1; b = 2; in a` → `let a = 1; in a` */
export const unusedBinding: Rule = {
  code: "unused-binding",
  level: "default",
  summary: "A binding of a `let` is never used",
  explanation:
    "It is never evaluated, so it can go. A binding that only unused bindings mention is unused too, " +
    "and so is a function that only calls itself. Names that begin with `_` are exempt.",
  bad: "let a = 1; b = 2; in a",
  good: "let a = 1; in a",
  alias: "Tvix W003, deadnix",
  onScope: (scope, run) => {
    if (scope.owner.kind !== NodeKind.Let) return;
    for (const variable of scope.variables) {
      if (variable.kind !== VariableKind.Let || variable.used) continue;
      const { name, pos, mentioned } = variable;
      const message = mentioned
        ? `variable '${name}' is used only by what is unused itself`
        : `variable '${name}' is declared, but never used`;
      run.report("unused-binding", run.nameSpan(name, pos), message, {
        fix: mentioned ? undefined : removal(variable, run),
      });
    }
  },
};

function removal({ name, pos, binding }: Variable, run: LintRun): Fix | undefined {
  if (binding === undefined || binding.doc !== undefined) return undefined;
  const title = `Remove the unused '${name}'`;
  if (binding.kind !== BindingKind.Plain) {
    return { title, edits: [removeInheritedName(run.nameSpan(name, pos), run)] };
  }
  // A value whose name is not right in front of it was given by several paths.
  const { start, end } = binding.value;
  const equals = run.text.slice(run.nameSpan(name, pos).end, start);
  const semicolon = run.skipBlank(end);
  if (!/^\s*=\s*$/.test(equals) || run.text[semicolon] !== ";") return undefined;
  return { title, edits: [run.removal(pos, semicolon + 1)] };
}
