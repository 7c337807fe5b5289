/** Errors on their way from the thread that fetches to the one that evaluates. */
import { FormatError, InputError, marked } from "@nivis/formats";
import { expect, test } from "vitest";
import { errorOfMessage, failureMessage } from "../../src/fetching/evaluation/requests.ts";

test.each([
  new InputError(marked`unable to download '${"https://h/x"}'`, 102),
  new FormatError("bad-hash", marked`invalid hash '${"x"}'`),
])("%s keeps its colours", (error) => {
  const other = errorOfMessage(structuredClone(failureMessage(error)));
  expect(other).toBeInstanceOf(error.constructor);
  expect(other).toMatchObject({ text: error.text, message: error.message, kind: error.kind });
});

test("an error that is a bug keeps its stack", () => {
  const bug = new TypeError("x is undefined");
  const other = errorOfMessage(structuredClone(failureMessage(bug)));
  expect(other).toMatchObject({ message: bug.message, stack: bug.stack });
});
