/** The statistics that commands print when they end. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, instantiate, nivis } from "./terminal-double.ts";

const folder = folderWith({ "x.nix": "let f = x: x; in f 1" });
afterAll(folder.remove);

describe("NIX_SHOW_STATS", () => {
  test("is printed at the end by both commands", () => {
    const environment = { NIX_SHOW_STATS: "1" };
    const results = [
      nivis(["eval", "-E", "(x: x + 1) 1"], { environment }),
      instantiate(["--eval", "-E", "(x: x + 1) 1"], { environment }),
    ];
    for (const { code, out, err } of results) {
      expect({ code, out }).toEqual({ code: 0, out: "2\n" });
      const report = JSON.parse(err);
      expect(report).toMatchObject({ nrFunctionCalls: 1, nivis: { caches: { files: 0 } } });
      // Both commands run in this process: seconds, and no more of them than it has used.
      expect(report.cpuTime).toBeGreaterThan(0);
      expect(report.cpuTime).toBeLessThanOrEqual(process.cpuUsage().user / 1e6);
      expect(report.gc.totalBytes).toBeGreaterThan(1024);
      expect(report.gc.totalBytes).toBeLessThan(2 ** 36);
      expect(report).not.toHaveProperty("functions");
    }
  });

  test("is off when it is 0 and when there is no evaluation", () => {
    expect(nivis(["eval", "-E", "1"], { environment: { NIX_SHOW_STATS: "0" } }).err).toBe("");
    expect(nivis(["--version"], { environment: { NIX_SHOW_STATS: "1" } }).err).toBe("");
    expect(instantiate(["--version"], { environment: { NIX_SHOW_STATS: "1" } }).err).toBe("");
  });

  test("goes to a file and comes after an error", () => {
    const path = join(folder.path, "stats.json");
    const environment = { NIX_SHOW_STATS: "1", NIX_SHOW_STATS_PATH: path };
    const { err } = nivis(["eval", "-E", 'throw "no"'], { environment });
    expect(err).toMatch(/error: no\n$/);
    expect(existsSync(path)).toBe(true);
    expect(JSON.parse(readFileSync(path, "utf8")).nrPrimOpCalls).toBe(1);
  });

  test("counts calls when asked", () => {
    const environment = { NIX_SHOW_STATS: "1", NIX_COUNT_CALLS: "1" };
    const { err } = instantiate(["--eval", join(folder.path, "x.nix")], { environment });
    expect(JSON.parse(err).functions).toEqual([
      { name: "f", file: join(folder.path, "x.nix"), line: 1, column: 9, count: 1 },
    ]);
  });

  test("leaves the machine alone when only Nivis' own counters are wanted", () => {
    const { err } = nivis(["eval", "-E", "(x: x) 1"], { environment: { NIVIS_SHOW_STATS: "1" } });
    const report = JSON.parse(err);
    expect(Object.keys(report)).toEqual(["cpuTime", "gc", "nivis", "time"]);
    expect(Object.keys(report.nivis)).toEqual(["caches", "process", "tier"]);
  });

  test("counts what came out of the bytecode cache", () => {
    const environment = {
      NIVIS_SHOW_STATS: "1",
      NIVIS_NO_CACHE: "",
      XDG_CACHE_HOME: join(folder.path, "cache"),
    };
    const read = () => {
      const { err } = instantiate(["--eval", join(folder.path, "x.nix")], { environment });
      return JSON.parse(err).nivis.bytecodeCache;
    };
    expect(read()).toEqual({ hits: 0, misses: 1 });
    expect(read()).toEqual({ hits: 1, misses: 0 });
  });

  test("counts beside a trace", () => {
    const environment = { NIX_SHOW_STATS: "1" };
    const { err } = nivis(["trace", "-E", "(x: x) 1"], { environment });
    const start = err.indexOf("{\n");
    expect(start).toBeGreaterThan(0);
    expect(JSON.parse(err.slice(start)).nrFunctionCalls).toBe(1);
  });
});
