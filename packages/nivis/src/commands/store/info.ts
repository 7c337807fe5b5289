/** `nivis store info`: whether a store can be reached, and what it says of itself. */
import { escapeJsonString, jsonObject } from "@nivis/formats";
import { takeArgument } from "../../options/installable.ts";
import { usageError } from "../../options/option.ts";
import { emptyStoreDraft, JSON_OPTIONS, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const storeInfoCommand: StoreProgram<StoreDraft> = {
  name: "nivis store info",
  summary: "test whether a store can be reached",
  usage: "[FLAG]...",
  examples: [{ does: "Ask the daemon", command: "nivis store info --store daemon" }],
  options: JSON_OPTIONS,
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    if (draft.arguments.length > 0) throw usageError("nivis store info takes no arguments");
    const store = await session.store();
    const facts = async () => store.facts({ signal: session.signal });
    if (!draft.json) {
      session.notice(`Store URL: ${store.uri}`);
      const { version, trusted } = await facts();
      if (version !== undefined) session.notice(`Version: ${version}`);
      if (trusted !== undefined) session.notice(`Trusted: ${trusted ? 1 : 0}`);
      return 0;
    }
    const url = escapeJsonString(store.uri);
    try {
      const { version, trusted } = await facts();
      session.printJson(
        jsonObject([
          ["trusted", trusted === undefined ? undefined : String(trusted)],
          ["url", url],
          ["version", version === undefined ? undefined : escapeJsonString(version)],
        ]),
      );
    } catch (error) {
      // Nix: what is known is printed even if the store cannot be reached.
      session.printJson(jsonObject([["url", url]]));
      throw error;
    }
    return 0;
  },
};
