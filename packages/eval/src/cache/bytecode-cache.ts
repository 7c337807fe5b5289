/**
 * BytecodeCache: where compiled files are kept between evaluations. `@nivis/node` keeps them on disk,
 * {@link memoryBytecodeCache} in memory. What lies behind a key is bytes without a meaning here;
 * `format.ts` says what is in them, and whoever reads them checks them, so a cache may lose, cut and
 * mix up entries as it likes.
 */

/** See the head of this file. Nothing here throws: an entry that cannot be had is not there. */
export interface BytecodeCache {
  /** The bytes behind a key of 32 bytes, from the beginning of their buffer; the caller may change them. */
  load(key: Uint8Array): Uint8Array | undefined;
  /** Keeps bytes behind a key, in place of what is there. */
  store(key: Uint8Array, entry: Uint8Array): void;
}

/** A cache that lives as long as the object. */
export function memoryBytecodeCache(): BytecodeCache & {
  /** The entries, by the text that `keyText` makes of their keys. */
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
