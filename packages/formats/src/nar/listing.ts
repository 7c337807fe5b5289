/**
 * NAR listings: the index of a NAR, which allows reading single files.
 *
 * Binary caches serve them as `.ls` files: JSON with a version and the root.
 */
import { escapeJsonString } from "../codec/json.ts";
import { parseNar } from "./reader.ts";

/** One node of a listing. */
export type NarListing =
  | {
      readonly type: "regular";
      readonly size: number;
      readonly executable: boolean;
      /**
       * The offset of the contents in the NAR; 0 if there is no NAR, in which case it is not
       * written.
       */
      readonly narOffset: number;
    }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "directory"; readonly entries: ReadonlyMap<string, NarListing> };

/** Lists the NAR at the start of `bytes`. */
export function listNar(bytes: Uint8Array): NarListing {
  let root: NarListing | undefined;
  const open: Map<string, NarListing>[] = [];
  const add = (name: string, node: NarListing): void => {
    const parent = open[open.length - 1];
    if (parent === undefined) root = node;
    else parent.set(name, node);
  };
  parseNar(bytes, {
    regular: (name, executable, contents, narOffset) =>
      add(name, { type: "regular", size: contents.length, executable, narOffset }),
    symlink: (name, target) => add(name, { type: "symlink", target }),
    startDirectory: (name) => {
      const entries = new Map<string, NarListing>();
      add(name, { type: "directory", entries });
      open.push(entries);
    },
    endDirectory: () => {
      open.pop();
    },
  });
  return root as NarListing;
}

/** A node as compact JSON with sorted keys, as in `.ls` files and `nix nar ls --json`. */
export function formatNarListing(node: NarListing): string {
  switch (node.type) {
    case "regular":
      return `{"executable":${node.executable},${node.narOffset === 0 ? "" : `"narOffset":${node.narOffset},`}"size":${node.size},"type":"regular"}`;
    case "symlink":
      return `{"target":${escapeJsonString(node.target)},"type":"symlink"}`;
    case "directory": {
      const entries = [...node.entries].map(
        ([name, child]) => `${escapeJsonString(name)}:${formatNarListing(child)}`,
      );
      return `{"entries":{${entries.join(",")}},"type":"directory"}`;
    }
  }
}

/** The text of the `.ls` file of a binary cache. */
export function formatNarListingFile(root: NarListing): string {
  return `{"root":${formatNarListing(root)},"version":1}`;
}
