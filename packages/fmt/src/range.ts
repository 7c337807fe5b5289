/**
 * Formatting a part of a text: the whole text is formatted, and of the differences those are taken that
 * touch the part. What stands around stays as it is, so the result is checked to be the same program.
 */
import { parseTree, SourceFile, type Span } from "@nivis/syntax";
import { type FormatOptions, format } from "./format.ts";
import { difference } from "./verify.ts";

/** The bytes from `start` to `end` are replaced. */
export interface FormatEdit extends Span {
  /** Bytes. */
  readonly text: string;
}

/** Lines that a difference looks ahead. */
const MAX_LOOK_AHEAD = 60;

/** The edits that format a whole text, line by line and in order. Throws as `format` does. */
export function formatEdits(source: SourceFile, options: FormatOptions = {}): FormatEdit[] {
  return lineEdits(source.text, format(source, options));
}

/**
 * The edits that format the lines of a span. Empty if they are formatted, or if they cannot be formatted
 * without the lines around them. Throws as `format` does.
 */
export function formatRange(
  source: SourceFile,
  { start, end }: Span,
  options: FormatOptions = {},
): FormatEdit[] {
  const edits = formatEdits(source, options).filter(
    (edit) =>
      edit.start < end && (edit.end > start || (edit.end === edit.start && edit.end === start)),
  );
  if (edits.length === 0) return [];
  let result = "";
  let at = 0;
  for (const edit of edits) {
    result += source.text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  result += source.text.slice(at);
  const after = parseTree(new SourceFile({ kind: "string" }, result));
  return difference(parseTree(source), after) === undefined ? edits : [];
}

/**
 * The edits that turn one text into another. Lines that both have stay where they are, so that an editor
 * keeps its cursor and folds.
 */
export function lineEdits(before: string, after: string): FormatEdit[] {
  if (before === after) return [];
  const old = before.split(/(?<=\n)/);
  const fresh = after.split(/(?<=\n)/);
  const edits: FormatEdit[] = [];
  let at = 0;
  let i = 0;
  let j = 0;
  while (i < old.length || j < fresh.length) {
    if (i < old.length && old[i] === fresh[j]) {
      at += (old[i] as string).length;
      i += 1;
      j += 1;
      continue;
    }
    const [gone, come] = untilCommon(old, fresh, i, j);
    const start = at;
    for (let k = 0; k < gone; k += 1) at += (old[i + k] as string).length;
    edits.push({ start, end: at, text: fresh.slice(j, j + come).join("") });
    i += gone;
    j += come;
  }
  return edits;
}

/** How many lines differ on both sides before the next line that both have. */
function untilCommon(
  old: readonly string[],
  fresh: readonly string[],
  i: number,
  j: number,
): readonly [number, number] {
  const reach = Math.min(Math.max(old.length - i, fresh.length - j), MAX_LOOK_AHEAD);
  for (let distance = 1; distance <= reach * 2; distance += 1) {
    for (let a = Math.max(0, distance - reach); a <= Math.min(distance, reach); a += 1) {
      const line = old[i + a];
      // A bracket alone is common everywhere.
      if (line !== undefined && line === fresh[j + distance - a] && line.trim().length > 2)
        return [a, distance - a];
    }
  }
  return [old.length - i, fresh.length - j];
}
