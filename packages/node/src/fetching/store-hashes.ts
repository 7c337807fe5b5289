/**
 * StoreHashes: asks a store for the hashes of trees that it has, so that fetching need not compute them.
 *
 * The store is opened by the first question, in the thread that {@link EvaluationStore} has for it. It can
 * be set up from a message, because the thread that fetches asks, too.
 */
import { IoError, type Store } from "@nivis/eval";
import { openEvaluationStore, type StoreRequest } from "../open-evaluation-store.ts";

/** Which store is asked; a structured clone. */
export type HashStore = Pick<
  StoreRequest,
  "uri" | "storeDir" | "currentDirectory" | "environment" | "programs"
> & { readonly worker?: string | undefined };

/** See the head of this file. */
export class StoreHashes {
  readonly #request: HashStore;
  #store: Store | undefined;

  constructor(request: HashStore) {
    this.#request = request;
  }

  /** The hash of the NAR of a store path, `sha256-…`; `undefined` if the store has no such path. */
  narHash(path: string): string | undefined {
    try {
      this.#store ??= openEvaluationStore(this.#request);
      return this.#store.narHash?.(path);
    } catch (error) {
      // A store that cannot be reached knows nothing: the hash is then computed.
      if (error instanceof IoError) return undefined;
      throw error;
    }
  }

  /** Ends the connection if there is one. */
  close(): void {
    const store = this.#store as (Store & { close?(): void }) | undefined;
    store?.close?.();
    this.#store = undefined;
  }
}
