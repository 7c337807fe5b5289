/** The location of the cache of compiled files, following the XDG base directory specification. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type EvalIo, IoError } from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";

/**
 * Returns the directory of the cache, which need not exist, or `undefined` if `NIVIS_NO_CACHE` is
 * set or there is no home directory.
 */
export function cacheDirectory(io: EvalIo): string | undefined {
  if ((io.environment("NIVIS_NO_CACHE") ?? "") !== "") return undefined;
  const caches = io.environment("XDG_CACHE_HOME") ?? "";
  // The specification says that relative paths are to be ignored.
  if (caches.startsWith("/")) return join(decodeUtf8(caches), "nivis");
  let home: string;
  try {
    home = decodeUtf8(io.homeDirectory());
  } catch (error) {
    if (error instanceof IoError) return undefined;
    throw error;
  }
  // A home directory that does not exist stands for none.
  return home.startsWith("/") && existsSync(home) ? join(home, ".cache", "nivis") : undefined;
}
