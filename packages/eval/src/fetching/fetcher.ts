/**
 * EvaluationFetcher: what evaluation requests of the fetchers of its host. `@nivis/node` implements
 * it over `@nivis/fetch`; without one, the fetching builtins fail.
 *
 * All methods are synchronous. An implementation over promises throws a `Pending` until the promise
 * is settled (`PromisedFetcher`), so callers that are generators use `attempt`.
 */
import type { Bytes, FetcherInput, InputAttr } from "@nivis/formats";
import type { SourceAccessor } from "../source-accessor.ts";
import { PendingAnswers } from "../waiting-io.ts";
import type { FlakeCall, FlakeLockOptions, FlakePlace } from "./flake-call.ts";

/** A fetched source tree. */
export interface FetchedTree {
  /** The files, with `/` as the root of the tree. */
  readonly tree: SourceAccessor;
  /** The input with everything that the fetch found out; final. */
  readonly locked: FetcherInput;
  /** The SHA-256 hash of the NAR of the tree: `sha256-` and Base64. */
  readonly narHash: string;
  /** The names of further attributes of the input, which take time to compute: `revCount`. */
  readonly lazyAttrs: readonly string[];
}

/** Which registries are asked: `limited` means those of flags and the global one. */
export type RegistryUse = "all" | "limited";

/** What registries have for an indirect input. */
export interface RegistryHit {
  readonly input: FetcherInput;
  /** The directory of the flake in the input, if a registry names one. */
  readonly directory: Bytes | undefined;
}

/** The fetchers of an evaluation. Methods throw a `FormatError` if something cannot be fetched. */
export interface EvaluationFetcher {
  /** Fetches an input. The same input yields the same tree until {@link forget} is called. */
  fetchTree(input: FetcherInput): FetchedTree;
  /** Returns one of the `lazyAttrs` of a tree that {@link fetchTree} returned for `input`. */
  lazyAttr(input: FetcherInput, name: string): InputAttr;
  /** Downloads a file and returns its bytes. `name` is the name of the file in the store. */
  fetchFile(url: Bytes, name: Bytes): Bytes;
  /** Replaces an indirect input by the one that registries name for it. */
  lookUp(input: FetcherInput, use: RegistryUse): RegistryHit;
  /**
   * Reads a flake reference that a user wrote, such as `nixpkgs` or `./dir`, and resolves it with
   * all registries.
   */
  resolveReference(text: Bytes): RegistryHit;
  /**
   * Locks the flake that a reference names. Lock files are not written; a warning says how they would
   * change.
   */
  lockFlake(ref: Bytes, options: FlakeLockOptions): FlakeCall;
  /** Locks the flake in a tree that evaluation reads already. */
  lockFlakeAt(place: FlakePlace, options: FlakeLockOptions): FlakeCall;
  /** Forgets fetched trees, so that changed work trees are read again. */
  forget(): void;
  /** Ends connections; trees that were fetched can no longer be read. */
  close?(): void;
}

/** {@link EvaluationFetcher} with promises as results. */
export type EventualFetcher = {
  readonly [Method in Exclude<keyof EvaluationFetcher, "forget" | "close">]: (
    ...args: Parameters<EvaluationFetcher[Method]>
  ) => PromiseLike<ReturnType<EvaluationFetcher[Method]>>;
} & Pick<EvaluationFetcher, "forget">;

/** A fetcher for asynchronous evaluation, over one that returns promises. */
export class PromisedFetcher implements EvaluationFetcher {
  readonly #fetcher: EventualFetcher;
  readonly #answers = new PendingAnswers();
  /** Inputs have no identity, so a question is named by their attributes. */
  readonly #trees = new Map<string, FetchedTree>();

  constructor(fetcher: EventualFetcher) {
    this.#fetcher = fetcher;
  }

  fetchTree(input: FetcherInput): FetchedTree {
    const key = inputKey(input);
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    const ask = (): PromiseLike<FetchedTree> => this.#fetcher.fetchTree(input);
    const tree = this.#answers.get(`tree ${key}`, subjectOf(input), ask);
    this.#trees.set(key, tree);
    return tree;
  }

  lazyAttr(input: FetcherInput, name: string): InputAttr {
    const ask = (): PromiseLike<InputAttr> => this.#fetcher.lazyAttr(input, name);
    return this.#answers.get(`${name} ${inputKey(input)}`, subjectOf(input), ask);
  }

  fetchFile(url: Bytes, name: string): string {
    const ask = (): PromiseLike<string> => this.#fetcher.fetchFile(url, name);
    return this.#answers.get(`file ${name} ${url}`, `'${url}'`, ask);
  }

  lookUp(input: FetcherInput, use: RegistryUse): RegistryHit {
    const ask = (): PromiseLike<RegistryHit> => this.#fetcher.lookUp(input, use);
    return this.#answers.get(`registry ${use} ${inputKey(input)}`, subjectOf(input), ask);
  }

  resolveReference(text: Bytes): RegistryHit {
    const ask = (): PromiseLike<RegistryHit> => this.#fetcher.resolveReference(text);
    return this.#answers.get(`reference ${text}`, `'${text}'`, ask);
  }

  lockFlake(ref: Bytes, options: FlakeLockOptions): FlakeCall {
    const ask = (): PromiseLike<FlakeCall> => this.#fetcher.lockFlake(ref, options);
    return this.#answers.get(`flake ${options.isPure} ${ref}`, `the flake '${ref}'`, ask);
  }

  lockFlakeAt(place: FlakePlace, options: FlakeLockOptions): FlakeCall {
    const path = place.root + place.directory;
    const ask = (): PromiseLike<FlakeCall> => this.#fetcher.lockFlakeAt(place, options);
    return this.#answers.get(`flake at ${options.isPure} ${path}`, `the flake '${path}'`, ask);
  }

  forget(): void {
    this.#trees.clear();
    this.#fetcher.forget();
  }
}

/** A fetcher that is opened when something is fetched for the first time. */
export class DeferredFetcher implements EvaluationFetcher {
  readonly #open: () => EvaluationFetcher;
  #fetcher: EvaluationFetcher | undefined;

  constructor(open: () => EvaluationFetcher) {
    this.#open = open;
  }

  get #opened(): EvaluationFetcher {
    this.#fetcher ??= this.#open();
    return this.#fetcher;
  }

  fetchTree(input: FetcherInput): FetchedTree {
    return this.#opened.fetchTree(input);
  }

  lazyAttr(input: FetcherInput, name: string): InputAttr {
    return this.#opened.lazyAttr(input, name);
  }

  fetchFile(url: Bytes, name: string): string {
    return this.#opened.fetchFile(url, name);
  }

  lookUp(input: FetcherInput, use: RegistryUse): RegistryHit {
    return this.#opened.lookUp(input, use);
  }

  resolveReference(text: Bytes): RegistryHit {
    return this.#opened.resolveReference(text);
  }

  lockFlake(ref: Bytes, options: FlakeLockOptions): FlakeCall {
    return this.#opened.lockFlake(ref, options);
  }

  lockFlakeAt(place: FlakePlace, options: FlakeLockOptions): FlakeCall {
    return this.#opened.lockFlakeAt(place, options);
  }

  forget(): void {
    this.#fetcher?.forget();
  }

  close(): void {
    this.#fetcher?.close?.();
  }
}

/** Returns a text that distinguishes inputs: their attributes in the order of their names. */
export function inputKey({ attrs }: FetcherInput): string {
  const entries = [...attrs].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries.map(([name, value]) => [name, typeof value, String(value)]));
}

function subjectOf({ attrs }: FetcherInput): string {
  const place = attrs.get("url") ?? attrs.get("path") ?? attrs.get("repo") ?? attrs.get("id");
  return `the input '${attrs.get("type")}:${place}'`;
}
