/** JavaScript data as Nix values, functions of JavaScript as builtins, and what is neither. */
import { type Attrs, Evaluation, memoryIo, NixFloat, type Slot } from "@nivis/eval";
import { describe, expect, test } from "vitest";
import type { NixInput } from "../src/data.ts";
import * as host from "./memory-host.ts";
import { toPlainData } from "./memory-host.ts";

const evaluation = new Evaluation({ io: memoryIo() });
const toNixValue = (data: NixInput): Slot => host.toNixValue(evaluation, data);
const printed = (data: NixInput): string => evaluation.print(toNixValue(data));

describe("toNixValue", () => {
  test.each([
    [null, "null"],
    [true, "true"],
    [1, "1"],
    [-0, "0"],
    [1.5, "1.5"],
    [new NixFloat(1), "1"],
    [2n ** 63n - 1n, "9223372036854775807"],
    [7n, "7"],
    ['a"b', '"a\\"b"'],
    ["é😀", '"\xc3\xa9\xf0\x9f\x98\x80"'],
    [new Uint8Array([0xff, 0x41]), '"\xffA"'],
    [new URL("file:///a%20b/c"), "/a b/c"],
    [[1, ["x"], {}], '[ 1 [ "x" ] { } ]'],
    [{ a: { b: null } }, "{ a = { b = null; }; }"],
    [Object.create(null), "{ }"],
    [new Map<string, NixInput>([["b c", 1]]), '{ "b c" = 1; }'],
    [evaluation.evaluate("{ x = 1 + 1; }") as Attrs, "{ x = 2; }"],
    [{ list: [evaluation.loadText("1 + 2")] }, "{ list = [ 3 ]; }"],
    [JSON.parse('{ "__proto__": 1 }') as NixInput, "{ __proto__ = 1; }"],
  ])("%o is %s", (data, text) => {
    expect(printed(data)).toBe(text);
  });

  class Point {
    x = 1;
  }
  const cycle: { a: unknown[] } = { a: [] };
  cycle.a.push(cycle);
  const throwing = {
    get a(): number {
      throw new Error("no");
    },
  };
  // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
  const sparse = [1, , 2];

  test.each([
    [undefined, "data is undefined"],
    [{ a: [1, undefined] }, "data.a[1] is undefined"],
    [{ a: Symbol("x") }, "data.a is a symbol"],
    [{ f: () => 1 }, "the function f takes 0 arguments"],
    [{ a: new Point() }, "data.a is a Point, which is neither data nor a Nix value"],
    [[new Date(0)], "data[0] is a Date, which is neither data nor a Nix value"],
    [[new Set([1])], "data[0] is a Set, which is neither data nor a Nix value"],
    [Promise.resolve(1), "data is a Promise, which is neither data nor a Nix value"],
    [cycle, "data.a[0] contains itself"],
    [sparse, "data[1] is a hole"],
    [{ [Symbol("x")]: 1 }, "data has a key that is not a string"],
    [new Map([[1, 1]]), "data has a key that is not a string"],
    [Number.NaN, "data is NaN"],
    [{ a: Number.POSITIVE_INFINITY }, "data.a is Infinity"],
    [2n ** 63n, "data is 9223372036854775808, which does not fit into 64 bits"],
    ["a\0b", "data contains a NUL"],
    [new URL("https://example.org/a"), "data is a URL, and only one with file: stands for a path"],
  ])("%o is refused", (data, message) => {
    expect(() => toNixValue(data as NixInput)).toThrow(TypeError);
    expect(() => toNixValue(data as NixInput)).toThrow(message);
  });

  test("a property that cannot be read is refused", () => {
    expect(() => toNixValue(throwing)).toThrow("data.a cannot be read");
  });

  test("copies: later changes change no value", () => {
    const data = { list: [1, 2], name: "a" };
    const value = toNixValue(data);
    data.list.push(3);
    data.name = "b";
    expect(evaluation.print(value)).toBe('{ list = [ 1 2 ]; name = "a"; }');
  });

  test("converts a hundred thousand levels", () => {
    let data: NixInput = 1;
    for (let i = 0; i < 100_000; i++) data = [data];
    expect(evaluation.toJson(toNixValue(data))).toHaveLength(200_001);
  });

  test("is the way back of toPlainData", () => {
    const data = { a: [1, 2.5, "é", null, true], b: { c: 9007199254740993n } };
    expect(toPlainData(evaluation, toNixValue(data))).toEqual(data);
  });
});

describe("what is handed to call", () => {
  const f = evaluation.evaluate("x: builtins.typeOf x");
  test.each([
    [{ a: 1 }, "argument 1 is an object that is not a Nix value"],
    [() => 1, "argument 1 is a function, which is not a Nix value"],
    [1.5, "argument 1 is 1.5, which is not a safe integer"],
    [Number.NaN, "argument 1 is NaN"],
    [undefined, "argument 1 is undefined"],
    ["😀", "argument 1 is a text with chars above U+00FF"],
    [[1, [{}]], "argument 1[1][0] is an object that is not a Nix value"],
    [5n, "argument 1 is 5n, which must be a number"],
    [2n ** 70n, "which does not fit into 64 bits"],
  ])("%o is refused", (argument, message) => {
    expect(() => evaluation.call(f, argument as Slot)).toThrow(TypeError);
    expect(() => evaluation.call(f, argument as Slot)).toThrow(message);
  });

  test.each([
    [null, "null"],
    [1, "int"],
    [2n ** 62n, "int"],
    ["\xff", "string"],
    [[1, [2]], "list"],
    [new NixFloat(1), "float"],
    [toNixValue({ a: 1 }), "set"],
    [f, "lambda"],
  ])("%o is taken", (argument, type) => {
    expect(evaluation.call(f, argument as Slot)).toBe(type);
  });

  test("and the function is checked as well", () => {
    expect(() => evaluation.call((() => 1) as unknown as Slot)).toThrow(
      "the function is a function, which is not a Nix value",
    );
  });
});
