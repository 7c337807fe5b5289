/** Path values and their trees; `path.ts` handles paths as text only. */
import type { EvalContext } from "./context.ts";
import { resolveSymlinks } from "./path.ts";
import type { SourceAccessor } from "./source-accessor.ts";
import type { NixPath } from "./value/value.ts";

/** Returns the tree that a path belongs to. */
export function accessorOf(ctx: EvalContext, path: NixPath): SourceAccessor {
  return path.accessor ?? ctx.io;
}

/** Returns the path with symlinks resolved; see `resolveSymlinks`. */
export function withoutSymlinks(
  ctx: EvalContext,
  path: NixPath,
  mode: "full" | "ancestors",
): NixPath {
  const files = accessorOf(ctx, path);
  return path.at(resolveSymlinks(files, path.path, mode, ctx.caches.plainDirectories.of(files)));
}
