/**
 * The setting `allowed-uris`: the URIs that a fetcher may access in restricted evaluation.
 *
 * An entry allows itself and everything below it; `https:` and `https://` allow a whole scheme. A
 * part of a host name allows nothing: `https://github.co` does not allow `https://github.com`.
 */

/** A scheme alone, such as `git+ssh:`. (With `//` it ends in a slash and needs no special case.) */
const ONLY_SCHEME = /^[a-z][a-z0-9+.-]*:$/;

/** Whether an entry of `allowed` allows a URI. */
export function isAllowedUri(uri: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) => {
    if (uri === entry) return true;
    if (entry === "" || !uri.startsWith(entry)) return false;
    return entry.endsWith("/") || uri[entry.length] === "/" || ONLY_SCHEME.test(entry);
  });
}
