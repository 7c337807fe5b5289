/**
 * Forges and tarballs over TLS, through the client of Node and the caches on disk: what is asked, what
 * goes wrong on the way, and what is left on disk.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Fetcher, type FetchSettings } from "@nivis/fetch";
import { marked, parseFlakeRef } from "@nivis/formats";
import { type NodeFetchHost, nodeFetchHost } from "@nivis/node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { tarArchive } from "../../../fetch/test/tar-builder.ts";
import { startServer, type TestServer } from "./https-server.ts";

const REV = "0123456789abcdef0123456789abcdef01234567";
const ARCHIVE = gzipSync(
  tarArchive([
    { name: "r-1/", type: "5", modified: 1 },
    { name: "r-1/flake.nix", contents: "{ outputs = _: { }; }", modified: 1234 },
    { name: "r-1/big", contents: "x".repeat(200_000), modified: 12 },
  ]),
);
const COMMIT = `api.github.com/repos/o/r/commits/HEAD`;
const TARBALL = `github.com/o/r/archive/${REV}.tar.gz`;

let folder: string;
let server: TestServer;
let hosts: NodeFetchHost[] = [];
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "nivis-forges-"));
  server = await startServer(folder, [
    "github.com",
    "api.github.com",
    "h.example",
    "other.example",
  ]);
});
beforeEach(() => {
  server.requests.length = 0;
  count++;
});
afterAll(async () => {
  for (const host of hosts) await host.close();
  hosts = [];
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function setUp(settings: Partial<FetchSettings> = {}, certificateFile = server.certificateFile) {
  const warnings: string[] = [];
  const host = nodeFetchHost({
    environment: { NIX_SSL_CERT_FILE: certificateFile },
    reporter: { warn: (message) => warnings.push(message), begin: () => () => {} },
    stalledTimeout: 1,
    connectTo: () => ({ host: "127.0.0.1", port: server.port }),
  });
  hosts.push(host);
  const cacheDirectory = join(folder, `cache-${count}`);
  const quick = { ...host, sleep: async () => {} };
  return { fetcher: new Fetcher(quick, { settings, cacheDirectory }), warnings, cacheDirectory };
}

function serve(routes: Readonly<Record<string, TestServer["respond"]>>): void {
  server.respond = (request, response, url) => {
    const route = routes[url];
    if (route === undefined) response.writeHead(404).end("there is nothing here");
    else route(request, response, url);
  };
}

function body(contents: string | Uint8Array, headers = {}): TestServer["respond"] {
  return (_request, response) => response.writeHead(200, headers).end(contents);
}

const GOOD = { [COMMIT]: body(JSON.stringify({ sha: REV })), [TARBALL]: body(ARCHIVE) };

/** The first time something else happens than later. */
function firstThen(
  first: TestServer["respond"],
  then: TestServer["respond"],
): TestServer["respond"] {
  let isFirst = true;
  return (...args) => {
    if (isFirst) first(...args);
    else then(...args);
    isFirst = false;
  };
}

test("a flake from a forge, and again without the network", async () => {
  serve(GOOD);
  const { fetcher } = setUp();
  const { locked, tree, narHash } = await fetcher.fetch(parseFlakeRef("github:o/r").input);
  expect(locked.attrs.get("rev")).toBe(REV);
  expect(locked.attrs.get("lastModified")).toBe(1234);
  expect(tree.readFile("/flake.nix")).toBe("{ outputs = _: { }; }");
  expect(tree.readBytes("/big")).toHaveLength(200_000);
  expect(server.requests.map(({ url }) => url)).toEqual([COMMIT, TARBALL]);
  server.respond = (_request, response) => response.destroy();
  const offline = setUp({ tarballTtl: Number.MAX_SAFE_INTEGER }).fetcher;
  const again = await offline.fetch(parseFlakeRef("github:o/r").input);
  expect(again.locked.attrs).toEqual(locked.attrs);
  expect(await again.narHash()).toBe(await narHash());
  expect(again.tree.readFile("/flake.nix")).toBe("{ outputs = _: { }; }");
});

describe("passes over", () => {
  const faults: Readonly<Record<string, TestServer["respond"]>> = {
    "an error of the server": (_request, response) => response.writeHead(502).end("bad gateway"),
    "a limit of requests": (_request, response) =>
      response.writeHead(429, { "retry-after": "1" }).end("later"),
    "a connection that is cut": (_request, response) => response.destroy(),
    "a body that breaks off": (_request, response) => {
      response.writeHead(200, { "content-length": String(ARCHIVE.length) });
      response.write(ARCHIVE.subarray(0, 20));
      setTimeout(() => response.destroy(), 20);
    },
    "a body that stands still": (_request, response) => {
      response.writeHead(200, { "content-length": String(ARCHIVE.length) });
      response.write(ARCHIVE.subarray(0, 20));
    },
  };
  test.each(Object.entries(faults))("%s", async (_what, fault) => {
    serve({ ...GOOD, [TARBALL]: firstThen(fault, body(ARCHIVE)) });
    const { fetcher, warnings, cacheDirectory } = setUp();
    const { tree } = await fetcher.fetch(parseFlakeRef("github:o/r").input);
    expect(tree.fileType("/big")).toBe("regular");
    expect(warnings.join("\n")).toMatch(
      /unable to download '.*'.*retrying in \d+ ms \(attempt 1\/5\)/s,
    );
    expect(leftovers(cacheDirectory)).toEqual([]);
  });
});

/** Files that were begun and not finished. */
function leftovers(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.draft-|\.lock$/.test(name),
  );
}

describe("fails on", () => {
  const fetching = async (settings: Partial<FetchSettings> = {}, certificateFile?: string) => {
    const { fetcher, cacheDirectory } = setUp(settings, certificateFile);
    const error: Error & { notes?: unknown[] } = await fetcher
      .fetch(parseFlakeRef("github:o/r").input)
      .then(
        () => new Error("it worked"),
        (thrown) => thrown,
      );
    expect(error.notes).toEqual([
      { text: marked`while fetching the input '${"github:o/r"}'`, place: undefined },
    ]);
    if (readdirSync(folder).includes(`cache-${count}`))
      expect(leftovers(cacheDirectory)).toEqual([]);
    return error.message;
  };

  test("what is not there, with what the server says", async () => {
    serve({});
    expect(await fetching()).toBe(
      "unable to download 'https://api.github.com/repos/o/r/commits/HEAD': HTTP error 404\n\nresponse body:\n\nthere is nothing here",
    );
  });

  test("a limit of requests, with a way out", async () => {
    serve({
      [COMMIT]: (_request, response) =>
        response.writeHead(403, { "x-ratelimit-remaining": "0" }).end("rate limit exceeded"),
    });
    expect(await fetching()).toContain("access-tokens = github.com=TOKEN");
  });

  test("an archive that is cut and complete all the same", async () => {
    serve({ ...GOOD, [TARBALL]: body(ARCHIVE.subarray(0, ARCHIVE.length - 30)) });
    expect(await fetching()).toMatch(/Failed to open archive \(the archive is not valid gzip/);
  });

  test("an archive that unpacks to too much", async () => {
    serve(GOOD);
    expect(await fetching({ maxUnpackedSize: 1000 })).toContain("holds more than 1000 bytes");
  });

  test("a page in the place of an archive", async () => {
    serve({ ...GOOD, [TARBALL]: body("<html>Please log in</html>".repeat(40)) });
    expect(await fetching()).toMatch(/Failed to open archive \(Unrecognized archive format\)/);
  });

  test("a certificate that nobody has signed that we trust", async () => {
    const other = join(folder, "other");
    mkdirSync(other);
    const stranger = await startServer(other, ["github.com"]);
    await stranger.close();
    serve(GOOD);
    expect(await fetching({}, stranger.certificateFile)).toMatch(
      /^unable to download '.*': SSL peer certificate or SSH remote key was not OK \(60\)/,
    );
    expect(server.requests).toEqual([]);
  });

  test("certificates that are not there", async () => {
    const { fetcher } = setUp({}, join(folder, "none.pem"));
    await expect(fetcher.fetch(parseFlakeRef("github:o/r").input)).rejects.toThrow(
      `cannot read the certificates in "${join(folder, "none.pem")}": No such file or directory`,
    );
  });
});

describe("tarballs", () => {
  const URL = "https://h.example/x.tar.gz";

  test("follow redirects and are locked to the immutable URL", async () => {
    serve({
      "h.example/x.tar.gz": (_request, response) =>
        response
          .writeHead(302, {
            location: "https://other.example/real",
            link: `<https://h.example/fixed.tar.gz?rev=${REV}&revCount=3>; rel="immutable"`,
          })
          .end(),
      "other.example/real": body(ARCHIVE),
    });
    const { fetcher } = setUp({ netrc: "machine h.example login me password pw" });
    const { locked } = await fetcher.fetch(parseFlakeRef(URL).input);
    expect(Object.fromEntries(locked.attrs)).toMatchObject({
      url: "https://h.example/fixed.tar.gz",
      rev: REV,
      revCount: 3,
    });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${Buffer.from("me:pw").toString("base64")}`,
      undefined,
    ]);
  });

  test("are kept as long as the server says that they have not changed", async () => {
    serve({
      "h.example/x.tar.gz": (request, response) => {
        if (request.headers["if-none-match"] === '"1"') response.writeHead(304).end();
        else response.writeHead(200, { etag: '"1"' }).end(ARCHIVE);
      },
    });
    const input = parseFlakeRef(URL).input;
    const first = await setUp().fetcher.fetch(input);
    const second = await setUp({ tarballTtl: 0 }).fetcher.fetch(input);
    expect(second.locked.attrs).toEqual(first.locked.attrs);
    expect(server.requests).toHaveLength(2);
  });

  test("may come with a content encoding", async () => {
    serve({ "h.example/x.tar.gz": body(gzipSync(ARCHIVE), { "content-encoding": "gzip" }) });
    const { tree } = await setUp().fetcher.fetch(parseFlakeRef(URL).input);
    expect(tree.fileType("/flake.nix")).toBe("regular");
  });

  test("that are damaged in the cache are fetched again", async () => {
    serve({ "h.example/x.tar.gz": body(ARCHIVE) });
    const input = parseFlakeRef(URL).input;
    const { fetcher, cacheDirectory } = setUp();
    await fetcher.fetch(input);
    const trees = join(cacheDirectory, "trees");
    for (const name of readdirSync(trees)) writeFileSync(join(trees, name), "damaged");
    for (const name of readdirSync(join(cacheDirectory, "fetches", "tarball"))) {
      writeFileSync(join(cacheDirectory, "fetches", "tarball", name), "{ damaged");
    }
    const { tree } = await setUp().fetcher.fetch(input);
    expect(tree.readFile("/flake.nix")).toBe("{ outputs = _: { }; }");
  });

  test("many at once are downloaded once", async () => {
    serve({
      "h.example/x.tar.gz": (_request, response) => setTimeout(() => response.end(ARCHIVE), 50),
    });
    const fetchers = Array.from({ length: 5 }, () => setUp().fetcher);
    const input = parseFlakeRef(URL).input;
    const all = await Promise.all(fetchers.map((fetcher) => fetcher.fetch(input)));
    expect(new Set(all.map(({ locked }) => locked.attrs.get("narHash"))).size).toBe(1);
    expect(server.requests).toHaveLength(1);
  });
});
