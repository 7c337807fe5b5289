/** Access rights: what this process may do with files. */
import { accessSync, constants } from "node:fs";
import { bytesOfText, toNodePath } from "../byte-path.ts";
import type { AccessRight } from "./recorded-inputs.ts";

/** Whether the process has a right to a file, or to a program on the `PATH` of an environment. */
export function hasRight(
  right: AccessRight,
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (right === "on-path") {
    const directories = (environment["PATH"] ?? "").split(":");
    return directories.some(
      (directory) =>
        directory !== "" && hasRight("execute", `${bytesOfText(directory)}/${path}`, environment),
    );
  }
  const { F_OK, R_OK, W_OK, X_OK } = constants;
  try {
    accessSync(toNodePath(path), { exists: F_OK, execute: X_OK, "read-write": R_OK | W_OK }[right]);
    return true;
  } catch {
    return false;
  }
}
