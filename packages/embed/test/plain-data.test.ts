/** Values as plain data: each kind, what has no plain form, and values that contain themselves. */
import { type Attrs, Evaluation, memoryIo, NixFloat } from "@nivis/eval";
import { describe, expect, test } from "vitest";
import type { PlainOptions } from "../src/data.ts";
import { toPlainData } from "./memory-host.ts";

const evaluation = new Evaluation({ io: memoryIo() });
const data = (text: string, options?: PlainOptions): unknown =>
  toPlainData(evaluation, evaluation.evaluate(text), options);

const DERIVATION = `derivation { name = "x"; system = "s"; builder = "b"; }`;
const OUT_PATH = data(`(${DERIVATION}).outPath`);
const DRV_PATH = data(`(${DERIVATION}).drvPath`);

describe("toPlainData", () => {
  test("converts all kinds of data", () => {
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

  test("keeps names that JavaScript knows, as JSON.parse does", () => {
    const text = '{ "__proto__" = 1; constructor = 2; }';
    const object = data(text) as object;
    expect(Object.keys(object)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(object).toEqual(JSON.parse('{ "__proto__": 1, "constructor": 2 }'));
    expect({}).not.toHaveProperty("constructor", 2);
  });

  test("refuses functions, and says where", () => {
    expect(() => data("x: x")).toThrow("cannot convert a function to plain data");
    expect(() => data("{ a.b = [ 1 (x: x) ]; }")).toThrow(
      "cannot convert a function to plain data (at a.b[1])",
    );
    expect(() => data("builtins.map")).toThrow(
      "cannot convert the built-in function 'map' to plain data",
    );
  });

  test("fails at the first error in order", () => {
    expect(() => data('[ (throw "one") (throw "two") ]')).toThrow("one");
  });

  test("converts a hundred thousand levels", () => {
    expect(data("builtins.foldl' (a: _: [ a ]) 1 (builtins.genList (x: x) 100000)")).toHaveLength(
      1,
    );
  });
});

describe("derivations", () => {
  test("are their output path, as toJSON writes them", () => {
    expect(data(`[ (${DERIVATION}) { a = ${DERIVATION}; } ]`)).toEqual([OUT_PATH, { a: OUT_PATH }]);
    expect(JSON.stringify(data(DERIVATION))).toBe(
      evaluation.toJson(evaluation.evaluate(DERIVATION)),
    );
  });

  test("or their derivation path", () => {
    expect(data(DERIVATION, { derivations: "drvPath" })).toBe(DRV_PATH);
  });

  test("or a set, which contains itself", () => {
    expect(() => data(DERIVATION, { derivations: "expand" })).toThrow(
      "cannot convert a value that contains itself to plain data: it is the whole value (at all[0])",
    );
  });
});

describe("values that contain themselves", () => {
  test.each([
    ["let l = [ l ]; in l", "it is the whole value (at [0])"],
    ["rec { a.b = { c = [ 1 a ]; }; }", "it is a (at a.b.c[1])"],
    ["let s = { x = s; }; in { t = s; }", "it is t (at t.x)"],
  ])("are an error that names both places: %s", (text, message) => {
    expect(() => data(text)).toThrow(message);
  });

  test("are told from values that occur twice", () => {
    expect(data("let s = { x = 1; }; in [ s s { inherit s; } ]")).toEqual([
      { x: 1 },
      { x: 1 },
      { s: { x: 1 } },
    ]);
  });

  test("and from values without an end, which a limit stops", () => {
    const endless = "let f = n: [ (f (n + 1)) ]; in f 0";
    expect(() => data(endless, { maxValues: 1000 })).toThrow("more than 1000 values");
    const limited = new Evaluation({ io: memoryIo(), settings: { maxSteps: 10_000 } });
    expect(() => toPlainData(limited, limited.evaluate(endless))).toThrow("max-steps");
  });
});

describe("options", () => {
  test("integers", () => {
    expect(data("[ 1 9007199254740993 ]")).toEqual([1, 9007199254740993n]);
    expect(data("[ 1 9007199254740993 ]", { integers: "bigint" })).toEqual([1n, 9007199254740993n]);
    expect(data("[ 1 ]", { integers: "number" })).toEqual([1]);
    expect(() => data("{ a = 9007199254740993; }", { integers: "number" })).toThrow(
      "the integer 9007199254740993 is not a safe number (at a)",
    );
  });

  test("floats", () => {
    expect(data("[ 1.0 1 ]")).toEqual([1, 1]);
    expect(data("[ 1.0 1 ]", { floats: "tagged" })).toEqual([new NixFloat(1), 1]);
  });

  test("texts that are not UTF-8", () => {
    expect(() => data('{ a = "\xff"; }')).toThrow(
      "cannot convert a string that is not UTF-8 to plain data (at a)",
    );
    expect(() => data('{ "\xff" = 1; "\xfe" = 2; }')).toThrow(
      "an attribute name that is not UTF-8",
    );
    expect(data('{ "\xff" = "\xfe"; }', { texts: "lossy" })).toEqual({ "\ufffd": "\ufffd" });
    expect(() => data('{ "\xff" = 1; "\xfe" = 2; }', { texts: "lossy" })).toThrow(
      "attribute names that differ only where they are not UTF-8",
    );
    expect(data('{ "\xff" = 1; "\xfe" = 2; }', { texts: "bytes" })).toEqual({
      "\xfe": 2,
      "\xff": 1,
    });
  });

  test("sets as maps, in the order of the names", () => {
    const text = '{ b = 1; "10" = 2; "9" = 3; a.x = 4; }';
    expect(Array.from((data(text, { sets: "map" }) as Map<string, unknown>).keys())).toEqual([
      "10",
      "9",
      "a",
      "b",
    ]);
    expect((data(text, { sets: "map" }) as Map<string, unknown>).get("a")).toEqual(
      new Map([["x", 4]]),
    );
  });
});

describe("lists that are handed out", () => {
  test("cannot be changed", () => {
    const own = new Evaluation({ io: memoryIo() });
    const set = own.evaluate(
      `rec { l = [ 3 1 2 ]; nested = builtins.fromJSON "[[2,1]]"; sum = map (x: x) l; }`,
    ) as Attrs;
    const list = own.force(set.get("l") ?? null) as unknown[];
    expect(() => list.sort()).toThrow(TypeError);
    const nested = own.force(set.get("nested") ?? null) as unknown[][];
    expect(() => nested[0]?.sort()).toThrow(TypeError);
    expect(own.print(set.get("sum") ?? null)).toBe("[ 3 1 2 ]");
    const called = own.call(own.evaluate("x: [ x [ 2 1 ] ]"), 1) as unknown[];
    expect(() => called.push(1)).toThrow(TypeError);
    expect(() => (own.deepForce(own.evaluate("[ 2 1 ]")) as unknown[]).reverse()).toThrow(
      TypeError,
    );
  });

  test("and plain data is a copy", () => {
    const own = new Evaluation({ io: memoryIo() });
    const value = own.evaluate("[ 3 1 2 ]");
    (toPlainData(own, value) as unknown[]).sort();
    expect(own.print(value)).toBe("[ 3 1 2 ]");
  });
});
