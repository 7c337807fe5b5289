/** The public interface of `nivis` is the one in docs/api/; `node scripts/api-report.mjs` updates it. */
import { join } from "node:path";
import { runProcess } from "@nivis/testkit";
import { expect, test } from "vitest";
import { hasDeclarations, root } from "../../scripts/workspace.mjs";

test("the reports of the public interface are up to date", async () => {
  expect(hasDeclarations(), "the build has no declarations: npm run build").toBe(true);
  const { code, stderr } = await runProcess(process.execPath, {
    args: [join(root, "scripts", "api-report.mjs"), "--check"],
    cwd: root,
    env: {},
  });
  expect(code, stderr).toBe(0);
});
