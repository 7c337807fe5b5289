/**
 * What is remembered of binary caches between processes: narinfos found and missing, and what
 * `nix-cache-info` said. The platform keeps it where it likes; `NO_MEMORY` keeps nothing.
 */

/** Remembers texts of narinfo files by cache and hash part. */
export interface NarInfoMemory {
  /** The text, `null` for a file that is known to be missing, `undefined` for what is not known. */
  lookUp(cache: string, hashPart: string): Promise<string | null | undefined>;
  remember(cache: string, hashPart: string, text: string | null): Promise<void>;
}

/** Remembers nothing. */
export const NO_MEMORY: NarInfoMemory = {
  lookUp: async () => undefined,
  remember: async () => {},
};
