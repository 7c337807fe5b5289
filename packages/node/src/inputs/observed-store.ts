/**
 * Observed store: a store that tells an {@link InputRecorder} what an evaluation asks it and writes to
 * it.
 *
 * A store is checked later by the files on disk: a path that was valid, or that was written, must be
 * there. Collecting garbage removes them, and then the evaluation has to write them again. Builds and
 * downloads print and may give other results, so they make the run unrepeatable.
 */
import type { SourceAccessor, SourceTree, Store, StoreFiles } from "@nivis/eval";
import type { Derivation, FinishedDerivation } from "@nivis/formats";
import type { InputRecorder } from "./input-recorder.ts";

/** What only some stores can do. */
type Ability = Exclude<
  {
    [Member in keyof Store]-?: undefined extends Store[Member] ? Member : never;
  }[keyof Store],
  "relocatedDirectory" | "files"
>;

/** Why a run that uses an ability cannot be answered from memory. */
const UNREPEATABLE: Readonly<Record<Ability, string>> = {
  narHash: "a store was asked for a hash",
  addRoot: "a root was made during the evaluation",
  build: "a derivation was built during the evaluation",
  substitute: "a path was fetched from another store",
  fetchClosure: "a closure was fetched from another store",
};

/** A store that records how it is used. */
export class ObservedStore implements Store {
  readonly #store: Store;
  readonly #inputs: InputRecorder;
  /** Present if the store has them; absent members are capabilities that are missing. */
  readonly narHash?: NonNullable<Store["narHash"]>;
  readonly addRoot?: NonNullable<Store["addRoot"]>;
  readonly build?: NonNullable<Store["build"]>;
  readonly substitute?: NonNullable<Store["substitute"]>;
  readonly fetchClosure?: NonNullable<Store["fetchClosure"]>;

  constructor(store: Store, inputs: InputRecorder) {
    this.#store = store;
    this.#inputs = inputs;
    for (const [name, reason] of Object.entries(UNREPEATABLE)) {
      const member = name as keyof typeof UNREPEATABLE;
      const action = store[member] as ((...args: readonly unknown[]) => never) | undefined;
      if (action === undefined) continue;
      const observed = (...args: readonly unknown[]): never => {
        inputs.giveUp(reason);
        return action.apply(store, [...args]);
      };
      Object.defineProperty(this, member, { value: observed, enumerable: true });
    }
  }

  get capabilities(): Store["capabilities"] {
    return this.#store.capabilities;
  }

  get storeDir(): string {
    return this.#store.storeDir;
  }

  get relocatedDirectory(): string | undefined {
    return this.#store.relocatedDirectory;
  }

  get files(): StoreFiles | undefined {
    return this.#store.files;
  }

  isValidPath(path: string): boolean {
    const valid = this.#ask(() => this.#store.isValidPath(path));
    // A store that holds nothing says so of every path.
    if (this.capabilities.reads) this.#inputs.storePath(path, this.#placeOf(path), valid);
    return valid;
  }

  references(path: string): readonly string[] | undefined {
    const references = this.#ask(() => this.#store.references(path));
    this.#asked(path, references !== undefined);
    return references;
  }

  readDerivation(path: string): Derivation | undefined {
    const derivation = this.#ask(() => this.#store.readDerivation(path));
    this.#asked(path, derivation !== undefined);
    return derivation;
  }

  addText(path: string, contents: string, references: readonly string[]): void {
    this.#ask(() => this.#store.addText(path, contents, references));
    this.#wrote(path);
  }

  addSource(
    path: string,
    source: SourceTree,
    references: readonly string[],
    files: SourceAccessor,
  ): void {
    this.#ask(() => this.#store.addSource(path, source, references, files));
    this.#wrote(path);
  }

  addDerivation(derivation: FinishedDerivation): void {
    this.#ask(() => this.#store.addDerivation(derivation));
    this.#wrote(derivation.drvPath);
  }

  #ask<Answer>(question: () => Answer): Answer {
    try {
      return question();
    } catch (error) {
      this.#inputs.giveUp("a store failed");
      throw error;
    }
  }

  /** What a store knows of a path does not change while the path is there. */
  #asked(path: string, isKnown: boolean): void {
    if (!this.capabilities.reads) return;
    const isOnDisk = this.#inputs.storePath(path, this.#placeOf(path), isKnown);
    // What is there may become known without a change of files.
    if (!isKnown && isOnDisk) this.#inputs.giveUp("a store did not know a path");
  }

  #wrote(path: string): void {
    if (this.capabilities.writes) this.#inputs.output(path, this.#placeOf(path));
  }

  #placeOf(path: string): string {
    const { relocatedDirectory, storeDir } = this.#store;
    return relocatedDirectory === undefined
      ? path
      : relocatedDirectory + path.slice(storeDir.length);
  }
}
