/** The profilers of C++ Nix in the commands; `eval/test/profiling` has what they find. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, instantiate, nivis } from "./terminal-double.ts";

const folder = folderWith({ "x.nix": "let f = x: x; in f 1" });
afterAll(folder.remove);

const FLAGS = ["--eval-profiler", "flamegraph", "--eval-profiler-frequency", "0"];

describe("--eval-profiler", () => {
  test("writes the stacks to a file, which it empties first", () => {
    const file = join(folder.path, "stacks");
    writeFileSync(
      file,
      "something longer than the profile will be, so that a rest would be seen\n",
    );
    const flags = [...FLAGS, "--eval-profile-file", file];
    const { code, out } = nivis(["eval", ...flags, join(folder.path, "x.nix")]);
    expect({ code, out }).toEqual({ code: 0, out: "1\n" });
    expect(readFileSync(file, "utf8")).toBe(`${join(folder.path, "x.nix")}:1:18:f 1\n`);
  });

  test("writes what there is after an error, and works with the old command", () => {
    const file = join(folder.path, "failed");
    const flags = [...FLAGS, "--eval-profile-file", file];
    const { code, err } = instantiate(["--eval", ...flags, "-E", '(x: throw "no") 1']);
    expect(code).toBe(1);
    expect(err).toContain("error: no");
    expect(readFileSync(file, "utf8")).toBe(
      "«string»:1:1 1\n«string»:1:1;«string»:1:5:primop throw 1\n",
    );
  });

  test("is a setting of the configuration, too", () => {
    const file = join(folder.path, "configured");
    const environment = {
      NIX_CONFIG: `eval-profiler = flamegraph\neval-profiler-frequency = 0\neval-profile-file = ${file}`,
    };
    expect(nivis(["eval", "-E", "(x: x) 1"], { environment }).out).toBe("1\n");
    expect(readFileSync(file, "utf8")).toBe("«string»:1:1 1\n");
  });

  test("says what is wrong with a file or a value", () => {
    const file = join(folder.path, "missing", "stacks");
    const { code, err } = nivis(["eval", ...FLAGS, "--eval-profile-file", file, "-E", "1"]);
    expect(code).toBe(1);
    expect(err).toContain(`opening file "${file}": No such file or directory`);
    expect(existsSync(file)).toBe(false);
    expect(nivis(["eval", "--eval-profiler", "x", "-E", "1"]).err).toContain(
      "option 'eval-profiler' has invalid value 'x'",
    );
  });
});

describe("--trace-function-calls", () => {
  test("logs each call with its time", () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    const { out, err } = nivis(["eval", "--trace-function-calls", "-E", "(x: x) 1"]);
    expect(out).toBe("1\n");
    const lines = err.trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/\d+$/, "TIME"))).toEqual([
      "function-trace entered «string»:1:1 at TIME",
      "function-trace exited «string»:1:1 at TIME",
    ]);
    const times = lines.map((line) => BigInt(line.split(" ").at(-1) as string));
    expect(times[0]).toBeGreaterThan(before - 1_000_000_000n);
    expect(times[1]).toBeGreaterThanOrEqual(times[0] as bigint);
    expect(times[1]).toBeLessThan(before + 60_000_000_000n);
  });
});
