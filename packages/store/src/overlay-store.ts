/**
 * An overlay: reads from several stores, the first that has a path wins, and writes to one, which is
 * also the first to be read. With caches below a memory or a directory this is a store that fetches
 * what it is asked for.
 */
import type { PathInfo } from "@nivis/formats";
import { invalidPath } from "./error.ts";
import type {
  ObjectFiles,
  RequestOptions,
  Store,
  StoreFacts,
  StoreLogs,
  StoreRealisations,
  StoreWriter,
  ValidityOptions,
} from "./store.ts";

/** See the head of this file. */
export class OverlayStore implements Store {
  readonly uri: string;
  readonly storeDir: string;
  readonly priority: number;
  readonly wantMassQuery: boolean;
  readonly #upper: Store;
  /** All, the one that is written first. */
  readonly #all: readonly Store[];

  /** `lower` are read in their order, after `upper`. */
  constructor(upper: Store, lower: readonly Store[]) {
    this.#upper = upper;
    this.#all = [upper, ...lower];
    this.uri = upper.uri;
    this.storeDir = upper.storeDir;
    this.priority = upper.priority;
    this.wantMassQuery = this.#all.every((store) => store.wantMassQuery);
  }

  get writer(): StoreWriter | undefined {
    return this.#upper.writer;
  }
  get builder(): Store["builder"] {
    return this.#upper.builder;
  }
  get roots(): Store["roots"] {
    return this.#upper.roots;
  }
  get collector(): Store["collector"] {
    return this.#upper.collector;
  }
  get index(): Store["index"] {
    return this.#upper.index;
  }
  get verifier(): Store["verifier"] {
    return this.#upper.verifier;
  }
  get addSignatures(): Store["addSignatures"] {
    return this.#upper.addSignatures;
  }

  readonly logs: StoreLogs = {
    buildLog: async (drvPath, options) => {
      for (const store of this.#all) {
        const log = await store.logs?.buildLog(drvPath, options);
        if (log !== undefined) return log;
      }
      return undefined;
    },
  };

  readonly realisations: StoreRealisations = {
    realisation: async (id, options) => {
      for (const store of this.#all) {
        const found = await store.realisations?.realisation(id, options);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };

  /** The first store that has a path, with what it knows. */
  async #find(
    path: string,
    options?: RequestOptions,
  ): Promise<{ readonly store: Store; readonly info: PathInfo } | undefined> {
    for (const store of this.#all) {
      const info = await store.info(path, options);
      if (info !== undefined) return { store, info };
    }
    return undefined;
  }

  async info(path: string, options?: RequestOptions): Promise<PathInfo | undefined> {
    return (await this.#find(path, options))?.info;
  }

  async validPaths(
    paths: readonly string[],
    options?: ValidityOptions,
  ): Promise<ReadonlySet<string>> {
    const valid = new Set<string>();
    for (const store of this.#all) {
      const rest = paths.filter((path) => !valid.has(path));
      if (rest.length === 0) break;
      for (const path of await store.validPaths(rest, options)) valid.add(path);
    }
    return valid;
  }

  async pathOfHashPart(hashPart: string, options?: RequestOptions): Promise<string | undefined> {
    for (const store of this.#all) {
      const path = await store.pathOfHashPart(hashPart, options);
      if (path !== undefined) return path;
    }
    return undefined;
  }

  async *nar(path: string, options?: RequestOptions): AsyncGenerator<Uint8Array> {
    const found = await this.#find(path, options);
    if (found === undefined) throw invalidPath(path);
    yield* found.store.nar(path, options);
  }

  async files(path: string, options?: RequestOptions): Promise<ObjectFiles> {
    const found = await this.#find(path, options);
    if (found === undefined) throw invalidPath(path);
    return found.store.files(path, options);
  }

  async facts(options?: RequestOptions): Promise<StoreFacts> {
    return this.#upper.facts(options);
  }

  async close(): Promise<void> {
    for (const store of this.#all) await store.close();
  }
}
