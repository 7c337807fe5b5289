/** Locks between processes and in one, and what becomes of the lock of a process that was killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeDisk } from "@nivis/node";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-lock-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const never = (): void => {
  throw new Error("nobody has to wait here");
};

/** A process that does nothing, and the mark that it would leave. */
function sleeper(): { readonly child: ChildProcess; readonly mark: string } {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { stdio: "ignore" });
  const stat = readFileSync(`/proc/${child.pid}/stat`, "latin1").replace(/^.*\) /s, "");
  return { child, mark: `${child.pid} ${stat.split(" ")[19]} 0\n` };
}

test("is taken and given back", async () => {
  const path = join(folder, "plain");
  const unlock = await new NodeDisk().lock(path, never);
  expect(existsSync(path)).toBe(true);
  unlock();
  expect(existsSync(path)).toBe(false);
});

test("lets one at a time in, in the order in which they came", async () => {
  const disk = new NodeDisk();
  const order: number[] = [];
  const work = async (number: number): Promise<void> => {
    const unlock = await disk.lock(join(folder, "queue"), () => {});
    order.push(number);
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push(number);
    unlock();
  };
  await Promise.all([1, 2, 3, 4].map(work));
  expect(order).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
});

test("waits for another process, and says so once", async () => {
  const path = join(folder, "other");
  const { child, mark } = sleeper();
  writeFileSync(path, mark);
  let waited = 0;
  const locking = new NodeDisk().lock(path, () => {
    waited++;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(waited).toBe(1);
  child.kill("SIGKILL");
  (await locking)();
  expect(existsSync(path)).toBe(false);
});

test.each([
  ["a process that is gone", "999999999 1 0\n"],
  ["another process with the number of one that is gone", `${process.pid} 1 0\n`],
  ["nobody that can be known", "garbage"],
  ["nobody at all", ""],
])("is free if it is held by %s", async (_who, mark) => {
  const path = join(folder, "stale");
  writeFileSync(path, mark);
  const unlock = await new NodeDisk().lock(path, never);
  unlock();
});

test("drafts of processes that are gone are removed when they are old", () => {
  const disk = new NodeDisk();
  const old = join(folder, ".draft-999999999-0");
  const young = join(folder, ".draft-999999999-1");
  writeFileSync(old, "");
  writeFileSync(young, "");
  const { utimesSync } = process.getBuiltinModule("node:fs");
  utimesSync(old, 1, 1);
  const file = disk.newFile(folder);
  file.write("contents");
  file.moveTo(join(folder, "written"));
  file.discard();
  expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
  expect(readFileSync(join(folder, "written"), "latin1")).toBe("contents");
});
