/** What the library adds to a page keeps to its budgets; docs/sizes.md has the figures. */
import { join } from "node:path";
import { runProcess } from "@nivis/testkit";
import { expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

test("no budget is exceeded", async () => {
  const { code, stderr } = await runProcess(process.execPath, {
    args: [join(root, "scripts", "sizes.mjs"), "--check"],
    cwd: root,
    env: {},
  });
  expect(code, stderr).toBe(0);
});
