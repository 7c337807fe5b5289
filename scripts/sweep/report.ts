/** The report of a sweep, in Markdown. */
import { type Comparison, type Difference, describeAnswer } from "./compare.ts";
import type { Explanation } from "./explain.ts";
import type { SweepOptions } from "./options.ts";
import type { ProcessCost } from "./process-cost.ts";

/** The cost of the whole set: sums, and the peak of the largest process. */
export interface TotalCost extends ProcessCost {
  /** The number of processes of the reference, or of threads of Nivis. */
  readonly runs: number;
}

export interface Report {
  readonly options: SweepOptions;
  readonly comparison: Comparison;
  readonly explanations: ReadonlyMap<string, Explanation>;
  /** By the name of the evaluator. */
  readonly costs: ReadonlyMap<string, TotalCost>;
}

/** The total cost of the runs of one evaluator. */
export function totalCost(costs: readonly ProcessCost[]): TotalCost {
  const total = { wall: 0, user: 0, system: 0, peak: 0, runs: costs.length };
  for (const { wall, user, system, peak } of costs) {
    total.wall += wall;
    total.user += user;
    total.system += system;
    total.peak = Math.max(total.peak, peak);
  }
  return total;
}

/** The counts in one line. */
export function summary({ comparison }: Report): string {
  const { attributes, derivations, equal, differences, ofVersions, otherMessage } = comparison;
  return (
    `${attributes} attributes, ${derivations} derivations, ${equal} equal, ` +
    `${differences.length} different, ${ofVersions.length} only to old versions, ` +
    `${otherMessage.length} with another message`
  );
}

/** The whole report. */
export function formatReport(report: Report): string {
  const { options, comparison, costs } = report;
  const set = options.set === "" ? "the top level" : options.set;
  const lines = [`# Sweep of ${set}`, "", summary(report), ""];
  if (costs.size > 0) {
    lines.push(
      "| evaluator | processes or threads | wall | user | system | peak memory of a process |",
      "| --- | --- | --- | --- | --- | --- |",
      ...[...costs].map(([name, cost]) => {
        const times = [cost.wall, cost.user, cost.system].map((time) => `${time.toFixed(0)} s`);
        const peak = `${cost.peak.toFixed(0)} MiB`;
        return `| ${name} | ${cost.runs} | ${times.join(" | ")} | ${peak} |`;
      }),
      "",
    );
  }
  if (comparison.differences.length > 0) {
    lines.push("## Differences", "");
    for (const difference of comparison.differences) {
      lines.push(...formatDifference(difference, report.explanations.get(difference.name)));
    }
  }
  if (comparison.ofVersions.length > 0) {
    lines.push("## Differences between versions of Nix", "");
    for (const difference of comparison.ofVersions) lines.push(...formatDifference(difference));
  }
  if (comparison.otherMessage.length > 0) {
    lines.push("## Errors worded differently", "");
    for (const difference of comparison.otherMessage) lines.push(...formatDifference(difference));
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function formatDifference(difference: Difference, explanation?: Explanation): string[] {
  const lines = [
    `### ${difference.name}: ${difference.kind}`,
    "",
    `- Nivis: ${describeAnswer(difference.nivis)}`,
    `- reference: ${describeAnswer(difference.reference)}`,
    "",
  ];
  if (explanation !== undefined) {
    const chain = explanation.chain.join(" → ");
    lines.push(`First difference: ${chain}`, "", "```", ...explanation.lines, "```", "");
  }
  return lines;
}
