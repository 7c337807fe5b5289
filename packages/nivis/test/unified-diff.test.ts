/** Changes of files as patches: the shortest one, and one in linear time where the change is long. */
import { Random, scalingFailure, testSeed } from "@nivis/testkit";
import { applyPatch } from "diff";
import { expect, test } from "vitest";
import { unifiedDiff } from "../src/formatting/unified-diff.ts";

const LONG = 3000;

function numbered(count: number, indent: string): string[] {
  return Array.from({ length: count }, (_, i) => `${indent}line ${i}\n`);
}

test("a short change is the shortest one", () => {
  const before = numbered(9, "").join("");
  expect(unifiedDiff("a.nix", before, before.replace("line 4\n", "LINE\nmore\n"))).toBe(
    [
      "--- a.nix",
      "+++ a.nix",
      "@@ -2,7 +2,8 @@",
      " line 1",
      " line 2",
      " line 3",
      "-line 4",
      "+LINE",
      "+more",
      " line 5",
      " line 6",
      " line 7",
      "",
    ].join("\n"),
  );
});

test("a long change is one patch that leads from text to text", () => {
  const random = new Random(testSeed("long changes", 15));
  for (const density of [1, 2, 3, 12]) {
    const old = numbered(LONG * density, "");
    const fresh = old.flatMap((line) => {
      if (random.below(density) > 0) return [line];
      return random.below(4) === 0
        ? []
        : [`  ${line}`, ...(random.below(4) === 0 ? ["new\n"] : [])];
    });
    const before = old.join("");
    const after = fresh.join("");
    const patch = unifiedDiff("a.nix", before, after);
    expect(applyPatch(before, patch)).toBe(after);
    // Lines far from a change are left out.
    if (density === 12) expect(patch.split("\n").length).toBeLessThan(old.length);
  }
});

test("a long change of a text without a last line break says so", () => {
  const before = numbered(LONG, "").join("").slice(0, -1);
  const after = numbered(LONG, "  ").join("");
  const patch = unifiedDiff("a.nix", before, after);
  expect(patch).toContain(`-line ${LONG - 1}\n\\ No newline at end of file\n+`);
  expect(applyPatch(before, patch)).toBe(after);
});

test("takes linear time when all lines change", () => {
  const run = (size: number): void =>
    void unifiedDiff("a.nix", numbered(size, "").join(""), numbered(size, "  ").join(""));
  expect(scalingFailure(run, 4000)).toBeUndefined();
});
