/** Locked flakes, as the fetchers of a host hand them to `builtins.getFlake` and commands to `callFlake`. */
import type { FetcherInput } from "@nivis/formats";
import type { SourceAccessor } from "../source-accessor.ts";
import type { FetchedTree } from "./fetcher.ts";

/** A tree that locking has read. */
export interface FlakeCallTree {
  /** The key of its node in the lock file. */
  readonly key: string;
  /** The tree; absent for the one in which a flake was locked that was given by its path. */
  readonly fetched: FetchedTree | undefined;
  /** The input whose attributes `sourceInfo` shows; a relative path for a flake in a parent's tree. */
  readonly input: FetcherInput;
  /** The input by which the tree was fetched, for its `lazyAttrs`. */
  readonly asked: FetcherInput;
  /** Whether `sourceInfo` shows no commit, because the lock file is not in it. */
  readonly isForcedDirty: boolean;
  /** The directory of the flake in the tree: empty, or such as `sub`. */
  readonly directory: string;
}

/** A flake to call. */
export interface FlakeCall {
  /** The lock file, version 7. */
  readonly lockText: string;
  readonly trees: readonly FlakeCallTree[];
}

/** A flake in a tree that evaluation reads. */
export interface FlakePlace {
  /** The mounted tree; absent if the path is on disk. */
  readonly tree: SourceAccessor | undefined;
  /** The path of the tree: a store path, or where that is on disk. */
  readonly root: string;
  /** The directory in it: `/` or such as `/sub`. */
  readonly directory: string;
}

/** What locking a flake for evaluation may do. */
export interface FlakeLockOptions {
  /** Whether evaluation is pure, so that registries are not asked and all inputs must be locked. */
  readonly isPure: boolean;
}
