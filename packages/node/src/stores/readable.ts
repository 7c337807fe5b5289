/** What this process may do with files. */
import { accessSync, constants } from "node:fs";
import { toNodePath } from "../byte-path.ts";

/** Whether a file or directory is there and may be read and written; the path is bytes. */
export function isReadWritable(path: string): boolean {
  try {
    accessSync(toNodePath(path), constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether there is such a program on PATH. */
export function isOnPath(program: string, environment = process.env): boolean {
  return programOnPath(program, environment) !== undefined;
}

/** The file of a program on PATH. */
export function programOnPath(program: string, environment = process.env): string | undefined {
  for (const directory of (environment["PATH"] ?? "").split(":")) {
    if (directory === "") continue;
    try {
      accessSync(`${directory}/${program}`, constants.X_OK);
      return `${directory}/${program}`;
    } catch {}
  }
  return undefined;
}
