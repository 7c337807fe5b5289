/** Vitest runs the TypeScript sources as they are, so nothing has to be built to run a test. */
import { defineConfig } from "vitest/config";
import { sourceAliases } from "./scripts/workspace.mjs";

export default defineConfig({
  resolve: { alias: sourceAliases() },
  test: {
    include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    // Tests that want the cache of compiled files say where it is.
    env: { NIVIS_NO_CACHE: "1" },
  },
});
