/** The location of the cache of compiled files, following the XDG base directory specification. */
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { type EvalIo, IoError } from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import { toHostPath } from "./host-path.ts";

/**
 * Returns the directory of the cache, which need not exist, or `undefined` if `NIVIS_NO_CACHE` is
 * set or there is no home directory.
 */
export function cacheDirectory(io: EvalIo): string | undefined {
  if ((io.environment("NIVIS_NO_CACHE") ?? "") !== "") return undefined;
  const caches = io.environment("XDG_CACHE_HOME") ?? "";
  // The specification says that relative paths are to be ignored.
  if (isAbsolute(decodeUtf8(caches))) return join(decodeUtf8(caches), "nivis");
  let home: string;
  try {
    home = toHostPath(decodeUtf8(io.homeDirectory()));
  } catch (error) {
    if (error instanceof IoError) return undefined;
    throw error;
  }
  // A home directory that does not exist stands for none.
  return isAbsolute(home) && existsSync(home) ? join(home, ".cache", "nivis") : undefined;
}
