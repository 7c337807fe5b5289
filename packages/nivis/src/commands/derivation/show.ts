/** `nivis derivation show`: derivations of a store as JSON. */
import {
  DERIVATION_JSON_VERSION,
  formatDerivationJson,
  isDerivationPath,
  jsonObject,
  storePathBaseName,
} from "@nivis/formats";
import { nodeStoreHost } from "@nivis/node";
import { closureOf, readDerivation, StoreError } from "@nivis/store";
import {
  DEFAULT_ARGUMENT,
  derivationOf,
  notInStore,
  resolveArguments,
  takeArgument,
} from "../../options/installable.ts";
import { flag } from "../../options/option.ts";
import {
  emptyStoreDraft,
  prettyOptions,
  SOURCE_OPTIONS,
  type StoreDraft,
} from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

interface ShowDraft extends StoreDraft {
  recursive: boolean;
}

/** See the head of this file. */
export const derivationShowCommand: StoreProgram<ShowDraft> = {
  name: "nivis derivation show",
  summary: "print derivations of a store as JSON",
  usage: "[FLAG]... [PATH | FLAKE#ATTR]...",
  examples: [
    { does: "Show a derivation", command: "nivis derivation show /nix/store/…-hello.drv" },
  ],
  options: [
    flag<ShowDraft>(["--recursive", "-r"], "Show what it is built from, too", (draft) => {
      draft.recursive = true;
    }),
    ...prettyOptions(),
    ...SOURCE_OPTIONS,
  ],
  start: () => ({ ...emptyStoreDraft(), recursive: false }),
  positional: takeArgument,
  run: async (draft, session) => {
    const isEmpty = draft.arguments.length === 0 && !session.hasSource;
    const given = isEmpty ? [DEFAULT_ARGUMENT] : draft.arguments;
    const store = await session.store();
    const { signal } = session;
    let paths: string[] = [];
    for (const argument of await resolveArguments(given, session, store, "nothing")) {
      paths.push(...(await derivationOf(argument, store)));
    }
    if (draft.recursive) paths = [...(await closureOf(store, paths, { signal })).keys()];
    const members: [string, string][] = [];
    for (const path of new Set(paths.filter(isDerivationPath))) {
      const drv = await readDerivation(store, path, nodeStoreHost, { signal }).catch((error) => {
        const isInvalid = error instanceof StoreError && error.kind === "invalid-path";
        throw isInvalid ? notInStore(path, store) : error;
      });
      members.push([storePathBaseName(path), formatDerivationJson(drv)]);
    }
    session.printJson(
      `{"derivations":${jsonObject(members)},"version":${DERIVATION_JSON_VERSION}}`,
    );
    return 0;
  },
};
