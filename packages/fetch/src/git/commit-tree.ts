/**
 * CommitTree: the files of a commit, read from the objects of the repository: contents as they are
 * stored, without conversions of line ends and without filters. Submodules are empty directories.
 */
import {
  bytesToByteString,
  encodeBase16,
  InputError,
  marked,
  type NarSink,
  type NarSource,
  uncolored,
  writeNar,
} from "@nivis/formats";
import {
  type DirectoryEntry,
  type FileType,
  type Fingerprint,
  missingObject,
  namesOf,
  type SourceStat,
  type SourceTree,
  type TreeRecipe,
} from "../tree/source-tree.ts";
import { bytesOfId, type GitObjects, missingGitObject } from "./objects.ts";

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
    if (object === undefined) throw new InputError(missingGitObject(id));
    const text = bytesToByteString(object.data);
    if (object.type === "tag") {
      current = /^object ([0-9a-f]+)$/m.exec(text)?.[1] ?? "";
      continue;
    }
    const header = text.slice(0, text.indexOf("\n\n") + 1);
    const tree = /^tree ([0-9a-f]+)$/m.exec(header)?.[1];
    const time = /^committer .* (-?\d+) [+-]\d{4}$/m.exec(header)?.[1];
    if (object.type !== "commit" || tree === undefined || time === undefined) {
      throw new InputError(marked`Git object '${id}' is not a commit`);
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
  readonly id: Uint8Array;
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
  readonly #trees = new Map<TreeEntry, ReadonlyMap<string, TreeEntry>>();

  constructor(objects: GitObjects, treeId: string) {
    this.#objects = objects;
    this.#idLength = treeId.length / 2;
    const id = bytesOfId(treeId);
    this.#root = { type: "directory", isExecutable: false, id, isSubmodule: false };
  }

  /** The commit that a submodule is at; `undefined` if there is no submodule at a path. */
  submoduleCommit(path: string): string | undefined {
    const entry = this.#find(path);
    return entry?.isSubmodule === true ? encodeBase16(entry.id) : undefined;
  }

  #entries(entry: TreeEntry): ReadonlyMap<string, TreeEntry> {
    if (entry.isSubmodule) return NO_ENTRIES;
    const known = this.#trees.get(entry);
    if (known !== undefined) return known;
    const data = this.#objects.read(entry.id, "tree");
    const entries = parseTree(data, this.#idLength, entry.id);
    this.#trees.set(entry, entries);
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
    if (entry === undefined) throw missingObject(this.display(path));
    if (entry.type === type) return entry;
    throw new InputError(marked`path '${this.display(path)}' is not a ${uncolored(what)}`);
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

  dump(path: string, sink: NarSink): number {
    const root = this.#find(path);
    if (root === undefined) throw missingObject(this.display(path));
    const source: NarSource<TreeEntry> = {
      stat: ({ type, isExecutable }) => ({
        type: type === "unknown" ? "other" : type,
        executable: isExecutable,
      }),
      readFile: ({ id }) => this.#objects.read(id, "blob"),
      readDirectory: (entry) => this.#entries(entry).keys(),
      child: (entry, name) => this.#entries(entry).get(name) as TreeEntry,
      readLink: ({ id }) => bytesToByteString(this.#objects.read(id, "blob")),
      describe: ({ id }) => encodeBase16(id),
    };
    return writeNar(source, root, sink);
  }

  recipe(): TreeRecipe {
    const { directory: objects, idLength } = this.#objects;
    return { kind: "commit", objects, idLength, tree: encodeBase16(this.#root.id) };
  }
}

const NO_ENTRIES: ReadonlyMap<string, TreeEntry> = new Map();

function parseTree(
  data: Uint8Array,
  idLength: number,
  id: Uint8Array,
): ReadonlyMap<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  const text = bytesToByteString(data);
  for (let at = 0; at < data.length; ) {
    const blank = text.indexOf(" ", at);
    const zero = text.indexOf("\0", at);
    const end = zero + 1 + idLength;
    if (blank < at || zero < blank || end > data.length) {
      throw new InputError(marked`Git tree '${encodeBase16(id)}' is damaged`);
    }
    const mode = text.slice(at, blank);
    entries.set(text.slice(blank + 1, zero), {
      type: ENTRY_TYPES[mode] ?? "unknown",
      isExecutable: mode === "100755",
      id: data.subarray(zero + 1, end),
      isSubmodule: mode === "160000",
    });
    at = end;
  }
  return entries;
}
