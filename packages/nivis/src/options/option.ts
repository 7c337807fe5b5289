/**
 * Options of commands: tables of rows, and what goes through a command line with them.
 *
 * `parseArgs` of Node knows only flags with one value and forgets the order; C++ Nix has flags with
 * two (`--arg NAME EXPR`), settings whose order matters, and words such as `-vv` or `-I.`. So the
 * walk is our own, with C++ Nix's rules (libutil/args.cc) and messages, and with suggestions.
 */
import { bestMatches, EvalError } from "@nivis/eval";

/** A flag. `Draft` is what a command gathers from its flags. */
export interface Option<in Draft> {
  /** All its spellings, the one that is shown first: `["--attr", "-A"]`. */
  readonly names: readonly string[];
  /** What its values are called in the help; empty for a switch. */
  readonly values: readonly string[];
  /** What it does, in one sentence without a period at its end. */
  readonly doc: string;
  /** Left out of the help. */
  readonly hidden?: boolean;
  /** Notes the flag; gets as many values as it names. */
  apply(draft: Draft, ...values: string[]): void;
}

/** A command line that makes no sense. */
export function usageError(message: string, suggestions: readonly string[] = []): EvalError {
  return new EvalError("usage", message).suggest(suggestions);
}

/** Makes a switch, a flag without values. */
export function flag<Draft>(
  names: readonly string[],
  doc: string,
  apply: (draft: Draft) => void,
): Option<Draft> {
  return { names, values: [], doc, apply };
}

/** Makes a flag with one value. */
export function valueFlag<Draft>(
  names: readonly string[],
  value: string,
  doc: string,
  apply: (draft: Draft, value: string) => void,
): Option<Draft> {
  return { names, values: [value], doc, apply: apply as Option<Draft>["apply"] };
}

/**
 * Splits `-vvI.` into `-v -v -I .`: letters are flags up to the first that takes a value, which is
 * the rest. Answers nothing if a letter is no flag.
 */
function splitLetters(
  argument: string,
  byName: ReadonlyMap<string, Option<never>>,
): string[] | undefined {
  const split: string[] = [];
  for (let i = 1; i < argument.length; i++) {
    const name = `-${argument[i]}`;
    const option = byName.get(name);
    if (option === undefined) return undefined;
    split.push(name);
    if (option.values.length > 0 && i + 1 < argument.length) {
      split.push(argument.slice(i + 1));
      break;
    }
  }
  return split;
}

/**
 * Goes through arguments: applies flags in order, hands all others to `positional`. `-` alone is
 * positional, and so is everything behind `--`.
 */
export function parseArguments<Draft>(
  args: readonly string[],
  options: readonly Option<Draft>[],
  draft: Draft,
  positional: (draft: Draft, argument: string) => void,
): void {
  const byName = new Map(options.flatMap((option) => option.names.map((name) => [name, option])));
  const rest = args.slice().reverse();
  for (let argument = rest.pop(); argument !== undefined; argument = rest.pop()) {
    if (argument === "--") {
      for (let plain = rest.pop(); plain !== undefined; plain = rest.pop())
        positional(draft, plain);
      return;
    }
    if (argument === "-" || !argument.startsWith("-")) {
      positional(draft, argument);
      continue;
    }
    if (!byName.has(argument)) {
      const letters = argument.startsWith("--") ? undefined : splitLetters(argument, byName);
      const equals = argument.indexOf("=");
      if (letters !== undefined) {
        rest.push(...letters.reverse());
        argument = rest.pop() as string;
      } else if (byName.get(argument.slice(0, equals))?.values.length === 1) {
        rest.push(argument.slice(equals + 1));
        argument = argument.slice(0, equals);
      }
    }
    const option = byName.get(argument);
    if (option === undefined) throw unknownFlag(argument, options);
    const values = takeValues(argument, option, rest);
    option.apply(draft, ...values);
  }
}

function takeValues(name: string, option: Option<never>, rest: string[]): string[] {
  const count = option.values.length;
  const values: string[] = [];
  while (values.length < count) {
    const value = rest.pop();
    if (value === undefined) {
      throw usageError(
        `flag '${name}' requires ${count} argument(s), but only ${values.length} were given`,
      );
    }
    values.push(value);
  }
  return values;
}

function unknownFlag(argument: string, options: readonly Option<never>[]): EvalError {
  const name = argument.replace(/=.*/s, "");
  const shown = options
    .filter((option) => option.hidden !== true)
    .flatMap((option) => option.names);
  let matches = bestMatches(
    shown.filter((candidate) => candidate.startsWith("--")),
    name,
  );
  // A setting is suggested only if no option is meant.
  if (matches.length === 0)
    matches = bestMatches(
      options.flatMap((option) => option.names),
      name,
    );
  return usageError(`unrecognised flag '${name}'`, name.startsWith("--") ? matches : []);
}
