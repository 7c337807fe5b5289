/** Locking over flakes in memory: what is fetched, what stays, and what is said. */
import { decodeUtf8, parseFlakeRef, plainText } from "@nivis/formats";
import { describe, expect, test } from "vitest";
import { type LockFlags, lockFlake, parseInputPath, Registry, updateInputs } from "../src/index.ts";
import { type Files, type MemoryWorld, memoryWorld } from "./memory-world.ts";

/** The nodes of a lock file as JSON. */
type Nodes = Record<
  string,
  {
    readonly inputs?: Record<string, string | readonly string[]>;
    readonly locked: Record<string, unknown>;
    readonly original: Record<string, unknown>;
    readonly parent?: readonly string[];
    readonly flake?: boolean;
  }
>;

const REV_1 = "1".repeat(40);
const REV_2 = "2".repeat(40);
const TOP = "path:/top";

function flake(inputs: string, extra: Files = {}): Files {
  return { "flake.nix": `{ ${inputs} outputs = _: { }; }`, ...extra };
}

async function lock(world: MemoryWorld, flags: LockFlags = {}): Promise<Nodes> {
  const { lockFile } = await lockFlake(world, parseFlakeRef(TOP), flags);
  return JSON.parse(lockFile.format()).nodes;
}

const FOUND = {
  "github:o/a": { rev: REV_1, lastModified: 1 },
  "github:o/b": { rev: REV_2, lastModified: 2 },
};

describe("new inputs", () => {
  test("are fetched with their inputs, and have what the fetch found", async () => {
    const world = memoryWorld(
      {
        [TOP]: flake('inputs.a.url = "github:o/a";'),
        "github:o/a": flake('inputs.b.url = "github:o/b"; inputs.c.follows = "b";'),
        "github:o/b": flake(""),
      },
      { found: FOUND },
    );
    const nodes = await lock(world);
    expect(nodes["root"]?.inputs).toEqual({ a: "a" });
    expect(nodes["a"]?.inputs).toEqual({ b: "b", c: ["a", "b"] });
    expect(nodes["a"]?.locked).toEqual({
      type: "github",
      owner: "o",
      repo: "a",
      rev: REV_1,
      lastModified: 1,
      narHash: expect.stringMatching(/^sha256-/),
    });
    expect(nodes["a"]?.original).toEqual({ type: "github", owner: "o", repo: "a" });
    expect(decodeUtf8(world.warnings.join("\n"))).toContain(
      "not writing modified lock file of flake 'path:/top':\n• Added input 'a':\n    'github:o/a/",
    );
  });

  test("begin with their own lock file", async () => {
    const inner = {
      nodes: {
        root: { inputs: { b: "b" } },
        b: {
          locked: { type: "github", owner: "o", repo: "b", rev: REV_2 },
          original: { type: "github", owner: "o", repo: "b" },
        },
      },
      root: "root",
      version: 7,
    };
    const world = memoryWorld({
      [TOP]: flake('inputs.a.url = "path:/a";'),
      "path:/a": flake('inputs.b.url = "github:o/b";', { "flake.lock": JSON.stringify(inner) }),
    });
    const nodes = await lock(world);
    expect(nodes["b"]?.locked).toEqual({ type: "github", owner: "o", repo: "b", rev: REV_2 });
    expect(world.fetches).toEqual([TOP, "path:/a"]);
  });

  test("that are only sources are not read", async () => {
    const world = memoryWorld({
      [TOP]: flake('inputs.a = { url = "path:/a"; flake = false; };'),
      "path:/a": { "x.txt": "hello" },
    });
    expect((await lock(world))["a"]?.flake).toBe(false);
  });

  test("without a reference are looked up", async () => {
    const text =
      '{"version":2,"flakes":[{"from":{"type":"indirect","id":"a"},"to":{"type":"path","path":"/a","dir":"sub"}}]}';
    const world = memoryWorld(
      {
        [TOP]: { "flake.nix": "{ outputs = { self, a }: { }; }" },
        "path:/a": { "sub/flake.nix": "{ outputs = _: { }; }" },
      },
      { registry: Registry.parse("global", text, "r") },
    );
    const nodes = await lock(world);
    expect(nodes["a"]?.original).toEqual({ type: "indirect", id: "a" });
    expect(nodes["a"]?.locked).toMatchObject({ type: "path", path: "/a", dir: "sub" });
    await expect(
      lockFlake(
        memoryWorld({ [TOP]: { "flake.nix": "{ outputs = { b }: { }; }" } }),
        parseFlakeRef(TOP),
        {},
      ),
    ).rejects.toThrow("cannot find flake 'flake:b' in the flake registries");
  });
});

describe("relative inputs", () => {
  test("have no hash, and a parent", async () => {
    const world = memoryWorld({
      [TOP]: {
        "flake.nix": '{ inputs.s.url = "./sub"; outputs = _: { }; }',
        "sub/flake.nix": '{ inputs.t.url = "../other"; outputs = _: { }; }',
        "other/flake.nix": "{ outputs = _: { }; }",
      },
    });
    const nodes = await lock(world);
    expect(nodes["s"]?.locked).toEqual({ type: "path", path: "./sub" });
    expect(nodes["s"]?.parent).toEqual([]);
    expect(nodes["t"]?.parent).toEqual(["s"]);
    expect(world.fetches).toEqual([TOP]);
  });

  test("must not leave the tree", async () => {
    const world = memoryWorld({ [TOP]: flake('inputs.s.url = "../x";') });
    await expect(lock(world)).rejects.toThrow(
      "input 'path:../x' is outside the source tree of the flake that refers to it",
    );
  });
});

describe("an old lock file", () => {
  const flakes = (top: string) => ({
    [TOP]: flake(top),
    "github:o/a": flake('inputs.b.url = "github:o/b";'),
    "github:o/b": flake(""),
    [`github:o/a/${REV_1}`]: flake('inputs.b.url = "github:o/b";'),
  });

  async function lockedWith(before: string, after: string, flags: LockFlags = {}) {
    const first = memoryWorld(flakes(before), { found: FOUND });
    const { lockFile } = await lockFlake(first, parseFlakeRef(TOP), {});
    const files = flakes(after);
    const world = memoryWorld(
      { ...files, [TOP]: { ...files[TOP], "flake.lock": lockFile.formatFile() } as Files },
      { found: { ...FOUND, "github:o/b": { rev: REV_1, lastModified: 3 } } },
    );
    return { world, nodes: await lock(world, flags) };
  }

  const PLAIN = 'inputs.a.url = "github:o/a";';

  test("is kept, and nothing is fetched", async () => {
    const { world, nodes } = await lockedWith(PLAIN, PLAIN);
    expect(world.fetches).toEqual([TOP]);
    expect(world.warnings).toEqual([]);
    expect(nodes["b"]?.locked["rev"]).toBe(REV_2);
  });

  test("loses what is named for update", async () => {
    const { world, nodes } = await lockedWith(PLAIN, PLAIN, { updates: [["a", "b"]] });
    expect(nodes["b"]?.locked["rev"]).toBe(REV_1);
    expect(world.fetches).toContain("github:o/b");
  });

  test("is not believed about a follows whose override is gone", async () => {
    const following = `${PLAIN} inputs.b.url = "github:o/b"; inputs.a.inputs.b.follows = "b";`;
    const { world, nodes } = await lockedWith(following, PLAIN);
    expect(nodes["a"]?.inputs).toEqual({ b: "b" });
    expect(world.fetches).toContain(`github:o/a/${REV_1}`);
  });

  test("an override of the command line stays while the reference does", async () => {
    const overrides = new Map([[["a"], parseFlakeRef("github:o/b")]]);
    const { nodes } = await lockedWith(PLAIN, PLAIN, { overrides });
    expect(nodes["a"]?.original["repo"]).toBe("a");
    expect(nodes["a"]?.locked["repo"]).toBe("b");
  });

  test("updateInputs gives both lock files", async () => {
    const world = memoryWorld(flakes(PLAIN), { found: FOUND });
    const { before, after } = await updateInputs(world, parseFlakeRef(TOP), [parseInputPath("a")]);
    expect(before.root.inputs.size).toBe(0);
    expect(after.root.inputs.size).toBe(1);
  });
});

describe("messages", () => {
  test("an override for an input that is not there", async () => {
    const world = memoryWorld({
      [TOP]: flake('inputs.a.url = "path:/a"; inputs.a.inputs.x.follows = "a";'),
      "path:/a": flake(""),
    });
    await lock(world);
    expect(world.warnings[0]).toBe("input 'a' has an override for a non-existent input 'x'");
  });

  test("a circle of flakes", async () => {
    const world = memoryWorld({
      [TOP]: flake('inputs.a.url = "path:/a";'),
      "path:/a": flake('inputs.b.url = "path:/b";'),
      "path:/b": flake('inputs.a.url = "path:/a";'),
    });
    const error = await lock(world).catch((thrown) => thrown);
    expect(error.message).toBe("found circular import of flake 'path:/a'");
    expect(error.notes.map(({ text }: { text: string }) => plainText(text))).toEqual([
      "while updating the flake input 'a/b/a'",
      "while updating the flake input 'a/b'",
      "while updating the flake input 'a'",
      expect.stringMatching(/^while updating the lock file of flake 'path:\/top\?narHash=/),
    ]);
  });

  test("flags that match nothing", async () => {
    const world = memoryWorld({ [TOP]: flake("") });
    await lock(world, {
      updates: [["x"]],
      overrides: new Map([[["y"], parseFlakeRef("github:o/b")]]),
    });
    expect(world.warnings).toEqual([
      "input '' has an override for a non-existent input 'y'",
      "the flag '--override-input y github:o/b' does not match any input",
      "'x' does not match any input of this flake",
    ]);
  });

  test("pure evaluation does not fetch what is not locked", async () => {
    const world = memoryWorld({ [TOP]: flake('inputs.a.url = "github:o/a";') });
    await expect(lock(world, { allowUnlocked: false })).rejects.toThrow(
      "cannot update unlocked flake input 'a' in pure mode",
    );
    expect(world.fetches).toEqual([TOP]);
  });

  test("a hash that is not the tree's", async () => {
    const zero = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const world = memoryWorld({
      [TOP]: flake(`inputs.a.url = "path:/a?narHash=${zero}";`),
      "path:/a": flake(""),
    });
    const error = await lock(world).catch((thrown) => thrown);
    expect(error.message).toMatch(/^NAR hash mismatch in input 'path:\/a\?narHash=/);
    expect(error.exitCode).toBe(102);
  });
});

test("inputs side by side are fetched side by side", async () => {
  const world = memoryWorld({
    [TOP]: flake('inputs.a.url = "path:/a"; inputs.b.url = "path:/b";'),
    "path:/a": flake('inputs.c.url = "path:/c";'),
    "path:/b": flake(""),
    "path:/c": flake(""),
  });
  await lock(world);
  expect(world.fetches).toEqual([TOP, "path:/a", "path:/b", "path:/c"]);
});

test("a chain of a thousand flakes is locked", async () => {
  const flakes: Record<string, Files> = { [TOP]: flake('inputs.n.url = "path:/n0";') };
  for (let i = 0; i < 1000; i++) flakes[`path:/n${i}`] = flake(`inputs.n.url = "path:/n${i + 1}";`);
  flakes["path:/n1000"] = flake("");
  expect(Object.keys(await lock(memoryWorld(flakes)))).toHaveLength(1002);
});
