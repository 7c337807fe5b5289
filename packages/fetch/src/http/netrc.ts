/** Reading netrc files: names and passwords for hosts (the format of ftp(1) and curl). */

/** Who to be on a host. */
export interface NetrcLogin {
  readonly user: string;
  readonly password: string;
}

/** The login for a host: its own, or the default one; `undefined` if there is none. */
export function netrcLogin(text: string, host: string): NetrcLogin | undefined {
  // Definitions of macros go up to an empty line.
  const words = text
    .replace(/^macdef [\s\S]*?(?:\n\n|$)/gm, "\n")
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n")
    .match(/"(?:\\.|[^"\\])*"|\S+/g);
  let fallback: NetrcLogin | undefined;
  let current: { user: string; password: string } | undefined;
  for (let i = 0; words !== null && i < words.length; i++) {
    const word = words[i] as string;
    const value = unquoted(words[i + 1] ?? "");
    if (word === "machine" || word === "default") {
      // The entry of the host is complete when the next one begins.
      if (current !== undefined && current !== fallback) return current;
      const applies = word === "default" || value === host;
      current = applies ? { user: "", password: "" } : undefined;
      if (word === "default") fallback ??= current;
      else i++;
    } else if (word === "login" || word === "password" || word === "account") {
      if (current !== undefined && word === "login") current.user = value;
      if (current !== undefined && word === "password") current.password = value;
      i++;
    }
  }
  return current ?? fallback;
}

function unquoted(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, "$1") : word;
}
