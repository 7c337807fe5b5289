/**
 * Downloading with redirects, retries, logins and conditional requests, by the rules of C++ Nix
 * (libstore/filetransfer.cc). Redirects are followed here and not by the client, because each hop may
 * name an immutable URL and must not be given what was meant for another host.
 */
import {
  byteStringToBytes,
  bytesToByteString,
  encodeBase64,
  InputError,
  marked,
  parseUrl,
} from "@nivis/formats";
import { collectBytes } from "../archive/byte-stream.ts";
import { type FetchHost, HttpFailure, type HttpResponse } from "../host.ts";
import type { FetchSettings } from "../settings.ts";
import { netrcLogin } from "./netrc.ts";

/** What to download. */
export interface Download {
  readonly url: string;
  /** Further headers, such as for a token; only the host of `url` gets them. */
  readonly headers?: ReadonlyMap<string, string>;
  /** The entity tag of what is there already. */
  readonly etag?: string;
  readonly body?: string;
}

/** What a download gave. */
export interface Downloaded<Result> {
  /** What was made of the body; `undefined` if the server says that what is there is still current. */
  readonly result: Result | undefined;
  readonly etag: string;
  /** All URLs on the way, the one that was asked for first. */
  readonly urls: readonly string[];
  /** The URL that the server promises never to change. */
  readonly immutableUrl: string | undefined;
}

/** A download that failed for good. */
export class DownloadError extends InputError {
  constructor(
    message: string,
    /** The status of HTTP; `undefined` if there was no response. */
    readonly status: number | undefined,
  ) {
    super(message);
    this.name = "DownloadError";
  }
}

const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const NOT_MODIFIED = 304;
const MAX_DELAY = 60_000;
const RATE_LIMITED_DELAY = 5_000;
/** Bodies of errors that are shown: short ones, and pages. */
const SHORT_BODY = 1024;
const MAX_ERROR_BODY = 1 << 16;

/** Statuses after which trying again does not help, beside all others from 400 to 499. */
const HOPELESS: ReadonlySet<number> = new Set([501, 505, 511]);
const RETRIED_CLIENT_ERRORS: ReadonlySet<number> = new Set([408, 429]);
const RATE_LIMITED: ReadonlySet<number> = new Set([429, 503]);

/** Something that went wrong in one attempt. */
class Attempt extends Error {
  constructor(
    readonly error: DownloadError,
    readonly isTransient: boolean,
    readonly baseDelay: number,
    readonly minDelay: number,
  ) {
    super(error.message);
  }
}

/** Downloads; a failed attempt is repeated from its start, so `consume` must be, too. */
export class Downloader {
  readonly #host: FetchHost;
  readonly #settings: FetchSettings;

  constructor(host: FetchHost, settings: FetchSettings) {
    this.#host = host;
    this.#settings = settings;
  }

  /** Downloads all of something into memory. */
  fetchBytes(download: Download): Promise<Downloaded<Uint8Array>> {
    return this.fetch(download, collectBytes);
  }

  /**
   * Downloads something and gives its body to `consume`. Throws {@link DownloadError}, or what `consume`
   * throws of its own.
   */
  async fetch<Result>(
    download: Download,
    consume: (body: AsyncIterable<Uint8Array>) => Promise<Result>,
  ): Promise<Downloaded<Result>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(download, consume);
      } catch (error) {
        if (!(error instanceof Attempt)) throw error;
        if (!error.isTransient || attempt >= this.#settings.attempts) throw error.error;
        const delay = this.#delay(error, attempt);
        this.#host.reporter.warn(
          `${error.error.message}; retrying in ${delay} ms (attempt ${attempt}/${this.#settings.attempts})`,
        );
        await this.#host.sleep(delay);
      }
    }
  }

  /** Doubles with each attempt; half of it is left to chance, so that clients spread. */
  #delay({ baseDelay, minDelay }: Attempt, attempt: number): number {
    const backoff = Math.min(MAX_DELAY, baseDelay * 2 ** (attempt - 1));
    return Math.max(minDelay, Math.round(backoff * (0.5 + this.#host.random() / 2)));
  }

  async #attempt<Result>(
    download: Download,
    consume: (body: AsyncIterable<Uint8Array>) => Promise<Result>,
  ): Promise<Downloaded<Result>> {
    const urls = [download.url];
    let immutableUrl: string | undefined;
    for (;;) {
      const url = urls.at(-1) as string;
      const response = await this.#send(download, url);
      immutableUrl = immutableUrlOf(response.headers) ?? immutableUrl;
      const location = response.headers.get("location");
      if (REDIRECTS.has(response.status) && location !== undefined) {
        response.cancel();
        if (urls.length > MAX_REDIRECTS) {
          throw this.#failure(
            download.url,
            `too many redirects (more than ${MAX_REDIRECTS})`,
            false,
          );
        }
        urls.push(this.#resolve(location, url));
        continue;
      }
      const etag = response.headers.get("etag") ?? "";
      const known = { etag, urls, immutableUrl };
      if (response.status === NOT_MODIFIED && download.etag !== undefined) {
        response.cancel();
        return { ...known, etag: download.etag, result: undefined };
      }
      if (response.status !== 200) throw await this.#badStatus(download.url, response);
      // Nix: servers that send the same thing again instead of saying so.
      if (download.etag !== undefined && download.etag !== "" && download.etag === etag) {
        response.cancel();
        return { ...known, result: undefined };
      }
      return { ...known, result: await this.#consume(download.url, response, consume) };
    }
  }

  async #send(download: Download, url: string): Promise<HttpResponse> {
    const { scheme } = parseUrl(url);
    if (scheme !== "http" && scheme !== "https") {
      const reason = `Unsupported protocol (1) Protocol "${scheme}" not supported`;
      throw this.#failure(download.url, reason, false);
    }
    const isFirstHost = hostOf(url) === hostOf(download.url);
    const headers = new Map([
      ["accept", "*/*"],
      ["user-agent", this.#userAgent()],
      ...(download.etag === undefined || download.etag === ""
        ? []
        : [["if-none-match", download.etag] as const]),
      ...this.#login(url),
      ...(isFirstHost ? (download.headers ?? []) : []),
    ]);
    const { body } = download;
    try {
      return await this.#host.http.send({
        method: body === undefined ? "GET" : "POST",
        url,
        headers,
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      throw this.#failure(download.url, error.message, error.isTransient);
    }
  }

  #userAgent(): string {
    const suffix = this.#settings.userAgentSuffix;
    return `Nivis Nix/2.36.0${suffix === "" ? "" : ` ${suffix}`}`;
  }

  /** What the URL itself or the netrc file has for its host. */
  #login(url: string): readonly (readonly [string, string])[] {
    const { authority } = parseUrl(url);
    if (authority === undefined) return [];
    const { user, password, host } = authority;
    const login =
      user === undefined
        ? netrcLogin(this.#settings.netrc, host)
        : { user, password: password ?? "" };
    if (login === undefined) return [];
    const token = encodeBase64(byteStringToBytes(`${login.user}:${login.password}`));
    return [["authorization", `Basic ${token}`]];
  }

  #resolve(location: string, base: string): string {
    const target = resolveLocation(location, base);
    if (target === undefined) {
      throw this.#failure(
        base,
        `the server redirects to '${location}', which is not an HTTP URL`,
        false,
      );
    }
    return target;
  }

  #failure(url: string, reason: string, isTransient: boolean): Attempt {
    const error = new DownloadError(marked`unable to download '${url}': ${reason}`, undefined);
    return new Attempt(error, isTransient, this.#settings.retryDelay, 0);
  }

  async #badStatus(url: string, response: HttpResponse): Promise<Attempt> {
    const { status, headers } = response;
    const body = await errorBody(response);
    const isPage = /^\s*<(?:!doctype|html)/i.test(body);
    const shown =
      body !== "" && (body.length < SHORT_BODY || isPage) ? `\n\nresponse body:\n\n${body}` : "";
    const hint = rateLimitHint(url, status, headers);
    const error = new DownloadError(
      marked`unable to download '${url}': HTTP error ${status}${shown}${hint}`,
      status,
    );
    const isHopeless =
      HOPELESS.has(status) || (status >= 400 && status < 500 && !RETRIED_CLIENT_ERRORS.has(status));
    const base = RATE_LIMITED.has(status) ? RATE_LIMITED_DELAY : this.#settings.retryDelay;
    return new Attempt(error, !isHopeless, base, this.#retryAfter(headers.get("retry-after")));
  }

  /** The milliseconds that a server wants us to wait: a number of seconds, or a date. */
  #retryAfter(value: string | undefined): number {
    if (value === undefined) return 0;
    if (/^\d+$/.test(value)) return Number(value) * 1000;
    const date = Date.parse(value);
    return Number.isNaN(date) ? 0 : Math.max(0, date - this.#host.now() * 1000);
  }

  async #consume<Result>(
    url: string,
    response: HttpResponse,
    consume: (body: AsyncIterable<Uint8Array>) => Promise<Result>,
  ): Promise<Result> {
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    const isEncoded = response.headers.has("content-encoding");
    const total = Number.isNaN(length) || isEncoded ? undefined : length;
    try {
      return await consume(this.#watched(url, response.body, total));
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      throw this.#failure(url, error.message, error.isTransient);
    } finally {
      response.cancel();
    }
  }

  async *#watched(
    url: string,
    body: AsyncIterable<Uint8Array>,
    total: number | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let done = 0;
    for await (const chunk of body) {
      done += chunk.length;
      this.#host.reporter.progress?.(url, done, total);
      yield chunk;
    }
    if (total !== undefined && done !== total) {
      throw new HttpFailure(`the server sent ${done} bytes of ${total}`, true);
    }
  }
}

/** What C++ Nix leaves its users to find out: how not to be refused by GitHub. */
function rateLimitHint(url: string, status: number, headers: ReadonlyMap<string, string>): string {
  const isLimit =
    status === 429 || (status === 403 && headers.get("x-ratelimit-remaining") === "0");
  if (!isLimit) return "";
  return `\n\nThe server answers no more requests of this kind for a while. A token, set as 'access-tokens = ${hostOf(url).replace(/^api\./, "")}=TOKEN' in nix.conf, raises the limit.`;
}

async function errorBody(response: HttpResponse): Promise<string> {
  const pieces: string[] = [];
  let size = 0;
  try {
    for await (const piece of response.body) {
      pieces.push(bytesToByteString(piece));
      size += piece.length;
      if (size > MAX_ERROR_BODY) break;
    }
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
  }
  response.cancel();
  return pieces.join("");
}

const IMMUTABLE_LINK = /<([^>]*)>; rel="immutable"/i;

function immutableUrlOf(headers: ReadonlyMap<string, string>): string | undefined {
  for (const name of ["link", "x-amz-meta-link"]) {
    const found = IMMUTABLE_LINK.exec(headers.get(name) ?? "");
    if (found !== null) return found[1];
  }
  return undefined;
}

/** Who a URL is from: the part between `//` and the path. */
export function hostOf(url: string): string {
  return /^[a-z+.-]+:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url)?.[1]?.toLowerCase() ?? "";
}

/** The target of a redirect as an absolute URL; `undefined` if it is not one of HTTP. */
export function resolveLocation(location: string, base: string): string | undefined {
  const [, scheme, authority, path] =
    /^([a-z]+:)\/\/([^/?#]*)([^?#]*)/i.exec(base) ?? ([] as string[]);
  const plain = location.replace(/#.*$/s, "");
  let target: string;
  if (/^[a-z][a-z0-9+.-]*:/i.test(plain)) target = plain;
  else if (plain.startsWith("//")) target = `${scheme}${plain}`;
  else if (plain.startsWith("/")) target = `${scheme}//${authority}${plain}`;
  else if (plain.startsWith("?")) target = `${scheme}//${authority}${path}${plain}`;
  else target = `${scheme}//${authority}${joined(path ?? "/", plain)}`;
  return /^https?:\/\//i.test(target) ? target : undefined;
}

function joined(path: string, relative: string): string {
  const [file, query] = [relative.replace(/\?.*$/s, ""), relative.match(/\?.*$/s)?.[0] ?? ""];
  const names = path.slice(0, path.lastIndexOf("/") + 1).split("/");
  names.pop();
  for (const name of file.split("/")) {
    if (name === "..") {
      if (names.length > 1) names.pop();
    } else if (name !== ".") names.push(name);
  }
  return `${names.join("/").startsWith("/") ? "" : "/"}${names.join("/")}${query}`;
}
