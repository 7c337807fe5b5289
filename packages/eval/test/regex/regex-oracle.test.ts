/**
 * Compares with a real `nix-instantiate`, in one call: patterns as package sets have them on plausible
 * subjects, and generated ones. Skipped, aloud, where there is no C++ Nix.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testEnvironment } from "@nivis/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileRegex } from "../../src/regex/regex.ts";
import { patterns, subjects } from "./pattern-arbitrary.ts";

const GENERATED = Number(process.env["NIVIS_REGEX_ORACLE_RUNS"] ?? 400);
/** Fixed, so that no run meets a pattern on which C++ Nix takes exponential time. */
const SEED = Number(process.env["NIVIS_REGEX_ORACLE_SEED"] ?? 1);
const hasOracle = spawnSync("nix-instantiate", ["--version"]).status === 0;
if (!hasOracle) console.warn("regex-oracle.test.ts: no nix-instantiate here, comparison SKIPPED");

type Case = readonly [pattern: string, subject: string];

const TYPICAL_PATTERNS = [
  "([0-9]+)\\.([0-9]+)",
  "([0-9]+)(\\.[0-9]+)*",
  "([0-9]+\\.[0-9]+\\.[0-9]+).*",
  "[a-zA-Z_][a-zA-Z0-9_'-]*",
  "[[:alpha:]_][[:alnum:]_]*(\\.[[:alpha:]_][[:alnum:]_]*)*",
  "[[:space:]]*(-?[[:digit:]]+)[[:space:]]*",
  "(.*/)?\\.\\.(/.*)?",
  "(\\.\\.?|.*/.*)",
  "([^/]*)/([^/]*)(/snapshot)?(/.*)?",
  "(.+)://(.+)",
  "([^:]+)[:](.*)",
  "(.*)-([^-]*)-([^-]*)",
  "(.*)\\.(git|tar|zip|gz|tgz|xz)$",
  "(.*)e?abi.*",
  "(.*\\.)?nix(\\.(md|org))?",
  "([0-9]+([smhdw]|min|ms|us)*)+",
  "(0x)?([0-7]?[0-9A-Fa-f]{1,15})",
  "^([0-9A-Fa-f]{2})[-:.]?([0-9A-Fa-f]{2})$",
  "(^|\n)[ \t]*key[ \t]*=.*",
  "([A-Za-z]+[-_. ]?)*(v)?([0-9.]+.*)",
  "/+(\\./+)*",
  "[^[:alnum:]+._?=-]+",
  "(0|[1-9][0-9]*)",
  "[[:space:]]+",
  "[A-z0-9_]",
  " |\t",
  "\n",
  "",
];

const TYPICAL_SUBJECTS = [
  "",
  "1.2",
  "2.10.3",
  "hello-2.10.tar.gz",
  "x86_64-linux-gnueabi",
  "https://example.org/a/b.tar.gz",
  "../lib/./x.nix",
  "  -42 \n",
  "lib.attrsets.mapAttrs",
  "1h30min",
  "0xDEADbeef",
  "a b\tc\n key = 1",
  "dE:4f",
  "owner/repo/snapshot/main",
  "foo_v1.2-rc3",
  "readme.nix.md",
];

function nixString(text: string): string {
  const escaped = text
    .replace(/["\\$]/g, "\\$&")
    .replace(/\n/g, "\\n")
    .replace(/\t/g, "\\t");
  return `"${escaped}"`;
}

function askOracle(cases: readonly Case[]): unknown[] {
  const list = cases.map(([p, s]) => `{p=${nixString(p)};s=${nixString(s)};}`).join("\n");
  const folder = mkdtempSync(join(tmpdir(), "nivis-regex-"));
  try {
    const file = join(folder, "cases.nix");
    writeFileSync(
      file,
      `map (c: [(builtins.match c.p c.s) (builtins.split c.p c.s)]) [\n${list}\n]`,
    );
    const run = spawnSync("nix-instantiate", ["--eval", "--strict", "--json", file], {
      encoding: "utf8",
      env: testEnvironment(),
      maxBuffer: 1 << 28,
    });
    expect(run.stderr).toBe("");
    return JSON.parse(run.stdout) as unknown[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function ours([pattern, subject]: Case): unknown {
  const regex = compileRegex(pattern);
  const parts: unknown[] = [];
  let end = 0;
  for (const found of regex.search(subject)) {
    parts.push(subject.slice(end, found.start), found.groups);
    end = found.end;
  }
  return [regex.match(subject), [...parts, subject.slice(end)]];
}

describe.skipIf(!hasOracle)("like C++ Nix", () => {
  test("on typical and generated patterns", () => {
    const cases: Case[] = TYPICAL_PATTERNS.flatMap((pattern) =>
      TYPICAL_SUBJECTS.map((subject) => [pattern, subject] as const),
    );
    cases.push(...fc.sample(fc.tuple(patterns(2), subjects), { numRuns: GENERATED, seed: SEED }));
    const answers = askOracle(cases);
    expect(answers).toHaveLength(cases.length);
    for (const [i, pair] of cases.entries()) {
      expect({ pair, answer: ours(pair) }).toEqual({ pair, answer: answers[i] });
    }
  });
});
