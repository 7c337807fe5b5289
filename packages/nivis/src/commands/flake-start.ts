/** Starts a command about flakes from the smallest bundle that has it. */
import type { Terminal } from "../terminal.ts";
import { startFlakeCommand } from "./flake-commands.ts";
import { startLockCommand } from "./lock-commands.ts";

/** The words behind `nivis flake` that neither evaluate nor build. */
const LOCK_WORDS = ["lock", "update", "metadata", "info"] as const;

/** See {@link LOCK_WORDS}. */
export type LockWord = (typeof LOCK_WORDS)[number];

/** Runs the command or group with this word and returns the exit code. */
export function startFlake(
  word: string,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const member = word === "flake" ? LOCK_WORDS.find((one) => one === args[0]) : undefined;
  return member === undefined
    ? startFlakeCommand(word, args, terminal)
    : startLockCommand(member, args.slice(1), terminal);
}
