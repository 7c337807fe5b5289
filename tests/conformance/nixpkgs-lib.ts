/**
 * The tests of nixpkgs for its own library (`lib/tests` of a checkout), which use nearly
 * everything: the error texts of the module system, sources copied to a store, file sets.
 *
 * Files ending in `.nix` evaluate to a list of failures, which must be empty. Scripts run our
 * command as `nix-instantiate` on their PATH, with their own store in a scratch folder; they exit
 * with code 0 if all their checks pass. A script runs the built command hundreds of times, so
 * these cases take minutes.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, type Outcome, runProcess } from "@nivis/testkit";
import type { ConformanceCase, ConformanceSuite } from "./suite.ts";

const files = ["misc.nix", "systems.nix", "fetchers.nix"];
const scripts = [
  "tests/modules.sh",
  "tests/sources.sh",
  "tests/filesystem.sh",
  "tests/debug.sh",
  "tests/network.sh",
  "fileset/tests.sh",
];

export const nixpkgsLibSuite: ConformanceSuite = {
  name: "nixpkgs-lib",
  variable: "NIVIS_CONFORMANCE_NIXPKGS",
  cases: casesOf,
};

/** The tests of an old release, whose library uses features that newer ones avoid. */
export const oldNixpkgsLibSuite: ConformanceSuite = {
  name: "nixpkgs-lib-old",
  variable: "NIVIS_CONFORMANCE_NIXPKGS_OLD",
  cases: casesOf,
};

function casesOf(checkout: string): ConformanceCase[] {
  const lib = join(checkout, "lib");
  const evaluated = files
    .filter((file) => existsSync(join(lib, "tests", file)))
    .map((file): ConformanceCase => {
      const args = ["--eval", "--strict", join(lib, "tests", file)];
      return {
        kind: "list of failures",
        name: file,
        invocation: { args, cwd: checkout },
        code: 0,
        stdout: "[ ]\n",
        normalise: (outcome) => outcome,
      };
    });
  const run = scripts
    .filter((script) => existsSync(join(lib, script)))
    .map((script): ConformanceCase => {
      const invocation = { args: [join(lib, script)], cwd: checkout };
      return {
        kind: "script",
        name: script,
        invocation,
        code: 0,
        normalise: (outcome) => outcome,
        run: () => runScript(invocation.args, join(lib, "tests")),
      };
    });
  return [...evaluated, ...run];
}

async function runScript(args: readonly string[], cwd: string): Promise<Outcome> {
  const scratch = mkdtempSync(join(tmpdir(), "nivis-nixpkgs-"));
  try {
    const bin = join(scratch, "bin");
    mkdirSync(bin);
    mkdirSync(join(scratch, "home"));
    // A script, not a link, because it also pins the version of Node.
    writeFileSync(
      join(bin, "nix-instantiate"),
      `#!/bin/sh\nexec '${process.execPath}' '${builtCommand()}' --store 'local?root=/' "$@"\n`,
    );
    chmodSync(join(bin, "nix-instantiate"), 0o755);
    const env = {
      PATH: `${bin}:${process.env["PATH"] ?? "/usr/bin:/bin"}`,
      HOME: join(scratch, "home"),
      TEST_ROOT: scratch,
      NIX_REMOTE: "",
      NIX_STORE_DIR: join(scratch, "store"),
      NIX_STATE_DIR: join(scratch, "state"),
      NIX_CONF_DIR: join(scratch, "etc"),
      TMPDIR: scratch,
    };
    return await runProcess("bash", { args, cwd, env }, { timeout: 1_800_000 });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
