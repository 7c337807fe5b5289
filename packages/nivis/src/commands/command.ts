/** What a command is to the program that finds it by its word. */
import type { HelpTopic } from "../options/help.ts";
import type { Terminal } from "../terminal.ts";

/** A command whatever it gathers. */
export interface Command extends HelpTopic {
  /** What is typed behind `nivis`, or behind the word of its group. */
  readonly word: string;
  /** Runs it and returns its exit code; commands that wait for stores return a promise. */
  start(args: readonly string[], terminal: Terminal): number | Promise<number>;
}
