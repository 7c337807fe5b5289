/**
 * Every loop of a program takes steps: each program here would run without end, or for very long, and is
 * stopped by `maxSteps` and by `maxTime`, inside of builtins as well as between them. And after a limit
 * the evaluation says that it is used up, until it is given new limits.
 */
import { describe, expect, test } from "vitest";
import { EvalError } from "../../src/errors/eval-error.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { type MemoryIoOptions, memoryIo } from "../../src/memory-io.ts";
import { printPretty } from "../../src/operations/print-pretty.ts";
import { printAmbiguous } from "../../src/print/print.ts";
import type { Settings } from "../../src/settings.ts";
import { isList } from "../../src/value/value.ts";

function evaluationWith(settings: Partial<Settings>, options?: MemoryIoOptions): Evaluation {
  let now = 0;
  // Each look at the clock takes half a millisecond.
  const io = Object.assign(memoryIo(options), { milliseconds: () => (now += 0.5) });
  return new Evaluation({ io, settings });
}

function load(evaluation: Evaluation, text: string) {
  return evaluation.loadText(text);
}

function failure(run: () => unknown): EvalError {
  try {
    run();
  } catch (error) {
    if (error instanceof EvalError) return error;
    throw error;
  }
  throw new Error("no error");
}

const numbers = (n: number): string => `(builtins.genList (x: x) ${n})`;
/** A text of 2^n bytes. */
const text = (n: number): string => `(builtins.foldl' (a: x: a + a) "a" ${numbers(n)})`;
/** Lists in lists whose 8^n leaves are one and the same. */
const shared = (n: number): string =>
  `(builtins.foldl' (a: x: [ a a a a a a a a ]) [ ] ${numbers(n)})`;

const ENDLESS: readonly (readonly [string, string])[] = [
  ["a call in a call, without an end", "let f = n: f (n + 1); in f 0"],
  ["a sum of calls", "let f = n: 1 + f (n + 1); in f 0"],
  ["two functions that call each other", "let f = n: g n; g = n: f (n + 1); in f 0"],
  ["a function with formals", "let f = { n }: f { n = n + 1; }; in f { n = 0; }"],
  ["a functor", "let f = { __functor = self: n: self (n + 1); }; in f 0"],
  ["a thunk in a thunk", "let f = n: let x = f (n + 1); in x; in f 0"],
  ["an attribute that is made of the next", "let f = n: { a = (f (n + 1)).a; }; in (f 0).a"],
  [
    "a stream that is searched",
    "let s = n: { inherit n; next = s (n + 1); }; f = s: f s.next; in f (s 0)",
  ],
  [
    "genericClosure",
    "builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: [ { key = x.key + 1; } ]; }",
  ],
  [
    "genericClosure with a builtin",
    `let s = n: { key = n; next = [ (s (n + 1)) ]; }; in
     builtins.genericClosure { startSet = [ (s 0) ]; operator = builtins.getAttr "next"; }`,
  ],
  ["failures that are caught", `let f = n: (builtins.tryEval (throw "x")).success || f n; in f 0`],
  [
    "failures far down that are caught",
    `let down = n: if n == 0 then throw "x" else 1 + down (n - 1);
         f = n: (builtins.tryEval (down 200)).success || f n; in f 0`,
  ],
  [
    "one failure that is caught again and again",
    `let down = n: if n == 0 then throw "x" else 1 + down (n - 1); x = down 20000;
         f = n: (builtins.tryEval x).success || f n; in f 0`,
  ],
  ["a file that imports itself", "builtins.scopedImport { } /self.nix"],
  ["toString of itself", "let s = { __toString = self: toString self; }; in toString s"],
  [
    "values made while they are forced deeply",
    "let f = n: [ (f (n + 1)) ]; in builtins.deepSeq (f 0) 1",
  ],
  ["JSON of a value without an end", "let f = n: [ (f (n + 1)) ]; in builtins.toJSON (f 0)"],
  ["a comparison without an end", "let f = n: [ (f (n + 1)) ]; in f 0 == f 0"],
  ["an order without an end", "let f = n: [ (f (n + 1)) ]; in f 0 < f 0"],
];

/** Programs that end, but whose time lies inside of builtins and operators. */
const LONG: readonly (readonly [string, string])[] = [
  ["foldl' with a builtin", `builtins.foldl' builtins.add 0 ${numbers(1_000_000)}`],
  [
    "genList",
    `builtins.length (map (n: builtins.genList (x: x) 50000) ${numbers(1000)}) + builtins.foldl' (a: n: builtins.length (builtins.genList (x: x) 50000)) 0 ${numbers(5000)}`,
  ],
  [
    "map",
    `let l = ${numbers(50_000)}; in builtins.foldl' (a: n: builtins.length (map (x: x) l)) 0 ${numbers(5000)}`,
  ],
  [
    "tail",
    `let l = ${numbers(50_000)}; in builtins.foldl' (l: n: builtins.tail l) l ${numbers(20_000)}`,
  ],
  [
    "++",
    `let l = ${numbers(50_000)}; in builtins.foldl' (a: n: builtins.length (l ++ [ n ])) 0 ${numbers(5000)}`,
  ],
  [
    "concatLists",
    `let l = ${numbers(30_000)}; in builtins.foldl' (a: n: builtins.length (builtins.concatLists [ l l ])) 0 ${numbers(5000)}`,
  ],
  ["concatMap", `builtins.concatMap (n: ${numbers(1000)}) ${numbers(100_000)}`],
  [
    "elem",
    `let l = ${numbers(50_000)}; in builtins.all (n: !builtins.elem (-1) l) ${numbers(5000)}`,
  ],
  ["filter with a builtin", `builtins.filter builtins.isInt ${numbers(1_000_000)}`],
  [
    "sort of what is in order",
    `let l = ${numbers(30_000)}; in builtins.all (n: builtins.sort builtins.lessThan l != [ ]) ${numbers(5000)}`,
  ],
  [
    "toString of a list",
    `let l = ${numbers(30_000)}; in builtins.all (n: toString l != "") ${numbers(20_000)}`,
  ],
  [
    "fromTOML",
    `let t = builtins.concatStringsSep "\\n" (map (n: "a\${toString n}=1") ${numbers(3000)}); in builtins.all (n: builtins.fromTOML t != { }) ${numbers(5000)}`,
  ],
  [
    "a path and a long text",
    `let s = ${text(18)}; in builtins.all (n: /. + s != /.) ${numbers(5000)}`,
  ],
  [
    "toFile",
    `let s = ${text(18)}; in builtins.all (n: builtins.toFile "a" s != "") ${numbers(5000)}`,
  ],
  [
    "findFile",
    `let l = map (n: { prefix = "x\${toString n}"; path = "/"; }) ${numbers(3000)}; in builtins.all (n: !(builtins.tryEval (builtins.findFile l "y")).success) ${numbers(5000)}`,
  ],
  ["sort", `builtins.sort builtins.lessThan ${numbers(300_000)}`],
  ["groupBy with a builtin", `builtins.groupBy toString ${numbers(1_000_000)}`],
  [
    "attrNames",
    `let s = builtins.listToAttrs (map (n: { name = toString n; value = n; }) ${numbers(10_000)}); in builtins.foldl' (a: n: builtins.length (builtins.attrNames s)) 0 ${numbers(50_000)}`,
  ],
  [
    "attrValues",
    `let s = builtins.listToAttrs (map (n: { name = toString n; value = n; }) ${numbers(10_000)}); in builtins.foldl' (a: n: builtins.length (builtins.attrValues s)) 0 ${numbers(50_000)}`,
  ],
  [
    "mapAttrs",
    `let s = builtins.listToAttrs (map (n: { name = toString n; value = n; }) ${numbers(10_000)}); in builtins.foldl' (s: n: builtins.mapAttrs (k: v: v) s) s ${numbers(50_000)}`,
  ],
  [
    "removeAttrs",
    `let s = builtins.listToAttrs (map (n: { name = toString n; value = n; }) ${numbers(10_000)}); in builtins.foldl' (a: n: removeAttrs s [ "1" ]) 0 ${numbers(50_000)}`,
  ],
  [
    "intersectAttrs",
    `let s = builtins.listToAttrs (map (n: { name = toString n; value = n; }) ${numbers(10_000)}); in builtins.foldl' (a: n: builtins.intersectAttrs s s) 0 ${numbers(50_000)}`,
  ],
  [
    "catAttrs",
    `let l = map (n: { }) ${numbers(50_000)}; in builtins.foldl' (a: n: builtins.catAttrs "x" l) 0 ${numbers(20_000)}`,
  ],
  [
    "zipAttrsWith",
    `let s = builtins.listToAttrs (map (n: { name = toString n; value = n; }) ${numbers(10_000)}); in builtins.foldl' (a: n: builtins.zipAttrsWith (k: v: v) [ s s ]) 0 ${numbers(20_000)}`,
  ],
  [
    "listToAttrs",
    `let l = map (n: { name = toString n; value = n; }) ${numbers(10_000)}; in builtins.foldl' (a: n: builtins.listToAttrs l) 0 ${numbers(50_000)}`,
  ],
  [
    "//",
    `let s = builtins.listToAttrs (map (n: { name = toString n; value = n; }) ${numbers(10_000)}); in builtins.foldl' (a: n: a // { "x\${toString n}" = n; }) s ${numbers(100_000)}`,
  ],
  ["replaceStrings", `builtins.replaceStrings [ "x" ] [ "y" ] ${text(25)}`],
  [
    "replaceStrings that grow",
    `builtins.foldl' (a: n: builtins.replaceStrings [ "a" ] [ "aa" ] a) "a" ${numbers(28)}`,
  ],
  [
    "concatStringsSep",
    `builtins.stringLength (builtins.concatStringsSep "," (map toString ${numbers(1_000_000)}))`,
  ],
  [
    "substring of texts that are joined",
    `let t = ${text(22)}; in builtins.foldl' (a: n: builtins.substring 0 1 (t + toString n)) "" ${numbers(10_000)}`,
  ],
  [
    "texts that are compared",
    `let t = ${text(22)}; u = ${text(22)}; in builtins.all (n: t + "x" == u + "x") ${numbers(10_000)}`,
  ],
  [
    "hashString",
    `let t = ${text(20)}; in builtins.foldl' (a: n: builtins.hashString "sha256" t) "" ${numbers(10_000)}`,
  ],
  ["match", `builtins.match "(a|ab|b)*" ${text(24)}`],
  ["split", `builtins.split "a" ${text(24)}`],
  [
    "splitVersion",
    `let t = ${text(16)}; in builtins.foldl' (a: n: builtins.splitVersion "\${t}.\${toString n}") "" ${numbers(100_000)}`,
  ],
  ["toJSON", `builtins.toJSON ${shared(9)}`],
  ["toXML", `builtins.toXML ${shared(9)}`],
  ["toString", `toString ${shared(9)}`],
  ["==", `${shared(9)} == ${shared(9)}`],
  [
    "fromJSON",
    `builtins.fromJSON "[\${builtins.concatStringsSep "," (map toString ${numbers(1_000_000)})}]"`,
  ],
];

const CASES = [...ENDLESS, ...LONG];
const SELF = { files: { "/self.nix": "1 + builtins.scopedImport { } /self.nix" } };

describe("max-steps", () => {
  test.each(CASES)("stops %s", (_, program) => {
    const evaluation = evaluationWith({ maxSteps: 5000 }, SELF);
    const error = failure(() => evaluation.force(load(evaluation, program)));
    expect(error.message).toBe("too many steps; max-steps (5000) exceeded");
  });

  test("stops a print of a value without an end", () => {
    const evaluation = evaluationWith({ maxSteps: 5000 });
    const value = load(evaluation, "let f = n: [ (f (n + 1)) ]; in f 0");
    const error = failure(() => evaluation.run(printPretty(evaluation.context, value)));
    expect(error.message).toBe("too many steps; max-steps (5000) exceeded");
  });

  test("is the same number for the same program", () => {
    const steps = (): number => {
      const evaluation = evaluationWith({ maxSteps: 1e9 });
      evaluation.force(load(evaluation, `builtins.sort builtins.lessThan ${numbers(1000)}`));
      return evaluation.context.limits?.steps ?? 0;
    };
    expect(steps()).toBe(steps());
    expect(steps()).toBeGreaterThan(1000);
  });
});

describe("max-time", () => {
  test.each(CASES)("stops %s", (_, program) => {
    const evaluation = evaluationWith({ maxTime: 1 }, SELF);
    const error = failure(() => evaluation.force(load(evaluation, program)));
    expect(error.message).toBe("out of time; max-time (1 ms) exceeded");
  });
});

test("the text of toXML, whose indentation grows with the depth, takes steps", () => {
  const leaves = `(${shared(4)})`;
  const program = `builtins.foldl' (a: n: [ a ]) ${leaves} ${numbers(2000)}`;
  const run = (printer: string) => () => {
    const evaluation = evaluationWith({ maxSteps: 8000 });
    return evaluation.force(
      load(evaluation, `builtins.stringLength (builtins.${printer} (${program}))`),
    );
  };
  expect(run("toJSON")).not.toThrow();
  expect(failure(run("toXML")).kind).toBe("limit-exceeded");
});

describe("after a limit", () => {
  const program = `
    let
      f = n: if n == 0 then 0 else 1 + f (n - 1);
      x = f 5000;
      applied = builtins.head (map f [ 5000 ]);
      twice = (builtins.mapAttrs (name: n: f n) { a = 5000; }).a;
      native = builtins.elem 5000 (map f [ 5000 ]);
      joined = builtins.concatStringsSep "," (map (n: toString (f n)) [ 1 2 5000 ]);
      cat = builtins.catAttrs "a" (map (n: { a = f n; }) [ 1 2 5000 ]);
    in { inherit x applied twice native joined cat; }
  `;
  const expected: Record<string, unknown> = {
    x: 5000,
    applied: 5000,
    twice: 5000,
    native: true,
    joined: "1,2,5000",
    cat: "[ 1 2 5000 ]",
  };

  test("the evaluation says so, whatever it is asked", () => {
    const evaluation = evaluationWith({ maxSteps: 1000 });
    failure(() => evaluation.force(load(evaluation, "let f = n: f (n + 1); in f 0")));
    const error = failure(() => evaluation.force(load(evaluation, "1 + 1")));
    expect(error.message).toBe("too many steps; max-steps (1000) exceeded");
  });

  test.each(Object.keys(expected))("%s, which a limit stopped, comes out right later", (name) => {
    const evaluation = evaluationWith({ maxSteps: 2000 });
    const value = load(evaluation, `(${program}).${name}`);
    expect(failure(() => evaluation.deepForce(value)).kind).toBe("limit-exceeded");
    evaluation.renewLimits({ maxSteps: 1e6 });
    const outcome = evaluation.deepForce(value);
    expect(isList(outcome) ? printAmbiguous(outcome) : outcome).toBe(expected[name]);
  });
});
