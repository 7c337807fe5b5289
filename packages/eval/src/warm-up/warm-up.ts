/**
 * The warm-up: evaluates a small program that does everything once, so that V8 knows the machine
 * before it compiles it.
 *
 * V8 compiles a function for what it has done so far. When something else happens in it, the compiled
 * code is thrown away, and for a tenth of a second, until it is compiled anew, the function runs
 * several times slower. The functions of the machine do many things and are hot from the beginning,
 * so without this a program of half a second loses them three to seven times.
 *
 * It pays for processes that evaluate once and for longer than a moment; `EvaluationOptions.onLongRun`
 * says when. What it costs is a few milliseconds, most of them V8's first look at what it does.
 */
import { WARM_UP_FILE } from "../core-files.ts";
import { Evaluation, type EvaluationOptions } from "../evaluation.ts";

/** Entries before the warm-up translates: its loops are short. */
const THRESHOLD = 40;

/** Evaluates a program that does everything once. Reads nothing but the cache, and cannot fail. */
export function warmUp(
  surroundings: Pick<EvaluationOptions, "io" | "hashes" | "bytecodeCache">,
): void {
  const evaluation = new Evaluation({ ...surroundings, tierThreshold: THRESHOLD });
  evaluation.evaluateFile(WARM_UP_FILE);
  evaluation.saveCompiledFiles();
}
