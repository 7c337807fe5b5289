/** What the schemes have in common: what they are given, and what they give back. */
import {
  type FetcherInput,
  type InputAttr,
  InputError,
  type LockPolicy,
  marked,
  uncolored,
} from "@nivis/formats";
import type { FetchCache } from "../cache/fetch-cache.ts";
import type { TreeCache } from "../cache/tree-cache.ts";
import type { GitCommand } from "../git/command.ts";
import type { Disk, FetchHost, ProgramRunner } from "../host.ts";
import type { Downloader } from "../http/download.ts";
import type { FetchSettings } from "../settings.ts";
import type { SourceTree } from "../tree/source-tree.ts";

/** What a fetch gives; see `Fetcher`. */
export interface FetchedSource {
  /** The input with all that the fetch found out, final. */
  readonly locked: FetcherInput;
  /** Attributes that take work to find out. */
  readonly lazyAttrs: ReadonlyMap<string, () => Promise<InputAttr>>;
  readonly tree: SourceTree;
  /** What the contents of the tree depend on, such as `git:COMMIT`; `undefined` if that is not known. */
  readonly fingerprint: string | undefined;
  /** The hash of the NAR of the tree, `sha256-…`. */
  narHash(): Promise<string>;
}

/** What a scheme gives. */
export interface SchemeResult {
  readonly input: FetcherInput;
  readonly tree: SourceTree;
  readonly lazyAttrs?: ReadonlyMap<string, () => Promise<InputAttr>>;
  readonly fingerprint: string | undefined;
  /** The hash of the NAR of the tree if it is known. */
  readonly narHash?: string;
  /** A key under which the hash may be remembered, if the contents cannot change. */
  readonly hashKey?: string;
}

/** What schemes are given. */
export interface SchemeContext extends LockPolicy {
  readonly host: FetchHost;
  readonly settings: FetchSettings;
  readonly downloader: Downloader;
  readonly cache: FetchCache;
  readonly trees: TreeCache;
  readonly git: GitCommand;
  /** Where caches lie; `undefined` without a disk. */
  readonly cacheDirectory: string | undefined;
  /** Fetches another input, such as a submodule. */
  fetch(input: FetcherInput): Promise<FetchedSource>;
  /** The hash of the NAR of a store path, `sha256-…`, if there is a store that has it. */
  readonly storeHash?: (path: string) => string | undefined;
  /** Work trees that git has been asked about. */
  readonly workTrees: Map<string, unknown>;
}

/** A kind of input, and how it is fetched. */
export interface FetchScheme {
  readonly name: string;
  fetch(context: SchemeContext, input: FetcherInput): Promise<SchemeResult>;
}

/** The disk. Throws {@link InputError} where there is none. */
export function diskOf({ host }: SchemeContext, what: string): Disk {
  if (host.disk !== undefined) return host.disk;
  throw new InputError(marked`${uncolored(what)} needs a disk, and there is none here`);
}

/** What runs programs. Throws {@link InputError} where there is nothing. */
export function programsOf({ host }: SchemeContext, what: string): ProgramRunner {
  if (host.programs !== undefined) return host.programs;
  throw new InputError(
    marked`${uncolored(what)} needs to run programs, which is not possible here`,
  );
}

/** The directory for caches. Throws {@link InputError} where there is none. */
export function cacheDirectoryOf({ cacheDirectory }: SchemeContext, what: string): string {
  if (cacheDirectory !== undefined) return cacheDirectory;
  throw new InputError(marked`${uncolored(what)} needs a directory for caches, and there is none`);
}

/** Whether what was found out at a time may be used without asking again. */
export function isFresh({ host, settings }: SchemeContext, time: number): boolean {
  return settings.tarballTtl > 0 && time + settings.tarballTtl >= host.now();
}

/** `«…»` around a text, as names of trees are shown. */
export function quoted(text: string): string {
  return `\xc2\xab${text}\xc2\xbb`;
}
