/**
 * Opening the store of an evaluation: from what a user calls a store to one that evaluation can
 * use, which waits for nothing. A directory that Nivis writes itself is a {@link LocalStore}; all
 * others are opened by `stores/open-store.ts`, in a thread of their own that starts when one is
 * first asked.
 */
import { DummyStore, type Store } from "@nivis/eval";
import { canonPath } from "@nivis/formats";
import {
  parseStoreReference,
  pathOfReference,
  StoreError,
  type StoreReference,
} from "@nivis/store";
import { hasRight } from "./inputs/access-right.ts";
import type { InputRecorder } from "./inputs/input-recorder.ts";
import type { AccessRight } from "./inputs/recorded-inputs.ts";
import { LocalStore } from "./local-store.ts";
import { BlockingStore, type BlockingStoreOptions } from "./stores/evaluation/blocking-store.ts";
import { EvaluationStore } from "./stores/evaluation/evaluation-store.ts";
import { usageError } from "./usage-error.ts";

/** Which stores are wanted. Texts are bytes. */
export interface StoreRequest extends Pick<BlockingStoreOptions, "worker"> {
  /** What matters once a store is asked something. */
  readonly connection?: () => Pick<BlockingStoreOptions, "log" | "narInfoDirectory"> &
    Pick<
      BlockingStoreOptions["options"],
      "clientOptions" | "configuration" | "userAgent" | "settings"
    >;
  /** Whether a new local store gets a database of C++ Nix, if that is on PATH. */
  readonly makesDatabases?: boolean;
  /**
   * The store that builds, in the words of `--store`; `auto`, the store of the system, unless
   * given.
   */
  readonly uri?: string | undefined;
  /** The store that takes derivations and sources; the one that builds unless given. */
  readonly evalUri?: string | undefined;
  /** The store directory as paths name it, such as `/nix/store`. */
  readonly storeDir: string;
  /** The directory that relative directories start from. */
  readonly currentDirectory: string;
  /** Says where the store of the system is. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The environment as text, in which `PATH` is looked up. */
  readonly programs: Readonly<Record<string, string | undefined>>;
  /** Records what is looked at. Defaults to nothing. */
  readonly inputs?: InputRecorder | undefined;
  /** Returns whether a wait for the stores is to be given up. Defaults to never. */
  readonly isInterrupted?: (() => boolean) | undefined;
}

/** Schemes of stores whose objects are not files of this machine. */
const REMOTE_SCHEMES: ReadonlySet<string> = new Set([
  "dummy",
  "file",
  "http",
  "https",
  "ssh",
  "ssh-ng",
]);

/**
 * Opens a store. `auto` is a store only if this machine has one: a daemon's socket, or a state
 * directory that may be written and a nix-daemon on PATH; else nothing is written and nothing can be
 * built. Throws a usage error for what is not a store.
 */
export function openEvaluationStore(request: StoreRequest): Store {
  const { storeDir, currentDirectory, makesDatabases = false } = request;
  const absolute = (path: string): string =>
    canonPath(path.startsWith("/") ? path : `${currentDirectory}/${path}`);
  const read = (uri: string): StoreReference => resolve(parsed(uri, absolute), request);
  const buildUri = request.uri ?? "auto";
  const evalUri = request.evalUri ?? buildUri;
  const reference = read(evalUri);
  const { parameters } = reference;
  const ownStoreDir = parameters.get("store") ?? storeDir;
  const isReadOnly = parameters.get("read-only") !== "false";
  if (reference.scheme === "dummy" && isReadOnly) return new DummyStore(ownStoreDir);
  const named = parameters.get("root") ?? pathOfReference(reference);
  const root = named === "" ? "/" : absolute(named);
  const isOther = request.evalUri !== undefined && request.evalUri !== buildUri;
  if (reference.scheme === "local" && root !== "/" && !isOther) {
    const state = `${root}/nix/var/nix`;
    const hasDatabase = allows(request, "exists", `${state}/db/db.sqlite`);
    const makesDatabase =
      makesDatabases &&
      !allows(request, "exists", state) &&
      allows(request, "on-path", "nix-daemon");
    if (!hasDatabase && !makesDatabase) return new LocalStore({ storeDir: ownStoreDir, root });
  }
  // Nix: below a root the objects are at the usual place, whatever they are called.
  const relocated =
    parameters.get("real") ??
    (reference.scheme === "local" && root !== "/" ? `${root}/nix/store` : undefined);
  return new EvaluationStore(
    ownStoreDir,
    new BlockingStore(() => {
      const { log, narInfoDirectory, ...connection } = request.connection?.() ?? {};
      return {
        evalStore: evalUri,
        buildStore: buildUri,
        worker: request.worker,
        log,
        narInfoDirectory,
        options: {
          storeDir,
          currentDirectory,
          environment: request.environment,
          makesDatabases,
          ...connection,
        },
      };
    }, request.isInterrupted),
    { directory: relocated, isRemote: REMOTE_SCHEMES.has(reference.scheme) },
  );
}

function parsed(uri: string, absolute: (path: string) => string): StoreReference {
  try {
    return parseStoreReference(uri, absolute);
  } catch (error) {
    if (error instanceof StoreError) throw usageError(error.message);
    throw error;
  }
}

/** What `auto` means on this machine; `dummy` if it has no store. */
function resolve(reference: StoreReference, request: StoreRequest): StoreReference {
  if (reference.scheme !== "auto") return reference;
  const { environment } = request;
  const state = environment["NIX_STATE_DIR"] || "/nix/var/nix";
  const socket = environment["NIX_DAEMON_SOCKET_PATH"] || `${state}/daemon-socket/socket`;
  const isThere =
    (allows(request, "read-write", state) && allows(request, "on-path", "nix-daemon")) ||
    allows(request, "exists", socket);
  return { ...reference, scheme: isThere ? "system" : "dummy" };
}

/** Whether this process has a right to a file. */
function allows({ inputs, programs }: StoreRequest, right: AccessRight, path: string): boolean {
  return inputs === undefined
    ? hasRight(right, path, programs)
    : inputs.right(right, path, programs);
}
