/** Opens trees from recipes that another thread has sent; see `SourceTree.recipe`. */
import { InputError, marked } from "@nivis/formats";
import { DiskTreeCache } from "../cache/tree-cache.ts";
import { CommitTree } from "../git/commit-tree.ts";
import { exportedTree } from "../git/exported-tree.ts";
import { GitObjects } from "../git/objects.ts";
import { workTree } from "../git/work-tree.ts";
import type { Disk, FetchHost } from "../host.ts";
import { DiskTree } from "./disk-tree.ts";
import { fileTree } from "./memory-tree.ts";
import { MountedTree } from "./mounted-tree.ts";
import { NamedTree } from "./named-tree.ts";
import { OverlaidTree } from "./overlaid-tree.ts";
import type { SourceTree, TreeRecipe } from "./source-tree.ts";

/** What {@link openTree} needs of the platform. */
export interface TreeHost extends Pick<FetchHost, "hashes" | "inflate"> {
  readonly disk: Disk;
}

/** Opens a tree. Throws {@link InputError} if what it is made of is gone. */
export function openTree(recipe: TreeRecipe, host: TreeHost): SourceTree {
  const { disk } = host;
  const open = (inner: TreeRecipe): SourceTree => openTree(inner, host);
  switch (recipe.kind) {
    case "disk":
      return new DiskTree(disk, recipe.root);
    case "tracked":
      return workTree(disk, recipe.directory, recipe.files);
    case "commit": {
      const { objects, idLength, tree } = recipe;
      return new CommitTree(new GitObjects(disk, objects, idLength, host.inflate), tree);
    }
    case "cached": {
      const { directory, narHash } = recipe;
      const tree = new DiskTreeCache(disk, directory, host.hashes).get(narHash);
      if (tree !== undefined) return tree;
      throw new InputError(marked`the tree '${narHash}' is gone from the cache`);
    }
    case "file":
      return fileTree(recipe.contents);
    case "exported":
      return exportedTree(open(recipe.tree), open(recipe.attributes));
    case "named":
      return new NamedTree(open(recipe.tree), recipe.prefix, recipe.fingerprint);
    case "overlaid":
      return new OverlaidTree(open(recipe.tree), disk, recipe.files);
    case "mounted": {
      const mounts = [...recipe.mounts].map(([path, tree]) => [path, open(tree)] as const);
      return new MountedTree(open(recipe.root), new Map(mounts));
    }
  }
}
