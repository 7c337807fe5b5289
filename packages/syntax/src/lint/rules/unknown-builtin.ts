/** `builtins.lenght` */
import { NodeKind } from "../../ast/nodes.ts";
import { GLOBAL_NAMES } from "../../scope/globals.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** Builtins that settings of Nix add. */
const OPTIONAL: ReadonlySet<string> = new Set(["exec", "importNative"]);

/** A selection from `builtins` that no Nix has: `builtins.lenght` */
export const unknownBuiltin: Rule = {
  code: "unknown-builtin",
  level: "default",
  summary: "A selection from `builtins` of what is not there",
  explanation:
    "Nix 2.36 has no such builtin. A selection with `or`, and names that the file asks for with " +
    "`builtins ? name`, are left alone.",
  bad: "xs: builtins.lenght xs",
  good: "xs: builtins.length xs",
  alias: "nixf primop-unknown",
  on: {
    [NodeKind.Select]: ({ base, path, fallback }, run) => {
      const [first] = path;
      if (first?.name === undefined || fallback !== undefined) return;
      const { name } = first;
      if (!run.isGlobal(base, "builtins")) return;
      if (GLOBAL_NAMES.has(name) || GLOBAL_NAMES.has(`__${name}`) || OPTIONAL.has(name)) return;
      run.dependsOnOthers();
      if (isAskedFor(name, run)) return;
      const span = { start: first.start, end: first.end };
      run.report("unknown-builtin", span, `there is no builtin '${name}'`);
    },
  },
};

function isAskedFor(name: string, { text }: LintRun): boolean {
  const escaped = name.replace(/[^a-zA-Z0-9_]/g, "\\$&");
  return new RegExp(`\\bbuiltins\\s*\\?\\s*"?${escaped}(?![a-zA-Z0-9_'-])`).test(text);
}
