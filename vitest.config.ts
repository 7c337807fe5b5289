/** Vitest runs the TypeScript sources as they are, so nothing has to be built to run a test. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (name: string): string =>
  fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      "@nivis/syntax": source("syntax"),
      "@nivis/formats": source("formats"),
      "@nivis/eval": source("eval"),
      "@nivis/store": source("store"),
      "@nivis/fmt": source("fmt"),
      "@nivis/fetch": source("fetch"),
      "@nivis/flake": source("flake"),
      "@nivis/node": source("node"),
      "@nivis/testkit": source("testkit"),
      nivis: source("nivis"),
    },
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    // Tests that want the cache of compiled files say where it is.
    env: { NIVIS_NO_CACHE: "1" },
  },
});
