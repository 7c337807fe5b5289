/**
 * `npm run conformance [-- OPTIONS] [NAME…]`: runs the suites whose checkouts are set by
 * variables, and prints the scores and each failure.
 *
 *     --update    write the scoreboard
 *     --process   run each case as a process of the built command
 *     --runner=R  evaluate with runner R of `nivisRunners`: vm (the default), js, js+fallback
 *     --stderr    also show cases that differ only on standard error
 *     --names     print only the names of failing cases
 *     NAME        run only cases whose name contains it
 */
import { fileURLToPath } from "node:url";
import { nivisRunners, processRunner, type Runner } from "@nivis/testkit";
import { runSuite, scoreOf, surprises, table, type Verdict, writeScore } from "./run-suite.ts";
import { suites } from "./suite.ts";

const options = new Set(process.argv.slice(2).filter((argument) => argument.startsWith("--")));
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const command = fileURLToPath(
  new URL("../../packages/nivis/bin/nivis-instantiate.cjs", import.meta.url),
);
const runner: Runner = options.has("--process")
  ? processRunner("process", process.execPath, [command])
  : runnerNamed(option("--runner=") ?? "vm");
let failed = false;

for (const suite of suites) {
  const checkout = process.env[suite.variable];
  if (checkout === undefined) {
    process.stdout.write(`${suite.name}: skipped, ${suite.variable} names no checkout\n`);
    continue;
  }
  const chosen = {
    ...suite,
    cases: () =>
      suite
        .cases(checkout)
        .filter(
          ({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)),
        ),
  };
  const verdicts = await runSuite(chosen, checkout, runner);
  for (const verdict of verdicts) {
    if (!verdict.passed || (options.has("--stderr") && verdict.sameStderr === false)) {
      process.stdout.write(
        options.has("--names") ? `${verdict.case.name}\n` : describeFailure(verdict),
      );
    }
  }
  const score = scoreOf(verdicts);
  process.stdout.write(`\n${suite.name}\n\n${table(score)}\n`);
  if (filters.length > 0) continue;
  const wrong = surprises(suite, verdicts);
  if (wrong.length > 0) {
    failed = true;
    process.stdout.write(`\n${wrong.join("\n")}\n`);
  }
  if (options.has("--update")) writeScore(suite, score);
}
process.exitCode = failed ? 1 : 0;

/** The value of an option that ends in `=`. */
function option(prefix: string): string | undefined {
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
}

function runnerNamed(name: string): Runner {
  const found = nivisRunners().find((one) => one.name === name);
  if (found === undefined) throw new Error(`no runner '${name}'`);
  return found;
}

function describeFailure({ case: one, outcome, passed }: Verdict): string {
  const lines = [`--- ${one.name}${passed ? " (standard error only)" : ""}`];
  if (outcome.code !== one.code) lines.push(`exit code ${outcome.code}, expected ${one.code}`);
  if (one.stdout !== undefined && outcome.stdout !== one.stdout) {
    lines.push("stdout:", outcome.stdout, "expected:", one.stdout);
  }
  if (outcome.code !== one.code || options.has("--stderr")) {
    lines.push("stderr:", outcome.stderr, "expected:", one.stderr ?? "(anything)");
  }
  return `${lines.join("\n")}\n`;
}
