/**
 * `npm run bench [-- OPTION… NAME…]`: compares the time of Nivis with that of C++ Nix, whole
 * processes side by side; with `--warm`, measures repeated evaluation in one process. See
 * docs/bench.md.
 *
 * The exit code is 1 if a program fails or its output differs from that of the reference.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtCommand, findProgram } from "@nivis/testkit";
import { buildWhenNeeded, root } from "../workspace.mjs";
import { type Comparison, comparePaired, isMeasured } from "./compare.ts";
import { type Command, Meter } from "./measure.ts";
import { type BenchOptions, parseOptions, USAGE, UsageError } from "./options.ts";
import { type BenchProgram, selectPrograms } from "./programs.ts";
import { type BenchRecord, currentCommit, describeMachine, historyLine } from "./record.ts";
import { comparisonTable, summarize, summaryLine } from "./report.ts";
import { measureWarm, warmTable } from "./warm.ts";

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    return bench(parseOptions(args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\nsee npm run bench -- --help\n`);
    return 2;
  }
}

function bench(options: BenchOptions): number {
  const { programs, missing } = selectPrograms(options.filters, process.env);
  if (options.list) {
    for (const { name } of programs) process.stdout.write(`${name}\n`);
    return 0;
  }
  for (const line of missing) process.stderr.write(`left out: ${line}\n`);
  if (programs.length === 0) throw new UsageError("no program to measure");
  if (options.nivis === undefined) buildWhenNeeded();
  return options.warm ? benchWarm(options, programs) : benchPaired(options, programs);
}

function benchPaired(options: BenchOptions, programs: readonly BenchProgram[]): number {
  const reference = referenceCommand();
  const nivis: Command = {
    program: options.node,
    args: [options.nivis ?? builtCommand(), ...options.nivisArguments],
  };
  // Before the first run: later the load includes our own runs, and files may change.
  const machine = describeMachine();
  const commit = currentCommit();
  const meter = Meter.open();
  if (!meter.isComplete) {
    process.stderr.write(
      "no GNU time on PATH (the Debian package `time`): memory and processor time are not measured\n",
    );
  }
  const versions = {
    node: versionOf({ program: options.node, args: [] }),
    reference: versionOf(reference),
  };
  const comparisons: Comparison[] = [];
  const recordNow = (): BenchRecord => ({
    date: new Date().toISOString(),
    commit,
    machine,
    ...versions,
    nivisArguments: options.nivisArguments,
    runs: options.runs,
    ...(options.note === undefined ? {} : { note: options.note }),
    summaries: summarize(comparisons),
    comparisons,
  });
  try {
    for (const program of programs) {
      const args = ["--eval", "--strict", ...program.args];
      const lanes = {
        nivis: () => meter.run(nivis, args),
        reference: () => meter.run(reference, args),
      };
      const comparison = comparePaired(program, lanes, options.runs);
      comparisons.push(comparison);
      // Written after each program, so that an interrupted run keeps its measurements.
      if (options.json !== undefined) writeJson(options.json, recordNow());
      process.stderr.write(
        isMeasured(comparison)
          ? `${program.name}: ${comparison.ratio.median.toFixed(2)}\n`
          : `${program.name}: FAILED: ${comparison.failure}\n`,
      );
    }
  } finally {
    meter.close();
  }
  const record = recordNow();
  printRecord(record);
  if (options.history) appendFileSync(join(root, "bench", "history.jsonl"), historyLine(record));
  return comparisons.every(isMeasured) ? 0 : 1;
}

function writeJson(file: string, data: unknown): void {
  writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`);
}

function printRecord(record: BenchRecord): void {
  const { machine, comparisons, summaries } = record;
  const failures = comparisons.filter((one) => !isMeasured(one)).map(({ name }) => name);
  process.stdout.write(
    [
      `\nnode ${record.node} against ${record.reference}, ${record.runs} pairs, commit ${record.commit}`,
      `${machine.cpu}, ${machine.cores} cores, load before ${machine.loadBefore.toFixed(1)}\n\n`,
    ].join("\n"),
  );
  process.stdout.write(`${comparisonTable(comparisons)}\n`);
  for (const summary of summaries) process.stdout.write(summaryLine(summary));
  if (failures.length > 0) process.stdout.write(`FAILED: ${failures.join(", ")}\n`);
}

function benchWarm(options: BenchOptions, programs: readonly BenchProgram[]): number {
  const results = programs.map((program) => {
    const result = measureWarm(program, options.node, options.runs);
    process.stderr.write(
      "failure" in result ? `${program.name}: FAILED: ${result.failure}\n` : `${program.name}\n`,
    );
    return result;
  });
  process.stdout.write(`\n${warmTable(results)}`);
  if (options.json !== undefined) {
    writeJson(options.json, { machine: describeMachine(), results });
  }
  return results.some((result) => "failure" in result) ? 1 : 0;
}

/** The program to compare with, which may be another build of Nivis. */
function referenceCommand(): Command {
  const asked = process.env["NIVIS_BENCH_REFERENCE"];
  if (asked === undefined) {
    const program = findProgram("nix-instantiate");
    if (program !== undefined) return { program, args: [] };
    throw new UsageError(
      "there is no nix-instantiate on PATH (the Debian package `nix-bin`) and NIVIS_BENCH_REFERENCE names none",
    );
  }
  if (asked.includes("/") ? !existsSync(asked) : findProgram(asked) === undefined) {
    throw new UsageError(`NIVIS_BENCH_REFERENCE: there is no program '${asked}'`);
  }
  return /\.[cm]?js$/.test(asked)
    ? { program: process.execPath, args: [asked] }
    : { program: asked, args: [] };
}

function versionOf({ program, args }: Command): string {
  const { stdout } = spawnSync(program, [...args, "--version"], { encoding: "utf8" });
  return stdout?.trim() || program;
}
