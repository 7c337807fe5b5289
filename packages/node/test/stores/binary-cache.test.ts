/** Binary caches: ours read by C++ Nix, C++ Nix's read by us, and servers that misbehave. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NarTree, narBytes, narTreeSource, parseNarInfo } from "@nivis/formats";
import {
  type BinaryCacheOptions,
  BinaryCacheStore,
  type ByteStream,
  type CacheTransport,
  collect,
  copyPaths,
  copyRealisations,
  formatKey,
  MemoryStore,
  outputsOfDerivation,
  parseSecretKey,
  publicKeyOf,
  RetryingTransport,
  type Store,
  streamOf,
  TrustedKeys,
} from "@nivis/store";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DiskNarInfoMemory } from "../../src/stores/disk-narinfo-memory.ts";
import { fileCache } from "../../src/stores/file-cache.ts";
import { httpCache } from "../../src/stores/http-cache.ts";
import { nodeStoreHost } from "../../src/stores/node-store-host.ts";
import { isOnPath } from "../../src/stores/readable.ts";
import { isNixInstalled, NixDaemon } from "./nix-daemon.ts";

const storeDir = "/nix/store";
const folder = mkdtempSync(join(tmpdir(), "nivis-cache-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const secret = parseSecretKey(
  `test-1:${Buffer.from(nodeStoreHost.signatures.generate()).toString("base64")}`,
);
const trusted = new TrustedKeys([publicKeyOf(secret)], nodeStoreHost.signatures);

/** A store with a tree and a text that refers to it. */
async function sampleStore(): Promise<{ store: MemoryStore; tree: string; text: string }> {
  const store = new MemoryStore(nodeStoreHost, { storeDir });
  const entries = new Map<string, NarTree>([
    ["data", { type: "regular", executable: false, contents: "0123456789".repeat(30_000) }],
    ["empty", { type: "regular", executable: true, contents: "" }],
    ["link", { type: "symlink", target: "data" }],
  ]);
  const nar = narBytes(narTreeSource, { type: "directory", entries });
  const tree = await store.writer.addContent({
    name: "tree",
    method: "nar",
    algorithm: "sha256",
    bytes: () => streamOf(nar),
  });
  const text = await store.writer.addContent({
    name: "text",
    method: "text",
    algorithm: "sha256",
    references: [tree.path],
    bytes: () => streamOf(`see ${tree.path}`),
  });
  return { store, tree: tree.path, text: text.path };
}

function cacheIn(directory: string, options: Partial<BinaryCacheOptions> = {}): BinaryCacheStore {
  return new BinaryCacheStore(nodeStoreHost, fileCache(directory), {
    storeDir,
    create: true,
    ...options,
  });
}

describe("a cache in a directory", () => {
  test.each(["none", "gzip", "br", "xz", "zstd", "bzip2"])(
    "gives back what it was given, by %s",
    async (compression) => {
      if (!["none", "gzip", "br"].includes(compression) && !isOnPath(compression)) return;
      const { store, tree, text } = await sampleStore();
      const directory = join(folder, `cache-${compression}`);
      const cache = cacheIn(directory, { compression, writeNarListing: true });
      const { copied } = await copyPaths(store, cache, [text]);
      expect(copied).toEqual([tree, text]);
      expect(await copyPaths(store, cache, [text])).toEqual({ copied: [], bytes: 0 });

      const fresh = cacheIn(directory);
      const back = new MemoryStore(nodeStoreHost, { storeDir });
      await copyPaths(fresh, back, [text]);
      expect(Buffer.compare(await collect(back.nar(tree)), await collect(store.nar(tree)))).toBe(0);
      expect(await fresh.index?.allPaths()).toEqual([text, tree].sort());
      const files = await fresh.files(tree);
      expect(await files.readDirectory("/")).toEqual(["data", "empty", "link"]);
      expect((await collect(files.readFile("/data"))).length).toBe(300_000);
      expect((await collect(files.readFile("/empty"))).length).toBe(0);
      expect(readdirSync(directory).filter((name) => name.includes("tmp"))).toEqual([]);
    },
  );

  test("says which compression it writes instead of one that nobody can", async () => {
    const { store, text } = await sampleStore();
    const warnings: string[] = [];
    const cache = cacheIn(join(folder, "odd"), {
      compression: "lzip",
      warn: (message) => warnings.push(message),
    });
    await copyPaths(store, cache, [text]);
    expect(warnings).toEqual([expect.stringContaining("cannot compress by 'lzip' here")]);
    expect((await cache.info(text))?.compression).not.toBe("lzip");
  });

  test("compresses no more objects at once than there are processors", async () => {
    const store = new MemoryStore(nodeStoreHost, { storeDir });
    const paths: string[] = [];
    for (let i = 0; i < 20; i++) {
      const bytes = () => streamOf(`text ${i}`);
      const name = `text-${i}`;
      paths.push(
        (await store.writer.addContent({ name, method: "text", algorithm: "sha256", bytes })).path,
      );
    }
    let running = 0;
    let most = 0;
    async function* compress(stream: ByteStream): AsyncGenerator<Uint8Array> {
      most = Math.max(most, ++running);
      for await (const piece of stream) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        yield piece;
      }
      running--;
    }
    const host = { ...nodeStoreHost, processors: 3, codecs: { slow: { compress } } };
    const options = { storeDir, create: true, compression: "slow" };
    const cache = new BinaryCacheStore(host, fileCache(join(folder, "slow")), options);
    expect((await copyPaths(store, cache, paths)).copied.length).toBe(20);
    expect(most).toBe(3);
  });

  test("signs, and signatures are checked", async () => {
    const { store, tree } = await sampleStore();
    const cache = cacheIn(join(folder, "signed"), { compression: "none", secretKeys: [secret] });
    await copyPaths(store, cache, [tree]);
    const info = await cacheIn(join(folder, "signed")).info(tree);
    expect(info?.signatures).toEqual([expect.stringMatching(/^test-1:/)]);
    expect(trusted.count(info as NonNullable<typeof info>)).toBe(1);
    const forged = { ...(info as NonNullable<typeof info>), narSize: 7 };
    expect(trusted.count(forged)).toBe(0);

    // Without a content address, only the signature counts.
    const { contentAddress: _, ...plain } = info as NonNullable<typeof info>;
    const picky = new MemoryStore(nodeStoreHost, { storeDir, trustedKeys: trusted });
    await picky.writer.add({ info: plain, nar: () => store.nar(tree) });
    const other = new MemoryStore(nodeStoreHost, { storeDir, trustedKeys: trusted });
    const unsigned = { ...plain, signatures: [] };
    await expect(
      other.writer.add({ info: unsigned, nar: () => store.nar(tree) }),
    ).rejects.toMatchObject({
      kind: "signature",
      message: `cannot add path '${tree}' because it lacks a signature by a trusted key`,
    });
    await other.writer.add(
      { info: unsigned, nar: () => store.nar(tree) },
      { checkSignatures: false },
    );
  });

  test("notices damage", async () => {
    const { store, tree } = await sampleStore();
    const directory = join(folder, "damaged");
    await copyPaths(store, cacheIn(directory, { compression: "none" }), [tree]);
    const [nar] = readdirSync(join(directory, "nar"));
    const file = join(directory, "nar", nar as string);
    const bytes = readFileSync(file);
    bytes[5000] = (bytes[5000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const target = new MemoryStore(nodeStoreHost, { storeDir });
    await expect(copyPaths(cacheIn(directory), target, [tree])).rejects.toThrow(
      `hash mismatch importing path '${tree}'`,
    );
    writeFileSync(file, bytes.subarray(0, 6000));
    await expect(copyPaths(cacheIn(directory), target, [tree])).rejects.toThrow();
    expect(await target.info(tree)).toBeUndefined();
    rmSync(file);
    await expect(copyPaths(cacheIn(directory), target, [tree])).rejects.toThrow("does not exist");
  });

  test("refuses objects whose references are missing, and caches of other stores", async () => {
    const { store, text } = await sampleStore();
    const cache = cacheIn(join(folder, "incomplete"), { compression: "none" });
    await expect(copyPaths(store, cache, [text], { closure: false })).rejects.toThrow(
      "to the binary cache because the reference",
    );
    const other = new BinaryCacheStore(nodeStoreHost, fileCache(join(folder, "incomplete")), {
      storeDir: "/other/store",
    });
    await expect(other.info(text)).rejects.toThrow("is for Nix stores with prefix '/nix/store'");
    const none = new BinaryCacheStore(nodeStoreHost, fileCache(join(folder, "nothing")), {
      storeDir,
    });
    await expect(none.info(text)).rejects.toThrow("does not appear to be a binary cache");
  });

  test("keeps realisations and logs", async () => {
    const cache = cacheIn(join(folder, "traces"));
    const id = { drvPath: `${storeDir}/${"a".repeat(32)}-x.drv`, outputName: "out" };
    const value = { outPath: `${storeDir}/${"b".repeat(32)}-x`, signatures: ["k:c2ln"] };
    expect(await cache.realisations.realisation(id)).toBeUndefined();
    await cache.realisations.register?.({ id, value });
    expect(await cache.realisations.realisation(id)).toEqual(value);
    await cache.logs.addBuildLog?.(id.drvPath, streamOf("a log"));
    const log = await cache.logs.buildLog(id.drvPath);
    expect(Buffer.from(await collect(log as NonNullable<typeof log>)).toString()).toBe("a log");
  });
});

const withNix = isNixInstalled ? describe : describe.skip;

withNix("caches of C++ Nix", () => {
  let daemon: NixDaemon;
  beforeAll(async () => {
    daemon = new NixDaemon();
    await daemon.start();
  });
  afterAll(() => daemon?.dispose());

  test.each(["xz", "bzip2", "zstd", "br", "gzip", "none"])(
    "are read by us: %s",
    async (compression) => {
      const directory = join(folder, `theirs-${compression}`);
      const source = join(folder, "their-source");
      mkdirSync(join(source, "sub"), { recursive: true });
      writeFileSync(join(source, "sub", "file"), `contents ${"x".repeat(200_000)}`);
      const path = daemon.run("nix-store", "--add", source);
      daemon.run(
        "nix",
        "copy",
        "--to",
        `file://${directory}?compression=${compression}&write-nar-listing=1`,
        path,
      );
      const cache = new BinaryCacheStore(nodeStoreHost, fileCache(directory), {
        storeDir: daemon.storeDir,
      });
      const memory = new MemoryStore(nodeStoreHost, { storeDir: daemon.storeDir });
      await copyPaths(cache, memory, [path]);
      const files = await memory.files(path);
      expect((await collect(files.readFile("/sub/file"))).length).toBe(200_009);
      expect((await (await cache.files(path)).list()).type).toBe("directory");
    },
  );

  test.each(["xz", "zstd", "gzip", "none"])("are written by us: %s", async (compression) => {
    if (!["none", "gzip"].includes(compression) && !isOnPath(compression)) return;
    const store = daemon.open();
    const added = await store.writer.addContent({
      name: `ours-${compression}`,
      method: "flat",
      algorithm: "sha256",
      bytes: () => streamOf("y".repeat(100_000)),
    });
    const directory = join(folder, `ours-${compression}`);
    const cache = new BinaryCacheStore(nodeStoreHost, fileCache(directory), {
      storeDir: daemon.storeDir,
      compression,
      secretKeys: [secret],
      create: true,
    });
    await copyPaths(store, cache, [added.path]);
    await store.close();
    await daemon.delete(added.path);
    const key = formatKey(publicKeyOf(secret));
    daemon.run(
      "nix",
      "copy",
      "--from",
      `file://${directory}`,
      added.path,
      "--option",
      "trusted-public-keys",
      key,
    );
    expect(daemon.run("wc", "-c", added.path)).toContain("100000");
    const checked = daemon.run(
      "nix",
      "store",
      "verify",
      "--store",
      `file://${directory}`,
      added.path,
      "--option",
      "trusted-public-keys",
      key,
    );
    expect(checked).toBe("");
  });
});

describe("a cache behind HTTP", () => {
  /** What the server does to a request; `undefined` lets it serve the file. */
  let fault: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  let requests: string[] = [];
  let server: Server;
  let base: string;
  const directory = join(folder, "served");
  const transports: CacheTransport[] = [];
  let tree: string;
  let sample: MemoryStore;

  beforeAll(async () => {
    mkdirSync(directory, { recursive: true });
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      if (fault?.(request, response) === true) return;
      const file = join(directory, request.url as string);
      if (request.method === "PUT") {
        const chunks: Uint8Array[] = [];
        request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        request.on("end", () => {
          mkdirSync(join(file, ".."), { recursive: true });
          writeFileSync(file, Buffer.concat(chunks));
          response.writeHead(201).end();
        });
        return;
      }
      if (!existsSync(file)) {
        response.writeHead(404).end("no such file");
        return;
      }
      const bytes = readFileSync(file);
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
      if (range === null) {
        response.writeHead(200, { "content-length": bytes.length });
        response.end(request.method === "HEAD" ? undefined : bytes);
        return;
      }
      const end = range[2] === "" ? bytes.length : Number(range[2]) + 1;
      response.writeHead(206).end(bytes.subarray(Number(range[1]), end));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const found = await sampleStore();
    sample = found.store;
    tree = found.tree;
  });
  afterAll(async () => {
    for (const transport of transports) await transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => {
    fault = undefined;
    requests = [];
  });

  function open(options: Partial<BinaryCacheOptions> = {}): BinaryCacheStore {
    const transport = httpCache(base, { userAgent: "test", environment: {}, stalledTimeout: 0.3 });
    transports.push(transport);
    const retrying = new RetryingTransport(transport, nodeStoreHost.clock, {
      attempts: 4,
      firstPause: 5,
      longestPause: 20,
    });
    return new BinaryCacheStore(nodeStoreHost, retrying, { storeDir, create: true, ...options });
  }

  async function fetchTree(store: Store): Promise<MemoryStore> {
    const memory = new MemoryStore(nodeStoreHost, { storeDir });
    await copyPaths(store, memory, [tree]);
    return memory;
  }

  test("is written by PUT and read by GET", async () => {
    writeFileSync(join(directory, "nix-cache-info"), `StoreDir: ${storeDir}\nPriority: 17\n`);
    const cache = open({ compression: "none", writeNarListing: true });
    await copyPaths(sample, cache, [tree]);
    expect(cache.priority).toBe(17);
    expect(requests.filter((one) => one.startsWith("PUT"))).toHaveLength(3);
    expect(requests.findIndex((one) => one.includes("PUT /nar/"))).toBeLessThan(
      requests.findIndex((one) => /PUT .*narinfo/.test(one)),
    );
    const memory = await fetchTree(open());
    expect(Buffer.compare(await collect(memory.nar(tree)), await collect(sample.nar(tree)))).toBe(
      0,
    );
  });

  test("gives ranges of uncompressed NARs", async () => {
    const files = await open().files(tree);
    requests = [];
    const sent: (string | undefined)[] = [];
    fault = (request) => {
      sent.push(request.headers.range);
      return false;
    };
    expect((await collect(files.readFile("/data"))).length).toBe(300_000);
    expect(sent).toEqual([expect.stringMatching(/^bytes=\d+-\d+$/)]);
  });

  test("is asked again after errors that may pass, and not after others", async () => {
    let failures = 3;
    fault = (request, response) => {
      if (!request.url?.endsWith(".narinfo") || failures-- <= 0) return false;
      response.writeHead(failures === 1 ? 429 : 500, { "retry-after": "0" }).end();
      return true;
    };
    await fetchTree(open());
    failures = 100;
    await expect(fetchTree(open())).rejects.toThrow(/HTTP error 500 \(4 attempts\)/);
    fault = (_, response) => {
      response.writeHead(401).end();
      return true;
    };
    requests = [];
    await expect(fetchTree(open())).rejects.toThrow("HTTP error 401");
    expect(requests).toHaveLength(1);
  });

  test("takes up a download where it broke off", async () => {
    let cuts = 3;
    fault = (request, response) => {
      if (!request.url?.startsWith("/nar/") || cuts-- <= 0) return false;
      const bytes = readFileSync(join(directory, request.url));
      const from = Number(/(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(from === 0 ? 200 : 206, { "content-length": bytes.length - from });
      response.write(bytes.subarray(from, from + 50_000), () => response.destroy());
      return true;
    };
    const memory = await fetchTree(open());
    expect(Buffer.compare(await collect(memory.nar(tree)), await collect(sample.nar(tree)))).toBe(
      0,
    );
    expect(requests.filter((one) => one.includes("/nar/"))).toHaveLength(4);
  });

  test("gives up on a server that sends nothing", async () => {
    fault = (request) => request.url?.startsWith("/nar/") ?? false;
    await expect(fetchTree(open())).rejects.toThrow("Timeout was reached");
  });

  test("takes 403 for missing, follows redirects, but not for ever", async () => {
    fault = (request, response) => {
      if (!request.url?.endsWith(".narinfo")) return false;
      response.writeHead(403).end();
      return true;
    };
    expect(await open().info(tree)).toBeUndefined();
    fault = (request, response) => {
      if (request.url?.startsWith("/nar/") !== true || request.url.includes("?")) return false;
      response.writeHead(302, { location: `${request.url}?moved` }).end();
      return true;
    };
    await expect(fetchTree(open())).rejects.toThrow(/404|does not exist/);
    fault = (request, response) => {
      response.writeHead(302, { location: request.url as string }).end();
      return true;
    };
    await expect(open().info(tree)).rejects.toThrow("too many redirects");
  });

  test("says so when nobody is there", async () => {
    const transport = httpCache("http://127.0.0.1:1", { userAgent: "test", environment: {} });
    const store = new BinaryCacheStore(nodeStoreHost, transport, { storeDir });
    await expect(store.info(tree)).rejects.toThrow("Could not connect to server");
  });

  test("is remembered between processes, found or missing", async () => {
    let now = 1000;
    const remember = (): DiskNarInfoMemory =>
      new DiskNarInfoMemory(join(folder, "memory"), { positive: 100, negative: 10 }, () => now);
    const gone = `${storeDir}/${"z".repeat(32)}-gone`;
    const ask = async (): Promise<number> => {
      requests = [];
      const cache = open({ memory: remember() });
      expect((await cache.info(tree))?.path).toBe(tree);
      expect(await cache.info(gone)).toBeUndefined();
      return requests.filter((one) => one.endsWith(".narinfo")).length;
    };
    expect(await ask()).toBe(2);
    expect(await ask()).toBe(0);
    now += 50;
    expect(await ask()).toBe(1);
    now += 1000;
    expect(await ask()).toBe(2);
    const [file] = readdirSync(join(folder, "memory"));
    writeFileSync(join(folder, "memory", file as string), "half a li", { flag: "a" });
    expect(await ask()).toBe(0);
  });

  test("is not believed when a narinfo is about something else", async () => {
    const info = readFileSync(join(directory, `${tree.slice(11, 43)}.narinfo`), "latin1");
    expect(parseNarInfo(info, "x", storeDir).storePath).toBe(tree);
    fault = (request, response) => {
      if (!request.url?.endsWith(".narinfo")) return false;
      response.end(info.replace(tree, tree.replace("-tree", "-other")));
      return true;
    };
    expect(await open().info(tree)).toBeUndefined();
    fault = (request, response) => {
      if (!request.url?.endsWith(".narinfo")) return false;
      response.end("nonsense");
      return true;
    };
    await expect(open().info(tree)).rejects.toThrow("is corrupt");
  });
});

/** What C++ Nix 2.36 made of a chain of derivations, of which `b` and `c` are addressed by their content. */
describe("outputs that only realisations know", () => {
  const DERIVATIONS: [path: string, references: string[], text: string][] = [
    [
      "/nix/store/h0qb3wmwhkx4nsnnlp5janwnw1bz9ng8-a.drv",
      [],
      `Derive([("out","/nix/store/ggbqg8lqjwj75wznkv03h0x2bjr2in0j-a","","")],[],[],"x86_64-linux","/bin/sh",["-c","echo a > $out"],[("builder","/bin/sh"),("name","a"),("out","/nix/store/ggbqg8lqjwj75wznkv03h0x2bjr2in0j-a"),("system","x86_64-linux")])`,
    ],
    [
      "/nix/store/nlv0g0nv61nvxi08339zbxck5mhg1662-b.drv",
      ["/nix/store/h0qb3wmwhkx4nsnnlp5janwnw1bz9ng8-a.drv"],
      `Derive([("dev","","r:sha256",""),("out","","r:sha256","")],[("/nix/store/h0qb3wmwhkx4nsnnlp5janwnw1bz9ng8-a.drv",["out"])],[],"x86_64-linux","/bin/sh",["-c","echo b /nix/store/ggbqg8lqjwj75wznkv03h0x2bjr2in0j-a > $out; echo dev > $dev"],[("builder","/bin/sh"),("dev","/02qcpld1y6xhs5gz9bchpxaw0xdhmsp5dv88lh25r2ss44kh8dxz"),("name","b"),("out","/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"),("outputHashAlgo","sha256"),("outputHashMode","recursive"),("outputs","out dev"),("system","x86_64-linux")])`,
    ],
    [
      "/nix/store/70k0s6n7bd7n1wx6hz9i0fs2cbc6q4wf-c.drv",
      ["/nix/store/nlv0g0nv61nvxi08339zbxck5mhg1662-b.drv"],
      `Derive([("out","","r:sha256","")],[("/nix/store/nlv0g0nv61nvxi08339zbxck5mhg1662-b.drv",["dev","out"])],[],"x86_64-linux","/bin/sh",["-c","echo /0p1648hk8rsh079c5almk61lyaqmwv2valjcnda85kqg0nqpq5xi /18f4a0ylfirc8qc1rqzhnl8yfakkcc7ldwin05nv17367yj8kpx2 > $out"],[("builder","/bin/sh"),("name","c"),("out","/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"),("outputHashAlgo","sha256"),("outputHashMode","recursive"),("system","x86_64-linux")])`,
    ],
    [
      "/nix/store/6y1yfksij4gikc1d4xmk2dwaprx2fdvg-d.drv",
      ["/nix/store/70k0s6n7bd7n1wx6hz9i0fs2cbc6q4wf-c.drv"],
      `Derive([("out","","","")],[("/nix/store/70k0s6n7bd7n1wx6hz9i0fs2cbc6q4wf-c.drv",["out"])],[],"x86_64-linux","/bin/sh",["-c","echo /16kz0zqinp7zpxgxhlmvk0yr9d3ij2571aaw9v8jkid23v3qkqf7 > $out"],[("builder","/bin/sh"),("name","d"),("out",""),("system","x86_64-linux")])`,
    ],
  ];
  const [a, b, c, d] = DERIVATIONS.map(([path]) => path) as [string, string, string, string];
  const REALISED: [resolved: string, output: string, path: string][] = [
    [
      "/nix/store/n1kcz50wzrv7bcij5b2zhai0mb4pdsrq-b.drv",
      "out",
      "/nix/store/m6d9xqnhgjgzs4j79hpz40iks17z7awr-b",
    ],
    [
      "/nix/store/n1kcz50wzrv7bcij5b2zhai0mb4pdsrq-b.drv",
      "dev",
      "/nix/store/pb6cz57kgy43iqljp69m95yszp77p0xl-b-dev",
    ],
    [
      "/nix/store/6n8zgdpmhyrvhma9rixzvy475wk0g6gb-c.drv",
      "out",
      "/nix/store/z3n669qv49d5dik8zh2r6iihgkl9qd9n-c",
    ],
    [
      "/nix/store/g7f4k13cgn67rhaqvnrxv2j0yvbzf2sl-d.drv",
      "out",
      "/nix/store/qfrlpypcg2pnqj077ywli194xnzxcbsj-d",
    ],
  ];

  async function cacheWith(realised: readonly (typeof REALISED)[number][]) {
    const cache = cacheIn(mkdtempSync(join(folder, "realised-")), { compression: "none" });
    for (const [path, references, text] of DERIVATIONS) {
      const name = path.slice("/nix/store/".length + 33);
      const bytes = () => streamOf(text);
      const added = { name, method: "text", algorithm: "sha256", references, bytes } as const;
      expect((await cache.writer?.addContent(added))?.path).toBe(path);
    }
    for (const [drvPath, outputName, outPath] of realised) {
      await cache.realisations.register?.({
        id: { drvPath, outputName },
        value: { outPath, signatures: [] },
      });
    }
    return cache;
  }

  test("are found by the derivation with resolved inputs", async () => {
    const cache = await cacheWith(REALISED);
    const outputs = (path: string) => outputsOfDerivation(cache, path, nodeStoreHost);
    expect(Object.fromEntries(await outputs(b))).toEqual({
      dev: REALISED[1]?.[2],
      out: REALISED[0]?.[2],
    });
    expect([...(await outputs(c)).values()]).toEqual([REALISED[2]?.[2]]);
    expect([...(await outputs(d)).values()]).toEqual([REALISED[3]?.[2]]);
    expect([...(await outputs(a)).values()]).toEqual([
      "/nix/store/ggbqg8lqjwj75wznkv03h0x2bjr2in0j-a",
    ]);
  });

  test("are unknown if one on the way is", async () => {
    const cache = await cacheWith(REALISED.slice(1));
    expect(await outputsOfDerivation(cache, d, nodeStoreHost)).toEqual(
      new Map([["out", undefined]]),
    );
    expect((await outputsOfDerivation(cache, b, nodeStoreHost)).get("dev")).toBe(REALISED[1]?.[2]);
  });

  test("are copied with all that lead to them", async () => {
    const from = await cacheWith(REALISED);
    const to = await cacheWith([]);
    await copyRealisations(from, to, [{ drvPath: d, outputName: "out" }], nodeStoreHost);
    expect([...(await outputsOfDerivation(to, d, nodeStoreHost)).values()]).toEqual([
      REALISED[3]?.[2],
    ]);
  });
});

test("an index of debugging information names the archive and the member of each build ID", async () => {
  const store = new MemoryStore(nodeStoreHost, { storeDir });
  const file: NarTree = { type: "regular", executable: false, contents: "symbols" };
  const inside = (names: readonly string[], leaf: NarTree): NarTree =>
    names.reduceRight<NarTree>(
      (inner, name) => ({ type: "directory", entries: new Map([[name, inner]]) }),
      leaf,
    );
  const id = `${"ab".repeat(19)}.debug`;
  const nar = narBytes(narTreeSource, inside(["lib", "debug", ".build-id", "02", id], file));
  const bytes = () => streamOf(nar);
  const { path } = await store.writer.addContent({
    name: "debug",
    method: "nar",
    algorithm: "sha256",
    bytes,
  });
  const directory = join(folder, "debug");
  const cache = cacheIn(directory, { compression: "none", indexDebugInfo: true });
  await copyPaths(store, cache, [path]);
  expect(JSON.parse(readFileSync(join(directory, "debuginfo", `02${id}`), "utf8"))).toEqual({
    archive: `../${(await cache.info(path))?.url}`,
    member: `lib/debug/.build-id/02/${id}`,
  });
});
