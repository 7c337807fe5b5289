/** `nivis store make-content-addressed`: rewrites paths so that their names follow from their contents. */
import { escapeJsonString, jsonObject } from "@nivis/formats";
import { nodeStoreHost } from "@nivis/node";
import { makeContentAddressed } from "@nivis/store";
import {
  COPY_OPTIONS,
  type CopyDraft,
  copiedStores,
  emptyCopyDraft,
} from "../../options/copy-options.ts";
import { selectedPaths, takeArgument } from "../../options/installable.ts";
import { JSON_OPTIONS } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const storeMakeContentAddressedCommand: StoreProgram<CopyDraft> = {
  name: "nivis store make-content-addressed",
  summary: "rewrite paths to content-addressed form",
  usage: "[--from STORE] [--to STORE] [FLAG]... PATH...",
  description: [
    "The new paths need no signature. What the paths refer to is rewritten, too; the old paths remain.",
  ],
  examples: [
    {
      does: "Rewrite a closure",
      command: "nivis store make-content-addressed -r ./result",
    },
  ],
  options: [...COPY_OPTIONS, ...JSON_OPTIONS],
  start: emptyCopyDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const { from, to } = await copiedStores(draft, session, false);
    const paths = await selectedPaths(draft, session, from, "outputs");
    const renamed = await makeContentAddressed(from, to, paths, nodeStoreHost, {
      signal: session.signal,
      onRewrite: (old, added) => session.info(`rewriting '${old}' to '${added}'`),
    });
    const pairs = paths.map((path) => [path, renamed.get(path) as string] as const);
    if (!draft.json) {
      for (const [old, added] of pairs) session.notice(`rewrote '${old}' to '${added}'`);
      return 0;
    }
    const sorted = [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
    const rewrites = sorted.map(([old, added]): [string, string] => [old, escapeJsonString(added)]);
    session.printJson(jsonObject([["rewrites", jsonObject(rewrites)]]));
    return 0;
  },
};
