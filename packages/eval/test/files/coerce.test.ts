/** Coercion to strings. */
import { expect, test } from "vitest";
import { CoerceMode, coerceToString } from "../../src/operations/coerce.ts";
import { NO_POS } from "../../src/position.ts";
import { forcedThunk } from "../../src/value/thunk.ts";
import { ContextString, NixFloat, NixPath, type Slot } from "../../src/value/value.ts";
import { drive } from "../drive.ts";
import { contextList, makeContext, set, text } from "../store/store-context.ts";

function coerce(slot: Slot, mode: CoerceMode): string {
  const ctx = makeContext();
  return text(drive(coerceToString(ctx, slot, mode, NO_POS, "why"), ctx));
}

test.each<readonly [Slot, string]>([
  [true, "1"],
  [false, ""],
  [null, ""],
  [-3, "-3"],
  [9223372036854775807n, "9223372036854775807"],
  [new NixFloat(1.5), "1.500000"],
  [new NixFloat(-0), "-0.000000"],
  [new NixFloat(0.0078125), "0.007812"],
  [new NixFloat(0.0234375), "0.023438"],
  [new NixFloat(1e22), "10000000000000000000000.000000"],
  [new NixFloat(Infinity), "inf"],
  [new NixPath("/a"), "/a"],
  [["a", null, "b"], "a  b"],
  [["a", [], "b"], "a b"],
  [["a", [[]], "b"], "a  b"],
  [["a", []], "a "],
  [set({ outPath: set({ outPath: forcedThunk("x") }) }), "x"],
])("strong %#", (value, expected) => {
  expect(coerce(value, CoerceMode.Strong)).toBe(expected);
});

test.each<readonly [Slot, string]>([
  [1, "cannot coerce an integer to a string: 1"],
  [true, "cannot coerce a Boolean to a string: true"],
  [null, "cannot coerce null to a string: null"],
  [[], "cannot coerce a list to a string: [ ]"],
  [set({ outPath: 1 }), "cannot coerce an integer to a string: 1"],
])("weak refuses %#", (value, message) => {
  expect(() => coerce(value, CoerceMode.Weak)).toThrow(message);
});

test("nesting costs no native stack", () => {
  let list: Slot = ["x"];
  let attrs: Slot = "y";
  for (let i = 0; i < 200_000; i++) {
    const inner: Slot = list;
    list = [inner];
    attrs = set({ outPath: attrs });
  }
  expect(coerce(list, CoerceMode.Strong)).toBe("x");
  expect(coerce(attrs, CoerceMode.Weak)).toBe("y");
});

test("errors inside of sets and lists have their traces", () => {
  try {
    coerce(set({ outPath: [set({ a: 1 })] }), CoerceMode.Strong);
  } catch (error) {
    const { traces } = error as { traces: { message: string }[] };
    expect(traces.map((trace) => trace.message)).toEqual([
      "while evaluating one element of the list",
      "why",
      "while using the `outPath` attribute",
    ]);
  }
  expect.assertions(1);
});

test("contexts of elements are united", () => {
  const ctx = makeContext();
  const parts = ["/nix/store/a", "/nix/store/b"].map(
    (path) => new ContextString(path, new Set([path])),
  );
  const value = drive(coerceToString(ctx, [...parts, "c"], CoerceMode.Strong, NO_POS, ""), ctx);
  expect(contextList(value)).toEqual(["/nix/store/a", "/nix/store/b"]);
});
