/**
 * nixfmt's own fixtures, from the checkout that `NIVIS_CONFORMANCE_NIXFMT` names, and every file of
 * nixpkgs 26.11 that its CI formats, from `NIVIS_NIXPKGS_2611`. Both are skipped with a note without it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SourceFile } from "@nivis/syntax";
import { describe, expect, test } from "vitest";
import { FormatError, type FormatOptions, format } from "../src/index.ts";

/** The runner of the fixtures uses this limit. */
const WIDTH = 80;

/** Not nixpkgs' own: the snapshot replaces the files that it leaves out. */
const STAND_INS: ReadonlySet<string> = new Set([
  "pkgs/development/haskell-modules/hackage-packages.nix",
  "pkgs/top-level/by-name-overlay.nix",
]);

function folderOf(variable: string): string | undefined {
  const folder = process.env[variable];
  if (folder === undefined)
    process.stderr.write(`packages/fmt: skipped because ${variable} names no checkout\n`);
  return folder;
}

function read(file: string): string {
  return readFileSync(file, "latin1");
}

function formatted(file: string, options: FormatOptions): string {
  return format(new SourceFile({ kind: "file", path: file }, read(file)), options);
}

const nixfmt = folderOf("NIVIS_CONFORMANCE_NIXFMT");

describe.skipIf(nixfmt === undefined)("the fixtures of nixfmt", () => {
  const folder = join(nixfmt ?? "", "test");
  const namesIn = (name: string): string[] =>
    nixfmt === undefined ? [] : readdirSync(join(folder, name)).sort();

  test.each(namesIn("correct"))("correct/%s stays", (name) => {
    const file = join(folder, "correct", name);
    expect(formatted(file, { width: WIDTH, strict: true })).toBe(read(file));
  });

  test("correct-indent-4.nix stays", () => {
    const file = join(folder, "correct-indent-4.nix");
    expect(formatted(file, { width: WIDTH, strict: true, indent: 4 })).toBe(read(file));
  });

  test.each(namesIn("diff"))("diff/%s", (name) => {
    const input = join(folder, "diff", name, "in.nix");
    for (const [expected, strict] of [
      ["out.nix", false],
      ["out-pure.nix", true],
    ] as const) {
      const options = { width: WIDTH, strict };
      const result = formatted(input, options);
      expect(result).toBe(read(join(folder, "diff", name, expected)));
      const again = format(new SourceFile({ kind: "string" }, result), options);
      expect(again).toBe(result);
    }
  });

  test.each(namesIn("invalid"))("invalid/%s is refused", (name) => {
    expect(() => formatted(join(folder, "invalid", name), {})).toThrow(FormatError);
  });
});

const nixpkgs = folderOf("NIVIS_NIXPKGS_2611");

test.skipIf(nixpkgs === undefined)(
  "every file of nixpkgs stays as it is",
  () => {
    let files = 0;
    const changed: string[] = [];
    for (const entry of readdirSync(nixpkgs as string, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".nix")) continue;
      const file = join(entry.parentPath, entry.name);
      const name = file.slice((nixpkgs as string).length).replace(/^\/+/, "");
      if (STAND_INS.has(name)) continue;
      files += 1;
      if (formatted(file, {}) !== read(file)) changed.push(name);
    }
    expect(changed).toEqual([]);
    expect(files).toBeGreaterThan(40_000);
  },
  3_600_000,
);
