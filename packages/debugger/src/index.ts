/** The public names of `@nivis/debugger`. */
export { bindingNames } from "./binding-names.ts";
export {
  Breakpoint,
  type BreakpointOptions,
  type BreakpointPlace,
  BreakpointTable,
  parseHitCondition,
  placesOfFile,
  placesOfLine,
  whyNowhere,
} from "./breakpoints.ts";
export { CodeMap, type CodePlace, LoadedFile, UnitCode } from "./code-map.ts";
export { CAPABILITIES, EXCEPTION_FILTERS } from "./dap/capabilities.ts";
export { DapSession } from "./dap/dap-session.ts";
export type { DapHost, DebuggedProgram, LaunchArguments } from "./dap/host.ts";
export { encodeMessage, MessageReader, RubbishError } from "./dap/messages.ts";
export { RunningProgram } from "./dap/running-program.ts";
export {
  compareDerivations,
  type DerivationDifference,
  type DifferenceOptions,
  firstReason,
  hasOwnDifferences,
  reasonsIn,
  type TextChange,
} from "./difference/derivation-difference.ts";
export {
  Debugger,
  type DebuggerOptions,
  type Resume,
  type StopEvent,
  type StopFilters,
  type StopReason,
} from "./engine.ts";
export {
  DebugFrame,
  levelsOf,
  namesIn,
  namespacesIn,
  type ScopeLevel,
  type SourceRange,
} from "./frames.ts";
export {
  CodeIndex,
  type CodeUnit,
  type UnitDescription,
  type UnitInstruction,
} from "./heap/code-index.ts";
export { explorerPage } from "./heap/explorer-page.ts";
export { rootsOfFrames } from "./heap/frame-roots.ts";
export {
  type ExplorerOptions,
  type FileRow,
  HeapExplorer,
  MAX_ROWS,
  NoSuchThing,
  type ObjectDescription,
  type ObjectFilter,
  type ObjectRow,
  type Overview,
  type Page,
  type PageRequest,
  type ReferenceRow,
  type UnitRow,
} from "./heap/heap-explorer.ts";
export { OBJECT_KINDS, type ObjectKind } from "./heap/heap-objects.ts";
export { type HeapRoot, HeapSnapshot } from "./heap/heap-snapshot.ts";
export {
  forcedSet,
  type NixFrame,
  nixFrames,
  renderEnvironment,
  renderFrameNumber,
  renderNixFrame,
} from "./nix-frames.ts";
export { countKey, countsByFile, type EntryCount, EntryCounter } from "./profile/entry-counter.ts";
export {
  type FoldedMeasure,
  foldedStacks,
  frameLabel,
  speedscopeFile,
  traceEvents,
} from "./profile/exports.ts";
export { type FlamePageOptions, flamePage } from "./profile/flame-page.ts";
export { pprofFile } from "./profile/pprof.ts";
export {
  type FrameKind,
  type Measures,
  type Profile,
  type ProfileFrame,
  type ProfileNode,
  type ProfileSample,
  profileOf,
} from "./profile/profile.ts";
export {
  framePlace,
  GROUPINGS,
  type Grouping,
  type RankingOrder,
  type RankingRow,
  rank,
} from "./profile/ranking.ts";
export { type ShownSlot, showSlot } from "./values.ts";
