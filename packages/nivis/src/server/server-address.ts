/**
 * Server address: where the server of `nivis server` listens, and what it says of itself there. Commands
 * read it before anything else is loaded, so this imports only files and paths.
 *
 * The directory of a server is `$XDG_RUNTIME_DIR/nivis`, or `nivis/server` in the user's cache directory.
 * It belongs to the user and only the user may enter it (0700), which keeps others from the socket.
 * The *card* in it (`server.json`, 0600) names the socket and a key that each request must show: on
 * Windows, a named pipe is not in a directory.
 */
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeDirectories } from "@nivis/node";
import { processIdentity } from "../launch/process-identity.ts";

/** What a server says of itself. Texts, not bytes. */
export interface ServerCard {
  readonly pid: number;
  /** The socket, or the named pipe. */
  readonly socket: string;
  readonly key: string;
  /** See {@link identityOf}. */
  readonly identity: string;
}

/** The version of the messages between commands and servers. */
const PROTOCOL = 1;
const CARD = "server.json";

/**
 * What must be equal in a command and a server, so that an evaluation there is one here: the build, Node
 * and its options, and the rights of the user.
 */
export function identityOf(build: string): string {
  return JSON.stringify([PROTOCOL, build, ...processIdentity()]);
}

/**
 * Returns the directory of the server that `NIVIS_SERVER` and the environment mean; `undefined` if there
 * is no place for one. An absolute path in `NIVIS_SERVER` is that of the directory; see {@link isServerWish}.
 */
export function serverDirectory(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { NIVIS_SERVER = "", XDG_RUNTIME_DIR = "", XDG_CACHE_HOME = "", HOME = "" } = environment;
  if (isAbsolute(NIVIS_SERVER)) return NIVIS_SERVER;
  if (process.platform === "win32") {
    const { LOCALAPPDATA = "" } = environment;
    return isAbsolute(LOCALAPPDATA) ? join(LOCALAPPDATA, "nivis", "server") : undefined;
  }
  if (isAbsolute(XDG_RUNTIME_DIR)) return join(XDG_RUNTIME_DIR, "nivis");
  if (isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "nivis", "server");
  return isAbsolute(HOME) ? join(HOME, ".cache", "nivis", "server") : undefined;
}

/**
 * Whether a value of `NIVIS_SERVER` has a meaning: nothing, 0 or 1, or an absolute path. A relative one would
 * name another server in each directory.
 */
export function isServerWish(wish: string): boolean {
  return wish === "" || wish === "0" || wish === "1" || isAbsolute(wish);
}

function isAbsolute(path: string): boolean {
  return process.platform === "win32" ? /^([A-Za-z]:)?[\\/]/.test(path) : path.startsWith("/");
}

/** Makes the directory of a server if it is missing. */
export function makeServerDirectory(directory: string): void {
  makeDirectories(directory, 0o700);
}

/** Why others could reach into the directory of a server; `undefined` if they cannot. */
export function exposureOf(directory: string): string | undefined {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) return "it does not exist";
  if (!stats.isDirectory()) return "it is not a directory";
  const user = process.geteuid?.();
  if (user === undefined) return undefined;
  if (stats.uid !== user) return "it belongs to another user";
  return (stats.mode & 0o077) === 0 ? undefined : "other users may enter it; its mode must be 0700";
}

/** Where the card of a server is. */
export function cardPath(directory: string): string {
  return join(directory, CARD);
}

/** Reads the card in a directory; `undefined` if there is none that can be trusted. */
export function readCard(directory: string): ServerCard | undefined {
  try {
    if (exposureOf(directory) !== undefined) return undefined;
    const { pid, socket, key, identity } = JSON.parse(
      readFileSync(cardPath(directory), "utf8"),
    ) as ServerCard;
    const isWhole = [socket, key, identity].every((part) => typeof part === "string");
    return typeof pid === "number" && isWhole ? { pid, socket, key, identity } : undefined;
  } catch {
    return undefined;
  }
}
