/** `nivis store path-from-hash-part`: the path that begins with 32 characters. */
import { marked } from "@nivis/formats";
import { StoreError } from "@nivis/store";
import { takeArgument } from "../../options/installable.ts";
import { usageError } from "../../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const storePathFromHashPartCommand: StoreProgram<StoreDraft> = {
  name: "nivis store path-from-hash-part",
  summary: "find a path by its hash part",
  usage: "[FLAG]... HASH-PART",
  examples: [
    {
      does: "Find a path",
      command: "nivis store path-from-hash-part 0i2jd68mp5g6h2sa5k9c85rb80sn8hi9",
    },
  ],
  options: [],
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const [hashPart, ...more] = draft.arguments;
    if (hashPart === undefined || more.length > 0) throw usageError("give one hash part");
    const store = await session.store();
    const path = await store.pathOfHashPart(hashPart, { signal: session.signal });
    if (path === undefined) {
      throw new StoreError(
        "invalid-path",
        marked`there is no store path corresponding to '${hashPart}'`,
      );
    }
    session.print(path);
    return 0;
  },
};
