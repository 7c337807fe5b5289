/** `nivis hash path` and `nivis hash file`: the hash of a path, as a NAR or as a plain file. */
import {
  encodeUtf8,
  formatHash,
  type HashAlgorithm,
  type HashFormat,
  marked,
  parseFileIngestionMethod,
  parseHashAlgorithm,
} from "@nivis/formats";
import { nodeFileSystem, nodeStoreHost } from "@nivis/node";
import { digestOf, narOfFiles, noSuchFile, StoreError } from "@nivis/store";
import { absolutePath, takeArgument } from "../../options/installable.ts";
import { flag, type Option, valueFlag } from "../../options/option.ts";
import { emptyStoreDraft } from "../../options/store-options.ts";
import type { StoreProgram, StoreSession } from "../../store-program.ts";
import { type FormatDraft, hashFormatFlag, warnOfOldNames } from "./format-flag.ts";

interface HashDraft extends FormatDraft {
  method: "flat" | "nar" | "git";
  format: HashFormat;
  algorithm: HashAlgorithm;
}

function formatFlag(name: string, format: HashFormat): Option<HashDraft> {
  return flag([`--${name}`], `Print the hash in ${name === "sri" ? "SRI" : name} form`, (draft) => {
    draft.format = format;
  });
}

const OPTIONS: readonly Option<HashDraft>[] = [
  formatFlag("sri", "sri"),
  formatFlag("base64", "base64"),
  formatFlag("base32", "nix32"),
  formatFlag("base16", "base16"),
  valueFlag(
    ["--type", "--algo"],
    "ALGORITHM",
    "sha256 (the default), sha512, sha1, md5 or blake3",
    (draft, text) => {
      draft.algorithm = parseHashAlgorithm(encodeUtf8(text));
    },
  ),
];

/** `nivis hash path`. */
export const hashPathCommand: StoreProgram<HashDraft> = {
  name: "nivis hash path",
  summary: "print the hash of the NAR of a path",
  usage: "[FLAG]... PATH...",
  examples: [{ does: "Hash a directory", command: "nivis hash path ./dir" }],
  options: [
    ...OPTIONS,
    valueFlag<HashDraft>(["--mode"], "METHOD", "Hash nar (the default) or flat", (draft, text) => {
      draft.method = parseFileIngestionMethod(encodeUtf8(text));
    }),
    hashFormatFlag<HashDraft>(
      "--format",
      "sri (the default), nix32, base16 or base64",
      (draft, format) => {
        draft.format = format;
      },
    ),
  ],
  start: () => ({
    ...emptyStoreDraft(),
    oldNames: 0,
    method: "nar",
    format: "sri",
    algorithm: "sha256",
  }),
  positional: takeArgument,
  run: printHashes,
};

/** `nivis hash file`. */
export const hashFileCommand: StoreProgram<HashDraft> = {
  name: "nivis hash file",
  summary: "print the hash of a file",
  usage: "[FLAG]... FILE...",
  examples: [{ does: "Hash a file", command: "nivis hash file ./file" }],
  options: OPTIONS,
  start: () => ({
    ...emptyStoreDraft(),
    oldNames: 0,
    method: "flat",
    format: "sri",
    algorithm: "sha256",
  }),
  positional: takeArgument,
  run: printHashes,
};

async function printHashes(draft: HashDraft, session: StoreSession): Promise<number> {
  const { method, format, algorithm } = draft;
  warnOfOldNames(draft, session);
  if (method === "git") {
    throw new StoreError("unsupported", "hashing by 'git' is not supported yet");
  }
  for (const argument of draft.arguments) {
    const path = absolutePath(argument, session);
    if ((await nodeFileSystem.status(path)) === undefined) {
      const shown = method === "flat" ? argument : path;
      throw noSuchFile(marked`opening file "${shown}"`);
    }
    const bytes = method === "nar" ? narOfFiles(nodeFileSystem, path) : nodeFileSystem.read(path);
    const { hash } = await digestOf(bytes, nodeStoreHost.hashes, algorithm);
    session.print(formatHash(hash, format, format === "sri"));
  }
  return 0;
}
