/** `@nivis/queue`: the attributes of `nivis jobs`, spread over several machines. */
export {
  type ChunkEvaluator,
  type QueueWorkerOptions,
  RootProblem,
  runQueueWorker,
} from "./queue-worker.ts";
export { QueueWorkforce, type QueueWorkforceOptions } from "./queue-workforce.ts";
export { QueueError } from "./redis-connection.ts";
export type { SourceTreeClaim, SweepRequest } from "./sweep-request.ts";
