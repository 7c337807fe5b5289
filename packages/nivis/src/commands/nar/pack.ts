/** `nivis nar pack`: the NAR of a path, on standard output. */
import { bytesToByteString } from "@nivis/formats";
import { nodeFileSystem } from "@nivis/node";
import { narOfFiles } from "@nivis/store";
import { absolutePath, takeArgument } from "../../options/installable.ts";
import { usageError } from "../../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const narPackCommand: StoreProgram<StoreDraft> = {
  name: "nivis nar pack",
  summary: "write the NAR of a path",
  usage: "[FLAG]... PATH",
  examples: [{ does: "Pack a directory", command: "nivis nar pack ./dir > dir.nar" }],
  options: [],
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const [argument, ...more] = draft.arguments;
    if (argument === undefined || more.length > 0) throw usageError("give one path");
    if (session.terminal.isOutTerminal === true)
      throw usageError("refusing to write NAR to a terminal");
    for await (const piece of narOfFiles(nodeFileSystem, absolutePath(argument, session))) {
      session.terminal.writeOut(bytesToByteString(piece));
    }
    return 0;
  },
};
