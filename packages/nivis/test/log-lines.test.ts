/**
 * Lines of `--log-format internal-json`: where C++ Nix 2.36 writes an unknown position, and where
 * none. The answers are recorded from it.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { instantiate, nivisLater } from "./terminal-double.ts";

const UNKNOWN = "«none»:0";

/** A program, the position of its error, and those of its traces from the innermost. */
type Row = readonly [program: string, file: string | null, traces: readonly (string | null)[]];

const rows: readonly Row[] = [
  ["1 / 0", UNKNOWN, ["«string»:1:3"]],
  ["!1", UNKNOWN, [UNKNOWN]],
  ["1 + true", "«string»:1:5", []],
  ["builtins.head [ ]", UNKNOWN, ["«string»:1:1"]],
  ["builtins.length 1", null, [UNKNOWN, "«string»:1:1"]],
  ["builtins.stringLength 1", null, [UNKNOWN, "«string»:1:1"]],
  ["builtins.splitVersion 1", UNKNOWN, [UNKNOWN, "«string»:1:1"]],
  ["<nope>", UNKNOWN, ["«string»:1:1"]],
  ["builtins.path { }", UNKNOWN, ["«string»:1:1"]],
  ['builtins.fromJSON "x"', null, [null, "«string»:1:1"]],
  ["[ 1 ] < [ true ]", null, [null, "«string»:1:7"]],
  ['builtins.addErrorContext "c" (throw "a")', null, ["«string»:1:31", null]],
  ['builtins.deepSeq [ (throw "a") ] 1', null, ["«string»:1:21", null, "«string»:1:1"]],
  ["let x = x; in x", "«string»:1:9", [null]],
];

describe("--log-format internal-json", () => {
  test.each(rows)("%s", (program, file, traces) => {
    const { err } = instantiate([
      ...["--log-format", "internal-json", "--show-trace", "--eval", "--strict"],
      ...["-E", program],
    ]);
    const line = JSON.parse(err.replace(/^@nix /, ""));
    const found = (line.trace ?? []).map((trace: { file: string | null }) => trace.file);
    expect([line.file, found]).toEqual([file, traces]);
  });
});

/** Programs with their message and the traces from the innermost, in the colours of C++ Nix 2.36. */
const colored: [program: string, texts: string[]][] = JSON.parse(
  readFileSync(new URL("message-colors.json", import.meta.url), "utf8"),
);

test.each(colored)("the colours of the messages of %s", (program, texts) => {
  const { err } = instantiate([
    ...["--log-format", "internal-json", "--show-trace", "--eval", "--strict"],
    ...["--store", "dummy://?read-only=false", "-E", program],
  ]);
  const line = JSON.parse(err.split("\n")[0]?.replace(/^@nix /, "") ?? "");
  const traces = (line.trace ?? []).map((trace: { raw_msg: string }) => trace.raw_msg);
  expect([line.raw_msg, ...traces]).toEqual(texts);
});

// Recorded from C++ Nix 2.36.
test.each([
  [
    ["hash", "file", "/missing"],
    'opening file \x1b[35;1m"/missing"\x1b[0m: \x1b[35;1mNo such file or directory\x1b[0m',
  ],
  [["store", "info", "--nonsense"], "unrecognised flag '\x1b[35;1m--nonsense\x1b[0m'"],
])("errors of commands on stores: %j", async (args, message) => {
  const { err } = await nivisLater([
    ...args.slice(0, 2),
    "--log-format",
    "internal-json",
    ...args.slice(2),
  ]);
  const line = JSON.parse(err.split("\n")[0]?.replace(/^@nix /, "") ?? "");
  expect(line.raw_msg).toEqual(message);
});

test("what commands on stores tell has its level", async () => {
  const { err } = await nivisLater([
    ...["store", "info", "--store", "dummy://", "--log-format", "internal-json"],
  ]);
  expect(err).toBe(
    '@nix {"action":"msg","level":2,"msg":"Store URL: dummy://"}\n' +
      '@nix {"action":"msg","level":2,"msg":"Trusted: 1"}\n',
  );
});
