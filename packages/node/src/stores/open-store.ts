/**
 * Opens the store that a reference names, on Node: `daemon`, `unix://`, `ssh-ng://`, `ssh://`, `local`, a
 * directory, `file://`, `http(s)://`, `dummy://`. What C++ Nix has and Nivis has not is refused by
 * name. One table says which schemes there are and which parameters they take.
 */
import { existsSync } from "node:fs";
import { type ClientOptions, canonPath, marked } from "@nivis/formats";
import {
  BinaryCacheStore,
  booleanParameter,
  DaemonStore,
  DEFAULT_RETRIES,
  DirectoryStore,
  DummyStore,
  formatStoreReference,
  integerParameter,
  MemoryStore,
  type NarInfoMemory,
  parseSecretKey,
  parseStoreReference,
  pathOfReference,
  RetryingTransport,
  readBuildLog,
  ServeStore,
  type SigningKey,
  type Store,
  StoreError,
  type StoreObserver,
  type StoreReference,
  TrustedKeys,
} from "@nivis/store";
import { textOfBytes, toNodePath } from "../byte-path.ts";
import { flakeSettings } from "../fetching/fetch-settings.ts";
import type { SettingTexts } from "../settings/fetch-setting-texts.ts";
import { processConnector, unixConnector } from "./duplex-transport.ts";
import { fileCache } from "./file-cache.ts";
import { httpCache } from "./http-cache.ts";
import { cachingNars } from "./nar-cache.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import { nodeStoreHost } from "./node-store-host.ts";
import { ownerPrograms } from "./owner-programs.ts";
import { isOnPath, isReadWritable } from "./readable.ts";
import { splitAuthority, sshConnector } from "./ssh.ts";

/** What opening depends on besides the reference. Texts are bytes. */
export interface OpenStoreOptions {
  /** The store directory unless the reference has one; `/nix/store` unless given. */
  readonly storeDir?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly currentDirectory?: string;
  /** Whose signatures count when a local store or cache is written. */
  readonly trustedKeys?: readonly SigningKey[];
  /** Whether local stores want signatures; so unless false. */
  readonly requireSignatures?: boolean;
  /** Hears what stores say while they work. */
  readonly observer?: StoreObserver;
  readonly warn?: (message: string) => void;
  /** Settings to send to daemons; their own configuration holds unless given. */
  readonly clientOptions?: ClientOptions;
  /** Settings for a process of C++ Nix that stands for a local store, as lines of nix.conf. */
  readonly configuration?: string;
  /** Whether a new local store gets a database of C++ Nix, if that is on PATH. */
  readonly makesDatabases?: boolean;
  /** Remembers narinfos between processes. */
  readonly narInfoMemory?: NarInfoMemory;
  /** Settings about downloads that were set, as texts. */
  readonly settings?: SettingTexts;
  /** What HTTP servers are told. */
  readonly userAgent?: string;
}

interface Opening {
  readonly reference: StoreReference;
  readonly options: OpenStoreOptions;
  readonly storeDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How the store is shown. */
  readonly uri: string;
}

interface Scheme {
  /** The parameters beside those of all stores. */
  readonly parameters: readonly string[];
  open(opening: Opening): Store | Promise<Store>;
}

const COMMON = [
  "store",
  "trusted",
  "priority",
  "want-mass-query",
  "path-info-cache-size",
  "system-features",
];
const ON_DISK = ["root", "state", "log", "real"];
const REMOTE = ["max-connections", "max-connection-age"];
const SSH = ["ssh-key", "base64-ssh-public-host-key", "compress", "remote-store", "remote-program"];
const CACHE = [
  "compression",
  "compression-level",
  "parallel-compression",
  "write-nar-listing",
  "index-debug-info",
  "secret-key",
  "secret-keys",
  "local-nar-cache",
];
const HTTP = [
  "narinfo-compression",
  "ls-compression",
  "log-compression",
  "tls-certificate",
  "tls-private-key",
];

const SCHEMES: Readonly<Record<string, Scheme>> = {
  auto: { parameters: ON_DISK, open: openAuto },
  unix: { parameters: [...ON_DISK, ...REMOTE], open: openUnix },
  local: {
    parameters: [...ON_DISK, "require-sigs", "read-only", "build-dir", "use-roots-daemon"],
    open: openLocal,
  },
  dummy: { parameters: ["read-only"], open: openDummy },
  file: { parameters: CACHE, open: openFile },
  http: { parameters: [...CACHE, ...HTTP], open: openHttp },
  https: { parameters: [...CACHE, ...HTTP], open: openHttp },
  ssh: { parameters: [...REMOTE, ...SSH], open: openSsh },
  "ssh-ng": { parameters: [...REMOTE, ...SSH], open: openSshNg },
};

/** Schemes of C++ Nix that are not supported, and what to do instead. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  s3: "use a URL of 'https://' if the bucket is public",
  "local-overlay": "there is no substitute",
  "mounted-ssh-ng": "use 'ssh-ng://'",
};

/** Opens a store. Connections are made when it is first asked something. */
export async function openStore(text: string, options: OpenStoreOptions = {}): Promise<Store> {
  const currentDirectory = options.currentDirectory ?? process.cwd();
  const reference = parseStoreReference(text, (path) =>
    canonPath(path.startsWith("/") ? path : `${currentDirectory}/${path}`),
  );
  return openReference(reference, options);
}

async function openReference(reference: StoreReference, options: OpenStoreOptions): Promise<Store> {
  const { scheme, parameters } = reference;
  const found = SCHEMES[scheme];
  if (found === undefined) {
    const advice = UNSUPPORTED[scheme];
    throw new StoreError(
      "usage",
      advice === undefined
        ? marked`don't know how to open Nix store with scheme '${scheme}'`
        : marked`stores with scheme '${scheme}' are not supported; ${advice}`,
    );
  }
  for (const name of parameters.keys()) {
    if (!COMMON.includes(name) && !found.parameters.includes(name)) {
      options.warn?.(`unknown setting '${name}'`);
    }
  }
  const environment = options.environment ?? process.env;
  return found.open({
    reference,
    options,
    environment,
    storeDir:
      parameters.get("store") ??
      options.storeDir ??
      environment["NIX_STORE_DIR"] ??
      environment["NIX_STORE"] ??
      "/nix/store",
    uri: formatStoreReference(reference, false),
  });
}

function rootOf({ reference }: Opening): string {
  const root = reference.parameters.get("root") ?? pathOfReference(reference);
  return root === "" || root === "/" ? "" : canonPath(root);
}

function stateDirectory(opening: Opening): string {
  const { reference, environment } = opening;
  const root = reference.scheme === "unix" ? "" : rootOf(opening);
  return (
    reference.parameters.get("state") ??
    (root === "" ? (environment["NIX_STATE_DIR"] ?? "/nix/var/nix") : `${root}/nix/var/nix`)
  );
}

function logDirectory(opening: Opening): string {
  const { reference, environment } = opening;
  const root = reference.scheme === "unix" ? "" : rootOf(opening);
  return (
    reference.parameters.get("log") ??
    (root === "" ? (environment["NIX_LOG_DIR"] ?? "/nix/var/log/nix") : `${root}/nix/var/log/nix`)
  );
}

function defaultSocket(opening: Opening): string {
  return (
    opening.environment["NIX_DAEMON_SOCKET_PATH"] ??
    `${stateDirectory(opening)}/daemon-socket/socket`
  );
}

/** Nix: StoreReference::Auto in store-registration.cc. */
async function openAuto(opening: Opening): Promise<Store> {
  const { reference, options, environment } = opening;
  const state = stateDirectory(opening);
  const choose = (scheme: string, authority = ""): Promise<Store> =>
    openReference(
      {
        ...reference,
        scheme,
        authority,
        isWord: reference.parameters.size === 0 && authority === "",
      },
      options,
    );
  if (isReadWritable(state)) return choose("local");
  if (existsSync(toNodePath(defaultSocket(opening)))) return choose("unix");
  const isRoot = process.getuid?.() === 0;
  if (
    process.platform === "linux" &&
    !existsSync(toNodePath(state)) &&
    reference.parameters.size === 0 &&
    !isRoot &&
    environment["NIX_STORE_DIR"] === undefined &&
    environment["NIX_STATE_DIR"] === undefined
  ) {
    const home = environment["HOME"];
    const data =
      environment["XDG_DATA_HOME"] ?? (home === undefined ? undefined : `${home}/.local/share`);
    if (data !== undefined) {
      const root = `${data}/nix/root`;
      if (!existsSync(toNodePath(root))) {
        options.warn?.(`"${state}" does not exist, so Nix will use "${root}" as a chroot store`);
      }
      return choose("local", root);
    }
  }
  return choose("local");
}

function daemonOptions({ reference, options, storeDir, uri }: Opening) {
  return {
    uri,
    storeDir,
    priority: integerParameter(reference, "priority", 0),
    // Nix: `max-connections` is 1 by default, which makes a build hold up all questions.
    maxConnections: Math.max(1, integerParameter(reference, "max-connections", 4)),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
  };
}

function openUnix(opening: Opening): Store {
  const { reference, options } = opening;
  const path = pathOfReference(reference);
  const socket = path === "" ? defaultSocket(opening) : path;
  const logs = logDirectory(opening);
  const isDefault = socket === defaultSocket(opening) && reference.parameters.size === 0;
  return new DaemonStore(nodeStoreHost, unixConnector(textOfBytes(socket)), {
    ...daemonOptions(opening),
    ...(isDefault ? { uri: "daemon" } : {}),
    fileSystem: nodeFileSystem,
    ...(options.clientOptions === undefined ? {} : { clientOptions: options.clientOptions }),
    logs: (drvPath) => readBuildLog(nodeFileSystem, logs, drvPath, nodeStoreHost),
    realPath: (storePath) => storePath,
  });
}

function trustedKeys({ options, reference }: Opening): TrustedKeys | undefined {
  const wanted =
    (options.requireSignatures ?? true) && booleanParameter(reference, "require-sigs", true);
  if (!wanted) return undefined;
  return new TrustedKeys(options.trustedKeys ?? [], nodeStoreHost.signatures);
}

function openLocal(opening: Opening): Store {
  const { reference, options, storeDir, environment } = opening;
  const root = rootOf(opening);
  const state = stateDirectory(opening);
  // C++ Nix makes the database of the system's store where there is none.
  const isSystem = root === "" && isReadWritable(state) && isOnPath("nix-daemon", environment);
  const hasDatabase = existsSync(toNodePath(`${state}/db/db.sqlite`));
  const isNew = !existsSync(toNodePath(state));
  const makesDatabase =
    isNew && options.makesDatabases === true && isOnPath("nix-daemon", environment);
  if (isSystem || hasDatabase || makesDatabase) return openByProcess(opening, state);
  const keys = trustedKeys(opening);
  const real = reference.parameters.get("real");
  return new DirectoryStore(nodeStoreHost, nodeFileSystem, {
    storeDir,
    root,
    uri: root === "" ? "local" : `local://${root}`,
    stateDir: state,
    logDir: logDirectory(opening),
    uniqueId: String(process.pid),
    ...(real === undefined ? {} : { realStoreDir: real }),
    ...(keys === undefined ? {} : { trustedKeys: keys }),
    ...(options.observer === undefined ? {} : { observer: options.observer }),
  });
}

/**
 * A store with a database of C++ Nix, which only C++ Nix can write safely: a process of it serves the
 * protocol on its standard streams.
 */
function openByProcess(opening: Opening, state: string): Store {
  const { reference, options, environment, storeDir, uri } = opening;
  if (!isOnPath("nix-daemon", environment)) {
    throw new StoreError(
      "unsupported",
      marked`store '${uri}' has a database of C++ Nix in '${state}/db', which only C++ Nix can write; put nix-daemon on PATH, or use the store of a running daemon with '--store daemon'`,
    );
  }
  const { configuration } = options;
  const logs = logDirectory(opening);
  const root = rootOf(opening);
  // All versions of C++ Nix know the parameter; 2.8 does not know `local://ROOT`.
  const parameters =
    root === "" ? reference.parameters : new Map([...reference.parameters, ["root", root]]);
  const remote = formatStoreReference({ ...reference, parameters, authority: "", isWord: true });
  // Nix: below a root the objects are at the usual place, whatever they are called.
  const real = reference.parameters.get("real") ?? (root === "" ? storeDir : `${root}/nix/store`);
  const program = "nix-daemon";
  const ofStore = {
    ...environment,
    NIX_REMOTE: remote,
    ...(configuration === undefined
      ? {}
      : { NIX_CONFIG: `${environment["NIX_CONFIG"] ?? ""}\n${configuration}` }),
  };
  const { observer } = options;
  return new DaemonStore(
    nodeStoreHost,
    processConnector({
      program,
      args: ["--stdio"],
      environment: ofStore,
      failure: "cannot start 'nix-daemon --stdio'",
    }),
    {
      ...daemonOptions(opening),
      ...(options.clientOptions === undefined ? {} : { clientOptions: options.clientOptions }),
      logs: (drvPath) => readBuildLog(nodeFileSystem, logs, drvPath, nodeStoreHost),
      fileSystem: nodeFileSystem,
      owner: ownerPrograms({ program, environment: ofStore, observer }),
      realPath: (storePath) => real + storePath.slice(storeDir.length),
    },
  );
}

function openDummy({ reference, storeDir }: Opening): Store {
  return booleanParameter(reference, "read-only", true)
    ? new DummyStore(storeDir)
    : new MemoryStore(nodeStoreHost, { storeDir });
}

async function secretKeys({ reference }: Opening): Promise<readonly SigningKey[]> {
  const { parameters } = reference;
  const files = [
    ...(parameters.get("secret-key") ?? "").split(","),
    ...(parameters.get("secret-keys") ?? "").split(","),
  ].filter((file) => file !== "");
  return Promise.all(files.map((file) => readSecretKey(file)));
}

/** Reads a secret key from a file, given by its path as bytes. */
export async function readSecretKey(file: string): Promise<SigningKey> {
  let text = "";
  for await (const piece of nodeFileSystem.read(file))
    text += Buffer.from(piece).toString("latin1");
  return parseSecretKey(text);
}

async function cacheOptions(opening: Opening) {
  const { reference, options, storeDir } = opening;
  const { parameters } = reference;
  const compression = parameters.get("compression");
  const level = integerParameter(reference, "compression-level", -1);
  const massQuery = parameters.has("want-mass-query");
  return {
    storeDir,
    secretKeys: await secretKeys(opening),
    writeNarListing: booleanParameter(reference, "write-nar-listing", false),
    indexDebugInfo: booleanParameter(reference, "index-debug-info", false),
    parallelCompression: booleanParameter(reference, "parallel-compression", false),
    create: true,
    ...(compression === undefined ? {} : { compression }),
    ...(level < 0 ? {} : { compressionLevel: level }),
    ...(parameters.has("priority") ? { priority: integerParameter(reference, "priority", 0) } : {}),
    ...(massQuery ? { wantMassQuery: booleanParameter(reference, "want-mass-query", false) } : {}),
    ...(options.warn === undefined ? {} : { warn: options.warn }),
  };
}

async function openFile(opening: Opening): Promise<Store> {
  const directory = canonPath(pathOfReference(opening.reference) || "/");
  return withNarCache(
    new BinaryCacheStore(nodeStoreHost, fileCache(directory), await cacheOptions(opening)),
    opening,
  );
}

async function openHttp(opening: Opening): Promise<Store> {
  const { options, uri } = opening;
  const { warn } = options;
  const settings = flakeSettings(options.settings ?? [], opening.environment);
  const transport = httpCache(uri, {
    userAgent: options.userAgent ?? "Nivis",
    environment: opening.environment,
    netrc: settings.netrc,
    connections: settings.connections,
    connectTimeout: settings.connectTimeout,
    stalledTimeout: settings.stalledTimeout,
    ...(settings.certificateFile === "" ? {} : { certificateFile: settings.certificateFile }),
  });
  const retrying = new RetryingTransport(transport, nodeStoreHost.clock, {
    ...DEFAULT_RETRIES,
    attempts: Math.max(1, settings.attempts),
    ...(warn === undefined
      ? {}
      : { onRetry: (message, pause) => warn(`${message}; retrying in ${pause} ms`) }),
  });
  const store = new BinaryCacheStore(nodeStoreHost, retrying, {
    ...(await cacheOptions(opening)),
    ...(options.narInfoMemory === undefined ? {} : { memory: options.narInfoMemory }),
  });
  return withNarCache(store, opening);
}

/** A cache whose objects are read from a directory with NARs if the reference names one. */
function withNarCache(store: Store, { reference }: Opening): Store {
  const directory = reference.parameters.get("local-nar-cache");
  return directory === undefined ? store : cachingNars(store, directory);
}

/** The program that serves a store on another machine, and how it is reached. */
function farProgram(
  { reference, environment }: Opening,
  program: string,
  flags: readonly string[],
) {
  const { parameters } = reference;
  const remoteStore = parameters.get("remote-store");
  const key = parameters.get("ssh-key");
  const publicHostKey = parameters.get("base64-ssh-public-host-key");
  const command = [
    ...(parameters.get("remote-program") ?? program).split(" "),
    ...flags,
    ...(remoteStore === undefined ? [] : ["--store", remoteStore]),
  ];
  return sshConnector(
    {
      authority: authorityOf(reference),
      environment,
      compress: booleanParameter(reference, "compress", false),
      ...(key === undefined ? {} : { key }),
      ...(publicHostKey === undefined ? {} : { publicHostKey }),
    },
    command,
  );
}

function authorityOf({ authority }: StoreReference): string {
  return authority.replace(/\/.*$/, "");
}

function openSshNg(opening: Opening): Store {
  const connector = farProgram(opening, "nix-daemon", ["--stdio"]);
  return new DaemonStore(nodeStoreHost, connector, daemonOptions(opening));
}

function openSsh(opening: Opening): Store {
  const { reference, options, storeDir, uri } = opening;
  const settings = options.clientOptions;
  const limit = (name: string): number => Number(settings?.overrides.get(name) ?? 0);
  return new ServeStore(nodeStoreHost, farProgram(opening, "nix-store", ["--serve", "--write"]), {
    uri,
    storeDir,
    host: splitAuthority(authorityOf(reference)).host,
    priority: integerParameter(reference, "priority", 0),
    maxConnections: Math.max(1, integerParameter(reference, "max-connections", 1)),
    buildOptions: {
      maxSilentTime: settings?.maxSilentTime ?? 0,
      timeout: limit("timeout"),
      maxLogSize: limit("max-build-log-size"),
      keepFailed: settings?.keepFailed ?? false,
    },
  });
}
