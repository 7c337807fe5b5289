/**
 * QueueWorkforce: lets the workers at a Redis server evaluate a sweep. It cuts what is left to do into
 * chunks of neighbours, puts a bounded number of them into the queue, and delivers replies as they come.
 *
 * Delivery is at least once: a chunk whose worker is lost is given to another one by BullMQ, and a chunk
 * that is gone without its replies is put in again, path by path. The sweep drops replies that it has.
 */
import { randomUUID } from "node:crypto";
import {
  type AttrPath,
  attrPathKey,
  type JobReply,
  joinAttrPath,
  type PathSource,
} from "@nivis/jobs";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { connect, openRedis } from "./redis-connection.ts";
import {
  type ChunkData,
  fingerprintOf,
  KEY_PREFIX,
  pack,
  QUEUE_NAME,
  type RunRecord,
  redisKeys,
  type SweepRequest,
  unpack,
  type WorkerMessage,
} from "./sweep-request.ts";

/** What the coordinator is given. */
export interface QueueWorkforceOptions {
  readonly url: string;
  readonly request: SweepRequest;
  /** How long results are kept for later runs of the same request, in seconds; 0 for not at all. */
  readonly keepSeconds: number;
  /** Whether a result of an earlier run can still be used. */
  readonly isUsable: (reply: JobReply) => boolean;
  /** Shows lines for the user; byte strings. */
  readonly show: (lines: readonly string[]) => void;
  readonly warn: (message: string) => void;
  /** Makes the error for a root that cannot be evaluated. */
  readonly rootFailure: (failure: Extract<WorkerMessage, { kind: "root-failure" }>) => unknown;
}

/** The most paths in a chunk. */
const MAX_CHUNK = 64;
/** The chunks that each worker can have waiting. */
const CHUNKS_PER_WORKER = 4;
/** The time between two looks at lost chunks and at the number of workers, in milliseconds. */
const CHECK_INTERVAL = 2000;
/** How long to wait for replies at once, in milliseconds. */
const BLOCK = 250;
/** The seconds after which workers take a silent coordinator for gone. */
const RUN_EXPIRY = 120;
/** How often a path is tried before it is reported as lost. */
const MAX_TRIES = 3;
/** How long to wait for a first worker before saying so, in milliseconds. */
const PATIENCE = 5000;

/** A chunk in the queue. */
interface Chunk {
  readonly id: string;
  readonly paths: Map<string, AttrPath>;
  /** Whether it was found to be gone from the queue; its last replies may still come. */
  isGone: boolean;
}

/** See the head of this file. */
export class QueueWorkforce {
  readonly #source: PathSource;
  readonly #options: QueueWorkforceOptions;
  readonly #run = randomUUID();
  readonly #fingerprint: string;
  readonly #redis: Redis;
  /** Blocks while it waits for replies. */
  readonly #reader: Redis;
  readonly #chunks = new Map<string, Chunk>();
  readonly #chunkOf = new Map<string, Chunk>();
  readonly #tries = new Map<string, number>();
  readonly #refusals = new Map<string, string>();
  #queue: Queue<ChunkData> | undefined;
  #workers = 0;
  #lastEntry = "0-0";
  #isCancelled = false;
  #chunkCount = 0;

  constructor(source: PathSource, options: QueueWorkforceOptions) {
    this.#source = source;
    this.#options = options;
    this.#fingerprint = fingerprintOf(options.request);
    this.#redis = openRedis(options.url);
    this.#reader = openRedis(options.url);
  }

  /** Evaluates until nothing is left. Throws what `rootFailure` makes, and a `QueueError`. */
  async run(): Promise<void> {
    const { warn } = this.#options;
    await connect(this.#redis, warn);
    try {
      await connect(this.#reader, () => {});
      this.#queue = new Queue<ChunkData>(QUEUE_NAME, {
        connection: this.#redis,
        prefix: KEY_PREFIX,
      });
      // Losses of the connection are mended; without a listener they would end the process.
      this.#queue.on("error", () => {});
      await this.#begin();
      await this.#loop();
    } finally {
      await this.#end();
    }
  }

  /** Stops; `run` then returns. */
  cancel(): void {
    this.#isCancelled = true;
  }

  get #isOver(): boolean {
    return this.#isCancelled || this.#source.schedule.open === 0;
  }

  async #begin(): Promise<void> {
    const { request, keepSeconds } = this.#options;
    const record: RunRecord = { request, fingerprint: this.#fingerprint, keepSeconds };
    await this.#redis.set(redisKeys.run(this.#run), await pack(record), "EX", RUN_EXPIRY);
    // Workers add to the stream only while it exists.
    const replies = redisKeys.replies(this.#run);
    const first = await this.#redis.xadd(replies, "*", "begin", "");
    await this.#redis.xdel(replies, first as string);
  }

  async #loop(): Promise<void> {
    const lane = this.#source.schedule.openLane();
    let lastCheck = 0;
    const started = performance.now();
    let hasComplained = false;
    while (!this.#isOver) {
      const now = performance.now();
      if (now - lastCheck > CHECK_INTERVAL) {
        lastCheck = now;
        await this.#check();
        if (this.#workers === 0 && !hasComplained && now - started > PATIENCE) {
          hasComplained = true;
          this.#options.warn(
            `no worker is connected yet; start some with: nivis worker --queue ${this.#options.url}`,
          );
        }
      }
      await this.#feed(lane);
      if (!this.#isOver) await this.#receive();
    }
  }

  /** Puts chunks into the queue, up to a bound. */
  async #feed(lane: ReturnType<PathSource["schedule"]["openLane"]>): Promise<void> {
    const { schedule } = this.#source;
    const workers = Math.max(1, this.#workers);
    while (this.#chunks.size < workers * CHUNKS_PER_WORKER) {
      // Small chunks at the end keep all workers busy.
      const share = Math.ceil(schedule.todo / (workers * CHUNKS_PER_WORKER));
      const paths: AttrPath[] = [];
      while (paths.length < Math.min(MAX_CHUNK, Math.max(1, share))) {
        const path = schedule.take(lane);
        if (path === undefined) break;
        paths.push(path);
      }
      if (paths.length === 0) return;
      const { unknown, stale } = await this.#useKept(paths);
      await this.#add(unknown, false);
      await this.#add(stale, true);
    }
  }

  /** Delivers what earlier runs found out. */
  async #useKept(paths: readonly AttrPath[]) {
    const unknown: AttrPath[] = [];
    const stale: AttrPath[] = [];
    const kept =
      this.#options.keepSeconds === 0
        ? []
        : await this.#redis.hmgetBuffer(
            redisKeys.results(this.#fingerprint),
            ...paths.map(attrPathKey),
          );
    for (const [i, path] of paths.entries()) {
      const packed = kept[i];
      if (packed === undefined || packed === null) unknown.push(path);
      else {
        const reply = await unpack<JobReply>(packed);
        if (this.#options.isUsable(reply)) this.#source.deliver(reply);
        else stale.push(path);
      }
    }
    return { unknown, stale };
  }

  async #add(paths: readonly AttrPath[], isFresh: boolean): Promise<void> {
    if (paths.length === 0) return;
    const id = `${this.#run}-${this.#chunkCount++}`;
    const chunk: Chunk = {
      id,
      paths: new Map(paths.map((path) => [attrPathKey(path), path])),
      isGone: false,
    };
    this.#chunks.set(id, chunk);
    for (const key of chunk.paths.keys()) this.#chunkOf.set(key, chunk);
    await this.#queue?.add(
      "chunk",
      { run: this.#run, paths, isFresh },
      {
        jobId: id,
        attempts: 3,
        backoff: { type: "fixed", delay: 500 },
        removeOnComplete: true,
        removeOnFail: true,
      },
    );
  }

  /** Waits for replies, a short time. */
  async #receive(): Promise<void> {
    const replies = redisKeys.replies(this.#run);
    const read = await this.#reader.xreadBuffer(
      ...(["COUNT", 200, "BLOCK", BLOCK, "STREAMS", replies, this.#lastEntry] as const),
    );
    const entries = read?.[0]?.[1] ?? [];
    const done: string[] = [];
    for (const [id, [, packed]] of entries) {
      this.#lastEntry = id.toString("latin1");
      done.push(this.#lastEntry);
      if (packed !== undefined) this.#take(await unpack<WorkerMessage>(packed));
    }
    if (done.length > 0) await this.#redis.xdel(replies, ...done);
  }

  #take(message: WorkerMessage): void {
    switch (message.kind) {
      case "reply": {
        const { reply, log } = message;
        const key = attrPathKey(reply.path);
        // A chunk that was evaluated twice says everything twice.
        if (this.#chunkOf.has(key)) this.#options.show(log);
        this.#source.deliver(reply);
        this.#settle(key);
        return;
      }
      case "root-failure":
        throw this.#options.rootFailure(message);
      case "refusal": {
        const { worker, reason } = message;
        if (this.#refusals.get(worker) !== reason) {
          this.#options.warn(`the worker ${worker} refuses to evaluate: ${reason}`);
        }
        this.#refusals.set(worker, reason);
      }
    }
  }

  #settle(key: string): void {
    const chunk = this.#chunkOf.get(key);
    if (chunk === undefined) return;
    this.#chunkOf.delete(key);
    chunk.paths.delete(key);
    if (chunk.paths.size === 0) this.#chunks.delete(chunk.id);
  }

  /** Finds chunks that are gone from the queue without their replies. */
  async #check(): Promise<void> {
    const queue = this.#queue as Queue<ChunkData>;
    await this.#redis.expire(redisKeys.run(this.#run), RUN_EXPIRY);
    this.#workers = await queue.getWorkersCount();
    for (const chunk of [...this.#chunks.values()]) {
      const state = await queue.getJobState(chunk.id);
      const isThere = state !== "unknown" && state !== "completed" && state !== "failed";
      // Replies precede the end of a chunk, so they are in the stream by the next look.
      if (isThere) chunk.isGone = false;
      else if (!chunk.isGone) chunk.isGone = true;
      else await this.#retry(chunk);
    }
  }

  async #retry(chunk: Chunk): Promise<void> {
    this.#chunks.delete(chunk.id);
    for (const [key, path] of chunk.paths) {
      this.#chunkOf.delete(key);
      const tries = (this.#tries.get(key) ?? 1) + 1;
      this.#tries.set(key, tries);
      if (tries <= MAX_TRIES) await this.#add([path], true);
      else this.#source.deliver(this.#lost(path));
    }
  }

  #lost(path: AttrPath): JobReply {
    const [refusal] = this.#refusals.values();
    const reason = refusal === undefined ? "its workers were lost" : `workers refused: ${refusal}`;
    const message = `error: while reading result for attrPath '${joinAttrPath(path)}', no worker evaluated it in ${MAX_TRIES} attempts: ${reason}`;
    this.#options.show([message]);
    return { kind: "error", path, message, incomplete: true };
  }

  /** Takes back what waits, so that no worker does it in vain. */
  async #end(): Promise<void> {
    try {
      if (this.#queue !== undefined) {
        await this.#redis.del(redisKeys.run(this.#run), redisKeys.replies(this.#run));
        for (const id of this.#chunks.keys()) await this.#queue.remove(id);
        await this.#queue.close();
      }
    } catch {
      // What is left expires.
    }
    this.#redis.disconnect();
    this.#reader.disconnect();
  }
}
