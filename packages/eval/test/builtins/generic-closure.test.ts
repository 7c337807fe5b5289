/** `genericClosure`: breadth-first order, and keys of all types. */
import { describe, expect, test } from "vitest";
import type { Attrs } from "../../src/value/attrs.ts";
import { NixFloat, type NixList, type Slot, type Value } from "../../src/value/value.ts";
import { call, failing, failure, fn, set } from "./call-builtin.ts";

const element = (key: Slot): Attrs => set({ key });
const keys = (closure: Value): Slot[] =>
  (closure as NixList).map((item) => (item as Attrs).get("key") as Slot);
const closure = (start: Slot[], operator: Slot): Value =>
  call("genericClosure", set({ startSet: start, operator }));
const nothing = fn(1, () => []);

describe("genericClosure", () => {
  test("visits each key once, breadth first", () => {
    const operator = fn(1, (item: Attrs) => {
      const key = item.get("key") as number;
      return key >= 20 ? [] : [element(key * 2), element(key * 2 + 1), element(1)];
    });
    expect(keys(closure([element(1)], operator))).toEqual([
      1,
      ...Array.from({ length: 38 }, (_, i) => i + 2),
    ]);
  });
  test("answers an empty start set before it looks at the operator", () => {
    expect(call("genericClosure", set({ startSet: [] }))).toEqual([]);
    expect(closure([], failing())).toEqual([]);
  });
  test("takes keys as equal when neither is less", () => {
    expect(keys(closure([element(1), element(new NixFloat(1)), element(1)], nothing))).toEqual([1]);
    expect(
      keys(closure([element([1, "a"]), element([1, "b"]), element([1, "a"])], nothing)),
    ).toEqual([
      [1, "a"],
      [1, "b"],
    ]);
    expect(keys(closure([element("a"), element("b"), element("a")], nothing))).toEqual(["a", "b"]);
  });
  test("takes up integers of all sizes and other numbers among integers", () => {
    const large = 9_007_199_254_740_993n;
    const mixed = [1, 2, large, 1, new NixFloat(1.5), large, new NixFloat(2), 3].map(element);
    expect(keys(closure(mixed, nothing))).toEqual([1, 2, large, new NixFloat(1.5), 3]);
    expect(keys(closure([element(large), element(1), element(large)], nothing))).toEqual([
      large,
      1,
    ]);
  });
  test("accepts any single key", () => {
    expect(keys(closure([element(null)], nothing))).toEqual([null]);
  });
  test("keeps the order of thousands of list keys in a balanced tree", () => {
    const items = Array.from({ length: 3000 }, (_, i) => element([(i * 7919) % 3000]));
    expect(closure([...items, ...items], nothing)).toEqual(items);
  });
  test("walks a chain of a hundred thousand", () => {
    const next = fn(1, (item: Attrs) => {
      const key = item.get("key") as number;
      return key === 100_000 ? [] : [element(key + 1)];
    });
    expect((closure([element(1)], next) as NixList).length).toBe(100_000);
  });
  test("passes over a hundred thousand keys that it has seen", () => {
    const items = Array.from({ length: 100_000 }, () => element("a"));
    expect(
      closure(
        items,
        fn(1, () => items),
      ),
    ).toEqual([items[0]]);
  });
  test("names the elements that cannot be compared", () => {
    expect(
      failure(
        "genericClosure",
        set({ startSet: [element(1), element("string")], operator: nothing }),
      ),
    ).toEqual({
      message: 'cannot compare a string with an integer; values are "string" and 1',
      traces: ["with element { key = 1; }", 'while comparing element { key = "string"; }'],
    });
  });
  test("says what is wrong with its argument", () => {
    expect(failure("genericClosure", set({})).message).toBe("attribute 'startSet' missing");
    expect(failure("genericClosure", set({ startSet: [1] }))).toEqual({
      message: "attribute 'operator' missing",
      traces: ["in the attrset passed as argument to builtins.genericClosure"],
    });
    expect(failure("genericClosure", set({ startSet: ["x"], operator: nothing }))).toEqual({
      message: 'expected a set but found a string: "x"',
      traces: ["", 'in genericClosure element "x"'],
    });
    expect(
      failure("genericClosure", set({ startSet: [set({ x: 1 })], operator: nothing })),
    ).toEqual({
      message: "attribute 'key' missing",
      traces: ["", "in genericClosure element { x = 1; }"],
    });
    expect(
      failure("genericClosure", set({ startSet: [element(1)], operator: fn(1, () => 1) })),
    ).toEqual({
      message: "expected a list but found an integer: 1",
      traces: [
        "while evaluating the return value of the `operator` passed to builtins.genericClosure",
        "while calling operator on genericClosure element { key = 1; }",
      ],
    });
  });
});
