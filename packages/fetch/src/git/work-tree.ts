/**
 * The work tree of a repository as git sees it: which files are tracked and still there, and whether
 * anything differs from the last commit (C++ Nix: `getWorkdirInfo` in libfetchers/git-utils.cc).
 */
import { InputError, marked } from "@nivis/formats";
import type { Disk } from "../host.ts";
import { DiskTree } from "../tree/disk-tree.ts";
import { FilteredTree } from "../tree/filtered-tree.ts";
import type { SourceTree, TreeRecipe } from "../tree/source-tree.ts";
import type { GitCommand } from "./command.ts";

/** What git says of a work tree. Paths have no slash at their start. */
export interface WorkTreeInfo {
  /** The last commit; `undefined` if there is none yet. */
  readonly head: string | undefined;
  /** Tracked files that are there. */
  readonly files: ReadonlySet<string>;
  /** Those that differ from the last commit, sorted. */
  readonly dirty: readonly string[];
  /** Tracked files that are gone, sorted. */
  readonly deleted: readonly string[];
  readonly isDirty: boolean;
}

const SUBMODULE_MODE = "160000";

/** Asks git. */
export async function workTreeInfo(git: GitCommand, directory: string): Promise<WorkTreeInfo> {
  // The longest first: they run side by side.
  const [status, listed, head] = await Promise.all([
    git.output(directory, [
      ...["-c", "core.fsmonitor=false", "--no-optional-locks", "status", "--porcelain=v2", "-z"],
      ...["--untracked-files=no", "--ignore-submodules=all", "--no-renames"],
    ]),
    git.output(directory, ["ls-files", "-z", "--stage"]),
    git.line(directory, ["rev-parse", "--verify", "--quiet", "HEAD"]),
  ]);
  const files = new Set<string>();
  for (const line of listed.split("\0")) {
    const tab = line.indexOf("\t");
    if (tab < 0 || line.startsWith(SUBMODULE_MODE)) continue;
    files.add(line.slice(tab + 1));
  }
  const dirty: string[] = [];
  const deleted: string[] = [];
  for (const line of status.split("\0")) {
    const found = STATUS_LINE.exec(line);
    if (found === null) continue;
    const states = (found[1] ?? found[2]) as string;
    const path = found[3] as string;
    if (states.includes("D")) {
      files.delete(path);
      deleted.push(path);
    } else {
      dirty.push(path);
    }
  }
  return {
    head,
    files,
    dirty: dirty.sort(),
    deleted: deleted.sort(),
    isDirty: dirty.length > 0 || deleted.length > 0,
  };
}

/** `1 XY SUB MODE MODE MODE ID ID PATH`, and the same with more modes for conflicts. */
const STATUS_LINE = /^(?:1 (..) (?:\S+ ){6}|u (..) (?:\S+ ){8})(.*)$/s;

/** The tracked files of a work tree; `files` have no slash at their start. */
export function workTree(disk: Disk, directory: string, files: ReadonlySet<string>): SourceTree {
  const folders = new Set<string>(["/"]);
  for (const file of files) {
    for (let at = file.lastIndexOf("/"); at > 0; at = file.lastIndexOf("/", at - 1)) {
      const folder = `/${file.slice(0, at)}`;
      // Then those above it are known as well.
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  const sees = (path: string): boolean => {
    if (folders.has(path) || files.has(path.slice(1))) return true;
    // What is below something tracked: a directory in the place of a link, or a mounted submodule.
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      if (files.has(path.slice(1, at))) return true;
    }
    return false;
  };
  const hidden = (path: string): InputError => {
    const name = path.slice(1);
    const isThere = disk.stat(`${directory}/${name}`) !== undefined;
    return new InputError(
      isThere
        ? marked`Path '${name}' in the repository "${directory}" is not tracked by Git.\n\nTo make it visible to Nix, run:\n\ngit -C "${directory}" add -N "${name}"`
        : marked`Path '${name}' does not exist in Git repository "${directory}".`,
    );
  };
  const recipe = (): TreeRecipe => ({ kind: "tracked", directory, files });
  return new FilteredTree(new DiskTree(disk, directory), sees, hidden, recipe);
}
