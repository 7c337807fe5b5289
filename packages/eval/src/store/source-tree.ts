/**
 * Source trees: files to be hashed or copied to the store.
 *
 * A tree is a path in an accessor and, after filtering, the names that the filter kept. Filters are
 * Nix functions, which the caller (`builtins/store-paths.ts`) runs beforehand; nothing here runs
 * Nix code.
 */
import type { NarDigest, NarFileType, NarSource, NarStat } from "@nivis/formats";
import { existingType, joinPath } from "../path.ts";
import type { SourceAccessor } from "../source-accessor.ts";

/** A source tree: a path, and the names that a filter kept. */
export interface SourceTree {
  /** The path of the file or directory; no ancestor is a symlink. */
  readonly root: string;
  /** The kept names of each directory, by its path; `undefined` keeps everything. */
  readonly kept: ReadonlyMap<string, readonly string[]> | undefined;
  /** Whether it is one file without its executable bit. */
  readonly flat: boolean;
  /** The hash of its NAR, if it is known already. */
  readonly nar: NarDigest | undefined;
}

/** Returns a tree as `@nivis/formats` reads it; nodes are paths. */
export function narSourceOf(files: SourceAccessor, tree: SourceTree): NarSource<string> {
  return {
    stat: (path) => statOf(files, path, tree.flat),
    readFile: (path) => files.readFile(path),
    readDirectory: (path) =>
      tree.kept?.get(path) ?? files.readDirectory(path).map((entry) => entry.name),
    child: joinPath,
    readLink: (path) => files.readLink(path),
    describe: (path) => files.display(path),
  };
}

function statOf(files: SourceAccessor, path: string, flat: boolean): NarStat {
  const type = existingType(files, path);
  const narType: NarFileType = type === "unknown" ? "other" : type;
  return { type: narType, executable: type === "regular" && !flat && files.isExecutable(path) };
}
