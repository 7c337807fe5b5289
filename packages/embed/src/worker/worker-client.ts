/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The side that asks: a session in another thread. Arguments and results are data; functions and
 * handles stay in their thread.
 */
import type { FileUrl, NixInput, PlainData } from "../data.ts";
import type { Limits } from "../engine.ts";
import type { EvaluateAsyncOptions } from "../nix.ts";
import { NixError } from "../nix-error.ts";
import { checkSchemaAsync, type SchemaOutput, type StandardSchema } from "../schema.ts";
import { NixSource } from "../template.ts";
import { decodeData, encodeData } from "./data-codec.ts";
import type { WorkerPort, WorkerQuestion, WorkerReply, WorkerRequest } from "./messages.ts";

/** The options of a question to a worker. */
export interface WorkerEvaluateOptions<Schema extends StandardSchema = StandardSchema>
  extends Omit<EvaluateAsyncOptions<Schema>, "slice"> {
  /**
   * The limits of this question, which then gets a session to itself. Defaults to those of the
   * worker.
   */
  readonly limits?: Limits | undefined;
}

/** A thread to talk to, and the way to end it. */
export interface WorkerThread extends WorkerPort {
  /** Converts a path or URL of the host to a path. */
  path(path: string | FileUrl): string;
  /** Sets what is called when the thread ends by itself. */
  ended(listener: (error: Error) => void): void;
  terminate(): void;
}

interface Waiting {
  resolve(data: PlainData): void;
  reject(error: unknown): void;
  readonly onProgress: EvaluateAsyncOptions["onProgress"];
}

/**
 * A session in a thread of its own. A program that does not end blocks nothing here; its signal stops
 * it, and `terminate` ends the thread whatever it does.
 */
export class NixWorker implements Disposable {
  readonly #thread: WorkerThread;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onIdle: () => void;
  #next = 1;
  #ended: Error | undefined;

  /** `onIdle` is called whenever no question is open. */
  constructor(thread: WorkerThread, onIdle: () => void = () => {}) {
    this.#thread = thread;
    this.#onIdle = onIdle;
    thread.receive((message) => this.#receive(message as WorkerReply));
    thread.ended((error) => this.#end(error));
  }

  /** Evaluates a text deeply and returns its value as data, which the schema checks. */
  evaluate<Schema extends StandardSchema>(
    source: string | NixSource,
    options: WorkerEvaluateOptions<Schema> & { readonly schema: Schema },
  ): Promise<SchemaOutput<Schema>>;
  /** Evaluates a text deeply and returns its value as data. */
  evaluate(source: string | NixSource, options?: WorkerEvaluateOptions): Promise<PlainData>;
  evaluate(source: string | NixSource, options: WorkerEvaluateOptions = {}): Promise<unknown> {
    return this.#ask("evaluate", source, options);
  }

  /** {@link evaluateFile} with a result that the schema checks. */
  evaluateFile<Schema extends StandardSchema>(
    file: string | FileUrl,
    options: WorkerEvaluateOptions<Schema> & { readonly schema: Schema },
  ): Promise<SchemaOutput<Schema>>;
  /** Evaluates a file, or the `default.nix` of a directory, like {@link evaluate}. */
  evaluateFile(file: string | FileUrl, options?: WorkerEvaluateOptions): Promise<PlainData>;
  evaluateFile(file: string | FileUrl, options: WorkerEvaluateOptions = {}): Promise<unknown> {
    return this.#ask("evaluateFile", this.#thread.path(file), options);
  }

  /** {@link evaluateFlake} with a result that the schema checks. */
  evaluateFlake<Schema extends StandardSchema>(
    reference: string,
    options: WorkerEvaluateOptions<Schema> & { readonly schema: Schema },
  ): Promise<SchemaOutput<Schema>>;
  /** Evaluates an attribute of a flake like {@link evaluate}. */
  evaluateFlake(reference: string, options?: WorkerEvaluateOptions): Promise<PlainData>;
  evaluateFlake(reference: string, options: WorkerEvaluateOptions = {}): Promise<unknown> {
    return this.#ask("evaluateFlake", reference, options);
  }

  /** Ends the thread at once; questions that are open are rejected. */
  terminate(): void {
    this.#thread.terminate();
    this.#end(new Error("the worker was terminated"));
  }

  [Symbol.dispose](): void {
    this.terminate();
  }

  async #ask(
    ask: WorkerQuestion,
    source: string | NixSource,
    options: WorkerEvaluateOptions,
  ): Promise<unknown> {
    const { attr, args, basePath, plain, schema, limits, signal, onProgress } = options;
    if (this.#ended !== undefined) throw this.#ended;
    if (signal?.aborted === true) throw signal.reason;
    const id = this.#next++;
    const bindings = source instanceof NixSource ? encodeInput(source.bindings) : undefined;
    const given = args === undefined ? undefined : encodeInput(args);
    const answer = new Promise<PlainData>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
    });
    const stop = (): void => {
      this.#send({ id, ask: "stop" });
      this.#settle(id)?.reject(signal?.reason);
    };
    signal?.addEventListener("abort", stop);
    try {
      const text = typeof source === "string" ? source : source.text;
      const from = basePath === undefined ? undefined : this.#thread.path(basePath);
      const reports = onProgress !== undefined;
      const buffers = [bindings, given].flatMap((one) => (one === undefined ? [] : [one.buffer]));
      const values = { bindings, args: given, attr, basePath: from, plain, limits, reports };
      this.#send({ id, ask, source: text, ...values }, buffers);
      const data = await answer;
      return schema === undefined ? data : await checkSchemaAsync(schema, data, () => undefined);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  #send(request: WorkerRequest, transfer: ArrayBufferLike[] = []): void {
    this.#thread.postMessage(request, transfer);
  }

  #receive(reply: WorkerReply): void {
    if ("progress" in reply) {
      this.#waiting.get(reply.id)?.onProgress?.(reply.progress);
      return;
    }
    const waiting = this.#settle(reply.id);
    if (waiting === undefined) return;
    if ("data" in reply) waiting.resolve(decodeData(reply.data));
    else if ("error" in reply) waiting.reject(new NixError(reply.error));
    else {
      const { name, message, stack } = reply.failure;
      const error = name === "TypeError" ? new TypeError(message) : new Error(message);
      waiting.reject(stack === undefined ? error : Object.assign(error, { stack }));
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#onIdle();
    return waiting;
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function encodeInput(
  data: ReadonlyMap<string, NixInput> | { readonly [name: string]: NixInput },
): Uint8Array<ArrayBuffer> {
  return encodeData(data as PlainData);
}
