/**
 * The conformance suites as tests: only listed cases fail, no listed case passes, and the
 * committed scoreboard is correct. A suite without a checkout is skipped with a note on stderr.
 */
import { nivisRunners, type Runner } from "@nivis/testkit";
import { describe, expect, test } from "vitest";
import { readScoreboard, runSuite, scoreOf, surprises } from "./run-suite.ts";
import { suites } from "./suite.ts";

/** In milliseconds; the scripts of nixpkgs start the command hundreds of times. */
const LIMIT = 3_600_000;

describe.each(suites.map((suite) => [suite.name, suite] as const))("%s", (_name, suite) => {
  const checkout = process.env[suite.variable];
  if (checkout === undefined) {
    process.stderr.write(
      `tests/conformance: ${suite.name} is skipped because ${suite.variable} names no checkout\n`,
    );
  }
  test.skipIf(checkout === undefined)(
    "agrees with the scoreboard and the expected failures",
    async () => {
      const verdicts = await runSuite(suite, checkout as string, nivisRunners()[0] as Runner);
      expect(surprises(suite, verdicts)).toEqual([]);
      expect(readScoreboard()[suite.name]).toEqual(scoreOf(verdicts));
    },
    LIMIT,
  );
});
