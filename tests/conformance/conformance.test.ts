/**
 * The conformance suites as tests: nothing fails that is not listed, nothing listed passes, and the
 * committed scoreboard tells the truth. A suite whose checkout is not there is skipped aloud.
 */
import { nivisRunners, type Runner } from "@nivis/testkit";
import { describe, expect, test } from "vitest";
import { readScoreboard, runSuite, scoreOf, surprises } from "./run-suite.ts";
import { suites } from "./suite.ts";

/** The scripts of nixpkgs start the command hundreds of times. */
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
