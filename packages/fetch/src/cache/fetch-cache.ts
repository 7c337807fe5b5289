/**
 * FetchCache: what earlier fetches found out, by domain and key, as C++ Nix keeps it in
 * `fetcher-cache-v4.sqlite` (libfetchers/cache.cc). Here each entry is a small file of its own that is
 * written beside its place and moved there, so that runs side by side and runs that are killed leave
 * whole entries only.
 */
import {
  bytesToByteString,
  compareBytes,
  encodeNixBase32,
  type HashFunctions,
  type InputAttr,
  type InputAttrs,
  inputAttrsToJson,
} from "@nivis/formats";
import type { Disk } from "../host.ts";

/** What an entry is about. Only entries of some domains grow old. */
export type CacheDomain =
  | "file"
  | "tarball"
  | "gitRevToTree"
  | "gitRevCount"
  | "gitLastModified"
  | "treeHash"
  | "hgRefToRev"
  | "hgRevToTree";

/** An entry. */
export interface CacheEntry {
  readonly value: InputAttrs;
  /** When it was written, in seconds since 1970. */
  readonly time: number;
}

/** See the head of this file. */
export interface FetchCache {
  /** The entry for a key, however old; `undefined` if there is none. */
  get(domain: CacheDomain, key: InputAttrs): CacheEntry | undefined;
  put(domain: CacheDomain, key: InputAttrs, value: InputAttrs, time: number): void;
}

/** A cache that ends with the process. */
export class MemoryCache implements FetchCache {
  readonly #entries = new Map<string, CacheEntry>();

  get(domain: CacheDomain, key: InputAttrs): CacheEntry | undefined {
    return this.#entries.get(domain + inputAttrsToJson(key));
  }

  put(domain: CacheDomain, key: InputAttrs, value: InputAttrs, time: number): void {
    this.#entries.set(domain + inputAttrsToJson(key), { value, time });
  }
}

/** A cache in a directory. */
export class DiskCache implements FetchCache {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #hashes: HashFunctions;
  readonly #recent = new Map<string, CacheEntry>();

  constructor(disk: Disk, directory: string, hashes: HashFunctions) {
    this.#disk = disk;
    this.#directory = directory;
    this.#hashes = hashes;
  }

  #path(domain: CacheDomain, key: string): string {
    const hash = encodeNixBase32(this.#hashes.hash("sha256", key));
    return `${this.#directory}/${domain}/${hash}.json`;
  }

  get(domain: CacheDomain, key: InputAttrs): CacheEntry | undefined {
    const keyText = inputAttrsToJson(key);
    const path = this.#path(domain, keyText);
    const recent = this.#recent.get(path);
    if (recent !== undefined) return recent;
    if (this.#disk.stat(path)?.type !== "regular") return undefined;
    const entry = parseEntry(bytesToByteString(this.#disk.readFile(path)), keyText);
    if (entry !== undefined) this.#recent.set(path, entry);
    return entry;
  }

  put(domain: CacheDomain, key: InputAttrs, value: InputAttrs, time: number): void {
    const keyText = inputAttrsToJson(key);
    const path = this.#path(domain, keyText);
    const directory = `${this.#directory}/${domain}`;
    this.#disk.makeDirectory(directory);
    const file = this.#disk.newFile(directory);
    try {
      file.write(`{"key":${keyText},"time":${time},"value":${inputAttrsToJson(value)}}\n`);
      file.moveTo(path);
    } finally {
      file.discard();
    }
    this.#recent.set(path, { value, time });
  }
}

/** Reads an entry; `undefined` if it is damaged, or that of another key. */
function parseEntry(text: string, keyText: string): CacheEntry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const { key, time, value } = json as Record<string, unknown>;
  const attrs = attrsOf(value);
  const keyAttrs = attrsOf(key);
  if (typeof time !== "number" || attrs === undefined || keyAttrs === undefined) return undefined;
  return inputAttrsToJson(keyAttrs) === keyText ? { value: attrs, time } : undefined;
}

function attrsOf(json: unknown): InputAttrs | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const attrs = new Map<string, InputAttr>();
  for (const [name, value] of Object.entries(json).sort(([a], [b]) => compareBytes(a, b))) {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      return undefined;
    }
    attrs.set(name, value);
  }
  return attrs;
}
