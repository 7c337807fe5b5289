/**
 * What commands on stores take as arguments: store paths, links to them, and `DRV^OUTPUT`. What
 * would have to be evaluated (attributes, flakes) is refused by name.
 */
import { IoError } from "@nivis/eval";
import type { PathInfo } from "@nivis/formats";
import {
  canonPath,
  type DerivedPath,
  encodeUtf8,
  parseDerivedPath,
  rootOfDerivedPath,
  splitStorePath,
} from "@nivis/formats";
import { nodeFileSystem, nodeStoreHost } from "@nivis/node";
import {
  capability,
  closureOf,
  infosOf,
  outputsOfDerivation,
  referencesFirst,
  type Store,
  StoreError,
} from "@nivis/store";
import type { StoreSession } from "../store-program.ts";
import { flag, type Option, usageError } from "./option.ts";
import { emptyStoreDraft, type StoreDraft } from "./store-options.ts";

/** How often a link may lead to another. */
const MAX_LINKS = 1024;

/** A path at or below a store path; links outside of the store are followed. */
export async function followToStore(
  argument: string,
  session: StoreSession,
  storeDir: string,
): Promise<{ readonly path: string; readonly rest: string }> {
  let path = absolute(argument, session);
  for (let i = 0; i < MAX_LINKS; i++) {
    if (path.startsWith(`${storeDir}/`)) {
      const { baseName, rest } = splitStorePath(path, storeDir);
      return { path: `${storeDir}/${baseName}`, rest };
    }
    const status = await nodeFileSystem.status(path);
    if (status === undefined) {
      throw new StoreError("io", `getting status of "${path}": No such file or directory`);
    }
    if (status.type !== "symlink") break;
    const target = await nodeFileSystem.readLink(path);
    path = canonPath(
      target.startsWith("/") ? target : `${path.slice(0, path.lastIndexOf("/"))}/${target}`,
    );
  }
  throw new StoreError("invalid-path", `path '${path}' is not in the Nix store`);
}

function absolute(path: string, session: StoreSession): string {
  return canonPath(path.startsWith("/") ? path : `${session.io.currentDirectory()}/${path}`);
}

/** The error of reading files of a path that is not valid. */
export function notInStore(path: string): StoreError {
  return new StoreError("invalid-path", `path '${path}' is not a valid store path`);
}

/** What an argument means. */
export async function resolveInstallable(
  argument: string,
  session: StoreSession,
  storeDir: string,
): Promise<DerivedPath> {
  const caret = argument.indexOf("^");
  const head = caret < 0 ? argument : argument.slice(0, caret);
  if (!head.includes("/") || head.includes("#") || /^[a-z][a-z0-9+.-]*:/.test(head)) {
    throw usageError(
      `'${argument}' is not a store path: this command takes store paths, links to them and DRV^OUTPUT, and evaluates nothing`,
    );
  }
  const { path } = await followToStore(head, session, storeDir);
  return parseDerivedPath(path + (caret < 0 ? "" : argument.slice(caret)), storeDir);
}

/** The store paths that a derived path stands for: itself, or outputs that are known. */
export async function pathsOf(path: DerivedPath, store: Store): Promise<readonly string[]> {
  if (path.kind === "opaque") return [path.path];
  if (path.drv.kind === "built") {
    throw new StoreError(
      "unsupported",
      "outputs of derivations that are outputs are not supported",
    );
  }
  const drv = rootOfDerivedPath(path);
  const known = await outputsOfDerivation(store, drv, nodeStoreHost);
  const wanted = path.outputs === "all" ? [...known.keys()] : path.outputs;
  return wanted.map((name) => {
    if (!known.has(name)) {
      throw new StoreError(
        "usage",
        `the derivation '${drv}' doesn't have an output named '${name}'`,
      );
    }
    const found = known.get(name);
    if (found === undefined) {
      throw new StoreError(
        "usage",
        `the path of output '${name}' of '${drv}' is not known before it is built`,
      );
    }
    return found;
  });
}

/** What commands on several paths gather. */
export interface PathsDraft extends StoreDraft {
  recursive: boolean;
  all: boolean;
  stdin: boolean;
  derivation: boolean;
}

/** The state before the first option. */
export function emptyPathsDraft(): PathsDraft {
  return { ...emptyStoreDraft(), recursive: false, all: false, stdin: false, derivation: false };
}

/** The options of commands on several paths. */
export const PATHS_OPTIONS: readonly Option<PathsDraft>[] = [
  flag(["--recursive", "-r"], "Also operate on all that the paths refer to", (draft) => {
    draft.recursive = true;
  }),
  flag(["--all"], "Operate on all paths of the store", (draft) => {
    draft.all = true;
  }),
  flag(["--derivation"], "Operate on the derivations and not on their outputs", (draft) => {
    draft.derivation = true;
  }),
  flag(["--stdin"], "Read more arguments from standard input, one a line", (draft) => {
    draft.stdin = true;
  }),
];

/** Takes an argument of a command on several paths. */
export function takeArgument(draft: StoreDraft, argument: string): void {
  draft.arguments.push(encodeUtf8(argument));
}

/** The paths that a command is to operate on as the arguments say, without their closure. */
export async function rootPaths(
  draft: PathsDraft,
  session: StoreSession,
  store: Store,
): Promise<readonly string[]> {
  const given = [...draft.arguments];
  if (draft.stdin) {
    given.push(
      ...session.terminal
        .readInput()
        .split("\n")
        .filter((line) => line !== ""),
    );
  }
  if (draft.all) {
    if (given.length > 0) throw usageError("'--all' does not expect arguments");
    return capability(store, "index", "queryAllValidPaths").allPaths({ signal: session.signal });
  }
  if (given.length === 0) {
    throw usageError(
      "no paths were given; this command takes store paths, links to them and DRV^OUTPUT",
    );
  }
  const paths = new Set<string>();
  for (const argument of given) {
    const found = await resolveInstallable(argument, session, store.storeDir);
    if (draft.derivation) {
      const root = rootOfDerivedPath(found);
      const info = root.endsWith(".drv") ? undefined : await store.info(root);
      paths.add(info?.deriver ?? root);
    } else for (const path of await pathsOf(found, store)) paths.add(path);
  }
  return [...paths];
}

/** The paths that a command is to operate on, references first. */
export async function selectedPaths(
  draft: PathsDraft,
  session: StoreSession,
  store: Store,
): Promise<readonly string[]> {
  const roots = await rootPaths(draft, session, store);
  if (draft.recursive) {
    return referencesFirst(await closureOf(store, roots, { signal: session.signal }));
  }
  const infos = new Map<string, PathInfo>();
  const unknown: string[] = [];
  for await (const [path, info] of infosOf(store, roots, { signal: session.signal })) {
    if (info === undefined && !path.endsWith(".drv")) unknown.push(path);
    // What is not valid is for the command to complain about; it comes where its name puts it.
    infos.set(path, info ?? invalidInfo(path));
  }
  if (unknown.length > 0 && !draft.derivation) {
    const listed = unknown.map((path) => `\n  ${path}`);
    session.tell(`don't know how to build these paths:${listed.join("")}`);
  }
  return referencesFirst(infos);
}

function invalidInfo(path: string): PathInfo {
  return {
    path,
    narHash: { algorithm: "sha256", digest: new Uint8Array(32) },
    narSize: 0,
    references: [],
    registrationTime: 0,
    ultimate: false,
    signatures: [],
  };
}

/** The bytes of a file that the user names; `-` is standard input. */
export async function readUserFile(name: string, session: StoreSession): Promise<string> {
  if (name === "-") return session.terminal.readInput();
  try {
    return session.io.readFile(absolute(name, session));
  } catch (error) {
    if (error instanceof IoError) throw new StoreError("io", error.message);
    throw error;
  }
}

/** A path of the user's as an absolute one. */
export { absolute as absolutePath };
