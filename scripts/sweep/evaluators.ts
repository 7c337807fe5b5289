/**
 * The two evaluators as processes that answer on standard error, a line for each attribute.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtCommand, findProgram } from "@nivis/testkit";
import { build } from "esbuild";
import type { SweepOptions } from "./options.ts";

/** How to start an evaluator. */
export interface Evaluator {
  readonly id: "nivis" | "reference";
  readonly name: string;
  /** The command that answers for these attributes, in this order. */
  command(names: readonly string[]): Command;
  /** The command that prints the names of the set as JSON. */
  listCommand(): Command;
  /** The command that writes the derivation of an attribute into a store and prints its path. */
  instantiateCommand(name: string, store: string): Command;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly stdin: string;
}

const NIX_FILE = fileURLToPath(new URL("attributes.nix", import.meta.url));
const WORKER = fileURLToPath(new URL("nivis-worker.ts", import.meta.url));

/** How a line with an answer begins. */
export const ANSWER_PREFIX = "trace: sweep: ";

/** The line of a {@link referenceEvaluator} between two attributes, if it goes on after errors. */
export const END_OF_ATTRIBUTE = "trace: sweep: end";

/**
 * C++ Nix. Its `nix-instantiate` ends at the first error, and a new process needs a second or more to
 * come as far as the first attribute. `nix repl` goes on, so that is what evaluates a chunk where the
 * program lies beside `nix-instantiate`.
 */
export function referenceEvaluator(program: string, options: SweepOptions): Evaluator {
  const base = [NIX_FILE, ...nixArguments(options)];
  const found = program.includes("/") ? program : findProgram(program);
  const nix = found === undefined ? undefined : join(dirname(found), "nix");
  return {
    id: "reference",
    name: "C++ Nix",
    command: (names) =>
      nix !== undefined && existsSync(nix)
        ? {
            program: nix,
            args: ["--extra-experimental-features", "nix-command", "repl"],
            stdin: replInput(names, options),
          }
        : {
            program,
            args: ["--eval", ...base, "-A", "report", "--argstr", "chunk", JSON.stringify(names)],
            stdin: "",
          },
    listCommand: () => ({
      program,
      args: ["--eval", "--strict", "--json", ...base, "-A", "names"],
      stdin: "",
    }),
    instantiateCommand: (name, store) => ({
      program,
      args: ["--store", store, ...base, "-A", "one", "--argstr", "name", name],
      stdin: "",
    }),
  };
}

function replInput(names: readonly string[], { tree, set, allowAliases }: SweepOptions): string {
  const pairs = Object.entries({ tree, set, allowAliases });
  const settings = pairs.map(([name, value]) => `${name} = ${nixString(value)};`).join(" ");
  const lines = [`sweep = import ${NIX_FILE} { ${settings} }`];
  for (const name of names) {
    lines.push(`sweep.show ${nixString(name)} 0`, 'builtins.trace "sweep: end" 0');
  }
  return `${lines.join("\n")}\n`;
}

function nixString(text: string): string {
  return `"${text.replace(/["$\\]/g, "\\$&")}"`;
}

/**
 * Bundles nivis-worker.ts into a folder and answers where it is. Once for a sweep, so that all of it
 * runs the same code even if somebody works on the sources meanwhile.
 */
export async function buildWorker(folder: string): Promise<string> {
  const outfile = join(folder, "nivis-worker.mjs");
  await build({
    entryPoints: [WORKER],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    alias: Object.fromEntries(
      ["syntax", "formats", "eval", "node"].map((name) => [`@nivis/${name}`, sourceOf(name)]),
    ),
    logLevel: "warning",
  });
  return outfile;
}

function sourceOf(name: string): string {
  return fileURLToPath(new URL(`../../packages/${name}/src/index.ts`, import.meta.url));
}

/** The version that a `nix-instantiate` says it is; `undefined` if it does not. */
export function versionOf(program: string): string | undefined {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return /\(Nix\) (\S+)/.exec(stdout ?? "")?.[1];
}

/**
 * Nivis: nivis-worker.ts, which goes on in the same process after an error. `builtins.nixVersion`
 * says `nixVersion` there, so that packages which look at it are the same for both evaluators.
 */
export function nivisEvaluator(
  options: SweepOptions,
  worker: string,
  nixVersion: string | undefined,
): Evaluator {
  const base = [builtCommand(), NIX_FILE, ...nixArguments(options)];
  const program = process.execPath;
  return {
    id: "nivis",
    name: "Nivis",
    command: (names) => ({
      program,
      args: [`--max-old-space-size=${options.memory}`, worker],
      stdin: JSON.stringify({
        file: NIX_FILE,
        arguments: {
          tree: options.tree,
          set: options.set,
          allowAliases: options.allowAliases,
        },
        memory: options.memory,
        nixVersion,
        names,
      }),
    }),
    listCommand: () => ({
      program,
      args: [...base, "--eval", "--strict", "--json", "-A", "names"],
      stdin: "",
    }),
    instantiateCommand: (name, store) => ({
      program,
      args: [...base, "--store", store, "-A", "one", "--argstr", "name", name],
      stdin: "",
    }),
  };
}

/** The environment of both: no search path, no configuration of the user. */
export function evaluatorEnvironment(options: SweepOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NIX_PATH: "",
    NIXPKGS_CONFIG: "",
    // The collector of C++ Nix takes its limit from here.
    GC_MAXIMUM_HEAP_SIZE: String(options.memory * 1024 * 1024),
  };
}

function nixArguments({ tree, set, allowAliases }: SweepOptions): string[] {
  const pairs = { tree, set, allowAliases };
  return Object.entries(pairs).flatMap(([name, value]) => ["--argstr", name, value]);
}
