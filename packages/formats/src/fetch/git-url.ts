/**
 * Turns the forms in which people name a Git repository into one URL: a path on disk, the form of
 * ssh and scp (`user@host:path`), and URLs with or without a leading `git+` (C++ Nix: fixGitURL).
 */

import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";
import { formatUrl, parseUrl, splitUrlScheme, type Url, type UrlWarn, urlPathOf } from "./url.ts";
import { EMPTY_AUTHORITY, type UrlAuthority } from "./url-authority.ts";

/** Git's own schemes; a text that begins with one is never `host:path`. */
const GIT_SCHEMES = /^(?:git\+)?(?:ssh|https?|file|ftps?|git)$/;

/** The URL of a repository that is named in any of the forms. */
export function fixGitUrl(text: string, warn?: UrlWarn): Url {
  if (text.startsWith("/")) {
    const path = urlPathOf(text);
    return { scheme: "file", authority: EMPTY_AUTHORITY, path, query: new Map(), fragment: "" };
  }
  const secureCopy = trySecureCopyForm(text, warn);
  if (secureCopy !== undefined) return secureCopy;
  const url = parseUrl(text);
  const { application, transport } = splitUrlScheme(url.scheme);
  return application === "git" ? { ...url, scheme: transport } : url;
}

/** Parses `[user@]host:path`, with an IPv6 address in brackets. */
function trySecureCopyForm(text: string, warn: UrlWarn | undefined): Url | undefined {
  if (text.includes("://")) return undefined;
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  let host = text.slice(0, colon);
  if (host.includes("/") || GIT_SCHEMES.test(host)) return undefined;
  const bracket = text.includes("@[") ? text.indexOf("@[") + 1 : text.startsWith("[") ? 0 : -1;
  const end = bracket < 0 ? -1 : text.indexOf("]", bracket + 1);
  if (end >= 0) {
    if (text[end + 1] !== ":") return undefined;
    host = text.slice(0, end + 1);
  }
  const pathText = text.slice(host.length + 1);
  if (pathText === "") throw badUrl(marked`SCP-style Git URL '${text}' has an empty path`);
  const authority = authorityOf(host);
  let path = pathText.split("/");
  if (path[0] !== "") {
    path = ["", ...path];
    if (!(path[1] as string).startsWith("~")) {
      warn?.(relativePathWarning(text, host, pathText, { ...SSH, authority, path }));
    }
  }
  return { ...SSH, authority, path };
}

const SSH: Url = { scheme: "ssh", authority: undefined, path: [], query: new Map(), fragment: "" };

function authorityOf(text: string): UrlAuthority {
  const at = text.indexOf("@");
  const user = at < 0 ? undefined : text.slice(0, at);
  const host = text.slice(at + 1);
  if (!(host.startsWith("[") && host.endsWith("]"))) return { ...EMPTY_AUTHORITY, user, host };
  const address = host.slice(1, -1);
  if (!/^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(address)) {
    throw badUrl(
      marked`Git SCP bracketed URL is not valid: '${address}' is not a valid IPv6 address`,
    );
  }
  return { ...EMPTY_AUTHORITY, user, host: address.toLowerCase(), isIpv6: true };
}

function relativePathWarning(text: string, host: string, path: string, url: Url): string {
  const bare = host.slice(host.indexOf("@") + 1);
  const tilde = { ...url, path: ["", "~", ...url.path.slice(1)] };
  return (
    `SCP-style URL '${text}' has a relative path which cannot be faithfully converted to an SSH URL: ` +
    "we will convert it to an absolute path when making an SSH URL.\n\n" +
    `Use an explicit absolute path:\n\n    ${bare}:/${path}\n\n` +
    `or with an explicit SSH URL:\n\n    ${formatUrl(url)}\n\n` +
    "instead, to explicitly use an absolute path (and silence this warning). " +
    `Or, to be relative to the remote user's home directory:\n\n    ${bare}:~/${path}\n\n` +
    `or with an explicit SSH URL:\n\n    ${formatUrl(tilde)}`
  );
}

function badUrl(message: string): FormatError {
  return new FormatError("bad-url", message);
}
