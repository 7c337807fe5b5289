/**
 * `npm run bench:builds -- CHECKOUT [NAME…]`: compares this checkout of Nivis with another built one, to
 * see what a change costs. Processes run in pairs, each checkout with a cache of its own that two runs
 * have filled; results are not remembered. What counts is processor time (user and system), which other
 * load on the machine affects less than wall time. See docs/bench.md.
 *
 * The exit code is 1 if the outputs of a program differ.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildWhenNeeded, root } from "../workspace.mjs";
import { type BenchProgram, selectPrograms } from "./programs.ts";
import { formatTable } from "./report.ts";
import { pairedRatios, quartiles } from "./statistics.ts";

const USAGE = `usage: npm run bench:builds -- CHECKOUT [OPTION…] [NAME… | FILE.nix…]
  CHECKOUT        the folder of another checkout, built
  NAME, FILE.nix  what to run, as for npm run bench; "start" is the expression 1 (default: all)
  --pairs N       pairs of runs of each program (default 15)
  --node PROGRAM  the Node that runs both (default: the current one)
variables: NIVIS_BENCH_NIXPKGS, NIVIS_BENCH_NIXPKGS_OLD: as for npm run bench
`;

/** The shortest program: what is measured is the start. */
const START: BenchProgram = { name: "start", group: "bench", args: ["--expr", "1"] };

/** One of the two builds. */
interface Build {
  /** Its `nivis-instantiate`. */
  readonly command: string;
  /** Its cache directory. */
  readonly cache: string;
}

interface Run {
  /** Processor time in milliseconds. */
  readonly time: number;
  /** The exit code and the output. */
  readonly outcome: string;
}

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const { values, rest } = splitArguments(args);
  const [checkout, ...filters] = rest;
  const pairs = Number(values.get("--pairs") ?? 15);
  if (checkout === undefined || !Number.isInteger(pairs) || pairs < 1) {
    process.stderr.write(USAGE);
    return 2;
  }
  buildWhenNeeded();
  const folder = mkdtempSync(join(tmpdir(), "nivis-builds-"));
  try {
    const ours = buildIn(root, join(folder, "ours"));
    const others = buildIn(resolve(checkout), join(folder, "others"));
    const node = values.get("--node") ?? process.execPath;
    const measure = (build: Build, program: BenchProgram): Run =>
      runOnce(node, build, program, join(folder, "time"));
    const rows: string[][] = [];
    let code = 0;
    for (const program of programsFor(filters)) {
      const row = comparePrograms(program, ours, others, measure, pairs);
      if (row === undefined) code = 1;
      else rows.push(row);
      process.stderr.write(`${program.name}: ${row?.[3] ?? "THE OUTPUTS DIFFER"}\n`);
    }
    const head = ["program", "ms", "other ms", "processor time", "quartiles"];
    process.stdout.write(`\n${formatTable(head, rows)}`);
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function splitArguments(args: readonly string[]) {
  const values = new Map<string, string | undefined>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] as string;
    if (argument.startsWith("--")) values.set(argument, args[++i]);
    else rest.push(argument);
  }
  return { values, rest };
}

function programsFor(filters: readonly string[]): BenchProgram[] {
  const others = filters.filter((filter) => filter !== START.name);
  const isWanted = filters.length === 0 || others.length < filters.length;
  const selected =
    filters.length > 0 && others.length === 0 ? [] : selectPrograms(others, process.env).programs;
  return [...(isWanted ? [START] : []), ...selected];
}

function buildIn(checkout: string, cache: string): Build {
  const command = join(checkout, "packages", "nivis", "bin", "nivis-instantiate.cjs");
  if (!existsSync(command)) throw new Error(`there is no checkout of Nivis in ${checkout}`);
  return { command, cache };
}

/** Returns the row of a program, or nothing if the outputs differ. */
function comparePrograms(
  program: BenchProgram,
  ours: Build,
  others: Build,
  measure: (build: Build, program: BenchProgram) => Run,
  pairs: number,
): string[] | undefined {
  // The second run replaces the code cache of a short one.
  for (const build of [ours, others]) measure(build, program);
  if (measure(ours, program).outcome !== measure(others, program).outcome) return undefined;
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < pairs; i++) {
    if (i % 2 === 1) times[1].push(measure(others, program).time);
    times[0].push(measure(ours, program).time);
    if (i % 2 === 0) times[1].push(measure(others, program).time);
  }
  const { median, lower, upper } = quartiles(pairedRatios(...times));
  return [
    program.name,
    ...times.map((list) => quartiles(list).median.toFixed(1)),
    median.toFixed(3),
    `${lower.toFixed(2)}–${upper.toFixed(2)}`,
  ];
}

/** Runs a program once. Bash measures children to the millisecond; GNU time only to ten. */
function runOnce(node: string, build: Build, program: BenchProgram, report: string): Run {
  const script = 'TIMEFORMAT="%3U %3S"; { time "$@" 2>&3; } 3>&2 2>"$0"';
  const command = [node, build.command, "--eval", "--strict", ...program.args];
  const { status, stdout, stderr, error } = spawnSync("bash", ["-c", script, report, ...command], {
    encoding: "latin1",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      NIX_REMOTE: "dummy://",
      NIX_STATE_DIR: "/var/empty",
      NIVIS_NO_CACHE: "",
      NIVIS_NO_RESULTS: "1",
      NODE_EXTRA_CA_CERTS: undefined,
      XDG_CACHE_HOME: build.cache,
    },
  });
  if (error !== undefined) throw error;
  const [user = 0, system = 0] = readFileSync(report, "latin1").trim().split(" ").map(Number);
  return { time: (user + system) * 1000, outcome: `${status}\n${stdout}\n${stderr}` };
}
