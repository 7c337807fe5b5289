/**
 * CommitTree: the files of a commit, read from the objects of the repository: contents as they are
 * stored, without conversions of line ends and without filters. Submodules are empty directories.
 */
import { bytesToByteString, encodeBase16, InputError } from "@nivis/formats";
import {
  type DirectoryEntry,
  type FileType,
  type Fingerprint,
  missingPath,
  namesOf,
  type SourceStat,
  type SourceTree,
  type TreeRecipe,
} from "../tree/source-tree.ts";
import type { GitObjects } from "./objects.ts";

/** What a commit says. */
export interface GitCommit {
  readonly id: string;
  readonly tree: string;
  readonly parents: readonly string[];
  /** When it was committed, in seconds since 1970. */
  readonly time: number;
}

/** Reads a commit, or the commit that a tag names. */
export function readCommit(objects: GitObjects, id: string): GitCommit {
  let current = id;
  for (;;) {
    const object = objects.find(current);
    if (object === undefined)
      throw new InputError(
        `getting Git object '${id}': object not found - no match for id (${id})`,
      );
    const text = bytesToByteString(object.data);
    if (object.type === "tag") {
      current = /^object ([0-9a-f]+)$/m.exec(text)?.[1] ?? "";
      continue;
    }
    const header = text.slice(0, text.indexOf("\n\n") + 1);
    const tree = /^tree ([0-9a-f]+)$/m.exec(header)?.[1];
    const time = /^committer .* (-?\d+) [+-]\d{4}$/m.exec(header)?.[1];
    if (object.type !== "commit" || tree === undefined || time === undefined) {
      throw new InputError(`Git object '${id}' is not a commit`);
    }
    const parents = [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(
      (found) => found[1] as string,
    );
    return { id: current, tree, parents, time: Number(time) };
  }
}

interface TreeEntry {
  readonly type: FileType;
  readonly isExecutable: boolean;
  readonly id: string;
  /** A commit of another repository. */
  readonly isSubmodule: boolean;
}

/** The types by mode; what is not here is something that Git does not make. */
const ENTRY_TYPES: Readonly<Record<string, FileType>> = {
  "40000": "directory",
  "040000": "directory",
  "100644": "regular",
  "100664": "regular",
  "100755": "regular",
  "120000": "symlink",
  "160000": "directory",
};

/** See the head of this file. */
export class CommitTree implements SourceTree {
  readonly #objects: GitObjects;
  readonly #root: TreeEntry;
  readonly #idLength: number;
  readonly #trees = new Map<string, ReadonlyMap<string, TreeEntry>>();

  constructor(objects: GitObjects, treeId: string) {
    this.#objects = objects;
    this.#idLength = treeId.length / 2;
    this.#root = { type: "directory", isExecutable: false, id: treeId, isSubmodule: false };
  }

  /** The commit that a submodule is at; `undefined` if there is no submodule at a path. */
  submoduleCommit(path: string): string | undefined {
    const entry = this.#find(path);
    return entry?.isSubmodule === true ? entry.id : undefined;
  }

  #entries({ id, isSubmodule }: TreeEntry): ReadonlyMap<string, TreeEntry> {
    if (isSubmodule) return NO_ENTRIES;
    const known = this.#trees.get(id);
    if (known !== undefined) return known;
    const entries = parseTree(this.#objects.read(id, "tree"), this.#idLength, id);
    this.#trees.set(id, entries);
    return entries;
  }

  #find(path: string): TreeEntry | undefined {
    let entry: TreeEntry | undefined = this.#root;
    for (const name of namesOf(path)) {
      if (entry?.type !== "directory") return undefined;
      entry = this.#entries(entry).get(name);
    }
    return entry;
  }

  #get(path: string, type: FileType, what: string): TreeEntry {
    const entry = this.#find(path);
    if (entry === undefined) throw missingPath(this.display(path));
    if (entry.type === type) return entry;
    throw new InputError(`path '${this.display(path)}' is not a ${what}`);
  }

  stat(path: string): SourceStat | undefined {
    return this.#find(path);
  }

  fileType(path: string): FileType | undefined {
    return this.#find(path)?.type;
  }

  isExecutable(path: string): boolean {
    return this.#get(path, "regular", "regular file").isExecutable;
  }

  readFile(path: string): string {
    return bytesToByteString(this.readBytes(path));
  }

  readBytes(path: string): Uint8Array {
    return this.#objects.read(this.#get(path, "regular", "regular file").id, "blob");
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    const entries = this.#entries(this.#get(path, "directory", "directory"));
    return [...entries].map(([name, { type }]) => ({ name, type }));
  }

  readLink(path: string): string {
    const { id } = this.#get(path, "symlink", "symlink");
    return bytesToByteString(this.#objects.read(id, "blob"));
  }

  display(path: string): string {
    return path;
  }

  physicalPath(): string | undefined {
    return undefined;
  }

  fingerprint(): Fingerprint | undefined {
    return undefined;
  }

  recipe(): TreeRecipe {
    const { directory: objects, idLength } = this.#objects;
    return { kind: "commit", objects, idLength, tree: this.#root.id };
  }
}

const NO_ENTRIES: ReadonlyMap<string, TreeEntry> = new Map();

function parseTree(data: Uint8Array, idLength: number, id: string): ReadonlyMap<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < data.length; ) {
    const zero = data.indexOf(0, at);
    const head = zero < 0 ? "" : bytesToByteString(data.subarray(at, zero));
    const blank = head.indexOf(" ");
    const end = zero + 1 + idLength;
    if (blank < 0 || end > data.length) throw new InputError(`Git tree '${id}' is damaged`);
    const mode = head.slice(0, blank);
    const name = head.slice(blank + 1);
    entries.set(name, {
      type: ENTRY_TYPES[mode] ?? "unknown",
      isExecutable: mode === "100755",
      id: encodeBase16(data.subarray(zero + 1, end)),
      isSubmodule: mode === "160000",
    });
    at = end;
  }
  return entries;
}
