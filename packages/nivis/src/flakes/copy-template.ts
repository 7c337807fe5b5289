/**
 * Copying the template of a flake into a directory: files that are there already stay as they are (C++
 * Nix: `CmdFlakeInitCommon` in nix/flake.cc).
 */

import { EvalError, joinPath, type SourceAccessor } from "@nivis/eval";
import { marked } from "@nivis/formats";
import { NodeDisk } from "@nivis/node";
import type { Invocation } from "../invocation.ts";

/** A directory in a source tree. */
interface TemplateSource {
  readonly files: SourceAccessor;
  readonly path: string;
}

/** What has been written, and what could not be. */
export interface CopiedTemplate {
  readonly written: readonly string[];
  readonly conflicts: readonly string[];
}

/** Copies a directory of a tree to a directory on disk. */
export function copyTemplate(
  source: TemplateSource,
  target: string,
  invocation: Invocation,
): CopiedTemplate {
  const disk = new NodeDisk();
  const written: string[] = [];
  const conflicts: string[] = [];
  const { files } = source;
  copyDirectory(source.path, target);
  return { written, conflicts };

  function copyDirectory(from: string, to: string): void {
    disk.makeDirectory(to);
    const names = files.readDirectory(from).map(({ name }) => name);
    for (const name of names.sort()) copyEntry(joinPath(from, name), joinPath(to, name));
  }

  function copyEntry(from: string, to: string): void {
    const type = files.fileType(from);
    if (type === "directory") {
      copyDirectory(from, to);
      return;
    }
    if (type !== "regular" && type !== "symlink") {
      throw new EvalError(
        "value",
        marked`path '${files.display(from)}' needs to be a symlink, file, or directory but instead is a ${type ?? "missing"}`,
      );
    }
    const present = disk.stat(to);
    if (present !== undefined) {
      if (isSame(from, to, type, present.type)) {
        invocation.note(`skipping identical file: ${files.display(from)}`);
        return;
      }
      invocation.note(
        `refusing to overwrite existing file "${to}"\n please merge it manually with '${files.display(from)}'`,
      );
      conflicts.push(to);
      return;
    }
    if (type === "symlink") disk.makeSymlink(files.readLink(from), to);
    // Nix: nothing that is copied is executable.
    else disk.writeFile(to, files.readFile(from));
    written.push(to);
    invocation.note(`wrote: "${to}"`);
  }

  function isSame(from: string, to: string, type: string, presentType: string): boolean {
    if (type !== presentType) return false;
    return type === "symlink"
      ? disk.readLink(to) === files.readLink(from)
      : Buffer.from(disk.readFile(to)).toString("latin1") === files.readFile(from);
  }
}
