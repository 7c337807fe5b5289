/**
 * What `store ls` and `nar ls` have in common: the files below a path of an object, as text or
 * JSON.
 */
import {
  escapeJsonString,
  formatNarListing,
  marked,
  type NarListing,
  storePathBaseName,
} from "@nivis/formats";
import { findInListing, StoreError } from "@nivis/store";
import { flag, type Option, usageError } from "../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../options/store-options.ts";
import type { StoreSession } from "../store-program.ts";

/** What the commands gather. */
export interface ListingDraft extends StoreDraft {
  recursive: boolean;
  long: boolean;
  directory: boolean;
}

/** The state before the first option. */
export function emptyListingDraft(): ListingDraft {
  return { ...emptyStoreDraft(), recursive: false, long: false, directory: false };
}

/** The options of the commands. */
export const LISTING_OPTIONS: readonly Option<ListingDraft>[] = [
  flag(["--recursive", "-R"], "List directories and all below them", (draft) => {
    draft.recursive = true;
  }),
  flag(["--long", "-l"], "Show types, sizes and targets of links", (draft) => {
    draft.long = true;
  }),
  flag(["--directory", "-d"], "Show a directory and not what is in it", (draft) => {
    draft.directory = true;
  }),
  flag(["--json"], "Print a listing as JSON", (draft) => {
    draft.json = true;
  }),
];

const SIZE_WIDTH = 20;

/** Prints what is at `path` in an object that is listed; `object` names it in errors. */
export function printListing(
  root: NarListing,
  object: string,
  path: string,
  draft: ListingDraft,
  session: StoreSession,
): void {
  const node = findInListing(root, path);
  if (node === undefined)
    throw new StoreError("io", marked`path '${object}${path}' does not exist`);
  if (draft.json) {
    if (draft.directory) throw usageError("'--directory' is useless with '--json'");
    session.print(draft.recursive ? formatNarListing(node) : shallowListing(node));
    return;
  }
  const show = (one: NarListing, name: string): void => {
    session.print(draft.long ? longLine(one, name) : name);
    if (draft.recursive && one.type === "directory") showEntries(one, name);
  };
  const showEntries = (one: NarListing & { type: "directory" }, name: string): void => {
    for (const [entry, child] of one.entries) show(child, `${name}/${entry}`);
  };
  if (node.type === "directory" && !draft.directory) showEntries(node, ".");
  else show(node, node.type === "directory" ? "." : storePathBaseName(path));
}

function longLine(node: NarListing, name: string): string {
  const type =
    node.type === "regular"
      ? node.executable
        ? "-r-xr-xr-x"
        : "-r--r--r--"
      : node.type === "symlink"
        ? "lrwxrwxrwx"
        : "dr-xr-xr-x";
  const size = node.type === "regular" ? node.size : 0;
  const target = node.type === "symlink" ? ` -> ${node.target}` : "";
  return `${type} ${String(size).padStart(SIZE_WIDTH)} ${name}${target}`;
}

/** A listing whose directories are not entered. */
function shallowListing(node: NarListing): string {
  if (node.type !== "directory") return formatNarListing(node);
  const entries = [...node.entries].map(([name]) => `${escapeJsonString(name)}:{}`);
  return `{"entries":{${entries.join(",")}},"type":"directory"}`;
}
