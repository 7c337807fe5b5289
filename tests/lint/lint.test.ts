/**
 * The golden cases of the linter: one folder per rule.
 *
 *     <code>/bad.nix         code that the rule finds
 *     <code>/bad.txt         the findings as LINE:COLUMN-LINE:COLUMN MESSAGE
 *     <code>/bad.fixed.nix   bad.nix after all fixes, if the rule has any
 *     <code>/good.nix        code that it must not find, including surprising exceptions
 *
 * Only the rule of the folder runs. `UPDATE=1` writes the findings instead of comparing: review the
 * diff before you commit it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  applyFixes,
  GLOBAL_NAMES,
  LINT_PARSE_OPTIONS,
  type LintDiagnostic,
  lint,
  lintRules,
  type ParseResult,
  parse,
  SourceFile,
} from "@nivis/syntax";
import { describe, expect, test } from "vitest";
import {
  allBuiltins,
  allConstants,
  globalName,
} from "../../packages/eval/src/builtins/registry.ts";

const suite = fileURLToPath(new URL(".", import.meta.url));
const update = process.env["UPDATE"] === "1";

function parseText(text: string): ParseResult {
  const source = new SourceFile({ kind: "string" }, text);
  const parsed = parse(source, { ...LINT_PARSE_OPTIONS, basePath: "/", home: "/home" });
  expect(parsed.firstError).toBeUndefined();
  return parsed;
}

function findings(parsed: ParseResult, code: string): LintDiagnostic[] {
  return lint(parsed, {
    enable: [code],
    disable: lintRules.map((rule) => rule.code).filter((other) => other !== code),
  });
}

function report(parsed: ParseResult, found: readonly LintDiagnostic[]): string {
  const place = (offset: number): string => {
    const { line, column } = parsed.source.lineColumn(offset);
    return `${line}:${column}`;
  };
  const range = (span: { start: number; end: number }): string =>
    `${place(span.start)}-${place(span.end)}`;
  return found
    .flatMap(({ span, message, labels, fix }) => [
      `${range(span)} ${message}`,
      ...labels.map((label) => `  ${range(label.span)} ${label.message}`),
      ...(fix === undefined ? [] : [`  fix: ${fix.title}`]),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

/** Compares `actual` with a file, or writes it; `undefined` means that the file must not exist. */
function compare(file: string, actual: string | undefined): void {
  if (update) {
    if (actual === undefined) rmSync(file, { force: true });
    else writeFileSync(file, actual, "latin1");
    return;
  }
  expect(existsSync(file) ? readFileSync(file, "latin1") : undefined).toBe(actual);
}

/** Applies fixes until nothing changes. */
function fixAll(text: string, code: string): string {
  let result = text;
  for (let round = 0; round < 10; round++) {
    const { text: next, fixed } = applyFixes(result, findings(parseText(result), code));
    if (fixed.length === 0) return result;
    result = next;
  }
  throw new Error(`the fixes of ${code} do not terminate`);
}

describe.each(lintRules.map((rule) => [rule.code, rule] as const))("%s", (code, rule) => {
  const file = (name: string): string => join(suite, code, name);

  test("finds bad code", () => {
    const text = readFileSync(file("bad.nix"), "latin1");
    const parsed = parseText(text);
    const found = findings(parsed, code);
    expect(found).not.toEqual([]);
    compare(file("bad.txt"), report(parsed, found));
    const fixed = fixAll(text, code);
    compare(file("bad.fixed.nix"), fixed === text ? undefined : fixed);
  });

  test("accepts good code", () => {
    const parsed = parseText(readFileSync(file("good.nix"), "latin1"));
    expect(report(parsed, findings(parsed, code))).toBe("");
  });

  test("has correct examples", () => {
    expect(findings(parseText(rule.bad), code)).not.toEqual([]);
    const good = parseText(rule.good);
    // An example for one rule must not violate another.
    expect(report(good, lint(good))).toBe("");
    expect(findings(good, code)).toEqual([]);
  });
});

test("each folder belongs to a rule", () => {
  const codes = new Set(lintRules.map(({ code }) => code));
  const folders = readdirSync(suite, { withFileTypes: true }).filter((one) => one.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !codes.has(name))).toEqual([]);
});

test("the globals are those of the evaluator", () => {
  const names = [...allBuiltins, ...allConstants].map(({ name }) => globalName(name));
  // The set itself and the function written in Nix are not rows of the table.
  expect([...GLOBAL_NAMES].sort()).toEqual([...names, "builtins", "derivation"].sort());
});

test("docs/lints.md is up to date", () => {
  const script = (name: string): string =>
    fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
  const { status, stdout } = spawnSync(
    process.execPath,
    [script("run-ts.mjs"), script("generate-lint-docs.mjs"), "--check"],
    { encoding: "utf8" },
  );
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
});
