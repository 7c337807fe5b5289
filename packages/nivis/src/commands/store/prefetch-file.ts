/** `nivis store prefetch-file`: downloads a file into a store and prints where it is. */
import {
  type ContentAddressMethod,
  checkStorePathName,
  decodeUtf8,
  encodeUtf8,
  equalHashes,
  escapeJsonString,
  FormatError,
  formatHash,
  type HashAlgorithm,
  InputError,
  jsonObject,
  marked,
  type NixHash,
  parseHash,
  parseHashAlgorithm,
  parseUrl,
  withNoteAdded,
} from "@nivis/formats";
import { nodeStoreHost } from "@nivis/node";
import { capability, digestOf, pathOfContent, streamOf } from "@nivis/store";
import { takeArgument } from "../../options/installable.ts";
import { flag, usageError, valueFlag } from "../../options/option.ts";
import { emptyStoreDraft, JSON_OPTIONS, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram, StoreSession } from "../../store-program.ts";
import { prefetchedBytes } from "./prefetched-file.ts";

interface PrefetchDraft extends StoreDraft {
  name: string | undefined;
  algorithm: HashAlgorithm;
  expected: NixHash | undefined;
  executable: boolean;
  unpack: boolean;
}

/** See the head of this file. */
export const storePrefetchFileCommand: StoreProgram<PrefetchDraft> = {
  name: "nivis store prefetch-file",
  summary: "download a file into a store",
  usage: "[FLAG]... URL",
  examples: [
    {
      does: "Download a file",
      command: "nivis store prefetch-file https://example.org/x.tar.gz",
    },
    {
      does: "Add what is in an archive",
      command: "nivis store prefetch-file --unpack https://example.org/x.tar.gz",
    },
  ],
  options: [
    ...JSON_OPTIONS,
    valueFlag<PrefetchDraft>(["--name"], "NAME", "Name the path NAME", (draft, text) => {
      draft.name = encodeUtf8(text);
    }),
    valueFlag<PrefetchDraft>(
      ["--hash-type"],
      "ALGORITHM",
      "Hash by sha256 (the default), sha512, sha1, md5 or blake3",
      (draft, text) => {
        draft.algorithm = parseHashAlgorithm(encodeUtf8(text));
      },
    ),
    valueFlag<PrefetchDraft>(
      ["--expected-hash"],
      "HASH",
      "Fail if the hash is another one; download nothing if the store has the file",
      (draft, text) => {
        draft.expected = parseHash(encodeUtf8(text), draft.algorithm);
      },
    ),
    flag<PrefetchDraft>(
      ["--executable"],
      "Make the file executable; the hash is that of its NAR",
      (draft) => {
        draft.executable = true;
      },
    ),
    flag<PrefetchDraft>(["--unpack"], "Add what is in the archive", (draft) => {
      draft.unpack = true;
    }),
  ],
  start: () => ({
    ...emptyStoreDraft(),
    name: undefined,
    algorithm: "sha256",
    expected: undefined,
    executable: false,
    unpack: false,
  }),
  positional: takeArgument,
  run: async (draft, session) => {
    const [url, ...more] = draft.arguments;
    if (url === undefined) throw usageError("this command needs a URL");
    if (more.length > 0) throw usageError(marked`unexpected argument '${more[0]}'`);
    const { path, hash } = await prefetch(draft, url, session);
    const shown = formatHash(hash, "sri", true);
    if (draft.json) {
      session.printJson(
        jsonObject([
          ["hash", escapeJsonString(shown)],
          ["storePath", escapeJsonString(path)],
        ]),
      );
    } else if (draft.verbosity > -2) {
      session.tell(`Downloaded '${url}' to '${path}' (hash '${shown}').`);
    }
    return 0;
  },
};

async function prefetch(
  { name: chosen, unpack, executable, expected, algorithm }: PrefetchDraft,
  url: string,
  session: StoreSession,
): Promise<{ readonly path: string; readonly hash: NixHash }> {
  const name = chosen ?? nameFromUrl(url);
  checkStorePathName(name);
  const method: ContentAddressMethod = unpack || executable ? "nar" : "flat";
  const store = await session.store();
  const { signal } = session;
  if (expected !== undefined) {
    const path = pathOfContent(name, { method, hash: expected }, [], store.storeDir, nodeStoreHost);
    if ((await store.validPaths([path], { signal })).has(path)) return { path, hash: expected };
  }
  const { settings = [] } = await session.storeOptions();
  const bytes = await prefetchedBytes({
    url,
    unpack,
    executable,
    settings: settings.map((one) => ({ name: one.name, value: decodeUtf8(one.value) })),
    environment: session.terminal.environment,
    warn: (message) => session.warn(message),
  });
  const used = expected?.algorithm ?? algorithm;
  const { hash } = await digestOf(streamOf(bytes), nodeStoreHost.hashes, used);
  if (expected !== undefined && !equalHashes(hash, expected)) {
    // Nix: the message names a temporary file, and neither hash.
    throw new InputError(
      marked`hash mismatch for '${url}':\n  specified: ${formatHash(expected, "sri", true)}\n  got:       ${formatHash(hash, "sri", true)}`,
    );
  }
  const content = { name, method, algorithm: used, references: [], bytes: () => streamOf(bytes) };
  const writer = capability(store, "writer", "addToStore");
  const { path } = await writer.addContent(content, { signal });
  return { path, hash };
}

/** The last part of the path of a URL, if it can name a store path. */
function nameFromUrl(url: string): string {
  const name = lastPart(url);
  if (name === undefined) throw new InputError(marked`cannot figure out file name for '${url}'`);
  try {
    checkStorePathName(name);
  } catch (error) {
    throw withNoteAdded(error, () => marked`file name '${name}' was extracted from URL '${url}'`);
  }
  return name;
}

/** The last part that is not empty; of a text that is not a URL, what follows the last slash. */
function lastPart(url: string): string | undefined {
  try {
    return parseUrl(url).path.findLast((part) => part !== "");
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return url.split("/").findLast((part) => part !== "");
  }
}
