/**
 * The commands about flakes that neither evaluate nor build. Loaded on demand (see scripts/bundles.mjs):
 * their bundle is half as large as that of {@link startFlakeCommand}, which has all commands about flakes.
 */
import { runAsyncProgram } from "../async-program.ts";
import type { Terminal } from "../terminal.ts";
import { flakeLockCommand } from "./flake-lock.ts";
import { flakeInfoCommand, flakeMetadataCommand } from "./flake-metadata.ts";
import type { LockWord } from "./flake-start.ts";
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
