import { Evaluation, memoryIo } from "@nivis/eval";
import { describe, expect, it } from "vitest";
import { toPlainData } from "../src/plain-data.ts";

const evaluation = new Evaluation({ io: memoryIo() });
const data = (text: string): unknown =>
  toPlainData(evaluation, evaluation.evalText(text, { kind: "string" }, "/"));

describe("toPlainData", () => {
  it("converts all kinds of data", () => {
    expect(
      data('{ i = 1; f = 1.5; s = "x"; n = null; b = true; l = [ 1 [ ] ]; p = /a/b; }'),
    ).toEqual({
      i: 1,
      f: 1.5,
      s: "x",
      n: null,
      b: true,
      l: [1, []],
      p: "/a/b",
    });
    expect(data("9223372036854775807")).toBe(9223372036854775807n);
    expect(data('"\xc3\xa9"')).toBe("é");
  });

  it("keeps names that JavaScript knows", () => {
    const object = data('{ "__proto__" = 1; constructor = 2; }') as Record<string, unknown>;
    expect(Object.keys(object)).toEqual(["__proto__", "constructor"]);
  });

  it("refuses functions", () => {
    expect(() => data("[ (x: x) ]")).toThrow("cannot convert a function to plain data");
  });

  it("fails at the first error in order", () => {
    expect(() => data('[ (throw "one") (throw "two") ]')).toThrow("one");
  });

  it("converts a hundred thousand levels", () => {
    expect(data("builtins.foldl' (a: _: [ a ]) 1 (builtins.genList (x: x) 100000)")).toHaveLength(
      1,
    );
  });
});
