/**
 * The change of a file as `diff -u` prints it, for the commands that change files.
 *
 * The shortest change takes quadratic time, so it is looked for among the short ones only. A longer one
 * is put together from edits of lines, which take linear time; it may replace lines that both texts have.
 */
import { lineEdits } from "@nivis/fmt";
import { createTwoFilesPatch, formatPatch, type StructuredPatchHunk } from "diff";

/** Lines that are shown around a change. */
const CONTEXT = 3;
/** Lines that the shortest change may remove and add; looking for it takes half a second or so. */
const MAX_SHORTEST = 2000;

/** Texts and paths are bytes. */
export function unifiedDiff(path: string, before: string, after: string): string {
  const shortest = createTwoFilesPatch(path, path, before, after, "", "", {
    context: CONTEXT,
    maxEditLength: MAX_SHORTEST,
  });
  const patch =
    shortest ??
    formatPatch({
      oldFileName: path,
      newFileName: path,
      oldHeader: "",
      newHeader: "",
      hunks: hunksOf(before, after),
    });
  // The library begins with lines of its own.
  return patch.slice(patch.indexOf("--- "));
}

/** The hunks of a change in linear time. */
function hunksOf(before: string, after: string): StructuredPatchHunk[] {
  const old = linesOf(before);
  const hunks: StructuredPatchHunk[] = [];
  /** The line at the offset `at`. */
  let line = 0;
  let at = 0;
  /** The first old line that is in no hunk yet. */
  let next = 0;
  /** How many more lines the new text has so far. */
  let shift = 0;
  const lineAt = (offset: number): number => {
    for (; at < offset; line += 1) at += (old[line] as string).length;
    return line;
  };
  const keep = (hunk: StructuredPatchHunk | undefined, to: number): void => {
    for (; hunk !== undefined && next < to; next += 1) {
      addLine(hunk, " ", old[next] as string);
      hunk.oldLines += 1;
      hunk.newLines += 1;
    }
  };
  for (const edit of lineEdits(before, after)) {
    const from = lineAt(edit.start);
    const to = lineAt(edit.end);
    let hunk = hunks[hunks.length - 1];
    if (hunk === undefined || from - next > 2 * CONTEXT) {
      keep(hunk, next + CONTEXT);
      next = Math.max(next, from - CONTEXT);
      hunk = {
        oldStart: next + 1,
        oldLines: 0,
        newStart: next + shift + 1,
        newLines: 0,
        lines: [],
      };
      hunks.push(hunk);
    }
    keep(hunk, from);
    for (; next < to; next += 1) {
      addLine(hunk, "-", old[next] as string);
      hunk.oldLines += 1;
    }
    const added = linesOf(edit.text);
    for (const one of added) {
      addLine(hunk, "+", one);
      hunk.newLines += 1;
    }
    shift += added.length - (to - from);
  }
  keep(hunks[hunks.length - 1], Math.min(old.length, next + CONTEXT));
  return hunks;
}

/** The lines of a text with their breaks. */
function linesOf(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

function addLine({ lines }: StructuredPatchHunk, sign: string, line: string): void {
  if (line.endsWith("\n")) lines.push(sign + line.slice(0, -1));
  else lines.push(sign + line, "\\ No newline at end of file");
}
