/** The public names of `@nivis/embed`: Nix in JavaScript, on any platform. */

export {
  type ErrorKind,
  type FileType,
  IoError,
  NixFloat,
  type RunProgress,
  type StopSignal,
  type TypeName,
} from "@nivis/eval";
export {
  type FileUrl,
  type NixFunction,
  type NixInput,
  NixPath,
  NixText,
  type PlainData,
  type PlainOptions,
  type TextContext,
} from "./data.ts";
export type { Limits } from "./engine.ts";
export type {
  Eventual,
  NixFile,
  NixFiles,
  NixLogMessage,
  WorldHost,
  WorldOptions,
} from "./files.ts";
export {
  type Evaluate,
  type EvaluateAsync,
  type FrontDoor,
  frontDoor,
  type OneAsyncOptions,
  type OneOptions,
} from "./front-door.ts";
export type { NixFunctionInfo } from "./function-info.ts";
export {
  HostFunction,
  type HostFunctionOptions,
  hostFunction,
  NixThrow,
} from "./host-function.ts";
export type { NixJob } from "./jobs.ts";
export {
  type EvaluateAsyncOptions,
  type EvaluateOptions,
  handleOf,
  Nix,
  type NixHost,
  type NixOptions,
  type OpenOptions,
} from "./nix.ts";
export {
  NixError,
  type NixErrorData,
  type NixErrorDocument,
  type NixHint,
  type NixLabel,
  type NixPlace,
  type NixPosition,
  type NixSpan,
  type NixTrace,
} from "./nix-error.ts";
export { type DataOptions, NixValue, type PrintOptions, type WaitOptions } from "./nix-value.ts";
export {
  NixSchemaError,
  type NixSchemaIssue,
  type SchemaIssue,
  type SchemaOutput,
  type SchemaResult,
  type StandardSchema,
} from "./schema.ts";
export { NixSource, nix, RawNix, rawNix } from "./template.ts";
export { decodeData, encodeData } from "./worker/data-codec.ts";
export type { WorkerPort } from "./worker/messages.ts";
export {
  NixWorker,
  type WorkerEvaluateOptions,
  type WorkerThread,
} from "./worker/worker-client.ts";
export { serveNix } from "./worker/worker-server.ts";
