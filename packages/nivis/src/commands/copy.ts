/** `nivis copy`: copies paths, with all that they refer to, from one store to another. */
import { encodeUtf8 } from "@nivis/formats";
import { copyPaths } from "@nivis/store";
import {
  emptyPathsDraft,
  PATHS_OPTIONS,
  type PathsDraft,
  rootPaths,
  takeArgument,
} from "../options/installable.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import type { StoreProgram } from "../store-program.ts";
import { renderSize } from "../text/size.ts";
import { storeTopic } from "./store-topics.ts";

interface CopyDraft extends PathsDraft {
  from: string | undefined;
  to: string | undefined;
  noRecursive: boolean;
  noCheckSigs: boolean;
  substitute: boolean;
}

/** See the head of this file. */
export const copyCommand: StoreProgram<CopyDraft> = {
  ...storeTopic("copy"),
  options: [
    valueFlag<CopyDraft>(["--from"], "STORE", "Copy from STORE", (draft, text) => {
      draft.from = encodeUtf8(text);
    }),
    valueFlag<CopyDraft>(["--to"], "STORE", "Copy to STORE", (draft, text) => {
      draft.to = encodeUtf8(text);
    }),
    ...PATHS_OPTIONS.filter(({ names }) => !names.includes("--recursive")),
    flag<CopyDraft>(["--no-recursive"], "Copy the paths alone", (draft) => {
      draft.noRecursive = true;
    }),
    flag<CopyDraft>(["--no-check-sigs"], "Accept paths without trusted signatures", (draft) => {
      draft.noCheckSigs = true;
    }),
    flag<CopyDraft>(
      ["--substitute-on-destination", "-s"],
      "Let the destination fetch what its own caches have",
      (draft) => {
        draft.substitute = true;
      },
    ),
  ],
  start: () => ({
    ...emptyPathsDraft(),
    from: undefined,
    to: undefined,
    noRecursive: false,
    noCheckSigs: false,
    substitute: false,
  }),
  positional: takeArgument,
  run: async (draft, session) => {
    if (draft.from === undefined && draft.to === undefined) {
      throw usageError("you must pass '--from' and/or '--to'");
    }
    const source = draft.from ?? draft.store;
    const from = draft.from === undefined ? await session.store() : await session.open(draft.from);
    const to = draft.to === undefined ? await session.store() : await session.open(draft.to);
    const paths = await rootPaths(draft, session, from, "outputs", source);
    const { copied, bytes } = await copyPaths(from, to, paths, {
      closure: !draft.noRecursive,
      checkSignatures: !draft.noCheckSigs,
      substitute: draft.substitute,
      signal: session.signal,
      onPath: (path) => session.info(`copying path '${path}' from '${from.uri}' to '${to.uri}'...`),
    });
    session.info(`${copied.length} paths copied (${renderSize(bytes)})`);
    return 0;
  },
};
