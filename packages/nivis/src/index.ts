/**
 * The library `nivis`: evaluating Nix expressions from JavaScript.
 *
 *     import { Evaluation, nodeIo, toPlainData } from "nivis";
 *     const evaluation = new Evaluation({ io: nodeIo() });
 *     toPlainData(evaluation, evaluation.evalText("{ a = 1 + 1; }", { kind: "string" }, "/"));   // { a: 2 }
 *
 * Texts are byte strings: one char is one byte. `encodeUtf8` and `decodeUtf8` convert.
 */
export {
  Attrs,
  Builtin,
  CALL_SITE,
  CallRequest,
  Closure,
  CoerceMode,
  ContextString,
  coerceToString,
  DEFAULT_SETTINGS,
  type DirectoryEntry,
  DummyStore,
  deepForce,
  describePosition,
  ERROR_KINDS,
  type ErrorKind,
  type EvalContext,
  EvalError,
  type EvalIo,
  Evaluation,
  type EvaluationOptions,
  type FileType,
  InternalError,
  IoError,
  isFunction,
  isList,
  isString,
  type LintLevel,
  type MemoryFile,
  type MemoryIoOptions,
  memoryIo,
  NixFloat,
  type NixList,
  NixPath,
  NO_POS,
  PartialBuiltin,
  type PosIdx,
  type Position,
  PositionTable,
  printAmbiguous,
  printForError,
  printPretty,
  type RunObserver,
  renderError,
  renderWarning,
  type SearchPathEntry,
  type Settings,
  type Slot,
  type Store,
  type Suspendable,
  searchPathOf,
  Thunk,
  type Trace,
  type TypeName,
  textOf,
  toJson,
  toXml,
  typeName,
  type Value,
} from "@nivis/eval";
export { decodeUtf8, encodeUtf8 } from "@nivis/formats";
export {
  LocalStore,
  type LocalStoreOptions,
  type NodeIoOptions,
  nodeHashes,
  nodeIo,
} from "@nivis/node";
export {
  type Diagnostic,
  type Expr,
  type Origin,
  type ParseOptions,
  type ParseResult,
  parse,
  printExpr,
  SourceFile,
} from "@nivis/syntax";
export { type PlainData, toPlainData } from "./plain-data.ts";
export { NIX_VERSION, VERSION } from "./version.ts";
