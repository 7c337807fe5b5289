/**
 * A binary cache behind HTTP: GET, HEAD and PUT over kept-alive connections, redirects, ranges, and
 * the verdict which failures may pass. Retrying is the wrapper's business.
 *
 * 404, 410 and 403 mean missing, since some servers hide what is missing behind 403; for
 * `nix-cache-info` 403 is an error. Source: filetransfer.cc and http-binary-cache-store.cc of libstore.
 */
import type { Agent, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import {
  type ByteStream,
  type CacheTransport,
  type CancelSignal,
  type FetchOptions,
  StoreError,
  TransientError,
} from "@nivis/store";

/** How a server is asked. */
export interface HttpCacheOptions {
  /** Parallel connections; 25 unless given. */
  readonly maxConnections?: number;
  /** Milliseconds to connect; 15,000 unless given. */
  readonly connectTimeout?: number;
  /** Milliseconds without a byte; 300,000 unless given. */
  readonly stalledTimeout?: number;
  readonly userAgent: string;
  /** `user:password` for hosts, such as netrc has them. */
  readonly credentials?: (host: string) => string | undefined;
}

const MAX_REDIRECTS = 10;
const MAX_CONNECTIONS = 25;
const CONNECT_TIMEOUT = 15_000;
const STALLED_TIMEOUT = 300_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** After these, servers want to be left alone for a while. */
const BUSY = new Set([429, 503]);
const BUSY_PAUSE = 5000;
/** 408, 5xx but these: the server will not change its mind. */
const FINAL = new Set([501, 505, 511]);

interface HttpRequest {
  readonly method: "GET" | "HEAD" | "PUT";
  readonly headers: OutgoingHttpHeaders;
  readonly body?: () => ByteStream;
  readonly signal?: CancelSignal | undefined;
}

/** The cache at a URL without its parameters. */
export function httpCache(url: string, options: HttpCacheOptions): CacheTransport {
  const client = new HttpClient(options);
  const base = url.replace(/\/+$/, "");
  const locate = (key: string): string => (/^https?:\/\//.test(key) ? key : `${base}/${key}`);
  return {
    uri: url,
    async fetch(key, request: FetchOptions = {}) {
      const { offset = 0, length } = request;
      const end = length === undefined ? "" : String(offset + length - 1);
      const isPart = offset > 0 || length !== undefined;
      const response = await client.request(locate(key), {
        method: "GET",
        headers: isPart ? { range: `bytes=${offset}-${end}` } : {},
        signal: request.signal,
      });
      const status = response.statusCode ?? 0;
      if (status === 416) {
        response.resume();
        // A resumed download that was complete already.
        return emptyStream();
      }
      if (isMissing(status, key)) {
        response.resume();
        return undefined;
      }
      await expectSuccess(response, locate(key), "download");
      // A server may ignore ranges and send everything.
      const skip = isPart && status === 200 ? offset : 0;
      return bodyOf(response, locate(key), skip, skip > 0 ? length : undefined, request.signal);
    },
    async exists(key, request = {}) {
      const response = await client.request(locate(key), {
        method: "HEAD",
        headers: {},
        signal: request.signal,
      });
      response.resume();
      if (isMissing(response.statusCode ?? 0, key)) return false;
      await expectSuccess(response, locate(key), "download");
      return true;
    },
    async put(key, file, request = {}) {
      const response = await client.request(locate(key), {
        method: "PUT",
        headers: { "content-type": file.contentType, "content-length": file.size },
        body: () => file.read(),
        signal: request.signal,
      });
      await expectSuccess(response, locate(key), "upload to");
      response.resume();
    },
    async close() {
      client.close();
    },
  };
}

async function* emptyStream(): AsyncGenerator<Uint8Array> {}

function isMissing(status: number, key: string): boolean {
  return status === 404 || status === 410 || (status === 403 && key !== "nix-cache-info");
}

/** Throws unless the server did what it was asked. */
async function expectSuccess(response: IncomingMessage, url: string, verb: string): Promise<void> {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  response.resume();
  const message = `unable to ${verb} '${url}': HTTP error ${status}`;
  if (BUSY.has(status) || status === 408 || (status >= 500 && !FINAL.has(status))) {
    const named = retryAfter(response.headers["retry-after"]);
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
  response: IncomingMessage,
  url: string,
  skip: number,
  length: number | undefined,
  signal: CancelSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let toSkip = skip;
  let rest = length ?? Number.MAX_SAFE_INTEGER;
  const abort = (): void => {
    response.destroy(new StoreError("cancelled", "interrupted by the user"));
  };
  signal?.addEventListener("abort", abort);
  try {
    for await (const chunk of decoded(response) as AsyncIterable<Uint8Array>) {
      const piece = chunk.subarray(toSkip, toSkip + rest);
      toSkip = Math.max(0, toSkip - chunk.length);
      if (piece.length === 0) continue;
      rest -= piece.length;
      yield piece;
      if (rest === 0) return;
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new TransientError(`unable to download '${url}': ${(error as Error).message}`);
  } finally {
    signal?.removeEventListener("abort", abort);
    response.destroy();
  }
}

/** Undoes a Content-Encoding, which is the server's affair and not the cache's. */
function decoded(response: IncomingMessage): AsyncIterable<Uint8Array> {
  const zlib = process.getBuiltinModule("node:zlib");
  const encoding = response.headers["content-encoding"] ?? "";
  const transform =
    encoding === "gzip" || encoding === "x-gzip"
      ? zlib.createGunzip()
      : encoding === "br"
        ? zlib.createBrotliDecompress()
        : encoding === "deflate"
          ? zlib.createInflate()
          : undefined;
  if (transform === undefined) {
    if (encoding !== "" && encoding !== "identity") {
      throw new StoreError("unsupported", `Content-Encoding '${encoding}' is not supported`);
    }
    return response;
  }
  const { pipeline } = process.getBuiltinModule("node:stream");
  pipeline(response, transform, () => {});
  return transform;
}

class HttpClient {
  readonly #options: HttpCacheOptions;
  readonly #agents = new Map<string, Agent>();

  constructor(options: HttpCacheOptions) {
    this.#options = options;
  }

  #agent(protocol: string): Agent {
    let agent = this.#agents.get(protocol);
    if (agent === undefined) {
      const module = process.getBuiltinModule(protocol === "https:" ? "node:https" : "node:http");
      agent = new module.Agent({
        keepAlive: true,
        maxSockets: this.#options.maxConnections ?? MAX_CONNECTIONS,
      });
      this.#agents.set(protocol, agent);
    }
    return agent;
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  /** Asks, and follows redirects. */
  async request(url: string, request: HttpRequest): Promise<IncomingMessage> {
    let target = url;
    for (let hops = 0; ; hops++) {
      const response = await this.#send(target, request);
      const { location } = response.headers;
      if (!REDIRECTS.has(response.statusCode ?? 0) || location === undefined) return response;
      response.resume();
      if (hops === MAX_REDIRECTS) {
        throw new StoreError("io", `unable to download '${url}': too many redirects`);
      }
      target = new URL(location, target).href;
    }
  }

  #send(url: string, request: HttpRequest): Promise<IncomingMessage> {
    const { connectTimeout, stalledTimeout, userAgent, credentials } = this.#options;
    const parsed = new URL(url);
    if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
      throw new StoreError("io", `unable to download '${url}': unsupported protocol`);
    }
    const module = process.getBuiltinModule(
      parsed.protocol === "https:" ? "node:https" : "node:http",
    );
    const auth = credentials?.(parsed.hostname);
    return new Promise((resolve, reject) => {
      const fail = (message: string): void =>
        reject(new TransientError(`unable to download '${url}': ${message}`));
      const outgoing = module.request(parsed, {
        method: request.method,
        agent: this.#agent(parsed.protocol),
        headers: { "user-agent": userAgent, ...request.headers },
        ...(auth === undefined ? {} : { auth }),
      });
      const abort = (): void => {
        outgoing.destroy();
        reject(new StoreError("cancelled", "interrupted by the user"));
      };
      request.signal?.addEventListener("abort", abort);
      const timer = setTimeout(() => {
        outgoing.destroy();
        fail(`connecting took longer than ${(connectTimeout ?? CONNECT_TIMEOUT) / 1000} seconds`);
      }, connectTimeout ?? CONNECT_TIMEOUT);
      outgoing.on("socket", (socket) => {
        if (!socket.connecting) clearTimeout(timer);
        else socket.once("connect", () => clearTimeout(timer));
      });
      outgoing.setTimeout(stalledTimeout ?? STALLED_TIMEOUT, () => {
        outgoing.destroy(new Error("the server sent nothing for too long"));
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        request.signal?.removeEventListener("abort", abort);
        fail(reasonOf(error));
      });
      outgoing.on("response", (response) => {
        clearTimeout(timer);
        request.signal?.removeEventListener("abort", abort);
        resolve(response);
      });
      void sendBody(outgoing, request.body).catch((error: unknown) => {
        outgoing.destroy();
        reject(error);
      });
    });
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "Could not resolve hostname";
    case "ECONNREFUSED":
      return "Could not connect to server";
    default:
      return error.message;
  }
}

async function sendBody(
  outgoing: import("node:http").ClientRequest,
  body: (() => ByteStream) | undefined,
): Promise<void> {
  if (body !== undefined) {
    for await (const piece of body()) {
      if (outgoing.destroyed) return;
      if (!outgoing.write(piece)) {
        await new Promise<void>((resolve) => {
          outgoing.once("drain", resolve);
          outgoing.once("close", resolve);
        });
      }
    }
  }
  outgoing.end();
}
