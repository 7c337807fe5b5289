/** Each builtin has a documentation and a golden case of its own. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILTIN_CONSTANTS, BUILTINS } from "@nivis/eval";
import { describe, expect, test } from "vitest";

const cases = fileURLToPath(new URL("../lang/builtins", import.meta.url));
const all = [...BUILTINS, ...BUILTIN_CONSTANTS];

describe.each(all.map((builtin) => [builtin.name, builtin] as const))("%s", (name, builtin) => {
  test("is documented in a sentence or more", () => {
    expect(builtin.doc.trim().length).toBeGreaterThan(15);
  });

  test("has a case in tests/lang/builtins", () => {
    expect(existsSync(join(cases, name)), `add tests/lang/builtins/${name}/<case>/in.nix`).toBe(
      true,
    );
  });
});

test("each folder of cases belongs to a builtin", () => {
  const names = new Set(all.map(({ name }) => name));
  expect(readdirSync(cases).filter((folder) => !names.has(folder))).toEqual([]);
});
