/** `nivis key convert-secret-to-public`: the public half of a secret key on standard input. */
import { formatKey, parseSecretKey, publicKeyOf } from "@nivis/store";
import { takeArgument } from "../../options/installable.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const keyConvertCommand: StoreProgram<StoreDraft> = {
  name: "nivis key convert-secret-to-public",
  summary: "print the public half of a secret key",
  usage: "< SECRET-KEY",
  examples: [{ does: "Convert a key", command: "nivis key convert-secret-to-public < secret.key" }],
  options: [],
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (_, session) => {
    session.terminal.writeOut(formatKey(publicKeyOf(parseSecretKey(session.terminal.readInput()))));
    return 0;
  },
};
