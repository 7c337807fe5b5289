/**
 * `npm test`: checks everything, also from a fresh clone: installs and builds if necessary, then
 * checks types, lint and format, layers and generated documents, and runs all test files.
 *
 * The last line of the output is `N passed, N failed`, with `, N skipped` if a test was skipped;
 * each check counts as one. `node scripts/test.mjs NAME…` passes the names to vitest as filters and
 * runs only the tests.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildWhenNeeded, installWhenNeeded, root, run } from "./workspace.mjs";

installWhenNeeded();
buildWhenNeeded({ declarations: true });

const filters = process.argv.slice(2);
const node = process.execPath;
const typescript = join(root, "node_modules", "typescript", "bin", "tsc");
const counts = { passed: 0, failed: 0, skipped: 0 };

if (filters.length === 0) {
  check("types", [typescript, "-p", "tsconfig.json"]);
  check("types of the neutral packages, without Node's", [
    typescript,
    "-p",
    "tsconfig.neutral.json",
  ]);
  check("types of the page", [typescript, "-p", "packages/playground/tsconfig.json"]);
  check("lint and format", [
    join(root, "node_modules", "@biomejs", "biome", "bin", "biome"),
    "check",
    "--error-on-warnings",
    ".",
  ]);
  check("layers", [join(root, "scripts", "run-ts.mjs"), "scripts/check-layers.ts"]);
  check("generated documents", [
    join(root, "scripts", "run-ts.mjs"),
    "scripts/generate-docs.ts",
    "--check",
  ]);
}
runTests();

const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
process.exit(counts.failed > 0 ? 1 : 0);

/**
 * @param {string} title
 * @param {string[]} args
 */
function check(title, args) {
  const started = performance.now();
  const code = run(node, args, { stdout: "inherit" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? "✓" : "✗"} ${title} (${seconds} s)\n`);
  if (code === 0) counts.passed++;
  else counts.failed++;
}

/** Runs vitest and adds its counts. A run without a report counts as one failure. */
function runTests() {
  const cache = join(root, "node_modules", ".cache");
  const report = join(cache, "nivis-test-report.json");
  mkdirSync(cache, { recursive: true });
  rmSync(report, { force: true });
  const code = run(
    node,
    [
      join(root, "node_modules", "vitest", "vitest.mjs"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...filters,
    ],
    { stdout: "inherit" },
  );
  let summary;
  try {
    summary = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    counts.failed++;
    process.stdout.write("✗ vitest ended without a report\n");
    return;
  }
  counts.passed += summary.numPassedTests;
  counts.failed += summary.numFailedTests;
  counts.skipped += summary.numPendingTests + summary.numTodoTests;
  // A file that fails to load has no failed test, but must fail the run.
  if (code !== 0 && summary.numFailedTests === 0) {
    counts.failed += Math.max(1, summary.numFailedTestSuites);
  }
}
