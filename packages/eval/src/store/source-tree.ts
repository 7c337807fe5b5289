/**
 * Source trees: files that are to be hashed or copied to the store.
 *
 * A tree is a path in the tree of an accessor and, if a filter has been at it, the names that the filter kept. Filters are Nix
 * functions, so whoever asks them (`builtins/files.ts`) does so beforehand; here nothing runs.
 */
import type { NarDigest, NarFileType, NarSource, NarStat } from "@nivis/formats";
import { joinPath } from "../path.ts";
import { IoError, type SourceAccessor } from "../source-accessor.ts";

/** See the head of this file. */
export interface SourceTree {
  /** The path of the file or directory; no ancestor is a symlink. */
  readonly root: string;
  /** The names kept in each directory by its path; `undefined` keeps everything. */
  readonly kept: ReadonlyMap<string, readonly string[]> | undefined;
  /** Whether it is one file taken without its executable bit. */
  readonly flat: boolean;
  /** The hash of its NAR where that is known already. */
  readonly nar: NarDigest | undefined;
}

/** A tree as `@nivis/formats` reads it; nodes are paths. */
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
  const type = files.fileType(path);
  if (type === undefined)
    throw new IoError("ENOENT", `path '${files.display(path)}' does not exist`);
  const narType: NarFileType = type === "unknown" ? "other" : type;
  return { type: narType, executable: type === "regular" && !flat && files.isExecutable(path) };
}
