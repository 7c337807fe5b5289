/** `builtins.getFlake`: the value of a flake that a reference or a path names. */
import {
  canonPath,
  type FlakeRef,
  isInStore,
  isLockedInput,
  marked,
  parseFlakeRef,
  splitStorePath,
  tryStringAttr,
} from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorWithPlaces } from "../errors/from-world.ts";
import { plainWarning } from "../errors/log-message.ts";
import { requireFeature } from "../experimental-features.ts";
import type { FlakeCall } from "../fetching/flake-call.ts";
import { fetcherOf } from "../fetching/tree-value.ts";
import { expectPlainString } from "../operations/checks.ts";
import { NixPath, type Slot, type Value } from "../value/value.ts";
import { attempt } from "../vm/pending.ts";
import type { Suspendable } from "../vm/requests.ts";
import { callFlake } from "./call-flake.ts";
import { args, type BuiltinDefinition, strict, suspending } from "./definition.ts";

/** In pure evaluation a reference must name its contents for all time. */
function checkLocked(ctx: EvalContext, text: string, { input }: FlakeRef): void {
  const trustForges = ctx.settings.trustTarballsFromGitForges;
  if (!ctx.settings.pureEval || isLockedInput(input, { trustForges })) return;
  // Nix: the position is never known.
  const message = marked`cannot call 'getFlake' on unlocked flake reference '${text}', at \xc2\xabnone\xc2\xbb:0 (use --impure to override)`;
  throw new EvalError("restricted", message);
}

/** The flake in a directory of a tree that evaluation reads already. */
function* flakeAt(ctx: EvalContext, path: string): Suspendable<Slot> {
  requireFeature(ctx, "flakes");
  const { storeDir } = ctx.store;
  if (!isInStore(path, storeDir)) {
    throw new EvalError("invalid-path", marked`path '${path}' is not in the Nix store`);
  }
  const { baseName, rest } = splitStorePath(path, storeDir);
  const storePath = `${storeDir}/${baseName}`;
  const tree = ctx.mounts.at(storePath)?.tree;
  const root = tree === undefined ? (ctx.io.physicalPath(storePath) ?? storePath) : storePath;
  const place = { tree, root, directory: rest === "" ? "/" : rest };
  const fetcher = fetcherOf(ctx, "getFlake");
  const options = { isPure: ctx.settings.pureEval };
  const call = (yield attempt(() => fetcher.lockFlakeAt(place, options))) as FlakeCall;
  return (yield callFlake(ctx, call, storePath)) as Slot;
}

/** Nix: a path to a tree that evaluation reads already means that tree, which need not be in the store. */
function mountedPath(ctx: EvalContext, { input, directory }: FlakeRef): string | undefined {
  if (input.scheme?.name !== "path") return undefined;
  const path = tryStringAttr(input.attrs, "path") ?? "";
  const { storeDir } = ctx.store;
  if (!isInStore(path, storeDir)) return undefined;
  const { baseName } = splitStorePath(path, storeDir);
  return ctx.mounts.at(`${storeDir}/${baseName}`) === undefined
    ? undefined
    : canonPath(`${path}/${directory}`);
}

function* getFlake(ctx: EvalContext, argument: Value): Suspendable<Slot> {
  if (argument instanceof NixPath) return (yield flakeAt(ctx, argument.path)) as Slot;
  const trace = "while evaluating the argument passed to builtins.getFlake";
  const text = expectPlainString(ctx, argument, trace);
  try {
    const ref = parseFlakeRef(text, {
      require: (feature, reason) => requireFeature(ctx, feature, reason),
      warn: (message) => ctx.io.log(plainWarning(message)),
    });
    checkLocked(ctx, text, ref);
    const path = mountedPath(ctx, ref);
    if (path !== undefined) return (yield flakeAt(ctx, path)) as Slot;
    requireFeature(ctx, "flakes");
    const fetcher = fetcherOf(ctx, "getFlake");
    const options = { isPure: ctx.settings.pureEval };
    const call = (yield attempt(() => fetcher.lockFlake(text, options))) as FlakeCall;
    return (yield callFlake(ctx, call)) as Slot;
  } catch (error) {
    throw evalErrorWithPlaces(error, ctx.positions);
  }
}

/** The builtins of this file. */
export const getFlakeBuiltins: readonly BuiltinDefinition[] = [
  suspending({
    name: "getFlake",
    args: args("args"),
    strict: [strict(0, "any")],
    callFeature: "flakes",
    doc: "The outputs of the flake that *args* names, and what is known of its source. *args* is a flake reference, which must be locked in pure evaluation, or the path of a directory with a `flake.nix`.",
    run: getFlake,
  }),
];
