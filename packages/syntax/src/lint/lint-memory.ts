/**
 * What a run of the linter keeps for the next version of the same text: the findings in the values of large
 * sets, so that only what an edit touched is looked at again.
 *
 * The language server has one for each open document. It is of use only together with `reparse`, which keeps
 * the expressions that an edit did not touch.
 */
import type { Span } from "../ast/nodes.ts";
import { type Stretch, WalkMemory } from "../scope/stretch.ts";
import { detached } from "../text/detached.ts";
import type { Replaced } from "../text/replaced.ts";
import type { LintDiagnostic, TextEdit } from "./diagnostic.ts";

/** The findings of earlier runs with the same options over versions of one text. */
export class LintMemory {
  readonly walk = new WalkMemory();
  /** Where there are none, there is no entry. */
  readonly #found = new WeakMap<Stretch, readonly LintDiagnostic[]>();

  /** Notes what the parser read again. */
  replace(read: Replaced): void {
    this.walk.replace(read);
  }

  keep(stretch: Stretch, found: readonly LintDiagnostic[]): void {
    if (stretch.isKept && found.length > 0) this.#found.set(stretch, found.map(detachedFinding));
  }

  /** The findings in a stretch that has moved by so many bytes. */
  recall(stretch: Stretch, by: number): readonly LintDiagnostic[] {
    const found = this.#found.get(stretch);
    if (found === undefined) return [];
    if (by === 0) return found;
    const moved = found.map((one) => movedFinding(one, by));
    this.#found.set(stretch, moved);
    return moved;
  }
}

/** A finding that holds no part of the text that it was found in. */
function detachedFinding(one: LintDiagnostic): LintDiagnostic {
  const { message, fix } = one;
  return {
    ...one,
    message: detached(message),
    fix: fix && {
      title: detached(fix.title),
      edits: fix.edits.map((edit) => ({ ...edit, text: detached(edit.text) })),
    },
  };
}

function movedFinding(one: LintDiagnostic, by: number): LintDiagnostic {
  const { fix } = one;
  return {
    ...one,
    span: moved(one.span, by),
    pos: one.pos + by,
    labels: one.labels.map((label) => ({ ...label, span: moved(label.span, by) })),
    fix: fix && { ...fix, edits: fix.edits.map((edit): TextEdit => moved(edit, by)) },
  };
}

function moved<T extends Span>(span: T, by: number): T {
  return { ...span, start: span.start + by, end: span.end + by };
}
