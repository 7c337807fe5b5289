/**
 * The worker's side: answers questions with a session of its own. A question with limits gets a
 * session to itself, so that it cannot use what others paid for.
 */
import { Interruption } from "@nivis/eval";
import type { NixInput, PlainData } from "../data.ts";
import { type EvaluateAsyncOptions, Nix, type NixHost, type NixOptions } from "../nix.ts";
import { NixError } from "../nix-error.ts";
import { NixSource } from "../template.ts";
import { decodeData, encodeData } from "./data-codec.ts";
import type { WorkerPort, WorkerReply, WorkerRequest } from "./messages.ts";

type Question = Exclude<WorkerRequest, { readonly ask: "stop" }>;

/** Answers the questions that arrive at a port. */
export function serveNix(port: WorkerPort, options: NixOptions, host: NixHost): void {
  const server = new WorkerServer(port, options, host);
  port.receive((message) => server.receive(message as WorkerRequest));
}

class WorkerServer {
  readonly #port: WorkerPort;
  readonly #options: NixOptions;
  readonly #host: NixHost;
  readonly #running = new Map<number, Interruption>();
  #shared: Nix | undefined;

  constructor(port: WorkerPort, options: NixOptions, host: NixHost) {
    this.#port = port;
    this.#options = options;
    this.#host = host;
  }

  receive(request: WorkerRequest): void {
    if (request.ask === "stop") this.#running.get(request.id)?.raise();
    else void this.#answer(request);
  }

  async #answer(question: Question): Promise<void> {
    const { id } = question;
    const signal = new Interruption(new Error("stopped"));
    this.#running.set(id, signal);
    try {
      const data = encodeData(await this.#evaluate(question, signal));
      this.#send({ id, data }, [data.buffer]);
    } catch (error) {
      this.#send(failureReply(id, error));
    } finally {
      this.#running.delete(id);
    }
  }

  async #evaluate(question: Question, signal: Interruption): Promise<PlainData> {
    const { id, ask, source, bindings, args, attr, basePath, plain, limits } = question;
    const nix = this.#session(question);
    using _end = limits === undefined ? undefined : nix;
    const options: EvaluateAsyncOptions = {
      attr,
      basePath,
      plain,
      signal,
      ...(args === undefined ? {} : { args: decodeData(args) as { [name: string]: NixInput } }),
      ...(question.reports ? { onProgress: (progress) => this.#send({ id, progress }) } : {}),
    };
    if (ask !== "evaluate") return nix[`${ask}Async`](source, options);
    if (bindings === undefined) return nix.evaluateAsync(source, options);
    const values = decodeData(bindings) as Map<string, NixInput>;
    return nix.evaluateAsync(new NixSource(source, values), options);
  }

  #session({ limits }: Question): Nix {
    if (limits !== undefined) {
      const own = { ...this.#options.limits, ...limits };
      return new Nix({ ...this.#options, limits: own }, this.#host);
    }
    this.#shared ??= new Nix(this.#options, this.#host);
    return this.#shared;
  }

  #send(reply: WorkerReply, transfer: ArrayBufferLike[] = []): void {
    this.#port.postMessage(reply, transfer);
  }
}

function failureReply(id: number, error: unknown): WorkerReply {
  if (error instanceof NixError) return { id, error: error.data };
  if (error instanceof Error) {
    const { name, message, stack } = error;
    return { id, failure: { name, message, stack } };
  }
  return { id, failure: { name: "Error", message: String(error), stack: undefined } };
}
