/** `nivis store dump-path`: the NAR of a store object, on standard output. */
import { bytesToByteString } from "@nivis/formats";
import { followToStore, takeArgument } from "../../options/installable.ts";
import { usageError } from "../../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const storeDumpPathCommand: StoreProgram<StoreDraft> = {
  name: "nivis store dump-path",
  summary: "write the NAR of a path in a store",
  usage: "[FLAG]... PATH",
  examples: [{ does: "Write a NAR", command: "nivis store dump-path ./result > result.nar" }],
  options: [],
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const [argument, ...more] = draft.arguments;
    if (argument === undefined || more.length > 0) throw usageError("give one path");
    if (session.terminal.isOutTerminal === true)
      throw usageError("refusing to write NAR to a terminal");
    const store = await session.store();
    const { path } = await followToStore(argument, session, store.storeDir);
    for await (const piece of store.nar(path, { signal: session.signal })) {
      session.terminal.writeOut(bytesToByteString(piece));
    }
    return 0;
  },
};
