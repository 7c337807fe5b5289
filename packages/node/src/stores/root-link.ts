/**
 * Links that keep store paths alive: what `--add-root` and `--out-link` make where the user wants it.
 * Who makes one also tells the store of it.
 */

import { randomBytes } from "node:crypto";
import { lstatSync, readlinkSync, renameSync, symlinkSync } from "node:fs";
import { marked } from "@nivis/formats";
import { type Store, StoreError } from "@nivis/store";
import { toNodePath } from "../byte-path.ts";
import { errnoCode, errnoMessage } from "../errno.ts";
import { makeDirectories } from "../make-directories.ts";

/**
 * Makes `link`, an absolute path, a symlink to `target`, at once; replaces a link into the store and
 * nothing else. Paths are bytes.
 */
export function replaceLink(link: string, target: string, storeDir: string): void {
  if (link.startsWith(`${storeDir}/`)) {
    throw new StoreError(
      "usage",
      marked`creating a garbage collector root ("${link}") in the Nix store is forbidden (are you running nix-build inside the store?)`,
    );
  }
  const location = toNodePath(link);
  const found = lstatSync(location, { throwIfNoEntry: false });
  if (found !== undefined) {
    const isOurs =
      found.isSymbolicLink() && readlinkSync(location, "latin1").includes(`${storeDir}/`);
    if (!isOurs)
      throw new StoreError("io", marked`cannot create symlink "${link}"; already exists`);
  }
  const temporary = toNodePath(`${link}.tmp-${randomBytes(8).toString("hex")}`);
  try {
    makeDirectories(toNodePath(link.slice(0, link.lastIndexOf("/")) || "/"));
    symlinkSync(toNodePath(target), temporary);
    renameSync(temporary, location);
  } catch (error) {
    const message = errnoMessage(errnoCode(error));
    throw new StoreError("io", marked`creating symlink "${link}" -> "${target}": ${message}`);
  }
}

/**
 * Makes `link`, an absolute path, a symlink to a store path and a root; returns whether the store has
 * such roots. Paths are bytes.
 */
export async function makeRoot(store: Store, path: string, link: string): Promise<boolean> {
  const { roots, realPath } = store;
  // Nix: only stores whose objects are files here have roots that are links.
  if (roots?.addIndirectRoot === undefined || realPath === undefined) return false;
  await roots.addTempRoot(path);
  // Nix: the link names the store path, also where the files are elsewhere; collectors look for that.
  replaceLink(link, path, store.storeDir);
  await roots.addIndirectRoot(link);
  return true;
}
