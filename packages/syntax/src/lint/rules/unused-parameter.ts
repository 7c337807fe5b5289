/** `x: 1` → `_: 1` */
import { VariableKind } from "../../scope/scope.ts";
import type { Rule } from "../rule.ts";

/** The parameter of a function is never used: `x: 1` → `_: 1` */
export const unusedParameter: Rule = {
  code: "unused-parameter",
  level: "strict",
  summary: "The parameter of a function is never used",
  explanation:
    "A parameter that begins with `_` says that it is not meant to be read. Functions whose parameters " +
    "somebody else prescribes, such as overlays, often leave some unused.",
  bad: "self: super: super.hello",
  good: "_self: super: super.hello",
  alias: "deadnix",
  onScope: (scope, run) => {
    for (const { kind, used, name, pos } of scope.variables) {
      if (kind !== VariableKind.Parameter || used) continue;
      const span = run.nameSpan(name, pos);
      run.report("unused-parameter", span, `parameter '${name}' is never used`, {
        fix: {
          title: `Rename it to '_${name}'`,
          edits: [{ start: pos, end: pos, text: "_" }],
        },
      });
    }
  },
};
