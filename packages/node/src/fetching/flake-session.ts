/**
 * FlakeSession: fetchers, registries and lock files as the environment and the settings of this machine
 * have them; what every command about flakes begins with.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { Fetcher, type FetchReporter, type SourceTree } from "@nivis/fetch";
import {
  type FlakeDisk,
  type FlakeWorld,
  InputCache,
  joinTreePath,
  type LockWriter,
  type PathRefOptions,
  parseTypedFlakeRef,
  parseTypedFlakeRefWithFragment,
  Registry,
  type RegistryEntry,
  type RegistrySource,
} from "@nivis/flake";
import {
  bytesToByteString,
  type FlakeRef,
  type FlakeRefWithFragment,
  InputError,
  marked,
} from "@nivis/formats";
import { bytesOfText, toNodePath } from "../byte-path.ts";
import { currentDirectory } from "../current-directory.ts";
import { errnoCode, errnoMessage } from "../errno.ts";
import type { SettingTexts } from "../settings/fetch-setting-texts.ts";
import { type NodeFetchHost, nodeFetchHost } from "./fetch-host.ts";
import { type FlakeSettings, flakeSettings } from "./fetch-settings.ts";
import type { HttpOptions } from "./http-client.ts";
import { NodeDisk } from "./node-disk.ts";
import { type HashStore, StoreHashes } from "./store-hashes.ts";

/** How often a link may lead to another. */
const MAX_LINKS = 1024;

/** How a session is set up. */
export interface FlakeSessionOptions {
  /** The environment; texts, not bytes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly settings: SettingTexts;
  /** Where caches lie; without it they are in a directory that ends with the session. */
  readonly cacheDirectory: string | undefined;
  readonly warn: (message: string) => void;
  /** Takes a notice that is no warning. */
  readonly notice: (message: string) => void;
  /** Told when something begins that takes its time; returns what ends it. */
  readonly begin?: FetchReporter["begin"];
  readonly progress?: (url: string, done: number, total: number | undefined) => void;
  /** Rows that go before all registries, as `--override-flake` gives them. */
  readonly flagEntries?: readonly RegistryEntry[];
  /** The store that may know the hashes of trees. */
  readonly store?: HashStore;
  /** Told of each `flake.nix` that is read; see `FlakeWorld`. */
  readonly reading?: FlakeWorld["reading"];
  /** Takes messages for those who look for a mistake. */
  readonly debug?: FlakeWorld["debug"];
  /** How evaluation sees trees; see `FlakeWorld`. */
  readonly evaluation?: FlakeWorld["evaluation"];
  readonly connectTo?: HttpOptions["connectTo"];
}

/** See the head of this file. */
export class FlakeSession implements RegistrySource {
  /** The settings; {@link applySettings} replaces them. */
  settings: FlakeSettings;
  readonly fetcher: Fetcher;
  readonly world: FlakeWorld<SourceTree>;
  readonly host: NodeFetchHost;
  readonly #options: FlakeSessionOptions;
  readonly #disk = new NodeDisk();
  readonly #temporary: string | undefined;
  readonly #storeHashes: StoreHashes | undefined;
  readonly #flags: Registry;
  #read: readonly Registry[] | undefined;
  #global: Promise<Registry> | undefined;

  constructor(options: FlakeSessionOptions) {
    this.#options = options;
    this.settings = flakeSettings(options.settings, options.environment);
    const { certificateFile, connections, connectTimeout, stalledTimeout } = this.settings;
    this.host = nodeFetchHost({
      environment: options.environment,
      reporter: {
        warn: options.warn,
        begin:
          options.begin ??
          ((message, isNoted) => {
            if (isNoted === true) options.notice(`${message}...`);
            return () => {};
          }),
        ...(options.progress === undefined ? {} : { progress: options.progress }),
      },
      connections,
      connectTimeout,
      stalledTimeout,
      ...(certificateFile === "" ? {} : { certificateFile }),
      ...(options.connectTo === undefined ? {} : { connectTo: options.connectTo }),
    });
    this.#temporary =
      options.cacheDirectory === undefined ? this.#disk.temporaryDirectory() : undefined;
    const cacheDirectory = this.#temporary ?? bytesOfText(options.cacheDirectory as string);
    const hashes = options.store === undefined ? undefined : new StoreHashes(options.store);
    this.#storeHashes = hashes;
    this.fetcher = new Fetcher(this.host, {
      settings: this.settings,
      cacheDirectory,
      ...(hashes === undefined ? {} : { storeHash: (path: string) => hashes.narHash(path) }),
    });
    this.#flags = new Registry("flags", options.flagEntries ?? []);
    this.world = {
      inputs: new InputCache(this.fetcher, this),
      warn: options.warn,
      reading: options.reading,
      debug: options.debug,
      require: (feature) => this.#require(feature),
      ...(options.evaluation === undefined ? {} : { evaluation: options.evaluation }),
    };
  }

  /** Applies further settings. Those of fetchers have no effect on this session any more. */
  applySettings(more: SettingTexts): void {
    const { settings, environment } = this.#options;
    this.settings = flakeSettings([...settings, ...more], environment);
    this.#global = undefined;
  }

  /** Refuses what is experimental; flakes are what a session is for. */
  #require(feature: string): void {
    if (feature === "flakes" || this.settings.features.has(feature)) return;
    throw new InputError(
      marked`experimental Nix feature '${feature}' is disabled; add '--extra-experimental-features ${feature}' to enable it`,
    );
  }

  /** Ends the connections and removes what does not outlive the session. */
  async close(): Promise<void> {
    this.#storeHashes?.close();
    await this.host.close();
    if (this.#temporary !== undefined) this.#disk.removeTree(this.#temporary);
  }

  /** Adds a row that goes before all registries. */
  addFlagEntry(entry: RegistryEntry): void {
    this.#flags.add(entry);
  }

  async *registries(): AsyncGenerator<Registry, void, undefined> {
    const { warn } = this.#options;
    yield this.#flags;
    this.#read ??= [
      readRegistry("user", this.userRegistryPath, warn),
      readRegistry("system", this.#systemRegistryPath, warn),
    ];
    yield* this.#read;
    this.#global ??= this.#globalRegistry();
    yield await this.#global;
  }

  async #globalRegistry(): Promise<Registry> {
    const { flakeRegistry } = this.settings;
    const { warn } = this.#options;
    if (flakeRegistry === "") return new Registry("global");
    if (flakeRegistry.startsWith("/")) return readRegistry("global", flakeRegistry, warn);
    const contents = await this.fetcher.fetchFile(flakeRegistry, "flake-registry.json");
    return Registry.parse("global", bytesToByteString(contents), flakeRegistry, warn);
  }

  /** Where the user's registry lies. */
  get userRegistryPath(): string {
    const { environment } = this.#options;
    const own = environment["NIX_CONFIG_HOME"] ?? "";
    if (own !== "") return bytesOfText(`${own}/registry.json`);
    const xdg = environment["XDG_CONFIG_HOME"] ?? "";
    const config = xdg === "" ? `${environment["HOME"] ?? ""}/.config` : xdg;
    return bytesOfText(`${config}/nix/registry.json`);
  }

  get #systemRegistryPath(): string {
    return bytesOfText(`${this.#options.environment["NIX_CONF_DIR"] ?? "/etc/nix"}/registry.json`);
  }

  /** Reads a registry; an empty one if there is no file. */
  readRegistry(path: string): Registry {
    return readRegistry("user", path, this.#options.warn);
  }

  /** Writes a registry, making its directory if needed. */
  writeRegistry(path: string, registry: Registry): void {
    this.#disk.makeDirectory(path.slice(0, Math.max(1, path.lastIndexOf("/"))));
    this.#disk.writeFile(path, registry.format());
  }

  /** What an argument of a command line refers to; a byte string. */
  parseRef(
    text: string,
    options: { readonly allowMissing?: boolean; readonly isFlake?: boolean } = {},
  ): FlakeRef {
    return parseTypedFlakeRef(text, { ...options, ...this.#parsing() });
  }

  /** The same for an argument that may have a fragment. */
  parseRefWithFragment(text: string): FlakeRefWithFragment {
    return parseTypedFlakeRefWithFragment(text, this.#parsing());
  }

  #parsing(): PathRefOptions {
    const { warn, notice } = this.#options;
    return { base: currentDirectory(), disk: nodeFlakeDisk, warn, notice };
  }

  /** A path of the command line as an absolute one. */
  absolutePath(path: string): string {
    return joinTreePath(path.startsWith("/") ? "/" : currentDirectory(), path);
  }

  /** Whether an argument is the path of something in a store, or a link to it. */
  isStorePath(text: string, storeDir: string): boolean {
    if (!text.includes("/")) return false;
    let path = this.absolutePath(text);
    for (let links = 0; links < MAX_LINKS && !path.startsWith(`${storeDir}/`); links++) {
      if (nodeFlakeDisk.fileType(path) !== "symlink") return false;
      const target = this.#disk.readLink(path);
      const folder = target.startsWith("/") ? "/" : path.slice(0, path.lastIndexOf("/"));
      path = joinTreePath(folder, target);
    }
    return path.startsWith(`${storeDir}/`);
  }

  /** Reads a lock file that the user has named; its text is `undefined` if there is none. */
  readLockFile(path: string): { readonly text: string | undefined; readonly path: string } {
    if (this.#disk.stat(path) === undefined) return { text: undefined, path };
    return { text: bytesToByteString(this.#disk.readFile(path)), path };
  }

  /** Where lock files may be written. */
  get writer(): LockWriter {
    return {
      sourcePath: ({ input }) => this.fetcher.sourcePath(input),
      exists: (path) => this.#disk.stat(path) !== undefined,
      putFile: ({ input }, path, contents, message) =>
        this.fetcher.putFile(input, path, contents, message),
      writeFile: (path, contents) => this.#disk.writeFile(path, contents),
    };
  }
}

function readRegistry(
  kind: Registry["kind"],
  path: string,
  warn: (message: string) => void,
): Registry {
  let text: string;
  try {
    text = readFileSync(toNodePath(path), "latin1");
  } catch (error) {
    const code = errnoCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return new Registry(kind);
    warn(`cannot read flake registry '${path}': ${errnoMessage(code)}`);
    return new Registry(kind);
  }
  return Registry.parse(kind, text, path, warn);
}

/** The disk as far as finding flakes needs it. */
const nodeFlakeDisk: FlakeDisk = {
  realPath: (path) => {
    try {
      return realpathSync(toNodePath(path), { encoding: "buffer" }).toString("latin1");
    } catch (error) {
      throw new InputError(marked`getting status of "${path}": ${errnoMessage(errnoCode(error))}`);
    }
  },
  fileType: (path) => new NodeDisk().stat(path)?.type,
  device: (path) => statSync(toNodePath(path)).dev,
};
