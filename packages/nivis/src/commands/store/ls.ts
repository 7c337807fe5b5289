/** `nivis store ls`: the files of a store object. */
import { followToStore, notInStore, takeArgument } from "../../options/installable.ts";
import { usageError } from "../../options/option.ts";
import type { StoreProgram } from "../../store-program.ts";
import {
  emptyListingDraft,
  LISTING_OPTIONS,
  type ListingDraft,
  printListing,
} from "../file-listing.ts";

/** See the head of this file. */
export const storeLsCommand: StoreProgram<ListingDraft> = {
  name: "nivis store ls",
  summary: "list the files of a path in a store",
  usage: "[FLAG]... PATH",
  examples: [
    {
      does: "List a package in a binary cache",
      command: "nivis store ls --store https://cache.nixos.org -lR /nix/store/…-hello",
    },
  ],
  options: LISTING_OPTIONS,
  start: emptyListingDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const [argument, ...more] = draft.arguments;
    if (argument === undefined || more.length > 0) throw usageError("give one path");
    const store = await session.store();
    const { path, rest } = await followToStore(argument, session, store.storeDir);
    if ((await store.info(path)) === undefined) throw notInStore(path, store);
    const files = await store.files(path, { signal: session.signal });
    printListing(await files.list(), path, rest, draft, session);
    return 0;
  },
};
