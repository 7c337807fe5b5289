/**
 * Which command lines name flakes: `nivis build .#hello`. The code for flakes is a bundle of its own, so
 * this is decided before a command reads its arguments.
 *
 * An argument is a flake if it has a fragment (`nixpkgs#hello`) or a scheme (`github:o/r`), or is a
 * directory with a `flake.nix` and without a `default.nix`. Without arguments, the flake in or above the
 * current directory is meant unless there is a `default.nix`.
 */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { evaluationGrammar } from "../options/evaluation-options.ts";
import { findOption, type Option } from "../options/option.ts";

/** Flags that name an expression. */
const SOURCE_FLAGS: ReadonlySet<string> = new Set(["-f", "--file", "-E", "--expr", "-A", "--attr"]);

/** Flags that only make sense with a flake. */
const FLAKE_FLAGS: ReadonlySet<string> = new Set([
  "--override-input",
  "--update-input",
  "--inputs-from",
  "--recreate-lock-file",
  "--no-update-lock-file",
  "--no-write-lock-file",
  "--no-registries",
  "--no-use-registries",
  "--override-flake",
  "--commit-lock-file",
  "--reference-lock-file",
  "--output-lock-file",
]);

/** Whether the arguments of a command with some options name flakes. */
export function namesFlakes(args: readonly string[], options: readonly Option<never>[]): boolean {
  if (args.some((argument) => SOURCE_FLAGS.has(argument))) return false;
  if (hasFlakeFlags(args)) return true;
  if (args.includes("--help") || args.includes("--version")) return false;
  const names = positionalsOf(args, options);
  return names.length === 0 ? isInFlake() : names.some(isFlake);
}

/** Whether a command line has flags that only make sense with a flake. */
export function hasFlakeFlags(args: readonly string[]): boolean {
  return args.some((argument) => FLAKE_FLAGS.has(argument));
}

/** The arguments that are neither flags nor their values. */
export function positionalsOf(
  args: readonly string[],
  own: readonly Option<never>[],
): readonly string[] {
  const grammar = evaluationGrammar([], "modern");
  const arity = (name: string): number => {
    const option = own.find(({ names }) => names.includes(name)) ?? findOption(grammar, name);
    return option?.values.length ?? 0;
  };
  const found: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] as string;
    if (argument === "--") return [...found, ...args.slice(at + 1)];
    if (argument === "-" || !argument.startsWith("-")) found.push(argument);
    else at += arity(argument);
  }
  return found;
}

/** Whether an argument is a flake reference, by its looks or by what is at its path. */
export function isFlake(argument: string): boolean {
  const text = argument.replace(/\^[^^]*$/, "");
  if (text.includes("#")) return true;
  if (/^[a-z][a-z0-9+.-]*:/.test(text)) return !text.startsWith("channel:");
  return isFlakeDirectory(resolve(text.replace(/\?.*$/, "")));
}

/**
 * Whether an operand such as `nixpkgs#hello` is an attribute of a flake, where `FILE#ATTRPATH` is one of the
 * expression in a file.
 */
export function isFlakeOperand(text: string): boolean {
  const at = text.indexOf("#");
  const head = at < 0 ? text : text.slice(0, at);
  if (head.startsWith("<") || head.endsWith(".drv")) return false;
  if (/^[a-z][a-z0-9+.-]*:/.test(head)) return !head.startsWith("channel:");
  const path = resolve(head.replace(/\?.*$/, ""));
  return existsSync(path) ? isFlakeDirectory(path) : at >= 0 && !/^[./]|\.nix$/.test(head);
}

function isFlakeDirectory(path: string): boolean {
  return existsSync(join(path, "flake.nix")) && !existsSync(join(path, "default.nix"));
}

/** Whether the current directory has no `default.nix` and is in a flake. */
export function isInFlake(): boolean {
  let directory: string;
  try {
    directory = process.cwd();
  } catch {
    // The command will say that it was removed.
    return false;
  }
  if (existsSync(join(directory, "default.nix"))) return false;
  for (let path = directory; ; path = dirname(path)) {
    if (existsSync(join(path, "flake.nix"))) return true;
    if (path === dirname(path)) return false;
  }
}
