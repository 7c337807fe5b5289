/**
 * The library `nivis` in Node, Deno and Bun: evaluating Nix from JavaScript.
 *
 *     import { evaluate } from "nivis";
 *     evaluate("{ a = 1 + 1; }");   // { a: 2 }
 *
 * docs/library.md describes it. Texts are ordinary JavaScript strings.
 */
import { type FrontDoor, frontDoor } from "@nivis/embed";
import { nodeHost } from "./library/node-host.ts";

export {
  type DataOptions,
  type ErrorKind,
  type Evaluate,
  type EvaluateAsync,
  type EvaluateAsyncOptions,
  type EvaluateOptions,
  type Eventual,
  type FileType,
  type FileUrl,
  type FrontDoor,
  HostFunction,
  type HostFunctionOptions,
  hostFunction,
  IoError,
  type Limits,
  Nix,
  NixError,
  type NixErrorData,
  type NixErrorDocument,
  type NixFile,
  type NixFiles,
  NixFloat,
  type NixFunction,
  type NixFunctionInfo,
  type NixHint,
  type NixHost,
  type NixInput,
  type NixJob,
  type NixLabel,
  type NixLogMessage,
  type NixOptions,
  NixPath,
  type NixPlace,
  type NixPosition,
  NixSchemaError,
  type NixSchemaIssue,
  NixSource,
  type NixSpan,
  NixText,
  NixThrow,
  type NixTrace,
  NixValue,
  nix,
  type OneAsyncOptions,
  type OneOptions,
  type OpenOptions,
  type PlainData,
  type PlainOptions,
  type PrintOptions,
  RawNix,
  type RunProgress,
  rawNix,
  type SchemaIssue,
  type SchemaOutput,
  type SchemaResult,
  type StandardSchema,
  type StopSignal,
  type TextContext,
  type TypeName,
  type WaitOptions,
  type WorldHost,
  type WorldOptions,
} from "@nivis/embed";
export { NIX_VERSION, VERSION } from "./version.ts";

const door: FrontDoor = /* @__PURE__ */ frontDoor(/* @__PURE__ */ nodeHost());

/** Opens a session. */
export const createNix: FrontDoor["createNix"] = door.createNix;
/** Evaluates a text deeply and returns its value as data. */
export const evaluate: FrontDoor["evaluate"] = door.evaluate;
/** {@link evaluate} where the world may have to be waited for. */
export const evaluateAsync: FrontDoor["evaluateAsync"] = door.evaluateAsync;
/** Evaluates a file, or the `default.nix` of a directory, deeply and returns its value as data. */
export const evaluateFile: FrontDoor["evaluateFile"] = door.evaluateFile;
/** {@link evaluateFile} where the world may have to be waited for. */
export const evaluateFileAsync: FrontDoor["evaluateFileAsync"] = door.evaluateFileAsync;
/** Evaluates an attribute of a flake deeply and returns its value as data. */
export const evaluateFlake: FrontDoor["evaluateFlake"] = door.evaluateFlake;
/** {@link evaluateFlake} where the world may have to be waited for. */
export const evaluateFlakeAsync: FrontDoor["evaluateFlakeAsync"] = door.evaluateFlakeAsync;
