/** What the tests of this package share: parse a text and compare what comes out. */
import { expect } from "vitest";
import { type ParseOptions, type ParseResult, parse, printExpr, SourceFile } from "../src/index.ts";

const OPTIONS: ParseOptions = { basePath: "/base/dir", home: "/home/user" };

/** A string of the test as the bytes of its UTF-8 form. */
export function bytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

export function parseText(input: string, options: Partial<ParseOptions> = {}): ParseResult {
  return parse(new SourceFile({ kind: "string" }, input), { ...OPTIONS, ...options });
}

/** The input parses without an error and prints as `printed`. */
export function check(input: string, printed: string, options: Partial<ParseOptions> = {}): void {
  const result = parseText(input, options);
  expect(result.firstError).toBeUndefined();
  expect(printExpr(result.expr)).toBe(printed);
}

/** The first error of the input, as `LINE:COLUMN MESSAGE` (or `- MESSAGE` without a position). */
export function checkError(
  input: string,
  expected: string,
  options: Partial<ParseOptions> = {},
): void {
  const { firstError, source } = parseText(input, options);
  expect(firstError).toBeDefined();
  const pos = firstError?.pos;
  const place = pos === undefined ? "-" : source.describe(pos).slice(source.displayName.length + 1);
  expect(`${place} ${firstError?.message}`).toBe(bytes(expected));
}
