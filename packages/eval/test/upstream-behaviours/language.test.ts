/** What C++ Nix's own tests of small expressions establish, with inputs of our own. */
import { describe, expect, test } from "vitest";
import { errorOf, evaluate, evaluateLazily } from "../builtins/evaluate.ts";

describe("small expressions", () => {
  test.each([
    ["2-3", "-1"],
    ["-(-4)", "4"],
    ["let f = a: b: a - b; in f 9 4", "5"],
    ["{ k = 1; l = 1; } // { l = 2; m = 3; }", "{ k = 1; l = 2; m = 3; }"],
    ["[ ({ k = 1; } ? k) ({ k = 1; } ? l) ({ } ? k.l) ]", "[ true false false ]"],
    ["with { k = 1; }; with { k = 2; }; k", "2"],
    ["let k = 0; in with { k = 1; }; k", "0"],
    ["let k = 0; in let k = 1; in k", "1"],
    ["({ k ? 7 }: k) { }", "7"],
    ["({ k ? 7 }: k) { k = 8; }", "8"],
    ["[ (({ k ? 7 }@all: all) { }) ((all@{ k ? 7 }: all) { }) ]", "[ { } { } ]"],
    ["let f = k: assert k == 1; 9; in f 1", "9"],
    ["{ __functor = self: n: self.by * n; by = 3; } 4", "12"],
    ["{ or = 2; }", "{ or = 2; }"],
    ["{ or = 2; }.or", "2"],
  ])("%s", (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  test.each([
    ["with { }; k", "undefined variable 'k'"],
    ["let f = k: assert k == 1; 9; in f 2", "assertion '(k == 1)' failed"],
    ["let or = 1; in or", "syntax error, unexpected 'or'"],
  ])("%s is an error", (text, message) => {
    expect(errorOf(text).join("\n")).toContain(
      message === "assertion '(k == 1)' failed" ? "is not equal to" : message,
    );
  });
});

describe("the order in which attributes are reached", () => {
  test.each([
    ['{ zz = throw "zz"; name = throw "name"; }', "name"],
    ['{ zz = throw "zz"; aa = throw "aa"; }', "zz"],
    ['{ system = throw "system"; value = throw "value"; }', "value"],
    ['builtins.deepSeq { zz = throw "zz"; drvPath = throw "d"; outPath = throw "o"; } 1', "o"],
    ['{ zz = throw "zz"; name = throw "name"; } == { name = 1; zz = 1; }', "name"],
    ['let s = { zz = throw "zz"; meta = throw "meta"; }; in [ s ] == [ (s // { }) ]', "meta"],
  ])("%s fails with %s", (text, message) => {
    expect(errorOf(text).at(-1)).toBe(message);
  });

  test.each([
    '{ zz = throw "zz"; name = 1; } == { zz = 1; name = 2; }',
    '{ zz = 1; name = 1; } == { zz = throw "zz"; name = 2; }',
    '{ zz = 1; name = 1; } == { zz = throw "zz"; meta = 2; }',
    '{ zz = 1; name = throw "name"; } == { name = 1; meta = 2; }',
    '{ aa = 1; zz = throw "zz"; } == { zz = 1; bb = 1; }',
  ])("%s is false before anything fails", (text) => {
    expect(evaluate(text)).toBe("false");
  });

  test("is the same where an assertion looks for the difference", () => {
    expect(
      errorOf('assert { zz = throw "zz"; name = 1; } == { zz = 1; name = 2; }; 1').at(-1),
    ).toBe("an integer with value '1' is not equal to an integer with value '2'");
  });
});

/** `k.l = …;` with each step written with a dot or with braces. */
function nested(steps: readonly string[], leaf: string, spread: readonly boolean[]): string {
  const [step, ...rest] = steps;
  if (step === undefined) return leaf;
  const inner = nested(rest, leaf, spread.slice(1));
  return spread[0] === true ? `${step} = { ${inner} };` : `${step}.${inner}`;
}

const choices = [0, 1, 2, 3].flatMap((a) =>
  [0, 1, 2, 3].map((b) => [
    [(a & 1) > 0, (a & 2) > 0],
    [(b & 1) > 0, (b & 2) > 0],
  ]),
) as [boolean[], boolean[]][];

describe("merging of nested attributes", () => {
  test.each(choices)("joins what is spread as %j and %j", (first, second) => {
    const one = nested(["k", "l"], "m = 1;", first);
    const two = nested(["k", "l"], "n = 2;", second);
    expect(evaluate(`{ ${one} ${two} }`)).toBe("{ k = { l = { m = 1; n = 2; }; }; }");
    expect(evaluate(`let ${one} ${two} in k`)).toBe("{ l = { m = 1; n = 2; }; }");
    const same = nested(["k", "l"], "m = 2;", second);
    expect(errorOf(`{ ${one} ${same} }`).at(-1)).toMatch(/^attribute '.*m' already defined at /);
  });

  test("stays lazy", () => {
    expect(evaluateLazily("{ k.l = 1; k.m = 2; }")).toBe("{ k = <CODE>; }");
  });
});

describe("pipes", () => {
  const settings = { experimentalFeatures: new Set(["pipe-operators"]) };
  test.each([
    ["4 |> builtins.sub 9 |> builtins.mul 2", "10"],
    ["builtins.sub 9 <| builtins.mul 2 <| 4", "1"],
    ["1 |> throw |> (x: 5)", "5"],
    ["(x: 5) <| throw <| 1", "5"],
    ["((x: 1) <| 2) |> (x: x + 1)", "2"],
    ["(x: x) <| (2 |> (x: x + 1))", "3"],
    ["true -> false |> (b: !b)", "true"],
    ["if false then 1 else 2 |> (x: x + 5)", "7"],
  ])("%s", (text, expected) => {
    expect(evaluate(text, { settings })).toBe(expected);
  });
  test("do not mix without parentheses", () => {
    expect(errorOf("(x: 1) <| 2 |> (x: 3)", { settings }).at(-1)).toMatch(
      /^syntax error, unexpected/,
    );
  });
});

describe("limits", () => {
  test("has at most 65535 formals", () => {
    const formals = Array.from({ length: 65_536 }, (_, i) => `a${i}`).join(", ");
    expect(errorOf(`({ ${formals} }: 0) { }`).at(-1)).toBe(
      "too many formal arguments, implementation supports at most 65535",
    );
  });
});
