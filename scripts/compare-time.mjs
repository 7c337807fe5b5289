/**
 * `npm run compare-time -- [--runs N] [--warmup N] -- COMMAND A… -- COMMAND B…`: which of two
 * commands is faster, and by how much.
 *
 * The runs are paired, A B B A A B …, so that whatever else the machine does falls on both. Prints
 * the median and the quartiles of each, and the median of the ratios of the pairs: the number to
 * quote. Without commands: `nivis-instantiate` against `nix-instantiate` on `hello` and on a NixOS
 * system of the trees named by NIVIS_NIXPKGS_1909 and NIVIS_NIXPKGS_2611.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./workspace.mjs";

const options = { runs: 10, warmup: 1 };
const groups = [/** @type {string[]} */ ([])];
for (const argument of process.argv.slice(2)) {
  if (argument === "--") groups.push([]);
  else groups[groups.length - 1]?.push(argument);
}
const [settings = [], first, second] = groups;
for (let i = 0; i < settings.length; i += 2) {
  if (settings[i] === "--runs") options.runs = Number(settings[i + 1]);
  else if (settings[i] === "--warmup") options.warmup = Number(settings[i + 1]);
  else fail(`unknown option ${settings[i]}`);
}

if (first !== undefined && second !== undefined) compare("the two commands", first, second);
else if (first === undefined) compareWithReference();
else fail("two commands are needed: compare-time -- A… -- B…");

function compareWithReference() {
  const command = join(root, "packages", "nivis", "bin", "nivis-instantiate.cjs");
  const configuration = '{ system = "x86_64-linux"; config = { }; overlays = [ ]; }';
  const old = process.env["NIVIS_NIXPKGS_1909"];
  const recent = process.env["NIVIS_NIXPKGS_2611"];
  if (old === undefined && recent === undefined) {
    fail("neither NIVIS_NIXPKGS_1909 nor NIVIS_NIXPKGS_2611 names a tree");
  }
  /** @type {[string, string][]} */
  const programs = [];
  for (const tree of [old, recent]) {
    if (tree === undefined) continue;
    programs.push([
      `hello of ${tree}`,
      `(import ${tree}/pkgs/top-level/impure.nix ${configuration}).hello.drvPath`,
    ]);
  }
  if (old !== undefined) {
    programs.push([
      `a NixOS system of ${old}`,
      `(import ${old}/nixos/lib/eval-config.nix { system = "x86_64-linux"; modules = [ { boot.loader.grub.device = "/dev/sda"; fileSystems."/" = { device = "/dev/sda1"; fsType = "ext4"; }; services.openssh.enable = true; users.users.alice.isNormalUser = true; } ]; }).config.system.build.toplevel.drvPath`,
    ]);
  }
  for (const [title, expression] of programs) {
    const args = ["--eval", "--strict", "-E", expression];
    compare(title, [process.execPath, command, ...args], ["nix-instantiate", ...args]);
  }
}

/**
 * @param {string} title
 * @param {string[]} a
 * @param {string[]} b
 */
function compare(title, a, b) {
  for (let i = 0; i < options.warmup; i++) {
    time(a);
    time(b);
  }
  /** @type {number[]} */
  const timesA = [];
  /** @type {number[]} */
  const timesB = [];
  for (let i = 0; i < options.runs; i++) {
    // Which comes first alternates, so that neither always meets the warmer machine.
    if (i % 2 === 0) {
      timesA.push(time(a));
      timesB.push(time(b));
    } else {
      timesB.push(time(b));
      timesA.push(time(a));
    }
  }
  const ratios = timesA.map((value, i) => value / /** @type {number} */ (timesB[i]));
  process.stdout.write(`${title}, ${options.runs} pairs\n`);
  process.stdout.write(`  A      ${summary(timesA, " ms", 0)}   ${a[0]}\n`);
  process.stdout.write(`  B      ${summary(timesB, " ms", 0)}   ${b[0]}\n`);
  process.stdout.write(`  A / B  ${summary(ratios, "", 2)}\n`);
}

/** @param {string[]} command */
function time([program, ...args]) {
  const started = performance.now();
  const result = spawnSync(/** @type {string} */ (program), args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, NIX_REMOTE: "dummy://" },
    maxBuffer: 1 << 28,
  });
  const elapsed = performance.now() - started;
  if (result.status !== 0) fail(`${program} fails:\n${result.stderr}`);
  return elapsed;
}

/**
 * @param {number[]} values
 * @param {string} unit
 * @param {number} digits
 */
function summary(values, unit, digits) {
  const sorted = [...values].sort((x, y) => x - y);
  const at = (/** @type {number} */ share) =>
    /** @type {number} */ (sorted[Math.round(share * (sorted.length - 1))]).toFixed(digits);
  return `${at(0.5)}${unit} (${at(0.25)} – ${at(0.75)}${unit})`;
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
