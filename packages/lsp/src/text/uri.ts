/** File URIs and paths. Documents that are not files, such as unsaved ones, have no path. */
import { URI } from "vscode-uri";

/** The path of a file URI as text; `undefined` for other schemes and for what is not a URI. */
export function pathOfUri(uri: string): string | undefined {
  if (!uri.startsWith("file:")) return undefined;
  try {
    return URI.parse(uri).path;
  } catch {
    return undefined;
  }
}

/** The URI of a path. */
export function uriOfPath(path: string): string {
  return URI.from({ scheme: "file", path }).toString();
}

/** The directory that holds a path; `/` for the root. */
export function directoryOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at <= 0 ? "/" : path.slice(0, at);
}

/** The last name of a path. */
export function baseNameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
