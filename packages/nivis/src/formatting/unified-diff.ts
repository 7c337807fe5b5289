/** The change of a file as `diff -u` prints it, for the commands that change files. */
import { createTwoFilesPatch } from "diff";

/** Texts and paths are bytes. */
export function unifiedDiff(path: string, before: string, after: string): string {
  const patch = createTwoFilesPatch(path, path, before, after, "", "", { context: 3 });
  // The library begins with two lines of its own.
  return patch.slice(patch.indexOf("--- "));
}
