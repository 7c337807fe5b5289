/** `let map = f: f; in map` → `let mapOne = f: f; in mapOne` */
import { type Binding, BindingKind, type Expr, NodeKind } from "../../ast/nodes.ts";
import type { LexicalScope } from "../../scope/scope.ts";
import type { Rule } from "../rule.ts";

/**
 * A declared name hides a global of Nix, such as `map` or `true`:
 * `let map = f: f; in map` → `let mapOne = f: f; in mapOne`
 */
export const shadowedGlobal: Rule = {
  code: "shadowed-global",
  level: "default",
  summary: "A declared name hides a global of Nix, such as `map` or `true`",
  explanation:
    "Whoever reads `map` or `import` expects the builtin. Worst are `true`, `false`, `null`, and the " +
    "names that operators stand for (`__sub` for `-`, `__lessThan` for `<`): they change what the syntax " +
    "means. Bindings that give the name its own builtin again are exempt, as in " +
    "`inherit (builtins) map;`, and attributes of `rec { … }` that nothing in the set mentions.",
  bad: "let map = list: list; in map [ 1 ]",
  good: "let copy = list: list; in copy [ 1 ]",
  alias: "Tvix W004",
  onScope: (scope, run) => {
    for (const { name, pos, shadowed, binding, mentioned } of scope.variables) {
      // The scope is left: the name means again what it means around it.
      if (shadowed !== undefined || !run.isGlobalName(name)) continue;
      if (scope.owner.kind === NodeKind.AttrSet && !mentioned) continue;
      if (binding !== undefined && isSameBuiltin(binding, scope)) continue;
      run.report(
        "shadowed-global",
        run.nameSpan(name, pos),
        `declared variable '${name}' shadows a global of that name`,
      );
    }
  },
};

/** `inherit map;`, `inherit (builtins) map;`, `inherit (lib) map;`, `map = builtins.map;` */
function isSameBuiltin({ kind, name, value, from }: Binding, scope: LexicalScope): boolean {
  switch (kind) {
    case BindingKind.Inherited:
      return true;
    case BindingKind.InheritedFrom: {
      const { owner } = scope;
      if (owner.kind === NodeKind.Lambda) return false;
      const set = owner.kind === NodeKind.Let ? owner.attrs : owner;
      return isBuiltinsOrLib(set.inheritFrom[from] as Expr);
    }
    case BindingKind.Plain:
      return (
        value.kind === NodeKind.Select &&
        value.path.length === 1 &&
        value.path[0]?.name === name &&
        isBuiltinsOrLib(value.base)
      );
  }
}

function isBuiltinsOrLib(expr: Expr): boolean {
  if (expr.kind === NodeKind.Var) return expr.name === "builtins" || expr.name === "lib";
  return expr.kind === NodeKind.Select && expr.path.at(-1)?.name === "lib";
}
