/**
 * URLs as flake references and fetchers use them (C++ Nix: libutil/url.cc on top of Boost.URL).
 *
 * The grammar is RFC 3986, with a *lenient* variant in which queries may contain blanks and quotes
 * and fragments also `^`, because people write such flake references. A path is stored as its
 * decoded segments: `/a/b` is `["", "a", "b"]`. A malformed URL throws `bad-url`, which the parser
 * of flake references catches to try other forms.
 */

import { compareBytes } from "../byte-order.ts";
import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";
import type { UrlAuthority } from "./url-authority.ts";

/** The decoded parts of a URL. */
export interface Url {
  readonly scheme: string;
  readonly authority: UrlAuthority | undefined;
  readonly path: readonly string[];
  readonly query: ReadonlyMap<string, string>;
  readonly fragment: string;
}

/** Receives a warning about a questionable URL. */
export type UrlWarn = (message: string) => void;

const PCHAR = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
const URL_PATTERN = new RegExp(
  "^(?:([A-Za-z][A-Za-z0-9+.-]*):)?" +
    "(?://((?:[A-Za-z0-9._~!$&'()*+,;=:@%\\[\\]-])*)(?=[/?#]|$))?" +
    `((?:${PCHAR}|/)*)` +
    `(?:\\?((?:${PCHAR}|[/?\\[\\]])*))?` +
    `(?:#((?:${PCHAR}|[/?])*))?$`,
);

/** Parses a URL with a scheme. */
export function parseUrl(text: string, lenient = false, warn?: UrlWarn): Url {
  const fixed = lenient ? encodeOddities(text) : text;
  const found = URL_PATTERN.exec(fixed);
  if (found === null) throw badUrl(marked`'${text}' is not a valid URL: ${"leftover"}`);
  const [, scheme, authorityText, pathText = "", query = "", fragment = ""] = found;
  if (scheme === undefined) throw badUrl(marked`'${fixed}' doesn't have a scheme`);
  const authority = authorityText === undefined ? undefined : parseAuthority(authorityText);
  const isFile = splitUrlScheme(scheme).transport === "file";
  if (authority !== undefined && authority.host !== "" && isFile) {
    const shown = formatAuthority(authority);
    throw badUrl(marked`file:// URL '${fixed}' has unexpected authority '${shown}'`);
  }
  const path = isFile && pathText === "" ? "/" : pathText;
  return {
    scheme,
    authority,
    path: path.split("/").map(percentDecode),
    query: decodeQuery(query, lenient, warn),
    fragment: percentDecode(fragment),
  };
}

/** The text of a URL; only chars that need it are percent-encoded. */
export function formatUrl(url: Url): string {
  const { scheme, authority, path, query, fragment } = url;
  const parts = [`${scheme}:`];
  if (authority !== undefined) parts.push("//", formatAuthority(authority));
  parts.push(path.map((segment) => percentEncode(segment, ":@")).join("/"));
  if (query.size > 0) parts.push("?", encodeQuery(query));
  if (fragment !== "") parts.push("#", percentEncode(fragment));
  return parts.join("");
}

/** Splits a scheme: `tarball+https` is the application `tarball` over the transport `https`. */
export function splitUrlScheme(scheme: string): {
  readonly application: string | undefined;
  readonly transport: string;
} {
  const plus = scheme.indexOf("+");
  return plus < 0
    ? { application: undefined, transport: scheme }
    : { application: scheme.slice(0, plus), transport: scheme.slice(plus + 1) };
}

/** Replaces each `%XX` by its byte. */
export function percentDecode(text: string): string {
  const wrong = /%(?![0-9A-Fa-f]{2})(.{0,2})/s.exec(text);
  if (wrong !== null) {
    const reason =
      (wrong[1] as string).length < 2 ? "incomplete pct-encoding" : "bad hexdig in pct-encoding";
    throw badUrl(marked`invalid URI parameter '${text}': ${reason}`);
  }
  return text.replace(/%(..)/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** Encodes all bytes except the unreserved ones of RFC 3986 and those in `keep`. */
export function percentEncode(text: string, keep = ""): string {
  return text.replace(/[^A-Za-z0-9._~-]/g, (char) =>
    keep.includes(char) ? char : encodeByte(char),
  );
}

/** Parses `a=1&b=2`; the first value of a name wins. */
export function decodeQuery(query: string, lenient = false, warn?: UrlWarn): Map<string, string> {
  const fixed = lenient ? query.replace(/[ "]/g, encodeByte) : query;
  const result = new Map<string, string>();
  if (fixed === "") return result;
  for (const parameter of fixed.split("&")) {
    const equals = parameter.indexOf("=");
    if (equals < 0) {
      warn?.(`dubious URI query '${parameter}' is missing equal sign '=', ignoring`);
      continue;
    }
    const name = percentDecode(parameter.slice(0, equals));
    if (!result.has(name)) result.set(name, percentDecode(parameter.slice(equals + 1)));
  }
  return result;
}

/** The text of a query, with names in bytewise order. */
export function encodeQuery(query: ReadonlyMap<string, string>): string {
  return [...query]
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([name, value]) => `${percentEncode(name, ":@/?")}=${percentEncode(value, ":@/?")}`)
    .join("&");
}

/** The URL segments of a path on disk. */
export function urlPathOf(path: string): string[] {
  const segments = path.split("/").filter((segment) => segment !== "");
  if (path.startsWith("/")) segments.unshift("");
  if (path.endsWith("/") || path === "") segments.push("");
  return segments;
}

/** The path on disk that the segments of a URL denote. */
export function pathOfUrl(segments: readonly string[]): string {
  for (const segment of segments) {
    if (segment.includes("/")) {
      throw badUrl(
        marked`URL path component '${segment}' contains '/', which is not allowed in file names`,
      );
    }
    if (segment.includes("\0")) {
      const shown = segment.replaceAll("\0", "\xe2\x90\x80");
      throw badUrl(marked`URL path component '${shown}' contains NUL byte which is not allowed`);
    }
  }
  return segments.join("/") || (segments.length > 1 ? "/" : "");
}

function badUrl(message: string): FormatError {
  return new FormatError("bad-url", message);
}

function encodeByte(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Encodes the chars that only the lenient grammar allows. */
function encodeOddities(text: string): string {
  let fixed = "";
  let rest = text;
  const question = rest.indexOf("?");
  if (question >= 0) {
    fixed = rest.slice(0, question + 1);
    rest = rest.slice(question + 1);
    const hash = rest.indexOf("#");
    const query = hash < 0 ? rest : rest.slice(0, hash);
    fixed += query.replace(/[ "]/g, encodeByte);
    rest = rest.slice(query.length);
  }
  const hash = rest.indexOf("#");
  if (hash < 0) return fixed + rest;
  return fixed + rest.slice(0, hash + 1) + rest.slice(hash + 1).replace(/[ "^]/g, encodeByte);
}

function parseAuthority(text: string): UrlAuthority {
  const found =
    /^(?:([^@:[\]]*)(?::([^@[\]]*))?@)?(?:\[([0-9A-Fa-f:.]+(?:%25[^\]]*)?)\]|([^:@[\]]*))(?::([0-9]*))?$/.exec(
      text,
    );
  if (found === null) throw badUrl(marked`invalid URL authority: '${text}': leftover`);
  const [, user, password, ipv6, host, port] = found;
  if (port !== undefined && port !== "" && (Number(port) === 0 || Number(port) > 65535)) {
    throw badUrl(marked`port '${port}' is invalid`);
  }
  return {
    user: user === undefined ? undefined : percentDecode(user),
    password: password === undefined ? undefined : percentDecode(password),
    host: percentDecode(ipv6 ?? host ?? ""),
    isIpv6: ipv6 !== undefined,
    port: port === undefined || port === "" ? undefined : Number(port),
  };
}

function formatAuthority({ user, password, host, isIpv6, port }: UrlAuthority): string {
  const secret = password === undefined ? "" : `:${percentEncode(password)}`;
  const login = user === undefined ? "" : `${percentEncode(user)}${secret}@`;
  const name = isIpv6 ? `[${percentEncode(host, ":")}]` : percentEncode(host);
  return login + name + (port === undefined ? "" : `:${port}`);
}
