/** The options of commands that read one store and write another. */
import { encodeUtf8 } from "@nivis/formats";
import type { Store } from "@nivis/store";
import type { StoreSession } from "../store-program.ts";
import { emptyPathsDraft, PATHS_OPTIONS, type PathsDraft } from "./installable.ts";
import { type Option, usageError, valueFlag } from "./option.ts";

/** What the commands gather. Texts are bytes. */
export interface CopyDraft extends PathsDraft {
  from: string | undefined;
  to: string | undefined;
}

/** The state before the first option. */
export function emptyCopyDraft(): CopyDraft {
  return { ...emptyPathsDraft(), from: undefined, to: undefined };
}

/** The options, with those of commands on several paths. */
export const COPY_OPTIONS: readonly Option<CopyDraft>[] = [
  valueFlag(["--from"], "STORE", "Copy from STORE", (draft, text) => {
    draft.from = encodeUtf8(text);
  }),
  valueFlag(["--to"], "STORE", "Copy to STORE", (draft, text) => {
    draft.to = encodeUtf8(text);
  }),
  ...PATHS_OPTIONS,
];

/** The two stores, and the reference of the first; that of the command line is the other side. */
export async function copiedStores(
  draft: CopyDraft,
  session: StoreSession,
  needsOne = true,
): Promise<{ readonly from: Store; readonly to: Store; readonly uri: string | undefined }> {
  if (needsOne && draft.from === undefined && draft.to === undefined) {
    throw usageError("you must pass '--from' and/or '--to'");
  }
  const open = (uri: string | undefined): Promise<Store> =>
    uri === undefined ? session.store() : session.open(uri);
  return { from: await open(draft.from), to: await open(draft.to), uri: draft.from ?? draft.store };
}
