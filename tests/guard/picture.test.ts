/** The picture of the README shows what the commands print. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

test("docs/first-screen.svg is up to date", () => {
  const script = join(root, "scripts", "readme-picture.mjs");
  const { stdout, status } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});
