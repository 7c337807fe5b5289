/**
 * The registration file: the store paths that a {@link LocalStore} has written, in the format that
 * `nix-store --load-db` reads.
 *
 *     path, NAR hash in base 16, NAR size, deriver (empty), number of references, the references
 *
 * one per line. For C++ Nix, only the paths in its SQLite database are valid. Nivis does not write
 * that database; loading this file once makes the paths known to C++ Nix:
 *
 *     nix-store --store ROOT --load-db < ROOT/nix/var/nix/nivis.reginfo
 *
 * Loading it again is harmless.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { encodeBase16, type NarDigest } from "@nivis/formats";
import { toNodePath } from "./byte-path.ts";
import { errnoCode } from "./errno.ts";
import { makeDirectories } from "./make-directories.ts";

/** A registration file and its contents. */
export class Registration {
  readonly #references: Map<string, readonly string[]>;

  /** Reads the file; a missing file counts as empty. */
  constructor(readonly file: string) {
    this.#references = readRegistration(file);
  }

  /** Returns the references of a registered path, or `undefined` for other paths. */
  references(path: string): readonly string[] | undefined {
    return this.#references.get(path);
  }

  /** Registers a path that has been written completely. */
  add(path: string, nar: NarDigest, references: readonly string[]): void {
    if (this.#references.has(path)) return;
    const sorted = [...references].sort();
    const lines = [
      path,
      encodeBase16(nar.digest),
      `${nar.size}`,
      "",
      `${sorted.length}`,
      ...sorted,
    ];
    // A single write in append mode keeps entries of concurrent processes apart.
    const entry = Buffer.from(`${lines.join("\n")}\n`, "latin1");
    if (this.#references.size === 0) makeDirectories(toNodePath(dirname(this.file)));
    appendFileSync(toNodePath(this.file), entry);
    this.#references.set(path, sorted);
  }
}

function readRegistration(file: string): Map<string, readonly string[]> {
  const registered = new Map<string, readonly string[]>();
  let text: string;
  try {
    text = readFileSync(toNodePath(file), "latin1");
  } catch (error) {
    if (errnoCode(error) === "ENOENT") return registered;
    throw error;
  }
  const lines = text.split("\n");
  // An entry is five lines and its references; an incomplete one at the end is the result of a
  // crash.
  for (let at = 0; at + 5 < lines.length; ) {
    const end = at + 5 + Number(lines[at + 4]);
    if (end >= lines.length) break;
    registered.set(lines[at] as string, lines.slice(at + 5, end));
    at = end;
  }
  return registered;
}
