/** `nivis watch`: runs again when an input changes, and only then. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { evalCommand } from "../src/commands/eval.ts";
import { startWatch } from "../src/commands/watch.ts";
import { runProgram } from "../src/program.ts";
import type { Terminal } from "../src/terminal.ts";
import { WatchedCommand } from "../src/warm/watched-command.ts";
import { folderWith, nivis } from "./terminal-double.ts";

let folder = folderWith({});
const place = (name: string): string => join(folder.path, name);

beforeEach(() => {
  folder = folderWith({
    "main.nix":
      "{ sum = import ./a.nix + 1; has = builtins.pathExists ./late/b.nix; names = builtins.attrNames (builtins.readDir ./d); }",
    "a.nix": "1",
    "other.nix": "1",
    "d/x": "",
  });
});

afterEach(() => folder.remove());

const lines: string[] = [];

/** Starts a watch; `seen` resolves once so much was printed. */
function watch(runs: number, ...args: string[]) {
  lines.length = 0;
  const waiting: (() => void)[] = [];
  const put = (text: string): void => {
    lines.push(text);
    for (const check of waiting) check();
  };
  const terminal: Terminal = {
    writeOut: (text) => put(text),
    writeLine: (text) => put(text),
    readInput: () => "",
    color: false,
    environment: {
      NIX_CONF_DIR: "/var/empty",
      HOME: "/homeless",
      NIVIS_NO_CACHE: "1",
      NIX_PATH: "",
    },
  };
  const done = startWatch(["--runs", String(runs), ...args], terminal);
  const seen = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (lines.length >= count) resolve();
      };
      waiting.push(check);
      check();
    });
  return { done, seen };
}

test("runs again for a file that was read, and not for another", async () => {
  const { done, seen } = watch(2, "eval", "-f", place("main.nix"), "sum");
  await seen(1);
  writeFileSync(place("other.nix"), "2");
  writeFileSync(place("a.nix"), "1");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(lines).toEqual(["2\n"]);
  writeFileSync(place("a.nix"), "5");
  expect(await done).toBe(0);
  expect(lines).toEqual(["2\n", `nivis watch: '${place("a.nix")}' has changed`, "6\n"]);
});

test("runs again for a file that appears, a listing and a symlink", async () => {
  const first = watch(2, "eval", "-f", place("main.nix"), "has");
  await first.seen(1);
  mkdirSync(place("late"));
  writeFileSync(place("late/b.nix"), "");
  expect(await first.done).toBe(0);
  expect(lines.at(-1)).toBe("true\n");

  const second = watch(2, "eval", "--json", "-f", place("main.nix"), "names");
  await second.seen(1);
  writeFileSync(place("d/y"), "");
  expect(await second.done).toBe(0);
  expect(lines.at(-1)).toBe('["x","y"]\n');

  const third = watch(2, "eval", "--json", "-f", place("main.nix"), "names");
  await third.seen(1);
  rmSync(place("d"), { recursive: true });
  mkdirSync(place("e"));
  symlinkSync("e", place("d"));
  expect(await third.done).toBe(0);
  expect(lines.at(-1)).toBe("[]\n");
});

test("shows nothing of a file that is half written", async () => {
  const printed: string[] = [];
  let runs = 0;
  const watched = new WatchedCommand(
    {
      writeOut: (text) => printed.push(text),
      writeLine: (text) => printed.push(text),
      readInput: () => "",
      color: false,
      environment: { NIX_CONF_DIR: "/var/empty", HOME: "/homeless", NIVIS_NO_CACHE: "1" },
    },
    (terminal) => {
      const code = runProgram(evalCommand, ["-f", place("main.nix"), "sum"], terminal);
      // The editor goes on while the command evaluates what it has written so far.
      if (++runs === 2) writeFileSync(place("a.nix"), "1 + 6");
      return code;
    },
  );
  try {
    expect(watched.run()).toBe(0);
    writeFileSync(place("a.nix"), "1 +");
    const announced: string[] = [];
    expect(await watched.runAgain((changed) => announced.push(changed))).toBe(0);
    expect(printed).toEqual(["2\n", "8\n"]);
    expect(announced).toEqual([place("a.nix")]);
    expect(runs).toBe(3);
  } finally {
    watched.close();
  }
});

test("watches a directory that has come in the place of another", async () => {
  const { done, seen } = watch(3, "eval", "--json", "-f", place("main.nix"), "names");
  await seen(1);
  rmSync(place("d"), { recursive: true });
  mkdirSync(place("d"));
  writeFileSync(place("d/y"), "");
  await seen(3);
  expect(lines.at(-1)).toBe('["y"]\n');
  const began = performance.now();
  writeFileSync(place("d/z"), "");
  expect(await done).toBe(0);
  expect(lines.at(-1)).toBe('["y","z"]\n');
  // Before the interval ends after which everything is compared.
  expect(performance.now() - began).toBeLessThan(1500);
});

test("shows an error and goes on", async () => {
  const { done, seen } = watch(2, "eval", "-f", place("a.nix"));
  await seen(1);
  writeFileSync(place("a.nix"), "1 +");
  expect(await done).toBe(1);
  expect(lines.at(-1)).toContain("syntax error");
});

test.each([
  [[], "a command cannot be watched"],
  [["build"], "'build' cannot be watched"],
  [["--runs", "x", "eval"], "'--runs' needs a number"],
  [["eval", "-f", "-"], "standard input cannot be read again"],
])("%j is an error", async (args, message) => {
  const printed: string[] = [];
  const terminal: Terminal = {
    writeOut: (text) => printed.push(text),
    writeLine: (text) => printed.push(text),
    readInput: () => "",
    color: false,
    environment: {},
  };
  expect(await startWatch(args, terminal)).toBe(1);
  expect(printed.join("\n")).toContain(message);
});

test("is in the help", () => {
  expect(nivis(["--help"]).out).toContain("watch");
});

test.each([
  [["eval", "--no-such-flag"], 1, "unrecognised flag '--no-such-flag'"],
  [["eval", "--help"], 0, "Usage: nivis eval"],
])("does not wait after %j, which no edit changes", async (args, code, text) => {
  const { done } = watch(5, ...(args as string[]));
  expect(await done).toBe(code);
  expect(lines.join("\n")).toContain(text);
});
