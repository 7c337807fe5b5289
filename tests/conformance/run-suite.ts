/**
 * Runs the cases of a conformance suite and compares the outcomes with the suite's expectations,
 * with the list of expected failures and with the committed scoreboard.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { mapConcurrently, type Outcome, type Runner } from "@nivis/testkit";
import type { ConformanceCase, ConformanceSuite } from "./suite.ts";

/** The result of a case. */
export interface Verdict {
  readonly case: ConformanceCase;
  readonly outcome: Outcome;
  /** Whether the exit code, and standard output if the suite has it, are as expected. */
  readonly passed: boolean;
  /** Whether standard error is identical; `undefined` if the suite does not have it. */
  readonly sameStderr: boolean | undefined;
}

/** The committed counts of a suite. */
export interface Score {
  readonly kinds: Readonly<
    Record<string, { readonly passed: number; readonly sameStderr: number; readonly all: number }>
  >;
  /** Cases whose standard error differs; the list should shrink. */
  readonly differentStderr: readonly string[];
}

const scoreboardJson = fileURLToPath(new URL("./scoreboard.json", import.meta.url));
const scoreboardMarkdown = fileURLToPath(new URL("./scoreboard.md", import.meta.url));
const stderrDifferencesFile = fileURLToPath(new URL("./stderr-differences.txt", import.meta.url));
const expectedFailuresFile = fileURLToPath(new URL("./expected-failures.txt", import.meta.url));

/** Runs all cases of a suite with a runner. */
export async function runSuite(
  suite: ConformanceSuite,
  checkout: string,
  runner: Runner,
): Promise<Verdict[]> {
  return mapConcurrently(suite.cases(checkout), 2, async (one) => {
    const outcome = await one.normalise(await (one.run?.() ?? runner.run(one.invocation)));
    const passed =
      outcome.code === one.code && (one.stdout === undefined || outcome.stdout === one.stdout);
    const sameStderr = one.stderr === undefined ? undefined : outcome.stderr === one.stderr;
    return { case: one, outcome, passed, sameStderr };
  });
}

/** The counts of a run. */
export function scoreOf(verdicts: readonly Verdict[]): Score {
  const kinds: Record<string, { passed: number; sameStderr: number; all: number }> = {};
  for (const { case: one, passed, sameStderr } of verdicts) {
    kinds[one.kind] ??= { passed: 0, sameStderr: 0, all: 0 };
    const count = kinds[one.kind] as { passed: number; sameStderr: number; all: number };
    count.all++;
    if (passed) count.passed++;
    if (sameStderr !== false) count.sameStderr++;
  }
  const differentStderr = verdicts
    .filter(({ sameStderr }) => sameStderr === false)
    .map((verdict) => verdict.case.name);
  return { kinds, differentStderr };
}

/** The known failures with their reasons, from lines `SUITE/CASE  reason`. */
export function expectedFailures(suite: ConformanceSuite): Map<string, string> {
  const failures = new Map<string, string>();
  for (const line of readFileSync(expectedFailuresFile, "utf8").split("\n")) {
    const found = /^([\w-]+)\/(\S+)\s+(\S.*)$/.exec(line);
    if (found?.[1] === suite.name) failures.set(found[2] as string, found[3] as string);
    else if (found === null && line !== "" && !line.startsWith("#")) {
      throw new Error(`expected-failures.txt: a failure needs a reason: ${line}`);
    }
  }
  return failures;
}

/** The cases that pass with a different standard error, with their reasons. */
export function stderrDifferences(suite: ConformanceSuite): Map<string, string> {
  const differences = new Map<string, string>();
  let reason: string | undefined;
  for (const line of readFileSync(stderrDifferencesFile, "utf8").split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith(" ")) {
      reason = line.trim();
      continue;
    }
    if (reason === undefined) throw new Error(`stderr-differences.txt: no reason for ${line}`);
    if (line.startsWith(`${suite.name}/`))
      differences.set(line.slice(suite.name.length + 1), reason);
  }
  return differences;
}

/**
 * The surprises of a run: unexpected failures and differences on standard error, and
 * expected ones that did not occur.
 */
export function surprises(suite: ConformanceSuite, verdicts: readonly Verdict[]): string[] {
  const differences = stderrDifferences(suite);
  const expected = expectedFailures(suite);
  const known = new Set(verdicts.map((verdict) => verdict.case.name));
  const unexpected = verdicts.flatMap((verdict) => {
    const { name } = verdict.case;
    if (!verdict.passed && !expected.has(name)) return [`${name} fails`];
    if (verdict.passed && expected.has(name)) {
      return [`${name} passes: take it off expected-failures.txt`];
    }
    const differs = verdict.passed && verdict.sameStderr === false;
    if (differs && !differences.has(name)) return [`${name} differs on standard error`];
    if (!differs && differences.has(name)) {
      return [`${name} does not pass and differ: take it off stderr-differences.txt`];
    }
    return [];
  });
  const gone = [...expected.keys(), ...differences.keys()].filter((name) => !known.has(name));
  return [...unexpected, ...gone.map((name) => `${name} is listed but does not exist`)];
}

/** The committed scores of all suites. */
export function readScoreboard(): Record<string, Score> {
  if (!existsSync(scoreboardJson)) return {};
  return JSON.parse(readFileSync(scoreboardJson, "utf8")) as Record<string, Score>;
}

/** Replaces the committed score of a suite, in JSON and in Markdown. */
export function writeScore(suite: ConformanceSuite, score: Score): void {
  const scores = { ...readScoreboard(), [suite.name]: score };
  writeFileSync(scoreboardJson, `${JSON.stringify(scores, undefined, 2)}\n`);
  const tables = Object.entries(scores).map(([name, one]) => `## ${name}\n\n${table(one)}\n`);
  writeFileSync(
    scoreboardMarkdown,
    `# Conformance\n\nWritten by \`npm run conformance -- --update\`.\n\n${tables.join("\n")}`,
  );
}

/** The score as a Markdown table. */
export function table(score: Score): string {
  const rows = Object.entries(score.kinds).map(
    ([kind, { passed, sameStderr, all }]) =>
      `| ${kind} | ${passed} | ${all} | ${((100 * passed) / all).toFixed(1)} % | ${sameStderr} |`,
  );
  return [
    "| kind | passed | of | share | standard error identical |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...rows,
  ].join("\n");
}
