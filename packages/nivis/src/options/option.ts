/**
 * Command options: tables of rows, and the parser that walks a command line with them.
 *
 * Node's `parseArgs` supports only flags with one value and loses their order. C++ Nix has flags
 * with two values (`--arg NAME EXPR`), settings whose order matters, and words such as `-vv` or
 * `-I.`. This parser follows C++ Nix's rules (libutil/args.cc) and messages, and adds suggestions.
 */

import { bestMatches, type EvalError } from "@nivis/eval";
import { marked } from "@nivis/formats";
import { usageError } from "@nivis/node";

export { usageError };

/** A flag. `Flags` is the object that a command's flags are collected in. */
export interface Option<in Flags> {
  /** All its spellings; the help shows the first: `["--attr", "-A"]`. */
  readonly names: readonly string[];
  /** The names of its values in the help; empty for a switch. */
  readonly values: readonly string[];
  /** Its effect, in one sentence without a period at the end. */
  readonly doc: string;
  /** Whether the help leaves it out. Defaults to `false`. */
  readonly hidden?: boolean;
  /** Stores the flag in `flags`. Takes as many values as `values` names. */
  apply(flags: Flags, ...values: string[]): void;
  /** The action that replaces the command; the rest of the command line is not read. */
  readonly instead?: Instead;
}

/** An action that a flag can request in place of the command. */
export type Instead = "help" | "version";

/**
 * How a command line is parsed. `legacy` follows `nix-instantiate`: letters after one dash are
 * flags up to the first character that is not a letter, a value never follows an equals sign, and
 * the command's own flags are still flags after `--`. `modern` is more lenient: a value may follow
 * its letter (`-Iname=path`) or an equals sign, and everything after `--` is positional.
 */
export type ParseStyle = "legacy" | "modern";

/** Options that are too many for a table. */
export interface OptionFamily<in Flags> {
  /** Returns the option with this spelling, if there is one. */
  find(name: string): Option<Flags> | undefined;
  /** All spellings, for suggestions. */
  names(): readonly string[];
}

/** The input of {@link parseArguments}. */
export interface Grammar<Flags> {
  /** The options of the command itself. */
  readonly own: readonly Option<Flags>[];
  /** The options that it shares with other commands. */
  readonly shared: readonly Option<Flags>[];
  /** Further shared options; the tables take precedence. Defaults to none. */
  readonly family?: OptionFamily<Flags>;
  readonly style: ParseStyle;
  /** Handles an argument that is not a flag. */
  readonly positional: (flags: Flags, argument: string) => void;
}

/** Defines a switch, a flag without values. */
export function flag<Flags>(
  names: readonly string[],
  doc: string,
  apply: (flags: Flags) => void,
): Option<Flags> {
  return { names, values: [], doc, apply };
}

/** Defines a flag with one value. */
export function valueFlag<Flags>(
  names: readonly string[],
  value: string,
  doc: string,
  apply: (flags: Flags, value: string) => void,
): Option<Flags> {
  return { names, values: [value], doc, apply: apply as Option<Flags>["apply"] };
}

/** Returns the option with a spelling; the command's own options take precedence. */
export function findOption<Flags>(
  { own, shared, family }: Pick<Grammar<Flags>, "own" | "shared" | "family">,
  name: string,
): Option<Flags> | undefined {
  return named(own, name) ?? named(shared, name) ?? family?.find(name);
}

/**
 * Walks the arguments: applies flags in order and passes all others to `positional`. A lone `-` is
 * positional. Returns the action that replaces the command, if a flag requests one. Throws a usage
 * error at the first invalid argument; the flags before it have been applied by then.
 */
export function parseArguments<Flags>(
  args: readonly string[],
  grammar: Grammar<Flags>,
  flags: Flags,
): Instead | undefined {
  return new ArgumentWalk(args, grammar, flags).run();
}

class ArgumentWalk<Flags> {
  readonly #grammar: Grammar<Flags>;
  readonly #flags: Flags;
  /** The arguments left to process, the next one last. */
  readonly #rest: string[];

  constructor(args: readonly string[], grammar: Grammar<Flags>, flags: Flags) {
    this.#grammar = grammar;
    this.#flags = flags;
    this.#rest = args.slice().reverse();
  }

  run(): Instead | undefined {
    for (let argument = this.#rest.pop(); argument !== undefined; argument = this.#rest.pop()) {
      if (argument === "--") return this.#runLiteral();
      if (argument === "-" || !argument.startsWith("-")) {
        this.#grammar.positional(this.#flags, argument);
      } else {
        const instead = this.#applyFlag(argument);
        if (instead !== undefined) return instead;
      }
    }
    return undefined;
  }

  /** Processes the arguments after `--`. */
  #runLiteral(): Instead | undefined {
    const isLegacy = this.#grammar.style === "legacy";
    for (let argument = this.#rest.pop(); argument !== undefined; argument = this.#rest.pop()) {
      if (!isLegacy || argument === "-" || !argument.startsWith("-")) {
        this.#grammar.positional(this.#flags, argument);
        continue;
      }
      // Nix: the parser of the command itself sees these arguments one by one, flags or not.
      const option = named(this.#grammar.own, argument);
      if (option === undefined) throw usageError(marked`unexpected argument '${argument}'`);
      if (option.values.length > 0) throw usageError(marked`'${argument}' requires an argument`);
      if (option.instead !== undefined) return option.instead;
      option.apply(this.#flags);
    }
    return undefined;
  }

  #applyFlag(argument: string): Instead | undefined {
    const name = this.#grammar.style === "legacy" ? this.#split(argument) : this.#loosen(argument);
    const option = findOption(this.#grammar, name);
    if (option === undefined) {
      // Nix: no suggestions.
      if (this.#grammar.style === "legacy") throw usageError(marked`unrecognised flag '${name}'`);
      throw unknownFlag(name, this.#grammar);
    }
    option.apply(this.#flags, ...this.#takeValues(name, option));
    return option.instead;
  }

  /** Splits `-qIx` into `-q -I -x`, as C++ Nix does, and returns the first flag. */
  #split(argument: string): string {
    if (argument.length <= 2 || !/^-[a-zA-Z]/.test(argument)) return argument;
    const letters = /^-([a-zA-Z]+)/.exec(argument)?.[1] as string;
    const tail = argument.slice(letters.length + 1);
    if (tail !== "") this.#rest.push(tail);
    for (const letter of letters.slice(1).split("").reverse()) this.#rest.push(`-${letter}`);
    return `-${letters[0]}`;
  }

  /** Splits `-vvI.` and `--include=.` if flags of these names exist, and returns the first flag. */
  #loosen(argument: string): string {
    if (findOption(this.#grammar, argument) !== undefined) return argument;
    const letters = argument.startsWith("--") ? undefined : this.#splitLetters(argument);
    if (letters !== undefined) {
      this.#rest.push(...letters.reverse());
      return this.#rest.pop() as string;
    }
    const equals = argument.indexOf("=");
    const name = argument.slice(0, equals);
    if (equals < 0 || findOption(this.#grammar, name)?.values.length !== 1) return argument;
    this.#rest.push(argument.slice(equals + 1));
    return name;
  }

  /**
   * Splits `-vvI.` into `-v -v -I .`: letters are flags up to the first one that takes a value; the
   * rest is that value. Returns `undefined` if a letter is not a flag.
   */
  #splitLetters(argument: string): string[] | undefined {
    const split: string[] = [];
    for (let i = 1; i < argument.length; i++) {
      const name = `-${argument[i]}`;
      const option = findOption(this.#grammar, name);
      if (option === undefined) return undefined;
      split.push(name);
      if (option.values.length > 0 && i + 1 < argument.length) {
        split.push(argument.slice(i + 1));
        break;
      }
    }
    return split;
  }

  #takeValues(name: string, option: Option<Flags>): string[] {
    const count = option.values.length;
    const values: string[] = [];
    while (values.length < count) {
      const value = this.#rest.pop();
      if (value === undefined) throw this.#missingValue(name, count, values.length);
      values.push(value);
    }
    return values;
  }

  #missingValue(name: string, count: number, given: number): EvalError {
    // Nix: the command's own parser uses a different message.
    return this.#grammar.style === "legacy" && named(this.#grammar.own, name) !== undefined
      ? usageError(marked`'${name}' requires an argument`)
      : usageError(
          marked`flag '${name}' requires ${count} argument(s), but only ${given} were given`,
        );
  }
}

function named<Flags>(options: readonly Option<Flags>[], name: string): Option<Flags> | undefined {
  return options.find((option) => option.names.includes(name));
}

function unknownFlag<Flags>(argument: string, grammar: Grammar<Flags>): EvalError {
  const { own, shared, family } = grammar;
  const name = argument.replace(/=.*/s, "");
  const options = [...own, ...shared];
  const shown = options
    .filter((option) => option.hidden !== true)
    .flatMap((option) => option.names);
  let matches = bestMatches(
    shown.filter((candidate) => candidate.startsWith("--")),
    name,
  );
  // Settings are suggested only if no option matches.
  if (matches.length === 0)
    matches = bestMatches(
      [...options.flatMap((option) => option.names), ...(family?.names() ?? [])],
      name,
    );
  return usageError(marked`unrecognised flag '${name}'`, name.startsWith("--") ? matches : []);
}
