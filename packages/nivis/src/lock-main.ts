/**
 * The entry point of the lock bundle: the commands that lock flakes and evaluate nothing, without the
 * machine (see scripts/bundles.mjs). `launch/launch.ts` loads it instead of the main bundle.
 */
import { startLockCommand } from "./commands/lock-commands.ts";
import type { LockWord } from "./launch/lock-words.ts";
import { type Launcher, processTerminal } from "./terminal.ts";

/** Runs `nivis flake WORD` or `nix flake WORD` with the arguments of this process. */
export function main(command: string, launcher: Launcher): Promise<number> {
  const [, word, ...args] = process.argv.slice(2);
  const terminal = processTerminal({ ...launcher, makesDatabases: command !== "nivis" });
  return startLockCommand(word as LockWord, args, terminal);
}
