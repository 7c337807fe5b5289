/**
 * The warm-up: evaluates a small program that does everything once, so that V8 has type feedback
 * for the machine before it compiles it.
 *
 * V8 optimises a function for what it has done so far. When something else happens, the function is
 * deoptimised: for a tenth of a second, until it is compiled again, it runs several times slower.
 * The functions of the machine do many things and are hot from the beginning, so without a warm-up
 * a program of half a second loses them three to seven times.
 *
 * A warm-up costs 12 to 16 ms and pays for processes that evaluate once and run longer than that;
 * `EvaluationOptions.onLongRun` says when. See docs/design/007-warm-up.md.
 */
import { WARM_UP_FILE } from "../core-files.ts";
import { Evaluation, type EvaluationOptions } from "../evaluation.ts";

/** Entries before a lambda of the warm-up is translated: its loops are short. */
const THRESHOLD = 40;

/** Evaluates a program that does everything once. Reads nothing but the cache and never fails. */
export function warmUp(options: Pick<EvaluationOptions, "io" | "hashes" | "bytecodeCache">): void {
  const evaluation = new Evaluation({ ...options, tierThreshold: THRESHOLD });
  evaluation.evaluateFile(WARM_UP_FILE);
  evaluation.saveCompiledFiles();
}
