/**
 * Runs generated programs in Nivis and a real `nix-instantiate` and reports the disagreements,
 * shrunk.
 *
 *     node scripts/generated-programs.mjs --count 10000 --seed 1
 *
 * A seed identifies a program, so `--seed N --count 1` runs it again. The exit code is 1 if
 * there is a disagreement that no known version difference explains.
 */

import { parseArgs } from "node:util";
import { findProgram, generateProgram, printTerm } from "@nivis/testkit";
import { compare, emptyComparison, type Finding, shrinkFinding } from "./compare.ts";
import type { Outcome } from "./modes.ts";
import { VERSION_DIFFERENCES } from "./version-differences.ts";

const CHUNK = 400;

const OPTIONS = {
  count: { type: "string", default: "1000" },
  seed: { type: "string" },
  print: { type: "boolean", default: false },
  attempts: { type: "string", default: "400" },
  findings: { type: "string", default: "10" },
  seconds: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

const USAGE = `npm run generated -- [OPTION]...

  --count N      how many programs to compare (1000)
  --seed S       the seed of the first program (random)
  --seconds N    stop after so many seconds
  --findings N   stop after so many disagreements (10)
  --attempts N   how often a finding is shrunk (400)
  --print        print the program of the seed and compare nothing
`;

/** The values of the command line; ends the process if it is wrong, or asks for the usage. */
function readArguments() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    if (!values.help) return values;
    process.stdout.write(USAGE);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
  process.exit(0);
}

const values = readArguments();
const count = Number(values.count);
const first =
  values.seed === undefined ? Math.floor(Math.random() * 0x7fff_ffff) : Number(values.seed);
const end =
  values.seconds === undefined ? undefined : performance.now() + Number(values.seconds) * 1000;
process.exitCode = main();

function main(): number {
  const reference = findProgram("nix-instantiate");
  if (reference === undefined) {
    process.stderr.write("no nix-instantiate on PATH: nothing to compare with\n");
    return 2;
  }
  process.stderr.write(`${count} programs from seed ${first}\n`);
  const total = emptyComparison();
  const started = performance.now();
  for (let done = 0; done < count; done += CHUNK) {
    const size = Math.min(CHUNK, count - done);
    const programs = Array.from({ length: size }, (_, i) => {
      const seed = (first + done + i) | 0;
      return { seed, term: generateProgram(seed) };
    });
    if (values.print) for (const { term } of programs) process.stdout.write(`${printTerm(term)}\n`);
    const before = total.findings.length;
    compare(reference, programs, total);
    const shown = Math.max(0, Math.min(total.findings.length, Number(values.findings)) - before);
    for (const finding of total.findings.slice(before, before + shown)) {
      report(shrinkFinding(reference, finding, Number(values.attempts)));
    }
    for (const finding of total.findings.slice(before + shown)) {
      process.stdout.write(`also seed ${finding.seed} ${finding.mode}\n`);
    }
    const seconds = (performance.now() - started) / 1000;
    if ((done / CHUNK) % 5 === 4) {
      process.stderr.write(
        `${total.programs} programs, ${total.findings.length} found, ${Math.round(seconds)} s\n`,
      );
    }
    if (end !== undefined && performance.now() > end) break;
  }
  process.stdout.write(
    `${total.programs} programs from seed ${first}: ${total.compared} answers compared ` +
      `(${total.values} values, ${total.failures} failures), ${total.unasked} failures not asked\n`,
  );
  for (const { name, reason } of VERSION_DIFFERENCES) {
    const times = total.explained.get(name);
    if (times === undefined) continue;
    const { answers, programs } = times;
    process.stdout.write(`  ${answers} answers, ${programs.size} programs: ${name}: ${reason}\n`);
  }
  process.stdout.write(`${total.findings.length} unexplained\n`);
  return total.findings.length === 0 ? 0 : 1;
}

function report(finding: Finding): void {
  process.stdout.write(
    [
      `== seed ${finding.seed}, ${finding.mode}`,
      `   ${finding.program}`,
      `   nivis:     ${describe(finding.nivis)}`,
      `   reference: ${describe(finding.reference)}`,
      "",
    ].join("\n"),
  );
}

function describe(outcome: Outcome): string {
  if (outcome.kind === "value") return outcome.text;
  return `${outcome.failure}: ${outcome.gist}\n     | ${outcome.message.trimEnd().replaceAll("\n", "\n     | ")}`;
}
