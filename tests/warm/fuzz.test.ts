/** Warm evaluations against new ones, after random edits of random trees. */
import { testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import { runRounds } from "./rounds.ts";
import { runWatchedRounds } from "./watched-rounds.ts";

/** `npm run fuzz:warm` runs more. */
const ROUNDS = 600;

test("a warm evaluation gives what a new one gives", () => {
  const { values, afterChanges } = runRounds(ROUNDS, testSeed("warm evaluation", 20));
  // The test has found nothing if little was compared, or nothing had changed.
  expect(values).toBeGreaterThan(ROUNDS / 2);
  expect(afterChanges).toBeGreaterThan(ROUNDS / 20);
});

test("a watched command prints what a run of its own prints", () => {
  const { rounds, successes } = runWatchedRounds(ROUNDS / 3, testSeed("watched commands", 20));
  expect(successes).toBeGreaterThan(rounds / 5);
});
