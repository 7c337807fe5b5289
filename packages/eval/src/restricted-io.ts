/**
 * EvalIo for pure and restricted evaluation: a wrapper that exposes only allowed paths.
 *
 * Allowed are given paths with everything below them, and their ancestors as directories that
 * contain nothing else. Pure evaluation starts with no path, restricted evaluation with the search
 * path; paths that evaluation puts into the store become allowed. A forbidden path does not exist
 * for `pathExists`; reading it is an error.
 */
import { canonPath } from "@nivis/formats";
import type { SearchPathEntry } from "./context.ts";
import {
  type DirectoryEntry,
  type EvalIo,
  type FileType,
  IoError,
  type LogMessage,
  type MemoryGauge,
} from "./io.ts";
import { joinPath, parentOfPath } from "./path.ts";
import type { Settings } from "./settings.ts";
import type { Fingerprint } from "./source-accessor.ts";

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

class RestrictedIo implements EvalIo {
  readonly #io: EvalIo;
  readonly #mode: string;
  readonly #allowed = new Set<string>();
  /** All ancestors of allowed paths. */
  readonly #ancestors = new Set<string>();

  constructor(io: EvalIo, mode: string) {
    this.#io = io;
    this.#mode = mode;
  }

  allowPath(path: string): void {
    this.#allowed.add(path);
    for (let at = path; at !== "/" && !this.#ancestors.has(parentOfPath(at)); ) {
      at = parentOfPath(at);
      this.#ancestors.add(at);
    }
  }

  checkAccess(path: string): void {
    if (this.#isAllowed(path)) return;
    throw new IoError(RESTRICTED, `access to absolute path '${path}' is forbidden ${this.#mode}`);
  }

  readFile(path: string): string {
    this.checkAccess(path);
    return this.#io.readFile(path);
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    this.checkAccess(path);
    return this.#io
      .readDirectory(path)
      .filter((entry) => this.#isAllowed(joinPath(path, entry.name)));
  }

  fileType(path: string): FileType | undefined {
    return this.#isAllowed(path) ? this.#io.fileType(path) : undefined;
  }

  readLink(path: string): string {
    this.checkAccess(path);
    return this.#io.readLink(path);
  }

  isExecutable(path: string): boolean {
    this.checkAccess(path);
    return this.#io.isExecutable(path);
  }

  display(path: string): string {
    return this.#io.display(path);
  }

  physicalPath(path: string): string | undefined {
    this.checkAccess(path);
    return this.#io.physicalPath(path);
  }

  fingerprint(path: string): Fingerprint | undefined {
    return this.#io.fingerprint?.(path);
  }

  homeDirectory(): string {
    return this.#io.homeDirectory();
  }

  // Environment variables are not files; the builtins that expose them check the settings
  // themselves.
  environment(name: string): string | undefined {
    return this.#io.environment(name);
  }

  now(): number {
    return this.#io.now();
  }

  milliseconds(): number {
    return this.#io.milliseconds?.() ?? this.now() * 1000;
  }

  get memory(): MemoryGauge | undefined {
    return this.#io.memory;
  }

  currentDirectory(): string {
    return this.#io.currentDirectory();
  }

  system(): string {
    return this.#io.system();
  }

  log(message: LogMessage): void {
    this.#io.log(message);
  }

  #isAllowed(path: string): boolean {
    if (this.#ancestors.has(path)) return true;
    for (let at = path; ; at = parentOfPath(at)) {
      if (this.#allowed.has(at)) return true;
      if (at === "/") return false;
    }
  }
}
