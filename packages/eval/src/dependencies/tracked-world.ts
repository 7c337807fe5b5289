/**
 * What a warm evaluation sees of its host: the same world, store and fetcher, with each question noted
 * in its {@link Dependencies}. `Evaluation` puts them below everything that remembers answers.
 *
 * The module is loaded by warm evaluations only, so it exports nothing but functions
 * (`scripts/bundles.mjs`).
 */
import type { Bytes, HashFunctions } from "@nivis/formats";
import { ForwardingIo } from "../forwarding-io.ts";
import {
  type DirectoryEntry,
  type EvalIo,
  type FileType,
  IoError,
  type LogMessage,
  type OpenListing,
} from "../io.ts";
import type { Store } from "../store/store.ts";
import { Dependencies, type FileQuestion, failureAnswer, listingAnswer } from "./dependencies.ts";

/** The world of a warm evaluation: notes each question about it. */
class TrackedIo extends ForwardingIo {
  readonly #dependencies: Dependencies;

  constructor(io: EvalIo, dependencies: Dependencies) {
    super(io);
    this.#dependencies = dependencies;
  }

  override fileType(path: Bytes): FileType | undefined {
    return this.#ask("type", path, super.fileType.bind(this), (type) => type ?? "");
  }

  override isExecutable(path: Bytes): boolean {
    return this.#ask("executable", path, super.isExecutable.bind(this), String);
  }

  override readFile(path: Bytes): Bytes {
    const contents = this.#asking("contents", path, super.readFile.bind(this));
    this.#dependencies.noteContents(path, contents);
    return contents;
  }

  override readDirectory(path: Bytes): readonly DirectoryEntry[] {
    return this.#ask("listing", path, super.readDirectory.bind(this), listingAnswer);
  }

  override openListing(path: Bytes): OpenListing | undefined {
    const { io } = this;
    if (io.openListing === undefined) return undefined;
    const listing = this.#asking("listing", path, (asked) => io.openListing?.(asked));
    // Without one, the directory is asked for by `readDirectory`.
    if (listing !== undefined) {
      this.#dependencies.noteFile("listing", path, listingAnswer(listing.entries));
    }
    return listing;
  }

  override readLink(path: Bytes): Bytes {
    return this.#ask("link", path, super.readLink.bind(this), String);
  }

  /** None: what a tree contains is found out by looking at its files, which are inputs. */
  override fingerprint(): undefined {
    return undefined;
  }

  /** None, for the same reason. */
  override narDigest(): undefined {
    return undefined;
  }

  override environment(name: Bytes): Bytes | undefined {
    const value = super.environment(name);
    this.#dependencies.noteVariable(name, value);
    return value;
  }

  override now(): number {
    this.#dependencies.notePassing();
    return super.now();
  }

  override log(message: LogMessage): void {
    // The line must come again, at its place among the others.
    this.#dependencies.noteLine();
    super.log(message);
  }

  override get detail(): EvalIo["detail"] {
    const { detail } = this.io;
    if (detail === undefined) return undefined;
    return (message) => {
      this.#dependencies.noteLine();
      detail(message);
    };
  }

  #ask<Result>(
    question: FileQuestion,
    path: Bytes,
    ask: (path: Bytes) => Result,
    answer: (result: Result) => string,
  ): Result {
    const result = this.#asking(question, path, ask);
    this.#dependencies.noteFile(question, path, answer(result));
    return result;
  }

  #asking<Result>(question: FileQuestion, path: Bytes, ask: (path: Bytes) => Result): Result {
    try {
      return ask(path);
    } catch (error) {
      if (error instanceof IoError) {
        this.#dependencies.noteFile(question, path, failureAnswer(error));
      }
      throw error;
    }
  }
}

/** Returns dependencies on a world that is looked at through {@link trackedIo}. */
export function openDependencies(io: EvalIo, hashes: HashFunctions): Dependencies {
  return new Dependencies(io, hashes);
}

/** Returns a world that notes each question about it. */
export function trackedIo(io: EvalIo, dependencies: Dependencies): EvalIo {
  return new TrackedIo(io, dependencies);
}

/** The methods of a store whose result may be another one later without a change of the files. */
const PASSING_ANSWERS: Readonly<Record<string, (result: unknown) => boolean>> = {
  isValidPath: (isValid) => isValid !== true,
  references: (references) => references === undefined,
  readDerivation: (derivation) => derivation === undefined,
  substitute: (isValid) => isValid !== true,
};

/**
 * Returns the same store; answers that may change are noted. What is valid is assumed to stay so, as
 * by all evaluations while they run.
 */
export function trackedStore(store: Store, dependencies: Dependencies): Store {
  return trackedCalls(
    store,
    (name, result) => PASSING_ANSWERS[name]?.(result) === true,
    dependencies,
  );
}

/** Returns the same fetcher; what it fetches may be something else in the next revision. */
export function trackedFetcher<Fetcher extends object>(
  fetcher: Fetcher,
  dependencies: Dependencies,
): Fetcher {
  return trackedCalls(fetcher, () => true, dependencies);
}

/** Returns the same object; after calls for which `isPassing` holds, and failing ones, this is noted. */
function trackedCalls<Target extends object>(
  object: Target,
  isPassing: (name: string, result: unknown) => boolean,
  dependencies: Dependencies,
): Target {
  return new Proxy(object, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        let isNoted = true;
        try {
          const result: unknown = Reflect.apply(member, target, args);
          isNoted = isPassing(String(name), result);
          return result;
        } finally {
          if (isNoted) dependencies.notePassing();
        }
      };
    },
  });
}

/** Directories that are reached without a symlink, with the sets of the inputs that say so. */
class TrackedDirectories extends Set<Bytes> {
  readonly #dependencies: Dependencies;
  readonly #sets = new Map<Bytes, number>();

  constructor(dependencies: Dependencies) {
    super();
    this.#dependencies = dependencies;
  }

  override add(path: Bytes): this {
    this.#sets.set(path, this.#dependencies.setOfAncestors(path));
    return this;
  }

  override has(path: Bytes): boolean {
    const set = this.#sets.get(path);
    if (set === undefined || this.#dependencies.sets.isStale(set)) return false;
    this.#dependencies.note(set);
    return true;
  }

  override clear(): void {
    this.#sets.clear();
  }
}

/** Returns a memory for `PlainDirectories`. */
export function trackedDirectories(dependencies: Dependencies): Set<Bytes> {
  return new TrackedDirectories(dependencies);
}
