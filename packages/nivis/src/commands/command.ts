/** The interface of a command to the program that finds it by its word. */
import type { EvaluateInstallables } from "../evaluated-installables.ts";
import type { HelpTopic } from "../options/help.ts";
import type { Terminal } from "../terminal.ts";

/** A command, regardless of the type of its flags. */
export interface Command extends HelpTopic {
  /** The word after `nivis`, or after the word of its group. */
  readonly word: string;
  /**
   * Runs the command and returns its exit code; commands that wait for stores return a promise.
   * `evaluate` is for those on stores, whose bundle has no evaluator.
   */
  start(
    args: readonly string[],
    terminal: Terminal,
    evaluate?: EvaluateInstallables,
  ): number | Promise<number>;
}

/** Splits arguments at the first of some words; what follows belongs to another program. */
export function splitArguments(
  args: readonly string[],
  ends: readonly string[],
): { readonly own: readonly string[]; readonly rest: readonly string[] } {
  const end = args.findIndex((argument) => ends.includes(argument));
  return end < 0 ? { own: args, rest: [] } : { own: args.slice(0, end), rest: args.slice(end + 1) };
}
