/** The store on disk; C++ Nix, where there is one, must accept what is in it. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Evaluation, IoError, type SourceAccessor, textOf, type Value } from "@nivis/eval";
import { findProgram } from "@nivis/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { LocalStore } from "../src/local-store.ts";
import { nodeHashes } from "../src/node-hashes.ts";
import { nodeIo } from "../src/node-io.ts";

const nixStore = findProgram("nix-store");
if (nixStore === undefined)
  console.warn("no nix-store on PATH: the store is not checked against C++ Nix");

const scratch = mkdtempSync(join(tmpdir(), "nivis-store-"));
afterAll(() => {
  // What a store holds cannot be removed before its directories are writable again.
  execFileSync("chmod", ["-R", "u+w", scratch]);
  execFileSync("rm", ["-rf", scratch]);
});
const source = join(scratch, "source");
mkdirSync(join(source, "sub"), { recursive: true });
writeFileSync(join(source, "run"), "#!");
chmodSync(join(source, "run"), 0o755);
writeFileSync(join(source, "sub/file"), "x");
symlinkSync("nowhere", join(source, "link"));

function evaluate(root: string, text: string): Value {
  const store = new LocalStore({ root });
  const io = nodeIo({ relocatedStore: { storeDir: store.storeDir, directory: store.directory } });
  const evaluation = new Evaluation({
    io,
    hashes: nodeHashes,
    store,
    settings: { readOnlyMode: false },
  });
  return evaluation.evaluate(text);
}

function evaluateText(root: string, text: string): string {
  return textOf(evaluate(root, text) as string);
}

const expression = `(derivation {
  name = "t"; builder = "b"; system = "s";
  file = builtins.toFile "f" "see \${builtins.toFile "g" "x"}";
  src = ${source};
}).drvPath`;

test("derivations, texts and sources are written, read-only and dated 1", () => {
  const root = join(scratch, "written");
  const drvPath = evaluateText(root, expression);
  const directory = join(root, "nix/store");
  expect(
    readdirSync(directory)
      .map((name) => name.slice(33))
      .sort(),
  ).toEqual(["f", "g", "source", "t.drv"]);
  expect(readFileSync(root + drvPath, "latin1")).toMatch(/^Derive\(/);
  const copy = join(
    directory,
    readdirSync(directory).find((name) => name.endsWith("-source")) as string,
  );
  expect(readlinkSync(join(copy, "link"))).toBe("nowhere");
  const modes = ["", "run", "sub", "sub/file"].map((name) => lstatSync(join(copy, name)));
  expect(modes.map((stat) => stat.mode & 0o777)).toEqual([0o555, 0o555, 0o555, 0o444]);
  expect(modes.map((stat) => stat.mtimeMs)).toEqual([1000, 1000, 1000, 1000]);
});

test("evaluating again changes nothing", () => {
  const root = join(scratch, "again");
  evaluate(root, expression);
  const registration = new LocalStore({ root }).registrationFile;
  const before = readFileSync(registration, "latin1");
  evaluate(root, expression);
  expect(readFileSync(registration, "latin1")).toBe(before);
});

test("what was written can be read, with its references", () => {
  const root = join(scratch, "read");
  const text = (expr: string): string => evaluateText(root, expr);
  expect(text('toString (import (builtins.toFile "x" "1 + 1"))')).toBe("2");
  const g = text('builtins.toFile "g" "x"');
  const read = 'builtins.readFile (builtins.toFile "f" "see ${builtins.toFile "g" "x"}")';
  expect(text(read)).toBe(`see ${g}`);
  expect(text(`toString (builtins.attrNames (builtins.getContext (${read})))`)).toBe(g);
  expect(text(`(import ${expression}).name`)).toBe("t");
});

describe("a source that cannot be copied whole", () => {
  /** Copies a tree in which a directory is complete when reading `bad` fails; returns the error. */
  function copy(name: string, fail: () => never): { error: unknown; left: string[] } {
    const root = join(scratch, name);
    const store = new LocalStore({ root });
    const files: Partial<SourceAccessor> = {
      fileType: (path) =>
        path.endsWith("/bad") || path.endsWith("/file") ? "regular" : "directory",
      isExecutable: () => false,
      readDirectory: (path) =>
        (path === "/tree" ? ["a", "bad"] : ["file"]).map((entry) => ({
          name: entry,
          type: entry === "a" ? "directory" : "regular",
        })),
      readFile: (path) => (path.endsWith("/bad") ? fail() : "contents"),
    };
    const nar = { digest: new Uint8Array(32), size: 0 };
    const tree = { root: "/tree", kept: undefined, flat: false, nar };
    const path = `/nix/store/${"0".repeat(32)}-tree`;
    let error: unknown;
    try {
      store.addSource(path, tree, [], files as SourceAccessor);
    } catch (thrown) {
      error = thrown;
    }
    return { error, left: readdirSync(join(root, "nix/store")) };
  }

  test("leaves nothing behind, and the message of the source is kept", () => {
    const failure = new IoError("EINVAL", "file '/tree/bad' has an unsupported type");
    const { error, left } = copy("failed", () => {
      throw failure;
    });
    expect(error).toBe(failure);
    expect(left).toEqual([]);
  });

  test("leaves nothing behind if a bug is the cause", () => {
    const bug = new TypeError("a bug");
    const { error, left } = copy("bug", () => {
      throw bug;
    });
    expect(error).toBe(bug);
    expect(left).toEqual([]);
  });
});

test.skipIf(nixStore === undefined)(
  "C++ Nix knows everything once the registration is loaded",
  () => {
    const root = join(scratch, "registered");
    const drvPath = evaluateText(root, expression);
    const nix = (args: string[], input = ""): string =>
      execFileSync(nixStore as string, ["--store", root, ...args], {
        input,
        encoding: "latin1",
        env: { ...process.env, HOME: scratch, NIX_REMOTE: "" },
        stdio: ["pipe", "pipe", "ignore"],
      });
    nix(["--load-db"], readFileSync(new LocalStore({ root }).registrationFile, "latin1"));
    nix(["--verify", "--check-contents"]);
    const closure = nix(["--query", "--requisites", drvPath]).trim().split("\n");
    expect(closure.map((path) => path.slice(44)).sort()).toEqual(["f", "g", "source", "t.drv"]);
  },
);
