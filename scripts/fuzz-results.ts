/**
 * Compares remembered results with fresh ones after random edits of random trees:
 *
 *     npm run fuzz:results -- [ROUNDS [SEED]] [--images] [--listings]
 *
 * With `--images`, runs that are not remembered may begin with heap images of other programs; with `--listings`,
 * all programs and edits are about entries of directories. Stops at the first difference and describes it.
 */
import { runRounds } from "../tests/results/rounds.ts";

const given = process.argv.slice(2);
const withImages = given.includes("--images");
const [rounds = "10000", seed = String(Date.now() % 1_000_000)] = given.filter(
  (argument) => !argument.startsWith("--"),
);
process.stdout.write(`seed ${seed}\n`);
const started = performance.now();
const tally = runRounds(Number(rounds), Number(seed), {
  images: withImages,
  listings: given.includes("--listings"),
});
const { hits, hitsAfterEdits, unkept } = tally;
const seconds = ((performance.now() - started) / 1000).toFixed(0);
process.stdout.write(
  `${rounds} rounds in ${seconds} s: ${hits} remembered, ${hitsAfterEdits} of them after edits; ${unkept} runs not kept\n`,
);
if (withImages) {
  process.stdout.write(`${tally.images} images written, ${tally.used} runs went on with one\n`);
}
