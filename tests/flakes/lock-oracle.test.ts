/**
 * Lock files and values of random graphs of flakes, with follows, overrides and relative inputs, compared
 * with those of a real C++ Nix: the program that NIVIS_ORACLE_NIX names, or `nix` on PATH. Without one,
 * the test is skipped.
 *
 * Relative inputs, references in overrides, updates of an old lock file after changes of flakes, and
 * values are compared only with 2.31 and later: earlier versions have other rules. NIVIS_LOCK_GRAPHS is
 * the number of graphs.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFlake } from "@nivis/flake";
import { parseFlakeRef } from "@nivis/formats";
import { FlakeSession } from "@nivis/node";
import { builtCommand, Random } from "@nivis/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

const program = process.env["NIVIS_ORACLE_NIX"] ?? "nix";
const version = versionOf(program);
const hasNewRules = version !== undefined && (version[0] > 2 || version[1] >= 31);

function versionOf(name: string): readonly [number, number] | undefined {
  const { stdout } = spawnSync(name, ["--version"], { encoding: "utf8" });
  const found = /(\d+)\.(\d+)/.exec(stdout ?? "");
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

/** In milliseconds; enough for any number of graphs. */
const TIMEOUT = 3_600_000;
const GRAPHS = Number(process.env["NIVIS_LOCK_GRAPHS"] ?? (hasNewRules ? 20 : 40));
const NAMES = ["a", "b", "c", "root"];

let folder: string;
let environment: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-locks-"));
  const state = join(folder, "state");
  for (const name of ["store", "state", "log", "etc", "home"]) mkdirSync(join(folder, name));
  writeFileSync(
    join(folder, "etc", "nix.conf"),
    "experimental-features = nix-command flakes\nsubstituters =\nflake-registry =\nbuild-users-group =\n",
  );
  environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: join(folder, "home"),
    NIX_STORE_DIR: join(folder, "store"),
    NIX_STATE_DIR: state,
    NIX_LOCALSTATE_DIR: state,
    NIX_LOG_DIR: join(folder, "log"),
    NIX_CONF_DIR: join(folder, "etc"),
    NIX_REMOTE: "local",
  };
});
afterAll(() => {
  spawnSync("chmod", ["-R", "u+w", folder]);
  rmSync(folder, { recursive: true, force: true });
}, TIMEOUT);

/** Writes flakes 0 to n-1; the inputs of each are among the later ones. */
function writeFlakes(root: string, seed: number): void {
  const random = new Random(seed);
  const count = 3 + random.below(4);
  for (let i = count - 1; i >= 0; i--) {
    const directory = join(root, `f${i}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "flake.nix"), flakeText(random, root, i, count));
    if (!hasNewRules) continue;
    mkdirSync(join(directory, "sub"));
    const sub = "{ outputs = inputs: { tree = { name = inputs.self.outPath; }; }; }\n";
    writeFileSync(join(directory, "sub", "flake.nix"), sub);
  }
}

function flakeText(random: Random, root: string, i: number, count: number): string {
  const lines: string[] = [];
  const names: string[] = [];
  for (const name of NAMES) {
    if (i + 1 >= count || random.below(3) === 0) continue;
    names.push(name);
    const target = i + 1 + random.below(count - i - 1);
    const kind = random.below(8);
    if (kind === 0 && names.length > 1) lines.push(`inputs.${name}.follows = "${names[0]}";`);
    else if (kind === 1)
      lines.push(`inputs.${name} = { url = "path:${root}/f${target}"; flake = false; };`);
    else if (kind === 2 && hasNewRules) lines.push(`inputs.${name}.url = "./sub";`);
    else {
      lines.push(`inputs.${name}.url = "path:${root}/f${target}";`);
      if (random.below(2) === 0) {
        const inner = NAMES[random.below(NAMES.length)];
        lines.push(
          `inputs.${name}.inputs.${inner}.follows = "${names[random.below(names.length)]}";`,
        );
      } else if (random.below(3) === 0 && hasNewRules) {
        const inner = NAMES[random.below(NAMES.length)];
        lines.push(`inputs.${name}.inputs.${inner}.url = "path:${root}/f${count - 1}";`);
      }
    }
  }
  // Each flake shows what became of its inputs.
  const outputs = `inputs: {
    tree = {
      name = "f${i}";
      self = { inherit (inputs.self) narHash lastModified; };
      inputs = builtins.mapAttrs (_: input: input.tree or input.narHash) (
        builtins.removeAttrs inputs [ "self" ]
      );
    };
  }`;
  return `{\n  ${lines.join("\n  ")}\n  outputs = ${outputs};\n}\n`;
}

/** The number of flakes. */
function countOf(root: string): number {
  return readdirSync(root).length;
}

interface Locked {
  readonly lock: string | undefined;
  readonly error: string;
}

function lockByOracle(root: string, ...args: string[]): Locked {
  const ref = `path:${root}/f0`;
  const { status, stderr } = spawnSync(
    program,
    args.length === 0 ? ["flake", "lock", ref] : ["flake", ...args],
    { env: environment, encoding: "utf8" },
  );
  const file = join(root, "f0", "flake.lock");
  return {
    lock: status === 0 && existsSync(file) ? readFileSync(file, "latin1") : undefined,
    error: status === 0 ? "" : stderr,
  };
}

/** The value of a flake's `tree` as JSON, with flags of `nix eval`. */
function treeOf(nix: readonly string[], root: string, flags: readonly string[]): string {
  const [command = "", ...args] = nix;
  const { status, stdout, stderr } = spawnSync(
    command,
    [...args, "eval", "--json", "--no-write-lock-file", ...flags, `path:${root}/f0#tree`],
    { env: environment, encoding: "utf8" },
  );
  return status === 0 ? stdout : (stderr.trimEnd().split("\n").at(-1) as string);
}

async function lockByNivis(root: string, updates: readonly string[][] = []): Promise<Locked> {
  const session = new FlakeSession({
    environment,
    settings: [{ name: "flake-registry", value: "" }],
    cacheDirectory: join(folder, "cache"),
    warn: () => {},
    notice: () => {},
  });
  try {
    await lockFlake(session.world, parseFlakeRef(`path:${root}/f0`), {
      writer: session.writer,
      failOnUnlocked: true,
      updates,
    });
    const file = join(root, "f0", "flake.lock");
    return { lock: existsSync(file) ? readFileSync(file, "latin1") : undefined, error: "" };
  } catch (error) {
    return { lock: undefined, error: (error as Error).message };
  } finally {
    await session.close();
  }
}

test.skipIf(version === undefined)(
  "random graphs are locked as C++ Nix does",
  async () => {
    let compared = 0;
    let values = 0;
    for (let seed = 1; seed <= GRAPHS; seed++) {
      const root = join(folder, `graph-${seed}`);
      writeFlakes(root, seed);
      const file = join(root, "f0", "flake.lock");
      const theirs = lockByOracle(root);
      rmSync(file, { force: true });
      const ours = await lockByNivis(root);
      expect(ours.lock, `seed ${seed}: ${ours.error}\n${theirs.error}`).toBe(theirs.lock);
      if (theirs.lock === undefined) {
        // Both reject the graph; the reason is the last line of the reference's error.
        expect(theirs.error).toContain(ours.error);
        continue;
      }
      compared++;
      if (!hasNewRules) continue;
      const nivis = [process.execPath, builtCommand("nivis-nix")];
      for (const flags of [[], ["--override-input", "a", `path:${root}/f${countOf(root) - 1}`]]) {
        const expected = treeOf([program], root, flags);
        if (expected.startsWith("{")) values++;
        expect(treeOf(nivis, root, flags), `seed ${seed}: value ${flags.join(" ")}`).toBe(expected);
      }
      // A different flake.nix with the existing lock file, and an update of one input. The inputs
      // do not change: C++ Nix would find their old contents in its store.
      const before = readFileSync(file, "latin1");
      const flake = join(root, "f0", "flake.nix");
      writeFileSync(flake, flakeText(new Random(seed + 1000), root, 0, countOf(root)));
      const again = lockByOracle(root);
      writeFileSync(file, before, "latin1");
      const ourAgain = await lockByNivis(root);
      expect(ourAgain.lock, `seed ${seed} again: ${ourAgain.error}\n${again.error}`).toBe(
        again.lock,
      );
      writeFileSync(file, before, "latin1");
      const updated = lockByOracle(root, "update", "a", "--flake", `path:${root}/f0`);
      writeFileSync(file, before, "latin1");
      const ourUpdated = await lockByNivis(root, [["a"]]);
      expect(ourUpdated.lock, `seed ${seed} updated: ${ourUpdated.error}\n${updated.error}`).toBe(
        updated.lock,
      );
    }
    process.stdout.write(
      `compared with ${version?.join(".")}: ${compared} of ${GRAPHS} graphs, ${values} values\n`,
    );
    if (hasNewRules) expect(values).toBeGreaterThan(0);
    expect(compared).toBeGreaterThan(GRAPHS / 3);
  },
  TIMEOUT,
);
