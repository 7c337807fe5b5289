/** `nivis flake metadata`: what is known of a flake, and its inputs as a tree. */
import { treeStorePath } from "@nivis/fetch";
import { flakeMetadata, formatMetadata, formatMetadataJson } from "@nivis/flake";
import { encodeUtf8, narHashOf } from "@nivis/formats";
import { type FlakeSession, nodeHashes } from "@nivis/node";
import type { AsyncProgram } from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";
import { lockNamedFlake } from "../flakes/locking.ts";
import type { Invocation } from "../invocation.ts";
import {
  emptyLockDraft,
  LOCK_OPTIONS,
  type LockDraft,
  NO_UPDATE_OPTION,
  NO_WRITE_OPTION,
  takeFlake,
} from "../options/lock-options.ts";
import { flag } from "../options/option.ts";

/** What `nivis flake metadata` gathers. */
export interface MetadataDraft extends LockDraft {
  json: boolean;
}

const DEFAULT_STORE_DIR = "/nix/store";

async function run(
  draft: MetadataDraft,
  invocation: Invocation,
  session: FlakeSession,
): Promise<void> {
  const { terminal } = invocation;
  const locked = await lockNamedFlake(draft, session, invocation);
  const { lockedRef, tree } = locked.flake;
  const storeDir = encodeUtf8(terminal.environment["NIX_STORE_DIR"] ?? DEFAULT_STORE_DIR);
  const narHash = narHashOf(lockedRef.input.attrs) as string;
  const { fingerprint } = tree as { fingerprint?: (path: string) => { tree: string } | undefined };
  const facts = await flakeMetadata(locked, {
    trustForges: session.settings.trustForges,
    allowDirtyLocks: session.settings.allowDirtyLocks,
    hashes: nodeHashes,
    storePath: treeStorePath(lockedRef.input, narHash, { storeDir, hashes: nodeHashes }),
    inputFingerprint: fingerprint?.call(tree, "/")?.tree,
  });
  if (draft.json) {
    terminal.writeOut(`${formatMetadataJson(facts)}\n`);
    return;
  }
  for (const line of formatMetadata(facts, { bold: true, localTime })) {
    terminal.writeOut(`${line}\n`);
  }
}

/** A time as `YYYY-MM-DD hh:mm:ss` where the user is. */
function localTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** See the head of this file. */
export const flakeMetadataCommand: AsyncProgram<MetadataDraft> = {
  name: "nivis flake metadata",
  summary: "show what is known of a flake",
  usage: "[FLAG]... [FLAKE]",
  examples: [
    { does: "Look at the flake in the current directory", command: "nivis flake metadata" },
    {
      does: "Find out what a name stands for, as JSON",
      command: "nivis flake metadata --json nixpkgs",
    },
  ],
  options: [
    flag<MetadataDraft>(["--json"], "Print JSON", (draft) => {
      draft.json = true;
    }),
    ...LOCK_OPTIONS,
    NO_UPDATE_OPTION,
    NO_WRITE_OPTION,
  ],
  defaults: (invocation) => ({ ...emptyLockDraft(invocation), json: false }),
  positional: takeFlake,
  run: (draft, invocation) =>
    withFlakeSession(invocation, (session) => run(draft, invocation, session)),
};

/** `nivis flake info`: the old name. */
export const flakeInfoCommand: AsyncProgram<MetadataDraft> = {
  ...flakeMetadataCommand,
  name: "nivis flake info",
  summary: "the old name of metadata",
  examples: [],
  run: (draft, invocation) => {
    invocation.warn("'nix flake info' is a deprecated alias for 'nix flake metadata'");
    return flakeMetadataCommand.run(draft, invocation);
  },
};
