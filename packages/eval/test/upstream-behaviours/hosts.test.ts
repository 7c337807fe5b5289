/** What the tests of C++ Nix's C interface establish about values in the hands of a host program. */
import { describe, expect, test } from "vitest";
import { Evaluation, type EvaluationOptions } from "../../src/evaluation.ts";
import { memoryIo } from "../../src/memory-io.ts";
import type { Attrs } from "../../src/value/attrs.ts";
import { applyThunk, Thunk } from "../../src/value/thunk.ts";
import { Builtin, type NixList, NixPath, type Slot, type Value } from "../../src/value/value.ts";

const evaluation = new Evaluation({ io: memoryIo() });
const evaluate = (text: string, inside = evaluation): Value => inside.evaluate(text);

describe("what is not forced", () => {
  test("is reached without being evaluated", () => {
    const set = evaluate('{ bad = throw "reached"; good = 1 + 2; known = 3; }') as Attrs;
    expect(set.sortedNames()).toEqual(["bad", "good", "known"]);
    expect(set.get("bad")).toBeInstanceOf(Thunk);
    expect(evaluation.force(set.get("good") as Slot)).toBe(3);
    expect(set.get("known")).toBe(3);
    expect(() => evaluation.force(set.get("bad") as Slot)).toThrow("reached");
    const list = evaluate('[ (throw "reached") (1 + 2) ]') as NixList;
    expect(list[0]).toBeInstanceOf(Thunk);
    expect(evaluation.force(list[1] as Slot)).toBe(3);
    expect(() => evaluation.force(list[0] as Slot)).toThrow("reached");
  });

  test("is absent when there is no such name or place", () => {
    const set = evaluate("{ a = 1; }") as Attrs;
    expect(set.get("b")).toBeUndefined();
    expect(set.has("b")).toBe(false);
    expect((evaluate("[ 1 ]") as NixList)[1000]).toBeUndefined();
  });
});

describe("a call that a host puts off", () => {
  test("is made when its value is needed, once", () => {
    const call = applyThunk(evaluate("n: n * n"), 5);
    expect(call.code).not.toBeNull();
    expect(evaluation.force(call)).toBe(25);
    expect(evaluation.force(call)).toBe(25);
  });

  test("fails only then if it calls what is no function", () => {
    const call = applyThunk("text", 1);
    expect(() => evaluation.force(call)).toThrow(
      'attempt to call something which is not a function but a string: "text"',
    );
  });

  test("does not evaluate an argument that is not used", () => {
    const bad = applyThunk(evaluate('n: throw "used"'), 1);
    const set = evaluation.call(evaluate("n: { inside = n; }"), bad) as Attrs;
    expect(set.size()).toBe(1);
    expect(() => evaluation.force(set.get("inside") as Slot)).toThrow("used");
  });

  test("may have several arguments or none", () => {
    expect(evaluation.call(evaluate("a: b: a - b"), 7, 4)).toBe(3);
    expect(evaluation.call(7)).toBe(7);
    const many = evaluate("a: b: c: d: e: f: g: h: i: j: [ a i j ]");
    expect(evaluation.call(many, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)).toEqual([1, 9, 10]);
    expect(evaluation.call(evaluate("builtins.add 1"), 2)).toBe(3);
  });
});

describe("an evaluation", () => {
  const other = (options: Partial<EvaluationOptions>): Evaluation =>
    new Evaluation({ io: memoryIo({ files: { "/one/x": "", "/two/y": "" } }), ...options });

  test("has the builtins that its settings allow", () => {
    expect(evaluate("builtins.toString")).toBeInstanceOf(Builtin);
    expect(evaluate("builtins.true")).toBe(true);
    expect(() => evaluate("builtins.nonexistent")).toThrow("attribute 'nonexistent' missing");
    expect(evaluate("builtins ? currentSystem")).toBe(true);
    const pure = other({ settings: { pureEval: true } });
    expect(evaluate("builtins ? currentSystem", pure)).toBe(false);
    expect(evaluate("builtins ? currentTime", pure)).toBe(false);
  });

  test("looks up names in the search path that it was given", () => {
    const inside = other({
      searchPath: [
        { prefix: "first", path: "/one" },
        { prefix: "second", path: "/two" },
      ],
    });
    expect(evaluate("builtins.seq <second> <first>", inside)).toEqual(new NixPath("/one"));
    expect(evaluate("<second/y>", inside)).toEqual(new NixPath("/two/y"));
    expect(() => evaluate("<secondary>", inside)).toThrow(
      "file 'secondary' was not found in the Nix search path",
    );
  });
});
