/** Copying fetched trees to the store of an evaluation. */
import { copyMount, mountTree } from "@nivis/eval";
import type { SourceTree } from "@nivis/fetch";
import type { FetchedInput } from "@nivis/flake";
import { TreeAccessor } from "@nivis/node";
import type { Session } from "../session.ts";

/** Copies a tree to the store unless it is there; returns its path. Nothing is copied in read-only mode. */
export async function storeTree(
  fetched: FetchedInput<SourceTree>,
  session: Session,
): Promise<string> {
  const { context } = session.evaluation;
  const { locked, tree } = fetched;
  const narHash = await fetched.narHash();
  const { storePath } = mountTree(
    context,
    { tree: new TreeAccessor(tree), locked, narHash, lazyAttrs: [] },
    locked,
  );
  copyMount(context, storePath);
  return storePath;
}
