/**
 * `npm run bench:stores [-- OPTION… NAME…]`: compares Nivis with C++ Nix on real stores, whole
 * processes in turns: derivations written into a daemon, a closure copied into a binary cache, paths
 * looked up. The row `add-2k` is a time: one text of 2 KB added and awaited, by an `EvaluationStore` and by
 * the client of C++ Nix, which awaits each.
 *
 * Both talk to the same kind of daemon, that of the reference, each run with a store of its own where
 * it writes. The processor time is the client's alone. `NIVIS_BENCH_NIX` names a `nix` whose directory
 * has the programs of the reference; the programs on `PATH` are the reference otherwise.
 * `NIVIS_BENCH_NIXPKGS` names nixpkgs 26.11.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { makeTextPath } from "@nivis/formats";
import { BlockingStore, EvaluationStore, nodeHashes } from "@nivis/node";
import { builtCommand, findProgram } from "@nivis/testkit";
import { NixDaemon } from "../../packages/node/test/stores/nix-daemon.ts";
import { buildWhenNeeded, root } from "../workspace.mjs";
import { Meter, type Run } from "./measure.ts";
import { quartiles } from "./statistics.ts";

const USAGE = `usage: npm run bench:stores -- [OPTION…] [NAME…]
  NAME           rows with NAME in their name (default: all)
  --runs N       pairs of runs of each row (default 3)
  --megabytes N  the size of the closure that is copied (default 500)
variables: NIVIS_BENCH_NIX: the program \`nix\` to compare with (default: that on PATH);
  NIVIS_BENCH_NIXPKGS: the directory of nixpkgs 26.11
`;

interface Options {
  readonly filters: readonly string[];
  readonly runs: number;
  readonly megabytes: number;
}

/** What one run needs: which programs, and where its store is. */
interface Place {
  readonly daemon: NixDaemon;
  /** A directory for this run alone. */
  readonly folder: string;
}

/** A row of the table: the same work by both. */
interface Row {
  readonly name: string;
  /** The largest ratio of wall times that is good enough. */
  readonly limit: number;
  /** Whether each run gets a daemon with an empty store. */
  readonly writes: boolean;
  /** What has to be in the store. */
  prepare?(daemon: NixDaemon): void;
  nivis(place: Place): readonly string[];
  reference(place: Place): readonly string[];
}

const DERIVATIONS = `builtins.genList (i: derivation {
  name = "package-\${toString i}";
  system = "x86_64-linux";
  builder = "/bin/sh";
  args = [ "-c" "echo \${toString i} > $out" ];
  text = builtins.concatStringsSep " " (builtins.genList (j: "word-\${toString i}-\${toString j}") 100);
}) 1000`;

/** How many additions in a row are compared; the best of many rows hardly depends on the machine's load. */
const ROW = 200;
const COPIED_PATHS = 20;
const MANY_PATHS = 5000;
/** The compressions of caches to compare; xz is that of C++ Nix unless a URL names another. */
const COMPRESSIONS = ["none", "zstd", "xz"];

function rows({ megabytes }: Options, folder: string): readonly Row[] {
  const instantiate = (name: string, expression: string): Row => ({
    name,
    limit: 2,
    writes: true,
    nivis: () => [process.execPath, builtCommand("nivis-instantiate"), "-E", expression],
    reference: () => ["nix-instantiate", "-E", expression],
  });
  const nixpkgs = process.env["NIVIS_BENCH_NIXPKGS"];
  const names = join(root, "bench", "nixpkgs", "packages.json");
  const packages = `let pkgs = import ${nixpkgs}/pkgs/top-level/impure.nix { system = "x86_64-linux"; config = { }; overlays = [ ]; };
    in map (name: pkgs.\${name}) (builtins.fromJSON (builtins.readFile ${names}))`;
  const nivis = (...args: string[]): string[] => [process.execPath, builtCommand("nivis"), ...args];
  const nix = (...args: string[]): string[] => [
    "nix",
    "--extra-experimental-features",
    "nix-command",
    ...args,
  ];
  return [
    instantiate("instantiate-1000", DERIVATIONS),
    ...(nixpkgs === undefined ? [] : [instantiate("instantiate-500-packages", packages)]),
    {
      name: "path-info-5000",
      limit: 1.5,
      writes: false,
      prepare: addManyPaths,
      nivis: () => nivis("path-info", "--all", "--json", "--json-format", "1"),
      reference: () => nix("path-info", "--all", "--json"),
    },
    ...COMPRESSIONS.map((compression): Row => {
      const cache = (place: Place): string =>
        `file://${place.folder}/cache?compression=${compression}`;
      return {
        name: `copy-${megabytes}mb-${compression}`,
        limit: 1.2,
        writes: false,
        prepare: (daemon) => addLargePaths(daemon, megabytes, folder),
        nivis: (place) => nivis("copy", "--all", "--to", cache(place)),
        reference: (place) => nix("copy", "--all", "--to", cache(place)),
      };
    }),
  ];
}

/** Adds a chain of small texts, each referring to the one before. */
function addManyPaths(daemon: NixDaemon): void {
  const expression = `builtins.foldl' (before: i: builtins.toFile "text-\${toString i}" "\${toString i} \${before}") "" (builtins.genList (i: i) ${MANY_PATHS})`;
  daemon.run("nix-instantiate", "--eval", "--read-write-mode", "-E", expression);
}

/** Adds directories with parts of programs of this machine, which compress as store paths do. */
function addLargePaths(daemon: NixDaemon, megabytes: number, folder: string): void {
  const size = Math.floor((megabytes * 1024 * 1024) / COPIED_PATHS);
  const script = `cat /usr/lib/*/*.so* /usr/bin/* 2>/dev/null | head -c ${size * COPIED_PATHS} | split -b ${size} -d - part-`;
  const parts = join(folder, "parts");
  mkdirSync(parts);
  spawnSync("sh", ["-c", script], { cwd: parts });
  daemon.run("sh", "-c", `nix-store --add ${parts}/*`);
  rmSync(parts, { recursive: true });
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = parseOptions(args);
  if (options === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const chosen = process.env["NIVIS_BENCH_NIX"] ?? findProgram("nix");
  if (chosen === undefined) {
    process.stderr.write("no `nix` on PATH: name one with NIVIS_BENCH_NIX\n");
    return 2;
  }
  buildWhenNeeded();
  const programs = dirname(resolve(chosen));
  const version = spawnSync(join(programs, "nix"), ["--version"], { encoding: "utf8" });
  process.stdout.write(`reference: ${version.stdout.trim()}\n`);
  const folder = mkdtempSync(join(tmpdir(), "nivis-bench-stores-"));
  const meter = Meter.open();
  const wanted = (name: string): boolean =>
    options.filters.length === 0 || options.filters.some((filter) => name.includes(filter));
  try {
    if (wanted("add-2k")) await measureAdditions(programs);
    for (const row of rows(options, folder).filter(({ name }) => wanted(name))) {
      await measureRow(row, options.runs, programs, folder, meter);
    }
  } finally {
    meter.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return 0;
}

function parseOptions(args: readonly string[]): Options | undefined {
  const filters: string[] = [];
  const numbers = new Map([
    ["--runs", 3],
    ["--megabytes", 500],
  ]);
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] as string;
    if (!argument.startsWith("-")) filters.push(argument);
    else {
      const value = Number(args[++i]);
      if (!numbers.has(argument) || !Number.isInteger(value) || value < 1) return undefined;
      numbers.set(argument, value);
    }
  }
  return {
    filters,
    runs: numbers.get("--runs") as number,
    megabytes: numbers.get("--megabytes") as number,
  };
}

/** Adds texts of 2 KB one by one, and the same number together. */
async function measureAdditions(programs: string): Promise<void> {
  const daemon = new NixDaemon("", programs);
  await daemon.start();
  const store = new EvaluationStore(
    daemon.storeDir,
    new BlockingStore({
      evalStore: daemon.socketUri,
      buildStore: daemon.socketUri,
      options: { storeDir: daemon.storeDir },
      worker: join(root, "packages", "node", "dist", "store-worker.js"),
    }),
  );
  const COUNT = 1000;
  try {
    store.isValidPath(textOf(daemon, 0).path);
    const times: number[] = [];
    const rows: number[] = [];
    const theirs: number[] = [];
    // In turns, since the time of an addition is above all that of the daemon and the disk.
    for (let i = 1; i <= COUNT; i++) {
      const { path, text } = textOf(daemon, i);
      const start = performance.now();
      store.addText(path, text, []);
      store.flush();
      times.push(performance.now() - start);
      if (i % ROW > 0) continue;
      rows.push(times.slice(-ROW).reduce((total, time) => total + time, 0) / ROW);
      theirs.push(additionsByReference(daemon, programs, i));
    }
    const start = performance.now();
    for (let i = COUNT + 1; i <= 2 * COUNT; i++) {
      const { path, text } = textOf(daemon, i);
      store.addText(path, text, []);
    }
    store.flush();
    const together = (performance.now() - start) / COUNT;
    const questions: number[] = [];
    for (let i = 2 * COUNT + 1; i <= 3 * COUNT; i++) {
      const asked = performance.now();
      store.isValidPath(textOf(daemon, i).path);
      questions.push(performance.now() - asked);
    }
    const { median, lower, upper } = quartiles(times);
    const ratio = quartiles(rows.map((row, i) => row / (theirs[i] as number)));
    process.stdout.write(
      `add-2k: ${median.toFixed(2)} ms (${lower.toFixed(2)} to ${upper.toFixed(2)}), must 0.5; ${ROW} in a row: best ${Math.min(...rows).toFixed(2)} ms, by the client of the reference ${Math.min(...theirs).toFixed(2)} ms, ratio ${ratio.median.toFixed(2)} (${ratio.lower.toFixed(2)} to ${ratio.upper.toFixed(2)}); ${together.toFixed(2)} ms each in one request; a question ${quartiles(questions).median.toFixed(2)} ms\n`,
    );
  } finally {
    store.close();
    await daemon.dispose();
  }
}

/** The time of one addition by the client of the reference, without its start. */
function additionsByReference(daemon: NixDaemon, programs: string, round: number): number {
  const measure = (texts: number): number => {
    const text = `"${round}-${texts} \${toString i} \${builtins.concatStringsSep "" (builtins.genList (j: "text ") 408)}"`;
    const all = `builtins.genList (i: builtins.toFile "text-\${toString i}" ${text}) ${texts}`;
    const start = performance.now();
    const { status, stderr } = spawnSync(
      join(programs, "nix-instantiate"),
      ["--eval", "--strict", "--read-write-mode", "-E", all],
      { env: { ...daemon.environment, NIX_REMOTE: daemon.socketUri }, encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`add-2k: the reference failed: ${stderr}`);
    return performance.now() - start;
  };
  return (measure(ROW + 1) - measure(1)) / ROW;
}

async function measureRow(
  row: Row,
  runs: number,
  programs: string,
  folder: string,
  meter: Meter,
): Promise<void> {
  const shared = row.writes ? undefined : await openDaemon(row, programs);
  const one = async (who: "nivis" | "reference"): Promise<Run> => {
    const daemon = shared ?? (await openDaemon(row, programs));
    const own = mkdtempSync(join(folder, "run-"));
    try {
      const [program, ...args] = row[who]({ daemon, folder: own });
      const environment = {
        ...daemon.environment,
        NIX_REMOTE: daemon.socketUri,
        NIVIS_NO_CACHE: undefined,
      };
      const found = who === "reference" ? join(programs, program as string) : (program as string);
      const run = meter.run({ program: found, args: [] }, args, environment);
      if (run.code !== 0) throw new Error(`${row.name}: ${found} failed: ${run.stderr}`);
      return run;
    } finally {
      rmSync(own, { recursive: true, force: true });
      if (shared === undefined) await daemon.dispose();
    }
  };
  try {
    // The first run of each fills caches.
    await one("nivis");
    const pairs: [Run, Run][] = [];
    for (let i = 0; i < runs; i++) pairs.push([await one("nivis"), await one("reference")]);
    process.stdout.write(`${report(row, pairs)}\n`);
  } finally {
    await shared?.dispose();
  }
}

async function openDaemon(row: Row, programs: string): Promise<NixDaemon> {
  const daemon = new NixDaemon("", programs);
  await daemon.start();
  row.prepare?.(daemon);
  return daemon;
}

function report({ name, limit }: Row, pairs: readonly (readonly [Run, Run])[]): string {
  const of = (who: 0 | 1, what: "wall" | "user"): number[] =>
    pairs.map((pair) => pair[who][what] ?? Number.NaN);
  const seconds = (values: readonly number[]): string =>
    `${(quartiles(values).median / 1000).toFixed(2)} s`;
  const ratio = (what: "wall" | "user"): string =>
    quartiles(
      pairs.map(([a, b]) => (a[what] ?? Number.NaN) / (b[what] ?? Number.NaN)),
    ).median.toFixed(2);
  const peak = Math.max(...pairs.map(([run]) => run.peak ?? 0));
  return `${name}: wall ${seconds(of(0, "wall"))} against ${seconds(of(1, "wall"))}, ratio ${ratio("wall")} (must ${limit}); processor ${seconds(of(0, "user"))} against ${seconds(of(1, "user"))}, ratio ${ratio("user")}; peak ${peak.toFixed(0)} MiB`;
}

function textOf({ storeDir }: NixDaemon, index: number): { path: string; text: string } {
  const text = `${index} `.padEnd(2048, "text ");
  return { path: makeTextPath({ storeDir, hashes: nodeHashes }, `text-${index}`, text, []), text };
}
