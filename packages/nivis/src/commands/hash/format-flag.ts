/** Options of `nivis hash` that name a form of hashes; the old name `base32` is accepted with a warning. */
import { encodeUtf8, type HashFormat, parseHashFormat } from "@nivis/formats";
import { type Option, valueFlag } from "../../options/option.ts";
import type { StoreDraft } from "../../options/store-options.ts";
import type { StoreSession } from "../../store-program.ts";

/** What counts uses of the old name. */
export interface FormatDraft extends StoreDraft {
  oldNames: number;
}

/** The option `name`, whose value `set` notes. */
export function hashFormatFlag<Draft extends FormatDraft>(
  name: string,
  description: string,
  set: (draft: Draft, format: HashFormat) => void,
): Option<Draft> {
  return valueFlag([name], "FORMAT", description, (draft, text) => {
    set(draft, parseHashFormat(encodeUtf8(text)));
    if (text === "base32") draft.oldNames++;
  });
}

/** Warns of old names, once for each use. */
export function warnOfOldNames({ oldNames }: FormatDraft, session: StoreSession): void {
  for (let i = 0; i < oldNames; i++) {
    session.warn('"base32" is a deprecated alias for hash format "nix32".');
  }
}
