/** `nivis store sign`: signs paths with a secret key. */
import { encodeUtf8, marked } from "@nivis/formats";
import { nodeFileSystem, nodeStoreHost, readSecretKey } from "@nivis/node";
import { capability, invalidPath, noSuchFile, signPath } from "@nivis/store";
import {
  absolutePath,
  emptyPathsDraft,
  PATHS_OPTIONS,
  type PathsDraft,
  selectedPaths,
  takeArgument,
} from "../../options/installable.ts";
import { usageError, valueFlag } from "../../options/option.ts";
import type { StoreProgram } from "../../store-program.ts";

interface SignDraft extends PathsDraft {
  keyFile: string | undefined;
}

/** See the head of this file. */
export const storeSignCommand: StoreProgram<SignDraft> = {
  name: "nivis store sign",
  summary: "sign paths with a secret key",
  usage: "--key-file FILE [FLAG]... PATH...",
  examples: [{ does: "Sign a closure", command: "nivis store sign -k secret.key -r ./result" }],
  options: [
    ...PATHS_OPTIONS,
    valueFlag<SignDraft>(
      ["--key-file", "-k"],
      "FILE",
      "The file with the secret key",
      (draft, text) => {
        draft.keyFile = encodeUtf8(text);
      },
    ),
  ],
  start: () => ({ ...emptyPathsDraft(), keyFile: undefined }),
  positional: takeArgument,
  run: async (draft, session) => {
    if (draft.keyFile === undefined) throw usageError("required argument '--key-file' is missing");
    const file = absolutePath(draft.keyFile, session);
    if ((await nodeFileSystem.status(file)) === undefined) {
      throw noSuchFile(marked`opening file "${draft.keyFile}"`);
    }
    const key = await readSecretKey(file);
    const store = await session.store();
    const add = capability(store, "addSignatures", "addSignatures");
    let added = 0;
    for (const path of await selectedPaths(draft, session, store)) {
      const info = await store.info(path, { signal: session.signal });
      if (info === undefined) throw invalidPath(path);
      const signature = signPath(info, key, nodeStoreHost.signatures);
      if (info.signatures.includes(signature)) continue;
      await add(path, [signature], { signal: session.signal });
      added++;
    }
    session.info(`added ${added} signatures`);
    return 0;
  },
};
