/**
 * All commands of `nivis`, its help, and words that are not commands. Loaded on demand (see
 * scripts/bundles.mjs): `nivis.ts` knows the commands that start often.
 */
import { bestMatches } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import { commands } from "./commands/index.ts";
import { Invocation } from "./invocation.ts";
import { usageError } from "./options/option.ts";
import { versionLine } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** Runs `nivis` with its arguments and returns the exit code; commands that wait return a promise. */
export function runAnyCommand(
  args: readonly string[],
  terminal: Terminal,
): number | Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined) {
    terminal.writeLine(encodeUtf8(overview().trimEnd()));
    return 1;
  }
  if (word === "--version") {
    terminal.writeOut(versionLine("nivis"));
    return 0;
  }
  if (word === "--help" || word === "-h" || word === "help") {
    const topic = rest.find((argument) => !argument.startsWith("-"));
    if (topic !== undefined) return runAnyCommand([topic, "--help"], terminal);
    terminal.writeOut(encodeUtf8(overview()));
    return 0;
  }
  const found = commands.find((one) => one.word === word);
  if (found !== undefined) return found.start(rest, terminal);
  new Invocation(terminal, "nivis").report(unknownCommand(encodeUtf8(word)));
  return 1;
}

/** Whether `nivis` has a command with this word. */
export function isCommand(word: string): boolean {
  return commands.some((one) => one.word === word);
}

/** Commands of C++ Nix that do not exist here, with what to use instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  bundle: "build the package with 'nivis build', and pack its closure with 'nix bundle'",
  env: "use 'nivis shell'",
  "help-stores": "docs/stores.md describes the stores",
  realisation: "ask 'nix realisation info'",
  "upgrade-nix": "upgrade Nivis with the package manager that has installed it",
};

function unknownCommand(word: string): unknown {
  const elsewhere = Object.hasOwn(ELSEWHERE, word) ? ELSEWHERE[word] : undefined;
  if (elsewhere !== undefined) {
    return usageError(marked`'${word}' of C++ Nix does not exist here; ${elsewhere}`);
  }
  const matches = bestMatches(
    commands.map((one) => one.word),
    word,
  );
  if (matches.length > 0) return usageError(marked`'${word}' is not a recognised command`, matches);
  const hint = /^[./<]|\.nix$/.test(word)
    ? `to evaluate the file, type: nivis eval ${word}`
    : "to evaluate an expression, type: nivis eval --expr EXPR";
  return usageError(marked`'${word}' is not a recognised command; ${hint}`);
}

function overview(): string {
  const width = Math.max(...commands.map((one) => one.word.length)) + 4;
  return [
    "nivis - the Nix language",
    "",
    "Usage: nivis COMMAND [FLAG]... [ARGUMENT]...",
    "",
    "Commands:",
    ...commands.map((one) => `  ${one.word.padEnd(width)}${one.summary}`),
    "",
    "Examples:",
    ...commands.map((one) => `  $ ${one.examples[0]?.command}`),
    "",
    "nivis COMMAND --help tells more. nivis-instantiate takes the flags of nix-instantiate.",
    "",
  ].join("\n");
}
