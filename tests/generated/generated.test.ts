/**
 * A small run of the generated programs: always the same ones, and some that nobody has seen. A
 * red test names the seeds; `node scripts/generated-programs.mjs --seed N --count 1` makes such a
 * program small.
 */
import { findProgram, generateProgram, printTerm, shrink, termSize } from "@nivis/testkit";
import { describe, expect, test } from "vitest";
import { compare, emptyComparison } from "./compare.ts";
import { askNivis } from "./modes.ts";

const FIXED_SEED = 20_260_101;
const COUNT = 300;
const FRESH_COUNT = 100;

const reference = findProgram("nix-instantiate");
if (reference === undefined) {
  process.stderr.write(
    "tests/generated: no nix-instantiate on PATH, so generated programs are not compared\n",
  );
}

/** The disagreements of programs, as a failing test should show them. */
function disagreements(first: number, count: number): string[] {
  const total = emptyComparison();
  const programs = Array.from({ length: count }, (_, i) => {
    const seed = (first + i) | 0;
    return { seed, term: generateProgram(seed) };
  });
  compare(reference as string, programs, total);
  expect(total.values, "most programs have a value").toBeGreaterThan(count * 3);
  return total.findings.map(({ seed, mode, program }) => `seed ${seed}, ${mode}: ${program}`);
}

describe.skipIf(reference === undefined)("generated programs", () => {
  test(`${COUNT} fixed programs have the answers of C++ Nix`, () => {
    expect(disagreements(FIXED_SEED, COUNT)).toEqual([]);
  });

  test(`${FRESH_COUNT} new programs have the answers of C++ Nix`, () => {
    const seed = Math.floor(Math.random() * 0x7fff_ffff);
    process.stderr.write(`tests/generated: new programs from seed ${seed}\n`);
    expect(disagreements(seed, FRESH_COUNT)).toEqual([]);
  });
});

describe("the generator", () => {
  test("makes the same program from the same seed", () => {
    for (let seed = 0; seed < 50; seed++) {
      expect(printTerm(generateProgram(seed))).toBe(printTerm(generateProgram(seed)));
    }
  });

  test("makes programs that can be parsed", () => {
    for (let seed = 0; seed < 300; seed++) {
      const text = printTerm(generateProgram(seed, { oddness: 0 }));
      const outcome = askNivis(text, ["lazy"]).get("lazy");
      const message = outcome?.kind === "failure" ? outcome.message : "";
      expect(message, text).not.toMatch(
        /error: (syntax error|undefined variable|attribute '.*' already)/,
      );
    }
  });

  test("makes most programs so that they have a value", () => {
    let values = 0;
    for (let seed = 0; seed < 200; seed++) {
      const text = printTerm(generateProgram(seed, { oddness: 0 }));
      if (askNivis(text, ["strict"]).get("strict")?.kind === "value") values++;
    }
    expect(values).toBeGreaterThan(150);
  });
});

describe("shrinking", () => {
  test("keeps what is looked for and leaves little else", () => {
    const wanted = /builtins\.sort/;
    let shrunk = 0;
    for (let seed = 0; seed < 400 && shrunk < 3; seed++) {
      const program = generateProgram(seed);
      if (!wanted.test(printTerm(program))) continue;
      const small = shrink(program, (candidate) => wanted.test(printTerm(candidate)));
      expect(printTerm(small)).toMatch(wanted);
      expect(termSize(small)).toBeLessThanOrEqual(5);
      shrunk++;
    }
    expect(shrunk).toBe(3);
  });
});
