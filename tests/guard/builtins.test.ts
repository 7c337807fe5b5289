/** Each builtin has documentation and a golden case of its own. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { allBuiltins, allConstants } from "../../packages/eval/src/builtins/registry.ts";

const cases = fileURLToPath(new URL("../lang/builtins", import.meta.url));
const all = [...allBuiltins, ...allConstants];

describe.each(all.map((builtin) => [builtin.name, builtin] as const))("%s", (name, builtin) => {
  test("is documented in whole sentences that name its arguments", () => {
    const { doc } = builtin;
    expect(doc, "begins like a sentence").toMatch(/^(?:[A-Z]|[`*])/);
    expect(doc.trimEnd(), "ends like a sentence").toMatch(/[.!?)`]$/);
    const named = "args" in builtin ? builtin.args : [];
    for (const arg of named) expect(doc).toMatch(new RegExp(`\\*${arg.name}\\*`));
  });

  test("has a case in tests/lang/builtins", () => {
    expect(existsSync(join(cases, name)), `add tests/lang/builtins/${name}/<case>/in.nix`).toBe(
      true,
    );
  });
});

test("each folder of cases belongs to a builtin", () => {
  // The set itself and the function written in Nix are not rows of the table.
  const names = new Set(["builtins", "derivation", ...all.map(({ name }) => name)]);
  expect(readdirSync(cases).filter((folder) => !names.has(folder))).toEqual([]);
});
