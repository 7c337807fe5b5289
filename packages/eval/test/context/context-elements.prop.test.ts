/** Laws of context elements. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ContextElement,
  decodeContextElement,
  encodeContextElement,
} from "../../src/value/context.ts";

const letters = fc.stringMatching(/^[a-z0-9]+$/);
const path = fc.stringMatching(/^\/nix\/store\/[0-9a-z]{32}-[A-Za-z0-9+\-._?=]{1,20}$/);
const drv = path.map((name) => `${name}.drv`);
// The derivation may be an output of another one.
const derivation = fc
  .tuple(fc.array(letters, { maxLength: 2 }), drv)
  .map(([outputs, inner]) => [...outputs, inner].join("!"));
const element: fc.Arbitrary<ContextElement> = fc.oneof(
  path.map((of) => ({ kind: "plain" as const, path: of })),
  fc.record({ kind: fc.constant("output" as const), output: letters, drvPath: derivation }),
  drv.map((of) => ({ kind: "drv-deep" as const, drvPath: of })),
);

test("an element is what its code says", () => {
  fc.assert(
    fc.property(element, (one) => {
      expect(decodeContextElement(encodeContextElement(one))).toEqual(one);
    }),
  );
});
