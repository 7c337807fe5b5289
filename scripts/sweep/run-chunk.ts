/**
 * Runs a chunk of attributes to its end, with as many attempts as that takes.
 *
 * Answers come in the order of the names, so the first name without one is to blame when an attempt
 * ends, unless it just makes room for the next. An error of the program is believed at once. Memory
 * that ran out may be the fault of the attributes before: so the rest is tried in halves, until it
 * runs out over the first attribute of an attempt, which had all of it. An attempt that died or said
 * nothing for too long may have been the victim of others as well: then the attribute is tried
 * once more, in a process of its own.
 */
import type { Answer } from "./answers.ts";

/** How an attempt ended, and how many of its names have an answer. Without a reason: as it wanted. */
export interface Attempt {
  readonly answered: number;
  readonly ending: Pick<Answer, "aborted" | "crashed" | "outOfMemory">;
}

/** What evaluates attributes, from a fresh start each time. */
export interface Runner {
  /**
   * Answers for the names, in this order, as far as it comes. `alone`: in a process that does nothing
   * else.
   */
  attempt(
    names: readonly string[],
    alone: boolean,
    answered: (name: string, answer: Answer) => void,
  ): Promise<Attempt>;
}

/** Answers for every name, one way or the other. */
export async function runChunk(
  runner: Runner,
  names: readonly string[],
  tell: (name: string, answer: Answer) => void,
): Promise<void> {
  let rest = names;
  /** How many names an attempt gets. */
  let size = names.length;
  /** The name that is tried alone, because an attempt died over it. */
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
