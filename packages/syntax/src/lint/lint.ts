/**
 * The linter: all rules over one parsed file, in one walk.
 *
 * It says nothing about a text with syntax errors: in what the parser could not read a name may be
 * used, a branch taken. It evaluates nothing and opens no other file. The command `nivis lint` and an
 * evaluation that wants compile-time warnings call it.
 */
import type { NodeKind } from "../ast/nodes.ts";
import type { ParseResult } from "../parse/options.ts";
import { GLOBAL_NAMES } from "../scope/globals.ts";
import { Resolver } from "../scope/resolve.ts";
import type { LintDiagnostic } from "./diagnostic.ts";
import { withoutIgnored } from "./ignore.ts";
import type { LintMemory } from "./lint-memory.ts";
import type { Rule } from "./rule.ts";
import { lintRules } from "./rules/index.ts";
import { LintRun } from "./run.ts";

/** Which rules run, and what they take for given. */
export interface LintOptions {
  /** Also the rules of level `strict`. */
  readonly strict?: boolean;
  /** Codes of rules to run although their level is off. */
  readonly enable?: readonly string[];
  /** Codes of rules not to run; wins over the others. */
  readonly disable?: readonly string[];
  /** The names that are in scope everywhere; those of Nix 2.36 by default. */
  readonly globals?: ReadonlySet<string>;
}

/** What the parser must be told to keep, so that every rule and every comment counts. */
export const LINT_PARSE_OPTIONS = { keepComments: true, keepParens: true } as const;

type Handler = (expr: never, run: LintRun) => void;

/**
 * The findings in a parsed text, in the order of their places. Never throws.
 *
 * Parse with {@link LINT_PARSE_OPTIONS}: without comments nothing can be silenced, without
 * parentheses none is found useless. `memory` is that of an earlier version of the text, for the same options.
 */
export function lint(
  parsed: ParseResult,
  options: LintOptions = {},
  memory?: LintMemory,
): LintDiagnostic[] {
  if (parsed.firstError !== undefined) return [];
  const rules = selectRules(options);
  const handlers: Handler[][] = [];
  for (const { on } of rules) {
    for (const [kind, handler] of Object.entries(on ?? {})) {
      const known = handlers[Number(kind)];
      if (known === undefined) handlers[Number(kind)] = [handler as Handler];
      else known.push(handler as Handler);
    }
  }
  const onScope = rules.flatMap((rule) => rule.onScope ?? []);
  const onWith = rules.flatMap((rule) => rule.onWith ?? []);
  const onUndefined = rules.flatMap((rule) => rule.onUndefined ?? []);
  let before = 0;
  const resolver = new Resolver(
    {
      enter: (expr) => {
        const forKind = handlers[expr.kind as NodeKind];
        if (forKind !== undefined) for (const handler of forKind) handler(expr as never, run);
      },
      leaveScope: (scope) => {
        for (const handler of onScope) handler(scope, run);
      },
      leaveWith: (scope) => {
        for (const handler of onWith) handler(scope, run);
      },
      undefinedVariable: (expr) => {
        for (const handler of onUndefined) handler(expr, run);
      },
      passStretch: (stretch, isLeft) => {
        if (isLeft) memory?.keep(stretch, run.diagnostics.slice(before));
        else before = run.diagnostics.length;
      },
      recallStretch: (stretch, by) => {
        for (const found of memory?.recall(stretch, by) ?? []) run.diagnostics.push(found);
      },
    },
    options.globals ?? GLOBAL_NAMES,
    memory?.walk,
  );
  const run = new LintRun(parsed, resolver);
  resolver.walk(parsed.expr);
  for (const { onEnd } of rules) onEnd?.(run);
  const found = run.diagnostics.sort(
    (a, b) => a.span.start - b.span.start || b.span.end - a.span.end,
  );
  return withoutIgnored(found, parsed);
}

/** The rules that run with these options, in the order of the table. */
export function selectRules(options: LintOptions): readonly Rule[] {
  const enabled = new Set(options.enable);
  const disabled = new Set(options.disable);
  return lintRules.filter(
    ({ code, level }) =>
      !disabled.has(code) && (level === "default" || options.strict === true || enabled.has(code)),
  );
}
