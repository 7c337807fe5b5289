/** Data as bytes between threads. */
import { NixFloat } from "@nivis/eval";
import { describe, expect, test } from "vitest";
import { NixPath, NixText, type PlainData } from "../src/data.ts";
import { NixError } from "../src/nix-error.ts";
import { nix } from "../src/template.ts";
import { decodeData, encodeData } from "../src/worker/data-codec.ts";
import { NixWorker } from "../src/worker/worker-client.ts";
import { serveNix } from "../src/worker/worker-server.ts";
import { memoryHost } from "./memory-host.ts";

describe("encoding", () => {
  test.each<[PlainData]>([
    [null],
    [[true, false, 1.5, -0, 2n ** 62n, "é😀\0", new Uint8Array([0, 255])]],
    [{ a: { b: [] }, "10": 1, "": {} }],
    [
      new Map<string, PlainData>([
        ["b", 1],
        ["a", [new Map()]],
      ]),
    ],
    [[new NixFloat(1), new NixPath("/a"), new NixText("x", [{ kind: "plain", path: "/p" }])]],
    [JSON.parse('{ "__proto__": 1 }') as PlainData],
  ])("%o comes back", (data) => {
    expect(decodeData(encodeData(data))).toEqual(data);
  });

  test("takes a hundred thousand levels", () => {
    let data: PlainData = 1;
    for (let i = 0; i < 100_000; i++) data = [data];
    let back = decodeData(encodeData(data));
    let depth = 0;
    for (; Array.isArray(back); depth++) back = back[0] as PlainData;
    expect([depth, back]).toEqual([100_000, 1]);
  });

  test("refuses what stays in its thread", () => {
    expect(() => encodeData((() => 1) as never)).toThrow("a function cannot be sent");
    expect(() => encodeData([new Date(0)] as never)).toThrow("a Date cannot be sent");
  });
});

/** A worker over a channel in this thread. */
function openWorker(options = {}): NixWorker {
  const { port1, port2 } = new MessageChannel();
  serveNix(
    {
      postMessage: (message, transfer) => port2.postMessage(message, transfer as ArrayBuffer[]),
      receive: (listener) => port2.on("message", listener),
    },
    options,
    memoryHost,
  );
  return new NixWorker({
    path: memoryHost.path,
    postMessage: (message, transfer) => port1.postMessage(message, transfer as ArrayBuffer[]),
    receive: (listener) => port1.on("message", listener),
    ended: () => {},
    terminate: () => port1.close(),
  });
}

describe("workers", () => {
  test("answer, fail, report and stop", async () => {
    const worker = openWorker({ files: { "/a.nix": "{ x }: x + 1" } });
    expect(await worker.evaluateFile("/a.nix", { args: { x: 1 } })).toBe(2);
    expect(await worker.evaluate(nix`${{ a: 1 }}.a`)).toBe(1);
    const error = await worker.evaluate('{ a = throw "ä"; }').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NixError);
    expect((error as NixError).message).toBe("ä");
    expect(
      await worker.evaluate("1", { attr: 5 as never }).catch((e: unknown) => e),
    ).toBeInstanceOf(TypeError);
    const stop = new AbortController();
    let reports = 0;
    const endless = worker.evaluate("let f = n: f (n + 1); in f 0", {
      signal: stop.signal,
      onProgress: () => {
        if (++reports === 2) stop.abort(new Error("enough"));
      },
    });
    await expect(endless).rejects.toThrow("enough");
    const limits = { steps: 1000 };
    await expect(worker.evaluate("let f = n: f (n + 1); in f 0", { limits })).rejects.toThrow(
      "max-steps",
    );
    const open = worker.evaluate("let f = n: f (n + 1); in f 0", {
      signal: AbortSignal.timeout(2000),
    });
    worker.terminate();
    await expect(open).rejects.toThrow("the worker was terminated");
    await expect(worker.evaluate("1")).rejects.toThrow("the worker was terminated");
  });
});
