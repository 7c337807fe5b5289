/**
 * Warm runs: evaluates a program repeatedly in one process, with a new evaluation each time, so
 * that only the engine's compiled code is reused. Each program gets its own
 * process, so that no program warms up the engine for the next.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../workspace.mjs";
import type { BenchProgram } from "./programs.ts";
import { formatTable } from "./report.ts";
import { quartiles } from "./statistics.ts";

/** The times of the evaluations in milliseconds, or why there are none. */
export type WarmResult =
  | { readonly name: string; readonly times: readonly number[] }
  | { readonly name: string; readonly failure: string };

export function measureWarm(program: BenchProgram, node: string, runs: number): WarmResult {
  const { name } = program;
  const worker = join(root, "scripts", "bench", "warm-worker.mjs");
  const result = spawnSync(node, [worker, String(runs), ...program.args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) return { name, failure: result.stderr };
  return { name, times: JSON.parse(result.stdout) };
}

/**
 * The table of first evaluations and of the medians of the second half, when the engine has warmed
 * up.
 */
export function warmTable(results: readonly WarmResult[]): string {
  const rows = results.flatMap((result) => {
    if ("failure" in result) return [];
    const { name, times } = result;
    const cold = times[0] as number;
    const { median, lower, upper } = quartiles(times.slice(Math.floor(times.length / 2)));
    return [
      [
        name,
        cold.toFixed(0),
        median.toFixed(0),
        `${lower.toFixed(0)}–${upper.toFixed(0)}`,
        (cold / median).toFixed(2),
      ],
    ];
  });
  return formatTable(["program", "cold ms", "warm ms", "quartiles", "cold / warm"], rows);
}
