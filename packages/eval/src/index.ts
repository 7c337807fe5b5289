/** The public names of `@nivis/eval`. */

export type { LintLevel } from "@nivis/syntax";
export { callFlake } from "./builtins/call-flake.ts";
export type { BuiltinConstant, BuiltinDefinition } from "./builtins/definition.ts";
export { args, plain, strict, suspending } from "./builtins/definition.ts";
export { allBuiltins, allConstants, globalName } from "./builtins/registry.ts";
export {
  disassemble,
  instructionName,
  instructionsOf,
  type ListedInstruction,
} from "./bytecode/disassemble.ts";
export { Lambda, LambdaKind } from "./bytecode/lambda.ts";
export { OPCODES, Op } from "./bytecode/opcode.ts";
export type { BytecodeCache } from "./cache/bytecode-cache.ts";
export { memoryBytecodeCache } from "./cache/bytecode-cache.ts";
export {
  type CodeRegion,
  type DebugHooks,
  emitWithRegions,
} from "./compiler/debug-emitter.ts";
export type { Resolution } from "./compiler/resolve.ts";
export type { Scope, Unit } from "./compiler/scope.ts";
export { outlineText, type TextOutline, type UnitOutline } from "./compiler/unit-outlines.ts";
export type { EvalContext, SearchPathEntry } from "./context.ts";
export type { Origins, Revision } from "./dependencies/dependencies.ts";
export type {
  ExplainSettings,
  Explanation,
  Label,
  SourceSpan,
  TraceStep,
} from "./diagnostics/explanation.ts";
export { explainError, explainErrors } from "./diagnostics/explanation.ts";
export type { Hint } from "./diagnostics/hints.ts";
export { renderJson } from "./diagnostics/render-json.ts";
export type { RichOptions } from "./diagnostics/render-rich.ts";
export { renderRich } from "./diagnostics/render-rich.ts";
export {
  attributeDocumentation,
  type BuiltinDocumentation,
  documentationOf,
  type FunctionDocumentation,
  stripIndentation,
} from "./documentation.ts";
export { EvalError, InternalError, Trace } from "./errors/eval-error.ts";
export { evalErrorOf, evalErrorWithPlaces, withTrace } from "./errors/from-world.ts";
export type { ErrorKind } from "./errors/kinds.ts";
export { ERROR_KINDS, isPassingKind } from "./errors/kinds.ts";
export {
  plainWarning,
  renderEvaluationWarning,
  renderLogMessage,
} from "./errors/log-message.ts";
export { describePosition } from "./errors/position-text.ts";
export { type RenderOptions, renderError, renderWarning } from "./errors/render.ts";
export { bestMatches, bestMatchesOf } from "./errors/suggestions.ts";
export { columnsOf, forTerminal } from "./errors/terminal.ts";
export { tooDeep } from "./errors/too-deep.ts";
export type { EvaluationOptions, TextOptions } from "./evaluation.ts";
export { Evaluation } from "./evaluation.ts";
export { disabledFeature } from "./experimental-features.ts";
export type {
  EvaluationFetcher,
  EventualFetcher,
  FetchedTree,
  RegistryHit,
  RegistryUse,
} from "./fetching/fetcher.ts";
export { DeferredFetcher, inputKey, PromisedFetcher } from "./fetching/fetcher.ts";
export type {
  FlakeCall,
  FlakeCallTree,
  FlakeLockOptions,
  FlakePlace,
} from "./fetching/flake-call.ts";
export { copyMount, copyMounts, type Mount, MountedIo, mountedPathsIn } from "./fetching/mounts.ts";
export {
  fetchProgram,
  findInSearchPath,
  isPseudoUrl,
  searchPathOf,
  splitNixPath,
} from "./fetching/search-path.ts";
export {
  fetcherOf,
  fetchInput,
  type MountedTree,
  mountTree,
  type TreeAttrsOptions,
  treeAttrs,
  treePath,
} from "./fetching/tree-value.ts";
export { ForwardingIo } from "./forwarding-io.ts";
export { isNixObject } from "./handed-out.ts";
export type {
  HeapImage,
  HeapImageOptions,
  HeapImageParts,
  HeapImageSummary,
} from "./image/heap-image.ts";
export { openHeapImage, summarizeHeapImage } from "./image/heap-image.ts";
export type {
  DetailMessage,
  DirectoryEntry,
  EvalIo,
  FileLook,
  FileType,
  LogMessage,
  LogSeverity,
  MemoryGauge,
  OpenListing,
  WarningReport,
} from "./io.ts";
export { IoError, overrideIo } from "./io.ts";
export { isAllowedUri } from "./limits/allowed-uris.ts";
export { MemoryAccessor, type MemoryTreeFile, type PathDisplay } from "./memory-accessor.ts";
export type { MemoryFile, MemoryIoOptions } from "./memory-io.ts";
export { memoryIo } from "./memory-io.ts";
export {
  type CalledSlot,
  type PlacedSlot,
  parseAttrPath,
  select,
  selectCalled,
  selectPlaced,
} from "./operations/attr-path.ts";
export { autoCall } from "./operations/auto-call.ts";
export { isCallable } from "./operations/checks.ts";
export { CoerceMode, coerceToPath, coerceToString } from "./operations/coerce.ts";
export { deepForce } from "./operations/deep-force.ts";
export { equal } from "./operations/equality.ts";
export { isDerivation } from "./operations/is-derivation.ts";
export { CycleFinder, checkNesting } from "./operations/nesting.ts";
export { coerceToStorePath, type PrettyOptions, printPretty } from "./operations/print-pretty.ts";
export { singleDerivedPath } from "./operations/single-derived-path.ts";
export { toJson } from "./operations/to-json.ts";
export { toXml } from "./operations/to-xml.ts";
export { joinPath, leadsSomewhere } from "./path.ts";
export { accessorOf } from "./path-value.ts";
export type { PosIdx, Position } from "./position.ts";
export { CALL_SITE, NO_POS, NO_TRACE_POS, PositionTable, positionIn } from "./position.ts";
export { printAmbiguous, printForError, valueInError } from "./print/print.ts";
export { knownValue, type PrintStyle } from "./print/value-printer.ts";
export type { AllocationGauge } from "./profiling/allocation-sampler.ts";
export {
  type CalledThing,
  type CallListener,
  CallTracker,
  type TrackedCall,
} from "./profiling/call-tracker.ts";
export { FlameGraph, type FlameGraphOptions } from "./profiling/flame-graph.ts";
export { FunctionTrace, type FunctionTraceOptions } from "./profiling/function-trace.ts";
export { LandmarkPath, LandmarkTracker } from "./profiling/landmark-tracker.ts";
export { Landmark } from "./profiling/landmarks.ts";
export {
  contextTextOf,
  derivationNameOf,
  type SampledFrame,
  SampledStack,
  type SampleTime,
  TimeSampler,
  type TimeSamplerOptions,
} from "./profiling/time-sampler.ts";
export type { EvaluatedFile } from "./programs/program-files.ts";
export type { Program } from "./programs/read-program.ts";
export { compileRegex, type Regex } from "./regex/regex.ts";
export { RegexError } from "./regex/regex-error.ts";
export type { Settings, SettingsInput } from "./settings.ts";
export { DEFAULT_SETTINGS } from "./settings.ts";
export type { Fingerprint, SourceAccessor } from "./source-accessor.ts";
export { CountingObserver } from "./statistics/counting-observer.ts";
export { type ProcessStatistics, renderStatistics, statisticsReport } from "./statistics/report.ts";
export { DummyStore } from "./store/dummy-store.ts";
export { narSourceOf, type SourceTree } from "./store/source-tree.ts";
export type {
  ClosureCopy,
  ClosureRequest,
  Store,
  StoreCapabilities,
  StoreFiles,
  WantedOutput,
} from "./store/store.ts";
export type { TierCounters, TierMode } from "./tier/tier.ts";
export { Attrs } from "./value/attrs.ts";
export {
  type ContextElement,
  contextOf,
  decodeContextElement,
  encodeContextElement,
} from "./value/context.ts";
export { type AskedNames, OpenNames } from "./value/open-names.ts";
export { inSymbolOrder } from "./value/symbol-order.ts";
export { isSuspendedCall, nativeThunk, Thunk } from "./value/thunk.ts";
export type { NixList, Slot, TypeName, Value } from "./value/value.ts";
export {
  Builtin,
  Closure,
  ContextString,
  isFunction,
  isList,
  isString,
  NixFloat,
  NixPath,
  PartialBuiltin,
  textOf,
  typeName,
  typeWithArticle,
} from "./value/value.ts";
export type { AsyncOptions, RunProgress } from "./vm/async-run.ts";
export type { Machine } from "./vm/machine.ts";
export { bothObservers, type RunObserver } from "./vm/observer.ts";
export { attempt, isPromise, now, Pending, Stop, type StopPlace } from "./vm/pending.ts";
export type { Suspendable } from "./vm/requests.ts";
export { CallRequest, force } from "./vm/requests.ts";
export {
  builtinOf,
  isInside,
  type StackFrame,
  stackFrames,
  type ThunkReport,
  thunkState,
  upvalueOf,
} from "./vm/stack-frames.ts";
export type { StackSampler } from "./vm/stack-sampler.ts";
export { Interruption, type StopSignal } from "./vm/stop-signal.ts";
export { Environment } from "./vm/with-scope.ts";
export { type EventualFiles, WaitingIo } from "./waiting-io.ts";
export { warmUp } from "./warm-up/warm-up.ts";
