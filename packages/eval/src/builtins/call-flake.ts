/**
 * Calling a flake: mounts the trees that locking has fetched and applies the function of
 * `call-flake-source.ts`. The result has the outputs and what is known of the source.
 */
import { type InputAttr, inputFromAttrs, withInputAttrs } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { CALL_FLAKE_FILE } from "../core-files.ts";
import { InternalError } from "../errors/eval-error.ts";
import type { FetchedTree } from "../fetching/fetcher.ts";
import type { FlakeCall, FlakeCallTree } from "../fetching/flake-call.ts";
import { fetchInput, mountTree, treeAttrs } from "../fetching/tree-value.ts";
import { forcePlainString } from "../operations/checks.ts";
import { NO_POS } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import { Builtin, isInt, type Slot, type Value } from "../value/value.ts";
import { CallRequest, type Suspendable } from "../vm/requests.ts";
import { args, strict, suspending } from "./definition.ts";

/** Fetches an entry of a lock file; about a locked input nothing more is to be found out. */
function* fetchLocked(ctx: EvalContext, set: Attrs): Suspendable<Slot> {
  const attrs = new Map<string, InputAttr>();
  for (const name of set.names()) {
    const slot = set.get(name) as Slot;
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    // The set is made from JSON that was checked when it was read.
    if (isInt(value) || typeof value === "boolean") attrs.set(name, value);
    else attrs.set(name, (yield forcePlainString(ctx, value, "")) as string);
  }
  const input = withInputAttrs(inputFromAttrs(attrs), { __final: true });
  const fetched = (yield fetchInput(ctx, input, "an input of a flake")) as FetchedTree;
  const { storePath, locked } = mountTree(ctx, fetched, input);
  return treeAttrs(ctx, { storePath, locked, source: { fetched, input } });
}

const FETCH_LOCKED = new Builtin(
  suspending({
    name: "fetchFinalTree",
    args: args("input"),
    strict: [strict(0, "set")],
    doc: "Fetches an entry of a lock file.",
    run: fetchLocked,
  }),
);

/** Returns the set of a tree that locking has read; `givenPath` is that of a tree that was not fetched. */
function treeOf(ctx: EvalContext, tree: FlakeCallTree, givenPath: string | undefined): Attrs {
  const { fetched, input, asked, isForcedDirty, directory } = tree;
  const storePath =
    fetched === undefined ? givenPath : mountTree(ctx, fetched, fetched.locked).storePath;
  if (storePath === undefined) throw new InternalError("a flake was called without its tree");
  const sourceInfo = treeAttrs(ctx, {
    storePath,
    locked: input,
    ...(fetched === undefined ? {} : { source: { fetched, input: asked } }),
    forceDirty: isForcedDirty,
  });
  return Attrs.of(["sourceInfo", "dir"], [sourceInfo, directory]);
}

/** Evaluates a locked flake to its value. */
export function* callFlake(
  ctx: EvalContext,
  { lockText, trees }: FlakeCall,
  givenPath?: string,
): Suspendable<Value> {
  const given = Attrs.of(
    trees.map(({ key }) => key),
    trees.map((tree) => treeOf(ctx, tree, givenPath)),
  );
  const callee = (yield ctx.importFile(CALL_FLAKE_FILE)) as Value;
  return (yield new CallRequest(callee, [lockText, given, FETCH_LOCKED], NO_POS)) as Value;
}
