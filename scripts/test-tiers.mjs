/**
 * `npm run test:tiers`: the tests of the language in all modes of evaluation, many generated programs
 * in each tier, and the conformance suites whose checkouts are named, as JavaScript from the first
 * time on, without and with all fallbacks.
 */
import { join } from "node:path";
import { root, run } from "./workspace.mjs";

process.env["NIVIS_TIER_PROGRAMS"] ??= "2000";
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const runTs = join(root, "scripts", "run-ts.mjs");
const conformance = join(root, "tests", "conformance", "main.ts");
const runs = [
  [vitest, "run", "tests/lang", "tests/tiers"],
  ...["js", "js+fallback"].map((name) => [runTs, conformance, `--runner=${name}`]),
];
process.exitCode = runs.filter((args) => run(process.execPath, args) !== 0).length > 0 ? 1 : 0;
