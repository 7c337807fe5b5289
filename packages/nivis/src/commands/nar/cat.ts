/** `nivis nar cat`: a file in a NAR. */
import { bytesToByteString, marked } from "@nivis/formats";
import { StoreError } from "@nivis/store";
import { takeArgument } from "../../options/installable.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";
import { openNarFile } from "./nar-file.ts";

/** See the head of this file. */
export const narCatCommand: StoreProgram<StoreDraft> = {
  name: "nivis nar cat",
  summary: "print a file in a NAR",
  usage: "[FLAG]... NAR PATH",
  examples: [{ does: "Print a file", command: "nivis nar cat hello.nar /bin/hello" }],
  options: [],
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const { files, path } = await openNarFile(draft, session);
    const stat = await files.stat(path);
    if (stat?.type !== "regular") {
      throw new StoreError("io", marked`NAR does not contain regular file '${draft.arguments[1]}'`);
    }
    for await (const piece of files.readFile(path))
      session.terminal.writeOut(bytesToByteString(piece));
    return 0;
  },
};
