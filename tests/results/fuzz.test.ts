/** Remembered results against fresh ones, after random edits of random trees. */
import { testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import { runRounds } from "./rounds.ts";

/** `npm run fuzz:results` runs more. */
const ROUNDS = 400;

test("remembered results are those of a fresh evaluation", () => {
  const { hits, hitsAfterEdits, unkept } = runRounds(ROUNDS, testSeed("remembered results", 20));
  // The test has found nothing if it has remembered nothing.
  expect(hits).toBeGreaterThan(ROUNDS / 4);
  expect(hitsAfterEdits).toBeGreaterThan(ROUNDS / 10);
  expect(unkept).toBeLessThan(ROUNDS / 4);
});

test("remembered results that depend on entries of directories are those of a fresh evaluation", () => {
  const seed = testSeed("remembered listings", 21);
  const { hitsAfterEdits, unkept } = runRounds(ROUNDS, seed, { listings: true });
  expect(hitsAfterEdits).toBeGreaterThan(ROUNDS / 10);
  expect(unkept).toBe(0);
});
