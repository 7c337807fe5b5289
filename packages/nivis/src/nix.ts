/**
 * `nivis-nix`: takes the command line of `nix` and runs the command of `nivis` that corresponds, with
 * the defaults of `nix`: flags may precede the command, arguments are flakes and store paths unless an
 * expression is given, evaluation is pure unless that is in a file, and calls nest at most 10,000 deep.
 * Scripts that call `nix` can call it instead. Loaded on demand, without the other commands.
 */
import { encodeUtf8, marked } from "@nivis/formats";
import { isCommand } from "./any-command.ts";
import { startDebuggedEval } from "./commands/debug-eval.ts";
import { startFlakeCommand } from "./commands/flake-commands.ts";
import { startRepl } from "./commands/repl.ts";
import { Invocation } from "./invocation.ts";
import { runNivis } from "./nivis.ts";
import { evaluationGrammar } from "./options/evaluation-options.ts";
import { findOption, usageError } from "./options/option.ts";
import { versionLine } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** Commands of `nix` that evaluate nothing. */
const NOT_EVALUATING: ReadonlySet<string> = new Set(["hash", "nar", "key", "daemon"]);

/** Commands whose arguments are flakes unless an expression is given. */
const TAKING_FLAKES: ReadonlySet<string> = new Set([
  "eval",
  "build",
  "run",
  "shell",
  "develop",
  "print-dev-env",
]);

/** Commands whose next word is a command of theirs. */
const GROUPS: ReadonlySet<string> = new Set([
  "store",
  "store build-trace",
  "derivation",
  "hash",
  "nar",
  "key",
  "flake",
  "registry",
  "formatter",
]);

/** Older and other names of commands. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  "dump-path": ["store", "dump-path"],
  "ls-store": ["store", "ls"],
  "cat-store": ["store", "cat"],
  "ls-nar": ["nar", "ls"],
  "cat-nar": ["nar", "cat"],
  "hash-path": ["hash", "path"],
  "hash-file": ["hash", "file"],
  "sign-paths": ["store", "sign"],
  "show-derivation": ["derivation", "show"],
  verify: ["store", "verify"],
  "dev-shell": ["develop"],
  "copy-sigs": ["store", "copy-sigs"],
  "add-to-store": ["store", "add"],
  "make-content-addressable": ["store", "make-content-addressed"],
  "optimise-store": ["store", "optimise"],
  "ping-store": ["store", "info"],
  "diff-closures": ["store", "diff-closures"],
  "to-base16": ["hash", "to-base16"],
  "to-base32": ["hash", "to-base32"],
  "to-base64": ["hash", "to-base64"],
  realisation: ["store", "build-trace"],
};

/** Another name of a member of a group, and what C++ Nix says to who uses it. */
interface MemberAlias {
  readonly command: readonly string[];
  readonly warning?: string;
}

/** Other names of members of `nix store` and `nix nar`. */
const MEMBER_ALIASES: Readonly<Record<string, Readonly<Record<string, MemberAlias>>>> = {
  store: {
    "add-file": { command: ["add", "--mode", "flat"] },
    "add-path": { command: ["add"] },
    optimize: { command: ["optimise"] },
    ping: { command: ["info"], warning: "'ping' is a deprecated alias for 'info'" },
  },
  nar: {
    "dump-path": {
      command: ["pack"],
      warning: "'nix nar dump-path' is a deprecated alias for 'nix nar pack'",
    },
  },
};

/** Flags that say that the expression is in a file. */
const FROM_FILE: ReadonlySet<string> = new Set(["-f", "--file"]);

/** Flags that say that arguments are attribute paths and not flakes. */
const EXPRESSION_FLAGS: ReadonlySet<string> = new Set([...FROM_FILE, "--expr"]);

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
  const command = [...(ALIASES[word] ?? [word])];
  if (ALIASES[word] !== undefined) {
    const message = `'${word}' is a deprecated alias for '${command.join(" ")}'`;
    new Invocation(terminal, "nivis-nix").warn(message);
  }
  if (word !== "env" && !isKnown(command[0] as string)) {
    const message = marked`'${encodeUtf8(word)}' is not a recognised command`;
    new Invocation(terminal, "nivis-nix").report(usageError(message));
    return 1;
  }
  const flags = [...before];
  let rest = after;
  // Flags may precede the word of a group's command.
  while (GROUPS.has(command.join(" "))) {
    const next = splitAtCommand(rest);
    if (next.word === undefined) return runNivis([...command, ...rest], terminal);
    flags.push(...next.before);
    const alias = MEMBER_ALIASES[command.join(" ")]?.[next.word];
    if (alias?.warning !== undefined) new Invocation(terminal, "nivis-nix").warn(alias.warning);
    command.push(...(alias?.command ?? [next.word]));
    rest = next.after;
  }
  if (word === "env" && rest[0] === "shell") {
    command.splice(0, 1, "shell");
    rest = rest.slice(1);
  }
  const given = [...flags, ...rest];
  if (isFile(given) && given.includes("--pure-eval")) {
    const error = usageError("'--file' is not compatible with '--pure-eval'");
    new Invocation(terminal, "nivis-nix").report(error);
    return 1;
  }
  const [first = ""] = command;
  if (first === "fmt") {
    return startFlakeCommand(first, [...flags, ...formatterArguments(rest)], terminal);
  }
  if (first === "repl") {
    return startRepl(["--max-call-depth", "10000", ...given], terminal, true);
  }
  if (first === "eval" && given.includes("--debugger")) {
    const isFlake = !given.some((argument) => EXPRESSION_FLAGS.has(argument));
    const args = evaluating(first, given);
    return startDebuggedEval(isFlake ? ["--max-call-depth", "10000", ...given] : args, terminal);
  }
  if (TAKING_FLAKES.has(first) && !given.some((argument) => EXPRESSION_FLAGS.has(argument))) {
    return startFlakeCommand(first, ["--max-call-depth", "10000", ...given], terminal);
  }
  return runNivis([...command, ...evaluating(first, given)], terminal);
}

/** Whether `nivis` has a command. The tables here know the frequent ones without loading any. */
function isKnown(word: string): boolean {
  return GROUPS.has(word) || TAKING_FLAKES.has(word) || isCommand(word);
}

/** Everything behind the first argument of `nix fmt` is for the formatter. */
function formatterArguments(args: readonly string[]): readonly string[] {
  const first = args.findIndex((argument) => !argument.startsWith("-") || argument === "--");
  return first < 0 || args[first] === "--"
    ? args
    : [...args.slice(0, first), "--", ...args.slice(first)];
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
