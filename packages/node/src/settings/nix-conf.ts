/** The format of nix.conf: lines `name = words`, comments, and `include` of other files. */
import { marked } from "@nivis/formats";
import { usageError } from "../usage-error.ts";

/** A line that sets something. */
export interface ConfigLine {
  readonly name: string;
  /** The words after the `=`, separated by single blanks. */
  readonly value: string;
}

/** Reads an included file; returns `undefined` if it does not exist. */
export type ReadIncluded = (path: string) => string | undefined;

/**
 * Parses a configuration text. `path` occurs in messages, and relative includes start in its
 * directory. Throws a usage error for an invalid line, and for a file that includes itself.
 */
export function parseNixConf(
  contents: string,
  path: string,
  read: ReadIncluded,
  including: readonly string[] = [],
): ConfigLine[] {
  const result: ConfigLine[] = [];
  for (const line of contents.split("\n")) {
    const text = line.replace(/#.*/, "");
    const words = text.split(/[ \t\r]+/).filter((word) => word !== "");
    const [name, operator, ...rest] = words;
    if (name === undefined) continue;
    const isInclude = name === "include" || name === "!include";
    if (operator === undefined || (isInclude ? words.length !== 2 : operator !== "=")) {
      throw usageError(marked`syntax error in configuration line '${text}' in "${path}"`);
    }
    if (!isInclude) {
      result.push({ name, value: rest.join(" ") });
      continue;
    }
    const file = operator.startsWith("/") ? operator : `${directoryOf(path)}${operator}`;
    if (including.includes(file)) {
      throw usageError(marked`configuration file "${file}" includes itself`);
    }
    const included = read(file);
    if (included !== undefined) {
      result.push(...parseNixConf(included, file, read, [...including, path, file]));
    } else if (name === "include") {
      throw usageError(marked`file "${file}" included from "${path}" not found`);
    }
  }
  return result;
}

/** Returns the directory of a path including its slash; empty if it has none. */
function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
