/**
 * Compares warm evaluations with new ones after random edits of random trees:
 *
 *     npm run fuzz:warm -- [ROUNDS [SEED]]
 *
 * Half as many rounds compare runs of `nivis watch` with runs of their own. Stops at the first difference and describes it.
 */
import { runRounds } from "../tests/warm/rounds.ts";
import { runWatchedRounds } from "../tests/warm/watched-rounds.ts";

const [rounds = "10000", seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
process.stdout.write(`seed ${seed}\n`);
const started = performance.now();
const { values, afterChanges, incomparable } = runRounds(Number(rounds), Number(seed));
const seconds = ((performance.now() - started) / 1000).toFixed(0);
process.stdout.write(
  `${rounds} rounds in ${seconds} s: ${values} values compared, ${afterChanges} of them after a change; ${incomparable} not comparable\n`,
);
const watched = runWatchedRounds(Math.ceil(Number(rounds) / 2), Number(seed));
process.stdout.write(`${watched.rounds} rounds of commands, ${watched.successes} successful\n`);
