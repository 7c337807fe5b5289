/**
 * `nivis-nix`: takes the command line of `nix` and runs the command of `nivis` that corresponds, with
 * the defaults of `nix`: flags may precede the command, evaluation is pure unless the expression is in
 * a file, and calls nest at most 10,000 deep. Scripts that call `nix` can call it instead. Loaded on
 * demand.
 */
import { encodeUtf8 } from "@nivis/formats";
import { commands } from "./commands/index.ts";
import { Invocation } from "./invocation.ts";
import { runNivis } from "./nivis.ts";
import { evaluationGrammar } from "./options/evaluation-options.ts";
import { findOption, usageError } from "./options/option.ts";
import { versionLine } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** Commands of `nix` that evaluate nothing. */
const NOT_EVALUATING: ReadonlySet<string> = new Set(["hash", "nar", "key", "daemon"]);

/** Commands whose next word is a command of theirs. */
const GROUPS: ReadonlySet<string> = new Set(["store", "derivation", "hash", "nar", "key"]);

/** Older and other names of commands. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  "dump-path": ["store", "dump-path"],
  "ls-store": ["store", "ls"],
  "cat-store": ["store", "cat"],
  "ls-nar": ["nar", "ls"],
  "cat-nar": ["nar", "cat"],
  "hash-path": ["hash", "path"],
  "hash-file": ["hash", "file"],
  "add-to-store": ["store", "add"],
  "sign-paths": ["store", "sign"],
  "show-derivation": ["derivation", "show"],
  verify: ["store", "verify"],
  "dev-shell": ["develop"],
};

/** Other names of members of `nix store`. */
const STORE_ALIASES: Readonly<Record<string, readonly string[]>> = {
  "add-file": ["add", "--mode", "flat"],
  "add-path": ["add"],
  ping: ["info"],
};

/** Flags that say that the expression is not a flake. */
const FROM_FILE: ReadonlySet<string> = new Set(["-f", "--file"]);

/** Runs `nix` with its arguments and returns the exit code. */
export function runNix(args: readonly string[], terminal: Terminal): number | Promise<number> {
  const { before, word, after } = splitAtCommand(args);
  if (word === undefined) {
    if (before.includes("--version")) {
      terminal.writeOut(versionLine("nivis-nix"));
      return 0;
    }
    return runNivis(before.includes("--help") || before.includes("-h") ? ["help"] : [], terminal);
  }
  const words = ALIASES[word] ?? (word === "env" && after[0] === "shell" ? ["shell"] : [word]);
  const rest = word === "env" && after[0] === "shell" ? after.slice(1) : after;
  const [first = "", ...more] = words;
  if (!commands.some((command) => command.word === first)) {
    const message = `'${encodeUtf8(word)}' is not a command that Nivis has`;
    new Invocation(terminal, "nivis-nix").report(usageError(message));
    return 1;
  }
  if (GROUPS.has(first) && more.length === 0) {
    // Flags may precede the word of a group's command.
    const { before: between, word: member, after: others } = splitAtCommand(rest);
    if (member === undefined) return runNivis([first, ...rest], terminal);
    const alias = (first === "store" ? STORE_ALIASES[member] : undefined) ?? [member];
    const flags = [...before, ...between];
    return runNivis([first, ...alias, ...evaluating(first, [...flags, ...others])], terminal);
  }
  const given = [...before, ...rest];
  if (isFile(given) && given.includes("--pure-eval")) {
    const error = usageError("'--file' is not compatible with '--pure-eval'");
    new Invocation(terminal, "nivis-nix").report(error);
    return 1;
  }
  return runNivis([first, ...more, ...evaluating(first, given)], terminal);
}

function isFile(args: readonly string[]): boolean {
  return args.some((argument) => FROM_FILE.has(argument));
}

/** Arguments with the defaults that `nix` has for evaluation. */
function evaluating(word: string, args: readonly string[]): readonly string[] {
  if (NOT_EVALUATING.has(word)) return args;
  const isImpure = isFile(args) || args.includes("--impure");
  return ["--max-call-depth", "10000", ...(isImpure ? [] : ["--pure-eval"]), ...args];
}

/** Finds the command behind the flags that precede it. */
function splitAtCommand(args: readonly string[]) {
  const grammar = evaluationGrammar([], "modern");
  let at = 0;
  for (let name = args[at]; name?.startsWith("-") === true; name = args[at]) {
    at += 1 + (findOption(grammar, name)?.values.length ?? 0);
  }
  return { before: args.slice(0, at), word: args[at], after: args.slice(at + 1) };
}
