/**
 * The evaluator of `nivis worker`: lets local workers evaluate the chunks of a queue. The workers of one
 * request stay between its chunks, with all that they evaluated; another request gets new ones.
 */
import { IoError } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { type AttrPath, type JobReply, type PathSource, Schedule } from "@nivis/jobs";
import type { ChunkEvaluator, SourceTreeClaim, SweepRequest } from "@nivis/queue";
import type { Invocation } from "../invocation.ts";
import { VERSION } from "../version.ts";
import { LocalWorkers, type LocalWorkersOptions, RootFailure } from "./local-workers.ts";
import { loadQueue } from "./queue-package.ts";
import { treeHash } from "./tree-hash.ts";

/** How many local workers there are, and what each may take. */
export interface ChunkEvaluatorOptions
  extends Pick<LocalWorkersOptions, "processScript" | "threadScript" | "count" | "maxMemorySize"> {
  /** Arguments that are added to those of each request, such as a store. */
  readonly extraArgs: readonly string[];
}

type Deliver = (reply: JobReply, log: readonly string[]) => void;

/** See the head of this file. */
export class LocalChunkEvaluator implements ChunkEvaluator {
  readonly #invocation: Invocation;
  readonly #options: ChunkEvaluatorOptions;
  #current: RequestWorkers | undefined;

  constructor(invocation: Invocation, options: ChunkEvaluatorOptions) {
    this.#invocation = invocation;
    this.#options = options;
  }

  async evaluate(
    request: SweepRequest,
    fingerprint: string,
    paths: readonly AttrPath[],
    deliver: Deliver,
    signal: AbortSignal,
  ): Promise<void> {
    const workers = this.#workersFor(request, fingerprint);
    const stop = (): void => this.close();
    signal.addEventListener("abort", stop, { once: true });
    try {
      await workers.evaluate(paths, deliver);
    } catch (error) {
      this.close();
      if (!(error instanceof RootFailure)) throw error;
      const { RootProblem } = loadQueue();
      throw new RootProblem(error);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Ends all local workers. */
  close(): void {
    this.#current?.close();
    this.#current = undefined;
  }

  #workersFor(request: SweepRequest, fingerprint: string): RequestWorkers {
    if (this.#current?.fingerprint === fingerprint) return this.#current;
    this.close();
    if (request.version !== VERSION) {
      throw new Error(
        `the request is of Nivis ${request.version}, and this worker is Nivis ${VERSION}`,
      );
    }
    if (this.#invocation.machine.fileType(encodeUtf8(request.directory)) !== "directory") {
      throw new Error(`the directory of the request, ${request.directory}, is not on this machine`);
    }
    if (request.tree !== undefined) this.#checkTree(request.tree);
    this.#current = new RequestWorkers(this.#invocation, this.#options, request, fingerprint);
    return this.#current;
  }

  #checkTree(tree: SourceTreeClaim): void {
    const { machine } = this.#invocation;
    const path = encodeUtf8(tree.path);
    let found: string | undefined;
    try {
      if (tree.kind === "store-path") {
        if (machine.fileType(path) !== undefined) return;
      } else found = treeHash(machine, path);
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
    }
    if (tree.kind === "store-path") {
      throw new Error(`${tree.path} is not on this machine; copy it here with nivis copy`);
    }
    if (found === undefined) throw new Error(`${tree.path} is not on this machine`);
    if (found !== tree.narHash) {
      throw new Error(`${tree.path} is not the same here: its hash is ${found}`);
    }
  }
}

/** The local workers of one request. */
class RequestWorkers implements PathSource {
  readonly schedule = new Schedule();
  readonly fingerprint: string;
  readonly #workers: LocalWorkers;
  /** What was logged since the last reply. */
  readonly #log: string[] = [];
  #deliver: Deliver = () => {};

  constructor(
    invocation: Invocation,
    options: ChunkEvaluatorOptions,
    request: SweepRequest,
    fingerprint: string,
  ) {
    this.fingerprint = fingerprint;
    const { extraArgs, ...scripts } = options;
    this.#workers = new LocalWorkers(this, {
      remembers: () => "no",
      ...scripts,
      args: [...request.args, ...extraArgs],
      input: request.input,
      color: invocation.terminal.color,
      maxTime: request.maxTime,
      directory: request.directory,
      environment: { NIX_PATH: request.nixPath },
      show: (lines) => this.#log.push(...lines),
    });
  }

  deliver(reply: JobReply): void {
    this.schedule.finish(reply.path);
    this.#deliver(reply, this.#log.splice(0));
  }

  async evaluate(paths: readonly AttrPath[], deliver: Deliver): Promise<void> {
    this.#deliver = deliver;
    this.schedule.add(paths);
    await this.#workers.run();
  }

  close(): void {
    this.#workers.cancel();
  }
}
