/**
 * The second tier agrees with the machine: generated programs run as bytecode, as JavaScript from
 * the first call on, and as JavaScript with every possible fallback and hand-over;
 * all results must be identical, including traces.
 *
 * `NIVIS_TIER_PROGRAMS` is the number of programs; `npm run test:tiers` sets it.
 */
import { generateProgram, printTerm, testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import { askNivis, MODES, newEvaluation } from "../generated/modes.ts";

const FIXED_SEED = 20_261_123;
/** The seed of the programs that are new ones with `NIVIS_FRESH_SEEDS=1`. */
const OTHER_SEED = 20_261_130;
const COUNT = Number(process.env["NIVIS_TIER_PROGRAMS"] ?? 150);

/** In milliseconds; only an infinite loop takes this long. */
const TIMEOUT = 120_000 + 1_000 * COUNT;

const TIERS = [
  ["js", { tier: "js" }],
  ["js with fallbacks", { tier: "js", tierStress: true }],
  ["auto", { tier: "auto" }],
] as const;

/** The seeds of programs with different results. */
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
