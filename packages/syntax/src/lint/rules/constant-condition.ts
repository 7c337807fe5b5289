/** `if true then a else b` → `a` */
import { type Expr, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/** An `if` or `assert` whose condition is a literal: `if true then a else b` → `a` */
export const constantCondition: Rule = {
  code: "constant-condition",
  level: "default",
  summary: "An `if` or `assert` whose condition is a literal",
  explanation:
    "One branch is never evaluated, or the assertion says nothing. `assert false` is exempt: it is a " +
    "way to say that a place must not be reached.",
  bad: "a: b: if true then a else b",
  good: "a: b: a",
  alias: "Tvix W008",
  on: {
    [NodeKind.If]: ({ condition, consequence, alternative }, run) => {
      const value = run.literalBool(condition);
      if (value === undefined) return;
      const dead: Expr = value ? alternative : consequence;
      run.report("constant-condition", condition, `this condition is always ${value}`, {
        labels: [{ span: dead, message: "this code is never evaluated" }],
      });
    },
    [NodeKind.Assert]: ({ condition }, run) => {
      if (run.literalBool(condition) !== true) return;
      run.report("constant-condition", condition, "this assertion always holds");
    },
  },
};
