/** What `git archive` would take of a tree: everything but what is marked with `export-ignore`. */
import { InputError, marked } from "@nivis/formats";
import { FilteredTree } from "../tree/filtered-tree.ts";
import type { SourceTree } from "../tree/source-tree.ts";
import { GitAttributes } from "./attributes.ts";

/**
 * A tree without the paths that `.gitattributes` files mark with `export-ignore`, and what is below
 * them.
 *
 * @param attributesOf The tree whose `.gitattributes` files decide.
 */
export function exportedTree(tree: SourceTree, attributesOf: SourceTree): SourceTree {
  const attributes = new GitAttributes(attributesOf);
  const known = new Map<string, boolean>([["/", true]]);
  const sees = (path: string): boolean => {
    let result = known.get(path);
    if (result === undefined) {
      const parent = path.slice(0, Math.max(1, path.lastIndexOf("/")));
      result = sees(parent) && attributes.get(path, "export-ignore") !== true;
      known.set(path, result);
    }
    return result;
  };
  return new FilteredTree(
    tree,
    sees,
    (path) =>
      new InputError(
        marked`'${tree.display(path)}' does not exist because it was fetched with exportIgnore enabled`,
      ),
    () => ({ kind: "exported", tree: tree.recipe(), attributes: attributesOf.recipe() }),
  );
}
