/** `nivis copy`: copies paths, with all that they refer to, from one store to another. */
import { copyPaths } from "@nivis/store";
import {
  COPY_OPTIONS,
  type CopyDraft,
  copiedStores,
  emptyCopyDraft,
} from "../options/copy-options.ts";
import { rootPaths, takeArgument } from "../options/installable.ts";
import { flag } from "../options/option.ts";
import type { StoreProgram } from "../store-program.ts";
import { renderSize } from "../text/size.ts";
import { storeTopic } from "./store-topics.ts";

interface CopyingDraft extends CopyDraft {
  noRecursive: boolean;
  noCheckSigs: boolean;
  substitute: boolean;
}

/** See the head of this file. */
export const copyCommand: StoreProgram<CopyingDraft> = {
  ...storeTopic("copy"),
  options: [
    ...COPY_OPTIONS.filter(({ names }) => !names.includes("--recursive")),
    flag<CopyingDraft>(["--no-recursive"], "Copy the paths alone", (draft) => {
      draft.noRecursive = true;
    }),
    flag<CopyingDraft>(["--no-check-sigs"], "Accept paths without trusted signatures", (draft) => {
      draft.noCheckSigs = true;
    }),
    flag<CopyingDraft>(
      ["--substitute-on-destination", "-s"],
      "Let the destination fetch what its own caches have",
      (draft) => {
        draft.substitute = true;
      },
    ),
  ],
  start: () => ({
    ...emptyCopyDraft(),
    noRecursive: false,
    noCheckSigs: false,
    substitute: false,
  }),
  positional: takeArgument,
  run: async (draft, session) => {
    const { from, to, uri } = await copiedStores(draft, session);
    const paths = await rootPaths(draft, session, from, "outputs", uri);
    const { copied, bytes } = await copyPaths(from, to, paths, {
      closure: !draft.noRecursive,
      checkSignatures: !draft.noCheckSigs,
      substitute: draft.substitute,
      signal: session.signal,
      observer: session.progress(),
    });
    session.info(`${copied.length} paths copied (${renderSize(bytes)})`);
    return 0;
  },
};
