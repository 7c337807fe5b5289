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
  const taken: TextEdit[] = [];
  const fixed: LintDiagnostic[] = [];
  for (const diagnostic of diagnostics) {
    const edits = diagnostic.fix?.edits;
    if (edits === undefined) continue;
    const clashes = edits.some((edit) =>
      taken.some((other) => edit.start <= other.end && other.start <= edit.end),
    );
    if (clashes) continue;
    taken.push(...edits);
    fixed.push(diagnostic);
  }
  taken.sort((a, b) => a.start - b.start);
  let result = "";
  let at = 0;
  for (const { start, end, text: replacement } of taken) {
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return { text: result + text.slice(at), fixed };
}
