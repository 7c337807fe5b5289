/**
 * A transport that tries again: what may pass is repeated with growing pauses, and a download that
 * breaks off is resumed where it stopped. C++ Nix makes five attempts, the first pause 100 ms, and
 * none longer than a minute; a server that names a time is obeyed. Source: filetransfer.cc of libstore.
 */
import { marked } from "@nivis/formats";
import { StoreError } from "../error.ts";
import type { ByteStream, Clock } from "../host.ts";
import type { RequestOptions } from "../store.ts";
import { checkCancelled } from "../stream.ts";
import { type CacheTransport, type FetchOptions, TransientError } from "./transport.ts";

/** How often and how long. */
export interface RetryPolicy {
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled for each further one. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** Hears of each failed attempt. */
  readonly onRetry?: (message: string, pause: number) => void;
}

/** C++ Nix's. */
export const DEFAULT_RETRIES: RetryPolicy = {
  attempts: 5,
  firstPause: 100,
  longestPause: 60_000,
};

/** See the head of this file. */
export class RetryingTransport implements CacheTransport {
  readonly uri: string;
  readonly put?: NonNullable<CacheTransport["put"]>;
  readonly list?: NonNullable<CacheTransport["list"]>;
  readonly #inner: CacheTransport;
  readonly #clock: Clock;
  readonly #policy: RetryPolicy;

  constructor(inner: CacheTransport, clock: Clock, policy: RetryPolicy = DEFAULT_RETRIES) {
    this.#inner = inner;
    this.#clock = clock;
    this.#policy = policy;
    this.uri = inner.uri;
    const { put, list } = inner;
    if (put !== undefined) {
      this.put = (key, file, options) => this.#retry(options, () => put(key, file, options));
    }
    if (list !== undefined) this.list = (options) => this.#retry(options, () => list(options));
  }

  async #retry<T>(options: RequestOptions | undefined, attempt: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      checkCancelled(options?.signal);
      try {
        return await attempt();
      } catch (error) {
        await this.#pause(error, tried, options);
      }
    }
  }

  /** Waits before the next attempt, or throws what went wrong if there is none. */
  async #pause(error: unknown, tried: number, options: RequestOptions | undefined): Promise<void> {
    if (!(error instanceof TransientError)) throw error;
    const { attempts, firstPause, longestPause, onRetry } = this.#policy;
    if (tried >= attempts) {
      throw new StoreError("io", marked`${error.message} (${attempts} attempts)`);
    }
    const pause = Math.min(
      longestPause,
      Math.max(firstPause * 2 ** (tried - 1), error.retryAfter ?? 0),
    );
    onRetry?.(error.message, pause);
    await this.#clock.sleep(pause, options?.signal);
    checkCancelled(options?.signal);
  }

  exists(key: string, options?: RequestOptions): Promise<boolean> {
    return this.#retry(options, () => this.#inner.exists(key, options));
  }

  async fetch(key: string, options: FetchOptions = {}): Promise<ByteStream | undefined> {
    const first = await this.#retry(options, () => this.#inner.fetch(key, options));
    return first === undefined ? undefined : this.#resumed(key, options, first);
  }

  /** Passes a download on and takes it up again where it broke off. */
  async *#resumed(
    key: string,
    options: FetchOptions,
    first: ByteStream,
  ): AsyncGenerator<Uint8Array> {
    let stream: ByteStream | undefined = first;
    let read = 0;
    for (let tried = 1; ; tried++) {
      try {
        for await (const piece of stream) {
          // A server that sends something has recovered.
          if (piece.length > 0) tried = 1;
          read += piece.length;
          yield piece;
        }
        return;
      } catch (error) {
        await this.#pause(error, tried, options);
      }
      const { offset = 0, length } = options;
      stream = await this.#retry(options, () =>
        this.#inner.fetch(key, {
          ...options,
          offset: offset + read,
          ...(length === undefined ? {} : { length: length - read }),
        }),
      );
      if (stream === undefined) {
        throw new StoreError("io", marked`'${key}' of '${this.uri}' vanished while it was read`);
      }
    }
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
