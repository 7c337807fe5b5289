/** Variables that are not UTF-8, which Node cannot hold as texts. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { builtCommand } from "@nivis/testkit";
import { expect, test } from "vitest";
import { bytesOfText } from "../src/byte-path.ts";
import { exactVariable } from "../src/exact-bytes.ts";

test("a text that Node could decode is encoded again", () => {
  expect(exactVariable("X", "\u00e9")).toBe(bytesOfText("\u00e9"));
});

test("a replacement that is the text itself remains", () => {
  expect(exactVariable("no such variable", "\ufffd")).toBe("\xef\xbf\xbd");
});

test.skipIf(!existsSync("/proc/self/environ"))("getEnv returns the bytes of a variable", () => {
  const script = `X=$(printf 'a\\377') exec "$0" "$1" --eval -E 'builtins.getEnv "X"'`;
  const { stdout } = spawnSync("sh", ["-c", script, process.execPath, builtCommand()]);
  expect(stdout.toString("latin1")).toBe('"a\xff"\n');
});
