/**
 * The version of a package and the hash of its source: what an update of a package changes.
 *
 * The values are looked for where packages have them: in the set of the derivation, in the call that
 * is its `src`, and in the `let`s around it.
 */
import { EditError } from "./edit-error.ts";
import type { NixFile } from "./nix-file.ts";

/** What an update changes. Texts are bytes. */
export interface PackageUpdate {
  readonly version?: string;
  readonly rev?: string;
  readonly hash?: string;
}

const PLACES: Readonly<Record<keyof PackageUpdate, readonly string[]>> = {
  version: ["version", "@version"],
  rev: ["src.rev", "src.tag", "rev", "@rev", "@src.rev", "@src.tag"],
  hash: [
    "src.hash",
    "src.sha256",
    "hash",
    "sha256",
    "@hash",
    "@sha256",
    "@src.hash",
    "@src.sha256",
  ],
};

/** Changes version, revision and hash. Fails if one of them is nowhere, and then changes nothing more. */
export function updatePackage(file: NixFile, update: PackageUpdate): void {
  for (const part of ["version", "rev", "hash"] as const) {
    const value = update[part];
    if (value === undefined) continue;
    const path = PLACES[part].find((one) => file.at(one) !== undefined);
    if (path === undefined) {
      throw new EditError(`there is no ${part}; it is looked for at ${PLACES[part].join(", ")}`);
    }
    // `rev = "v${version}"` follows the version by itself.
    if (part === "rev" && update.version !== undefined && file.getString(path) === undefined)
      continue;
    file.setString(path, value);
  }
}
