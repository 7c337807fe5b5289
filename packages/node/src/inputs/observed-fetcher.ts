/**
 * Observed fetcher: the fetchers of a pure evaluation, which tell an {@link InputRecorder} what they are asked.
 *
 * Pure evaluation fetches only what is locked, so a tree, a file or an attribute is the same in every run
 * that gets it, and nothing of it is recorded. What depends on more than the lock makes the run unrepeatable:
 * registries, lock files that are computed, directories on disk, and failures.
 */
import type {
  EvaluationFetcher,
  FetchedTree,
  FlakeCall,
  FlakeLockOptions,
  FlakePlace,
  RegistryHit,
  RegistryUse,
} from "@nivis/eval";
import type { Bytes, FetcherInput, InputAttr } from "@nivis/formats";
import type { InputRecorder } from "./input-recorder.ts";

/** See the head of this file. */
export class ObservedFetcher implements EvaluationFetcher {
  readonly #fetcher: EvaluationFetcher;
  readonly #inputs: InputRecorder;

  constructor(fetcher: EvaluationFetcher, inputs: InputRecorder) {
    this.#fetcher = fetcher;
    this.#inputs = inputs;
  }

  #ask<Answer>(question: () => Answer): Answer {
    this.#inputs.fetching();
    try {
      return question();
    } catch (error) {
      this.#inputs.giveUp("something could not be fetched");
      throw error;
    }
  }

  fetchTree(input: FetcherInput): FetchedTree {
    if (input.scheme?.name === "path") this.#inputs.giveUp("a directory on disk was fetched");
    return this.#ask(() => this.#fetcher.fetchTree(input));
  }

  lazyAttr(input: FetcherInput, name: string): InputAttr {
    return this.#ask(() => this.#fetcher.lazyAttr(input, name));
  }

  fetchFile(url: Bytes, name: Bytes): Bytes {
    return this.#ask(() => this.#fetcher.fetchFile(url, name));
  }

  lookUp(input: FetcherInput, use: RegistryUse): RegistryHit {
    this.#inputs.giveUp("registries were asked");
    return this.#fetcher.lookUp(input, use);
  }

  resolveReference(text: Bytes): RegistryHit {
    this.#inputs.giveUp("registries were asked");
    return this.#fetcher.resolveReference(text);
  }

  lockFlake(ref: Bytes, options: FlakeLockOptions): FlakeCall {
    this.#inputs.giveUp("a flake was locked during the evaluation");
    return this.#fetcher.lockFlake(ref, options);
  }

  lockFlakeAt(place: FlakePlace, options: FlakeLockOptions): FlakeCall {
    this.#inputs.giveUp("a flake was locked during the evaluation");
    return this.#fetcher.lockFlakeAt(place, options);
  }

  forget(): void {
    this.#fetcher.forget();
  }

  close(): void {
    this.#fetcher.close?.();
  }
}
