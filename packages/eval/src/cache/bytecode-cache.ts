/**
 * BytecodeCache: where compiled files are kept between evaluations. `@nivis/node` keeps them on disk,
 * {@link memoryBytecodeCache} in memory. An entry is opaque bytes here; `format.ts` describes them, and
 * `compiled-file.ts` checks them, so a cache may lose, truncate and mix up entries.
 */

/** Entries by key. The methods do not throw: an entry that cannot be read is absent. */
export interface BytecodeCache {
  /** The entry for a key of 32 bytes. It begins at the beginning of its buffer; the caller may change it. */
  load(key: Uint8Array): Uint8Array | undefined;
  /** Stores an entry for a key, replacing an earlier one. */
  store(key: Uint8Array, entry: Uint8Array): void;
}

/** A cache that lives as long as the object. */
export function memoryBytecodeCache(): BytecodeCache & {
  /** The entries, by `keyText` of their keys. */
  readonly entries: Map<string, Uint8Array>;
} {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    load: (key) => entries.get(keyText(key))?.slice(),
    store: (key, entry) => {
      entries.set(keyText(key), entry.slice());
    },
  };
}

function keyText(key: Uint8Array): string {
  return String.fromCharCode(...key);
}
