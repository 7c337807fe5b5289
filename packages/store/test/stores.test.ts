/** The stores that need no platform: memory, overlay, dummy; closures, copying, retries, files. */
import { portableHashes } from "@nivis/formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CacheTransport,
  capability,
  closureOf,
  collect,
  copyPaths,
  DummyStore,
  formatCacheInfo,
  MemoryStore,
  OverlayStore,
  PathInfoCache,
  parseCacheInfo,
  RetryingTransport,
  referencesFirst,
  type StoreHost,
  streamOf,
  TransientError,
  ValidBuilder,
} from "../src/index.ts";

let now = 0;
const host: StoreHost = {
  hashes: portableHashes,
  clock: {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  },
  signatures: {
    sign: () => new Uint8Array(64),
    verify: () => false,
    generate: () => new Uint8Array(64),
  },
  codecs: {},
  processors: 1,
  spool: async () => {
    const pieces: Uint8Array[] = [];
    return {
      write: async (bytes) => {
        pieces.push(new Uint8Array(bytes));
      },
      read: () => streamOf(...pieces),
      dispose: async () => {},
    };
  },
};
const storeDir = "/nix/store";

function memory(): MemoryStore {
  return new MemoryStore(host, { storeDir });
}

async function add(
  store: MemoryStore,
  name: string,
  references: readonly string[] = [],
): Promise<string> {
  const { path } = await store.writer.addContent({
    name,
    method: "text",
    algorithm: "sha256",
    references,
    bytes: () => streamOf(`${name} ${references.join(" ")}`),
  });
  return path;
}

describe("closures", () => {
  test("hold all that paths refer to, references first", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 15 }),
        async (graph) => {
          const store = memory();
          const paths: string[] = [];
          for (const [i, edges] of graph.entries()) {
            const references = [
              ...new Set(edges.filter((to) => to < i).map((to) => paths[to] as string)),
            ];
            paths.push(await add(store, `p${i}`, references));
          }
          const infos = await closureOf(store, [paths.at(-1) as string]);
          const order = referencesFirst(infos);
          expect(new Set(order)).toEqual(new Set(infos.keys()));
          for (const [place, path] of order.entries()) {
            for (const reference of infos.get(path)?.references ?? []) {
              expect(order.indexOf(reference)).toBeLessThan(place);
            }
          }
          const copy = memory();
          const { copied } = await copyPaths(store, copy, [paths.at(-1) as string]);
          expect(copied).toEqual(order);
          expect(await copy.allPaths()).toEqual([...order].sort());
        },
      ),
      { numRuns: 30 },
    );
  });

  test("may be deep", async () => {
    const store = memory();
    let path = await add(store, "bottom");
    for (let i = 0; i < 5000; i++) path = await add(store, `level${i}`, [path]);
    expect(referencesFirst(await closureOf(store, [path]))).toHaveLength(5001);
  });

  test("fail for what is not valid", async () => {
    await expect(closureOf(memory(), ["/nix/store/x"])).rejects.toMatchObject({
      kind: "invalid-path",
    });
  });
});

describe("capabilities", () => {
  test("are named when they are missing", async () => {
    const dummy = new DummyStore(storeDir);
    expect(() => capability(dummy, "writer", "addToStore")).toThrow(
      "operation 'addToStore' is not supported by store 'dummy://'",
    );
    await expect(copyPaths(memory(), dummy, [])).rejects.toMatchObject({ kind: "unsupported" });
    await expect(collect(dummy.nar("/nix/store/x"))).rejects.toMatchObject({
      kind: "invalid-path",
    });
    const other = new MemoryStore(host, { storeDir: "/other" });
    await expect(copyPaths(memory(), other, [])).rejects.toThrow("different store directories");
  });
});

describe("an overlay", () => {
  test("reads from all and writes to the first", async () => {
    const upper = memory();
    const lower = memory();
    const below = await add(lower, "below");
    const overlay = new OverlayStore(upper, [new DummyStore(storeDir), lower]);
    expect((await overlay.info(below))?.path).toBe(below);
    expect(await overlay.validPaths([below])).toEqual(new Set([below]));
    expect(await collect(overlay.nar(below))).toEqual(await collect(lower.nar(below)));
    const added = await capability(overlay, "writer", "addToStore").addContent({
      name: "above",
      method: "flat",
      algorithm: "sha256",
      bytes: () => streamOf("x"),
    });
    expect((await upper.info(added.path))?.path).toBe(added.path);
    expect(await lower.info(added.path)).toBeUndefined();
    expect(await overlay.pathOfHashPart(below.slice(11, 43))).toBe(below);
  });
});

describe("the builder of stores that cannot build", () => {
  test("finds what is there, and says what is not", async () => {
    const store = memory();
    const there = await add(store, "there");
    const gone = `/nix/store/${"0".repeat(32)}-gone`;
    const builder = new ValidBuilder(store, host);
    const [good, bad] = await builder.build([
      { kind: "opaque", path: there },
      { kind: "opaque", path: gone },
    ]);
    expect(good?.status).toBe("already-valid");
    expect(bad).toMatchObject({
      status: "no-substituters",
      errorMessage: `path '${gone}' is required, but there is no substituter that can build it`,
    });
    expect((await builder.missing([{ kind: "opaque", path: gone }])).unknown).toEqual([gone]);
    await expect(builder.ensure(gone)).rejects.toMatchObject({ kind: "invalid-path" });
  });
});

describe("retries", () => {
  const failing = (failures: number, retryAfter?: number): CacheTransport => ({
    uri: "test",
    fetch: async () => {
      if (failures-- > 0) throw new TransientError("busy", retryAfter);
      return streamOf("done");
    },
    exists: async () => true,
    close: async () => {},
  });
  const fetchFrom = async (transport: CacheTransport): Promise<number> => {
    const before = now;
    await new RetryingTransport(transport, host.clock).fetch("key");
    return now - before;
  };

  test("pause longer each time, and as long as the server says", async () => {
    expect(await fetchFrom(failing(0))).toBe(0);
    expect(await fetchFrom(failing(4))).toBe(100 + 200 + 400 + 800);
    expect(await fetchFrom(failing(2, 5000))).toBe(10_000);
    expect(await fetchFrom(failing(1, 10_000_000))).toBe(60_000);
    await expect(fetchFrom(failing(5))).rejects.toThrow("busy (5 attempts)");
  });

  test("end when the caller gives up", async () => {
    const signal = { aborted: true, addEventListener: () => {}, removeEventListener: () => {} };
    const transport = new RetryingTransport(failing(1), host.clock);
    await expect(transport.fetch("key", { signal })).rejects.toMatchObject({ kind: "cancelled" });
  });
});

describe("what is remembered", () => {
  test("is bounded, and forgotten in time", () => {
    now = 0;
    const cache = new PathInfoCache(host.clock, 2);
    cache.set("a", undefined);
    cache.set("b", undefined);
    expect(cache.get("a")).toBeNull();
    cache.set("c", undefined);
    expect(cache.get("b")).toBeUndefined();
    expect(cache.get("a")).toBeNull();
    now = 3_600_001;
    expect(cache.get("a")).toBeUndefined();
  });
});

describe("nix-cache-info", () => {
  test("is read as C++ Nix reads it", () => {
    const text = "StoreDir: /nix/store\nWantMassQuery: 1\nPriority:  40 \nOther\nOdd: x\n";
    const info = { storeDir: "/nix/store", wantMassQuery: true, priority: 40 };
    expect(parseCacheInfo(text)).toEqual(info);
    expect(parseCacheInfo(formatCacheInfo(info))).toEqual(info);
    expect(parseCacheInfo("")).toEqual({});
  });
});
