/**
 * `NIX_SHOW_STATS` and its relatives: what the environment asks to be counted, and printing it when a
 * command ends.
 */
import { writeFileSync } from "node:fs";
import { CountingObserver, type Evaluation, renderStatistics, statisticsReport } from "@nivis/eval";
import { ProcessMeter } from "@nivis/node";
import type { Terminal } from "./terminal.ts";

/** What one run of a command counts. */
export class StatisticsRecorder {
  /** Sees every instruction; absent when only that is wanted which is counted anyway. */
  readonly observer: CountingObserver | undefined;
  private readonly meter = new ProcessMeter();
  private evaluation: Evaluation | undefined;

  private constructor(private readonly terminal: Terminal) {
    const { environment } = terminal;
    this.observer = isOn(environment["NIX_SHOW_STATS"])
      ? new CountingObserver(isOn(environment["NIX_COUNT_CALLS"]))
      : undefined;
  }

  /** A recorder if the environment wants one. */
  static of(terminal: Terminal): StatisticsRecorder | undefined {
    const { environment } = terminal;
    return isOn(environment["NIX_SHOW_STATS"]) || isOn(environment["NIVIS_SHOW_STATS"])
      ? new StatisticsRecorder(terminal)
      : undefined;
  }

  /** Says whose counters are meant. */
  watch(evaluation: Evaluation): void {
    this.evaluation = evaluation;
  }

  /** Prints the statistics; nothing if there was no evaluation. */
  print(): void {
    if (this.evaluation === undefined) return;
    const { context, positions } = this.evaluation;
    const report = statisticsReport(
      this.observer,
      this.meter.finish(),
      context.counters.read(),
      positions,
    );
    const text = renderStatistics(report);
    const path = this.terminal.environment["NIX_SHOW_STATS_PATH"] ?? "-";
    if (path === "-") this.terminal.writeLine(text);
    else writeFileSync(path, `${text}\n`, "latin1");
  }
}

/** Nix: everything but 0 means yes, the empty text too. */
function isOn(setting: string | undefined): boolean {
  return (setting ?? "0") !== "0";
}
