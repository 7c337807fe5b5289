/** Where the cache of compiled files lies: as the XDG base directory specification says. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * The directory of the cache, which need not exist; `undefined` if `NIVIS_NO_CACHE` is set, or if
 * there is no place for it.
 */
export function cacheDirectory(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if ((environment["NIVIS_NO_CACHE"] ?? "") !== "") return undefined;
  const caches = environment["XDG_CACHE_HOME"] ?? "";
  if (caches.startsWith("/")) return join(caches, "nivis");
  const home = environment["HOME"] ?? "";
  // A home that is not there is somebody's way to say that there is none.
  return home.startsWith("/") && existsSync(home) ? join(home, ".cache", "nivis") : undefined;
}
