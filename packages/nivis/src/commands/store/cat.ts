/** `nivis store cat`: the contents of a file of a store object. */
import { bytesToByteString, marked } from "@nivis/formats";
import { StoreError } from "@nivis/store";
import { followToStore, notInStore, takeArgument } from "../../options/installable.ts";
import { usageError } from "../../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const storeCatCommand: StoreProgram<StoreDraft> = {
  name: "nivis store cat",
  summary: "print a file of a path in a store",
  usage: "[FLAG]... PATH",
  examples: [{ does: "Print a file", command: "nivis store cat ./result/bin/hello" }],
  options: [],
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const [argument, ...more] = draft.arguments;
    if (argument === undefined || more.length > 0) throw usageError("give one path");
    const store = await session.store();
    const { path, rest } = await followToStore(argument, session, store.storeDir);
    if ((await store.info(path)) === undefined) throw notInStore(path, store);
    const files = await store.files(path, { signal: session.signal });
    const stat = await files.stat(rest);
    if (stat === undefined)
      throw new StoreError("io", marked`path '${path}${rest}' does not exist`);
    if (stat.type !== "regular")
      throw new StoreError("io", marked`path '${rest}' is not a regular file`);
    for await (const piece of files.readFile(rest))
      session.terminal.writeOut(bytesToByteString(piece));
    return 0;
  },
};
