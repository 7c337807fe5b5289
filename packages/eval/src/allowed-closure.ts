/** What restricted evaluation may look at beyond paths themselves: all that a store path refers to. */
import type { EvalContext } from "./context.ts";

/** Lets restricted evaluation look at a store path and all that it refers to, directly or not. */
export function allowClosure(ctx: EvalContext, path: string): void {
  const { store, io } = ctx;
  if (io.allowPath === undefined) return;
  const seen = new Set([path]);
  for (const member of seen) for (const next of store.references(member) ?? []) seen.add(next);
  for (const allowed of seen) io.allowPath(allowed);
}
