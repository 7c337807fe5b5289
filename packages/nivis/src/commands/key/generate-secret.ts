/** `nivis key generate-secret`: a new secret key for signing paths. */
import { encodeUtf8 } from "@nivis/formats";
import { nodeStoreHost } from "@nivis/node";
import { formatKey } from "@nivis/store";
import { takeArgument } from "../../options/installable.ts";
import { usageError, valueFlag } from "../../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

interface GenerateDraft extends StoreDraft {
  name: string | undefined;
}

/** See the head of this file. */
export const keyGenerateSecretCommand: StoreProgram<GenerateDraft> = {
  name: "nivis key generate-secret",
  summary: "make a secret key for signing paths",
  usage: "--key-name NAME",
  examples: [
    { does: "Make a key", command: "nivis key generate-secret --key-name cache-1 > secret.key" },
  ],
  options: [
    valueFlag<GenerateDraft>(["--key-name"], "NAME", "What the key is called", (draft, text) => {
      draft.name = encodeUtf8(text);
    }),
  ],
  start: () => ({ ...emptyStoreDraft(), name: undefined }),
  positional: takeArgument,
  run: async ({ name }, session) => {
    if (name === undefined) throw usageError("required argument '--key-name' is missing");
    session.terminal.writeOut(formatKey({ name, bytes: nodeStoreHost.signatures.generate() }));
    return 0;
  },
};
