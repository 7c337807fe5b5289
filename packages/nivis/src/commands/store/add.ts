/** `nivis store add`: adds a file or directory by its content. */
import {
  type ContentAddressMethod,
  encodeUtf8,
  type HashAlgorithm,
  marked,
  parseContentAddressMethod,
  parseHashAlgorithm,
} from "@nivis/formats";
import { nodeFileSystem, nodeStoreHost } from "@nivis/node";
import {
  type ByteStream,
  capability,
  isPlainFile,
  narOfFiles,
  noSuchFile,
  prepareContent,
  StoreError,
} from "@nivis/store";
import { absolutePath, takeArgument } from "../../options/installable.ts";
import { flag, usageError, valueFlag } from "../../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

interface AddDraft extends StoreDraft {
  name: string | undefined;
  method: ContentAddressMethod;
  algorithm: HashAlgorithm;
  dryRun: boolean;
}

/** See the head of this file. */
export const storeAddCommand: StoreProgram<AddDraft> = {
  name: "nivis store add",
  summary: "add a file or directory to a store",
  usage: "[FLAG]... PATH",
  examples: [{ does: "Add a directory", command: "nivis store add ./dir" }],
  options: [
    valueFlag<AddDraft>(["--name", "-n"], "NAME", "Name the path NAME", (draft, text) => {
      draft.name = encodeUtf8(text);
    }),
    valueFlag<AddDraft>(
      ["--mode"],
      "METHOD",
      "Hash nar (the default), flat, text or git",
      (draft, text) => {
        draft.method = parseContentAddressMethod(encodeUtf8(text));
      },
    ),
    valueFlag<AddDraft>(
      ["--hash-algo"],
      "ALGORITHM",
      "Hash by sha256 (the default), sha512 …",
      (draft, text) => {
        draft.algorithm = parseHashAlgorithm(encodeUtf8(text));
      },
    ),
    flag<AddDraft>(["--dry-run"], "Only print the path", (draft) => {
      draft.dryRun = true;
    }),
  ],
  start: () => ({
    ...emptyStoreDraft(),
    name: undefined,
    method: "nar",
    algorithm: "sha256",
    dryRun: false,
  }),
  positional: takeArgument,
  run: async (draft, session) => {
    const [argument, ...more] = draft.arguments;
    if (argument === undefined || more.length > 0) throw usageError("give one path");
    const path = absolutePath(argument, session);
    const { method, algorithm } = draft;
    const name = draft.name ?? path.slice(path.lastIndexOf("/") + 1);
    const bytes = await contentOf(path, method);
    const store = await session.store();
    const content = { name, method, algorithm, references: [], bytes };
    if (draft.dryRun) {
      const { info } = await prepareContent(content, store.storeDir, nodeStoreHost);
      session.print(info.path);
      return 0;
    }
    const writer = capability(store, "writer", "addToStore");
    const { path: added } = await writer.addContent(content, { signal: session.signal });
    session.print(added);
    return 0;
  },
};

/** What is hashed and sent: the file itself or a NAR. */
async function contentOf(path: string, method: ContentAddressMethod): Promise<() => ByteStream> {
  const status = await nodeFileSystem.status(path);
  if (status === undefined) throw noSuchFile(marked`opening file "${path}"`);
  if (!isPlainFile(method)) return () => narOfFiles(nodeFileSystem, path);
  if (status.type !== "regular")
    throw new StoreError("io", marked`path '${path}' is not a regular file`);
  return () => nodeFileSystem.read(path);
}
