/**
 * `npm run test:tiers`: runs the language tests in all modes of evaluation, many generated programs
 * in each tier, and the conformance suites whose checkouts are set, with code translated before its
 * first run, without and with all fallbacks.
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
