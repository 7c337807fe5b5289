/**
 * The network by `undici`: proxies from the environment, certificates from a file, time limits, content
 * encodings undone. Redirects and retries are the business of the fetcher.
 *
 * The library is loaded with the first request.
 */
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { type HttpClient, HttpFailure, type HttpRequest, type HttpResponse } from "@nivis/fetch";
import { InputError, marked } from "@nivis/formats";
import type { Dispatcher } from "undici";
import { bytesOfText, textOfBytes } from "../byte-path.ts";
import { errnoCode, errnoMessage } from "../errno.ts";

/** How requests are made. */
export interface HttpOptions {
  /** The environment; texts, not bytes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `ssl-cert-file`: a file with the certificates to trust instead of the usual ones. */
  readonly certificateFile?: string;
  /** `http-connections`: how many connections to one host there may be. */
  readonly connections?: number;
  /** `connect-timeout`, in seconds. */
  readonly connectTimeout?: number;
  /** `stalled-download-timeout`, in seconds: how long a transfer may stand still. */
  readonly stalledTimeout?: number;
  /** Connects to other places than the URLs name, as curl's `--connect-to` does. */
  readonly connectTo?: (
    host: string,
    port: number,
  ) => { readonly host: string; readonly port: number };
}

const DEFAULT_CONNECTIONS = 25;
const DEFAULT_CONNECT_TIMEOUT = 15;
const DEFAULT_STALLED_TIMEOUT = 300;

type Undici = typeof import("undici");

/** See the head of this file. */
export class UndiciClient implements HttpClient {
  readonly #options: HttpOptions;
  #ready: Promise<{ readonly undici: Undici; readonly dispatcher: Dispatcher }> | undefined;

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  async #start() {
    const undici = await import("undici");
    return { undici, dispatcher: dispatcherFor(undici, this.#options) };
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    this.#ready ??= this.#start();
    const { undici, dispatcher } = await this.#ready;
    const url = textOfBytes(request.url);
    const headers: Record<string, string> = { "accept-encoding": "gzip, deflate, br" };
    for (const [name, value] of request.headers) headers[name] = value;
    try {
      const response = await undici.request(url, {
        dispatcher,
        method: request.method,
        headers,
        ...(request.body === undefined ? {} : { body: bodyOf(request.body) }),
        ...(request.signal === undefined ? {} : { signal: request.signal as AbortSignal }),
      });
      return responseOf(response, url);
    } catch (error) {
      throw failureOf(error, url);
    }
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    const ready = this.#ready;
    this.#ready = undefined;
    // What could not be set up has been reported, and has no connections.
    const started = await ready?.catch(() => undefined);
    await started?.dispatcher.destroy();
  }
}

function bodyOf(body: NonNullable<HttpRequest["body"]>): string | Readable {
  if (typeof body === "string") return body;
  const { Readable: Stream } = process.getBuiltinModule("node:stream");
  return Stream.from(body, { objectMode: false });
}

function dispatcherFor(undici: Undici, options: HttpOptions): Dispatcher {
  const { environment, connectTo } = options;
  const certificates = certificatesOf(options);
  const tls = {
    timeout: (options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT) * 1000,
    ...(certificates === undefined ? {} : { ca: certificates }),
  };
  const stalled = (options.stalledTimeout ?? DEFAULT_STALLED_TIMEOUT) * 1000;
  const common = {
    connections: options.connections ?? DEFAULT_CONNECTIONS,
    headersTimeout: stalled,
    bodyTimeout: stalled,
  };
  if (connectTo !== undefined) {
    const connect = undici.buildConnector(tls);
    return new undici.Agent({
      ...common,
      connect: (target, callback) => {
        const port = Number(target.port || (target.protocol === "https:" ? 443 : 80));
        const place = connectTo(target.hostname, port);
        connect(
          {
            ...target,
            host: place.host,
            hostname: place.host,
            port: String(place.port),
            servername: target.hostname,
          },
          callback,
        );
      },
    });
  }
  const variable = (name: string): string | undefined =>
    environment[name.toLowerCase()] ?? environment[name] ?? undefined;
  const any = variable("ALL_PROXY");
  // Nix: the upper-case form of http_proxy is not looked at by curl, for the sake of CGI programs.
  const http = environment["http_proxy"] ?? any;
  const https = variable("HTTPS_PROXY") ?? any;
  const none = variable("NO_PROXY");
  return new undici.EnvHttpProxyAgent({
    ...common,
    connect: tls,
    requestTls: tls,
    httpProxy: http ?? "",
    httpsProxy: https ?? "",
    noProxy: none ?? "",
  });
}

function certificatesOf({ environment, certificateFile }: HttpOptions): string | undefined {
  const file = certificateFile ?? environment["NIX_SSL_CERT_FILE"] ?? environment["SSL_CERT_FILE"];
  if (file === undefined || file === "") return undefined;
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    const reason = errnoMessage(errnoCode(error));
    throw new InputError(marked`cannot read the certificates in "${bytesOfText(file)}": ${reason}`);
  }
}

function responseOf(response: Dispatcher.ResponseData, url: string): HttpResponse {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value === undefined) continue;
    const text = typeof value === "string" ? value : value.join(", ");
    headers.set(name.toLowerCase(), bytesOfText(text));
  }
  const { body } = response;
  const cancel = (): void => {
    // Whoever gives up does not want to hear that it was cut off.
    body.on("error", () => {});
    body.destroy();
  };
  return {
    status: response.statusCode,
    headers,
    body: piecesOf(decoded(body, headers.get("content-encoding") ?? ""), url),
    cancel,
  };
}

/** Undoes content encodings, the last one first. */
function decoded(body: Readable, encodings: string): Readable {
  const zlib = process.getBuiltinModule("node:zlib");
  let stream = body;
  for (const encoding of encodings.split(",").reverse()) {
    const decoder = decoderOf(zlib, encoding.trim().toLowerCase());
    if (decoder === undefined) continue;
    stream.on("error", (error) => decoder.destroy(error));
    stream = stream.pipe(decoder);
  }
  return stream;
}

function decoderOf(zlib: typeof import("node:zlib"), encoding: string) {
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      return zlib.createGunzip();
    case "deflate":
      return zlib.createInflate();
    case "br":
      return zlib.createBrotliDecompress();
    default:
      return undefined;
  }
}

async function* piecesOf(
  stream: Readable,
  url: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw failureOf(error, url);
  }
}

/** Errors by their codes: what curl says of them, and whether trying again may help. */
const FAILURES: readonly (readonly [codes: RegExp, text: string, isTransient: boolean])[] = [
  [
    /^(?:ENOTFOUND|EAI_AGAIN)$/,
    "Could not resolve hostname (6) Could not resolve host: HOST",
    true,
  ],
  [/^ECONNREFUSED$/, "Could not connect to server (7) Failed to connect to HOST", true],
  [/TIMEOUT$|^ETIMEDOUT$/, "Timeout was reached (28)", true],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_|TLS|SSL/,
    "SSL peer certificate or SSH remote key was not OK (60)",
    false,
  ],
  [/^(?:UND_ERR_SOCKET|ECONNRESET|EPIPE)$/, "the connection was cut off", true],
  [/^HPE/, "Weird server reply (8)", true],
  [/^UND_ERR_INVALID_ARG$/, "URL using bad/illegal format or missing URL (3)", false],
  [/MISMATCH|ABORTED/, "Transferred a partial file (18)", true],
];

function failureOf(error: unknown, url: string): unknown {
  if (!(error instanceof Error) || error instanceof InputError) return error;
  const codes = codesOf(error);
  const host = /^[a-z]+:\/\/(?:[^/@]*@)?([^/:?#]*)/i.exec(url)?.[1] ?? url;
  for (const [pattern, text, isTransient] of FAILURES) {
    const found = codes.find(({ code }) => pattern.test(code));
    if (found === undefined) continue;
    const shown = text.replace("HOST", host);
    // For names, Node repeats what the text says.
    const hasDetail = found.message !== "" && found.syscall !== "getaddrinfo";
    const detail = hasDetail ? `: ${found.message}` : "";
    return new HttpFailure(bytesOfText(`${shown}${detail}`), isTransient);
  }
  // A library's own mistakes and ours have no code.
  if (codes.length === 0) return error;
  return new HttpFailure(bytesOfText(error.message), true);
}

/** What Node says of an error. */
interface ErrorCode {
  readonly code: string;
  readonly message: string;
  /** The call to the system that failed, such as `getaddrinfo`. */
  readonly syscall: unknown;
}

/** The codes of an error and of what caused it. */
function codesOf(error: Error): readonly ErrorCode[] {
  const found: ErrorCode[] = [];
  const visit = (one: unknown): void => {
    if (!(one instanceof Error)) return;
    const { code, syscall } = one as { code?: unknown; syscall?: unknown };
    if (typeof code === "string") found.push({ code, message: one.message, syscall });
    // Not all of them have a code.
    else if (one.name === "HTTPParserError") {
      found.push({ code: "HPE", message: one.message, syscall });
    }
    visit(one.cause);
    if (one instanceof AggregateError) one.errors.forEach(visit);
  };
  visit(error);
  return found;
}
