/**
 * The builtin `fetchClosure`: store paths from binary caches, content-addressed or checked by keys. A module
 * on demand, see scripts/bundles.mjs.
 */
import { colored, isStorePath, marked, parseUrl } from "@nivis/formats";
import { allowClosure } from "../allowed-closure.ts";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { forcePlainString } from "../operations/checks.ts";
import { coerceToPath, type PathWithContext } from "../operations/coerce.ts";
import type { PosIdx } from "../position.ts";
import type { ClosureCopy, ClosureRequest } from "../store/store.ts";
import type { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import { ContextString, isString, type Slot, textOf, type Value } from "../value/value.ts";
import { attempt } from "../vm/pending.ts";
import type { Suspendable } from "../vm/requests.ts";
import { forceBoolAt } from "./force-at.ts";

/** The arguments of `fetchClosure`. */
interface ClosureArguments {
  fromStore?: string;
  fromPath?: string;
  /** The path in content-addressed form; empty if it is to be found out. */
  toPath?: string;
  inputAddressed?: boolean;
}

function failure(message: string): EvalError {
  return new EvalError("value", message);
}

function* storePathOf(
  ctx: EvalContext,
  slot: Slot,
  pos: PosIdx,
  trace: string,
): Suspendable<string> {
  const { path } = (yield coerceToPath(ctx, slot, pos, trace)) as PathWithContext;
  if (isStorePath(path.path, ctx.store.storeDir)) return path.path;
  throw new EvalError("invalid-path", marked`path '${path.shown}' is not in the Nix store`, pos);
}

function* argumentsOf(ctx: EvalContext, set: Attrs): Suspendable<ClosureArguments> {
  const found: ClosureArguments = {};
  for (const name of set.names()) {
    const slot = set.get(name) as Slot;
    const pos = set.positionOf(name);
    const trace = marked`while evaluating the attribute '${name}' passed to builtins.fetchClosure`;
    switch (name) {
      case "fromPath":
        found.fromPath = (yield storePathOf(ctx, slot, pos, trace)) as string;
        break;
      case "toPath": {
        const value = (slot instanceof Thunk ? yield slot : slot) as Value;
        const isGap = isString(value) && textOf(value) === "";
        found.toPath = isGap ? "" : ((yield storePathOf(ctx, value, pos, trace)) as string);
        break;
      }
      case "fromStore":
        found.fromStore = (yield forcePlainString(ctx, slot, trace, pos)) as string;
        break;
      case "inputAddressed":
        found.inputAddressed = (yield forceBoolAt(ctx, slot, pos, trace)) as boolean;
        break;
      default:
        throw failure(marked`attribute '${name}' isn't supported in call to 'fetchClosure'`);
    }
  }
  return found;
}

/** Throws if a store is not one that may be copied from. */
function checkStore(ctx: EvalContext, url: string): void {
  const scheme = /^([a-z0-9+.-]+):/i.exec(url)?.[1];
  const isTest = ctx.io.environment("_NIX_IN_TEST") !== undefined;
  if (scheme !== "http" && scheme !== "https" && !(isTest && scheme === "file")) {
    throw failure("'fetchClosure' only supports http:// and https:// stores");
  }
  if (parseUrl(url).query.size > 0) {
    throw failure(marked`'fetchClosure' does not support URL query parameters (in '${url}')`);
  }
}

function* copy(ctx: EvalContext, request: ClosureRequest): Suspendable<ClosureCopy> {
  const { store } = ctx;
  if (store.fetchClosure === undefined) {
    throw new EvalError(
      "not-supported",
      "fetchClosure needs a store that paths can be copied to; name one with '--store'",
    );
  }
  return (yield attempt(() => store.fetchClosure?.(request) as ClosureCopy)) as ClosureCopy;
}

export function* fetchClosure(ctx: EvalContext, set: Attrs): Suspendable<Slot> {
  try {
    const { fromStore, fromPath, toPath, inputAddressed } = (yield argumentsOf(
      ctx,
      set,
    )) as ClosureArguments;
    const missing = (name: string): EvalError =>
      failure(marked`attribute '${name}' is missing in call to 'fetchClosure'`);
    if (fromPath === undefined) throw missing("fromPath");
    if (inputAddressed === true && toPath !== undefined) {
      throw failure(
        "attribute 'inputAddressed' is set to true, but 'toPath' is also set. Please remove one of them",
      );
    }
    if (fromStore === undefined) throw missing("fromStore");
    checkStore(ctx, fromStore);
    const result = (yield toPath === undefined
      ? fetchAsIs(ctx, fromStore, fromPath, inputAddressed === true)
      : fetchRewritten(ctx, fromStore, fromPath, toPath)) as string;
    yield attempt(() => allowClosure(ctx, result));
    return new ContextString(result, new Set([result]));
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* fetchAsIs(
  ctx: EvalContext,
  from: string,
  path: string,
  inputAddressed: boolean,
): Suspendable<string> {
  const { isContentAddressed } = (yield copy(ctx, { from, path, rewrite: false })) as ClosureCopy;
  if (isContentAddressed && inputAddressed) {
    throw failure(
      marked`The store object referred to by 'fromPath' at '${path}' is not input-addressed, but 'inputAddressed' is set to 'true'.\n\nRemove the 'inputAddressed' attribute (it defaults to 'false') to expect 'fromPath' to be content-addressed`,
    );
  }
  if (!isContentAddressed && !inputAddressed) {
    throw failure(
      marked`The 'fromPath' value '${path}' is input-addressed, but 'inputAddressed' is set to 'false' (default).\n\nIf you do intend to fetch an input-addressed store path, add\n\n    inputAddressed = true;\n\nto the 'fetchClosure' arguments.\n\nNote that to ensure authenticity input-addressed store paths, users must configure a trusted binary cache public key on their systems. This is not needed for content-addressed paths.`,
    );
  }
  return path;
}

function* fetchRewritten(
  ctx: EvalContext,
  from: string,
  path: string,
  wanted: string,
): Suspendable<string> {
  const isThere =
    wanted !== "" && ((yield attempt(() => ctx.store.isValidPath(wanted))) as boolean);
  if (isThere) {
    const known = (yield copy(ctx, { from, path: wanted, rewrite: false })) as ClosureCopy;
    if (known.isContentAddressed) return wanted;
    throw failure(
      marked`The 'toPath' value '${wanted}' is input-addressed, so it can't possibly be the result of rewriting to a content-addressed path.\n\nSet 'toPath' to an empty string to make Nix report the correct content-addressed path.`,
    );
  }
  const { path: rewritten } = (yield copy(ctx, { from, path, rewrite: true })) as ClosureCopy;
  if (rewritten === wanted) return wanted;
  const yielded = marked`rewriting '${path}' to content-addressed form yielded '${rewritten}'`;
  throw failure(
    wanted === ""
      ? `${yielded}\nUse this value for the 'toPath' attribute passed to 'fetchClosure'`
      : `${yielded}, while '${colored("magenta", wanted)}' was expected`,
  );
}
