/**
 * Store: what evaluation, builds and commands ask of a Nix store, whatever it is: a daemon, a
 * directory, a binary cache, memory.
 *
 * Every store can be read. What only some can do is a *capability*, a member that is there or not:
 * a cache has no `builder`, a daemon no `fileSystem`. Callers look whether the member is there, or
 * call {@link capability}, which throws C++ Nix's error. No code asks which class a store is.
 *
 * All paths are whole store paths. All texts are byte strings, one char a byte. Building is not a
 * method: a builder is got from the store that builds and is given the store that holds the
 * derivations, because the two may differ (`--eval-store`).
 */
import type {
  ActivityResult,
  ActivityStart,
  BasicDerivation,
  BuildMode,
  BuildResult,
  ContentAddressMethod,
  DerivedPath,
  DrvOutput,
  GcAction,
  GcPaths,
  HashAlgorithm,
  KeyedBuildResult,
  NarListing,
  PathInfo,
  Realisation,
  SubstitutableInfo,
  UnkeyedRealisation,
} from "@nivis/formats";
import { unsupported } from "./error.ts";
import type { ByteStream, CancelSignal } from "./host.ts";

/** What every request may be given. */
export interface RequestOptions {
  /** Gives up; the request fails with a `cancelled` error. */
  readonly signal?: CancelSignal;
}

/** Which paths are asked for. */
export interface ValidityOptions extends RequestOptions {
  /** Fetch what is missing from the store's substituters. */
  readonly substitute?: boolean;
}

/** How paths are added. */
export interface AddOptions extends RequestOptions {
  /** Whether signatures must be by trusted keys; so unless false. */
  readonly checkSignatures?: boolean;
  /** Replace what is there. */
  readonly repair?: boolean;
}

/** A path and where its NAR comes from; `nar` is called only if the path is wanted. */
export interface PathToAdd {
  readonly info: PathInfo;
  nar(): ByteStream;
}

/** What is addressed by its content. */
export interface ContentToAdd {
  readonly name: string;
  readonly method: ContentAddressMethod;
  readonly algorithm: HashAlgorithm;
  readonly references?: readonly string[];
  /** The file itself for `flat` and `text`, a NAR for `nar` and `git`. */
  bytes(): ByteStream;
}

/** Files of a store object, by paths below it: `/` is the object, `/bin/sh` a file in it. */
export interface ObjectFiles {
  /** What is at a path; `undefined` if nothing is. Directories list only their own names. */
  stat(path: string): Promise<ObjectStat | undefined>;
  /** Names in a directory, in order of their bytes. */
  readDirectory(path: string): Promise<readonly string[]>;
  readFile(path: string): ByteStream;
  readLink(path: string): Promise<string>;
  /** All that is in the object. */
  list(): Promise<NarListing>;
}

/** What is at a path of a store object. */
export type ObjectStat =
  | {
      readonly type: "regular";
      readonly size: number;
      readonly executable: boolean;
      /** Where the contents begin in the NAR, where that is known. */
      readonly narOffset?: number;
    }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "directory" };

/** What a store tells about itself. */
export interface StoreFacts {
  /** The Nix version of a daemon. */
  readonly version?: string;
  /** Whether the store trusts this client; absent if nobody knows. */
  readonly trusted?: boolean;
  /** The minor number of the worker protocol. */
  readonly protocolMinor?: number;
}

/** Adds paths. */
export interface StoreWriter {
  /** Adds a path with its NAR; the NAR is read only if the path is not valid. */
  add(item: PathToAdd, options?: AddOptions): Promise<void>;
  /** Adds paths that refer only to earlier ones or to valid ones. */
  addMany(items: readonly PathToAdd[], options?: AddOptions): Promise<void>;
  /** Adds something by its content and returns what it became. */
  addContent(content: ContentToAdd, options?: AddOptions): Promise<PathInfo>;
}

/** What is needed for building paths. */
export interface Missing {
  /** Derivations, in order of their bytes. */
  readonly willBuild: readonly string[];
  readonly willSubstitute: readonly string[];
  /** Paths that nobody has. */
  readonly unknown: readonly string[];
  /** Bytes. */
  readonly downloadSize: number;
  readonly narSize: number;
}

/** Builds derivations and substitutes paths. */
export interface Builder {
  /** Builds all; failures are results, not errors. Results may lack what was never tried. */
  build(
    paths: readonly DerivedPath[],
    mode?: BuildMode,
    options?: RequestOptions,
  ): Promise<readonly KeyedBuildResult[]>;
  /** Builds one derivation whose inputs are all there. */
  buildDerivation(
    drvPath: string,
    drv: BasicDerivation,
    mode?: BuildMode,
    options?: RequestOptions,
  ): Promise<BuildResult>;
  /** Substitutes a path that is not valid. */
  ensure(path: string, options?: RequestOptions): Promise<void>;
  missing(paths: readonly DerivedPath[], options?: RequestOptions): Promise<Missing>;
}

/** Enumerates and follows references backwards. */
export interface StoreIndex {
  /** In order of their bytes. */
  allPaths(options?: RequestOptions): Promise<readonly string[]>;
  referrers(path: string, options?: RequestOptions): Promise<readonly string[]>;
  /** Valid derivations that have the path as an output. */
  derivers(path: string, options?: RequestOptions): Promise<readonly string[]>;
}

/** A link that keeps a path alive. */
export interface GcRoot {
  /** Where the link is, or a word in braces for roots that are no links. */
  readonly link: string;
  readonly path: string;
}

/** Keeps paths from being collected. */
export interface StoreRoots {
  /** Protects a path, valid or not, as long as the store is open. */
  addTempRoot(path: string, options?: RequestOptions): Promise<void>;
  /** Makes a link outside of the store, given by its absolute path, a root. */
  addIndirectRoot?(link: string, options?: RequestOptions): Promise<void>;
  findRoots(options?: RequestOptions): Promise<readonly GcRoot[]>;
}

/** What a collection is to do. */
export interface GcOptions extends RequestOptions {
  readonly action: GcAction;
  readonly paths?: GcPaths;
  /** Bytes after which it stops; no limit unless given. */
  readonly maxFreed?: bigint;
  /** Delete paths although roots need them; daemons refuse. */
  readonly ignoreLiveness?: boolean;
}

/** What a collection did, or would do. */
export interface GcResult {
  readonly paths: readonly string[];
  readonly bytesFreed: bigint;
}

/** Deletes what nobody needs. */
export interface StoreCollector {
  collect(options: GcOptions): Promise<GcResult>;
}

/** Looks for damage. */
export interface StoreVerifier {
  /** Whether errors remain. What is wrong is said to the observer. */
  verify(
    options: { readonly checkContents: boolean; readonly repair: boolean } & RequestOptions,
  ): Promise<boolean>;
}

/** Build logs. */
export interface StoreLogs {
  /** The log of a derivation; `undefined` if there is none. */
  buildLog(drvPath: string, options?: RequestOptions): Promise<ByteStream | undefined>;
  addBuildLog?(drvPath: string, log: ByteStream, options?: RequestOptions): Promise<void>;
}

/** What content-addressed derivations became. */
export interface StoreRealisations {
  realisation(id: DrvOutput, options?: RequestOptions): Promise<UnkeyedRealisation | undefined>;
  register?(realisation: Realisation, options?: RequestOptions): Promise<void>;
}

/** What daemons refuse to their clients, and only a process that owns the store may do. */
export interface StoreOwner {
  /** Deletes paths although roots need them. */
  deleteAlive(paths: readonly string[], options?: DeleteAliveOptions): Promise<GcResult>;
  /** Forgets what outputs of content-addressed derivations became. */
  forgetRealisations(ids: readonly DrvOutput[], options?: RequestOptions): Promise<void>;
}

/** Which paths are deleted besides. */
export interface DeleteAliveOptions extends RequestOptions {
  /** Whether what refers to the paths is deleted as well. */
  readonly deleteReferrers?: boolean;
}

/** See the head of this file. */
export interface Store {
  /** The store as C++ Nix names it: `daemon`, `https://cache.nixos.org`. */
  readonly uri: string;
  /** Such as `/nix/store`. */
  readonly storeDir: string;
  /** The smaller, the earlier it is asked among substituters. */
  readonly priority: number;
  /** Whether it may be asked about many paths at once. */
  readonly wantMassQuery: boolean;

  /** What is known of a valid path; `undefined` if the path is not valid. */
  info(path: string, options?: RequestOptions): Promise<PathInfo | undefined>;
  /** The valid ones among `paths`. */
  validPaths(paths: readonly string[], options?: ValidityOptions): Promise<ReadonlySet<string>>;
  /** The valid path that begins with these 32 characters. */
  pathOfHashPart(hashPart: string, options?: RequestOptions): Promise<string | undefined>;
  /** The NAR of a valid path; fails with `invalid-path` for another. */
  nar(path: string, options?: RequestOptions): ByteStream;
  /** The files of a valid path; fails with `invalid-path` for another. */
  files(path: string, options?: RequestOptions): Promise<ObjectFiles>;
  /** Connects if need be, and tells what the store says of itself. */
  facts(options?: RequestOptions): Promise<StoreFacts>;
  /** Ends connections. Temporary roots end with them. */
  close(): Promise<void>;

  /** Where the outputs of a valid derivation are; `undefined` for an output that is not known yet. */
  readonly outputsOf?:
    | ((
        drvPath: string,
        options?: RequestOptions,
      ) => Promise<ReadonlyMap<string, string | undefined>>)
    | undefined;
  readonly writer?: StoreWriter | undefined;
  /** Builds what `evalStore` describes. */
  readonly builder?: ((evalStore: Store) => Builder) | undefined;
  readonly index?: StoreIndex | undefined;
  readonly roots?: StoreRoots | undefined;
  readonly collector?: StoreCollector | undefined;
  readonly verifier?: StoreVerifier | undefined;
  readonly logs?: StoreLogs | undefined;
  readonly realisations?: StoreRealisations | undefined;
  readonly owner?: StoreOwner | undefined;
  /** Adds signatures to a valid path. */
  readonly addSignatures?:
    | ((path: string, signatures: readonly string[], options?: RequestOptions) => Promise<void>)
    | undefined;
  /** What substituters have of `paths`. */
  readonly substitutable?:
    | ((
        paths: readonly string[],
        options?: RequestOptions,
      ) => Promise<ReadonlyMap<string, SubstitutableInfo>>)
    | undefined;
  /** Links equal files of all paths. */
  readonly optimise?: ((options?: RequestOptions) => Promise<void>) | undefined;
  /** Where the objects lie as files that programs can open: the real path of a store path. */
  readonly realPath?: ((path: string) => string) | undefined;
}

/** The names of capabilities. */
export type Capability = {
  [Key in keyof Store]-?: undefined extends Store[Key] ? Key : never;
}[keyof Store];

/** A capability, or C++ Nix's error that the store cannot do `operation`. */
export function capability<Key extends Capability>(
  store: Store,
  key: Key,
  operation: string,
): Exclude<Store[Key], undefined> {
  const found = store[key];
  if (found === undefined) throw unsupported(operation, store.uri);
  return found as Exclude<Store[Key], undefined>;
}

/** Hears what happens while a store works. Ids exceed 2^53. */
export interface StoreObserver {
  /** A text for the user, already chosen by the verbosity that the store was given. */
  message?(text: string): void;
  startActivity?(activity: ActivityStart): void;
  stopActivity?(id: bigint): void;
  result?(result: ActivityResult): void;
}
