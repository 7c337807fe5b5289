/**
 * A store behind a daemon that speaks the worker protocol.
 *
 * One *main* connection takes the small requests, pipelined, and holds the temporary roots, which
 * live as long as it does. Requests that need a connection for themselves (additions, NARs, builds)
 * take one from a pool, so that a build does not hold up questions. A broken connection is replaced
 * by the next request; what was under way fails.
 */
import {
  type ClientOptions,
  type DerivedPath,
  formatMethodAlgorithm,
  type HandshakeOptions,
  isBuildSuccess,
  isDerivationPath,
  type KeyedBuildResult,
  marked,
  type PathInfo,
  pathInfo as pathInfoWire,
  rootOfDerivedPath,
  storePathBaseName,
  WireOutput,
} from "@nivis/formats";
import { copyPaths } from "../copy.ts";
import { invalidPath, StoreError } from "../error.ts";
import type { ByteStream, CancelSignal, StoreHost } from "../host.ts";
import { DiskFiles } from "../local/disk-files.ts";
import type { FileSystem } from "../local/file-system.ts";
import { ListedFiles } from "../object-files.ts";
import { PathInfoCache } from "../path-info-cache.ts";
import type {
  AddOptions,
  Builder,
  ContentToAdd,
  GcOptions,
  GcResult,
  Missing,
  ObjectFiles,
  PathToAdd,
  RequestOptions,
  Store,
  StoreCollector,
  StoreFacts,
  StoreIndex,
  StoreLogs,
  StoreObserver,
  StoreOwner,
  StoreRealisations,
  StoreRoots,
  StoreVerifier,
  StoreWriter,
  ValidityOptions,
} from "../store.ts";
import { type ConnectionOptions, DaemonConnection } from "./connection.ts";
import type { Connector } from "./transport.ts";

/** How a daemon is reached and asked. */
export interface DaemonStoreOptions {
  readonly uri: string;
  readonly storeDir: string;
  /** How many connections run side by side beyond the main one; 4 unless given. */
  readonly maxConnections?: number;
  /** Settings to send; the daemon's own configuration holds unless given. */
  readonly clientOptions?: ClientOptions;
  readonly observer?: StoreObserver;
  /** Milliseconds; 30,000 unless given. */
  readonly handshakeTimeout?: number;
  /** For tests: the version and features to offer. */
  readonly handshake?: Omit<HandshakeOptions, "storeDir">;
  readonly priority?: number;
  /** How build logs are found, since the protocol does not carry them. */
  readonly logs?: StoreLogs["buildLog"];
  /** Where objects are as files, if the daemon is on this machine. */
  readonly realPath?: (path: string) => string;
  /** Does what the daemon refuses, if this process owns the store. */
  readonly owner?: StoreOwner;
  /** Reads these files; objects are fetched as NARs without. */
  readonly fileSystem?: FileSystem;
}

const MAX_CONNECTIONS = 4;
const HANDSHAKE_TIMEOUT = 30_000;
/** How many objects of how many bytes go into one AddMultipleToStore. */
const BATCH_PATHS = 1000;
const REALISATIONS = "realisation-with-path-not-hash";
const NO_LIMIT = 2n ** 64n - 1n;

/** See the head of this file. */
export class DaemonStore
  implements
    Store,
    StoreWriter,
    StoreIndex,
    StoreRoots,
    StoreCollector,
    StoreVerifier,
    StoreRealisations
{
  readonly uri: string;
  readonly storeDir: string;
  readonly priority: number;
  readonly wantMassQuery = true;
  readonly realPath?: (path: string) => string;
  readonly logs?: StoreLogs;
  readonly owner?: StoreOwner;
  readonly #connector: Connector;
  readonly #fileSystem: FileSystem | undefined;
  readonly #options: ConnectionOptions;
  readonly #infos: PathInfoCache;
  #main: Promise<DaemonConnection> | undefined;
  readonly #idle: DaemonConnection[] = [];
  /** Those who wait for a connection of the pool. */
  readonly #waiting: (() => void)[] = [];
  #inUse = 0;
  readonly #maxConnections: number;
  #closed = false;

  constructor(host: StoreHost, connector: Connector, options: DaemonStoreOptions) {
    this.#connector = connector;
    this.#fileSystem = options.fileSystem;
    this.uri = options.uri;
    this.storeDir = options.storeDir;
    this.priority = options.priority ?? 0;
    this.#maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
    this.#infos = new PathInfoCache(host.clock);
    this.#options = {
      handshake: { ...options.handshake, storeDir: options.storeDir },
      clock: host.clock,
      handshakeTimeout: options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
      ...(options.clientOptions === undefined ? {} : { clientOptions: options.clientOptions }),
      ...(options.observer === undefined ? {} : { observer: options.observer }),
    };
    if (options.realPath !== undefined) this.realPath = options.realPath;
    if (options.owner !== undefined) this.owner = this.#exclusive(options.owner);
    if (options.logs !== undefined) {
      const buildLog = options.logs;
      this.logs = {
        buildLog,
        addBuildLog: (drvPath, log, request) => this.#addBuildLog(drvPath, log, request),
      };
    }
  }

  get writer(): StoreWriter {
    return this;
  }
  get index(): StoreIndex {
    return this;
  }
  get roots(): StoreRoots {
    return this;
  }
  get collector(): StoreCollector {
    return this;
  }
  get verifier(): StoreVerifier {
    return this;
  }
  get realisations(): StoreRealisations {
    return this;
  }

  // Connections

  async #connect(signal?: CancelSignal): Promise<DaemonConnection> {
    if (this.#closed) throw new StoreError("connection", marked`store '${this.uri}' is closed`);
    try {
      return await DaemonConnection.open(this.#connector, this.#options, signal);
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind === "cancelled") throw error;
      throw new StoreError(
        "connection",
        marked`cannot open connection to remote store '${this.uri}': ${error.message}`,
        error.traces,
      );
    }
  }

  /** The connection for small requests. */
  async #mainConnection(): Promise<DaemonConnection> {
    const opened = this.#main;
    if (opened !== undefined) {
      const connection = await opened;
      if (!connection.isBroken) return connection;
      if (this.#main === opened) this.#main = undefined;
    }
    this.#main ??= this.#connect();
    const attempt = this.#main;
    try {
      return await attempt;
    } catch (error) {
      if (this.#main === attempt) this.#main = undefined;
      throw error;
    }
  }

  /** Takes a connection for a request that needs one for itself. */
  async #acquire(signal?: CancelSignal): Promise<DaemonConnection> {
    while (this.#inUse >= this.#maxConnections) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#inUse++;
    try {
      for (;;) {
        const idle = this.#idle.pop();
        if (idle === undefined) return await this.#connect(signal);
        if (!idle.isBroken) return idle;
      }
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  #free(): void {
    this.#inUse--;
    this.#waiting.shift()?.();
  }

  #release(connection: DaemonConnection): void {
    if (this.#closed) connection.close();
    else if (!connection.isBroken) this.#idle.push(connection);
    this.#free();
  }

  async #alone<T>(
    signal: CancelSignal | undefined,
    use: (connection: DaemonConnection) => Promise<T>,
  ): Promise<T> {
    const connection = await this.#acquire(signal);
    try {
      return await use(connection);
    } finally {
      this.#release(connection);
    }
  }

  async facts(): Promise<StoreFacts> {
    const { daemonVersion, trusted, minor } = (await this.#mainConnection()).agreed;
    return {
      protocolMinor: minor,
      ...(daemonVersion === undefined ? {} : { version: daemonVersion }),
      ...(trusted === undefined ? {} : { trusted }),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#disconnect();
  }

  // Reading

  async info(path: string, options: RequestOptions = {}): Promise<PathInfo | undefined> {
    const known = this.#infos.get(path);
    if (known !== undefined && known !== null) return known;
    const main = await this.#mainConnection();
    const found = await main.call("queryPathInfo", { path }, options.signal);
    if (found === undefined) return undefined;
    const info: PathInfo = { path, ...found, references: [...found.references].sort() };
    this.#infos.set(path, info);
    return info;
  }

  async validPaths(
    paths: readonly string[],
    options: ValidityOptions = {},
  ): Promise<ReadonlySet<string>> {
    if (paths.length === 0) return new Set();
    const substitute = options.substitute ?? false;
    const request = { paths, substitute };
    // Substituting takes its time.
    const valid = substitute
      ? await this.#alone(options.signal, (connection) =>
          connection.callAlone("queryValidPaths", request, options.signal),
        )
      : await (await this.#mainConnection()).call("queryValidPaths", request, options.signal);
    return new Set(valid);
  }

  async pathOfHashPart(
    hashPart: string,
    options: RequestOptions = {},
  ): Promise<string | undefined> {
    const main = await this.#mainConnection();
    return main.call("queryPathFromHashPart", { hashPart }, options.signal);
  }

  async *nar(path: string, options: RequestOptions = {}): AsyncGenerator<Uint8Array> {
    // The daemon says LAST before it looks, so an invalid path would end in a stream cut off.
    if ((await this.info(path, options)) === undefined) throw invalidPath(path);
    const connection = await this.#acquire(options.signal);
    try {
      yield* connection.nar(path, options.signal);
    } finally {
      this.#release(connection);
    }
  }

  async files(path: string, options: RequestOptions = {}): Promise<ObjectFiles> {
    if ((await this.info(path, options)) === undefined) throw invalidPath(path);
    const real = this.realPath?.(path);
    const disk = this.#fileSystem;
    // A socket may lead to another machine, where the files are.
    if (disk !== undefined && real !== undefined && (await disk.status(real)) !== undefined) {
      return new DiskFiles(disk, path, real);
    }
    return ListedFiles.of(path, () => this.nar(path, options));
  }

  readonly outputsOf = async (
    drvPath: string,
    options: RequestOptions = {},
  ): Promise<ReadonlyMap<string, string | undefined>> => {
    const main = await this.#mainConnection();
    return main.call("queryDerivationOutputMap", { path: drvPath }, options.signal);
  };

  readonly substitutable: NonNullable<Store["substitutable"]> = async (paths, options = {}) => {
    const asked = new Map(paths.map((path) => [path, undefined]));
    return this.#alone(options.signal, (connection) =>
      connection.callAlone("querySubstitutablePathInfos", { paths: asked }, options.signal),
    );
  };

  async allPaths(options: RequestOptions = {}): Promise<readonly string[]> {
    const main = await this.#mainConnection();
    return main.call("queryAllValidPaths", undefined, options.signal);
  }

  async referrers(path: string, options: RequestOptions = {}): Promise<readonly string[]> {
    const main = await this.#mainConnection();
    return main.call("queryReferrers", { path }, options.signal);
  }

  async derivers(path: string, options: RequestOptions = {}): Promise<readonly string[]> {
    const main = await this.#mainConnection();
    return main.call("queryValidDerivers", { path }, options.signal);
  }

  // Writing

  async add({ info, nar }: PathToAdd, options: AddOptions = {}): Promise<void> {
    const { signal } = options;
    if ((await this.info(info.path, options)) !== undefined && options.repair !== true) return;
    await this.#alone(signal, (connection) =>
      connection.callFramed(
        "addToStoreNar",
        {
          ...info,
          repair: options.repair ?? false,
          dontCheckSigs: options.checkSignatures === false,
        },
        nar(),
        signal,
      ),
    );
    this.#infos.delete(info.path);
  }

  async addMany(items: readonly PathToAdd[], options: AddOptions = {}): Promise<void> {
    for (let at = 0; at < items.length; at += BATCH_PATHS) {
      const batch = items.slice(at, at + BATCH_PATHS);
      await this.#addBatch(batch, options);
      for (const { info } of batch) this.#infos.delete(info.path);
    }
  }

  async #addBatch(batch: readonly PathToAdd[], options: AddOptions): Promise<void> {
    try {
      await this.#alone(options.signal, (connection) =>
        connection.callFramed(
          "addMultipleToStore",
          {
            repair: options.repair ?? false,
            dontCheckSigs: options.checkSignatures === false,
          },
          multiple(batch, this.storeDir),
          options.signal,
        ),
      );
    } catch (error) {
      // Nix before about 2.19: the daemon does not read the NAR of a path that is valid already, and
      // takes it for the next info. Another client may have added the path in the meantime.
      if (!(error instanceof StoreError && error.kind === "remote")) throw error;
      const paths = batch.map(({ info }) => info.path);
      const valid = await this.validPaths(paths, options);
      const rest = batch.filter(({ info }) => !valid.has(info.path));
      // Without progress, what the daemon says is true.
      if (rest.length === batch.length || options.repair === true) throw error;
      if (rest.length > 0) await this.#addBatch(rest, options);
    }
  }

  async addContent(content: ContentToAdd, options: AddOptions = {}): Promise<PathInfo> {
    const { name, method, algorithm, references = [] } = content;
    const prefix = method === "text" ? "" : "fixed:";
    const added = await this.#alone(options.signal, (connection) =>
      connection.callFramed(
        "addToStore",
        {
          name,
          methodAlgorithm: prefix + formatMethodAlgorithm(method, algorithm),
          references,
          repair: options.repair ?? false,
        },
        content.bytes(),
        options.signal,
      ),
    );
    const info = { ...added, references: [...added.references].sort() };
    this.#infos.set(info.path, info);
    return info;
  }

  readonly addSignatures = async (
    path: string,
    signatures: readonly string[],
    options: RequestOptions = {},
  ): Promise<void> => {
    const main = await this.#mainConnection();
    await main.call("addSignatures", { path, signatures }, options.signal);
    this.#infos.delete(path);
  };

  // Building

  readonly builder = (evalStore: Store): Builder => ({
    build: async (paths, mode = "normal", options = {}) => {
      await this.#takeDerivations(evalStore, paths, options);
      const results = await this.#alone(options.signal, async (connection) => {
        if (connection.agreed.minor >= 34) {
          return connection.callAlone("buildPathsWithResults", { paths, mode }, options.signal);
        }
        await connection.callAlone("buildPaths", { paths, mode }, options.signal);
        return this.#inventedResults(paths, options);
      });
      this.#forget(results);
      return results;
    },
    buildDerivation: async (drvPath, drv, mode = "normal", options = {}) => {
      const result = await this.#alone(options.signal, (connection) =>
        connection.callAlone("buildDerivation", { drvPath, drv, mode }, options.signal),
      );
      for (const { outPath } of result.builtOutputs.values()) this.#infos.delete(outPath);
      return result;
    },
    ensure: async (path, options = {}) => {
      await this.#alone(options.signal, (connection) =>
        connection.callAlone("ensurePath", { path }, options.signal),
      );
      this.#infos.delete(path);
    },
    missing: async (paths, options = {}): Promise<Missing> => {
      await this.#takeDerivations(evalStore, paths, options);
      return this.#alone(options.signal, (connection) =>
        connection.callAlone("queryMissing", { paths }, options.signal),
      );
    },
  });

  /** Copies the derivations that are to be built from the store that holds them. */
  async #takeDerivations(
    evalStore: Store,
    paths: readonly DerivedPath[],
    options: RequestOptions,
  ): Promise<void> {
    if (evalStore === this) return;
    const drvs = new Set(
      paths.filter((path) => path.kind === "built").map((path) => rootOfDerivedPath(path)),
    );
    const wanted = [...drvs].filter(isDerivationPath);
    const there = await this.validPaths(wanted, options);
    const absent = wanted.filter((path) => !there.has(path));
    const inEvalStore = await evalStore.validPaths(absent, options);
    await copyPaths(evalStore, this, inEvalStore, { ...options, checkSignatures: false });
  }

  #forget(results: readonly KeyedBuildResult[]): void {
    for (const { path, status, builtOutputs } of results) {
      if (path.kind === "opaque") this.#infos.delete(path.path);
      if (!isBuildSuccess(status)) continue;
      for (const { outPath } of builtOutputs.values()) this.#infos.delete(outPath);
    }
  }

  /** Daemons before 1.34 report failure by an error and success by nothing. */
  async #inventedResults(
    paths: readonly DerivedPath[],
    options: RequestOptions,
  ): Promise<readonly KeyedBuildResult[]> {
    const results: KeyedBuildResult[] = [];
    for (const path of paths) {
      const builtOutputs = new Map<string, { outPath: string; signatures: readonly string[] }>();
      if (path.kind === "built" && path.drv.kind === "opaque") {
        for (const [name, outPath] of await this.outputsOf(path.drv.path, options)) {
          if (outPath === undefined) continue;
          if (path.outputs !== "all" && !path.outputs.includes(name)) continue;
          builtOutputs.set(name, { outPath, signatures: [] });
        }
      }
      results.push({
        path,
        status: path.kind === "opaque" ? "substituted" : "built",
        errorMessage: "",
        timesBuilt: 0,
        isNonDeterministic: false,
        startTime: 0,
        stopTime: 0,
        builtOutputs,
      });
    }
    return results;
  }

  // Roots and garbage

  async addTempRoot(path: string, options: RequestOptions = {}): Promise<void> {
    await (await this.#mainConnection()).call("addTempRoot", { path }, options.signal);
  }

  async addIndirectRoot(link: string, options: RequestOptions = {}): Promise<void> {
    await (await this.#mainConnection()).call("addIndirectRoot", { link }, options.signal);
  }

  async findRoots(
    options: RequestOptions = {},
  ): Promise<readonly { link: string; path: string }[]> {
    return (await this.#mainConnection()).call("findRoots", undefined, options.signal);
  }

  async collect(options: GcOptions): Promise<GcResult> {
    const { paths, bytesFreed } = await this.#alone(options.signal, (connection) =>
      connection.callAlone(
        "collectGarbage",
        {
          action: options.action,
          paths: options.paths ?? { kind: "whole-store" },
          ignoreLiveness: options.ignoreLiveness ?? false,
          maxFreed: options.maxFreed ?? NO_LIMIT,
        },
        options.signal,
      ),
    );
    this.#infos.clear();
    return { paths, bytesFreed };
  }

  /** The owner, which has the store for itself: connections would hold locks and paths. */
  #exclusive(owner: StoreOwner): StoreOwner {
    return {
      deleteAlive: async (paths, options) => {
        await this.#disconnect();
        return owner.deleteAlive(paths, options);
      },
      forgetRealisations: async (ids, options) => {
        await this.#disconnect();
        return owner.forgetRealisations(ids, options);
      },
    };
  }

  /** Ends the connections, and forgets what they told; the next request opens others. */
  async #disconnect(): Promise<void> {
    const main = this.#main;
    this.#main = undefined;
    this.#infos.clear();
    for (const connection of this.#idle.splice(0)) connection.close();
    if (main !== undefined) (await main.catch(() => undefined))?.close();
  }

  async verify(
    options: { readonly checkContents: boolean; readonly repair: boolean } & RequestOptions,
  ): Promise<boolean> {
    const { checkContents, repair, signal } = options;
    return this.#alone(signal, (connection) =>
      connection.callAlone("verifyStore", { checkContents, repair }, signal),
    );
  }

  readonly optimise = async (options: RequestOptions = {}): Promise<void> => {
    await this.#alone(options.signal, (connection) =>
      connection.callAlone("optimiseStore", undefined, options.signal),
    );
  };

  async #addBuildLog(
    drvPath: string,
    log: ByteStream,
    options: RequestOptions = {},
  ): Promise<void> {
    await this.#alone(options.signal, (connection) =>
      connection.callFramed(
        "addBuildLog",
        { drv: storePathBaseName(drvPath) },
        log,
        options.signal,
      ),
    );
  }

  // Realisations

  async realisation(
    id: { readonly drvPath: string; readonly outputName: string },
    options: RequestOptions = {},
  ): Promise<{ outPath: string; signatures: readonly string[] } | undefined> {
    const main = await this.#mainConnection();
    if (!main.agreed.features.has(REALISATIONS)) {
      this.#options.observer?.message?.(
        `warning: the daemon is missing the '${REALISATIONS}' protocol feature, needed to support content-addressing derivations`,
      );
      return undefined;
    }
    return main.call("queryRealisation", id, options.signal);
  }

  async register(
    realisation: Parameters<NonNullable<StoreRealisations["register"]>>[0],
    options: RequestOptions = {},
  ): Promise<void> {
    await (await this.#mainConnection()).call("registerDrvOutput", realisation, options.signal);
  }
}

/** The body of AddMultipleToStore: a count, then infos and NARs. */
async function* multiple(
  items: readonly PathToAdd[],
  storeDir: string,
): AsyncGenerator<Uint8Array> {
  const output = new WireOutput();
  // Infos are laid out as in 1.16 whatever was agreed, which no feature changes.
  const agreed = { minor: 16, features: new Set<never>(), storeDir };
  output.uint(items.length);
  for (const { info, nar } of items) {
    pathInfoWire.write(output, info, agreed);
    yield output.take();
    let size = 0;
    for await (const piece of nar()) {
      size += piece.length;
      yield piece;
    }
    if (size !== info.narSize) {
      throw new StoreError(
        "corrupt",
        marked`NAR of '${info.path}' has ${size} bytes instead of ${info.narSize}`,
      );
    }
  }
}
