/** Flat texts are the same texts. */
import { expect, test } from "vitest";
import { InternalError } from "../../src/errors/eval-error.ts";
import { flatText } from "../../src/value/flat-text.ts";

test.each([0, 1, 12, 13, 14, 1024, 1025, 5000])("a text of %i bytes stays as it is", (length) => {
  let text = "";
  for (let i = 0; i < length; i++) text += String.fromCharCode(i % 256);
  expect(flatText(text)).toBe(text);
});

test("a char that is no byte is noticed", () => {
  expect(() => flatText(`${"a".repeat(20)}\u0100`)).toThrow(InternalError);
});
