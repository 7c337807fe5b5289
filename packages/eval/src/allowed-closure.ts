/** Lets restricted evaluation read the closure of a store path. */
import type { EvalContext } from "./context.ts";

/**
 * Allows restricted evaluation to read a store path and everything it refers to, directly or not.
 */
export function allowClosure(ctx: EvalContext, path: string): void {
  const { store, io, settings } = ctx;
  if (!settings.pureEval && !settings.restrictEval) return;
  const seen = new Set([path]);
  for (const member of seen) for (const next of store.references(member) ?? []) seen.add(next);
  for (const allowed of seen) io.allowPath?.(allowed);
}
