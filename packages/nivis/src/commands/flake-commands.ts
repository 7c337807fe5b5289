/** The commands about flakes. Loaded on demand (see scripts/bundles.mjs). */
import { type AsyncProgram, type CommonFlags, runAsyncProgram } from "../async-program.ts";
import type { Terminal } from "../terminal.ts";
import type { Command } from "./command.ts";
import { flakeLockCommand } from "./flake-lock.ts";
import { flakeInfoCommand, flakeMetadataCommand } from "./flake-metadata.ts";
import { flakePrefetchCommand } from "./flake-prefetch.ts";
import { flakeTopic } from "./flake-topics.ts";
import { flakeUpdateCommand } from "./flake-update.ts";
import { groupOf } from "./group.ts";
import { prefetchCommand } from "./prefetch.ts";
import { registryAddCommand } from "./registry-add.ts";
import { registryListCommand } from "./registry-list.ts";
import { registryPinCommand } from "./registry-pin.ts";
import { registryRemoveCommand } from "./registry-remove.ts";
import { registryResolveCommand } from "./registry-resolve.ts";

function command<Flags extends CommonFlags>(word: string, program: AsyncProgram<Flags>): Command {
  return {
    word,
    name: program.name,
    summary: program.summary,
    usage: program.usage,
    examples: program.examples,
    start: (args, terminal) => runAsyncProgram(program, args, terminal),
  };
}

const FLAKE_COMMANDS: readonly Command[] = [
  groupOf(flakeTopic("flake"), [
    command("lock", flakeLockCommand),
    command("update", flakeUpdateCommand),
    command("metadata", flakeMetadataCommand),
    command("info", flakeInfoCommand),
    command("prefetch", flakePrefetchCommand),
  ]),
  groupOf(flakeTopic("registry"), [
    command("list", registryListCommand),
    command("add", registryAddCommand),
    command("remove", registryRemoveCommand),
    command("pin", registryPinCommand),
    command("resolve", registryResolveCommand),
  ]),
  command("prefetch", prefetchCommand),
];

/** Runs the command or group with this word and returns the exit code. */
export async function startFlakeCommand(
  word: string,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const found = FLAKE_COMMANDS.find((one) => one.word === word) as Command;
  return found.start(args, terminal);
}
