/** `nivis store optimise`: replaces equal files of a store by links to one. */
import { capability } from "@nivis/store";
import { takeArgument } from "../../options/installable.ts";
import {
  emptyStoreDraft,
  type StoreDraft,
  unexpectedArguments,
} from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const storeOptimiseCommand: StoreProgram<StoreDraft> = {
  name: "nivis store optimise",
  summary: "replace equal files of a store by links to one",
  usage: "[FLAG]...",
  examples: [{ does: "Save space", command: "nivis store optimise" }],
  options: [],
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    unexpectedArguments(draft);
    const optimise = capability(await session.store(), "optimise", "optimiseStore");
    await optimise({ signal: session.signal });
    return 0;
  },
};
