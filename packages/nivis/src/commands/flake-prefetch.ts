/** `nivis flake prefetch`: fetches a flake, or anything that a reference names, into a store. */
import type { JsonTree } from "@nivis/flake";
import {
  encodeUtf8,
  type FlakeRef,
  flakeRefAttrs,
  formatFlakeRef,
  withInputAttrs,
} from "@nivis/formats";
import { EvaluationStore } from "@nivis/node";
import { withFlakes } from "../flakes/flake-evaluation.ts";
import { printJson } from "../flakes/json-output.ts";
import { storeTree } from "../flakes/stored-tree.ts";
import {
  defaultFlakeFlags,
  FLAKE_OPTIONS,
  type FlakeCommandFlags,
  JSON_OPTIONS,
  type JsonFlags,
} from "../options/flake-options.ts";
import { takeFlake } from "../options/lock-options.ts";
import { usageError, valueFlag } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";

interface PrefetchFlags extends FlakeCommandFlags, JsonFlags {
  outLink: string | undefined;
}

/** See the head of this file. */
export const flakePrefetchCommand: WaitingProgram<PrefetchFlags> = {
  name: "nivis flake prefetch",
  summary: "fetch a source tree and show its hash",
  usage: "[FLAG]... [REF]",
  description: [
    "The tree is copied to the store of this machine, or the one that --store names; without a store it is only hashed.",
  ],
  examples: [
    { does: "Fetch a repository", command: "nivis flake prefetch github:NixOS/patchelf" },
    { does: "What it is locked to, as JSON", command: "nivis flake prefetch --json nixpkgs" },
  ],
  options: [
    ...FLAKE_OPTIONS,
    ...JSON_OPTIONS,
    valueFlag<PrefetchFlags>(["--out-link", "-o"], "PATH", "Link to the tree", (flags, path) => {
      flags.outLink = encodeUtf8(path);
    }),
  ],
  defaults: (invocation) => ({
    ...defaultFlakeFlags(invocation),
    json: false,
    pretty: undefined,
    outLink: undefined,
  }),
  positional: takeFlake,
  run: (flags, invocation) =>
    withFlakes(
      flags,
      { appliesConfig: false, readOnly: false },
      () => [],
      async ({ session, flakeSession }) => {
        const asked = flakeSession.parseRef(flags.flake ?? ".");
        const { inputs } = flakeSession.world;
        const { resolved, fetched, directory } = await inputs.get(asked.input, "all");
        const original: FlakeRef = { input: resolved, directory: directory ?? asked.directory };
        const storePath = await storeTree(fetched, session);
        const hash = await fetched.narHash();
        const locked = { input: fetched.locked, directory: original.directory };
        if (flags.json) {
          const attrs = lockedAttrs(locked, original);
          for (const [name, compute] of fetched.lazyAttrs ?? []) attrs.set(name, await compute());
          const json = new Map<string, JsonTree>([
            ["hash", hash],
            ["locked", attrs],
            ["original", new Map(flakeRefAttrs(original))],
            ["storePath", storePath],
          ]);
          printJson(invocation.terminal, json, flags.pretty);
        } else {
          const shown = formatFlakeRef(locked);
          invocation.note(`Downloaded '${shown}' to '${storePath}' (hash '${hash}').`);
        }
        if (flags.outLink !== undefined) {
          const { store } = session;
          if (!(store instanceof EvaluationStore)) {
            throw usageError("'--out-link' is not supported for this Nix store");
          }
          session.flush();
          store.addRoot(storePath, session.absolutePath(flags.outLink));
        }
        return 0;
      },
    ),
};

/** Schemes whose fetchers lock the NAR hash, which C++ Nix then prints. */
const SCHEMES_WITH_HASHES: ReadonlySet<string> = new Set(["file", "tarball"]);

/** The attributes of what was fetched, without those that only Nix itself uses. */
function lockedAttrs({ input, directory }: FlakeRef, original: FlakeRef): Map<string, JsonTree> {
  const hasHash =
    SCHEMES_WITH_HASHES.has(input.scheme?.name ?? "") || original.input.attrs.has("narHash");
  const plain = withInputAttrs(input, {
    __final: undefined,
    ...(hasHash ? {} : { narHash: undefined }),
  });
  return new Map<string, JsonTree>(flakeRefAttrs({ input: plain, directory }));
}
