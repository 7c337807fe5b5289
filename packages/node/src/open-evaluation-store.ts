/**
 * Opening the store of an evaluation: from what a user calls a store to one that evaluation can use,
 * which waits for nothing. `stores/open-store.ts` opens all kinds of stores, for other uses.
 */
import { DummyStore, type Store } from "@nivis/eval";
import { canonPath } from "@nivis/formats";
import { LocalStore } from "./local-store.ts";
import { usageError } from "./usage-error.ts";

/** Which store is wanted. Texts are bytes. */
export interface StoreRequest {
  /** `dummy://`, `/dir`, `./dir` or `local?root=/dir`; `dummy://` unless given. */
  readonly uri?: string | undefined;
  /** The store directory as paths name it, such as `/nix/store`. */
  readonly storeDir: string;
  /** Where relative directories begin. */
  readonly currentDirectory: string;
}

/**
 * Opens a store. Throws a usage error for kinds of stores that are not supported. Without a wish nothing
 * is written: Nivis talks to no daemon, and the store of the system belongs to C++ Nix.
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

/** The directory of a store that is one. */
function rootOfStore(uri: string): string | undefined {
  const inQuery = /^local(?::\/\/)?\?(?:.*&)?root=([^&]+)/.exec(uri);
  if (inQuery !== null) return inQuery[1];
  if (uri.startsWith("local://")) return uri.slice("local://".length) || undefined;
  return uri.includes("/") && !uri.includes("://") ? uri : undefined;
}
