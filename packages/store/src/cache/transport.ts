/**
 * Where a binary cache lies: files by key, such as `nix-cache-info` or `nar/….nar.xz`. A directory and
 * an HTTP server are alike to the store above, and so are wrappers that retry.
 */
import { type MarkedText, plainText } from "@nivis/formats";
import type { ByteStream } from "../host.ts";
import type { RequestOptions } from "../store.ts";

/** A part of a file. */
export interface FetchOptions extends RequestOptions {
  /** Where to begin; 0 unless given. */
  readonly offset?: number;
  /** How many bytes; to the end unless given. */
  readonly length?: number;
}

/** See the head of this file. */
export interface CacheTransport {
  /** The cache as C++ Nix names it. */
  readonly uri: string;
  /** A file, or part of it; `undefined` if it is missing. Fails with a {@link TransientError} for what may pass. */
  fetch(key: string, options?: FetchOptions): Promise<ByteStream | undefined>;
  exists(key: string, options?: RequestOptions): Promise<boolean>;
  /** Makes folders, if it has any; what cannot be made is made when a file is written. */
  readonly prepare?: (folders: readonly string[]) => Promise<void>;
  /** Writes a file, all or nothing; absent for caches that cannot be written. */
  readonly put?: (key: string, file: UploadedFile, options?: RequestOptions) => Promise<void>;
  /** The names of all files directly in the cache; absent where nobody can tell. */
  readonly list?: (options?: RequestOptions) => Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What is written to a cache. */
export interface UploadedFile {
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  /** Opens the contents; called again when an attempt failed. */
  read(): ByteStream;
}

/** A failure that may pass: try again, after a time if the server named one. */
export class TransientError extends Error {
  constructor(
    text: MarkedText,
    /** Milliseconds. */
    readonly retryAfter?: number,
  ) {
    super(plainText(text));
    this.name = "TransientError";
  }
}
