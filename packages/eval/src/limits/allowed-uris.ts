/**
 * The setting `allowed-uris`: which URIs a fetcher may ask in restricted evaluation.
 *
 * An entry allows itself and everything below it, and `https:` or `https://` a whole scheme. A part of
 * a host name allows nothing: `https://github.co` is no way to `https://github.com`.
 */

/** A scheme and nothing else, as `git+ssh:`; with `//` behind it, it ends with a slash anyway. */
const ONLY_SCHEME = /^[a-z][a-z0-9+.-]*:$/;

/** Whether an entry of `allowed` lets a URI pass; see the head of this file. */
export function isAllowedUri(uri: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) => {
    if (uri === entry) return true;
    if (entry === "" || !uri.startsWith(entry)) return false;
    return entry.endsWith("/") || uri[entry.length] === "/" || ONLY_SCHEME.test(entry);
  });
}
