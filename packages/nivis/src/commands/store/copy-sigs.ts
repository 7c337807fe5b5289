/** `nivis store copy-sigs`: copies signatures of paths from other stores. */
import { encodeUtf8, equalHashes, type PathInfo } from "@nivis/formats";
import { capability, invalidPath, type Store } from "@nivis/store";
import {
  emptyPathsDraft,
  PATHS_OPTIONS,
  type PathsDraft,
  selectedPaths,
  takeArgument,
} from "../../options/installable.ts";
import { usageError, valueFlag } from "../../options/option.ts";
import type { StoreProgram } from "../../store-program.ts";

interface CopySigsDraft extends PathsDraft {
  readonly substituters: string[];
}

/** See the head of this file. */
export const storeCopySigsCommand: StoreProgram<CopySigsDraft> = {
  name: "nivis store copy-sigs",
  summary: "copy signatures of paths from other stores",
  usage: "--substituter STORE [FLAG]... PATH...",
  examples: [
    {
      does: "Take the signatures of a cache",
      command: "nivis store copy-sigs -s https://cache.nixos.org -r ./result",
    },
  ],
  options: [
    ...PATHS_OPTIONS,
    valueFlag<CopySigsDraft>(
      ["--substituter", "-s"],
      "STORE",
      "Copy the signatures of STORE",
      (draft, text) => {
        draft.substituters.push(encodeUtf8(text));
      },
    ),
  ],
  start: () => ({ ...emptyPathsDraft(), substituters: [] }),
  positional: takeArgument,
  run: async (draft, session) => {
    if (draft.substituters.length === 0) {
      throw usageError("you must specify at least one substituter using '-s'");
    }
    const store = await session.store();
    const add = capability(store, "addSignatures", "addSignatures");
    const others: Store[] = [];
    for (const uri of draft.substituters) others.push(await session.open(uri));
    let added = 0;
    for (const path of await selectedPaths(draft, session, store)) {
      const info = await store.info(path, { signal: session.signal });
      if (info === undefined) throw invalidPath(path);
      const found = new Set<string>();
      for (const other of others) {
        const theirs = await other.info(path, { signal: session.signal });
        if (theirs === undefined || !isSame(info, theirs)) continue;
        for (const one of theirs.signatures) if (!info.signatures.includes(one)) found.add(one);
      }
      if (found.size === 0) continue;
      await add(path, [...found].sort(), { signal: session.signal });
      added += found.size;
    }
    session.info(`imported ${added} signatures`);
    return 0;
  },
};

/** Whether two stores have the same object, so that a signature of one is good in the other. */
function isSame(a: PathInfo, b: PathInfo): boolean {
  return (
    equalHashes(a.narHash, b.narHash) &&
    a.narSize === b.narSize &&
    [...a.references].sort().join("\n") === [...b.references].sort().join("\n")
  );
}
