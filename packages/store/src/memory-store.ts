/**
 * A store in memory, `dummy://?read-only=false`: whole NARs by path. For tests, and for evaluations
 * whose derivations are copied elsewhere before they are built.
 */

import type { PathInfo } from "@nivis/formats";
import { marked } from "@nivis/formats";
import { checkSignature, verifiedNar } from "./admission.ts";
import { prepareContent } from "./content.ts";
import { invalidPath, StoreError } from "./error.ts";
import type { StoreHost } from "./host.ts";
import { ListedFiles } from "./object-files.ts";
import type { TrustedKeys } from "./signatures.ts";
import type {
  AddOptions,
  ContentToAdd,
  ObjectFiles,
  PathToAdd,
  Store,
  StoreFacts,
  StoreIndex,
  StoreWriter,
} from "./store.ts";
import { collect, streamOf } from "./stream.ts";

interface Entry {
  info: PathInfo;
  readonly nar: Uint8Array;
}

/** What a {@link MemoryStore} may be given. */
export interface MemoryStoreOptions {
  readonly storeDir: string;
  /** Whose signatures count; without keys none are needed. */
  readonly trustedKeys?: TrustedKeys;
}

/** See the head of this file. */
export class MemoryStore implements Store, StoreWriter, StoreIndex {
  readonly uri: string = "dummy://?read-only=false";
  readonly storeDir: string;
  readonly priority = 0;
  readonly wantMassQuery = true;
  readonly #entries = new Map<string, Entry>();
  readonly #host: StoreHost;
  readonly #keys: TrustedKeys | undefined;

  constructor(host: StoreHost, options: MemoryStoreOptions) {
    this.#host = host;
    this.storeDir = options.storeDir;
    this.#keys = options.trustedKeys;
  }

  get writer(): StoreWriter {
    return this;
  }

  get index(): StoreIndex {
    return this;
  }

  async info(path: string): Promise<PathInfo | undefined> {
    return this.#entries.get(path)?.info;
  }

  async validPaths(paths: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(paths.filter((path) => this.#entries.has(path)));
  }

  async pathOfHashPart(hashPart: string): Promise<string | undefined> {
    const start = `${this.storeDir}/${hashPart}-`;
    return [...this.#entries.keys()].find((path) => path.startsWith(start));
  }

  #entry(path: string): Entry {
    const entry = this.#entries.get(path);
    if (entry === undefined) throw invalidPath(path);
    return entry;
  }

  async *nar(path: string): AsyncGenerator<Uint8Array> {
    yield this.#entry(path).nar;
  }

  async files(path: string): Promise<ObjectFiles> {
    const { nar } = this.#entry(path);
    return ListedFiles.of(path, () => streamOf(nar));
  }

  async facts(): Promise<StoreFacts> {
    return { trusted: true };
  }

  async close(): Promise<void> {}

  async add({ info, nar }: PathToAdd, options: AddOptions = {}): Promise<void> {
    if (this.#entries.has(info.path) && options.repair !== true) return;
    checkSignature(info, this.storeDir, this.#host, this.#keys, options);
    for (const reference of info.references) {
      if (reference !== info.path && !this.#entries.has(reference)) {
        throw new StoreError(
          "invalid-path",
          marked`cannot register path '${info.path}' because its reference '${reference}' is not valid`,
        );
      }
    }
    const bytes = await collect(verifiedNar(info, nar(), this.#host));
    this.#entries.set(info.path, { info, nar: bytes });
  }

  async addMany(items: readonly PathToAdd[], options?: AddOptions): Promise<void> {
    for (const item of items) await this.add(item, options);
  }

  async addContent(content: ContentToAdd, options?: AddOptions): Promise<PathInfo> {
    const item = await prepareContent(content, this.storeDir, this.#host);
    await this.add(item, options);
    return this.#entry(item.info.path).info;
  }

  async allPaths(): Promise<readonly string[]> {
    return [...this.#entries.keys()].sort();
  }

  async referrers(path: string): Promise<readonly string[]> {
    return [...this.#entries.values()]
      .filter(({ info }) => info.references.includes(path))
      .map(({ info }) => info.path)
      .sort();
  }

  async derivers(): Promise<readonly string[]> {
    return [];
  }

  readonly addSignatures = async (path: string, signatures: readonly string[]): Promise<void> => {
    const entry = this.#entry(path);
    const all = [...new Set([...entry.info.signatures, ...signatures])].sort();
    entry.info = { ...entry.info, signatures: all };
  };
}
