/** Commands that a server runs against the same commands in processes of their own. */
import { testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import { runServedRounds } from "./rounds.ts";

/** `npm run fuzz:server` runs more. */
const ROUNDS = 20;

test("a served command prints what it prints alone", { timeout: 300_000 }, async () => {
  const { runs, successes, warmRuns } = await runServedRounds(ROUNDS, testSeed("server", 20));
  // The test has found nothing if nothing succeeded, or everything was evaluated anew.
  expect(successes).toBeGreaterThan(runs / 8);
  expect(warmRuns).toBeGreaterThan(runs / 10);
});
