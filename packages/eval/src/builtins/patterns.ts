/** Builtins on regular expressions: POSIX extended ones, on bytes (see `regex/regex.ts`). */
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { compileRegex, type Regex } from "../regex/regex.ts";
import { RegexError } from "../regex/regex-error.ts";
import type { OnWork } from "../regex/work.ts";
import { type ContextString, type Slot, textOf } from "../value/value.ts";
import { args, type BuiltinDefinition, plain, strict } from "./definition.ts";

/** Runs `use` and converts errors of the pattern to C++ Nix's messages. */
function withPattern<Result>(pattern: string, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    if (error instanceof RegexError)
      throw new EvalError("value", error.nixMessage(pattern)).atUnknownPos();
    throw error;
  }
}

function compiled(ctx: EvalContext, pattern: string): Regex {
  const { regexes } = ctx.caches;
  let regex = regexes.get(pattern);
  if (regex === undefined) {
    regex = withPattern(pattern, () => compileRegex(pattern));
    regexes.set(pattern, regex);
  }
  return regex;
}

function match(ctx: EvalContext, regex: Regex, text: string): Slot {
  return withPattern(regex.pattern, () => regex.match(text, "auto", onWork(ctx)));
}

/** Returns a function that reports work to the limits, if there are any. */
function onWork({ limits }: EvalContext): OnWork | undefined {
  return limits === undefined ? undefined : (pieces) => limits.work(pieces);
}

/** Splits a text: strings between the matches, and a list of groups for each match. */
function split(ctx: EvalContext, regex: Regex, subject: string | ContextString): Slot {
  const text = textOf(subject);
  const matches = withPattern(regex.pattern, () => regex.search(text, "auto", onWork(ctx)));
  // Nix: without a match, the only part is the string itself with its context.
  if (matches.length === 0) return [subject];
  const parts: Slot[] = [];
  let end = 0;
  for (const found of matches) {
    parts.push(text.slice(end, found.start), found.groups);
    end = found.end;
  }
  parts.push(text.slice(end));
  return parts;
}

/**
 * Defines a builtin on a pattern and a string; the pattern is compiled before the string is forced.
 */
function patternBuiltin(
  name: string,
  doc: string,
  apply: (ctx: EvalContext, regex: Regex, subject: string | ContextString) => Slot,
): BuiltinDefinition {
  return plain({
    name,
    args: args("regex", "str"),
    strict: [
      strict(
        0,
        "string-no-context",
        `while evaluating the first argument passed to builtins.${name}`,
        compiled,
      ),
      strict(1, "string", `while evaluating the second argument passed to builtins.${name}`),
    ],
    doc,
    run: (ctx, pattern: string, subject: string | ContextString) =>
      apply(ctx, compiled(ctx, pattern), subject),
  });
}

/** The builtins of this file. */
export const patternBuiltins: readonly BuiltinDefinition[] = [
  patternBuiltin(
    "match",
    "The groups of the POSIX extended regular expression *regex* if it matches the " +
      "whole of *str*, as a list with `null` for groups that took no part; `null` if it does not " +
      'match.\n\n```nix\nbuiltins.match "a(b)(c)" "abc"\n```\n\nis `[ "b" "c" ]`.',
    (ctx, regex, subject) => match(ctx, regex, textOf(subject)),
  ),
  patternBuiltin(
    "split",
    "*str* split at the matches of the POSIX extended regular expression *regex*: a list of the " +
      "texts between the matches, with a list of the groups for each match.\n\n" +
      '```nix\nbuiltins.split "(a)b" "abc"\n```\n\nis `[ "" [ "a" ] "c" ]`.',
    split,
  ),
];
