/**
 * Flakes that are locked for an evaluation: locking them in the thread that fetches, and the call as a
 * message.
 */
import type { FlakeCall, FlakeLockOptions } from "@nivis/eval";
import { openTree, type SourceTree, type TreeRecipe } from "@nivis/fetch";
import {
  type CallTree,
  flakeCall,
  type LockedFlake,
  type LockFlags,
  lockFlake,
  lockGivenFlake,
  readFlakeAt,
} from "@nivis/flake";
import { narHashOf, parseFlakeRef } from "@nivis/formats";
import { treeHost } from "../fetch-host.ts";
import type { FlakeSession } from "../flake-session.ts";
import { type InputMessage, inputMessage, inputOfMessage, type TreeMessage } from "./requests.ts";

/** A tree of a call as a message. */
export interface CallTreeMessage {
  readonly key: string;
  /** Absent for the tree that the question named. */
  readonly fetched: TreeMessage | undefined;
  readonly input: InputMessage;
  readonly asked: InputMessage;
  readonly isForcedDirty: boolean;
  readonly directory: string;
}

/** A call as a message. */
export interface FlakeCallMessage {
  readonly lockText: string;
  readonly trees: readonly CallTreeMessage[];
}

/** A flake in a tree as a message. */
export interface FlakePlaceMessage {
  readonly recipe: TreeRecipe;
  readonly directory: string;
}

/** Locks the flake that a reference names, for `builtins.getFlake`. */
export async function lockForEvaluation(
  session: FlakeSession,
  text: string,
  options: FlakeLockOptions,
): Promise<FlakeCallMessage> {
  const ref = parseFlakeRef(text, session.world);
  return messageOf(await lockFlake(session.world, ref, flagsFor(session, options)), undefined);
}

/** Locks the flake in a tree that evaluation reads already. */
export async function lockAtForEvaluation(
  session: FlakeSession,
  { recipe, directory }: FlakePlaceMessage,
  options: FlakeLockOptions,
): Promise<FlakeCallMessage> {
  const tree = openTree(recipe, treeHost());
  // Nix: messages call such a flake by a made-up reference.
  const ref = parseFlakeRef("flake:get-flake");
  const flake = readFlakeAt(session.world, ref, tree, directory, []);
  const flags = flagsFor(session, options);
  return messageOf(await lockGivenFlake(session.world, ref, flags, flake), tree);
}

/** Nix: `getFlake` never writes a lock file, and asks registries only if evaluation is impure. */
function flagsFor({ settings }: FlakeSession, { isPure }: FlakeLockOptions): LockFlags {
  return {
    trustForges: settings.trustForges,
    allowDirtyLocks: settings.allowDirtyLocks,
    warnDirty: settings.warnDirty,
    useRegistries: !isPure && settings.useRegistries,
    allowUnlocked: !isPure,
  };
}

function messageOf(
  locked: LockedFlake<SourceTree>,
  given: SourceTree | undefined,
): FlakeCallMessage {
  const { lockText, trees } = flakeCall(locked);
  const narHashes = hashesOf(trees);
  return {
    lockText,
    trees: trees.map(({ key, input, asked, lazyAttrs, isForcedDirty, tree, directory }) => ({
      key,
      fetched:
        tree === given
          ? undefined
          : {
              recipe: tree.recipe(),
              locked: inputMessage(input),
              narHash: narHashes.get(tree) as string,
              lazyAttrs,
            },
      input: inputMessage(input),
      asked: inputMessage(asked),
      isForcedDirty,
      directory,
    })),
  };
}

/**
 * The hashes of the trees of a call. The entry of a relative path has none of its own: it lies in the
 * tree of another.
 */
export function hashesOf<Tree extends SourceTree>(
  trees: readonly CallTree<Tree>[],
): ReadonlyMap<Tree, string> {
  const hashes = new Map<Tree, string>();
  for (const { tree, input } of trees) {
    const narHash = narHashOf(input.attrs);
    if (narHash !== undefined) hashes.set(tree, narHash);
  }
  return hashes;
}

/** The call of a message; `open` makes the trees. */
export function callOfMessage(
  { lockText, trees }: FlakeCallMessage,
  open: (message: TreeMessage) => FlakeCall["trees"][number]["fetched"],
): FlakeCall {
  return {
    lockText,
    trees: trees.map((one) => ({
      ...one,
      fetched: one.fetched === undefined ? undefined : open(one.fetched),
      input: inputOfMessage(one.input),
      asked: inputOfMessage(one.asked),
    })),
  };
}
