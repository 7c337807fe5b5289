/**
 * Compares commands that a server runs with the same commands in processes of their own, after random edits
 * of random trees:
 *
 *     npm run fuzz:server -- [ROUNDS [SEED]]
 *
 * Needs the built commands. Stops at the first difference and describes it.
 */
import { runServedRounds } from "../tests/server/rounds.ts";

const [rounds = "500", seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
process.stdout.write(`seed ${seed}\n`);
const started = performance.now();
const { runs, successes, warmRuns } = await runServedRounds(Number(rounds), Number(seed));
const seconds = ((performance.now() - started) / 1000).toFixed(0);
process.stdout.write(
  `${rounds} rounds in ${seconds} s: ${runs} runs compared, ${successes} successful, ${warmRuns} with a kept evaluation\n`,
);
