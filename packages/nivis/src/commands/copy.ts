/** `nivis copy`: copies paths, with all that they refer to, from one store to another. */
import type { DrvOutput } from "@nivis/formats";
import { nodeStoreHost } from "@nivis/node";
import { copyPaths, copyRealisations } from "@nivis/store";
import type { ResolvedInstallable } from "../evaluated-installables.ts";
import {
  COPY_OPTIONS,
  type CopyDraft,
  copiedStores,
  emptyCopyDraft,
} from "../options/copy-options.ts";
import { resolvedArguments, rootPathsOf, takeArgument } from "../options/installable.ts";
import { flag } from "../options/option.ts";
import type { StoreProgram } from "../store-program.ts";
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
    const resolved = draft.all
      ? []
      : await resolvedArguments(
          draft,
          session,
          from,
          draft.derivation ? "nothing" : "outputs",
          uri,
        );
    const paths = await rootPathsOf(draft, session, from, resolved);
    await copyPaths(from, to, paths, {
      closure: !draft.noRecursive,
      checkSignatures: !draft.noCheckSigs,
      substitute: draft.substitute,
      signal: session.signal,
      observer: session.progress(),
    });
    await copyRealisations(from, to, outputsOf(resolved), nodeStoreHost, {
      signal: session.signal,
    });
    return 0;
  },
};

/** The outputs of derivations that arguments stand for. */
function outputsOf(resolved: readonly ResolvedInstallable[]): readonly DrvOutput[] {
  return resolved
    .flatMap((one) => one.paths)
    .flatMap(({ wanted, outputs }) => {
      if (wanted.kind !== "built" || wanted.drv.kind !== "opaque") return [];
      const drvPath = wanted.drv.path;
      return [...outputs.keys()].map((outputName) => ({ drvPath, outputName }));
    });
}
