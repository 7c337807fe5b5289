/** `nivis pack`: what it prints and refuses, and that its file holds the tree. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Evaluation } from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import { bytesSource, packIo } from "@nivis/pack";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startPack } from "../src/commands/pack.ts";
import { folderWith, nivis } from "./terminal-double.ts";

let folder = folderWith({});
const place = (name: string): string => join(folder.path, name);

beforeEach(() => {
  folder = folderWith({
    "tree/default.nix": "{ answer = import ./lib.nix; src = ./src; }",
    "tree/lib.nix": "42",
    "tree/src/a.txt": "text",
    "tree/.git/config": "[core]",
  });
});

afterEach(() => folder.remove());

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function pack(...args: string[]): Ran {
  const { code, printed } = start(args);
  if (typeof code !== "number") throw new Error("the command waits for something: use packLater");
  return { code, ...printed() };
}

async function packLater(...args: string[]): Promise<Ran> {
  const { code, printed } = start(args);
  return { code: await code, ...printed() };
}

function start(args: readonly string[]): {
  readonly code: number | Promise<number>;
  readonly printed: () => Omit<Ran, "code">;
} {
  let [out, err] = ["", ""];
  const code = startPack(args, {
    writeOut: (text) => {
      out += text;
    },
    writeLine: (text) => {
      err += `${text}\n`;
    },
    readInput: () => "",
    color: false,
    environment: {
      NIX_CONF_DIR: "/var/empty",
      HOME: "/homeless",
      NIX_PATH: "",
      NIVIS_NO_CACHE: "1",
      PATH: process.env["PATH"] ?? "",
    },
  });
  return { code, printed: () => ({ out, err: decodeUtf8(err) }) };
}

test("packs the tree of a flake, of a Git repository the tracked files", async () => {
  const tree = place("tree");
  rmSync(join(tree, ".git"), { recursive: true });
  const directory = pack(tree, "-o", place("directory.pack"));
  expect(directory.code).toBe(0);
  const flake = await packLater(`path:${tree}`, "-o", place("flake.pack"));
  expect(flake).toMatchObject({ code: 0, err: "" });
  expect(readFileSync(place("flake.pack"))).toEqual(readFileSync(place("directory.pack")));

  execFileSync("git", ["init", "-q", tree]);
  execFileSync("git", ["-C", tree, "add", "default.nix"]);
  const tracked = await packLater(`git+file://${tree}`, "-o", place("tracked.pack"));
  expect(tracked.code).toBe(0);
  expect(tracked.out).toContain("1 files in 1 directories");

  const attribute = await packLater(`path:${tree}#a`, "-o", place("no.pack"));
  expect(attribute.err).toContain("error: a whole tree is wanted here; leave out '#a'");
  expect(existsSync(place("no.pack"))).toBe(false);
});

test("packs a tree in the order of a trace, without .git, and prints its hashes", async () => {
  const trace = place("my.trace");
  nivis(["eval", "-f", place("tree"), "answer", "--trace-inputs", trace]);
  const { code, out, err } = pack(place("tree"), "--trace", trace, "-o", place("tree.pack"));
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toMatch(/^hash +sha256-\S{44}$/m);
  expect(out).toMatch(/^tree +3 files in 2 directories, 0\.\d KiB$/m);
  expect(out).toMatch(/^profile my +0\.\d KiB$/m);
  const hash = /^hash +(\S+)$/m.exec(out)?.[1];
  const io = await packIo(bytesSource(readFileSync(place("tree.pack"))), { at: "/t", hash });
  const evaluation = new Evaluation({ io });
  expect(await evaluation.forceAsync(evaluation.loadText("(import /t).answer"))).toBe(42);
  expect(await evaluation.forceAsync(evaluation.loadText("builtins.pathExists /t/.git"))).toBe(
    false,
  );
});

test("the NAR hash is that of the tree", () => {
  const { out } = pack(place("tree/src"), "-o", place("src.pack"));
  const hash = /^NAR hash +(\S+)$/m.exec(out)?.[1];
  const listed = execFileSync(
    process.execPath,
    [
      join(import.meta.dirname, "../bin/nivis.cjs"),
      ..."hash path --type sha256 --sri".split(" "),
      place("tree/src"),
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
  );
  expect(listed.trim()).toBe(hash);
});

test.each([
  [[], "give the directory to pack"],
  [["tree"], "give a file for the pack with '--out FILE'"],
  [["nothing", "-o", "x"], "nothing' is not a directory"],
  [["tree", "-o", "no/where"], "cannot write"],
  [["tree", "--trace", "absent", "-o", "x"], "cannot read the trace"],
  [["tree", "other", "-o", "x"], "unexpected argument"],
])("%j is refused", (args, message) => {
  const own = args.map((arg) => (arg.startsWith("-") ? arg : place(arg)));
  const { code, err } = pack(...own);
  expect(err).toContain(message);
  expect(code).toBe(1);
  expect(readdirSync(folder.path)).toEqual(["tree"]);
});

test("a trace of something else is refused, and nothing is written", () => {
  const trace = place("other.trace");
  nivis(["eval", "--expr", "1", "--trace-inputs", trace]);
  const { code, err } = pack(place("tree"), "--trace", trace, "-o", place("x"));
  expect(err).toContain("says nothing about");
  expect(code).toBe(1);
  expect(existsSync(place("x"))).toBe(false);
});
