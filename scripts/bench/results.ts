/**
 * Measures remembered results against C++ Nix, in pairs:
 *
 *     NIVIS_BENCH_NIXPKGS=TREE npm run bench:results -- [ROUNDS]
 *
 * The tree is copied, because files in the copy are edited. Each round runs the reference and then
 * Nivis: the same command again, again after an edit of a file that the program does not look at, the
 * first and the second time after a package was added, and evaluating with and without keeping the
 * result. `NIVIS_BENCH_REFERENCE` names the reference, `nix-instantiate` by default; a program that it
 * refuses has no ratios.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand } from "@nivis/testkit";
import { root } from "../workspace.mjs";
import { type Command, Meter, type Run } from "./measure.ts";
import { pairedRatios, quartiles } from "./statistics.ts";

/** What is measured, in the order of a round. */
const STEPS = [
  "reference",
  "again",
  "after an edit elsewhere",
  "a package was added, first run",
  "a package was added, second run",
  "evaluated",
  "evaluated and kept",
] as const;
type Step = (typeof STEPS)[number];

/** A file that none of the programs looks at. */
const ELSEWHERE = "pkgs/by-name/zy/zynaddsubfx/package.nix";

function programsOf(tree: string): ReadonlyMap<string, string> {
  const packages = `import ${tree}/pkgs/top-level/impure.nix { system = "x86_64-linux"; config = { }; overlays = [ ]; }`;
  const configuration = join(root, "bench", "nixpkgs", "slim-configuration.nix");
  return new Map([
    ["hello", `(${packages}).hello.drvPath`],
    ["git", `(${packages}).git.drvPath`],
    [
      "nixos",
      `(import ${tree}/nixos { system = "x86_64-linux"; configuration = ${configuration}; }).system.drvPath`,
    ],
  ]);
}

class Measurement {
  readonly times = new Map<Step, number[]>(STEPS.map((step) => [step, []]));
  readonly #meter: Meter;
  readonly #folder: string;
  readonly #tree: string;
  readonly #args: readonly string[];
  readonly #name: string;
  #added = 0;

  constructor(meter: Meter, folder: string, tree: string, name: string, expression: string) {
    this.#name = name;
    this.#meter = meter;
    this.#folder = folder;
    this.#tree = tree;
    this.#args = ["--eval", "--strict", "-E", expression];
  }

  run(rounds: number): void {
    // Fills the caches of compiled files and of V8's code, and keeps the result.
    for (let i = 0; i < 3; i++) this.#nivis({});
    for (let round = 0; round < rounds; round++) this.#round();
  }

  #round(): void {
    const reference: Command = {
      program: process.env["NIVIS_BENCH_REFERENCE"] ?? "nix-instantiate",
      args: [],
    };
    const run = this.#meter.run(reference, this.#args);
    if (run.code === 0) this.#note("reference", run);
    this.#note("again", this.#nivis({}));
    appendFileSync(join(this.#tree, ELSEWHERE), "# another line\n");
    this.#note("after an edit elsewhere", this.#nivis({}));
    const name = `nivis-bench-${this.#name}-${this.#added++}`;
    const place = join(this.#tree, "pkgs/by-name/ni", name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "package.nix"), "{ hello }: hello\n");
    this.#note("a package was added, first run", this.#nivis({}));
    this.#note("a package was added, second run", this.#nivis({}));
    this.#note("evaluated", this.#nivis({ NIVIS_NO_RESULTS: "1" }));
    rmSync(join(this.#folder, "cache/nivis/results"), { recursive: true });
    this.#note("evaluated and kept", this.#nivis({}));
  }

  #nivis(variables: Readonly<Record<string, string>>): Run {
    const command = { program: process.execPath, args: [builtCommand("nivis-instantiate")] };
    const run = this.#meter.run(command, this.#args, {
      ...process.env,
      NIX_REMOTE: "dummy://",
      NIVIS_NO_RESULTS: "",
      NIVIS_NO_CACHE: "",
      XDG_CACHE_HOME: join(this.#folder, "cache"),
      ...variables,
    });
    if (run.code !== 0) throw new Error(`nivis-instantiate failed:\n${run.stderr}`);
    return run;
  }

  #note(step: Step, { wall }: Run): void {
    this.times.get(step)?.push(wall);
  }
}

function report(name: string, times: ReadonlyMap<Step, readonly number[]>): void {
  const reference = times.get("reference") ?? [];
  process.stdout.write(`${name}\n`);
  for (const [step, walls] of times) {
    if (walls.length === 0) continue;
    const { median } = quartiles(walls);
    const ratios = reference.length === walls.length ? pairedRatios(walls, reference) : [];
    const ratio = ratios.length === 0 ? "" : quartiles(ratios).median.toFixed(3);
    process.stdout.write(`  ${step.padEnd(34)}${median.toFixed(0).padStart(8)} ms  ${ratio}\n`);
  }
  const kept = pairedRatios(times.get("evaluated and kept") ?? [], times.get("evaluated") ?? []);
  process.stdout.write(
    `  keeping the result costs           ${quartiles(kept).median.toFixed(3)}\n`,
  );
}

const [rounds = "5"] = process.argv.slice(2);
const source = process.env["NIVIS_BENCH_NIXPKGS"];
if (source === undefined) throw new Error("NIVIS_BENCH_NIXPKGS names no tree of nixpkgs 26.11");
const folder = mkdtempSync(join(tmpdir(), "nivis-bench-results-"));
const meter = Meter.open();
try {
  const tree = join(folder, "nixpkgs");
  spawnSync("cp", ["-a", source, tree], { stdio: "inherit" });
  for (const [name, expression] of programsOf(tree)) {
    const measurement = new Measurement(meter, folder, tree, name, expression);
    measurement.run(Number(rounds));
    report(name, measurement.times);
  }
} finally {
  meter.close();
  rmSync(folder, { recursive: true, force: true });
}
