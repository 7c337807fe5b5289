/**
 * Path literals: from what is written to an absolute, canonical path.
 *
 * Nothing here looks at a file system; `..` is resolved by name only, as C++ Nix does in `CanonPath`.
 */

/** Resolves `.`, `..` and repeated slashes of a path that is taken to be absolute. */
export function canonicalPath(path: string): string {
  if (!needsWork(path)) return path;
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

function needsWork(path: string): boolean {
  return !path.startsWith("/") || path.endsWith("/") || path.includes("//") || path.includes("/.");
}

/** The absolute path of a literal; a slash at its end, before an interpolation, is kept. */
export function resolvePath(literal: string, basePath: string): string {
  const path = canonicalPath(literal.startsWith("/") ? literal : `${basePath}/${literal}`);
  return literal.length > 1 && literal.endsWith("/") ? `${path}/` : path;
}
