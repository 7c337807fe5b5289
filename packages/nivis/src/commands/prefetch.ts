/** `nivis prefetch`: downloads something and prints its hash, as `nix-prefetch-url` does. */
import { formatJsonTree, type JsonTree } from "@nivis/flake";
import {
  decodeBase64,
  encodeUtf8,
  equalHashes,
  type FetcherInput,
  flakeRefAttrs,
  formatHash,
  HASH_MISMATCH_EXIT_CODE,
  type HashAlgorithm,
  type HashFormat,
  InputError,
  inputFromAttrs,
  marked,
  type NixHash,
  parseFlakeRef,
  parseHash,
  parseHashAlgorithm,
} from "@nivis/formats";
import { type FlakeSession, nodeHashes } from "@nivis/node";
import {
  type AsyncProgram,
  type CommonFlags,
  commonFlags,
  unexpectedArgument,
} from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";
import type { Invocation } from "../invocation.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";

/** What `nivis prefetch` gathers. */
export interface PrefetchDraft extends CommonFlags {
  url: string | undefined;
  expected: string | undefined;
  unpack: boolean;
  json: boolean;
  algorithm: HashAlgorithm;
  format: HashFormat;
}

/** URLs of single files; everything else is a tree. */
const PLAIN_URL = /^(?:https?|file):/;

async function run(
  draft: PrefetchDraft,
  invocation: Invocation,
  session: FlakeSession,
): Promise<void> {
  const { terminal } = invocation;
  const { url } = draft;
  if (url === undefined) throw usageError("this command needs a URL");
  const isFile = PLAIN_URL.test(url) && !draft.unpack;
  const { hash, locked } = isFile
    ? await fileHash(draft, session, url)
    : await treeHash(draft, session, url);
  const expected =
    draft.expected === undefined ? undefined : parseHash(draft.expected, hash.algorithm);
  const shown = formatHash(hash, draft.format, draft.format === "sri");
  if (expected !== undefined && !equalHashes(hash, expected)) {
    throw new InputError(
      marked`hash mismatch for '${url}':\n  specified: ${formatHash(expected, draft.format, true)}\n  got:       ${formatHash(hash, draft.format, true)}`,
      HASH_MISMATCH_EXIT_CODE,
    );
  }
  if (!draft.json) {
    terminal.writeOut(`${shown}\n`);
    return;
  }
  const json = new Map<string, JsonTree>([
    ["url", url],
    ["hash", formatHash(hash, "sri", true)],
    ["recursive", !isFile],
    ...(locked === undefined ? [] : [["locked", locked] as const]),
  ]);
  terminal.writeOut(`${formatJsonTree(json, "")}\n`);
}

interface Prefetched {
  readonly hash: NixHash;
  readonly locked: JsonTree | undefined;
}

async function fileHash(
  { algorithm }: PrefetchDraft,
  session: FlakeSession,
  url: string,
): Promise<Prefetched> {
  const contents = await session.fetcher.fetchFile(url, "prefetch");
  return { hash: { algorithm, digest: nodeHashes.hash(algorithm, contents) }, locked: undefined };
}

async function treeHash(
  { algorithm }: PrefetchDraft,
  session: FlakeSession,
  url: string,
): Promise<Prefetched> {
  if (algorithm !== "sha256") throw usageError("trees are hashed by sha256 only");
  const fetched = await session.fetcher.fetch(treeInput(session, url));
  const digest = decodeBase64((await fetched.narHash()).slice("sha256-".length));
  const attrs = new Map(flakeRefAttrs({ input: fetched.locked, directory: "" }));
  attrs.delete("__final");
  return { hash: { algorithm, digest }, locked: attrs };
}

function treeInput(session: FlakeSession, url: string): FetcherInput {
  if (PLAIN_URL.test(url)) {
    return inputFromAttrs(
      new Map([
        ["type", "tarball"],
        ["url", url],
      ]),
    );
  }
  return /^[./]/.test(url)
    ? session.parseRef(url, { isFlake: false }).input
    : parseFlakeRef(url).input;
}

/** See the head of this file. */
export const prefetchCommand: AsyncProgram<PrefetchDraft> = {
  name: "nivis prefetch",
  summary: "download something and print its hash",
  usage: "[FLAG]... URL [HASH]",
  description: [
    "URL is that of a file, of an archive with --unpack, or a reference such as github:o/r or git+https://…. With HASH it fails if the hash is another one.",
  ],
  examples: [
    { does: "The hash of a file", command: "nivis prefetch https://example.org/x.tar.gz" },
    {
      does: "The hash of what is in it",
      command: "nivis prefetch --unpack https://example.org/x.tar.gz",
    },
    {
      does: "A commit, its time and its hash",
      command: "nivis prefetch --json github:NixOS/patchelf",
    },
  ],
  options: [
    flag<PrefetchDraft>(["--unpack"], "Hash the tree in the archive", (draft) => {
      draft.unpack = true;
    }),
    flag<PrefetchDraft>(["--json"], "Print JSON", (draft) => {
      draft.json = true;
    }),
    flag<PrefetchDraft>(["--sri"], "Print the hash as sha256-…", (draft) => {
      draft.format = "sri";
    }),
    valueFlag<PrefetchDraft>(
      ["--type"],
      "ALGORITHM",
      "Hash by another algorithm",
      (draft, name) => {
        draft.algorithm = parseHashAlgorithm(name);
      },
    ),
  ],
  defaults: (invocation) => ({
    ...commonFlags(invocation),
    url: undefined,
    expected: undefined,
    unpack: false,
    json: false,
    algorithm: "sha256",
    format: "nix32",
  }),
  positional: (draft, argument) => {
    if (draft.url === undefined) draft.url = encodeUtf8(argument);
    else if (draft.expected === undefined) draft.expected = argument;
    else unexpectedArgument(argument);
  },
  run: (draft, invocation) =>
    withFlakeSession(invocation, (session) => run(draft, invocation, session)),
};
