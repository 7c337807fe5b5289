/** outputOf: outputs of derivations that other derivations make. */
import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../src/settings.ts";
import type { Attrs } from "../../src/value/attrs.ts";
import { ContextString, type Slot } from "../../src/value/value.ts";
import { call, contextList, failure, makeContext, set, text } from "../store/store-context.ts";

const experimentalFeatures = new Set(["ca-derivations", "dynamic-derivations"]);
const ctx = makeContext({ settings: { ...DEFAULT_SETTINGS, experimentalFeatures } });
const known = call(ctx, "derivationStrict", set({ name: "k", builder: "b", system: "s" })) as Attrs;
const floating = call(
  ctx,
  "derivationStrict",
  set({
    name: "f.drv",
    builder: "b",
    system: "s",
    __contentAddressed: true,
    outputHashMode: "text",
  }),
) as Attrs;
const reference = call(ctx, "unsafeDiscardOutputDependency", known.get("drvPath") as Slot);

test("a path that is known is the path", () => {
  const output = call(ctx, "outputOf", reference, "out");
  expect(text(output)).toBe(text(known.get("out")));
  expect(contextList(output)).toEqual([`!out!${text(reference)}`]);
});

test("the output of an output has a placeholder, and its context names both", () => {
  const output = call(ctx, "outputOf", floating.get("out") as Slot, "dev");
  expect(text(output)).toMatch(/^\/[0-9a-z]{52}$/);
  expect(contextList(output)).toEqual([`!dev!out!${text(floating.get("drvPath"))}`]);
  const third = call(ctx, "outputOf", output, "bin");
  expect(text(third)).not.toBe(text(output));
});

test("such a string makes a dynamic input", () => {
  const output = call(ctx, "outputOf", floating.get("out") as Slot, "dev");
  const attrs = set({ name: "u", builder: "b", system: "s", output });
  const user = call(ctx, "derivationStrict", attrs) as Attrs;
  expect(text(user.get("out"))).toMatch(/^\/[0-9a-z]{52}$/);
});

test.each<readonly [Slot, string]>([
  ["x", "string 'x' has 0 entries in its context. It should only have exactly one entry"],
  [
    new ContextString("x", new Set([text(reference)])),
    `path string 'x' has context with the different path '${text(reference)}'`,
  ],
  [
    new ContextString("x", new Set([`=${text(reference)}`])),
    "string 'x' has a context which refers to a complete source and binary closure. This is not supported at this time",
  ],
])("refuses %#", (value, message) => {
  expect(failure(ctx, "outputOf", value, "out")).toBe(message);
});

test("an output that there is not", () => {
  expect(failure(ctx, "outputOf", reference, "dev")).toBe(
    `derivation '${text(reference)}' does not have output 'dev'`,
  );
});
