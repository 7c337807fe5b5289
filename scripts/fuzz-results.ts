/**
 * Compares remembered results with fresh ones after random edits of random trees:
 *
 *     npm run fuzz:results -- [ROUNDS [SEED]]
 *
 * Stops at the first difference and describes it.
 */
import { runRounds } from "../tests/results/rounds.ts";

const [rounds = "10000", seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
process.stdout.write(`seed ${seed}\n`);
const started = performance.now();
const { hits, hitsAfterEdits, unkept } = runRounds(Number(rounds), Number(seed));
const seconds = ((performance.now() - started) / 1000).toFixed(0);
process.stdout.write(
  `${rounds} rounds in ${seconds} s: ${hits} remembered, ${hitsAfterEdits} of them after edits; ${unkept} runs not kept\n`,
);
