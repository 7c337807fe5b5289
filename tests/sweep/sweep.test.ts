/**
 * `npm run sweep` from end to end, on a small set. The reference is Nivis itself in an
 * environment with an extra variable, so that the differences are known.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { builtCommand, runProcess } from "@nivis/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "nivis-sweep-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const reference = join(folder, "reference");
const tree = fileURLToPath(new URL("fixture", import.meta.url));
const runTs = fileURLToPath(new URL("../../scripts/run-ts.mjs", import.meta.url));
const main = fileURLToPath(new URL("../../scripts/sweep/main.ts", import.meta.url));
const cache = fileURLToPath(new URL("../../node_modules/.cache/nivis-run", import.meta.url));

beforeAll(() => {
  const command = `SWEEP_TEST_SIDE=reference exec '${process.execPath}' '${builtCommand()}' "$@"`;
  writeFileSync(reference, `#!/bin/sh\n${command}\n`);
  chmodSync(reference, 0o755);
});

interface SweepRun {
  readonly code: number;
  readonly stdout: string;
  readonly report: string;
}

async function sweep(out: string, ...flags: string[]): Promise<SweepRun> {
  const path = join(folder, out);
  const args = [runTs, main, "--tree", tree, "--reference", reference, "--out", path, ...flags];
  const { code, stdout, stderr } = await runProcess(process.execPath, { args, cwd: folder });
  if (code === 2) throw new Error(stderr);
  return { code, stdout, report: readFileSync(join(path, "report.md"), "utf8") };
}

test("finds each kind of difference and nothing else", async () => {
  const limits = ["--chunk", "4", "--jobs", "2", "--memory", "256"];
  const { code, stdout, report } = await sweep("all", ...limits);
  expect(stdout).toContain(
    "14 attributes, 6 derivations, 9 equal, 4 different, 1 only to old versions, 0 with another message",
  );
  expect([...report.matchAll(/^### (.*)$/gm)].map((match) => match[1])).toEqual([
    "different: drvPath",
    "exhausting: nivis-fails",
    "notForNivis: nivis-fails",
    "otherFailure: failure-kind",
    "lookedUpEarly: reference-fails",
  ]);
  expect(report).toContain("error: attribute 'unlucky' missing");
  expect(report).toMatch(/Nivis: out of memory: more than \d+ MiB/);
  expect(code).toBe(1);
});

test("shows the first input that differs by itself", async () => {
  const { report } = await sweep("explain", "--only", "different");
  expect(report).toContain("First difference: different.drv → library.drv");
  expect(report).toMatch(
    /variable flags:\n {2}Nivis: {5}"-O2 -s"\n {2}reference: "-O2 -g"\n {2}\(from byte 5 on\)/,
  );
});

test("resumes where it was interrupted", async () => {
  await sweep("resumed", "--only", "same");
  const nivis = join(folder, "resumed", "nivis.jsonl");
  // A made-up answer shows that it is kept, and half a line that it is discarded.
  const kept = `{"name":"same","drvPath":"/kept.drv"}\n{"name":"thrown","fai`;
  writeFileSync(nivis, kept);
  const { report } = await sweep("resumed", "--only", "same,thrown", "--resume");
  expect(report).toContain("2 attributes, 1 derivations, 1 equal, 1 different");
  expect(report).toContain("- Nivis: /kept.drv");
});

test("ends all its threads when it is killed, and resumes afterwards", async () => {
  const path = join(folder, "killed");
  const only = ["--only", "same,thrown,lasting,function"];
  const args = [runTs, main, "--tree", tree, "--reference", "none", "--out", path, ...only];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, SWEEP_TEST_LASTING: "1" },
    stdio: "ignore",
  });
  const answers = join(path, "nivis.jsonl");
  const answered = (): string[] =>
    [...readFileSync(answers, "utf8").matchAll(/^\{"name":"(\w+)".*\n/gm)].map(
      ([, name]) => name ?? "",
    );
  while (!existsSync(answers) || answered().length < 2) await sleep(50);
  expect(hosts(path)).toBe(1);
  child.kill("SIGKILL");
  await once(child, "exit");
  // The killed program could not remove this file.
  rmSync(join(cache, `scripts_sweep_main_ts.${child.pid}.mjs`));
  while (hosts(path) > 0) await sleep(50);
  expect(answered()).toEqual(["same", "thrown"]);

  const { stdout } = await sweep("killed", ...only, "--resume");
  expect(stdout).toContain("4 attributes, 2 derivations, 4 equal, 0 different");
  expect(answered()).toEqual(["same", "thrown", "lasting", "function"]);
});

/** The number of thread hosts that run for an output folder. */
function hosts(path: string): number {
  const all = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
  return all.split("\n").filter((line) => line.includes(join(path, "thread-host.mjs"))).length;
}

test("sweeps a nested set without a difference", async () => {
  const { code, stdout } = await sweep("nested", "--set", "nested");
  expect(stdout).toContain("1 attributes, 1 derivations, 1 equal, 0 different");
  expect(code).toBe(0);
});
