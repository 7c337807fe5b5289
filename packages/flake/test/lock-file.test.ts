/** Lock files: what is read, refused and written, and what the walk over their graph finds. */
import { decodeUtf8 } from "@nivis/formats";
import { describe, expect, test } from "vitest";
import { diffLockFiles, LockFile } from "../src/index.ts";

const REV = "0123456789abcdef0123456789abcdef01234567";

function node(extra: object = {}): object {
  return {
    locked: { type: "github", owner: "o", repo: "r", rev: REV, lastModified: 86_400 },
    original: { type: "github", owner: "o", repo: "r" },
    ...extra,
  };
}

function lockText(nodes: object, version = 7): string {
  return JSON.stringify({ nodes, root: "root", version });
}

function read(text: string): LockFile {
  return LockFile.parse(text, "flake.lock");
}

describe("writing", () => {
  test("an empty lock file has a root without inputs", () => {
    expect(new LockFile().formatFile()).toBe(
      '{\n  "nodes": {\n    "root": {}\n  },\n  "root": "root",\n  "version": 7\n}\n',
    );
  });

  test("keys are the names of inputs, in the order in which a walk in depth meets them", () => {
    const lock = read(
      lockText({
        root: { inputs: { b: "x", a: "y", root: "z" } },
        x: node({ inputs: { a: "w", c: ["a"] } }),
        y: node({ inputs: { b: "v" } }),
        z: node(),
        v: node(),
        w: node(),
      }),
    );
    const { nodes } = JSON.parse(lock.format());
    expect(nodes.root.inputs).toEqual({ a: "a", b: "b_2", root: "root_2" });
    expect(nodes.a.inputs).toEqual({ b: "b" });
    expect(nodes.b_2.inputs).toEqual({ a: "a_2", c: ["a"] });
  });

  test("a node that two inputs share keeps one key", () => {
    const lock = read(
      lockText({ root: { inputs: { a: "x", b: "x" } }, x: node({ flake: false }) }),
    );
    const { nodes } = JSON.parse(lock.format());
    expect(nodes.root.inputs).toEqual({ a: "a", b: "a" });
    expect(nodes.a.flake).toBe(false);
  });

  test("what follows the root, and a parent that is the root, are empty lists", () => {
    const relative = { path: "./sub", type: "path" };
    const text = read(
      lockText({
        root: { inputs: { sub: "sub" } },
        sub: { locked: relative, original: relative, parent: [], inputs: { me: [] } },
      }),
    ).format();
    expect(text).toContain('"me": []');
    expect(text).toContain('"parent": []');
  });

  test("a chain of ten thousand nodes is read and written", () => {
    const nodes: Record<string, object> = { root: { inputs: { n: "n0" } } };
    for (let i = 0; i < 10_000; i++) nodes[`n${i}`] = node({ inputs: { n: `n${i + 1}` } });
    nodes["n10000"] = node();
    const lock = read(lockText(nodes));
    expect(Object.keys(JSON.parse(lock.format()).nodes)).toHaveLength(10_002);
    expect(lock.allInputs()).toHaveLength(10_001);
  });
});

describe("reading", () => {
  test("version 5 keeps what the fetch found beside the entry", () => {
    const lock = read(
      lockText(
        {
          root: { inputs: { a: "a" } },
          a: {
            info: {
              lastModified: 5,
              narHash: "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            },
            locked: { type: "github", owner: "o", repo: "r", rev: REV },
            original: { type: "indirect", id: "a" },
          },
        },
        5,
      ),
    );
    const { nodes, version } = JSON.parse(lock.format());
    expect(version).toBe(7);
    expect(nodes.a.locked.lastModified).toBe(5);
  });

  test.each([
    [lockText({}, 4), "lock file 'flake.lock' has unsupported version 4"],
    [lockText({}, 8), "lock file 'flake.lock' has unsupported version 8"],
    ["{}", "lock file 'flake.lock' has unsupported version 0"],
    ["[]", "lock file 'flake.lock' is malformed: it is not an object"],
    [lockText({ root: { inputs: { a: "b" } } }), "lock file references missing node 'b'"],
    [lockText({ root: { inputs: { a: "root" } } }), "lock file contains cycle to root node"],
    [lockText({ root: { inputs: { a: "a" } }, a: {} }), "attribute 'locked' missing in lock file"],
    [
      lockText({ root: { inputs: { a: 1 } } }),
      "lock file 'flake.lock' is malformed: input 'a' of 'root' is neither a name nor a list of names",
    ],
    [
      lockText({ root: { inputs: { a: "a" } }, a: { locked: { type: null } } }),
      "unsupported input attribute type in lock file",
    ],
    [
      lockText({
        root: { inputs: { a: "a" } },
        a: { locked: { type: "git", url: "https://h/r" }, original: {} },
      }),
      'Lock file contains unlocked input \'{"type":"git","url":"https://h/r"}\'. Use \'--allow-dirty-locks\' to accept this lock file.',
    ],
  ])("%s is refused", (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  test("a text that is not JSON is refused with the place", () => {
    expect(() => read("{\n<<<<<<< HEAD")).toThrow(/^Could not parse 'flake.lock': .*line 2/);
  });

  test("an entry with nothing but a hash is accepted with a warning", () => {
    const warnings: string[] = [];
    const narHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const locked = { type: "git", url: "https://h/r", narHash };
    const text = lockText({ root: { inputs: { a: "a" } }, a: { locked, original: locked } });
    LockFile.parse(text, "x", { warn: (message) => warnings.push(message) });
    expect(warnings).toEqual([
      "Lock file entry 'git+https://h/r' is unlocked (e.g. lacks a Git revision) but is checked by NAR hash. This is not reproducible and will break after garbage collection or when shared.",
    ]);
  });
});

describe("follows", () => {
  test("a circle is found", () => {
    const lock = read(lockText({ root: { inputs: { a: ["b"], b: ["a"] } } }));
    expect(() => lock.check()).toThrow("follow cycle detected: [b -> a -> b]");
  });

  test("a missing target is found", () => {
    const lock = read(lockText({ root: { inputs: { a: ["b", "c"] } } }));
    expect(() => lock.check()).toThrow("input 'a' follows a non-existent input 'b/c'");
  });
});

test("a diff names what was added, removed and updated", () => {
  const other = node({
    locked: { type: "github", owner: "o", repo: "r", rev: REV.replace("0", "f") },
  });
  const before = read(
    lockText({ root: { inputs: { a: "a", b: "b", f: ["a"] } }, a: node(), b: node() }),
  );
  const after = read(
    lockText({ root: { inputs: { a: "a", c: "c", f: ["c"] } }, a: other, c: node() }),
  );
  expect(decodeUtf8(diffLockFiles(before, after))).toBe(
    [
      "• Updated input 'a':",
      `    'github:o/r/${REV}' (1970-01-02)`,
      `  → 'github:o/r/${REV.replace("0", "f")}'`,
      "• Removed input 'b'",
      "• Added input 'c':",
      `    'github:o/r/${REV}' (1970-01-02)`,
      "• Updated input 'f':",
      "    follows 'a'",
      "  → follows 'c'",
      "",
    ].join("\n"),
  );
});
