/** `nivis copy`: copies paths, with all that they refer to, from one store to another. */
import { EvalError } from "@nivis/eval";
import { type DrvOutput, encodeUtf8 } from "@nivis/formats";
import { makeRoot, nodeStoreHost } from "@nivis/node";
import { copyPaths, copyRealisations } from "@nivis/store";
import type { ResolvedInstallable } from "../evaluated-installables.ts";
import {
  COPY_OPTIONS,
  type CopyDraft,
  copiedStores,
  emptyCopyDraft,
} from "../options/copy-options.ts";
import { resolvedArguments, rootPathsOf, takeArgument } from "../options/installable.ts";
import { flag, valueFlag } from "../options/option.ts";
import { linksOf } from "../out-links.ts";
import { PROFILE_OPTION, setProfileIn } from "../profile.ts";
import type { StoreProgram } from "../store-program.ts";
import { storeTopic } from "./store-topics.ts";

interface CopyingDraft extends CopyDraft {
  outLink: string | undefined;
  profile: string | undefined;
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
      // For a process of C++ Nix that stands for a local store, which checks realisations too.
      draft.settings.push({ name: "require-sigs", value: "false" });
    }),
    valueFlag<CopyingDraft>(
      ["--out-link", "-o"],
      "LINK",
      "Link to what was copied from LINK, LINK-1 …",
      (draft, path) => {
        draft.outLink = encodeUtf8(path);
      },
    ),
    PROFILE_OPTION,
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
    outLink: undefined,
    profile: undefined,
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
    const { profile, outLink } = draft;
    if (profile !== undefined) {
      const built = await rootPathsOf({ ...draft, derivation: false }, session, from, resolved);
      await setProfileIn(to, session.absolutePath(profile), built);
    }
    if (outLink !== undefined) {
      const built = resolved.flatMap((one) => one.paths);
      for (const { path, link } of linksOf(built, session.absolutePath(outLink))) {
        if (await makeRoot(to, path, link)) continue;
        throw new EvalError("not-supported", "'--out-link' is not supported for this Nix store");
      }
    }
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
