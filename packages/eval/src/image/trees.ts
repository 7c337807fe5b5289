/** The numbers of the trees of files that a heap image can name: the host's files, and the evaluator's own. */
import { CALL_FLAKE_FILE, CORE_FILES, DERIVATION_FILE } from "../core-files.ts";
import type { SourceAccessor } from "../source-accessor.ts";

/** The number of a tree; `undefined` if an image cannot name it. */
export function treeNumber(accessor: SourceAccessor | undefined): number | undefined {
  switch (accessor) {
    case undefined:
      return 0;
    case CORE_FILES:
      return 1;
    case DERIVATION_FILE.accessor:
      return 2;
    case CALL_FLAKE_FILE.accessor:
      return 3;
    default:
      return undefined;
  }
}

/** The tree with a number. */
export function treeOf(number: number): SourceAccessor | undefined {
  return [undefined, CORE_FILES, DERIVATION_FILE.accessor, CALL_FLAKE_FILE.accessor][number];
}
