/**
 * A binary cache behind HTTP: GET, HEAD and PUT, redirects, ranges, logins, and the verdict which
 * failures may pass. Retrying is the wrapper's business; connections, proxies and certificates are
 * those of the HTTP client of the fetchers.
 *
 * 404, 410 and 403 mean missing, since some servers hide what is missing behind 403; for
 * `nix-cache-info` 403 is an error. Source: filetransfer.cc and http-binary-cache-store.cc of libstore.
 */

import { HttpFailure, type HttpRequest, type HttpResponse, netrcLogin } from "@nivis/fetch";
import { marked } from "@nivis/formats";
import {
  type ByteStream,
  type CacheTransport,
  type CancelSignal,
  type FetchOptions,
  StoreError,
  TransientError,
} from "@nivis/store";
import { type HttpOptions, UndiciClient } from "../fetching/http-client.ts";

/** How a server is asked. */
export interface HttpCacheOptions extends HttpOptions {
  readonly userAgent: string;
  /** The text of a netrc file, with logins for hosts. */
  readonly netrc?: string;
}

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** After these, servers want to be left alone for a while. */
const BUSY = new Set([429, 503]);
const BUSY_PAUSE = 5000;
/** 408, 5xx but these: the server will not change its mind. */
const FINAL = new Set([501, 505, 511]);

interface CacheRequest {
  readonly method: "GET" | "HEAD" | "PUT";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: () => ByteStream;
  readonly signal?: CancelSignal | undefined;
}

/** The cache at a URL without its parameters. */
export function httpCache(url: string, options: HttpCacheOptions): CacheTransport {
  const client = new CacheClient(options);
  const base = url.replace(/\/+$/, "");
  const locate = (key: string): string => (/^https?:\/\//.test(key) ? key : `${base}/${key}`);
  return {
    uri: url,
    async fetch(key, request: FetchOptions = {}) {
      const { offset = 0, length, signal } = request;
      const end = length === undefined ? "" : String(offset + length - 1);
      const isPart = offset > 0 || length !== undefined;
      const response = await client.request(locate(key), {
        method: "GET",
        headers: {
          // A part of something encoded cannot be decoded, and any download may have to be resumed.
          "accept-encoding": "identity",
          ...(isPart ? { range: `bytes=${offset}-${end}` } : {}),
        },
        signal,
      });
      const { status } = response;
      if (status === 416) {
        response.cancel();
        // A resumed download that was complete already.
        return emptyStream();
      }
      if (isMissing(status, key)) {
        response.cancel();
        return undefined;
      }
      expectSuccess(response, locate(key), "download");
      // A server may ignore ranges and send everything.
      const skip = isPart && status === 200 ? offset : 0;
      return bodyOf(response, locate(key), skip, isPart ? length : undefined, signal);
    },
    async exists(key, request = {}) {
      const response = await client.request(locate(key), {
        method: "HEAD",
        headers: {},
        signal: request.signal,
      });
      response.cancel();
      if (isMissing(response.status, key)) return false;
      expectSuccess(response, locate(key), "download");
      return true;
    },
    async put(key, file, request = {}) {
      const response = await client.request(locate(key), {
        method: "PUT",
        headers: { "content-type": file.contentType, "content-length": String(file.size) },
        body: () => file.read(),
        signal: request.signal,
      });
      expectSuccess(response, locate(key), "upload to");
      response.cancel();
    },
    close: () => client.close(),
  };
}

async function* emptyStream(): AsyncGenerator<Uint8Array> {}

function isMissing(status: number, key: string): boolean {
  return status === 404 || status === 410 || (status === 403 && key !== "nix-cache-info");
}

/** Throws unless the server did what it was asked. */
function expectSuccess(response: HttpResponse, url: string, verb: string): void {
  const { status, headers } = response;
  if (status >= 200 && status < 300) return;
  response.cancel();
  const message = marked`unable to ${verb} '${url}': HTTP error ${status}`;
  if (BUSY.has(status) || status === 408 || (status >= 500 && !FINAL.has(status))) {
    const named = retryAfter(headers.get("retry-after"));
    throw new TransientError(message, named ?? (BUSY.has(status) ? BUSY_PAUSE : undefined));
  }
  throw new StoreError("io", message);
}

/** Milliseconds until the time that the header names. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** The body of a response, less what is skipped; a connection that breaks is a passing failure. */
async function* bodyOf(
  response: HttpResponse,
  url: string,
  skip: number,
  length: number | undefined,
  signal: CancelSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let toSkip = skip;
  let rest = length ?? Number.MAX_SAFE_INTEGER;
  try {
    for await (const chunk of response.body) {
      const piece = chunk.subarray(toSkip, toSkip + rest);
      toSkip = Math.max(0, toSkip - chunk.length);
      if (piece.length === 0) continue;
      rest -= piece.length;
      yield piece;
      if (rest === 0) return;
    }
  } catch (error) {
    throw failureOf(error, url, signal);
  } finally {
    response.cancel();
  }
}

function failureOf(error: unknown, url: string, signal: CancelSignal | undefined): unknown {
  if (signal?.aborted === true) return new StoreError("cancelled", "interrupted by the user");
  if (!(error instanceof HttpFailure)) return error;
  const message = marked`unable to download '${url}': ${error.message}`;
  return error.isTransient ? new TransientError(message) : new StoreError("io", message);
}

class CacheClient {
  readonly #options: HttpCacheOptions;
  readonly #client: UndiciClient;

  constructor(options: HttpCacheOptions) {
    this.#options = options;
    this.#client = new UndiciClient(options);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** Sends a request, and follows redirects. */
  async request(url: string, request: CacheRequest): Promise<HttpResponse> {
    let target = url;
    for (let hops = 0; ; hops++) {
      const response = await this.#send(target, request);
      const location = response.headers.get("location");
      if (!REDIRECTS.has(response.status) || location === undefined) return response;
      response.cancel();
      if (hops === MAX_REDIRECTS) {
        throw new StoreError("io", marked`unable to download '${url}': too many redirects`);
      }
      target = new URL(location, target).href;
    }
  }

  async #send(url: string, request: CacheRequest): Promise<HttpResponse> {
    const { method, headers, body, signal } = request;
    let parsed: URL;
    try {
      parsed = new URL(url);
    } catch {
      throw new StoreError("io", marked`unable to download '${url}': URL using bad/illegal format`);
    }
    if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
      throw new StoreError("io", marked`unable to download '${url}': unsupported protocol`);
    }
    const login = this.#login(parsed);
    parsed.username = "";
    parsed.password = "";
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort);
    const sent: HttpRequest = {
      method,
      url: parsed.href,
      headers: new Map(
        Object.entries({
          "user-agent": this.#options.userAgent,
          ...(login === undefined ? {} : { authorization: login }),
          ...headers,
        }),
      ),
      signal: controller.signal,
      ...(body === undefined ? {} : { body: body() }),
    };
    try {
      const response = await this.#client.send(sent);
      const { status, headers: received, body: pieces } = response;
      return {
        status,
        headers: received,
        body: pieces,
        cancel: () => {
          signal?.removeEventListener("abort", abort);
          response.cancel();
        },
      };
    } catch (error) {
      signal?.removeEventListener("abort", abort);
      throw failureOf(error, url, signal);
    }
  }

  /** What the URL itself has for its host, else the netrc file. */
  #login({ username, password, hostname }: URL): string | undefined {
    const { netrc = "" } = this.#options;
    const login =
      username === ""
        ? netrcLogin(netrc, hostname)
        : { user: decodeURIComponent(username), password: decodeURIComponent(password) };
    if (login === undefined) return undefined;
    return `Basic ${Buffer.from(`${login.user}:${login.password}`, "latin1").toString("base64")}`;
  }
}
