/** Threads that never answer: the wait for them ends with an error, never without end. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IoError } from "@nivis/eval";
import { afterAll, describe, expect, test } from "vitest";
import { BlockingFetcher } from "../../src/fetching/evaluation/blocking-fetcher.ts";
import { BlockingStore } from "../../src/stores/evaluation/blocking-store.ts";
import { BlockingThread } from "../../src/threads/blocking-thread.ts";

const folder = mkdtempSync(join(tmpdir(), "nivis-thread-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SIGNAL = `const { workerData: { port, signal } } = require("node:worker_threads");
const words = new Int32Array(signal);
const wake = () => { Atomics.add(words, 0, 1); Atomics.notify(words, 0); };
Atomics.store(words, 1, 1);
process.once("exit", () => { Atomics.store(words, 1, 2); wake(); });
`;

function threadOf(name: string, body: string): BlockingThread<string, string> {
  const script = join(folder, `${name}.cjs`);
  writeFileSync(script, SIGNAL + body);
  return new BlockingThread({
    name: "the thread of the test",
    start: () => ({ script, data: {} }),
  });
}

test("messages arrive in order, whether the thread posts them before or during the wait", () => {
  const thread = threadOf(
    "counts",
    `port.on("message", (text) => {
       for (const c of text) { port.postMessage(c); wake(); }
       setTimeout(() => { port.postMessage("end"); wake(); }, 20);
     });`,
  );
  thread.post("abc");
  expect([1, 2, 3, 4].map(() => thread.receive())).toEqual(["a", "b", "c", "end"]);
  thread.end();
});

test.each([
  ["throws", `port.on("message", () => { throw new Error("no"); });`],
  ["exits", `port.on("message", () => process.exit(3));`],
  ["exits at once", "process.exit(0);"],
])("a thread that %s ends the wait with an error", (name, body) => {
  const thread = threadOf(name, body);
  thread.post("question");
  expect(() => thread.receive()).toThrow("the thread of the test ended");
  thread.end();
});

test("what a thread posted before it ended is received first", () => {
  const thread = threadOf("last", `port.postMessage("last"); wake(); process.exit(0);`);
  thread.post("question");
  expect(thread.receive()).toBe("last");
  expect(() => thread.receive()).toThrow(IoError);
  thread.end();
});

describe("a script that is missing is an error at once", () => {
  const worker = new URL("./no-such-worker.js", import.meta.url);

  test("for stores", () => {
    const options = { storeDir: "/nix/store" };
    const store = new BlockingStore({ evalStore: "dummy", buildStore: "dummy", options, worker });
    expect(() => store.ask({ ask: "valid", path: "/nix/store" })).toThrow("is missing");
    expect(store.isRunning).toBe(false);
  });

  test("for fetchers", () => {
    const start = { environment: {}, currentDirectory: folder } as never;
    const fetcher = new BlockingFetcher({ start, worker, warn: () => {} });
    expect(() => fetcher.fetchFile("file:///nothing", "nothing")).toThrow("is missing");
    expect(() => fetcher.close()).not.toThrow();
  });
});
