/** `nivis hash convert`: a hash in another form. */
import {
  encodeUtf8,
  FormatError,
  formatHash,
  type HashAlgorithm,
  type HashFormat,
  marked,
  parseHashAlgorithm,
  parseHashAndFormat,
} from "@nivis/formats";
import { takeArgument } from "../../options/installable.ts";
import { usageError, valueFlag } from "../../options/option.ts";
import { emptyStoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";
import { type FormatDraft, hashFormatFlag, warnOfOldNames } from "./format-flag.ts";

interface ConvertDraft extends FormatDraft {
  from: HashFormat | undefined;
  to: HashFormat;
  algorithm: HashAlgorithm | undefined;
}

/** See the head of this file. */
export const hashConvertCommand: StoreProgram<ConvertDraft> = {
  name: "nivis hash convert",
  summary: "write a hash in another form",
  usage: "[FLAG]... HASH...",
  examples: [
    {
      does: "Convert to SRI",
      command: "nivis hash convert --hash-algo sha1 800d59cfcd3c05e900cb4e214be48f6b886a08df",
    },
  ],
  options: [
    hashFormatFlag<ConvertDraft>("--from", "The form that is given", (draft, format) => {
      draft.from = format;
    }),
    hashFormatFlag<ConvertDraft>(
      "--to",
      "sri (the default), nix32, base16 or base64",
      (draft, format) => {
        draft.to = format;
      },
    ),
    valueFlag<ConvertDraft>(
      ["--hash-algo"],
      "ALGORITHM",
      "The algorithm of a hash that does not name it",
      (draft, text) => {
        draft.algorithm = parseHashAlgorithm(encodeUtf8(text));
      },
    ),
  ],
  start: () => ({
    ...emptyStoreDraft(),
    oldNames: 0,
    from: undefined,
    to: "sri",
    algorithm: undefined,
  }),
  positional: takeArgument,
  run: async (draft, session) => {
    warnOfOldNames(draft, session);
    if (draft.arguments.length === 0) throw usageError("give one hash or more");
    for (const text of draft.arguments) {
      const { hash, format } = parseHashAndFormat(text, draft.algorithm);
      if (draft.from !== undefined && draft.from !== format) {
        throw new FormatError(
          "bad-hash",
          marked`input hash '${text}' has format '${format}', but '--from ${draft.from}' was specified`,
        );
      }
      session.print(formatHash(hash, draft.to, draft.to === "sri"));
    }
    return 0;
  },
};
