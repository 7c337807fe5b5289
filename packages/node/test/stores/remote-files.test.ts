/**
 * Evaluation over stores whose objects are not files of this machine: a binary cache, a store behind a
 * process that stands for ssh, memory.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EvalError, Evaluation, printAmbiguous } from "@nivis/eval";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHashes } from "../../src/node-hashes.ts";
import { openEvaluationStore } from "../../src/open-evaluation-store.ts";
import { openWorld } from "../../src/session.ts";
import type { EvaluationStore } from "../../src/stores/evaluation/evaluation-store.ts";
import { isNixInstalled, NixDaemon } from "./nix-daemon.ts";

const worker = fileURLToPath(new URL("../../dist/store-worker.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "nivis-remote-"));
const storeDir = `${folder}/store`;
const stores: EvaluationStore[] = [];

afterAll(() => {
  for (const store of stores) store.close();
  rmSync(folder, { recursive: true, force: true });
});

const CONFIGURATION = `sandbox = false
sandbox-paths = /bin /usr /lib /lib64?
build-users-group =
substituters =`;

function evaluation(uri: string, directory = storeDir, evalUri?: string) {
  const environment = { ...process.env, NIX_CONFIG: CONFIGURATION };
  const store = openEvaluationStore({
    uri,
    evalUri,
    worker,
    storeDir: directory,
    currentDirectory: folder,
    environment,
    programs: environment,
  }) as EvaluationStore;
  stores.push(store);
  const world = openWorld({ environment, system: "", store });
  const machine = new Evaluation({
    io: world,
    hashes: nodeHashes,
    store,
    settings: { readOnlyMode: false, storeDir: directory },
  });
  return (text: string): string => {
    try {
      return printAmbiguous(machine.deepForce(machine.evaluate(text, { basePath: folder })));
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      return `${error.kind}: ${error.message}`;
    }
  };
}

describe("a binary cache", () => {
  const cache = `file://${folder}/cache`;
  let path = "";
  beforeAll(() => {
    const source = join(folder, "source");
    mkdirSync(join(source, "d"), { recursive: true });
    writeFileSync(join(source, "default.nix"), "{ x = 42; y = ./d/z.nix; }\n");
    writeFileSync(join(source, "d", "z.nix"), "7\n");
    writeFileSync(join(source, "run"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync("d/z.nix", join(source, "link"));
    path = evaluation(cache)(`"\${./source}"`).slice(1, -1);
    expect(path).toMatch(/-source$/);
    stores.at(-1)?.flush();
  });

  test("is imported from and read", () => {
    const run = evaluation(cache);
    expect(run(`(import ${path}).x + import (import ${path}).y`)).toBe("49");
    expect(run(`builtins.readFile ${path}/link`)).toBe('"7\\n"');
    expect(run(`builtins.readDir ${path}`)).toBe(
      '{ d = "directory"; "default.nix" = "regular"; link = "symlink"; run = "regular"; }',
    );
    expect(run(`builtins.hashFile "sha256" ${path}/d/z.nix`)).toBe(
      '"10159baf262b43a92d95db59dae1f72c645127301661e0a3ce4e38b295a97c58"',
    );
    expect(run(`map builtins.pathExists [ ${path}/d ${path}/link ${path}/no ${storeDir} ]`)).toBe(
      "[ true true false true ]",
    );
  });

  test("gives what is copied out of it, executable files and symlinks too", () => {
    const run = evaluation(cache);
    const copied = run(`"\${builtins.path { path = ${path}; name = "again"; }}"`).slice(1, -1);
    const list = `p: [ (builtins.readDir p) (builtins.readFileType (p + "/link")) ]`;
    expect(run(`(${list}) ${copied}`)).toBe(run(`(${list}) ${path}`));
    // The same contents under the same name have the same path.
    expect(run(`"\${builtins.path { path = ${path}; name = "source"; }}"`)).toBe(`"${path}"`);
  });

  test("says what is not there as C++ Nix does", () => {
    const run = evaluation(cache);
    const missing = `${storeDir}/0000000000000000000000000000000a-x`;
    expect(run(`builtins.readFile ${path}/no`)).toBe(`io: path '${path}/no' does not exist`);
    expect(run(`builtins.readDir ${path}/link`)).toBe(
      "io: path '/d/z.nix' inside NAR file is not a directory",
    );
    expect(run(`builtins.readFile ${path}/d`)).toBe(
      "io: path '/d' inside NAR file is not a regular file",
    );
    expect(run(`builtins.pathExists ${missing}`)).toBe(`io: path '${missing}' is not valid`);
    expect(run(`builtins.pathExists "${storeDir}/bad"`)).toBe(
      "invalid-path: 'bad' is too short to be a valid store path",
    );
  });

  test("reads what the evaluation has just made", () => {
    expect(evaluation(cache)(`builtins.readFile (builtins.toFile "x" "hello")`)).toBe('"hello"');
    const memory = evaluation("dummy://?read-only=false");
    expect(memory(`builtins.readFile (builtins.toFile "x" "hello")`)).toBe('"hello"');
    expect(memory(`builtins.readFile "\${./source}/d/z.nix"`)).toBe('"7\\n"');
  });
});

// A store that is not where its paths say builds in a sandbox.
const canBuildElsewhere = isNixInstalled && spawnSync("unshare", ["--mount", "true"]).status === 0;
if (!canBuildElsewhere)
  process.stderr.write("remote-files: no sandbox, so nothing is built far away\n");

describe.skipIf(!canBuildElsewhere)("a store of C++ Nix that is elsewhere", () => {
  const daemon = new NixDaemon();
  beforeAll(() => daemon.start());
  afterAll(() => daemon.dispose());
  const drv = `derivation { name = "ifd"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "PATH=/bin:/usr/bin; mkdir $out; echo 41 > $out/default.nix; echo -n text > $out/t" ]; }`;
  const far = (): string =>
    `ssh-ng://localhost?remote-store=${folder}/far%3Fstore%3D${daemon.storeDir}`;

  test("builds what is imported and gives its files", () => {
    const run = evaluation(far(), daemon.storeDir);
    expect(run(`import (${drv}) + 1`)).toBe("42");
    expect(run(`builtins.readFile "\${${drv}}/t"`)).toBe('"text"');
    expect(run(`builtins.readDir (${drv})`)).toBe('{ "default.nix" = "regular"; t = "regular"; }');
    // The path has the same name in the store of the daemon, which does not have it.
    expect(
      evaluation(daemon.socketUri, daemon.storeDir)(`builtins.pathExists (${drv}).outPath`),
    ).toBe("true");
  });

  test("may hold the derivations while another builds", () => {
    const run = evaluation(daemon.socketUri, daemon.storeDir, "dummy://?read-only=false");
    expect(run(`import (${drv}) + 1`)).toBe("42");
  });
});
