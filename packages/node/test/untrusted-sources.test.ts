/**
 * What untrusted code may try with paths: going up, following symlinks out of what it may see, and
 * reading what is no file. C++ Nix 2.8 answers the same where it has the same message.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EvalError, Evaluation, printAmbiguous, type Settings } from "@nivis/eval";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeIo } from "../src/node-io.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "nivis-untrusted-")));
const allowed = join(root, "allowed");
let server: Server;

beforeAll(async () => {
  mkdirSync(join(allowed, "folder"), { recursive: true });
  mkdirSync(join(root, "outside"));
  writeFileSync(join(root, "outside/secret"), '"secret"');
  writeFileSync(join(allowed, "open"), '"open"');
  symlinkSync("../outside", join(allowed, "out"));
  symlinkSync("../outside/secret", join(allowed, "out-file"));
  symlinkSync(join(root, "outside/secret"), join(allowed, "out-absolute"));
  symlinkSync("open", join(allowed, "in"));
  symlinkSync("loop", join(allowed, "loop"));
  symlinkSync("nowhere", join(allowed, "dangling"));
  mkdirSync(join(root, "special"));
  writeFileSync(join(root, "special/file"), "");
  execFileSync("mkfifo", [join(root, "special/pipe")]);
  symlinkSync("pipe", join(root, "special/link"));
  mkdirSync(join(root, "socket"));
  server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, "socket/socket"), resolve));
});

afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

/** The value, or the message of the error; `ROOT` in the text and in the answer stands for the folder. */
function evaluate(text: string, settings: Partial<Settings> = {}): string {
  const evaluation = new Evaluation({
    io: nodeIo({ environment: { SECRET: "secret", HOME: "/root" } }),
    settings,
    searchPath: [{ prefix: "a", path: allowed }],
  });
  try {
    const value = evaluation.evaluate(text.replaceAll("ROOT", root), { basePath: root });
    return printAmbiguous(evaluation.deepForce(value)).replaceAll(root, "ROOT");
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return error.message.replaceAll(root, "ROOT");
  }
}

const forbidden = (path: string): string =>
  `access to absolute path '${path}' is forbidden in restricted mode`;

describe.each([
  ["import <a/open>", '"open"'],
  ["import <a/in>", '"open"'],
  ["builtins.readFile ROOT/allowed/folder/../open", '"\\"open\\""'],
  ["import ROOT/outside/secret", forbidden("ROOT/outside/secret")],
  ["import ROOT/allowed/../outside/secret", forbidden("ROOT/outside/secret")],
  ['import (ROOT/allowed + "/../outside/secret")', forbidden("ROOT/outside/secret")],
  ['import (<a> + "/../outside/secret")', forbidden("ROOT/outside/secret")],
  ['import "ROOT/allowed/../outside/secret"', forbidden("ROOT/outside/secret")],
  ["import <a/out/secret>", forbidden("ROOT/outside/secret")],
  ["import <a/out-file>", forbidden("ROOT/outside/secret")],
  ["import <a/out-absolute>", forbidden("ROOT/outside/secret")],
  ["builtins.readFile ROOT/allowed/out/secret", forbidden("ROOT/outside/secret")],
  ["builtins.readFile ROOT/allowed/out-file", forbidden("ROOT/outside/secret")],
  ['builtins.hashFile "sha256" ROOT/allowed/out-file', forbidden("ROOT/outside/secret")],
  ["builtins.readDir ROOT/allowed/out", forbidden("ROOT/outside")],
  ["builtins.readDir ROOT/outside", forbidden("ROOT/outside")],
  ["builtins.readDir ROOT", '{ allowed = "directory"; }'],
  ["builtins.pathExists ROOT/outside/secret", "false"],
  ["builtins.pathExists ROOT/allowed/out/secret", "false"],
  ["builtins.pathExists ROOT/allowed/out-file", "true"],
  ["builtins.readFileType ROOT/allowed/out-file", '"symlink"'],
  ['"${ROOT/outside}"', forbidden("ROOT/outside")],
  ["builtins.path { path = ROOT/outside; }", forbidden("ROOT/outside")],
  ["builtins.filterSource (p: t: true) ROOT/allowed/out", forbidden("ROOT/outside")],
  ["scopedImport { } ROOT/outside/secret", forbidden("ROOT/outside/secret")],
  ['builtins.getEnv "SECRET"', '""'],
  ["builtins.readFile ROOT/allowed/loop", "infinite symlink recursion in path 'ROOT/allowed/loop'"],
])("restricted: %s", (text, expected) => {
  test("shows nothing outside", () => {
    expect(evaluate(text, { restrictEval: true })).toBe(expected);
  });
});

test("restricted: a symlink that leads out is copied as the symlink it is", () => {
  const text = '"${ROOT/allowed/out-file}"';
  expect(evaluate(text, { restrictEval: true })).toBe(evaluate(text));
  const elsewhere = evaluate('"${ROOT/allowed/in}"').replace(/-in"$/, "");
  expect(evaluate(text).replace(/-out-file"$/, "")).not.toBe(elsewhere);
});

describe.each([
  "import ROOT/allowed/open",
  "builtins.readFile ROOT/allowed/open",
  "builtins.readDir ROOT/allowed",
  '"${ROOT/allowed}"',
  "import <a/open>",
  'builtins.readFile "/etc/hostname"',
  "builtins.currentSystem",
  "builtins.currentTime",
])("pure: %s", (text) => {
  test("is an error", () => {
    const answer = evaluate(text, { pureEval: true });
    expect(answer).toMatch(/forbidden in pure|pure evaluation mode|does not exist|missing/);
  });
});

test.each([
  ['builtins.getEnv "SECRET"', '""'],
  ["builtins.pathExists ROOT/allowed/open", "false"],
  [
    '"${ROOT/allowed/open}"',
    "access to absolute path 'ROOT/allowed/open' is forbidden in pure evaluation mode (use '--impure' to override)",
  ],
])("pure: %s is %s", (text, expected) => {
  expect(evaluate(text, { pureEval: true })).toBe(expected);
});

describe("what is no file", () => {
  test.each([
    ["builtins.readFile ROOT/special/pipe", "file 'ROOT/special/pipe' is not a regular file"],
    ["builtins.readFile ROOT/special/link", "file 'ROOT/special/pipe' is not a regular file"],
    ["import ROOT/special/pipe", "file 'ROOT/special/pipe' is not a regular file"],
    ["builtins.readFile /dev/zero", "file '/dev/zero' is not a regular file"],
    ['builtins.hashFile "sha256" /dev/zero', "file '/dev/zero' is not a regular file"],
    ["builtins.readDir ROOT/special", '{ file = "regular"; link = "symlink"; pipe = "unknown"; }'],
    ["builtins.readFileType /dev/null", '"unknown"'],
    ["builtins.pathExists ROOT/special/pipe", "true"],
    ['"${ROOT/special}"', "file 'ROOT/special/pipe' has an unsupported type"],
    ['"${ROOT/special/pipe}"', "file 'ROOT/special/pipe' has an unsupported type"],
    ['"${/dev/null}"', "file '/dev/null' has an unsupported type"],
    ['"${ROOT/socket}"', "file 'ROOT/socket/socket' has an unsupported type"],
    [
      "builtins.filterSource (path: type: true) ROOT/special",
      "file 'ROOT/special/pipe' has an unsupported type",
    ],
  ])("%s", (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  test("can be filtered out", () => {
    const text = 'builtins.filterSource (path: type: type != "unknown") ROOT/special';
    expect(evaluate(text)).toMatch(/^"\/nix\/store\/.*-special"$/);
  });
});
