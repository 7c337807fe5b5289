/**
 * Differences between the original that is asked (2.8) and the one that Nivis follows (2.36).
 *
 * Each row recognises its difference as narrowly as it can and says why 2.36 answers otherwise; what
 * no row recognises is a mistake of Nivis.
 */
import type { Mode, Outcome } from "./modes.ts";

/** A program that two evaluators answer differently. */
export interface Disagreement {
  readonly program: string;
  readonly mode: Mode;
  readonly nivis: Outcome;
  readonly reference: Outcome;
}

/** A known difference. */
export interface VersionDifference {
  readonly name: string;
  readonly reason: string;
  matches(disagreement: Disagreement): boolean;
}

/** All known differences. */
export const VERSION_DIFFERENCES: readonly VersionDifference[] = [
  {
    name: "integer-overflow",
    reason: "Integer operations wrapped around before 2.25; now an overflow is an error.",
    matches: ({ nivis }) => nivis.kind === "failure" && nivis.failure === "overflow",
  },
  {
    name: "empty-list-not-delayed",
    reason: "Since 2.19 an empty list literal is one shared value and never a thunk.",
    matches: ({ mode, nivis, reference }) =>
      (mode === "lazy" || mode === "xml-lazy") &&
      nivis.kind === "value" &&
      reference.kind === "value" &&
      sameButFor(nivis.text, reference.text, "[ ]", "<CODE>") ,
  },
  {
    name: "json-floats",
    reason: "toJSON printed floats with six digits before 2.19; now so that they can be read back.",
    matches: ({ program, mode, nivis, reference }) =>
      (mode === "json" || /toJSON/.test(program)) &&
      nivis.kind === "value" &&
      reference.kind === "value" &&
      sixDigits(nivis.text) === sixDigits(reference.text),
  },
];

/** The difference that explains a disagreement, if one does. */
export function explain(disagreement: Disagreement): VersionDifference | undefined {
  return VERSION_DIFFERENCES.find((difference) => difference.matches(disagreement));
}

/** Whether two texts are the same where `a` has `inA` and `b` has `inB`. */
function sameButFor(a: string, b: string, inA: string, inB: string): boolean {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (a[i] === b[j]) {
      i++;
      j++;
    } else if (a.startsWith(inA, i) && b.startsWith(inB, j)) {
      i += inA.length;
      j += inB.length;
    } else return false;
  }
  return true;
}

/** The text with every number that is no integer rounded to six digits. */
function sixDigits(text: string): string {
  return text.replace(/-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g, (number) =>
    /[.eE]/.test(number) || number.length > 6 ? String(Number(Number(number).toPrecision(6))) : number,
  );
}
