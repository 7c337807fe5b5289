/**
 * `npm run sweep -- --tree DIR [--set PATH]`: evaluates every attribute of a package set with Nivis
 * and with C++ Nix, and reports each difference. See docs/sweep.md.
 *
 * Answers are stored in the output folder as they arrive, so an interrupted sweep resumes with
 * `--resume`. The exit code is 1 if something differs.
 */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { mapConcurrently } from "@nivis/testkit";
import { AnswerFile } from "./answers.ts";
import { type Comparison, compareAnswers } from "./compare.ts";
import {
  buildThreads,
  type Command,
  type Evaluator,
  evaluatorEnvironment,
  nivisEvaluator,
  nivisTask,
  referenceEvaluator,
  versionOf,
} from "./evaluators.ts";
import { type Explanation, explainDifference, storeReader } from "./explain.ts";
import { parseOptions, type SweepOptions, USAGE, UsageError } from "./options.ts";
import type { ProcessCost } from "./process-cost.ts";
import { Progress } from "./progress.ts";
import { referenceRunner } from "./reference-process.ts";
import { formatReport, type Report, summary, totalCost } from "./report.ts";
import { type Runner, runChunk } from "./run-chunk.ts";
import { ThreadPool } from "./thread-pool.ts";

/** The answers of an evaluator so far, and their cost; both are also on disk. */
interface Log {
  readonly file: AnswerFile;
  readonly costs: readonly ProcessCost[];
  /** Records the cost of a process or thread that has ended. */
  readonly ended: (cost: ProcessCost) => void;
}

interface Lane extends Log {
  readonly evaluator: Evaluator;
  readonly runner: Runner;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    return await sweep(parseOptions(args));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(USAGE);
    return 2;
  }
}

async function sweep(options: SweepOptions): Promise<number> {
  mkdirSync(options.out, { recursive: true });
  const { reference: program, timeout, memory } = options;
  const environment = evaluatorEnvironment(options);
  const version = program === undefined ? undefined : versionOf(program);
  const programs = await buildThreads(options.out);
  const nivisLog = openLog("nivis", options);
  const threads = new ThreadPool({
    host: programs.host,
    program: programs.worker,
    data: (names) => nivisTask(options, version, names),
    environment,
    memory,
    timeout,
    ended: nivisLog.ended,
  });
  const lanes: Lane[] = [{ ...nivisLog, evaluator: nivisEvaluator(options), runner: threads }];
  if (program !== undefined) {
    const log = openLog("reference", options);
    const evaluator = referenceEvaluator(program, options);
    const { command } = evaluator;
    const runner = referenceRunner({ command, environment, timeout, ended: log.ended });
    lanes.push({ ...log, evaluator, runner });
  }
  try {
    await answerAll(lanes, options);
  } finally {
    await threads.close();
  }

  const [nivis, reference] = lanes;
  if (nivis === undefined || reference === undefined) return 0;
  const comparison = compareAnswers(nivis.file.answers, reference.file.answers);
  const report: Report = {
    options,
    comparison,
    explanations: explain(comparison, nivis.evaluator, reference.evaluator, options),
    costs: new Map(lanes.map(({ evaluator, costs }) => [evaluator.name, totalCost(costs)])),
  };
  const path = join(options.out, "report.md");
  writeFileSync(path, formatReport(report));
  process.stdout.write(`${summary(report)}\nreport: ${path}\n`);
  return comparison.differences.length > 0 ? 1 : 0;
}

function openLog(id: Evaluator["id"], { out, resume }: SweepOptions): Log {
  const costFile = join(out, `${id}-costs.jsonl`);
  if (!resume) rmSync(costFile, { force: true });
  const kept = existsSync(costFile) ? readFileSync(costFile, "utf8").trimEnd().split("\n") : [];
  const costs = kept.map((line) => JSON.parse(line) as ProcessCost);
  return {
    file: new AnswerFile(join(out, `${id}.jsonl`), resume),
    costs,
    ended: (cost) => {
      costs.push(cost);
      appendFileSync(costFile, `${JSON.stringify(cost)}\n`);
    },
  };
}

/** Evaluates all attributes that have no answer. */
async function answerAll(lanes: readonly Lane[], options: SweepOptions): Promise<void> {
  const work = lanes.map((lane) => {
    const names = options.only.length > 0 ? options.only : listNames(lane.evaluator, options);
    return names.filter((name) => !lane.file.answers.has(name));
  });
  const progress = new Progress(
    new Map(lanes.map(({ evaluator }, i) => [evaluator.name, work[i]?.length ?? 0])),
  );
  await mapConcurrently(alternate(lanes, work, options.chunk), options.jobs, ([lane, names]) =>
    runChunk(lane.runner, names, (name, answer) => {
      lane.file.add(name, answer);
      progress.advance(lane.evaluator.name);
    }),
  );
  progress.finish();
}

/** Alternating chunks of both, so that neither evaluator is far ahead of the other. */
function alternate(
  lanes: readonly Lane[],
  work: readonly (readonly string[])[],
  size: number,
): (readonly [Lane, readonly string[]])[] {
  const tasks: (readonly [Lane, readonly string[]])[] = [];
  const longest = Math.max(...work.map((names) => names.length));
  for (let from = 0; from < longest; from += size) {
    lanes.forEach((lane, i) => {
      const names = (work[i] ?? []).slice(from, from + size);
      if (names.length > 0) tasks.push([lane, names]);
    });
  }
  return tasks;
}

function listNames(evaluator: Evaluator, options: SweepOptions): readonly string[] {
  return JSON.parse(runToEnd(evaluator.listCommand(), evaluator, options)) as string[];
}

/** Instantiates both sides of the first differing derivations and compares the files. */
function explain(
  { differences }: Comparison,
  nivis: Evaluator,
  reference: Evaluator,
  options: SweepOptions,
): ReadonlyMap<string, Explanation> {
  const explanations = new Map<string, Explanation>();
  const derivations = differences.filter(({ kind }) => kind === "drvPath");
  for (const { name } of derivations.slice(0, options.explain)) {
    try {
      const [ours, theirs] = [nivis, reference].map((evaluator) => {
        const store = join(options.out, `store-of-${evaluator.id}`);
        const command = evaluator.instantiateCommand(name, store);
        const path = runToEnd(command, evaluator, options).trim().split("!")[0] as string;
        return { path, read: storeReader(store) };
      });
      if (ours !== undefined && theirs !== undefined) {
        explanations.set(name, explainDifference(ours, theirs));
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      explanations.set(name, { chain: [name], lines: [`cannot compare: ${message}`] });
    }
  }
  return explanations;
}

/** The output of a command that must succeed. */
function runToEnd(command: Command, evaluator: Evaluator, options: SweepOptions): string {
  const { status, stdout, stderr, error } = spawnSync(command.program, command.args, {
    cwd: "/",
    env: evaluatorEnvironment(options),
    input: command.stdin,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: options.timeout * 1000,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${evaluator.name} failed:\n${stderr.slice(0, 2000)}`);
  return stdout;
}
