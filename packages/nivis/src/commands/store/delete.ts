/** `nivis store delete`: deletes paths that no root needs. */
import { capability, type GcResult } from "@nivis/store";
import {
  emptyPathsDraft,
  PATHS_OPTIONS,
  type PathsDraft,
  selectedPaths,
  takeArgument,
} from "../../options/installable.ts";
import { flag } from "../../options/option.ts";
import type { StoreProgram } from "../../store-program.ts";
import { renderSize } from "../../text/size.ts";

interface DeleteDraft extends PathsDraft {
  skipAlive: boolean;
  alsoReferrers: boolean;
  ignoreLiveness: boolean;
}

/** See the head of this file. */
export const storeDeleteCommand: StoreProgram<DeleteDraft> = {
  name: "nivis store delete",
  summary: "delete paths from a store",
  usage: "[FLAG]... PATH...",
  examples: [
    { does: "Delete a path that no root needs", command: "nivis store delete /nix/store/…-hello" },
  ],
  options: [
    ...PATHS_OPTIONS,
    flag<DeleteDraft>(
      ["--skip-alive", "--skip-live"],
      "Leave out paths that are needed",
      (draft) => {
        draft.skipAlive = true;
      },
    ),
    flag<DeleteDraft>(["--also-referrers"], "Delete what refers to the paths as well", (draft) => {
      draft.alsoReferrers = true;
    }),
    flag<DeleteDraft>(
      ["--ignore-liveness"],
      "Delete the paths although roots need them, which daemons refuse",
      (draft) => {
        draft.ignoreLiveness = true;
      },
    ),
  ],
  start: () => ({
    ...emptyPathsDraft(),
    skipAlive: false,
    alsoReferrers: false,
    ignoreLiveness: false,
  }),
  positional: takeArgument,
  run: async (draft, session) => {
    const store = await session.store();
    const paths = await selectedPaths(draft, session, store);
    const { signal } = session;
    const { alsoReferrers: deleteReferrers, ignoreLiveness } = draft;
    const collector = capability(store, "collector", "collectGarbage");
    let result: GcResult = { paths: [], bytesFreed: 0n };
    try {
      result =
        ignoreLiveness && store.owner !== undefined
          ? await store.owner.deleteAlive(paths, { deleteReferrers, signal })
          : await collector.collect({
              action: draft.skipAlive ? "delete-dead" : "delete-specific",
              paths: { kind: "specific", paths, deleteReferrers },
              ignoreLiveness,
              signal,
            });
    } finally {
      // Nix: printed even if it fails.
      session.print(
        `${result.paths.length} store paths deleted, ${renderSize(result.bytesFreed)} freed`,
      );
    }
    return 0;
  },
};
