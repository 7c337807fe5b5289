/**
 * `node scripts/run-ts.mjs scripts/bench/flakes.ts`: times commands about flakes in pairs with C++ Nix.
 *
 * `NIVIS_BENCH_NIX` names the `nix` to compare with (2.36; default: that on PATH), and
 * `NIVIS_BENCH_NIXPKGS` a checkout of nixpkgs that is a Git repository; without it only locking is timed.
 * Each row is the median of the ratios of `PAIRS` pairs, run in turns with warm caches.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** How many pairs are run of each row. */
const PAIRS = 7;
/** The local inputs of the flake that is locked. */
const INPUTS = 30;
const FEATURES = ["--extra-experimental-features", "nix-command flakes"];

const reference = process.env["NIVIS_BENCH_NIX"] ?? "nix";
const nivis = fileURLToPath(new URL("../../packages/nivis/bin/nivis-nix.cjs", import.meta.url));
const nixpkgs = process.env["NIVIS_BENCH_NIXPKGS"];
const folder = mkdtempSync(join(tmpdir(), "nivis-bench-flakes-"));

/** Runs a program; returns its time in milliseconds. Throws with what it printed if it fails. */
function time(program: string, args: readonly string[], evaluates: boolean): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    env: {
      ...process.env,
      NIX_CONFIG: "flake-registry =",
      HOME: folder,
      ...(evaluates ? { NIVIS_NO_RESULTS: "1" } : {}),
    },
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stderr}`);
  return performance.now() - begun;
}

/** Two commands that are compared, and what each begins with. */
interface Row {
  readonly name: string;
  readonly limit: number;
  readonly ours: readonly [program: string, ...args: string[]];
  readonly theirs: readonly [program: string, ...args: string[]];
  readonly prepare?: () => void;
  /** Whether Nivis must not print the result of an earlier run. */
  readonly evaluates?: boolean;
}

function run({ name, limit, ours, theirs, prepare, evaluates = false }: Row): void {
  const one = ([program, ...args]: Row["ours"]): number => {
    prepare?.();
    return time(program, args, evaluates);
  };
  // The first runs fill the caches.
  one(ours);
  one(theirs);
  const ratios: number[] = [];
  const times: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const first = pair % 2 === 0 ? one(ours) : undefined;
    const other = one(theirs);
    const own = first ?? one(ours);
    ratios.push(own / other);
    times.push(own);
  }
  const median = (values: number[]): number =>
    values.sort((a, b) => a - b)[values.length >> 1] as number;
  const ratio = median(ratios).toFixed(2);
  process.stdout.write(
    `${name.padEnd(48)} ${median(times).toFixed(0).padStart(7)} ms   ${ratio} (limit ${limit})\n`,
  );
}

function flakeWithInputs(): string {
  const names = Array.from({ length: INPUTS }, (_, i) => `input${i}`);
  for (const name of names) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "flake.nix"), "{ outputs = _: { }; }\n");
  }
  const top = join(folder, "top");
  mkdirSync(top);
  const inputs = names.map((name) => `  inputs.${name}.url = "path:${join(folder, name)}";\n`);
  writeFileSync(join(top, "flake.nix"), `{\n${inputs.join("")}  outputs = _: { };\n}\n`);
  return top;
}

try {
  const node = process.execPath;
  const top = flakeWithInputs();
  const lock = ["flake", "lock", `path:${top}`];
  run({
    name: `lock of a flake with ${INPUTS} local inputs`,
    limit: 1.5,
    ours: [node, nivis, ...lock],
    theirs: [reference, ...FEATURES, ...lock],
    prepare: () => rmSync(join(top, "flake.lock"), { force: true }),
  });
  if (nixpkgs === undefined) {
    process.stderr.write(
      "set NIVIS_BENCH_NIXPKGS to a Git checkout of nixpkgs for the other rows\n",
    );
  } else {
    const rev = execFileSync("git", ["-C", nixpkgs, "rev-parse", "HEAD"], { encoding: "utf8" });
    const ref = `git+file://${nixpkgs}?rev=${rev.trim()}`;
    const show = ["flake", "show", ref];
    run({
      name: "flake show of nixpkgs, warm",
      limit: 1.5,
      ours: [node, nivis, ...show],
      theirs: [reference, ...FEATURES, ...show],
    });
    const attribute = "legacyPackages.x86_64-linux.hello.name";
    const plain = `(import ${nixpkgs} { system = "x86_64-linux"; config = { }; }).hello.name`;
    run({
      name: "eval of a package of a Git tree, to no flake",
      limit: 1.5,
      ours: [node, nivis, "eval", "--read-only", `${ref}#.${attribute}`],
      theirs: [node, nivis, "eval", "--read-only", "--impure", "--expr", plain],
      evaluates: true,
    });
    const worktree = ["eval", "--read-only", `git+file://${nixpkgs}#.${attribute}`];
    run({
      name: "eval of a package of a Git work tree",
      limit: 1.5,
      ours: [node, nivis, ...worktree],
      theirs: [reference, ...FEATURES, ...worktree],
      evaluates: true,
    });
    run({
      name: "eval of a package of a Git work tree, again",
      limit: 1.5,
      ours: [node, nivis, ...worktree],
      theirs: [reference, ...FEATURES, ...worktree],
    });
    run({
      name: "hash of the tree",
      limit: 1.5,
      ours: [node, nivis, "hash", "path", nixpkgs],
      theirs: [reference, ...FEATURES, "hash", "path", nixpkgs],
    });
    const fetch = `(builtins.fetchTree "path:${nixpkgs}").narHash`;
    run({
      name: "fetch of the tree by its path",
      limit: 1.5,
      ours: [node, nivis, ...FEATURES, "eval", "--read-only", "--impure", "--expr", fetch],
      theirs: [reference, ...FEATURES, "eval", "--read-only", "--impure", "--expr", fetch],
      evaluates: true,
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
