/** The options of `npm run bench`. */
import { resolve } from "node:path";

/** What to measure, how often, and where the results go. */
export interface BenchOptions {
  /** Parts of program names, or paths of the user's programs; empty selects all programs. */
  readonly filters: readonly string[];
  readonly runs: number;
  /** The file for the result as JSON. */
  readonly json: string | undefined;
  /** Whether to add a line to the committed history. */
  readonly history: boolean;
  /** A remark for the history. */
  readonly note: string | undefined;
  /** Arguments only for Nivis. */
  readonly nivisArguments: readonly string[];
  /** The JavaScript file of `nivis-instantiate` to measure. Defaults to that of this checkout. */
  readonly nivis: string | undefined;
  /** The Node that runs Nivis. */
  readonly node: string;
  /** Whether to repeat evaluations in one process instead. */
  readonly warm: boolean;
  readonly list: boolean;
}

export const USAGE = `usage: npm run bench -- [OPTION…] [NAME… | FILE.nix…]
  NAME                    programs with NAME in their name (default: all)
  FILE.nix                a program of your own
  --runs N                pairs of runs of each program (default 5); with --warm, evaluations (default 15)
  --json FILE             write all measurements, updated after each program
  --history               add a line to bench/history.jsonl
  --note TEXT             a remark for the history
  --nivis-arguments TEXT  arguments only for Nivis, such as "--no-cache"
  --nivis FILE            the built nivis-instantiate to measure (default: that of this checkout)
  --node PROGRAM          the Node that runs Nivis (default: the current one)
  --warm                  evaluate repeatedly in one process, without a reference
  --list                  print the names of the programs
variables: NIVIS_BENCH_REFERENCE: the program to compare with (default nix-instantiate on PATH); a
  file that ends in .js or .cjs is run by Node. NIVIS_BENCH_NIXPKGS, NIVIS_BENCH_NIXPKGS_OLD: the directories
  of nixpkgs 26.11 and 19.09 for the programs on real code.
`;

/** An error in the arguments, with a message for the user. */
export class UsageError extends Error {}

const VALUE_FLAGS = new Set([
  "--runs",
  "--json",
  "--note",
  "--nivis-arguments",
  "--nivis",
  "--node",
]);
const FLAGS = new Set(["--history", "--warm", "--list"]);

/** Reads the arguments; throws a {@link UsageError}. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  const filters: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] as string;
    if (VALUE_FLAGS.has(argument)) {
      const value = args[++i];
      if (value === undefined) throw new UsageError(`option '${argument}' needs a value`);
      values.set(argument, value);
    } else if (FLAGS.has(argument)) flags.add(argument);
    else if (argument.startsWith("-")) throw new UsageError(`unknown option '${argument}'`);
    else filters.push(argument);
  }
  const warm = flags.has("--warm");
  const runs = Number(values.get("--runs") ?? (warm ? 15 : 5));
  if (!Number.isInteger(runs) || runs < 1)
    throw new UsageError("option '--runs' needs a positive integer");
  if (warm && flags.has("--history")) {
    throw new UsageError("'--history' records comparisons with a reference and excludes '--warm'");
  }
  const path = (name: string): string | undefined => {
    const value = values.get(name);
    return value === undefined ? undefined : resolve(value);
  };
  return {
    filters,
    runs,
    json: path("--json"),
    history: flags.has("--history"),
    note: values.get("--note"),
    nivisArguments: (values.get("--nivis-arguments") ?? "").split(/\s+/).filter(Boolean),
    nivis: path("--nivis"),
    node: values.get("--node") ?? process.execPath,
    warm,
    list: flags.has("--list"),
  };
}
