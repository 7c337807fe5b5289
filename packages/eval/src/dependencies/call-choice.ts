/**
 * Which calls get copies of their arguments (`argument-copy.ts`). Copies cost time, so they are for calls that a
 * part of a program makes whose edits matter little to the function: a NixOS configuration, which calls
 * nixpkgs. The choice has no effect on values.
 */
import type { Bytes } from "@nivis/formats";
import type { Lambda } from "../bytecode/lambda.ts";

/** Files of which fewer than one in this many lie elsewhere make up the tree of a program. */
const SHARE = 50;

/** The choice for one evaluation. */
export class CallChoice {
  /** The code that each piece of code calls; `null` if it calls more than one. */
  readonly #callees = new Map<Lambda, Lambda | null>();
  /** By their inputs: files that were read. */
  readonly #files: (Bytes | undefined)[] = [];
  readonly #edited = new Set<Bytes>();
  /** The directory of nearly all files, with a slash at its end. */
  #tree = "/";
  #count = 0;
  /** The number of files with which {@link #tree} is determined again. */
  #next = 64;
  /** By the number of a set, whether it has an edited file or one outside of the tree. */
  #known = new Map<number, boolean>();

  /** A file was read. */
  noteFile(input: number, path: Bytes): void {
    this.#files[input] = path;
    this.#count++;
  }

  /** A file has changed. */
  noteEdit(input: number): void {
    const path = this.#files[input];
    if (path === undefined) return;
    this.#edited.add(path);
    this.#known.clear();
  }

  /**
   * Whether a call gets a copy of its argument: if its code calls only one function with a pattern, and does so
   * because of an edited file or one outside of the tree, as `members` of `set`, which it depends on, say.
   */
  accepts(callee: Lambda, site: Lambda, set: number, members: () => readonly number[]): boolean {
    const before = this.#callees.get(site);
    if (before === undefined) this.#callees.set(site, callee);
    else if (before !== callee) {
      if (before !== null) this.#callees.set(site, null);
      return false;
    }
    if (this.#count >= this.#next) this.#findTree();
    let isAccepted = this.#known.get(set);
    if (isAccepted === undefined) {
      isAccepted = members().some((member) => {
        const path = this.#files[member];
        return path !== undefined && (this.#edited.has(path) || !path.startsWith(this.#tree));
      });
      this.#known.set(set, isAccepted);
    }
    return isAccepted;
  }

  #findTree(): void {
    this.#next = 2 * this.#count;
    this.#known.clear();
    let paths = this.#files.filter((path) => path !== undefined);
    const least = paths.length - paths.length / SHARE;
    this.#tree = "/";
    for (;;) {
      const groups = new Map<Bytes, Bytes[]>();
      for (const path of paths) {
        const end = path.indexOf("/", this.#tree.length);
        if (end < 0) continue;
        const directory = path.slice(0, end + 1);
        const group = groups.get(directory);
        if (group === undefined) groups.set(directory, [path]);
        else group.push(path);
      }
      const largest = [...groups].find(([, group]) => group.length >= least);
      if (largest === undefined) return;
      [this.#tree, paths] = largest;
    }
  }
}
