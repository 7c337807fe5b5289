/** `@nivis/jobs`: the bookkeeping of a sweep over the attributes of an expression. */
export { type AttrPath, attrPathKey, compareAttrPaths, joinAttrPath } from "./attr-path.ts";
export {
  type Aggregate,
  type AggregateMessage,
  brokenMessage,
  cycleMessage,
  type KnownJob,
  type ResolvedAggregates,
  resolveAggregates,
  SKIPPED_MESSAGE,
} from "./constituents.ts";
export { namePattern } from "./name-pattern.ts";
export {
  type AggregateWish,
  errorFields,
  formatLine,
  type JobReply,
  jsonText,
  type LineFields,
} from "./reply.ts";
export { type Lane, Schedule } from "./schedule.ts";
export { type HeldJob, type PathSource, Sweep, type SweepOptions } from "./sweep.ts";
