/**
 * Answers what an evaluation asks of its fetchers, over a {@link FlakeSession}. Runs in the thread that
 * fetches, and without one for asynchronous evaluations.
 */

import { inputKey, type RegistryUse } from "@nivis/eval";
import type { FetchedSource } from "@nivis/fetch";
import { lookUpInput, type ResolvedInput } from "@nivis/flake";
import { type FetcherInput, type InputAttr, InputError, marked } from "@nivis/formats";
import type { FlakeSession } from "../flake-session.ts";
import { lockAtForEvaluation, lockForEvaluation } from "./flake-calls.ts";
import {
  type FetchAnswers,
  type FetchQuestion,
  type HitMessage,
  inputMessage,
  inputOfMessage,
  type TreeMessage,
} from "./requests.ts";

/** A tree and the hash of its NAR. */
export interface HashedSource {
  readonly source: FetchedSource;
  readonly narHash: string;
}

/** See the head of this file. */
export class FetchServer {
  readonly #session: FlakeSession;
  /** What was fetched, by input. */
  readonly #sources = new Map<string, Promise<HashedSource>>();

  constructor(session: FlakeSession) {
    this.#session = session;
  }

  /** The answer to a question. Throws a `FormatError`. */
  async answer(question: FetchQuestion): Promise<FetchAnswers[FetchQuestion["ask"]]> {
    switch (question.ask) {
      case "tree":
        return messageOf(await this.fetch(inputOfMessage(question.input)));
      case "attribute":
        return this.attribute(inputOfMessage(question.input), question.name);
      case "file":
        return this.#session.fetcher.fetchFile(question.url, question.name);
      case "registry":
        return hitMessage(await this.lookUp(inputOfMessage(question.input), question.use));
      case "reference":
        return hitMessage(await this.resolveReference(question.text));
      case "flake":
        return lockForEvaluation(this.#session, question.ref, question.options);
      case "flake-at":
        return lockAtForEvaluation(this.#session, question.place, question.options);
      case "forget":
        this.forget();
        return undefined;
      case "stop":
        return undefined;
      case "close":
        await this.#session.close();
        return undefined;
    }
  }

  /** Fetches an input; the same one only once. */
  fetch(input: FetcherInput): Promise<HashedSource> {
    const key = inputKey(input);
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const fetching = this.#fetch(input);
    this.#sources.set(key, fetching);
    fetching.catch(() => this.#sources.delete(key));
    return fetching;
  }

  async #fetch(input: FetcherInput): Promise<HashedSource> {
    const source = await this.#session.fetcher.fetch(input);
    return { source, narHash: await source.narHash() };
  }

  /** An attribute of a fetched input that takes time. */
  async attribute(input: FetcherInput, name: string): Promise<InputAttr> {
    const { source } = await this.fetch(input);
    const compute = source.lazyAttrs.get(name);
    if (compute !== undefined) return compute();
    throw new InputError(marked`input attribute '${name}' is missing`);
  }

  /** The input that registries name for an indirect one. */
  lookUp(input: FetcherInput, use: RegistryUse): Promise<ResolvedInput> {
    const { useRegistries } = this.#session.settings;
    return lookUpInput(this.#session, input, useRegistries ? use : "none");
  }

  /** The input that a flake reference of a user means, with the help of all registries. */
  async resolveReference(text: string): Promise<ResolvedInput> {
    const ref = this.#session.parseRef(text, { allowMissing: true, isFlake: false });
    const found = await this.lookUp(ref.input, "all");
    return { input: found.input, directory: found.directory ?? ref.directory };
  }

  /** Forgets what was fetched, so that work trees are looked at again. */
  forget(): void {
    this.#sources.clear();
    this.#session.fetcher.forgetWorkTrees();
  }
}

function hitMessage({ input, directory }: ResolvedInput): HitMessage {
  return { input: inputMessage(input), directory };
}

function messageOf({ source, narHash }: HashedSource): TreeMessage {
  return {
    recipe: source.tree.recipe(),
    locked: inputMessage(source.locked),
    narHash,
    lazyAttrs: [...source.lazyAttrs.keys()],
  };
}
