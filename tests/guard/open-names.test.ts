/**
 * Which code reads the names of sets without reporting that it lists them. Results are remembered on the promise
 * that it treats all names alike (docs/design/012-remembered-results.md).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

const BLIND = [
  "packages/eval/src/builtins/attrs.ts",
  "packages/eval/src/fetching/mounts.ts",
  "packages/eval/src/value/attrs.ts",
  "packages/eval/src/value/shape.ts",
  "packages/eval/src/vm/any-name.ts",
  "packages/eval/src/vm/calls.ts",
  "packages/eval/src/vm/run.ts",
  "packages/eval/src/vm/union-of-entries.ts",
];

test("only code that treats all names alike reads names without reporting it", () => {
  const found = new Set<string>();
  for (const name of readdirSync(join(root, "packages"))) {
    const folder = `packages/${name}/src`;
    for (const file of readdirSync(join(root, folder), { recursive: true }) as string[]) {
      if (!file.endsWith(".ts")) continue;
      const path = `${folder}/${file}`;
      if (/\bblind[A-Z]/.test(readFileSync(join(root, path), "utf8"))) found.add(path);
    }
  }
  expect([...found].sort()).toEqual(BLIND);
});
