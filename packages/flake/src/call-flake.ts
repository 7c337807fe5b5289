/**
 * The call of a locked flake: its lock file, and the trees that locking has fetched by the keys of their
 * nodes in it (C++ Nix: `callFlake` in libflake/flake.cc). `@nivis/eval` evaluates the call.
 */
import type { FetcherInput } from "@nivis/formats";
import type { FlakeTree } from "./flake.ts";
import { LockedNode } from "./lock-file.ts";
import type { LockedFlake } from "./lock-flake.ts";

/** A tree that locking has fetched, as the call needs it. */
export interface CallTree<Tree extends FlakeTree = FlakeTree> {
  /** The key of the node in the text of the lock file. */
  readonly key: string;
  /** The input whose attributes `sourceInfo` shows. */
  readonly input: FetcherInput;
  /** The input by which the tree was fetched, for `lazyAttrs`. */
  readonly asked: FetcherInput;
  /** The names of attributes of the input that take work to find out. */
  readonly lazyAttrs: readonly string[];
  /** Whether `sourceInfo` must not show a commit, because the lock file is not in it. */
  readonly isForcedDirty: boolean;
  readonly tree: Tree;
  /** The directory of the flake in the tree: empty, or such as `sub`. */
  readonly directory: string;
}

/** The arguments of the call. */
export interface FlakeCall<Tree extends FlakeTree = FlakeTree> {
  readonly lockText: string;
  readonly trees: readonly CallTree<Tree>[];
}

/** The arguments for the call of a flake that has been locked. */
export function flakeCall<Tree extends FlakeTree>({
  flake,
  lockFile,
  places,
  isForcedDirty,
}: LockedFlake<Tree>): FlakeCall<Tree> {
  const keys = lockFile.keys();
  const trees: CallTree<Tree>[] = [];
  for (const [node, { tree, directory }] of places) {
    const key = keys.get(node);
    // A node that nothing leads to has no entry.
    if (key === undefined) continue;
    const isRoot = !(node instanceof LockedNode);
    trees.push({
      key,
      input: isRoot ? flake.lockedRef.input : node.locked.input,
      asked: isRoot ? flake.resolvedRef.input : node.locked.input,
      // In a lock file everything has been found out.
      lazyAttrs: isRoot ? [...flake.lazyAttrs.keys()] : [],
      isForcedDirty: isRoot && isForcedDirty,
      tree,
      directory: directory.replace(/^\//, ""),
    });
  }
  return { lockText: lockFile.format(), trees };
}
