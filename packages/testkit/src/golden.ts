/**
 * Golden language cases: folders with an `in.nix` and the expected results.
 *
 * The files beside `in.nix` decide what runs:
 *
 *     parse-okay.out        --parse                              standard output
 *     parse-fail.err        --parse, must fail                   standard error
 *     eval-okay.out         --eval --strict                      standard output
 *     eval-okay-lazy.out    --eval                               standard output
 *     eval-okay.json        --eval --strict --json               standard output
 *     eval-okay.xml         --eval --strict --xml --no-location  standard output
 *     eval-fail.err         --eval --strict, must fail           standard error
 *     eval-okay.err         standard error of the okay runs; empty if absent
 *     case.json             flags, environment, and why the reference differs
 *
 * Each run has the folder of the case as its current directory, which the output shows as `/pwd`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Invocation } from "./invocation.ts";

/** The contents of `case.json`. */
export interface GoldenOptions {
  /** Additional arguments, before `in.nix`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Why the recorded reference (2.8) does not give the expectation, such as "new in 2.12".
   * The expectation then follows the sources of Nix 2.36, and recording skips it.
   */
  readonly notInReference?: string;
}

/** A kind of expectation: how its file is obtained and compared. */
export interface GoldenKind {
  /** The name of the expectation file. */
  readonly file: string;
  readonly args: readonly string[];
  readonly code: 0 | 1;
  /** The stream that the file contains. */
  readonly stream: "stdout" | "stderr";
}

/** All kinds of expectations. */
export const GOLDEN_KINDS: readonly GoldenKind[] = [
  { file: "parse-okay.out", args: ["--parse"], code: 0, stream: "stdout" },
  { file: "parse-fail.err", args: ["--parse"], code: 1, stream: "stderr" },
  { file: "eval-okay.out", args: ["--eval", "--strict"], code: 0, stream: "stdout" },
  { file: "eval-okay-lazy.out", args: ["--eval"], code: 0, stream: "stdout" },
  { file: "eval-okay.json", args: ["--eval", "--strict", "--json"], code: 0, stream: "stdout" },
  {
    file: "eval-okay.xml",
    args: ["--eval", "--strict", "--xml", "--no-location"],
    code: 0,
    stream: "stdout",
  },
  { file: "eval-fail.err", args: ["--eval", "--strict"], code: 1, stream: "stderr" },
];

/** A run of a case. */
export interface GoldenRun {
  /** The folder of the case relative to the suite, such as `builtins/substring`. */
  readonly name: string;
  readonly folder: string;
  readonly kind: GoldenKind;
  readonly options: GoldenOptions;
  readonly invocation: Invocation;
}

/** All runs of all cases below a folder, sorted by name. */
export function goldenRuns(suite: string): GoldenRun[] {
  return caseFolders(suite).flatMap((folder) => {
    const name = relative(suite, folder);
    const options = readOptions(folder);
    const runs = GOLDEN_KINDS.filter((kind) => existsSync(join(folder, kind.file))).map((kind) => ({
      name,
      folder,
      kind,
      options,
      invocation: invoke(folder, kind, options),
    }));
    if (runs.length === 0) throw new Error(`${folder} has an in.nix but no expectation`);
    return runs;
  });
}

/** The contents of an expectation file; empty if it does not exist. */
export function readExpected(folder: string, file: string): string {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, "latin1") : "";
}

function caseFolders(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  // Folders inside a case are its data, not cases.
  if (entries.some((entry) => entry.name === "in.nix")) return [folder];
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort()
    .flatMap(caseFolders);
}

function readOptions(folder: string): GoldenOptions {
  const path = join(folder, "case.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as GoldenOptions) : {};
}

function invoke(folder: string, kind: GoldenKind, options: GoldenOptions): Invocation {
  return {
    args: [...kind.args, ...(options.flags ?? []), "in.nix"],
    cwd: folder,
    ...(options.env === undefined ? {} : { env: options.env }),
  };
}
