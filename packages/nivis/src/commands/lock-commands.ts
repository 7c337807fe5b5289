/**
 * The commands about flakes that neither evaluate nor build, for the bundle that has nothing else (see
 * scripts/bundles.mjs). {@link startFlakeCommand} has all commands about flakes.
 */
import { runAsyncProgram } from "../async-program.ts";
import type { LockWord } from "../launch/lock-words.ts";
import type { Terminal } from "../terminal.ts";
import { flakeLockCommand } from "./flake-lock.ts";
import { flakeInfoCommand, flakeMetadataCommand } from "./flake-metadata.ts";
import { flakeUpdateCommand } from "./flake-update.ts";

/** Runs `nivis flake` with this word and returns the exit code. */
export function startLockCommand(
  word: LockWord,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  switch (word) {
    case "lock":
      return runAsyncProgram(flakeLockCommand, args, terminal);
    case "update":
      return runAsyncProgram(flakeUpdateCommand, args, terminal);
    case "metadata":
      return runAsyncProgram(flakeMetadataCommand, args, terminal);
    case "info":
      return runAsyncProgram(flakeInfoCommand, args, terminal);
  }
}
