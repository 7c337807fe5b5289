/**
 * BlockingFetcher: the fetchers of an evaluation that cannot wait for promises.
 *
 * A thread of its own fetches (`fetch-worker.ts`) and computes the hashes; the trees are then read here,
 * without it. The thread is started by the first fetch. docs/design/011-fetched-trees.md gives the
 * reasons.
 */
import {
  type EvaluationFetcher,
  type FetchedTree,
  type FlakeCall,
  type FlakeLockOptions,
  type FlakePlace,
  inputKey,
  type RegistryHit,
  type RegistryUse,
} from "@nivis/eval";
import { openTree } from "@nivis/fetch";
import { bytesToByteString, type FetcherInput, type InputAttr } from "@nivis/formats";
import { BlockingThread } from "../../threads/blocking-thread.ts";
import { treeHost } from "../fetch-host.ts";
import { callOfMessage } from "./flake-calls.ts";
import {
  errorOfMessage,
  type FetchAnswers,
  type FetchMessage,
  type FetchNotice,
  type FetchQuestion,
  type FetchStart,
  inputMessage,
  inputOfMessage,
  type TreeMessage,
} from "./requests.ts";
import { recipeOf, TreeAccessor } from "./tree-accessor.ts";

/** How a {@link BlockingFetcher} is set up. */
export interface BlockingFetcherOptions {
  readonly start: FetchStart;
  /** The script of the thread. Defaults to `@nivis/node/fetch-worker`. */
  readonly worker?: string | URL | undefined;
  /** Shows a warning; a byte string. */
  readonly warn: (message: string) => void;
  /** Shows a notice, which is a byte string too. */
  readonly note?: ((message: string) => void) | undefined;
  /** Shows what is under way in a line that the next one replaces; the empty line removes it. */
  readonly showProgress?: ((line: string) => void) | undefined;
  /** Returns whether the fetch that is waited for is to be given up. Defaults to never. */
  readonly isInterrupted?: (() => boolean) | undefined;
}

/** See the head of this file. */
export class BlockingFetcher implements EvaluationFetcher {
  readonly #thread: BlockingThread<FetchQuestion, FetchMessage>;
  readonly #show: (notice: FetchNotice) => void;
  readonly #trees = new Map<string, FetchedTree>();

  constructor(options: BlockingFetcherOptions) {
    const { start, worker, warn, note, showProgress, isInterrupted } = options;
    this.#thread = new BlockingThread({
      name: "the thread that fetches",
      isInterrupted,
      start: () => ({
        script: worker ?? new URL("./fetch-worker.js", import.meta.url),
        data: { start, showsProgress: showProgress !== undefined },
      }),
    });
    this.#show = ({ show, text }) => {
      if (show === "progress") showProgress?.(text);
      else if (show === "notice") note?.(text);
      else warn(text);
    };
  }

  fetchTree(input: FetcherInput): FetchedTree {
    const key = inputKey(input);
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    const fetched = this.#open(this.#ask({ ask: "tree", input: inputMessage(input) }));
    this.#trees.set(key, fetched);
    return fetched;
  }

  /** Opens a tree that the other thread has fetched. */
  #open({ recipe, locked, narHash, lazyAttrs }: TreeMessage): FetchedTree {
    return {
      tree: new TreeAccessor(openTree(recipe, treeHost())),
      locked: inputOfMessage(locked),
      narHash,
      lazyAttrs,
    };
  }

  lazyAttr(input: FetcherInput, name: string): InputAttr {
    return this.#ask({ ask: "attribute", input: inputMessage(input), name });
  }

  fetchFile(url: string, name: string): string {
    return bytesToByteString(this.#ask({ ask: "file", url, name }));
  }

  lookUp(original: FetcherInput, use: RegistryUse): RegistryHit {
    const question = { ask: "registry", input: inputMessage(original), use } as const;
    const { input, directory } = this.#ask(question);
    return { input: inputOfMessage(input), directory };
  }

  resolveReference(text: string): RegistryHit {
    const { input, directory } = this.#ask({ ask: "reference", text });
    return { input: inputOfMessage(input), directory };
  }

  lockFlake(ref: string, options: FlakeLockOptions): FlakeCall {
    const message = this.#ask({ ask: "flake", ref, options });
    return callOfMessage(message, (tree) => this.#open(tree));
  }

  lockFlakeAt({ tree, root, directory }: FlakePlace, options: FlakeLockOptions): FlakeCall {
    const recipe = tree === undefined ? { kind: "disk" as const, root } : recipeOf(tree);
    const place = { recipe, directory };
    const message = this.#ask({ ask: "flake-at", place, options });
    return callOfMessage(message, (opened) => this.#open(opened));
  }

  forget(): void {
    this.#trees.clear();
    if (this.#thread.isRunning) this.#ask({ ask: "forget" });
  }

  /** Ends connections and the thread, and removes what does not outlive the evaluation. */
  close(): void {
    if (!this.#thread.isRunning) return;
    this.#ask({ ask: "close" });
    this.#thread.end();
  }

  #ask<Ask extends FetchQuestion["ask"]>(
    question: Extract<FetchQuestion, { readonly ask: Ask }>,
  ): FetchAnswers[Ask] {
    this.#thread.post(question);
    let reply = this.#receive();
    while ("show" in reply) {
      this.#show(reply);
      reply = this.#receive();
    }
    if ("failure" in reply) throw errorOfMessage(reply.failure);
    return reply.value as FetchAnswers[Ask];
  }

  #receive(): FetchMessage {
    try {
      return this.#thread.receive();
    } catch (error) {
      // The thread works on; the next fetch gets another one.
      if (this.#thread.isRunning) this.#thread.endAfter({ ask: "stop" });
      this.#show({ show: "progress", text: "" });
      throw error;
    }
  }
}
