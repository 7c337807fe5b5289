/** The directory of Nivis's caches, as the start of a command finds it: with files and paths only. */
import { statSync } from "node:fs";
import { join } from "node:path";

/**
 * Returns the directory `nivis` in the user's cache directory, which need not exist, or `undefined`
 * if there are no caches: `NIVIS_NO_CACHE` is set, or there is no home directory. `environment` defaults to that of
 * the process.
 */
export function cacheBase(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const { NIVIS_NO_CACHE, XDG_CACHE_HOME = "", HOME = "" } = environment;
  if ((NIVIS_NO_CACHE ?? "") !== "") return undefined;
  let base = XDG_CACHE_HOME;
  // The XDG specification says that relative paths are to be ignored.
  if (!base.startsWith("/")) {
    // A home directory that does not exist stands for none. One that belongs to another user, which
    // `sudo` may leave in the environment, must not be written to.
    if (!HOME.startsWith("/") || !isOwn(HOME)) return undefined;
    base = join(HOME, ".cache");
  }
  return join(base, "nivis");
}

/** Whether a file or directory exists and belongs to the user. */
function isOwn(path: string): boolean {
  try {
    const { uid } = statSync(path);
    return uid === (process.geteuid?.() ?? uid);
  } catch {
    return false;
  }
}
