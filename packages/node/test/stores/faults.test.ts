/**
 * Faults of caches, networks and daemons, injected one by one. Whatever happens, three things hold:
 * the copy works or fails with an error that says why; the destination has nothing but whole, verified
 * objects; and the same copy works as soon as the fault is gone. A table of all faults is printed at the
 * end; what is *lost* there has broken one of the three.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashNar, type NarTree, narBytes, narTreeSource } from "@nivis/formats";
import {
  BinaryCacheStore,
  copyPaths,
  DaemonStore,
  MemoryStore,
  parseSecretKey,
  publicKeyOf,
  RetryingTransport,
  type Store,
  StoreError,
  streamOf,
} from "@nivis/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHashes } from "../../src/node-hashes.ts";
import { unixConnector } from "../../src/stores/duplex-transport.ts";
import { fileCache } from "../../src/stores/file-cache.ts";
import { type HttpCacheOptions, httpCache } from "../../src/stores/http-cache.ts";
import { nodeStoreHost } from "../../src/stores/node-store-host.ts";
import { openStore } from "../../src/stores/open-store.ts";
import { isNixInstalled, NixDaemon } from "./nix-daemon.ts";

const STORE_DIR = "/nix/store";
const folder = mkdtempSync(join(tmpdir(), "nivis-faults-"));
const key = parseSecretKey(
  `test-1:${Buffer.from(nodeStoreHost.signatures.generate()).toString("base64")}`,
);

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => boolean;

/** A fault of a cache. */
interface Fault {
  readonly name: string;
  /** Answers a request in place of the cache; false lets the cache answer. */
  readonly inject?: Answer;
  /** Changes a file before it is served. */
  readonly damage?: (file: string, bytes: Buffer) => Buffer;
  readonly client?: Partial<HttpCacheOptions>;
  /** What the error says; the copy works in spite of the fault if absent. */
  readonly fails?: RegExp;
}

const isNar = (request: IncomingMessage): boolean => request.url?.startsWith("/nar/") === true;
const isInfo = (request: IncomingMessage): boolean => request.url?.endsWith(".narinfo") === true;

/** Answers requests of a kind with a status, so many times. */
function status(
  code: number,
  times: number,
  which = isNar,
  headers: Record<string, string> = {},
): Answer {
  let left = times;
  return (request, response) => {
    if (!which(request) || left === 0) return false;
    left--;
    response.writeHead(code, headers).end("fault");
    return true;
  };
}

/** Sends part of a file and cuts the connection. */
function cut(share: number, times: number): Answer {
  let left = times;
  return (request, response) => {
    if (!isNar(request) || left === 0) return false;
    left--;
    const bytes = readFileSync(join(folder, "cache", request.url as string));
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from });
    response.write(bytes.subarray(from, from + Math.floor((bytes.length - from) * share)), () =>
      setTimeout(() => response.destroy(), 5),
    );
    return true;
  };
}

function narAnswer(send: (response: ServerResponse, bytes: Buffer) => void): Answer {
  return (request, response) => {
    if (!isNar(request)) return false;
    send(response, readFileSync(join(folder, "cache", request.url as string)));
    return true;
  };
}

function narInfo(change: (text: string) => string): NonNullable<Fault["damage"]> {
  return (file, bytes) =>
    file.endsWith(".narinfo") ? Buffer.from(change(bytes.toString("latin1")), "latin1") : bytes;
}

const FAULTS: readonly Fault[] = [
  { name: "404 for a narinfo", inject: status(404, -1, isInfo), fails: /is not valid/ },
  { name: "404 for a NAR", inject: status(404, -1), fails: /does not exist in binary cache/ },
  { name: "403 for a NAR", inject: status(403, -1), fails: /does not exist in binary cache/ },
  { name: "410 for a narinfo", inject: status(410, -1, isInfo), fails: /is not valid/ },
  { name: "500 once", inject: status(500, 1) },
  { name: "500 for the narinfo, twice", inject: status(500, 2, isInfo) },
  { name: "500 for ever", inject: status(500, -1), fails: /HTTP error 500 \(4 attempts\)/ },
  { name: "429 with a time to wait", inject: status(429, 1, isNar, { "retry-after": "0" }) },
  { name: "501, which no repeating mends", inject: status(501, -1), fails: /HTTP error 501$/ },
  { name: "400", inject: status(400, -1), fails: /HTTP error 400/ },
  { name: "401 without a login", inject: login, fails: /HTTP error 401/ },
  {
    name: "401 with a login in netrc",
    inject: login,
    client: { netrc: "machine 127.0.0.1 login me password secret" },
  },
  { name: "cut in the middle, once", inject: cut(0.5, 1) },
  { name: "cut again and again, each time later", inject: cut(0.5, 3) },
  { name: "cut before the first byte, for ever", inject: cut(0, -1), fails: /unable to download/ },
  {
    name: "cut without a length",
    inject: narAnswer((response, bytes) => {
      response.writeHead(200);
      response.write(bytes.subarray(0, bytes.length / 2), () => response.end());
    }),
    fails: /NAR|archive|ended|size mismatch|hash mismatch/,
  },
  {
    name: "a length that is too short",
    inject: narAnswer((response, bytes) => {
      response.writeHead(200, { "content-length": bytes.length - 100 });
      response.end(bytes.subarray(0, bytes.length - 100));
    }),
    fails: /NAR|archive|ended|size mismatch|hash mismatch/,
  },
  {
    name: "more than the NAR",
    inject: narAnswer((response, bytes) => {
      response.writeHead(200).end(Buffer.concat([bytes, Buffer.alloc(1000)]));
    }),
    fails: /NAR|archive|trailing|size mismatch|hash mismatch/,
  },
  {
    name: "one wrong byte in a file",
    damage: (file, bytes) => {
      const changed = Buffer.from(bytes);
      if (file.includes("/nar/")) changed.writeUInt8(1, Math.floor(bytes.length / 2));
      return changed;
    },
    fails: /hash mismatch importing path/,
  },
  {
    name: "a NAR of zeros",
    damage: (file, bytes) => (file.includes("/nar/") ? Buffer.alloc(bytes.length) : bytes),
    fails: /NAR|archive|hash mismatch/,
  },
  {
    name: "a wrong hash in the narinfo",
    damage: narInfo((text) => text.replace(/NarHash: sha256:..../, "NarHash: sha256:0000")),
    fails: /hash mismatch|signature/,
  },
  {
    name: "a wrong size in the narinfo",
    damage: narInfo((text) => text.replace(/NarSize: /, "NarSize: 1")),
    fails: /size|signature/,
  },
  {
    name: "a wrong signature",
    damage: narInfo((text) => text.replace(/^Sig: test-1:..../m, "Sig: test-1:AAAA")),
    fails: /lacks a signature by a trusted key/,
  },
  {
    name: "a signature by somebody else",
    damage: narInfo((text) => text.replace(/^Sig: test-1:/m, "Sig: other-1:")),
    fails: /lacks a signature by a trusted key/,
  },
  {
    name: "no signature",
    damage: narInfo((text) => text.replace(/^Sig: .*\n/m, "")),
    fails: /lacks a signature by a trusted key/,
  },
  { name: "an empty narinfo", damage: narInfo(() => ""), fails: /corrupt/ },
  { name: "a narinfo of noise", damage: narInfo(() => "\0\xff\n\n:::"), fails: /corrupt/ },
  {
    name: "a narinfo that ends in the middle",
    damage: narInfo((text) => text.slice(0, text.length / 2)),
    fails: /corrupt/,
  },
  {
    name: "a narinfo about another path",
    damage: narInfo((text) => text.replace(/(StorePath: .*)object/, "$1another")),
    fails: /is not valid/,
  },
  {
    name: "a narinfo with a file outside of the cache",
    damage: narInfo((text) => text.replace(/URL: .*/, "URL: file:///etc/passwd")),
    fails: /unable to download|does not exist/,
  },
  {
    name: "a compression that nobody has",
    damage: narInfo((text) => text.replace(/Compression: .*/, "Compression: zpaq")),
    fails: /compression 'zpaq' is not supported|invalid Compression/,
  },
  {
    name: "a compression that is not the file's",
    damage: narInfo((text) => text.replace(/Compression: .*/, "Compression: gzip")),
    fails: /cannot decompress gzip/,
  },
  {
    name: "a redirect",
    inject: (request, response) => {
      if (!isNar(request) || request.url?.includes("?") === true) return false;
      response.writeHead(302, { location: `${request.url}?moved` }).end();
      return true;
    },
  },
  {
    name: "a redirect to itself",
    inject: (request, response) => {
      if (!isNar(request)) return false;
      response.writeHead(302, { location: request.url as string }).end();
      return true;
    },
    fails: /too many redirects/,
  },
  {
    name: "a redirect to nonsense",
    inject: status(302, -1, isNar, { location: "ftp://nowhere/" }),
    fails: /unsupported protocol/,
  },
  {
    name: "a server that sends nothing",
    inject: isNar,
    client: { stalledTimeout: 0.2 },
    fails: /Timeout was reached/,
  },
  {
    name: "a slow server",
    inject: narAnswer((response, bytes) => {
      response.writeHead(200, { "content-length": bytes.length });
      const step = Math.ceil(bytes.length / 20);
      const send = (at: number): void => {
        if (at >= bytes.length) response.end();
        else response.write(bytes.subarray(at, at + step), () => setTimeout(send, 10, at + step));
      };
      send(0);
    }),
  },
  {
    name: "something that is not HTTP",
    inject: (request, response) => {
      if (!isNar(request)) return false;
      response.socket?.end("SSH-2.0-OpenSSH_9.2\r\n");
      return true;
    },
    fails: /unable to download/,
  },
];

function login(request: IncomingMessage, response: ServerResponse): boolean {
  const wanted = `Basic ${Buffer.from("me:secret").toString("base64")}`;
  if (request.headers.authorization === wanted) return false;
  response.writeHead(401).end();
  return true;
}

interface Row {
  readonly name: string;
  readonly outcome: "survived" | "refused";
  readonly detail: string;
}

const rows: Row[] = [];
let injected = 0;

/** Copies under a fault and checks what holds whatever happens; see the head of this file. */
async function tryCopy(
  name: string,
  fails: RegExp | undefined,
  path: string,
  source: () => Store,
  healthy: () => Store,
): Promise<void> {
  injected++;
  const root = mkdtempSync(join(folder, "to-"));
  const open = (): Promise<Store> =>
    openStore(`local?root=${root}`, { storeDir: STORE_DIR, trustedKeys: [publicKeyOf(key)] });
  const to = await open();
  let failure: unknown;
  const faulty = source();
  try {
    await copyPaths(faulty, to, [path]);
  } catch (error) {
    failure = error;
  } finally {
    await faulty.close();
  }
  if (fails === undefined) expect(failure, name).toBeUndefined();
  else {
    expect(failure, name).toBeInstanceOf(StoreError);
    expect((failure as StoreError).message).toMatch(fails);
  }
  // What a later process finds.
  const later = await open();
  expect((await later.info(path)) === undefined).toBe(fails !== undefined);
  const objects = join(root, "nix", "store");
  const left = existsSync(objects)
    ? readdirSync(objects).filter((one) => !one.startsWith("."))
    : [];
  expect(left).toEqual(fails === undefined ? [path.slice(STORE_DIR.length + 1)] : []);
  expect(await later.verifier?.verify({ checkContents: true, repair: false })).toBe(false);
  const well = healthy();
  await copyPaths(well, later, [path]);
  await well.close();
  expect((await later.info(path))?.path).toBe(path);
  expect(await later.verifier?.verify({ checkContents: true, repair: false })).toBe(false);
  rows.push({
    name,
    outcome: fails === undefined ? "survived" : "refused",
    detail: failure instanceof Error ? (failure.message.split("\n")[0] as string) : "",
  });
}

afterAll(() => {
  const survived = rows.filter(({ outcome }) => outcome === "survived").length;
  const lines = rows.map(
    ({ name, outcome, detail }) => `  ${name.padEnd(46)} ${outcome}  ${detail.slice(0, 90)}`,
  );
  process.stdout.write(
    `${lines.join("\n")}\ninjected: ${injected}, survived: ${survived}, refused with a reason: ${rows.length - survived}, lost: ${injected - rows.length}\n`,
  );
  rmSync(folder, { recursive: true, force: true });
});

/** The NAR of a directory of some hundred kilobytes. */
function objectNar(): Uint8Array {
  const entries = new Map<string, NarTree>([
    ["data", { type: "regular", executable: false, contents: "0123456789".repeat(30_000) }],
    ["link", { type: "symlink", target: "data" }],
  ]);
  return narBytes(narTreeSource, { type: "directory", entries });
}

describe("a cache behind HTTP", () => {
  let fault: Fault | undefined;
  let server: Server;
  let base: string;
  let path: string;
  let count = 0;

  beforeAll(async () => {
    const directory = join(folder, "cache");
    mkdirSync(directory);
    server = createServer((request, response) => {
      count++;
      if (fault?.inject?.(request, response, count) === true) return;
      const file = join(directory, (request.url as string).replace(/\?.*/, ""));
      let bytes: Buffer;
      try {
        bytes = readFileSync(file);
      } catch {
        response.writeHead(404).end();
        return;
      }
      bytes = fault?.damage?.(file, bytes) ?? bytes;
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from });
      response.end(request.method === "HEAD" ? undefined : bytes.subarray(from));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    // Not addressed by its content, so that its signature counts.
    path = `${STORE_DIR}/${"7".repeat(32)}-object`;
    const nar = objectNar();
    const cache = new BinaryCacheStore(nodeStoreHost, fileCache(directory), {
      storeDir: STORE_DIR,
      compression: "none",
      create: true,
      secretKeys: [key],
    });
    const info = {
      path,
      narHash: { algorithm: "sha256" as const, digest: nodeHashes.hash("sha256", nar) },
      narSize: nar.length,
      references: [],
      registrationTime: 0,
      ultimate: false,
      signatures: [],
    };
    await cache.writer?.add({ info, nar: () => streamOf(nar) });
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function open(client: Partial<HttpCacheOptions> = {}, url = base): BinaryCacheStore {
    const transport = httpCache(url, { userAgent: "test", environment: {}, ...client });
    const retrying = new RetryingTransport(transport, nodeStoreHost.clock, {
      attempts: 4,
      firstPause: 2,
      longestPause: 10,
    });
    return new BinaryCacheStore(nodeStoreHost, retrying, { storeDir: STORE_DIR });
  }

  test.each(FAULTS)("$name", async (given) => {
    fault = given;
    const healthy = (): Store => {
      fault = undefined;
      return open();
    };
    await tryCopy(given.name, given.fails, path, () => open(given.client), healthy);
  });

  test("nobody there", async () => {
    fault = undefined;
    const nowhere = (): Store => open({}, "http://127.0.0.1:1");
    await tryCopy("nobody there", /Could not connect to server/, path, nowhere, open);
  });

  test("a proxy, and hosts that need none", async () => {
    fault = undefined;
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(request.url as string);
      const url = (request.url as string).replace(/^http:\/\/[^/]*/, base);
      void fetch(url).then(async (found) => {
        response.writeHead(found.status).end(Buffer.from(await found.arrayBuffer()));
      });
    });
    // undici asks for a tunnel where it can.
    proxy.on("connect", (request, socket) => {
      seen.push(request.url as string);
      const there = connect((server.address() as AddressInfo).port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        there.pipe(socket).pipe(there);
      });
      for (const one of [there, socket]) one.on("error", () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const through = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const other = "http://cache.invalid";
    const proxied = (): Store => open({ environment: { http_proxy: through } }, other);
    await tryCopy("a host that only a proxy knows", undefined, path, proxied, open);
    expect(seen.length).toBeGreaterThan(0);
    seen.length = 0;
    const direct = (): Store =>
      open({ environment: { http_proxy: through, no_proxy: "127.0.0.1" } });
    await tryCopy("a proxy that is not for this host", undefined, path, direct, open);
    expect(seen).toEqual([]);
    const broken = (): Store => open({ environment: { http_proxy: "http://127.0.0.1:1" } }, other);
    await tryCopy("a proxy that is not there", /unable to download/, path, broken, open);
    proxy.closeAllConnections();
    proxy.close();
  });
});

describe.skipIf(!isNixInstalled)("a daemon", () => {
  const daemon = new NixDaemon("trusted-users = nobody");
  let source: MemoryStore;
  let path: string;

  beforeAll(async () => {
    await daemon.start();
    source = new MemoryStore(nodeStoreHost, { storeDir: daemon.storeDir });
    const added = await source.writer.addContent({
      name: "object",
      method: "nar",
      algorithm: "sha256",
      bytes: () => streamOf(objectNar()),
    });
    path = added.path;
  });
  afterAll(() => daemon.dispose());

  /** A socket before the daemon's; `each` sees all pieces from the client and decides about them. */
  async function between(
    name: string,
    each: (piece: Uint8Array, total: number, cutOff: () => void) => number,
  ): Promise<{ readonly store: DaemonStore; close(): void }> {
    const socketPath = join(daemon.folder, name);
    const listener = createSocketServer((client) => {
      const there = connect(daemon.socket);
      let total = 0;
      let last = Promise.resolve();
      const cutOff = (): void => {
        client.destroy();
        there.destroy();
      };
      client.on("data", (piece) => {
        total += piece.length;
        const pause = each(piece, total, cutOff);
        last = last.then(async () => {
          await new Promise((resolve) => setTimeout(resolve, pause));
          if (!there.destroyed) there.write(piece);
        });
      });
      there.on("data", (piece) => client.write(piece));
      for (const one of [client, there]) one.on("error", cutOff).on("close", cutOff);
    });
    await new Promise<void>((resolve) => listener.listen(socketPath, resolve));
    const store = new DaemonStore(nodeStoreHost, unixConnector(socketPath), {
      uri: `unix://${socketPath}`,
      storeDir: daemon.storeDir,
    });
    return { store, close: () => listener.close() };
  }

  async function tryAdding(
    name: string,
    fails: RegExp | undefined,
    store: DaemonStore,
  ): Promise<void> {
    injected++;
    let failure: unknown;
    try {
      await copyPaths(source, store, [path]);
    } catch (error) {
      failure = error;
    }
    await store.close();
    if (fails === undefined) expect(failure, name).toBeUndefined();
    else {
      expect(failure, name).toBeInstanceOf(StoreError);
      expect((failure as StoreError).message).toMatch(fails);
    }
    const later = daemon.open();
    expect((await later.info(path)) === undefined).toBe(fails !== undefined);
    await copyPaths(source, later, [path]);
    expect(await later.info(path)).toBeDefined();
    await later.close();
    daemon.run("nix-store", "--verify", "--check-contents");
    await daemon.delete(path);
    const detail = failure instanceof Error ? failure.message : "";
    rows.push({ name, outcome: fails === undefined ? "survived" : "refused", detail });
  }

  test("that is slow", async () => {
    const { store, close } = await between("slow", () => 20);
    await tryAdding("a slow daemon", undefined, store);
    close();
  });

  test("that goes away while it is written to", async () => {
    const { store, close } = await between("cut", (_, total, cutOff) => {
      if (total > 100_000) cutOff();
      return 0;
    });
    await tryAdding("a daemon that goes away in the middle", /disconnected unexpectedly/, store);
    close();
  });

  test("that never greets", async () => {
    const socketPath = join(daemon.folder, "silent");
    const clients: { destroy(): void }[] = [];
    const listener = createSocketServer((client) => clients.push(client));
    await new Promise<void>((resolve) => listener.listen(socketPath, resolve));
    const store = new DaemonStore(nodeStoreHost, unixConnector(socketPath), {
      uri: "unix",
      storeDir: daemon.storeDir,
      handshakeTimeout: 100,
    });
    await tryAdding("a daemon that never greets", /did not complete the handshake/, store);
    for (const client of clients) client.destroy();
    listener.close();
  });

  test("that is something else", async () => {
    const socketPath = join(daemon.folder, "other");
    const listener = createSocketServer((client) => client.end("220 mail ESMTP ready for you\r\n"));
    await new Promise<void>((resolve) => listener.listen(socketPath, resolve));
    const store = new DaemonStore(nodeStoreHost, unixConnector(socketPath), {
      uri: "unix",
      storeDir: daemon.storeDir,
    });
    await tryAdding("a socket that is no daemon", /protocol mismatch/, store);
    listener.close();
  });

  test("that does not trust its user", async () => {
    injected++;
    const store = daemon.open();
    expect((await store.facts()).trusted).not.toBe(true);
    const nar = objectNar();
    const { digest, size } = hashNar(
      narTreeSource,
      { type: "regular", executable: false, contents: "x" },
      nodeHashes,
    );
    const info = {
      path: `${daemon.storeDir}/${"9".repeat(32)}-unsigned`,
      narHash: { algorithm: "sha256" as const, digest },
      narSize: size,
      references: [],
      registrationTime: 0,
      ultimate: true,
      signatures: [],
    };
    // Nix: the wish not to check signatures does not count.
    const adding = store.writer.add({ info, nar: () => streamOf(nar) }, { checkSignatures: false });
    const error = await adding.catch((one: unknown) => one);
    expect((error as StoreError).message).toMatch(/lacks a (valid )?signature/);
    expect(await daemon.open().info(info.path)).toBeUndefined();
    rows.push({
      name: "a daemon that does not trust its user",
      outcome: "refused",
      detail: (error as StoreError).message,
    });
    await store.close();
    await tryAdding("the same, for what its content proves", undefined, daemon.open());
  });
});
