/**
 * `.editorconfig`: the two properties that nixfmt has flags for, `indent_size` and `max_line_length`. Whoever
 * formats a file reads the texts; here is what one of them says about a path.
 *
 * Only sections count that name Nix files, such as `[*.nix]` or `[*.{js,nix}]`: what `[*]` says is meant for
 * all kinds of files, and other programs that check the official style do not read it.
 *
 * Source: the specification of EditorConfig 0.17.2; sections match by the name of the file, with `*`, `?`,
 * `[…]` and `{a,b}`, and by the path below the folder of the file.
 */

/** What `.editorconfig` says about a file. */
export interface EditorConfig {
  readonly width?: number;
  readonly indent?: number;
}

/** What one file says about a path below its folder. */
export function readEditorConfig(
  text: string,
  path: string,
): EditorConfig & { readonly isRoot: boolean } {
  let isRoot = false;
  let applies: boolean | undefined;
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[(.*)\]\s*$/.exec(line)?.[1];
    if (section !== undefined) {
      applies = /nix/i.test(section) && matchesPattern(section, path);
      continue;
    }
    const [, name = "", value = ""] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === "") continue;
    if (applies === undefined) isRoot ||= name.toLowerCase() === "root" && /^true$/i.test(value);
    else if (applies) values.set(name.toLowerCase(), value);
  }
  const indent = numberOf(values.get("indent_size"));
  const width = numberOf(values.get("max_line_length"));
  return {
    isRoot,
    ...(indent === undefined || indent > 16 ? {} : { indent }),
    ...(width === undefined ? {} : { width }),
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined;
}

/**
 * Whether a pattern of `.editorconfig` is about a path: `*`, `**`, `?`, `[…]` and `{…,…}`; one without a
 * slash is about the name of the file, others about the whole path.
 */
export function matchesPattern(pattern: string, path: string): boolean {
  const isAnywhere = !pattern.includes("/");
  const name = isAnywhere ? path.slice(path.lastIndexOf("/") + 1) : path;
  try {
    return new RegExp(`^${translated(pattern.replace(/^\//, ""))}$`).test(name);
  } catch {
    return false;
  }
}

function translated(pattern: string): string {
  let result = "";
  let braces = 0;
  for (let i = 0; i < pattern.length; i += 1) {
    const character = pattern[i] as string;
    if (character === "*" && pattern[i + 1] === "*") {
      result += ".*";
      i += 1;
    } else if (character === "*") result += "[^/]*";
    else if (character === "?") result += "[^/]";
    else if (character === "{" && pattern.indexOf("}", i) > i) {
      braces += 1;
      result += "(?:";
    } else if (character === "}" && braces > 0) {
      braces -= 1;
      result += ")";
    } else if (character === "," && braces > 0) result += "|";
    else if (character === "[" && pattern.indexOf("]", i) > i) {
      const end = pattern.indexOf("]", i);
      result += pattern.slice(i, end + 1).replace(/^\[!/, "[^");
      i = end;
    } else result += character.replace(/[.+^$(){}|[\]\\]/g, "\\$&");
  }
  return result + ")".repeat(braces);
}
