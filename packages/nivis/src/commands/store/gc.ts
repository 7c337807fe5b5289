/** `nivis store gc`: deletes what no root needs. */
import { marked } from "@nivis/formats";
import { capability } from "@nivis/store";
import { takeArgument } from "../../options/installable.ts";
import { flag, usageError, valueFlag } from "../../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";
import { renderSize } from "../../text/size.ts";

interface GcDraft extends StoreDraft {
  dryRun: boolean;
  max: bigint | undefined;
}

const UNITS: Readonly<Record<string, bigint>> = {
  "": 1n,
  K: 1n << 10n,
  M: 1n << 20n,
  G: 1n << 30n,
  T: 1n << 40n,
};

/** See the head of this file. */
export const storeGcCommand: StoreProgram<GcDraft> = {
  name: "nivis store gc",
  summary: "delete what no root needs",
  usage: "[FLAG]...",
  examples: [
    { does: "Delete all garbage", command: "nivis store gc" },
    { does: "Free a hundred gigabytes", command: "nivis store gc --max 100G" },
  ],
  options: [
    flag<GcDraft>(["--dry-run"], "Only count", (draft) => {
      draft.dryRun = true;
    }),
    valueFlag<GcDraft>(
      ["--max"],
      "BYTES",
      "Stop when so much is freed; units K, M, G, T",
      (draft, text) => {
        const found = /^(\d+)([KMGT]?)$/i.exec(text);
        if (found === null) throw usageError(marked`'${text}' is not a number of bytes`);
        draft.max =
          BigInt(found[1] as string) * (UNITS[(found[2] as string).toUpperCase()] as bigint);
      },
    ),
  ],
  start: () => ({ ...emptyStoreDraft(), dryRun: false, max: undefined }),
  positional: takeArgument,
  run: async (draft, session) => {
    if (draft.arguments.length > 0) throw usageError("nivis store gc takes no arguments");
    if (draft.dryRun && draft.max !== undefined) {
      throw usageError("options --max and --dry-run cannot be combined");
    }
    const store = await session.store();
    const { paths, bytesFreed } = await capability(store, "collector", "collectGarbage").collect({
      action: draft.dryRun ? "return-dead" : "delete-dead",
      signal: session.signal,
      ...(draft.max === undefined ? {} : { maxFreed: draft.max }),
    });
    session.print(
      draft.dryRun
        ? `${paths.length} store paths would be deleted`
        : `${paths.length} store paths deleted, ${renderSize(bytesFreed)} freed`,
    );
    return 0;
  },
};
