/** `{ a.x = 1; a.y = 2; a.z = 3; }` → `{ a = { x = 1; y = 2; z = 3; }; }` */
import { NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/** How often a name may begin a path. */
const ALLOWED = 2;

/** A name that begins many paths of a set: `{ a.x = 1; a.y = 2; a.z = 3; }` */
export const repeatedKeys: Rule = {
  code: "repeated-keys",
  level: "strict",
  summary: "Three paths or more of a set begin with the same name",
  explanation:
    "A nested set says the name once; the language server has a rewrite for it. Recursive sets are " +
    "left alone, since a nested set is not recursive.",
  bad: "{ a.x = 1; a.y = 2; a.z = 3; }",
  good: "{ a = { x = 1; y = 2; z = 3; }; }",
  alias: "statix W20",
  on: {
    [NodeKind.AttrSet]: (set, run) => {
      if (set.recursive || set.implicit) return;
      for (const { name, pos, value } of set.bindings) {
        if (value.kind !== NodeKind.AttrSet || !value.implicit) continue;
        const count = value.bindings.length + value.dynamic.length;
        if (count <= ALLOWED) continue;
        run.report(
          "repeated-keys",
          run.nameSpan(name, pos),
          `'${name}' begins ${count} paths here; a nested set would say it once`,
        );
      }
    },
  },
};
