/**
 * Opening the store of an evaluation from a user's URI. Such a store never waits.
 * `stores/open-store.ts` opens stores of all kinds for other purposes.
 */
import { DummyStore, type Store } from "@nivis/eval";
import { canonPath } from "@nivis/formats";
import { LocalStore } from "./local-store.ts";
import { usageError } from "./usage-error.ts";

/** The input of {@link openEvaluationStore}. Texts are bytes. */
export interface StoreRequest {
  /** `dummy://`, `/dir`, `./dir` or `local?root=/dir`. Defaults to `dummy://`. */
  readonly uri?: string | undefined;
  /** The logical store directory, such as `/nix/store`. */
  readonly storeDir: string;
  /** The directory that relative directories start from. */
  readonly currentDirectory: string;
}

/**
 * Opens a store. Throws a usage error for unsupported kinds of stores. Without a URI nothing is written:
 * Nivis does not talk to a daemon, and the system's store belongs to C++ Nix.
 */
export function openEvaluationStore({ uri, storeDir, currentDirectory }: StoreRequest): Store {
  if (uri === undefined || uri === "dummy://") return new DummyStore(storeDir);
  const root = rootOfStore(uri);
  if (root === undefined) {
    throw usageError(
      `store '${uri}' is not supported: give a directory, such as /tmp/store, or dummy://`,
    );
  }
  const absolute = root.startsWith("/") ? root : `${currentDirectory}/${root}`;
  return new LocalStore({ storeDir, root: canonPath(absolute) });
}

/** Returns the root directory of a URI that names one. */
function rootOfStore(uri: string): string | undefined {
  const inQuery = /^local(?::\/\/)?\?(?:.*&)?root=([^&]+)/.exec(uri);
  if (inQuery !== null) return inQuery[1];
  if (uri.startsWith("local://")) return uri.slice("local://".length) || undefined;
  return uri.includes("/") && !uri.includes("://") ? uri : undefined;
}
