/**
 * A small run of generated programs: always the same ones, unless `NIVIS_FRESH_SEEDS=1` requests
 * new ones. A red test names the seeds; `node scripts/generated-programs.mjs --seed N --count 1`
 * shrinks such a program.
 */
import {
  findProgram,
  generateProgram,
  printTerm,
  shrink,
  termSize,
  testSeed,
} from "@nivis/testkit";
import { describe, expect, test } from "vitest";
import { compare, emptyComparison } from "./compare.ts";
import { gistOfNivis, gistOfReference } from "./failures.ts";
import { askNivis } from "./modes.ts";
import {
  withDelayedVariables,
  withFunctionsFirst,
  withOnlyOnes,
  withoutAliases,
  withoutEmptyLists,
  withoutFunctionChecks,
  withoutLargeNumbers,
} from "./neutral-programs.ts";
import { printedDifferences } from "./printed-differences.ts";
import { askReference, askReferenceFailures } from "./reference-batches.ts";

const FIXED_SEED = 20_260_101;
const COUNT = 300;
/** The seed of the programs that are new ones with `NIVIS_FRESH_SEEDS=1`. */
const OTHER_SEED = 20_261_130;
const OTHER_COUNT = 100;

const reference = findProgram("nix-instantiate");
if (reference === undefined) {
  process.stderr.write(
    "tests/generated: no nix-instantiate on PATH, so generated programs are not compared\n",
  );
}

/** The disagreements about programs, as shown by a failing test. */
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

  test("failures do not depend on sharing a process", () => {
    const texts = ['throw "thrown 1"', "1", "1 +", "1 + null", "[ 1\n{ }.a ]"];
    const together = askReferenceFailures(reference as string, texts);
    const alone = texts.map((text) => askReference(reference as string, [text], "strict")[0]);
    const said = (outcome: (typeof alone)[number]) =>
      outcome?.kind === "failure" ? outcome.gist : outcome?.text;
    expect(together.map(said)).toEqual(alone.map(said));
    expect(said(alone[1])).toBe("1");
  });

  test(`${OTHER_COUNT} other programs have the answers of C++ Nix`, () => {
    expect(disagreements(testSeed("tests/generated", OTHER_SEED), OTHER_COUNT)).toEqual([]);
  });
});

describe("the generator", () => {
  test("makes the same program from the same seed", () => {
    for (let seed = 0; seed < 50; seed++) {
      expect(printTerm(generateProgram(seed))).toBe(printTerm(generateProgram(seed)));
    }
  });

  test("makes programs that parse", () => {
    for (let seed = 0; seed < 300; seed++) {
      const text = printTerm(generateProgram(seed, { oddness: 0 }));
      const outcome = askNivis(text, ["lazy"]).get("lazy");
      const message = outcome?.kind === "failure" ? outcome.message : "";
      expect(message, text).not.toMatch(
        /error: (syntax error|undefined variable|attribute '.*' already)/,
      );
    }
  });

  test("makes programs that mostly have a value", () => {
    let values = 0;
    for (let seed = 0; seed < 200; seed++) {
      const text = printTerm(generateProgram(seed, { oddness: 0 }));
      if (askNivis(text, ["strict"]).get("strict")?.kind === "value") values++;
    }
    expect(values).toBeGreaterThan(150);
  });
});

describe("differences between versions", () => {
  const inherited = "let a = 1; in { inherit a; }";
  const located = (column: number, path = "") =>
    `<attrs>\n<attr column="${column}" line="1" name="a"${path}>\n<int value="1" />`;
  const text = ` path=" ${inherited}"`;

  test.each([
    ["json", "[1,0.30000000000000004]", "[1,0.3]", "x", ["json-floats"]],
    ["json", "[1,0.31]", "[1,0.3]", "x", undefined],
    ["json", "[10000001]", "[1e+07]", "x", undefined],
    ["strict", "0.30000000000000004", "0.3", "x", undefined],
    ["json", "[null]", "[-nan]", "x", ["json-floats"]],
    ["xml-located", located(26), located(25, text), inherited, ["positions-of-inherited"]],
    ["xml-located", located(26), located(26, text), inherited, ["text-for-a-path"]],
    ["xml-located", located(26), located(24, text), inherited, undefined],
    ["xml-located", located(26), located(25), inherited, undefined],
    ["strict", '{ "$a" = 1; }', '{ "\\$a" = 1; }', '"$a"', ["dollar-in-attribute-name"]],
    ["strict", '[ "$a" ]', '[ "\\$a" ]', '"$a"', undefined],
    ["lazy", "[ 1 ]", "[ <CODE> ]", "[ 1 ]", undefined],
  ] as const)("%s: %s for %s", (mode, ours, theirs, program, rules) => {
    const found = printedDifferences(ours, theirs, mode, program);
    expect(found && [...found]).toEqual(rules);
  });

  test("2.8 abbreviates long repeated lists, but not short ones", () => {
    const repeated = "\xc2\xabrepeated\xc2\xbb";
    const rules = (ours: string, theirs: string) => {
      const found = printedDifferences(ours, theirs, "strict", "x");
      return found && [...found];
    };
    expect(rules('[ [ 1 "] [" 3 ] ]', `[ ${repeated} ]`)).toEqual(["repeated-lists"]);
    expect(rules("{ a = [ 1 { b = [ ]; } 3 ]; }", `{ a = ${repeated}; }`)).toEqual([
      "repeated-lists",
    ]);
    expect(rules("[ [ 1 2 ] ]", `[ ${repeated} ]`)).toBeUndefined();
    expect(rules("[ { a = 1; } ]", `[ ${repeated} ]`)).toBeUndefined();
    expect(rules(`[ ${repeated} ]`, "[ [ 1 2 3 ] ]")).toBeUndefined();
  });

  test.each([
    [withoutEmptyLists, '{ a = [ ]; b = "[ ]"; }', '{ a = ([ ] ++ [ ]); b = "[ ]"; }'],
    [withoutAliases, "let a = 1; b = a; in b", "let a = 1; b = (if true then a else a); in b"],
    [
      withDelayedVariables,
      "x: with y; { a = x; b = z; inherit q; }",
      "x: with (if true then y else y); { a = x; b = (if true then z else z); inherit ; q = (if true then q else q); inherit; }",
    ],
    [
      withoutFunctionChecks,
      "[ map (let map = 1; in map) builtins.genList ]",
      "[ (f: l: builtins.concatMap (x: [ (f x) ]) l) (let map = 1; in map) (f: n: builtins.genList (x: f x) n) ]",
    ],
    [
      withFunctionsFirst,
      "builtins.sort",
      "(f: l: if builtins.length l == 0 then l else builtins.sort f l)",
    ],
    [withoutLargeNumbers, "9223372036854775807 - 2.5e30", "7 - 2.5"],
    [withOnlyOnes, "x1 + 20 + .5", "x1 + 1 + 1.5"],
  ])("%o", (rewrite, program, neutral) => {
    expect(rewrite(program)).toBe(neutral);
  });

  test("the gist of a failure is common to both versions", () => {
    const pairs = [
      ["expected a set but found an integer: 1", "value is an integer while a set was expected"],
      ["cannot coerce null to a string: null", "cannot coerce null to a string"],
      [
        "function 'f' called without required argument 'a'",
        "anonymous function at (string):1:2 called without required argument 'a'",
      ],
      ["thrown 1", "thrown 1\n\n       at \xc2\xabstring\xc2\xbb:1:2:"],
    ] as const;
    const gists = pairs.map(([ours, theirs]) => {
      const gist = gistOfNivis("type", ours);
      expect(gistOfReference(`trace: x\nerror: ${theirs}\n`)).toBe(gist);
      return gist;
    });
    expect(new Set(gists).size).toBe(pairs.length);
  });
});

describe("shrinking", () => {
  test("keeps the failure and removes nearly everything else", () => {
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
