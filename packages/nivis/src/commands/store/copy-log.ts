/** `nivis store copy-log`: copies build logs between stores. */
import { marked } from "@nivis/formats";
import { capability, StoreError } from "@nivis/store";
import {
  COPY_OPTIONS,
  type CopyDraft,
  copiedStores,
  emptyCopyDraft,
} from "../../options/copy-options.ts";
import { derivationOf, resolvedArguments, takeArgument } from "../../options/installable.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const storeCopyLogCommand: StoreProgram<CopyDraft> = {
  name: "nivis store copy-log",
  summary: "copy build logs between stores",
  usage: "[--from STORE] [--to STORE] [FLAG]... PATH...",
  examples: [
    {
      does: "Copy a log to a cache",
      command: "nivis store copy-log --to file:///tmp/cache ./result",
    },
  ],
  options: COPY_OPTIONS,
  start: emptyCopyDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const { from, to, uri } = await copiedStores(draft, session);
    const source = capability(from, "logs", "getBuildLog");
    const target = capability(to, "logs", "addBuildLog").addBuildLog;
    if (target === undefined) {
      throw new StoreError("unsupported", marked`store '${to.uri}' does not take build logs`);
    }
    const { signal } = session;
    for (const argument of await resolvedArguments(draft, session, from, "nothing", uri)) {
      for (const drvPath of await derivationOf(argument, from)) {
        const log = await source.buildLog(drvPath, { signal });
        if (log === undefined) {
          throw new StoreError("usage", marked`build log for '${drvPath}' is not available`);
        }
        await target(drvPath, log, { signal });
      }
    }
    return 0;
  },
};
