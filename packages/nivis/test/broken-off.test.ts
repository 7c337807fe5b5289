/**
 * Commands that end in the middle of writing: killed by SIGKILL, interrupted, or without room on the
 * disk. What a store has then is whole, and the same command works as soon as the fault is gone.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  hashNar,
  makeFixedOutputPath,
  type NarTree,
  narBytes,
  narTreeSource,
} from "@nivis/formats";
import { fileCache, nodeHashes, nodeStoreHost } from "@nivis/node";
import { BinaryCacheStore, streamOf } from "@nivis/store";
import { Random } from "@nivis/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const NIVIS = fileURLToPath(new URL("../bin/nivis.cjs", import.meta.url));
const STORE_DIR = "/nix/store";
const PATHS = 12;
const BYTES = 300_000;
const ROUNDS = 4;

const folder = mkdtempSync(join(tmpdir(), "nivis-broken-off-"));
const source = `file://${join(folder, "source")}`;

beforeAll(async () => {
  const random = new Random(7);
  const cache = new BinaryCacheStore(nodeStoreHost, fileCache(join(folder, "source")), {
    storeDir: STORE_DIR,
    compression: "none",
    create: true,
  });
  for (let i = 0; i < PATHS; i++) {
    const contents = Array.from({ length: BYTES }, () =>
      String.fromCharCode(random.below(256)),
    ).join("");
    const tree: NarTree = {
      type: "directory",
      entries: new Map([["data", { type: "regular", executable: false, contents }]]),
    };
    const nar = narBytes(narTreeSource, tree);
    const { digest } = hashNar(narTreeSource, tree, nodeHashes);
    const hash = { algorithm: "sha256" as const, digest };
    const path = makeFixedOutputPath(
      { storeDir: STORE_DIR, hashes: nodeHashes },
      `object-${i}`,
      "nar",
      hash,
    );
    const info = {
      path,
      narHash: hash,
      narSize: nar.length,
      references: [],
      registrationTime: 0,
      ultimate: false,
      signatures: [],
      contentAddress: { method: "nar" as const, hash },
    };
    await cache.writer?.add({ info, nar: () => streamOf(nar) });
  }
});
afterAll(() => {
  spawnSync("chmod", ["-R", "u+w", folder]);
  rmSync(folder, { recursive: true, force: true });
});

const environment = { ...process.env, HOME: folder, NIX_REMOTE: "", NIX_CONF_DIR: folder };

function nivis(...args: string[]) {
  return spawnSync(process.execPath, [NIVIS, ...args], { encoding: "utf8", env: environment });
}

function copyTo(destination: string): readonly string[] {
  return ["copy", "--all", "--from", source, "--to", destination];
}

/** Whether everything in a store is what it says; a store that was never made has nothing. */
function expectWhole(store: string, least: number): void {
  const listed = nivis("path-info", "--all", "--store", store);
  if (listed.status !== 0) expect(listed.stderr).toMatch(/does not exist|No such file/);
  const paths = listed.stdout.split("\n").filter((line) => line !== "");
  expect(paths.length).toBeGreaterThanOrEqual(least);
  if (paths.length === 0) return;
  const { status, stderr } = nivis("store", "verify", "--no-trust", "--all", "--store", store);
  expect(status, stderr).toBe(0);
}

/** Runs a command and sends it a signal after so many milliseconds. */
function runUntil(
  args: readonly string[],
  milliseconds: number,
  signal: NodeJS.Signals,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  const child = spawn(process.execPath, [NIVIS, ...args], { stdio: "ignore", env: environment });
  const timer = setTimeout(() => child.kill(signal), milliseconds);
  return new Promise((resolve) => {
    child.once("exit", (code, ended) => {
      clearTimeout(timer);
      resolve({ code, signal: ended });
    });
  });
}

describe.each([
  ["a binary cache", (name: string) => `file://${join(folder, name)}?compression=none`],
  ["a directory", (name: string) => join(folder, name)],
])("%s", (kind, store) => {
  const name = kind.replace(/.* /, "");

  test.each(["SIGKILL", "SIGINT"] as const)(
    "is whole after %s",
    async (signal) => {
      const start = performance.now();
      const whole = store(`${name}-${signal}-first`);
      expect(nivis(...copyTo(whole)).stderr).not.toMatch(/error/);
      const time = performance.now() - start;
      const destination = store(`${name}-${signal}`);
      let broken = 0;
      for (let round = 1; round <= ROUNDS; round++) {
        const ended = await runUntil(copyTo(destination), (time * round) / (ROUNDS + 1), signal);
        if (ended.code !== 0) broken++;
        expectWhole(destination, 0);
      }
      // The first rounds end before the copy does.
      expect(broken).toBeGreaterThan(0);
      const last = nivis(...copyTo(destination));
      expect(last.status, last.stderr).toBe(0);
      expectWhole(destination, PATHS);
    },
    120_000,
  );

  const full = join(folder, `full-${name}`);
  const inNamespace = ["--user", "--map-root-user", "--mount", "sh", "-ec"];
  const canMount = spawnSync("unshare", [...inNamespace, "mount -t tmpfs tmpfs /tmp"]).status === 0;

  test.skipIf(!canMount)(
    "is whole after the disk was full",
    () => {
      const destination = store(`full-${name}/store`);
      const run = `"${process.execPath}" "${NIVIS}"`;
      // The same store, first with room for a few of the objects, then with room for all.
      const script = `
      mkdir -p "${full}"; mount -t tmpfs -o size=1m tmpfs "${full}"
      ${run} ${copyTo(destination).join(" ")} && exit 9
      ${run} path-info --all --store "${destination}" > "${folder}/listed" 2>/dev/null || true
      if [ -s "${folder}/listed" ]; then
        ${run} store verify --no-trust --all --store "${destination}"
      fi
      mount -o remount,size=64m "${full}"
      ${run} ${copyTo(destination).join(" ")}
      ${run} store verify --no-trust --all --store "${destination}"
      ${run} path-info --all --store "${destination}" | wc -l`;
      const { status, stdout, stderr } = spawnSync("unshare", [...inNamespace, script], {
        encoding: "utf8",
        env: environment,
      });
      expect(status, stderr).toBe(0);
      expect(stderr).toMatch(/No space left on device/);
      expect(stdout.trim()).toBe(String(PATHS));
    },
    120_000,
  );
});
