/**
 * `NIX_SHOW_STATS` and related variables: which statistics the environment asks for, and printing
 * them when a command ends.
 */
import { writeFileSync } from "node:fs";
import { CountingObserver, type Evaluation, renderStatistics, statisticsReport } from "@nivis/eval";
import { ProcessMeter } from "@nivis/node";
import type { Terminal } from "./terminal.ts";

/** The statistics of one run of a command. */
export class StatisticsRecorder {
  /** Observes every instruction; absent if the counters that always run are enough. */
  readonly observer: CountingObserver | undefined;
  readonly #meter = new ProcessMeter();
  #evaluation: Evaluation | undefined;

  private constructor(private readonly terminal: Terminal) {
    const { environment } = terminal;
    this.observer = isOn(environment["NIX_SHOW_STATS"])
      ? new CountingObserver(isOn(environment["NIX_COUNT_CALLS"]))
      : undefined;
  }

  /** Returns a recorder if the environment asks for one. */
  static of(terminal: Terminal): StatisticsRecorder | undefined {
    const { environment } = terminal;
    return isOn(environment["NIX_SHOW_STATS"]) || isOn(environment["NIVIS_SHOW_STATS"])
      ? new StatisticsRecorder(terminal)
      : undefined;
  }

  /** Sets the evaluation whose counters are reported. */
  watch(evaluation: Evaluation): void {
    this.#evaluation = evaluation;
  }

  /** Prints the statistics, or nothing if there was no evaluation. */
  print(): void {
    if (this.#evaluation === undefined) return;
    const { context, positions } = this.#evaluation;
    const report = statisticsReport(
      this.observer,
      this.#meter.finish(),
      context.counters.read(),
      positions,
    );
    const text = renderStatistics(report);
    const path = this.terminal.environment["NIX_SHOW_STATS_PATH"] ?? "-";
    if (path === "-") this.terminal.writeLine(text);
    else writeFileSync(path, `${text}\n`, "latin1");
  }
}

/** Nix: every value except `0` means yes, even the empty one. */
function isOn(setting: string | undefined): boolean {
  return (setting ?? "0") !== "0";
}
