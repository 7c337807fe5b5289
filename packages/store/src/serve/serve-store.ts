/**
 * A store behind `nix-store --serve`, the far end of URLs with the scheme `ssh`: it can be read,
 * written and built in. The protocol is older than the worker protocol and cannot do more; it has no
 * roots, no realisations, and settings travel only with builds. Source: legacy-ssh-store.cc of libstore.
 */
import {
  type DerivedPath,
  formatDerivedPath,
  type KeyedBuildResult,
  marked,
  type PathInfo,
  rootOfDerivedPath,
  type ServeBuildOptions,
  type UnkeyedRealisation,
} from "@nivis/formats";
import { prepareContent } from "../content.ts";
import type { Connector } from "../daemon/transport.ts";
import { outputsOfDerivation } from "../derivations.ts";
import { invalidPath, StoreError, unsupported } from "../error.ts";
import type { StoreHost } from "../host.ts";
import { ListedFiles } from "../object-files.ts";
import { PathInfoCache } from "../path-info-cache.ts";
import type {
  AddOptions,
  Builder,
  ContentToAdd,
  ObjectFiles,
  PathToAdd,
  RequestOptions,
  Store,
  StoreFacts,
  StoreWriter,
  ValidityOptions,
} from "../store.ts";
import { ValidBuilder } from "../valid-builder.ts";
import { ServeConnection } from "./serve-connection.ts";

/** How the other side is reached and asked. */
export interface ServeStoreOptions {
  readonly uri: string;
  readonly storeDir: string;
  /** The host, as errors name it. */
  readonly host: string;
  readonly priority?: number;
  /** How many connections run side by side; 1 unless given. */
  readonly maxConnections?: number;
  /** Without limits unless given. */
  readonly buildOptions?: Partial<ServeBuildOptions>;
}

interface WantedInfo {
  readonly resolve: (info: PathInfo | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** See the head of this file. */
export class ServeStore implements Store, StoreWriter {
  readonly uri: string;
  readonly storeDir: string;
  readonly priority: number;
  readonly wantMassQuery = true;
  readonly #host: StoreHost;
  readonly #connector: Connector;
  readonly #options: ServeStoreOptions;
  readonly #infos: PathInfoCache;
  readonly #idle: ServeConnection[] = [];
  /** Those who wait for a connection. */
  readonly #waiting: (() => void)[] = [];
  #inUse = 0;
  #closed = false;
  /** Infos that are asked for in one request, which is made when those that ask together have asked. */
  #wanted = new Map<string, WantedInfo[]>();

  constructor(host: StoreHost, connector: Connector, options: ServeStoreOptions) {
    this.#host = host;
    this.#connector = connector;
    this.#options = options;
    this.uri = options.uri;
    this.storeDir = options.storeDir;
    this.priority = options.priority ?? 0;
    this.#infos = new PathInfoCache(host.clock);
  }

  get writer(): StoreWriter {
    return this;
  }

  // Connections

  async #acquire({ signal }: RequestOptions = {}): Promise<ServeConnection> {
    while (this.#inUse >= (this.#options.maxConnections ?? 1)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#closed) throw new StoreError("connection", marked`store '${this.uri}' is closed`);
    this.#inUse++;
    try {
      for (;;) {
        const idle = this.#idle.pop();
        if (idle === undefined) {
          return await ServeConnection.open(this.#connector, this.#options, signal);
        }
        if (!idle.isBroken) return idle;
      }
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  #release(connection: ServeConnection): void {
    if (this.#closed) connection.close();
    else if (!connection.isBroken) this.#idle.push(connection);
    this.#free();
  }

  #free(): void {
    this.#inUse--;
    this.#waiting.shift()?.();
  }

  async #with<T>(
    options: RequestOptions,
    use: (connection: ServeConnection) => Promise<T>,
  ): Promise<T> {
    const connection = await this.#acquire(options);
    try {
      return await use(connection);
    } finally {
      this.#release(connection);
    }
  }

  async facts(options: RequestOptions = {}): Promise<StoreFacts> {
    return this.#with(options, async () => ({}));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  // Reading

  async info(path: string): Promise<PathInfo | undefined> {
    const known = this.#infos.get(path);
    if (known !== undefined && known !== null) return known;
    return new Promise((resolve, reject) => {
      if (this.#wanted.size === 0) void Promise.resolve().then(() => this.#askInfos());
      const others = this.#wanted.get(path);
      if (others === undefined) this.#wanted.set(path, [{ resolve, reject }]);
      else others.push({ resolve, reject });
    });
  }

  async #askInfos(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = new Map();
    try {
      const found = await this.#with({}, (connection) =>
        connection.call("pathInfos", { paths: [...wanted.keys()] }),
      );
      for (const info of found) this.#infos.set(info.path, info);
      const byPath = new Map(found.map((info) => [info.path, info]));
      for (const [path, takers] of wanted)
        for (const { resolve } of takers) resolve(byPath.get(path));
    } catch (error) {
      for (const takers of wanted.values()) for (const { reject } of takers) reject(error);
    }
  }

  async validPaths(
    paths: readonly string[],
    options: ValidityOptions = {},
  ): Promise<ReadonlySet<string>> {
    if (paths.length === 0) return new Set();
    const request = { lock: false, substitute: options.substitute ?? false, paths };
    return new Set(
      await this.#with(options, (connection) =>
        connection.call("validPaths", request, options.signal),
      ),
    );
  }

  async pathOfHashPart(): Promise<never> {
    throw unsupported("queryPathFromHashPart", this.uri);
  }

  async *nar(path: string, options: RequestOptions = {}): AsyncGenerator<Uint8Array> {
    // The other side ends at an error.
    if ((await this.info(path)) === undefined) throw invalidPath(path);
    const connection = await this.#acquire(options);
    try {
      yield* connection.nar(path, options.signal);
    } finally {
      this.#release(connection);
    }
  }

  async files(path: string, options: RequestOptions = {}): Promise<ObjectFiles> {
    return ListedFiles.of(path, () => this.nar(path, options));
  }

  // Writing

  async add({ info, nar }: PathToAdd, options: AddOptions = {}): Promise<void> {
    if (options.repair !== true && (await this.info(info.path)) !== undefined) return;
    await this.#with(options, (connection) => connection.addNar(info, nar(), options.signal));
    this.#infos.delete(info.path);
  }

  async addMany(items: readonly PathToAdd[], options: AddOptions = {}): Promise<void> {
    for (const item of items) await this.add(item, options);
  }

  async addContent(content: ContentToAdd, options: AddOptions = {}): Promise<PathInfo> {
    const item = await prepareContent(content, this.storeDir, this.#host);
    await this.add(item, options);
    return (await this.info(item.info.path)) ?? item.info;
  }

  // Building

  readonly builder = (evalStore: Store): Builder => {
    if (evalStore !== this) {
      throw new StoreError("usage", "building on an SSH store is incompatible with '--eval-store'");
    }
    const settings = {
      maxSilentTime: 0,
      timeout: 0,
      maxLogSize: 0,
      keepFailed: false,
      ...this.#options.buildOptions,
    };
    const valid = new ValidBuilder(this, this.#host);
    return {
      build: async (paths, _mode, options = {}) => {
        const request = { paths: paths.map(withOutputs), options: settings };
        const failure = await this.#with(options, (connection) =>
          connection.call("buildPaths", request, options.signal),
        );
        this.#infos.clear();
        const results: KeyedBuildResult[] = [];
        for (const path of paths) results.push(await this.#result(path, failure, options));
        return results;
      },
      buildDerivation: async (drvPath, drv, _mode, options = {}) => {
        const request = { drvPath, drv, options: settings };
        const result = await this.#with(options, (connection) =>
          connection.call("buildDerivation", request, options.signal),
        );
        this.#infos.clear();
        return result;
      },
      ensure: async () => {
        throw unsupported("ensurePath", this.uri);
      },
      missing: (paths, options) => valid.missing(paths, options),
    };
  };

  /** The protocol says only whether all could be built. */
  async #result(
    path: DerivedPath,
    failure: string | undefined,
    options: RequestOptions,
  ): Promise<KeyedBuildResult> {
    const builtOutputs = new Map<string, UnkeyedRealisation>();
    if (failure === undefined && path.kind === "built") {
      const known = await outputsOfDerivation(this, rootOfDerivedPath(path), this.#host, options);
      for (const [name, outPath] of known) {
        if (outPath === undefined) continue;
        if (path.outputs !== "all" && !path.outputs.includes(name)) continue;
        builtOutputs.set(name, { outPath, signatures: [] });
      }
    }
    return {
      path,
      status: failure === undefined ? "built" : "misc-failure",
      errorMessage: failure ?? "",
      timesBuilt: 0,
      isNonDeterministic: false,
      startTime: 0,
      stopTime: 0,
      builtOutputs,
    };
  }
}

/** A path as the protocol writes it: `drv!out,dev`, a derivation alone for all outputs, or a path. */
function withOutputs(path: DerivedPath): string {
  if (path.kind === "opaque") {
    if (!path.path.endsWith(".drv")) return path.path;
    throw new StoreError(
      "unsupported",
      marked`wanted to fetch '${path.path}' but the legacy ssh protocol doesn't support merely substituting drv files via the build paths command. It would build them instead. Try using ssh-ng://`,
    );
  }
  if (path.drv.kind === "built") {
    throw new StoreError(
      "unsupported",
      "wanted build derivation that is itself a build product, but the legacy ssh protocol doesn't support that. Try using ssh-ng://",
    );
  }
  return path.outputs === "all" ? path.drv.path : formatDerivedPath(path, "!");
}
