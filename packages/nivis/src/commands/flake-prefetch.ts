/** `nivis flake prefetch`: fetches a flake, or anything a reference names, into the cache. */
import { treeStorePath } from "@nivis/fetch";
import { formatJsonTree, type JsonTree } from "@nivis/flake";
import {
  encodeUtf8,
  type FlakeRef,
  flakeRefAttrs,
  formatFlakeRef,
  withInputAttrs,
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
import { flag } from "../options/option.ts";

/** What `nivis flake prefetch` gathers. */
export interface FlakePrefetchDraft extends CommonFlags {
  ref: string | undefined;
  json: boolean;
}

const DEFAULT_STORE_DIR = "/nix/store";

async function run(
  draft: FlakePrefetchDraft,
  invocation: Invocation,
  session: FlakeSession,
): Promise<void> {
  const { terminal } = invocation;
  const asked = session.parseRef(draft.ref ?? ".");
  const { resolved, fetched, directory } = await session.world.inputs.get(asked.input, "all");
  const original: FlakeRef = { input: resolved, directory: directory ?? asked.directory };
  const hash = await fetched.narHash();
  const storeDir = encodeUtf8(terminal.environment["NIX_STORE_DIR"] ?? DEFAULT_STORE_DIR);
  const storePath = treeStorePath(fetched.locked, hash, { storeDir, hashes: nodeHashes });
  if (!draft.json) {
    const shown = formatFlakeRef({ input: fetched.locked, directory: original.directory });
    invocation.note(`Fetched '${shown}' (store path '${storePath}', hash '${hash}').`);
    return;
  }
  const locked = withInputAttrs(fetched.locked, { __final: undefined, narHash: undefined });
  const attrs = new Map<string, JsonTree>(
    flakeRefAttrs({ input: locked, directory: original.directory }),
  );
  for (const [name, compute] of fetched.lazyAttrs ?? []) attrs.set(name, await compute());
  const json = new Map<string, JsonTree>([
    ["hash", hash],
    ["locked", attrs],
    ["original", new Map(flakeRefAttrs(original))],
    ["storePath", storePath],
  ]);
  terminal.writeOut(`${formatJsonTree(json, "")}\n`);
}

/** See the head of this file. */
export const flakePrefetchCommand: AsyncProgram<FlakePrefetchDraft> = {
  name: "nivis flake prefetch",
  summary: "fetch a source tree and show its hash",
  usage: "[FLAG]... [REF]",
  description: [
    "The tree goes into the cache of Nivis, not into a store; the store path is where it would be.",
  ],
  examples: [
    { does: "Fetch a repository", command: "nivis flake prefetch github:NixOS/patchelf" },
    { does: "What it is locked to, as JSON", command: "nivis flake prefetch --json nixpkgs" },
  ],
  options: [
    flag<FlakePrefetchDraft>(["--json"], "Print JSON", (draft) => {
      draft.json = true;
    }),
  ],
  defaults: () => ({ ...commonFlags(), ref: undefined, json: false }),
  positional: (draft, argument) => {
    if (draft.ref !== undefined) unexpectedArgument(argument);
    draft.ref = encodeUtf8(argument);
  },
  run: (draft, invocation) =>
    withFlakeSession(draft, invocation, (session) => run(draft, invocation, session)),
};
