/**
 * `NIX_SHOW_STATS` and related variables: which statistics the environment asks for, and printing
 * them when a command ends. Loaded on demand.
 */
import { writeFileSync } from "node:fs";
import { CountingObserver, type Evaluation, renderStatistics, statisticsReport } from "@nivis/eval";
import { ProcessMeter } from "@nivis/node";
import { isOn, type Terminal } from "./terminal.ts";

export type { StatisticsRecorder };

/** Begins to record the statistics that the environment of a terminal asks for. */
export function recordStatistics(terminal: Terminal): StatisticsRecorder {
  return new StatisticsRecorder(terminal);
}

/** The statistics of one run of a command. */
class StatisticsRecorder {
  /** Observes every instruction; absent if the counters that always run are enough. */
  readonly observer: CountingObserver | undefined;
  readonly #meter = new ProcessMeter();
  #evaluation: Evaluation | undefined;

  constructor(private readonly terminal: Terminal) {
    const { environment } = terminal;
    this.observer = isOn(environment["NIX_SHOW_STATS"])
      ? new CountingObserver(isOn(environment["NIX_COUNT_CALLS"]))
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
