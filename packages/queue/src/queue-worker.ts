/**
 * QueueWorker: takes chunks from a Redis server and lets them be evaluated. It does not evaluate itself,
 * so that the event loop stays free to renew the lock on a chunk; a worker that does not renew it is
 * taken for lost, and BullMQ gives its chunk to another.
 */
import { hostname } from "node:os";
import { type AttrPath, attrPathKey, type JobReply } from "@nivis/jobs";
import { type Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { connect, openRedis } from "./redis-connection.ts";
import {
  type ChunkData,
  KEY_PREFIX,
  pack,
  QUEUE_NAME,
  type RunRecord,
  redisKeys,
  type SweepRequest,
  unpack,
  type WorkerMessage,
} from "./sweep-request.ts";

/** Evaluates the paths of a chunk, and may keep what it evaluated for the next one. */
export interface ChunkEvaluator {
  /**
   * Evaluates all paths and delivers a reply for each. Throws a {@link RootProblem} if the root fails, and
   * any other error if this worker cannot evaluate the request.
   */
  evaluate(
    request: SweepRequest,
    fingerprint: string,
    paths: readonly AttrPath[],
    deliver: (reply: JobReply, log: readonly string[]) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** The root of a request cannot be evaluated, on any worker. */
export class RootProblem extends Error {
  override readonly name = "RootProblem";

  constructor(readonly failure: Omit<Extract<WorkerMessage, { kind: "root-failure" }>, "kind">) {
    super(failure.message);
  }
}

/** How a worker is set up. */
export interface QueueWorkerOptions {
  readonly url: string;
  readonly evaluator: ChunkEvaluator;
  /** The seconds without a sign of life after which a worker is taken for lost. */
  readonly stalledAfter: number;
  /** The seconds without work after which the worker ends; it stays unless given. */
  readonly idleExit: number | undefined;
  readonly warn: (message: string) => void;
  readonly note: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Replies that a coordinator may be behind before workers wait for it. */
const MAX_UNREAD = 2000;
/** The time between two looks at whether it has caught up, in milliseconds. */
const PAUSE = 100;

/** Works until the signal aborts, or until there was nothing to do for some time. */
export async function runQueueWorker(options: QueueWorkerOptions): Promise<void> {
  await new QueueWorker(options).run();
}

class QueueWorker {
  readonly #options: QueueWorkerOptions;
  readonly #name = `${hostname()}-${process.pid}`;
  readonly #redis: Redis;
  /** Runs, as far as they are known. */
  readonly #records = new Map<string, RunRecord>();

  constructor(options: QueueWorkerOptions) {
    this.#options = options;
    this.#redis = openRedis(options.url);
  }

  async run(): Promise<void> {
    const { url, stalledAfter, idleExit, signal, warn, note } = this.#options;
    await connect(this.#redis, warn);
    // BullMQ makes a second connection of this one, for commands that block.
    const worker = new Worker<ChunkData>(QUEUE_NAME, (job) => this.#process(job), {
      connection: openRedis(url),
      prefix: KEY_PREFIX,
      name: this.#name,
      concurrency: 1,
      lockDuration: stalledAfter * 1000,
      stalledInterval: stalledAfter * 1000,
      maxStalledCount: 3,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    worker.on("error", (error) => warn(`the queue: ${error.message}`));
    await worker.waitUntilReady();
    note(`worker ${this.#name} waits for work`);
    await new Promise<void>((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const sleep = (): void => {
        clearTimeout(timer);
        if (idleExit !== undefined) timer = setTimeout(resolve, idleExit * 1000);
      };
      worker.on("active", () => clearTimeout(timer));
      worker.on("completed", sleep);
      worker.on("failed", sleep);
      sleep();
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    // A chunk that is given up is taken by another worker once its lock has run out.
    await worker.close(signal.aborted);
    this.#redis.disconnect();
  }

  async #process(job: Job<ChunkData>): Promise<void> {
    const { run, paths, isFresh } = job.data;
    const record = await this.#record(run);
    if (record === undefined) return;
    const open = isFresh ? paths : await this.#withoutKept(run, record, paths);
    if (open.length === 0) return;
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, this.#options.signal]);
    // Replies are sent in order, and evaluation waits when too many are on their way.
    let sending = Promise.resolve();
    let failure: unknown;
    const send = (message: WorkerMessage): void => {
      sending = sending
        .then(async () => {
          if (!gone.signal.aborted && !(await this.#send(run, record, message))) gone.abort();
        })
        .catch((error: unknown) => {
          failure ??= error;
          gone.abort();
        });
    };
    try {
      await this.#options.evaluator.evaluate(
        record.request,
        record.fingerprint,
        open,
        (reply, log) => send({ kind: "reply", reply, log }),
        signal,
      );
    } catch (error) {
      if (error instanceof RootProblem) send({ kind: "root-failure", ...error.failure });
      else {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.warn(reason);
        send({ kind: "refusal", worker: this.#name, reason });
        await sending;
        throw error;
      }
    }
    await sending;
    if (failure !== undefined) throw failure;
    if (this.#options.signal.aborted) throw new Error("the worker was stopped");
  }

  async #record(run: string): Promise<RunRecord | undefined> {
    const packed = await this.#redis.getBuffer(redisKeys.run(run));
    if (packed === null) {
      this.#records.delete(run);
      return undefined;
    }
    const known = this.#records.get(run) ?? (await unpack<RunRecord>(packed));
    this.#records.set(run, known);
    return known;
  }

  /** The paths that no worker has evaluated; sends the replies of the others. */
  async #withoutKept(
    run: string,
    record: RunRecord,
    paths: readonly AttrPath[],
  ): Promise<readonly AttrPath[]> {
    if (record.keepSeconds === 0) return paths;
    const key = redisKeys.results(record.fingerprint);
    const kept = await this.#redis.hmgetBuffer(key, ...paths.map(attrPathKey));
    const open: AttrPath[] = [];
    for (const [i, path] of paths.entries()) {
      const packed = kept[i];
      if (packed === undefined || packed === null) open.push(path);
      else {
        const reply = await unpack<JobReply>(packed);
        await this.#send(run, { ...record, keepSeconds: 0 }, { kind: "reply", reply, log: [] });
      }
    }
    return open;
  }

  /** Sends a message; returns whether anybody reads it. */
  async #send(run: string, record: RunRecord, message: WorkerMessage): Promise<boolean> {
    const replies = redisKeys.replies(run);
    while ((await this.#redis.xlen(replies)) > MAX_UNREAD) {
      if (this.#options.signal.aborted) return false;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    const entry = await pack(message);
    const reply = message.kind === "reply" ? message.reply : undefined;
    const isLasting = reply !== undefined && !(reply.kind === "error" && reply.incomplete);
    if (isLasting && record.keepSeconds > 0) {
      const key = redisKeys.results(record.fingerprint);
      await this.#redis.hset(key, attrPathKey(reply.path), await pack(reply));
      await this.#redis.expire(key, record.keepSeconds);
    }
    const id = await this.#redis.xadd(replies, "NOMKSTREAM", "*", "message", entry);
    return id !== null;
  }
}
