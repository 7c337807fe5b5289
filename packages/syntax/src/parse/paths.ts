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
  if (!literal.startsWith("/")) {
    const quick = resolveParents(literal, basePath);
    if (quick !== undefined) return quick;
  }
  const path = canonicalPath(literal.startsWith("/") ? literal : `${basePath}/${literal}`);
  return literal.length > 1 && literal.endsWith("/") ? `${path}/` : path;
}

/**
 * The common case: `./` or some `../` and then nothing unusual, below a canonical base. Package
 * lists hold thousands of such paths, and taking them apart costs more than reading them.
 */
function resolveParents(literal: string, basePath: string): string | undefined {
  let rest = 0;
  let end = basePath.length;
  if (literal.startsWith("./")) rest = 2;
  else {
    while (literal.startsWith("../", rest)) {
      rest += 3;
      end = basePath.lastIndexOf("/", end - 1);
      if (end <= 0) return undefined;
    }
  }
  if (rest === 0 || rest === literal.length || literal.charCodeAt(rest) === 46) return undefined;
  if (literal.includes("/.", rest) || literal.includes("//", rest) || literal.endsWith("/"))
    return undefined;
  if (needsWork(basePath)) return undefined;
  return `${basePath.slice(0, end)}/${literal.slice(rest)}`;
}
