/** Where the cache of compiled files lies: as the XDG base directory specification says. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type EvalIo, IoError } from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";

/**
 * The directory of the cache, which need not exist; `undefined` if `NIVIS_NO_CACHE` is set, or if
 * there is no place for it.
 */
export function cacheDirectory(io: EvalIo): string | undefined {
  if ((io.environment("NIVIS_NO_CACHE") ?? "") !== "") return undefined;
  const caches = io.environment("XDG_CACHE_HOME") ?? "";
  // The specification says that a relative path there is to be ignored.
  if (caches.startsWith("/")) return join(decodeUtf8(caches), "nivis");
  let home: string;
  try {
    home = decodeUtf8(io.homeDirectory());
  } catch (error) {
    if (error instanceof IoError) return undefined;
    throw error;
  }
  // A home that is not there is somebody's way to say that there is none.
  return home.startsWith("/") && existsSync(home) ? join(home, ".cache", "nivis") : undefined;
}
