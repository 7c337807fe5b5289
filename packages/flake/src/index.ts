/** The public names of `@nivis/flake`. */
export { type CallTree, type FlakeCall, flakeCall } from "./call-flake.ts";
export {
  type ComputedLocks,
  computeLocks,
  type LockRequest,
  type NodePlace,
  readLockFileAt,
} from "./compute-locks.ts";
export {
  type CachedInput,
  checkNarHash,
  type FetchedInput,
  type Flake,
  type FlakeTree,
  type FlakeWorld,
  followLinks,
  getFlake,
  InputCache,
  type InputFetcher,
  joinTreePath,
  readFlakeAt,
  withLazyAttrs,
} from "./flake.ts";
export {
  type FlakeFile,
  type FlakeInput,
  type FlakeInputs,
  type FlakeSetting,
  type FlakeSource,
  type ReadFlakeOptions,
  readFlakeFile,
} from "./flake-file.ts";
export {
  compareInputPaths,
  formatInputPath,
  type InputPath,
  parseInputPath,
} from "./input-path.ts";
export {
  formatJsonTree,
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonTree,
  readJsonTree,
} from "./json-tree.ts";
export {
  diffLockFiles,
  formatLockChanges,
  type LockChange,
  lockChanges,
  utcTime,
} from "./lock-diff.ts";
export {
  isLockedNode,
  type LockEdge,
  LockedNode,
  LockFile,
  LockNode,
  type ReadLockOptions,
} from "./lock-file.ts";
export {
  type LockedFlake,
  type LockFlags,
  type LockWriter,
  lockFlake,
  lockGivenFlake,
  updateInputs,
} from "./lock-flake.ts";
export {
  type FingerprintOptions,
  type FlakeMetadata,
  flakeFingerprint,
  flakeMetadata,
  formatMetadata,
  formatMetadataJson,
  type MetadataOptions,
  type MetadataStyle,
} from "./metadata.ts";
export {
  type FlakeDisk,
  type PathRefOptions,
  parseTypedFlakeRef,
  parseTypedFlakeRefWithFragment,
} from "./path-reference.ts";
export {
  lookUpInput,
  Registry,
  type RegistryEntry,
  type RegistryKind,
  type RegistrySource,
  type ResolvedInput,
  registryLines,
  type UseRegistries,
} from "./registry.ts";
