/** The record of a run: all measurements as JSON, and one line for the committed history. */
import { spawnSync } from "node:child_process";
import { cpus, loadavg, totalmem, version } from "node:os";
import { root } from "../workspace.mjs";
import { type Comparison, isMeasured, type Summary } from "./compare.ts";

/** The machine of the measurements, which cannot be compared across machines. */
export interface MachineDescription {
  readonly cpu: string;
  readonly cores: number;
  /** In mebibytes. */
  readonly memory: number;
  readonly system: string;
  /** The load average of the minute before; other programs were running if it is above 0. */
  readonly loadBefore: number;
}

/** A run of the benchmarks with its circumstances. */
export interface BenchRecord {
  /** In ISO 8601. */
  readonly date: string;
  /** The checked-out commit, with `+` if files differ from it. */
  readonly commit: string;
  readonly machine: MachineDescription;
  readonly node: string;
  /** The output of the reference's `--version`. */
  readonly reference: string;
  readonly nivisArguments: readonly string[];
  readonly runs: number;
  readonly note?: string;
  readonly summaries: readonly Summary[];
  readonly comparisons: readonly Comparison[];
}

export function describeMachine(): MachineDescription {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memory: Math.round(totalmem() / 2 ** 20),
    system: `${process.platform} ${process.arch}, ${version()}`,
    loadBefore: loadavg()[0] as number,
  };
}

/** The commit of this checkout, or "unknown" outside of Git. */
export function currentCommit(): string {
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
    return status === 0 ? stdout.trim() : undefined;
  };
  const commit = git("rev-parse", "--short=12", "HEAD");
  if (commit === undefined) return "unknown";
  return git("status", "--porcelain", "--untracked-files=no") === "" ? commit : `${commit}+`;
}

/**
 * A record as a line of the history: per program, the ratios of time, processor time and memory.
 */
export function historyLine(record: BenchRecord): string {
  const { comparisons, ...rest } = record;
  const ratios = Object.fromEntries(
    comparisons.map((one) => [
      one.name,
      isMeasured(one)
        ? [round(one.ratio.median), round(one.userRatio), round(one.peakRatio)]
        : "failed",
    ]),
  );
  return `${JSON.stringify({ ...rest, ratios })}\n`;
}

function round(ratio: number | undefined): number | null {
  return ratio === undefined ? null : Number(ratio.toFixed(3));
}
