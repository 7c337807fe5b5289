/** Unions of contexts. */
import { expect, test } from "vitest";
import { ContextUnion } from "../../src/value/context.ts";

test("one context is its own union, also when it comes again or is part of it", () => {
  const one = new Set(["/a", "/b"]);
  const union = new ContextUnion();
  expect(union.result).toBeUndefined();
  union.add(one);
  union.add(one);
  union.add(new Set(["/b"]));
  expect(union.result).toBe(one);
});

test("contexts that are united are not changed", () => {
  const one = new Set(["/a"]);
  const two = new Set(["/b"]);
  const union = new ContextUnion();
  union.add(one);
  union.add(two);
  union.add(new Set(["/a", "/c"]));
  expect([...(union.result ?? [])]).toEqual(["/a", "/b", "/c"]);
  expect([one.size, two.size]).toEqual([1, 1]);
});
