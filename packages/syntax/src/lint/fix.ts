/** Applying fixes to a text. */
import type { LintDiagnostic, TextEdit } from "./diagnostic.ts";

/** The text with the fixes applied. */
export interface FixResult {
  readonly text: string;
  /** The findings whose fixes are in it. */
  readonly fixed: readonly LintDiagnostic[];
}

/**
 * Applies the fixes of findings in `text`, each wholly or not at all: one that touches what an earlier
 * one changed is left for the next time. Offsets are of the text before.
 */
export function applyFixes(text: string, diagnostics: readonly LintDiagnostic[]): FixResult {
  const taken = new TakenSpans(text.length);
  const changes: TextEdit[] = [];
  const fixed: LintDiagnostic[] = [];
  for (const diagnostic of diagnostics) {
    const edits = diagnostic.fix?.edits;
    if (edits === undefined) continue;
    if (edits.some((edit) => taken.touches(edit))) continue;
    for (const edit of edits) {
      taken.add(edit);
      changes.push(edit);
    }
    fixed.push(diagnostic);
  }
  changes.sort((a, b) => a.start - b.start);
  let result = "";
  let at = 0;
  for (const { start, end, text: replacement } of changes) {
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return { text: result + text.slice(at), fixed };
}

/**
 * Spans of a text of `size` bytes, and whether one touches any of them, in logarithmic time: it does if
 * more of them start up to its end than end before its start.
 *
 * Both numbers are prefix sums, kept in Fenwick trees (P. M. Fenwick, *A new data structure for cumulative
 * frequency tables*, 1994).
 */
class TakenSpans {
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;

  constructor(size: number) {
    // A position may be the end of the text; trees count from one.
    this.#starts = new Int32Array(size + 2);
    this.#ends = new Int32Array(size + 2);
  }

  add({ start, end }: TextEdit): void {
    count(this.#starts, start);
    count(this.#ends, end);
  }

  /** Whether a span overlaps or adjoins one that was added. */
  touches({ start, end }: TextEdit): boolean {
    return countUpTo(this.#starts, end) > countUpTo(this.#ends, start - 1);
  }
}

function count(tree: Int32Array, position: number): void {
  for (let i = position + 1; i < tree.length; i += i & -i) tree[i] = (tree[i] as number) + 1;
}

function countUpTo(tree: Int32Array, position: number): number {
  let sum = 0;
  for (let i = position + 1; i > 0; i -= i & -i) sum += tree[i] as number;
  return sum;
}
