/**
 * EvalIo for pure and restricted evaluation: a wrapper that exposes only allowed paths.
 *
 * Allowed are given paths with everything below them, and their ancestors as directories that
 * contain nothing else. Pure evaluation starts with no path, restricted evaluation with the search
 * path; paths that evaluation puts into the store become allowed. A forbidden path does not exist
 * for `pathExists`; reading it is an error.
 */
import { canonPath, marked, type NarDigest } from "@nivis/formats";
import type { SearchPathEntry } from "./context.ts";
import { ForwardingIo } from "./forwarding-io.ts";
import { type DirectoryEntry, type EvalIo, type FileType, IoError } from "./io.ts";
import { joinPath, parentOfPath } from "./path.ts";
import type { Settings } from "./settings.ts";

/** The code of the {@link IoError} for reading a forbidden path. */
export const RESTRICTED = "RESTRICTED";

/** Returns `io` restricted by the settings, or `io` itself in ordinary evaluation. */
export function restrictedIo(
  io: EvalIo,
  settings: Pick<Settings, "pureEval" | "restrictEval">,
  searchPath: readonly SearchPathEntry[],
): EvalIo {
  if (settings.pureEval) {
    return new RestrictedIo(io, "in pure evaluation mode (use '--impure' to override)");
  }
  if (!settings.restrictEval) return io;
  const restricted = new RestrictedIo(io, "in restricted mode");
  for (const { path } of searchPath) {
    restricted.allowPath(
      canonPath(path.startsWith("/") ? path : `${io.currentDirectory()}/${path}`),
    );
  }
  return restricted;
}

class RestrictedIo extends ForwardingIo {
  readonly #mode: string;
  readonly #allowed = new Set<string>();
  /** All ancestors of allowed paths. */
  readonly #ancestors = new Set<string>();

  constructor(io: EvalIo, mode: string) {
    super(io);
    this.#mode = mode;
  }

  /** What exists for evaluation grows with the allowed paths. */
  override get immutable(): boolean {
    return false;
  }

  override allowPath(path: string): void {
    this.#allowed.add(path);
    for (let at = path; at !== "/" && !this.#ancestors.has(parentOfPath(at)); ) {
      at = parentOfPath(at);
      this.#ancestors.add(at);
    }
  }

  override checkAccess(path: string): void {
    this.#checkAllowed(path);
    super.checkAccess(path);
  }

  #checkAllowed(path: string): void {
    if (this.#isAllowed(path)) return;
    throw new IoError(
      RESTRICTED,
      marked`access to absolute path '${path}' is forbidden ${this.#mode}`,
    );
  }

  override readFile(path: string): string {
    this.#checkAllowed(path);
    return super.readFile(path);
  }

  override readDirectory(path: string): readonly DirectoryEntry[] {
    this.#checkAllowed(path);
    return super.readDirectory(path).filter((entry) => this.#isAllowed(joinPath(path, entry.name)));
  }

  override fileType(path: string): FileType | undefined {
    return this.#isAllowed(path) ? super.fileType(path) : undefined;
  }

  override readLink(path: string): string {
    this.#checkAllowed(path);
    return super.readLink(path);
  }

  override isExecutable(path: string): boolean {
    this.#checkAllowed(path);
    return super.isExecutable(path);
  }

  /** Of an ancestor of allowed paths, evaluation sees only a part. */
  override narDigest(path: string): NarDigest | undefined {
    this.#checkAllowed(path);
    return this.#ancestors.has(path) ? undefined : super.narDigest(path);
  }

  override physicalPath(path: string): string | undefined {
    this.#checkAllowed(path);
    return super.physicalPath(path);
  }

  // Environment variables are not files; the builtins that expose them check the settings
  // themselves.

  #isAllowed(path: string): boolean {
    if (this.#ancestors.has(path)) return true;
    for (let at = path; ; at = parentOfPath(at)) {
      if (this.#allowed.has(at)) return true;
      if (at === "/") return false;
    }
  }
}
