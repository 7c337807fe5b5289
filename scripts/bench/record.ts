/** The record of a run: everything as JSON, and one line for the committed history. */
import { spawnSync } from "node:child_process";
import { cpus, loadavg, totalmem, version } from "node:os";
import { root } from "../workspace.mjs";
import { type Comparison, isMeasured, type Summary } from "./compare.ts";

/** Where measurements were taken; they mean nothing on another machine. */
export interface MachineDescription {
  readonly cpu: string;
  readonly cores: number;
  /** Mebibytes. */
  readonly memory: number;
  readonly system: string;
  /** The mean number of running processes in the minute before: above 0 something else ran, too. */
  readonly loadBefore: number;
}

/** See the head of this file. */
export interface BenchRecord {
  /** ISO 8601. */
  readonly date: string;
  /** The commit that is checked out, with `+` when files differ from it. */
  readonly commit: string;
  readonly machine: MachineDescription;
  readonly node: string;
  /** The version of the reference, in its own words. */
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

/** The commit of this checkout; "unknown" where it is none. */
export function currentCommit(): string {
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
    return status === 0 ? stdout.trim() : undefined;
  };
  const commit = git("rev-parse", "--short=12", "HEAD");
  if (commit === undefined) return "unknown";
  return git("status", "--porcelain", "--untracked-files=no") === "" ? commit : `${commit}+`;
}

/** A record as a line of the history: of each program the ratios of time, processor time and memory. */
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
