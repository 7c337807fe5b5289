/**
 * The files that arguments of `nivis fmt` stand for: a file is itself, a directory all `.nix` files
 * below it. Hidden directories and symbolic links below a directory are left alone, so that neither
 * `.git` nor a result of a build nor a cycle is entered.
 */
import { type Dirent, readdirSync, statSync } from "node:fs";
import { reasonOf } from "./file-text.ts";

/** The files found, and the paths that cannot be looked at with the reason. Paths are bytes. */
export interface FoundFiles {
  readonly files: readonly string[];
  readonly failures: readonly { readonly path: string; readonly message: string }[];
}

/** Finds the files; in the order of the arguments, below a directory by name. */
export function findNixFiles(paths: readonly string[]): FoundFiles {
  const files: string[] = [];
  const failures: { path: string; message: string }[] = [];
  const seen = new Set<string>();
  // Not by recursion: a tree may be deep.
  const pending: Entry[] = paths.map((path) => ({ path, kind: "argument" as const })).reverse();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, kind } = next;
    try {
      if (kind === "directory" || (kind === "argument" && isDirectory(path)))
        pending.push(...entriesOf(path).reverse());
      else if (!seen.has(path)) {
        seen.add(path);
        files.push(path);
      }
    } catch (error) {
      failures.push({ path, message: reasonOf(error) });
    }
  }
  return { files, failures };
}

interface Entry {
  readonly path: string;
  readonly kind: "argument" | "directory" | "file";
}

function isDirectory(path: string): boolean {
  return statSync(Buffer.from(path, "latin1")).isDirectory();
}

function entriesOf(directory: string): Entry[] {
  const entries = readdirSync(Buffer.from(directory, "latin1"), {
    withFileTypes: true,
    encoding: "buffer",
  }) as unknown as Dirent<Buffer>[];
  const start = directory.endsWith("/") ? directory : `${directory}/`;
  const kept: Entry[] = [];
  for (const entry of entries) {
    const name = entry.name.toString("latin1");
    const path = start + name;
    if (entry.isFile() && name.endsWith(".nix")) kept.push({ path, kind: "file" });
    else if (entry.isDirectory() && !name.startsWith(".")) kept.push({ path, kind: "directory" });
  }
  return kept.sort((a, b) => (a.path < b.path ? -1 : 1));
}
