/** The output of the benchmarks: a Markdown table, and a summary of each group. */
import { type Comparison, isMeasured, type Measured, type Summary } from "./compare.ts";
import { geometricMean, quartiles } from "./statistics.ts";

/** A table with aligned columns; the first column is text, the others are numbers. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => (row[i] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells
      .map((cell, i) =>
        i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number),
      )
      .join(" | ")} |`;
  const rule = widths.map((width, i) =>
    i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...rows.map(line)].map((text) => `${text}\n`).join("");
}

/** The table of the measured programs, in their order. */
export function comparisonTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons
    .filter(isMeasured)
    .map((one) => [
      one.name,
      rounded(one.nivis.wall),
      rounded(one.reference.wall),
      one.ratio.median.toFixed(2),
      `${one.ratio.lower.toFixed(2)}–${one.ratio.upper.toFixed(2)}`,
      ratioText(one.userRatio),
      rounded(one.nivis.peak),
      rounded(one.reference.peak),
      ratioText(one.peakRatio),
    ]);
  const head = [
    "program",
    "ms",
    "reference ms",
    "time",
    "quartiles",
    "processor time",
    "MiB",
    "reference MiB",
    "memory",
  ];
  return formatTable(head, rows);
}

/** One summary for each group, in the order of their first programs. */
export function summarize(comparisons: readonly Comparison[]): Summary[] {
  const groups = new Map<string, Measured[]>();
  for (const one of comparisons) {
    if (isMeasured(one)) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  }
  return [...groups].map(([group, programs]) => ({
    group,
    programs: programs.length,
    geometricMean: geometricMean(programs.map(({ ratio }) => ratio.median)),
    worst: highest(programs, ({ ratio }) => ratio.median) as Highest,
    worstPeak: highest(programs, ({ peakRatio }) => peakRatio),
  }));
}

interface Highest {
  readonly name: string;
  readonly ratio: number;
}

function highest(
  programs: readonly Measured[],
  ratioOf: (program: Measured) => number | undefined,
): Highest | undefined {
  let found: Highest | undefined;
  for (const program of programs) {
    const ratio = ratioOf(program);
    if (ratio !== undefined && (found === undefined || ratio > found.ratio)) {
      found = { name: program.name, ratio };
    }
  }
  return found;
}

/** A summary as one line. */
export function summaryLine({ group, programs, geometricMean, worst, worstPeak }: Summary): string {
  const memory =
    worstPeak === undefined
      ? ""
      : `, highest memory ${worstPeak.ratio.toFixed(2)} (${worstPeak.name})`;
  return `${group}: ${programs} programs, geometric mean ${geometricMean.toFixed(2)}, worst ${worst.ratio.toFixed(2)} (${worst.name})${memory}\n`;
}

function rounded(values: readonly number[]): string {
  return values.length === 0 ? "?" : quartiles(values).median.toFixed(0);
}

function ratioText(ratio: number | undefined): string {
  return ratio === undefined ? "?" : ratio.toFixed(2);
}
