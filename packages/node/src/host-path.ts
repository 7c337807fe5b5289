/**
 * Paths of the host and paths of Nix. Inside, paths are those of POSIX; on Windows this module turns
 * them into the host's and back, and it is the only place that does:
 *
 *     C:\a\b        /C:/a/b        as in file:///C:/a/b
 *     \\?\C:\a      /C:/a
 *     a\b           a/b
 *
 * Everything else that Windows calls a path (`\\server\share`, devices, `C:a`) is refused. Both
 * flavours are plain functions, so they are tested on every system. docs/platforms.md lists the decisions.
 */

/** How the host writes paths. */
export type PathFlavour = "posix" | "windows";

/** The longest path that Windows takes without a prefix (`MAX_PATH`). */
const MAX_PLAIN_LENGTH = 259;

/** The bit of a mode that lets the owner execute a file. */
const OWNER_EXECUTES = 0o100;

/** How this machine writes paths. */
export function hostFlavour(): PathFlavour {
  return process.platform === "win32" ? "windows" : "posix";
}

/**
 * Returns a path of the host as a path of Nix; both are texts and may be relative. Throws a
 * `TypeError` for a path of Windows that Nix has no path for.
 */
export function fromHostPath(path: string, flavour: PathFlavour = hostFlavour()): string {
  if (flavour === "posix") return path;
  const plain = /^\\\\\?\\[a-zA-Z]:/.test(path) ? path.slice(4) : path;
  if (/^[\\/]{2}/.test(plain)) {
    throw new TypeError(
      `the path '${path}' is on another machine or a device; give a path with a drive`,
    );
  }
  const [, drive, rest = ""] = /^([a-zA-Z]):(.*)$/s.exec(plain) ?? [];
  if (drive === undefined) return plain.replaceAll("\\", "/");
  if (rest !== "" && !/^[\\/]/.test(rest)) {
    throw new TypeError(`the path '${path}' depends on the current directory of a drive`);
  }
  return `/${drive.toUpperCase()}:${rest.replaceAll("\\", "/")}`;
}

/** Returns a path of Nix as a path of the host; both are texts and may be relative. */
export function toHostPath(path: string, flavour: PathFlavour = hostFlavour()): string {
  if (flavour === "posix") return path;
  const [, drive, rest = ""] = /^\/([a-zA-Z]:)(\/.*)?$/s.exec(path) ?? [];
  if (drive === undefined) return path.replaceAll("/", "\\");
  const plain = `${drive}${(rest === "" ? "/" : rest).replaceAll("/", "\\")}`;
  return plain.length > MAX_PLAIN_LENGTH ? `\\\\?\\${plain}` : plain;
}

/**
 * Returns the target of a symlink as Nix stores it: with slashes, so that archives of a tree are the
 * same on all systems.
 */
export function fromHostTarget(target: string, flavour: PathFlavour = hostFlavour()): string {
  return flavour === "posix" ? target : fromHostPath(target, flavour);
}

/**
 * Whether a file of the host with this mode is executable, which is part of the hash of a tree. Files
 * of Windows are not: it has no such bit, whatever the mode says.
 */
export function hasExecutableBit(mode: number, flavour: PathFlavour = hostFlavour()): boolean {
  return flavour === "posix" && (mode & OWNER_EXECUTES) !== 0;
}
