/**
 * The second tier answers as the machine does: generated programs run as bytecode, as JavaScript from
 * the first time on, and as JavaScript that falls back and hands over wherever it can, and
 * everything that comes of them must be the same letter by letter, traces included.
 *
 * `NIVIS_TIER_PROGRAMS` says how many programs, `npm run test:tiers` sets it.
 */
import { generateProgram, printTerm, testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import { askNivis, MODES, newEvaluation } from "../generated/modes.ts";

const FIXED_SEED = 20_261_123;
/** Of the programs that are fresh ones with `NIVIS_FRESH_SEEDS=1`. */
const OTHER_SEED = 20_261_130;
const COUNT = Number(process.env["NIVIS_TIER_PROGRAMS"] ?? 150);

/** Milliseconds; only a program that never ends takes so long. */
const TIMEOUT = 120_000 + 1_000 * COUNT;

const TIERS = [
  ["js", { tier: "js" }],
  ["js with fallbacks", { tier: "js", tierStress: true }],
  ["auto", { tier: "auto" }],
] as const;

/** The programs, by seed, that come out differently. */
function differences(first: number, count: number): string[] {
  const found: string[] = [];
  const settings = { showTrace: true };
  for (let seed = first; seed < first + count; seed++) {
    const text = printTerm(generateProgram(seed | 0));
    const expected = JSON.stringify([
      ...askNivis(text, MODES, newEvaluation({ tier: "vm", settings })),
    ]);
    for (const [name, tier] of TIERS) {
      const answer = JSON.stringify([
        ...askNivis(text, MODES, newEvaluation({ ...tier, settings })),
      ]);
      if (answer !== expected) {
        found.push(`seed ${seed}, ${name}: ${text}\n${expected}\n${answer}`);
      }
    }
  }
  return found;
}

test(
  `${COUNT} fixed programs`,
  () => {
    expect(differences(FIXED_SEED, COUNT)).toEqual([]);
  },
  TIMEOUT,
);

test(
  `${COUNT} other programs`,
  () => {
    expect(differences(testSeed("tests/tiers", OTHER_SEED), COUNT)).toEqual([]);
  },
  TIMEOUT,
);
