/** What several rules do to `inherit` clauses. */
import type { Span } from "../ast/nodes.ts";
import type { TextEdit } from "./diagnostic.ts";
import type { LintRun } from "./run.ts";

/** Takes a name out of its `inherit`; the clause stays, even if it is empty then. */
export function removeInheritedName({ start, end }: Span, run: LintRun): TextEdit {
  const gap = run.skipBlankBack(start);
  // A line may end in a comment, which must not swallow what follows.
  if (run.text.slice(gap, start).includes("\n")) return run.removal(start, end);
  return { start: gap, end, text: run.separator(gap, end) };
}
