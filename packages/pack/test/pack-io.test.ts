/** Evaluation over a pack gives what evaluation over the tree gives, with few bytes and after failures. */
import { type EvalIo, Evaluation, memoryIo } from "@nivis/eval";
import { describe, expect, test } from "vitest";
import { bytesSource, memoryCache, packIo, profileOfTrace } from "../src/index.ts";
import { FILES, packOf, server, treeIo } from "./pack-doubles.ts";

const open = (bytes: Uint8Array, base?: EvalIo) =>
  packIo(bytesSource(bytes), { at: "/tree", ...(base === undefined ? {} : { base }) });

async function evaluate(io: EvalIo, text: string): Promise<string> {
  const evaluation = new Evaluation({ io });
  const value = await evaluation.deepForceAsync(evaluation.loadText(text));
  return evaluation.print(value);
}

test.each([
  "(import /tree {}).double 21",
  "(import /tree {}).names",
  '(import /tree { system = "x86_64-linux"; }).pkg.drvPath',
  "builtins.readDir /tree",
  "builtins.readFileType /tree/link",
  "builtins.readFile /tree/link/src/link",
  "builtins.readFile /tree/pkgs/pkg/src/empty",
  'builtins.hashFile "sha256" /tree/pkgs/pkg/src/data',
  "builtins.pathExists /tree/nothing/below",
  "builtins.pathExists /tree/default.nix/below",
  "builtins.attrNames (builtins.readDir /tree/hollow)",
  '"${/tree/pkgs}"',
  '"${/tree/hollow}"',
  '"${/tree/pkgs/pkg/build.sh}"',
  'builtins.filterSource (path: type: baseNameOf path != "data") /tree/pkgs',
  'builtins.path { path = /tree/pkgs/pkg/a.patch; recursive = false; name = "a"; }',
  "builtins.readDir /.",
])("%s", async (text) => {
  expect(await evaluate(await open(packOf()), text)).toBe(await evaluate(treeIo(), text));
});

test.each([
  ["builtins.readFile /tree/nothing", "path '/tree/nothing' does not exist"],
  ["builtins.readFile /tree/lib", "file '/tree/lib' is not a regular file"],
  ["builtins.readDir /tree/default.nix", "'/tree/default.nix' is not a directory"],
  ["builtins.readFile /tree/loop", "infinite symlink recursion in path '/tree/loop'"],
])("%s fails", async (text, message) => {
  await expect(evaluate(await open(packOf()), text)).rejects.toThrow(message);
  await expect(evaluate(treeIo(), text)).rejects.toThrow();
});

test("what is outside of the pack comes from the base, also through a symlink", async () => {
  const base = memoryIo({ files: { "/elsewhere/file": "outside", "/a": "1" } });
  const io = await open(packOf(), base);
  expect(await evaluate(io, "builtins.readFile /tree/out")).toBe('"outside"');
  expect(await evaluate(io, "builtins.attrNames (builtins.readDir /.)")).toBe(
    '[ "a" "elsewhere" "tree" ]',
  );
});

test("a pack may lie below directories that the base has not", async () => {
  const io = await packIo(bytesSource(packOf()), { at: "/deep/er/tree" });
  expect(await evaluate(io, "builtins.readDir /deep")).toBe('{ er = "directory"; }');
  expect(await evaluate(io, "(import /deep/er/tree {}).double 2")).toBe("4");
});

test("a source that is only hashed is not read", async () => {
  const files = { ...FILES, "/tree/pkgs/pkg/src/large": randomText(400_000) };
  const bytes = packOf(treeIo({ files }));
  const { fetch, asked } = server(bytes);
  const io = await packIo("http://host/p", { at: "/tree", fetch, cache: undefined });
  const text = "(import /tree {}).pkg.drvPath";
  expect(await evaluate(io, text)).toBe(await evaluate(treeIo({ files }), text));
  expect(io.reader.transfer.bytes).toBeLessThan(150_000);
  expect(asked.length).toBe(io.reader.transfer.requests);
});

test("a file of several blocks is put together", async () => {
  const large = randomText(300_001);
  const files = { ...FILES, "/tree/large": large };
  const io = await open(packOf(treeIo({ files })));
  expect(await evaluate(io, "builtins.stringLength (builtins.readFile /tree/large)")).toBe(
    "300001",
  );
  const text = 'builtins.hashFile "sha256" /tree/large';
  expect(await evaluate(io, text)).toBe(await evaluate(treeIo({ files }), text));
});

describe("profiles", () => {
  const noise = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`/tree/a${i}/default.nix`, randomText(60_000)]),
  );
  const files = { ...noise, ...FILES };
  const text = "(import /tree {}).pkg.drvPath";
  const trace = [
    { kind: "type", path: "/tree" },
    { kind: "file", path: "/tree/default.nix" },
    { kind: "file", path: "/tree/lib/default.nix" },
    { kind: "file", path: "/tree/pkgs/pkg/default.nix" },
    { kind: "executable", path: "/tree/pkgs/pkg/a.patch" },
    { kind: "file", path: "/tree/pkgs/pkg/a.patch" },
    { kind: "directory", path: "/tree/pkgs/pkg/src" },
    { kind: "environment", name: "HOME" },
  ];
  const lines = trace.map((line) => JSON.stringify(line)).join("\n");

  test("a trace names files, directories and what is only hashed", () => {
    const profile = profileOfTrace(lines, "/tree", "pkg");
    expect(profile.files).toEqual(["/default.nix", "/lib/default.nix", "/pkgs/pkg/default.nix"]);
    expect(profile.hashed).toEqual(["/pkgs/pkg/a.patch"]);
    expect(profile.directories).toEqual(["/", "/lib", "/pkgs", "/pkgs/pkg", "/pkgs/pkg/src"]);
  });

  test("a trace of another tree, and lines that are not JSON, are refused", () => {
    expect(() => profileOfTrace(lines, "/other", "pkg")).toThrow("says nothing about '/other'");
    expect(() => profileOfTrace("{\n", "/tree", "pkg")).toThrow("line 1 of the trace 'pkg'");
  });

  test("make an evaluation read the beginning of the pack only", async () => {
    const profiles = [profileOfTrace(lines, "/tree", "pkg")];
    const expected = await evaluate(treeIo({ files }), text);
    const transferred = async (bytes: Uint8Array): Promise<number> => {
      const { fetch } = server(bytes);
      const io = await packIo("http://host/p", { at: "/tree", fetch, cache: undefined });
      expect(await evaluate(io, text)).toBe(expected);
      return io.reader.transfer.bytes;
    };
    const ordered = packOf(treeIo({ files }), { profiles });
    expect(await transferred(ordered)).toBeLessThan(70_000);
    expect(await transferred(packOf(treeIo({ files })))).toBeGreaterThan(120_000);
  });
});

describe("what goes wrong", () => {
  test("a server without ranges is asked once", async () => {
    const { fetch, asked } = server(packOf(), false);
    const io = await packIo("http://host/p", { at: "/tree", fetch, cache: undefined });
    await evaluate(io, "(import /tree {}).pkg.drvPath");
    expect(asked.length).toBe(1);
  });

  test("a second visit asks nothing, and works without a server", async () => {
    const bytes = packOf();
    const cache = memoryCache();
    const { fetch } = server(bytes);
    const first = await packIo("http://host/p", { at: "/tree", fetch, cache });
    const text = "(import /tree {}).pkg.drvPath";
    const value = await evaluate(first, text);
    const offline = async (): Promise<never> => {
      throw new TypeError("no network");
    };
    const second = await packIo("http://host/p", { at: "/tree", fetch: offline, cache });
    expect(await evaluate(second, text)).toBe(value);
    expect(second.reader.transfer).toEqual({ requests: 0, bytes: 0 });
  });

  test("a damaged cache is not used", async () => {
    const cache = memoryCache();
    const { fetch } = server(packOf());
    const options = { at: "/tree", fetch, cache };
    const value = await evaluate(await packIo("http://host/p", options), "(import /tree {}).names");
    for (const [key, bytes] of cache.entries) await cache.set(key, bytes.slice(1));
    expect(await evaluate(await packIo("http://host/p", options), "(import /tree {}).names")).toBe(
      value,
    );
  });

  test("each damaged byte is found, or changes nothing", async () => {
    const bytes = packOf();
    const text = "(import /tree {}).pkg.drvPath";
    const expected = await evaluate(treeIo(), text);
    for (let i = 0; i < bytes.length; i += 7) {
      const damaged = bytes.slice();
      damaged[i] = (damaged[i] as number) ^ 0x10;
      const result = await open(damaged)
        .then((io) => evaluate(io, text))
        .catch((error: Error) => error);
      if (result instanceof Error) expect(result.message).toMatch(/pack|damaged|hash/);
      else expect(result).toBe(expected);
    }
  });

  test("another pack than the one with the hash is refused", async () => {
    const hash = `sha256-${"A".repeat(43)}=`;
    await expect(packIo(bytesSource(packOf()), { hash })).rejects.toThrow("is not the pack");
  });

  test("a failing server is an error of the program, and is asked again", async () => {
    const bytes = packOf(treeIo({ files: { ...FILES, "/tree/zz": randomText(200_000) } }));
    const { fetch } = server(bytes);
    let fails = false;
    const io = await packIo("http://host/p", {
      at: "/tree",
      cache: undefined,
      fetch: async (url, init) =>
        fails ? { ...(await fetch(url, init)), status: 503 } : fetch(url, init),
    });
    fails = true;
    const text = "builtins.stringLength (builtins.readFile /tree/zz)";
    await expect(evaluate(io, text)).rejects.toThrow(
      "cannot fetch 'http://host/p': the server answered 503",
    );
    fails = false;
    expect(await evaluate(io, text)).toBe("200000");
  });

  test("a file that is not a pack is refused", async () => {
    const text = new TextEncoder().encode("<html>not found</html>");
    await expect(packIo(bytesSource(text))).rejects.toThrow("it does not begin as one");
  });
});

/** Text that does not deflate, the same in each run. */
function randomText(length: number): string {
  let state = length;
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += String.fromCharCode(state >>> 24 || 1);
  }
  return text;
}
