/**
 * Garbage collector roots of a store on disk, as `--add-root` makes them: a symlink at a place that
 * the user chooses, and a second one among the roots of the store that points to the first. A
 * collector keeps the target of such a chain and drops the chain when the user removes the first
 * link. The layout is that of C++ Nix (libstore/indirect-root-store.cc, gc.cc), whose `nix-store
 * --gc` respects these roots.
 */
import { lstatSync, readlinkSync, renameSync, symlinkSync } from "node:fs";
import { EvalError, IoError } from "@nivis/eval";
import { canonPath, encodeNixBase32, marked } from "@nivis/formats";
import { toNodePath } from "./byte-path.ts";
import { errnoCode, errnoMessage } from "./errno.ts";
import { makeDirectories } from "./make-directories.ts";
import { nodeHashes } from "./node-hashes.ts";

/** The indirect garbage collector roots of one store. Paths are bytes. */
export class GarbageRoots {
  readonly #directory: string;
  readonly #storeDir: string;
  #temporaries = 0;

  constructor(directory: string, storeDir: string) {
    this.#directory = directory;
    this.#storeDir = storeDir;
  }

  /** Makes `link`, an absolute path, a root for a store path; returns its canonical form. */
  add(path: string, link: string): string {
    const root = canonPath(link);
    if (this.#isInStore(root)) {
      throw new EvalError(
        "invalid-path",
        marked`creating a garbage collector root ("${root}") in the Nix store is forbidden (are you running nix-build inside the store?)`,
      );
    }
    if (!this.#mayReplace(root)) {
      throw new EvalError("io", marked`cannot create symlink "${root}"; already exists`);
    }
    this.#link(root, path);
    const name = encodeNixBase32(nodeHashes.hash("sha1", Buffer.from(root, "latin1")));
    this.#link(`${this.#directory}/auto/${name}`, root);
    return root;
  }

  #isInStore(path: string): boolean {
    return path.startsWith(`${this.#storeDir}/`);
  }

  /**
   * Whether the path is free or holds a link into the store, which an earlier run may have made.
   */
  #mayReplace(link: string): boolean {
    const location = toNodePath(link);
    const found = lstatSync(location, { throwIfNoEntry: false });
    if (found === undefined) return true;
    return found.isSymbolicLink() && this.#isInStore(readlinkSync(location, "latin1"));
  }

  /** Creates a symlink under another name and renames it, so that the link exists at all times. */
  #link(link: string, target: string): void {
    const temporary = `${link}.tmp-${process.pid}-${this.#temporaries++}`;
    try {
      makeDirectories(toNodePath(link.slice(0, link.lastIndexOf("/")) || "/"));
      symlinkSync(toNodePath(target), toNodePath(temporary));
      renameSync(toNodePath(temporary), toNodePath(link));
    } catch (error) {
      const code = errnoCode(error);
      throw new IoError(
        code,
        marked`creating symlink "${link}" -> "${target}": ${errnoMessage(code)}`,
      );
    }
  }
}
