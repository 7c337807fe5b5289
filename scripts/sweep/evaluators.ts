/**
 * The two evaluators: the commands that start them, and the bundles for threads with Nivis.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtCommand, findProgram } from "@nivis/testkit";
import { build } from "esbuild";
import { sourceAliases } from "../workspace.mjs";
import type { NivisTask } from "./nivis-worker.ts";
import type { SweepOptions } from "./options.ts";

/** The commands of an evaluator for everything except answers. */
export interface Evaluator {
  readonly id: "nivis" | "reference";
  readonly name: string;
  /** The command that prints the names of the set as JSON. */
  listCommand(): Command;
  /** The command that writes the derivation of an attribute into a store and prints its path. */
  instantiateCommand(name: string, store: string): Command;
}

/** An evaluator that prints its answers on standard error, one line per attribute. */
export interface ReferenceEvaluator extends Evaluator {
  /** The command that evaluates these attributes, in this order. */
  command(names: readonly string[]): Command;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly stdin: string;
}

const NIX_FILE = fileURLToPath(new URL("attributes.nix", import.meta.url));

/** The prefix of a line with an answer. */
export const ANSWER_PREFIX = "trace: sweep: ";

/** The line between two attributes of a {@link ReferenceEvaluator} that continues after errors. */
export const END_OF_ATTRIBUTE = "trace: sweep: end";

/**
 * C++ Nix. Its `nix-instantiate` ends at the first error, and a new process needs a second or more
 * until the first attribute. `nix repl` continues after errors, so it evaluates the chunks if the
 * program `nix` is beside `nix-instantiate`.
 */
export function referenceEvaluator(program: string, options: SweepOptions): ReferenceEvaluator {
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

/** The files that {@link buildThreads} writes. */
export interface ThreadPrograms {
  /** The bundle of thread-host.ts. */
  readonly host: string;
  /** The bundle of nivis-worker.ts. */
  readonly worker: string;
}

/**
 * Bundles the host of the threads and their program into a folder, once per sweep, so that all
 * of it runs the same code even if the sources change meanwhile.
 */
export async function buildThreads(folder: string): Promise<ThreadPrograms> {
  const { outputFiles } = await build({
    entryPoints: ["thread-host", "nivis-worker"].map((name) =>
      fileURLToPath(new URL(`${name}.ts`, import.meta.url)),
    ),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    alias: sourceAliases(),
    define: { NIVIS_COMPILER_ID: JSON.stringify(UNKNOWN_COMPILER) },
    logLevel: "warning",
  });
  for (const { path, text } of outputFiles) {
    const compiler = createHash("sha256").update(text).digest("hex");
    writeFileSync(path, text.replaceAll(UNKNOWN_COMPILER, compiler));
  }
  return { host: join(folder, "thread-host.mjs"), worker: join(folder, "nivis-worker.mjs") };
}

/**
 * A placeholder in a bundle for the hash of the bundle, which is part of the keys of compiled
 * files.
 */
const UNKNOWN_COMPILER = "the hash of this bundle";

/** The version that a `nix-instantiate` reports, or `undefined`. */
export function versionOf(program: string): string | undefined {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return /\(Nix\) (\S+)/.exec(stdout ?? "")?.[1];
}

/** Nivis, as its built command. */
export function nivisEvaluator(options: SweepOptions): Evaluator {
  const base = [builtCommand(), NIX_FILE, ...nixArguments(options)];
  const program = process.execPath;
  return {
    id: "nivis",
    name: "Nivis",
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

/**
 * The task of a thread of Nivis. `builtins.nixVersion` is `nixVersion` there, so that packages that
 * use it are the same for both evaluators.
 */
export function nivisTask(
  { tree, set, allowAliases, memory, out }: SweepOptions,
  nixVersion: string | undefined,
  names: readonly string[],
): NivisTask {
  return {
    file: NIX_FILE,
    arguments: { tree, set, allowAliases },
    memory,
    nixVersion,
    cache: join(out, "cache"),
    names,
  };
}

/** The environment of both evaluators: no search path, no user configuration. */
export function evaluatorEnvironment(options: SweepOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NIX_PATH: "",
    NIXPKGS_CONFIG: "",
    // The limit of the garbage collector of C++ Nix.
    GC_MAXIMUM_HEAP_SIZE: String(options.memory * 1024 * 1024),
  };
}

function nixArguments({ tree, set, allowAliases }: SweepOptions): string[] {
  const pairs = { tree, set, allowAliases };
  return Object.entries(pairs).flatMap(([name, value]) => ["--argstr", name, value]);
}
