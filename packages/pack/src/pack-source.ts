/**
 * Where the bytes of a pack come from: a server that is asked for ranges, or memory; and where they are
 * kept for the next visit.
 *
 * `fetch` and the Cache API exist in browsers, workers and partly in Node; this package has no types of
 * the DOM, so the parts that it uses are interfaces here.
 */
import { IoError } from "@nivis/eval";

/** Bytes that are read by ranges. */
export interface PackSource {
  /** A name for messages, such as a URL. */
  readonly name: string;
  /**
   * Reads the bytes from `start` up to `end`, which may lie behind the last one. The promise is rejected
   * with an `IoError` if that fails.
   */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** A store for what was read, between visits. Failures of a cache are ignored. */
export interface PackCache {
  get(key: string): Promise<Uint8Array | undefined>;
  set(key: string, bytes: Uint8Array): Promise<void>;
}

/** The part of `fetch` that is used. */
export type HttpFetch = (
  url: string,
  init: { readonly headers: Record<string, string> },
) => Promise<HttpResponse>;

/** The part of a `Response` that is used. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Returns the source for a file on a server. A server without ranges is asked once, for the whole file. */
export function httpSource(url: string, fetch: HttpFetch = globalFetch()): PackSource {
  let whole: Uint8Array | undefined;
  return {
    name: url,
    async read(start, end) {
      if (whole !== undefined) return whole.subarray(start, end);
      let response: HttpResponse;
      try {
        response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new IoError("EIO", `cannot fetch '${url}': ${reason}`);
      }
      const { status } = response;
      if (status !== 200 && status !== 206) {
        throw new IoError("EIO", `cannot fetch '${url}': the server answered ${status}`);
      }
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (status === 206) return bytes;
      whole = bytes;
      return whole.subarray(start, end);
    },
  };
}

/** Returns the source for a pack in memory. */
export function bytesSource(bytes: Uint8Array, name = "a pack in memory"): PackSource {
  return { name, read: async (start, end) => bytes.subarray(start, end) };
}

function globalFetch(): HttpFetch {
  const { fetch } = globalThis as { fetch?: HttpFetch };
  if (fetch === undefined) throw new TypeError("there is no 'fetch' here: pass a function");
  return (url, init) => fetch(url, init);
}

/** The part of the Cache API that is used. */
export interface CacheStorageLike {
  open(name: string): Promise<{
    match(url: string): Promise<HttpResponse | undefined>;
    put(url: string, response: unknown): Promise<void>;
  }>;
}

/** The name of the cache in the browser. */
export const CACHE_NAME = "nivis-packs";

/**
 * Returns a cache in the Cache API of the browser, or `undefined` where there is none: outside of secure
 * contexts, and in Node.
 */
export function browserCache(
  caches = (globalThis as { caches?: CacheStorageLike }).caches,
): PackCache | undefined {
  const { Response } = globalThis as unknown as { Response?: new (body: Uint8Array) => unknown };
  if (caches === undefined || Response === undefined) return undefined;
  const opened = caches.open(CACHE_NAME);
  // The reader ignores failures; a promise that nobody awaits must not be reported.
  opened.catch(() => {});
  const address = (key: string): string => `https://packs.nivis.invalid/${encodeURIComponent(key)}`;
  return {
    async get(key) {
      const found = await (await opened).match(address(key));
      return found === undefined ? undefined : new Uint8Array(await found.arrayBuffer());
    },
    async set(key, bytes) {
      await (await opened).put(address(key), new Response(bytes));
    },
  };
}

/** Returns a cache in memory, for tests and for hosts that keep packs themselves. */
export function memoryCache(): PackCache & { readonly entries: ReadonlyMap<string, Uint8Array> } {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    get: async (key) => entries.get(key),
    set: async (key, bytes) => void entries.set(key, bytes),
  };
}
