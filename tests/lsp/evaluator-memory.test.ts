/** The memory of the process that evaluates for the language server: what edits leave, and what rest leaves. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Cancelled, DescribedValue, EvaluationLimits } from "@nivis/lsp";
import { builtCommand } from "@nivis/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ProcessEvaluator } from "../../packages/nivis/src/lsp/process-evaluator.ts";

const MIB = 1024 * 1024;
const NEVER: Cancelled = {
  isCancellationRequested: false,
  onCancellationRequested: () => ({ dispose: () => {} }),
};

let folder: string;
let evaluator: ProcessEvaluator;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "nivis-lsp-")));
  writeFileSync(join(folder, "lib.nix"), "{ one = 1; }");
});

afterEach(() => {
  evaluator.dispose();
  rmSync(folder, { recursive: true });
});

function open(resting: number, largeIdle?: number): void {
  const scripts = join(dirname(builtCommand("nivis")), "..", "dist");
  const limits: EvaluationLimits = { memory: 1024 * MIB, time: 60_000, resting };
  evaluator = new ProcessEvaluator({
    processScript: join(scripts, "lsp-evaluator.cjs"),
    commandScript: join(scripts, "launch.cjs"),
    limits,
    args: [],
    ...(largeIdle === undefined ? {} : { largeIdle }),
  });
}

/** The value of `one` in the open text of `lib.nix`, as it is shown. */
async function one(): Promise<string | undefined> {
  const query = { root: "import ./lib.nix", directory: folder, path: ["one"] };
  const reply = await evaluator.describe(query, NEVER);
  expect(reply.kind).toBe("value");
  return (reply as { value: DescribedValue }).value.shown;
}

function edit(text: string): void {
  evaluator.openTexts([{ path: join(folder, "lib.nix"), text }]);
}

test("a process below the limit stays for the next question and through edits", async () => {
  open(1024 * MIB, 1);
  expect(await one()).toBe("1");
  const first = evaluator.processId;
  await new Promise((resolve) => setTimeout(resolve, 300));
  edit("{ one = 2; }");
  expect(await one()).toBe("2");
  expect(evaluator.processId).toBe(first);
});

test("a process above the limit ends when idle, and the next question starts another", async () => {
  open(MIB, 1);
  edit("{ one = 11; }");
  expect(await one()).toBe("11");
  const first = evaluator.processId;
  await expect.poll(() => evaluator.processId, { timeout: 10_000 }).toBeUndefined();
  expect(await one()).toBe("11");
  expect(evaluator.processId).not.toBe(first);
});

test("a process above the limit is replaced when an edit makes what it knows worthless", async () => {
  open(MIB);
  expect(await one()).toBe("1");
  const first = evaluator.processId;
  // Another file: nothing is lost.
  evaluator.openTexts([{ path: join(folder, "other.nix"), text: "3" }]);
  expect(await one()).toBe("1");
  expect(evaluator.processId).toBe(first);
  edit("{ one = 2; }");
  expect(await one()).toBe("2");
  expect(evaluator.processId).not.toBe(first);
  edit("{ one = 3; }");
  expect(await one()).toBe("3");
});

describe.runIf(process.platform === "linux")("edits", () => {
  test("leave nothing behind", { timeout: 120_000 }, async () => {
    open(8192 * MIB);
    const filler = `# ${"x".repeat(78)}\n`.repeat(40_000);
    const first = await one().then(() => evaluator.processId);
    for (let i = 0; i < 200; i += 1) {
      edit(`${filler}{ one = ${i}; }`);
      expect(await one()).toBe(String(i));
    }
    expect(evaluator.processId).toBe(first);
    const status = readFileSync(`/proc/${first}/status`, "latin1");
    const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    // All the texts would take 620 MiB, and the tables of their lines as much.
    expect(resident).toBeLessThan(450);
  });
});
