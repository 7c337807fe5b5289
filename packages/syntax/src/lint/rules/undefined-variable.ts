/** `{ pkgs }: lib.id pkgs` → `{ pkgs, lib }: lib.id pkgs` */
import type { Rule } from "../rule.ts";

/** A name that nothing binds: `{ pkgs }: lib.id pkgs` → `{ pkgs, lib }: lib.id pkgs` */
export const undefinedVariable: Rule = {
  code: "undefined-variable",
  level: "default",
  summary: "A name that nothing binds",
  explanation:
    "No `let`, `rec` or function around it declares the name, it is not a global, and there is no `with` " +
    "that could bring it. Nix refuses the whole file, even if the expression is never evaluated. Only a " +
    "file for `builtins.scopedImport` may have such names.",
  bad: "{ pkgs }: lib.id pkgs",
  good: "{ pkgs, lib }: lib.id pkgs",
  onUndefined: (expr, run) => {
    run.report("undefined-variable", expr, `undefined variable '${expr.name}'`);
  },
};
