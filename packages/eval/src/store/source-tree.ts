/**
 * Source trees: files of the outside world that are to be hashed or copied to the store.
 *
 * A tree is a path and, if a filter has been at it, the names that the filter kept. Filters are Nix
 * functions, so whoever asks them (`builtins/files.ts`) does so beforehand; here nothing runs.
 */
import type { NarDigest, NarFileType, NarSource, NarStat } from "@nivis/formats";
import { type EvalIo, IoError } from "../io.ts";
import { joinPath } from "../path.ts";

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
export function narSourceOf(io: EvalIo, tree: SourceTree): NarSource<string> {
  return {
    stat: (path) => statOf(io, path, tree.flat),
    readFile: (path) => io.readFile(path),
    readDirectory: (path) =>
      tree.kept?.get(path) ?? io.readDirectory(path).map((entry) => entry.name),
    child: joinPath,
    readLink: (path) => io.readLink(path),
    describe: (path) => path,
  };
}

function statOf(io: EvalIo, path: string, flat: boolean): NarStat {
  const type = io.fileType(path);
  if (type === undefined) throw new IoError("ENOENT", `path '${path}' does not exist`);
  const narType: NarFileType = type === "unknown" ? "other" : type;
  return { type: narType, executable: type === "regular" && !flat && io.isExecutable(path) };
}
