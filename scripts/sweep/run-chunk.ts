/**
 * Evaluates a chunk of attributes completely, with as many attempts as necessary.
 *
 * Answers arrive in the order of the names, so the first name without one is the cause if an
 * attempt ends, unless it ended early to make room. An error of the program is accepted at once.
 * Running out of memory may be caused by earlier attributes: the rest is tried in halves, until
 * memory runs out at the first attribute of an attempt, which had all of it. An attempt that
 * crashed or was silent for too long may have been affected by others: the attribute is tried again
 * in its own process.
 */
import type { Answer } from "./answers.ts";

/**
 * How an attempt ended (normally, if there is no reason), and how many of its names have an answer.
 */
export interface Attempt {
  readonly answered: number;
  readonly ending: Pick<Answer, "aborted" | "crashed" | "outOfMemory">;
}

/** Evaluates attributes, from a fresh start in each attempt. */
export interface Runner {
  /**
   * Evaluates the names in this order, as far as possible. `alone` asks for a process that does
   * nothing else.
   */
  attempt(
    names: readonly string[],
    alone: boolean,
    answered: (name: string, answer: Answer) => void,
  ): Promise<Attempt>;
}

/** Gets an answer for every name. */
export async function runChunk(
  runner: Runner,
  names: readonly string[],
  tell: (name: string, answer: Answer) => void,
): Promise<void> {
  let rest = names;
  /** The number of names per attempt. */
  let size = names.length;
  /** The name to try alone, because an attempt crashed at it. */
  let suspect: string | undefined;
  while (rest.length > 0) {
    const alone = suspect !== undefined;
    const asked = suspect === undefined ? rest.slice(0, size) : [suspect];
    const { answered, ending } = await runner.attempt(asked, alone, tell);
    rest = rest.slice(answered);
    suspect = undefined;
    const culprit = asked[answered];
    if (culprit === undefined) continue;
    const { aborted, outOfMemory, crashed } = ending;
    const first = answered === 0;
    if (aborted !== undefined || (outOfMemory !== undefined && first)) {
      tell(culprit, ending);
      rest = rest.slice(1);
    } else if (outOfMemory !== undefined) {
      size = Math.ceil(asked.length / 2);
    } else if (first && alone) {
      tell(culprit, { crashed: crashed ?? "ended without an answer" });
      rest = rest.slice(1);
    } else if (first || crashed !== undefined) {
      suspect = culprit;
    }
  }
}
