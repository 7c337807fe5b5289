/** Path values and the trees that they are in; `path.ts` knows paths as text only. */
import type { EvalContext } from "./context.ts";
import { resolveSymlinks } from "./path.ts";
import type { SourceAccessor } from "./source-accessor.ts";
import type { NixPath } from "./value/value.ts";

/** The tree that a path is in. */
export function accessorOf(ctx: EvalContext, path: NixPath): SourceAccessor {
  return path.accessor ?? ctx.io;
}

/** The path with symlinks replaced by what they point to; see `resolveSymlinks`. */
export function withoutSymlinks(
  ctx: EvalContext,
  path: NixPath,
  mode: "full" | "ancestors",
): NixPath {
  return path.at(resolveSymlinks(accessorOf(ctx, path), path.path, mode));
}
