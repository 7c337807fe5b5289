/** `nivis store repair`: fetches damaged paths again, or builds them. */
import { type DerivedPath, isBuildSuccess, marked } from "@nivis/formats";
import {
  type Builder,
  capability,
  invalidPath,
  type Store,
  StoreError,
  unsupported,
} from "@nivis/store";
import {
  emptyPathsDraft,
  PATHS_OPTIONS,
  type PathsDraft,
  selectedPaths,
  takeArgument,
} from "../../options/installable.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const storeRepairCommand: StoreProgram<PathsDraft> = {
  name: "nivis store repair",
  summary: "fetch damaged paths again, or build them",
  usage: "[FLAG]... PATH...",
  examples: [{ does: "Repair a path", command: "nivis store repair /nix/store/…-hello" }],
  options: PATHS_OPTIONS,
  start: emptyPathsDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const store = await session.store();
    // Nix: only a store of this machine repairs; the protocol has no such operation.
    if (!/^local(?:$|[:?])/.test(store.uri)) throw unsupported("repairPath", store.uri);
    const builder = capability(store, "builder", "repairPath")(store);
    for (const path of await selectedPaths(draft, session, store)) {
      const fetched = await failureOf(builder, { kind: "opaque", path }, session.signal);
      if (fetched === undefined) continue;
      const drvPath = await deriverOf(store, path);
      if (drvPath === undefined)
        throw new StoreError("build", marked`cannot repair path '${path}'`);
      const drv = { kind: "opaque", path: drvPath } as const;
      const wanted: DerivedPath = { kind: "built", drv, outputs: "all" };
      const built = await failureOf(builder, wanted, session.signal);
      if (built !== undefined) throw new StoreError("build", built);
    }
    return 0;
  },
};

async function failureOf(
  builder: Builder,
  path: DerivedPath,
  signal: AbortSignal,
): Promise<string | undefined> {
  const results = await builder.build([path], "repair", { signal });
  const failed = results.find(({ status }) => !isBuildSuccess(status));
  return failed?.errorMessage;
}

/** The valid derivation that made a path. Throws if the path itself is not valid. */
async function deriverOf(store: Store, path: string): Promise<string | undefined> {
  const info = await store.info(path);
  if (info === undefined) throw invalidPath(path);
  const { deriver } = info;
  if (deriver === undefined) return undefined;
  return (await store.validPaths([deriver])).has(deriver) ? deriver : undefined;
}
