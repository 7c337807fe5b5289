/** Submodules: what `.gitmodules` says, and where their repositories are. */
import { InputError, marked } from "@nivis/formats";
import type { GitCommand } from "./command.ts";

/** A submodule. */
export interface Submodule {
  /** Where it lies in the tree, without a slash at the start. */
  readonly path: string;
  readonly url: string;
  /** The branch to follow; empty if none is said, `.` for that of the repository around. */
  readonly branch: string;
}

/**
 * Reads a `.gitmodules` file with git's own reader.
 *
 * @param source How git is to find it, such as `--file PATH` or `--blob COMMIT:.gitmodules`.
 */
export async function readSubmodules(
  git: GitCommand,
  directory: string,
  source: readonly string[],
): Promise<readonly Submodule[]> {
  const text = await git.output(directory, ["config", "-z", ...source, "--list"]);
  const byName = new Map<string, Map<string, string>>();
  for (const line of text.split("\0")) {
    const found = /^submodule\.(.*)\.(path|url|branch)\n(.*)$/s.exec(line);
    if (found === null) continue;
    const [, name, key, value] = found as unknown as [string, string, string, string];
    const values = byName.get(name) ?? new Map<string, string>();
    values.set(key, value);
    byName.set(name, values);
  }
  const submodules: Submodule[] = [];
  for (const values of byName.values()) {
    const path = values.get("path");
    const url = values.get("url");
    if (path === undefined || url === undefined) continue;
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    // Git refuses such paths, too.
    if (names.length === 0 || names.includes("..")) continue;
    submodules.push({ path: names.join("/"), url, branch: values.get("branch") ?? "" });
  }
  return submodules;
}

/** The URL of a submodule, which may be relative to that of the repository around. */
export function resolveSubmoduleUrl(url: string, parent: string): string {
  if (!url.startsWith("./") && !url.startsWith("../")) {
    if (url.startsWith("/") || url.includes(":")) return url;
    throw new InputError(marked`resolving Git submodule URL '${url}'`);
  }
  let base = parent.replace(/\/+$/, "");
  let rest = url;
  for (;;) {
    if (rest.startsWith("./")) rest = rest.slice(2);
    else if (rest.startsWith("../")) {
      rest = rest.slice(3);
      const cut = Math.max(base.lastIndexOf("/"), base.lastIndexOf(":"));
      if (cut < 0) throw new InputError(marked`resolving Git submodule URL '${url}'`);
      // `host:path` keeps its colon.
      base = base[cut] === ":" ? base.slice(0, cut + 1) : base.slice(0, cut);
    } else break;
  }
  return base.endsWith(":") ? base + rest : `${base}/${rest}`;
}
