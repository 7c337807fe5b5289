/** `nivis hash to-base16` and others: older spellings of `nivis hash convert --to`. */
import {
  encodeUtf8,
  formatHash,
  type HashAlgorithm,
  type HashFormat,
  parseHashAlgorithm,
  parseHashAndFormat,
} from "@nivis/formats";
import { takeArgument } from "../../options/installable.ts";
import { valueFlag } from "../../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

interface ToFormatDraft extends StoreDraft {
  algorithm: HashAlgorithm | undefined;
}

/** The command that writes hashes in one form. */
export function hashToFormatCommand(word: string, format: HashFormat): StoreProgram<ToFormatDraft> {
  const hash = "800d59cfcd3c05e900cb4e214be48f6b886a08df";
  return {
    name: `nivis hash ${word}`,
    summary: `write a hash as ${format}; deprecated, use 'convert'`,
    usage: "[FLAG]... HASH...",
    examples: [{ does: "Convert a hash", command: `nivis hash ${word} --type sha1 ${hash}` }],
    options: [
      valueFlag<ToFormatDraft>(
        ["--type"],
        "ALGORITHM",
        "The algorithm of a hash that does not name it",
        (draft, text) => {
          draft.algorithm = parseHashAlgorithm(encodeUtf8(text));
        },
      ),
    ],
    start: () => ({ ...emptyStoreDraft(), algorithm: undefined }),
    positional: takeArgument,
    run: async (draft, session) => {
      session.warn(
        "The old format conversion subcommands of `nix hash` were deprecated in favor of `nix hash convert`.",
      );
      for (const text of draft.arguments) {
        const { hash } = parseHashAndFormat(text, draft.algorithm);
        session.print(formatHash(hash, format, format === "sri"));
      }
      return 0;
    },
  };
}
