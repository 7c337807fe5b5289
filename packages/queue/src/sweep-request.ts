/**
 * The data that coordinator and workers share through Redis: what to evaluate, chunks of paths, and what
 * became of them. Everything is JSON; texts are byte strings unless they say otherwise.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { deflateRaw, inflateRaw } from "node:zlib";
import type { AttrPath, JobReply } from "@nivis/jobs";

/** What a sweep evaluates. Equal requests have equal results on every machine. */
export interface SweepRequest {
  /** The version of Nivis; workers of another version refuse the request. */
  readonly version: string;
  /** The command line of `nivis jobs` without what concerns only the coordinator; texts. */
  readonly args: readonly string[];
  /** The directory that paths of the command line start from; a text. */
  readonly directory: string;
  /** The environment variable `NIX_PATH`; a text. */
  readonly nixPath: string;
  /** All of standard input, if the command line reads it. */
  readonly input: string;
  /** The milliseconds that one attribute may take. */
  readonly maxTime: number | undefined;
  /** The sources, which each worker checks before it begins; none if the request names no files. */
  readonly tree: SourceTreeClaim | undefined;
}

/** What the machines must have in common. */
export type SourceTreeClaim =
  /** A store path, which cannot change. */
  | { readonly kind: "store-path"; readonly path: string }
  /** A directory and the hash of its NAR, such as `sha256-…`. */
  | { readonly kind: "directory"; readonly path: string; readonly narHash: string };

/** A sweep that is under way, as workers find it by the id of the run. */
export interface RunRecord {
  readonly request: SweepRequest;
  readonly fingerprint: string;
  /** How long results are kept for other runs, in seconds; 0 for not at all. */
  readonly keepSeconds: number;
}

/** The data of a BullMQ job. */
export interface ChunkData {
  readonly run: string;
  readonly paths: readonly AttrPath[];
  /** Whether kept results are not good enough. */
  readonly isFresh: boolean;
}

/** What workers tell the coordinator. */
export type WorkerMessage =
  | { readonly kind: "reply"; readonly reply: JobReply; readonly log: readonly string[] }
  /** The root cannot be evaluated, so nothing can. */
  | {
      readonly kind: "root-failure";
      readonly message: string;
      readonly shown: string;
      readonly isUsage: boolean;
    }
  /** This worker cannot do it, but others may. */
  | { readonly kind: "refusal"; readonly worker: string; readonly reason: string };

/** The name of the queue, and the prefix of all keys. */
export const QUEUE_NAME = "jobs";
export const KEY_PREFIX = "nivis";

/** The keys in Redis. */
export const redisKeys = {
  /** A {@link RunRecord}; it expires unless the coordinator renews it. */
  run: (run: string): string => `${KEY_PREFIX}:run:${run}`,
  /** A stream of {@link WorkerMessage}s. */
  replies: (run: string): string => `${KEY_PREFIX}:replies:${run}`,
  /** A hash of results by path, for all runs with this fingerprint. */
  results: (fingerprint: string): string => `${KEY_PREFIX}:results:${fingerprint}`,
};

/** A text that is equal for equal requests. */
export function fingerprintOf(request: SweepRequest): string {
  return createHash("sha256").update(JSON.stringify(request)).digest("hex");
}

/** Data in the form in which it lies in Redis. */
export async function pack(data: unknown): Promise<Buffer> {
  return promisify(deflateRaw)(Buffer.from(JSON.stringify(data), "utf8"));
}

/** The reverse of {@link pack}. */
export async function unpack<Data>(packed: Buffer): Promise<Data> {
  return JSON.parse((await promisify(inflateRaw)(packed)).toString("utf8")) as Data;
}
