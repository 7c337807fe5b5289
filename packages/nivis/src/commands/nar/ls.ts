/** `nivis nar ls`: the files in a NAR. */
import { encodeUtf8 } from "@nivis/formats";
import { takeArgument } from "../../options/installable.ts";
import type { StoreProgram } from "../../store-program.ts";
import {
  emptyListingDraft,
  LISTING_OPTIONS,
  type ListingDraft,
  printListing,
} from "../file-listing.ts";
import { openNarFile } from "./nar-file.ts";

/** Nix: a NAR file has no name in messages. */
const UNKNOWN = encodeUtf8("«unknown»");

/** See the head of this file. */
export const narLsCommand: StoreProgram<ListingDraft> = {
  name: "nivis nar ls",
  summary: "list the files in a NAR",
  usage: "[FLAG]... NAR PATH",
  examples: [{ does: "List all", command: "nivis nar ls -R hello.nar /" }],
  options: LISTING_OPTIONS,
  start: emptyListingDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const { files, path } = await openNarFile(draft, session);
    printListing(await files.list(), UNKNOWN, path, draft, session);
    return 0;
  },
};
