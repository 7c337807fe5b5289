/**
 * What commands on stores take as arguments: store paths, links to them, `DRV^OUTPUT`, and attributes
 * of flakes or of an expression. What has to be evaluated is passed to the main bundle.
 */
import { IoError } from "@nivis/eval";
import type { PathInfo } from "@nivis/formats";
import {
  canonPath,
  type DerivedPath,
  encodeUtf8,
  formatSingleDerivedPath,
  isDerivationPath,
  marked,
  parseDerivedPath,
  rootOfDerivedPath,
  splitStorePath,
} from "@nivis/formats";
import { nodeFileSystem, nodeStoreHost } from "@nivis/node";
import {
  capability,
  closureOf,
  infosOf,
  invalidPath,
  noSuchFile,
  outputsOfDerivation,
  referencesFirst,
  type Store,
  StoreError,
} from "@nivis/store";
import type {
  InstallableRequest,
  ResolvedInstallable,
  ResolvedPath,
} from "../evaluated-installables.ts";
import type { StoreSession } from "../store-program.ts";
import { flag, type Option, usageError } from "./option.ts";
import { emptyStoreDraft, SOURCE_OPTIONS, type StoreDraft } from "./store-options.ts";

/** How often a link may lead to another. */
const MAX_LINKS = 1024;

/** The flake in or above the current directory, which commands take without arguments. */
export const DEFAULT_ARGUMENT = ".";

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
      throw noSuchFile(marked`getting status of "${path}"`);
    }
    if (status.type !== "symlink") break;
    const target = await nodeFileSystem.readLink(path);
    path = canonPath(
      target.startsWith("/") ? target : `${path.slice(0, path.lastIndexOf("/"))}/${target}`,
    );
  }
  throw new StoreError("invalid-path", marked`path '${path}' is not in the Nix store`);
}

function absolute(path: string, session: StoreSession): string {
  return canonPath(path.startsWith("/") ? path : `${session.io.currentDirectory()}/${path}`);
}

/** The error of reading files of a path that is not valid; stores on this disk have a wording of their own. */
export function notInStore(path: string, store: Store): StoreError {
  if (store.realPath === undefined) return invalidPath(path);
  return new StoreError("invalid-path", marked`path '${path}' is not a valid store path`);
}

/** The store path that a path leads to; `undefined` if it is not in the store. */
async function followedPath(
  path: string,
  session: StoreSession,
  storeDir: string,
): Promise<string | undefined> {
  try {
    return (await followToStore(path, session, storeDir)).path;
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

/** An argument as a path in the store; `undefined` if it can only be a flake. */
async function storePathOf(
  argument: string,
  session: StoreSession,
  storeDir: string,
): Promise<DerivedPath | undefined> {
  const caret = argument.indexOf("^");
  const head = caret < 0 ? argument : argument.slice(0, caret);
  if (!head.includes("/") || head.includes("#") || /^[a-z][a-z0-9+.-]*:/.test(head)) {
    return undefined;
  }
  const path = await followedPath(head, session, storeDir);
  if (path === undefined) return undefined;
  return parseDerivedPath(path + (caret < 0 ? "" : argument.slice(caret)), storeDir);
}

/** The outputs that a derived path stands for, without building; a plain path's has no name. */
async function outputsOf(
  path: DerivedPath,
  store: Store,
): Promise<ReadonlyMap<string, string | undefined>> {
  if (path.kind === "opaque") return new Map([["", path.path]]);
  if (path.drv.kind === "built") {
    throw new StoreError(
      "unsupported",
      "outputs of derivations that are outputs are not supported",
    );
  }
  const drv = rootOfDerivedPath(path);
  const known = await outputsOfDerivation(store, drv, nodeStoreHost);
  const wanted = path.outputs === "all" ? [...known.keys()] : path.outputs;
  return new Map(
    wanted.map((name) => {
      if (!known.has(name)) {
        throw new StoreError(
          "usage",
          marked`the derivation '${drv}' doesn't have an output named '${name}'`,
        );
      }
      return [name, known.get(name)] as const;
    }),
  );
}

/** How arguments are realised; see `InstallableRequest`. */
export type RealiseMode = InstallableRequest["realise"];

/**
 * What arguments mean. Store paths need no evaluator; an option such as `--file`, attributes of flakes,
 * and outputs that are to be built do.
 */
export async function resolveArguments(
  args: readonly string[],
  session: StoreSession,
  store: Store,
  realise: RealiseMode,
  uri?: string,
): Promise<readonly ResolvedInstallable[]> {
  const wanted: DerivedPath[] = [];
  for (const argument of session.hasSource ? [] : args) {
    const path = await storePathOf(argument, session, store.storeDir);
    if (path === undefined) break;
    wanted.push(path);
  }
  const plain = wanted.flatMap((path) => (path.kind === "opaque" ? [path.path] : []));
  const unknown: string[] = [];
  for await (const [path, info] of infosOf(store, plain, { signal: session.signal })) {
    if (info === undefined) unknown.push(path);
  }
  const isBuilt = plain.length === wanted.length && unknown.length === 0;
  const namesFlakes = !session.hasSource && wanted.length < args.length;
  if (session.hasSource || namesFlakes || (realise === "outputs" && !isBuilt)) {
    return session.evaluate(args, { realise, namesFlakes, uri });
  }
  if (realise === "derivations" && unknown.length > 0) {
    const listed = [...new Set(unknown)].sort().map((path) => `\n  ${path}`);
    session.tell(`don't know how to build these paths:${listed.join("")}`);
  }
  const found: ResolvedInstallable[] = [];
  for (const [i, path] of wanted.entries()) {
    const outputs = realise === "nothing" ? new Map() : await outputsOf(path, store);
    found.push({ shown: args[i] as string, paths: [{ wanted: path, outputs }] });
  }
  return found;
}

/** The store paths of a resolved path. Throws if one is not known before it is built. */
export function knownPaths({ wanted, outputs }: ResolvedPath): readonly string[] {
  return [...outputs].map(([name, path]) => {
    if (path !== undefined) return path;
    const drv = formatSingleDerivedPath((wanted as DerivedPath & { kind: "built" }).drv);
    throw new StoreError(
      "usage",
      marked`cannot operate on an output of the unbuilt derivation '${drv}^${name}'`,
    );
  });
}

/** The derivation behind what an argument stands for; that which made a path if it is an output. */
export async function derivationOf(
  { paths }: ResolvedInstallable,
  store: Store,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { wanted } of paths) {
    const path = rootOfDerivedPath(wanted);
    if (wanted.kind === "built" || isDerivationPath(path)) found.push(path);
    else {
      const deriver = await deriverOf(path, store);
      if (deriver === undefined) {
        throw new StoreError("usage", marked`'${path}' does not have a known deriver`);
      }
      found.push(deriver);
    }
  }
  return found;
}

/** Nix: the first of the valid derivers. */
async function deriverOf(path: string, store: Store): Promise<string | undefined> {
  if (store.index === undefined) return (await store.info(path))?.deriver;
  return (await store.index.derivers(path))[0];
}

/** See {@link onePath}. */
export interface OnePath {
  /** Absent if it is not known yet. */
  readonly path: string | undefined;
  readonly shown: string;
}

/** The one store path that an argument stands for, and what messages call the argument. */
export async function onePath(
  argument: string,
  derivation: boolean,
  session: StoreSession,
  store: Store,
  realise: RealiseMode,
): Promise<OnePath> {
  const mode = derivation ? "nothing" : realise;
  const resolved = await resolveArguments([argument], session, store, mode);
  const found = new Set<string | undefined>();
  for (const one of resolved) {
    const paths = derivation
      ? await derivationOf(one, store)
      : one.paths.flatMap(({ outputs }) => [...outputs.values()]);
    for (const path of paths) found.add(path);
  }
  const shown = resolved[0]?.shown ?? argument;
  if (found.size !== 1)
    throw usageError(marked`argument '${shown}' should evaluate to one store path`);
  return { path: [...found][0], shown };
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
  ...SOURCE_OPTIONS,
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

/** The words on standard input. */
function inputWords(session: StoreSession): readonly string[] {
  return session.terminal
    .readInput()
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** The arguments of a command, with those on standard input. */
export async function resolvedArguments(
  draft: PathsDraft,
  session: StoreSession,
  store: Store,
  realise: RealiseMode,
  uri?: string,
): Promise<readonly ResolvedInstallable[]> {
  const given = [...draft.arguments, ...(draft.stdin ? inputWords(session) : [])];
  if (given.length === 0) {
    if (draft.stdin) return [];
    if (!session.hasSource) given.push(DEFAULT_ARGUMENT);
  }
  return resolveArguments(given, session, store, realise, uri);
}

/** The paths that a command is to operate on as the arguments say, without their closure. */
export async function rootPaths(
  draft: PathsDraft,
  session: StoreSession,
  store: Store,
  realise: RealiseMode = "derivations",
): Promise<readonly string[]> {
  const mode = draft.derivation ? "nothing" : realise;
  const resolved = draft.all ? [] : await resolvedArguments(draft, session, store, mode);
  return rootPathsOf(draft, session, store, resolved);
}

/** The paths that resolved arguments stand for; all of the store with `--all`. */
export async function rootPathsOf(
  draft: PathsDraft,
  session: StoreSession,
  store: Store,
  resolved: readonly ResolvedInstallable[],
): Promise<readonly string[]> {
  if (draft.all) {
    if (draft.arguments.length > 0) throw usageError("'--all' does not expect arguments");
    return capability(store, "index", "queryAllValidPaths").allPaths({ signal: session.signal });
  }
  const paths = new Set<string>();
  for (const argument of resolved) {
    const found = draft.derivation
      ? await derivationOf(argument, store)
      : argument.paths.flatMap(knownPaths);
    for (const path of found) paths.add(path);
  }
  return [...paths];
}

/** The paths that a command is to operate on, references first. */
export async function selectedPaths(
  draft: PathsDraft,
  session: StoreSession,
  store: Store,
  realise: RealiseMode = "derivations",
): Promise<readonly string[]> {
  const roots = await rootPaths(draft, session, store, realise);
  if (draft.recursive) {
    return referencesFirst(await closureOf(store, roots, { signal: session.signal }));
  }
  const infos = new Map<string, PathInfo>();
  for await (const [path, info] of infosOf(store, roots, { signal: session.signal })) {
    // What is not valid is for the command to complain about; it comes where its name puts it.
    infos.set(path, info ?? invalidInfo(path));
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
