/** Runs that begin with heap images, and their remembered results, after random edits of random trees. */
import { testSeed } from "@nivis/testkit";
import { expect, test } from "vitest";
import { runRounds } from "../results/rounds.ts";

/** `npm run fuzz:results -- 10000 --images` runs more. */
const ROUNDS = 75;
const SEEDS = 6;

test("runs with heap images print what runs without them print", { timeout: 120_000 }, () => {
  const first = testSeed("heap images", 21);
  const sums = { images: 0, used: 0, hits: 0 };
  for (let seed = first; seed < first + SEEDS; seed++) {
    const { images, used, hits } = runRounds(ROUNDS, seed, { images: true });
    sums.images += images;
    sums.used += used;
    sums.hits += hits;
  }
  // The test has found nothing if it has used nothing.
  expect(sums.images).toBeGreaterThan((ROUNDS * SEEDS) / 20);
  expect(sums.used).toBeGreaterThan(2);
  expect(sums.hits).toBeGreaterThan((ROUNDS * SEEDS) / 40);
});
