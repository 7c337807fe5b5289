/**
 * The table of all rules, in the order of `docs/lints.md`. A new rule is a file beside this one, a line
 * here, and a folder in `tests/lint`.
 */
import type { Rule } from "../rule.ts";
import { booleanIf } from "./boolean-if.ts";
import { collapsibleLet } from "./collapsible-let.ts";
import { comparisonWithBoolean } from "./comparison-with-boolean.ts";
import { constantCondition } from "./constant-condition.ts";
import { deadCode } from "./dead-code.ts";
import { deprecatedBuiltin } from "./deprecated-builtin.ts";
import { deprecatedLegacyLet } from "./deprecated-legacy-let.ts";
import { deprecatedUrlLiteral } from "./deprecated-url-literal.ts";
import { emptyInherit } from "./empty-inherit.ts";
import { emptyLet } from "./empty-let.ts";
import { emptyListConcat } from "./empty-list-concat.ts";
import { emptyPattern } from "./empty-pattern.ts";
import { etaReduction } from "./eta-reduction.ts";
import { manualInherit } from "./manual-inherit.ts";
import { manualInheritFrom } from "./manual-inherit-from.ts";
import { negatedComparison } from "./negated-comparison.ts";
import { redundantRec } from "./redundant-rec.ts";
import { repeatedKeys } from "./repeated-keys.ts";
import { selfReference } from "./self-reference.ts";
import { shadowedGlobal } from "./shadowed-global.ts";
import { undefinedVariable } from "./undefined-variable.ts";
import { unknownBuiltin } from "./unknown-builtin.ts";
import { unusedBinding } from "./unused-binding.ts";
import { unusedFormal } from "./unused-formal.ts";
import { unusedParameter } from "./unused-parameter.ts";
import { unusedPatternName } from "./unused-pattern-name.ts";
import { uselessBooleanOperation } from "./useless-boolean-operation.ts";
import { uselessHasAttr } from "./useless-has-attr.ts";
import { uselessInherit } from "./useless-inherit.ts";
import { uselessParentheses } from "./useless-parentheses.ts";
import { uselessWith } from "./useless-with.ts";

/** All rules, in the order of `docs/lints.md`. */
export const lintRules: readonly Rule[] = [
  undefinedVariable,
  unknownBuiltin,
  selfReference,
  unusedBinding,
  unusedPatternName,
  unusedFormal,
  unusedParameter,
  shadowedGlobal,
  uselessInherit,
  emptyInherit,
  emptyLet,
  redundantRec,
  uselessWith,
  uselessParentheses,
  deadCode,
  constantCondition,
  uselessBooleanOperation,
  comparisonWithBoolean,
  booleanIf,
  emptyListConcat,
  deprecatedUrlLiteral,
  deprecatedLegacyLet,
  deprecatedBuiltin,
  negatedComparison,
  uselessHasAttr,
  manualInherit,
  manualInheritFrom,
  collapsibleLet,
  repeatedKeys,
  emptyPattern,
  etaReduction,
];
