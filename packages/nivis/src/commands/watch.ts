/** `nivis watch`: runs a command again whenever something that it looked at changes. */
import { encodeUtf8 } from "@nivis/formats";
import { Invocation } from "../invocation.ts";
import { type HelpTopic, renderHelp } from "../options/help.ts";
import { usageError } from "../options/option.ts";
import { isDecided, runProgram } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { WatchedCommand } from "../warm/watched-command.ts";
import { evalCommand } from "./eval.ts";
import { instantiateCommand } from "./instantiate.ts";

/**
 * The room for young objects in MiB, four times that of a command. An evaluation that is kept is large, and
 * with more room fewer of its young objects are copied: an edit of a NixOS configuration takes 0.8 of the
 * time (docs/design/014-warm-evaluation.md).
 */
const YOUNG_GENERATION = 192;

/** What the help says. */
export const WATCH_TOPIC: HelpTopic = {
  name: "nivis watch",
  summary: "run a command again when its inputs change",
  usage: "[--runs N] (eval | instantiate) [ARGUMENT]...",
  description: [
    "Runs the command and waits until something changes that it looked at: a file that was read, the entries of a directory that was listed, a file that did not exist. Changes of other files have no effect, and only what depends on a change is evaluated again. Ctrl-C ends it; with --runs it ends by itself, with the exit code of the last run.",
  ],
  examples: [
    { does: "Show a value after each change", command: "nivis watch eval -f ./default.nix config" },
    {
      does: "See whether a derivation changes",
      command: "nivis watch instantiate '<nixpkgs>' hello",
    },
  ],
};

/** Runs `nivis watch` and returns the exit code of the last run. */
export async function startWatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const rest = [...args];
  let runs = Number.POSITIVE_INFINITY;
  if (rest[0] === "--runs") {
    runs = /^[1-9][0-9]*$/.test(rest[1] ?? "") ? Number(rest[1]) : Number.NaN;
    rest.splice(0, 2);
  }
  const [word, ...own] = rest;
  if (word === "--help" || word === "-h") {
    terminal.writeOut(encodeUtf8(renderHelp(WATCH_TOPIC, [])));
    return 0;
  }
  if (Number.isNaN(runs)) return fail(terminal, "'--runs' needs a number of runs, such as 2");
  if (word !== "eval" && word !== "instantiate") {
    const given = word === undefined ? "a command" : `'${encodeUtf8(word)}'`;
    return fail(
      terminal,
      `${given} cannot be watched; type: nivis watch eval, or: nivis watch instantiate`,
    );
  }
  if (own.includes("-") || own.includes("--arg-from-stdin")) {
    return fail(terminal, "standard input cannot be read again, so it cannot be watched");
  }
  if (terminal.runInThread !== undefined) {
    try {
      return await terminal.runInThread(YOUNG_GENERATION);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_WORKER_OUT_OF_MEMORY") throw error;
      return fail(
        terminal,
        "the heap is full; NODE_OPTIONS=--max-old-space-size=MEBIBYTES gives it more room",
      );
    }
  }
  const command = word;
  const watched = new WatchedCommand(terminal, (given) =>
    command === "eval"
      ? runProgram(evalCommand, own, given)
      : runProgram(instantiateCommand, own, given),
  );
  const hasEnded =
    command === "eval"
      ? isDecided(evalCommand, own, terminal)
      : isDecided(instantiateCommand, own, terminal);
  try {
    let code = watched.run();
    for (let run = 1; run < runs && !hasEnded; run++) {
      code = await watched.runAgain((changed) =>
        terminal.writeLine(`nivis watch: '${changed}' has changed`),
      );
    }
    return code;
  } finally {
    watched.close();
  }
}

function fail(terminal: Terminal, message: string): number {
  new Invocation(terminal, WATCH_TOPIC.name).report(usageError(message));
  return 1;
}
