/** `@nivis/node`: evaluation on Node: files, hashes, a store on disk, settings, set-up. */

export { AllocationMeter } from "./allocation-meter.ts";
export { cacheDirectory } from "./cache-directory.ts";
export {
  type CacheContents,
  CacheFolder,
  type RemovalFailure,
  type RemovedContents,
  type TrimLimits,
  trimShard,
} from "./cache-folder.ts";
export { DiskBytecodeCache, DiskOutputCache } from "./disk-entry-cache.ts";
export { errnoCode, errnoMessage } from "./errno.ts";
export {
  BlockingFetcher,
  type BlockingFetcherOptions,
} from "./fetching/evaluation/blocking-fetcher.ts";
export { FetchServer } from "./fetching/evaluation/fetch-server.ts";
export { hashesOf } from "./fetching/evaluation/flake-calls.ts";
export type { FetchStart } from "./fetching/evaluation/requests.ts";
export { SubtreeAccessor, TreeAccessor } from "./fetching/evaluation/tree-accessor.ts";
export { FetchFolder } from "./fetching/fetch-folder.ts";
export {
  type NodeFetchHost,
  type NodeFetchOptions,
  nodeFetchHost,
} from "./fetching/fetch-host.ts";
export {
  type FlakeSettings,
  flakeSettings,
} from "./fetching/fetch-settings.ts";
export { FlakeSession, type FlakeSessionOptions } from "./fetching/flake-session.ts";
export { type HttpOptions, UndiciClient } from "./fetching/http-client.ts";
export { NodeDisk } from "./fetching/node-disk.ts";
export { NodeProgramRunner } from "./fetching/program-runner.ts";
export type { HashStore } from "./fetching/store-hashes.ts";
export {
  heapImageDirectory,
  type OpenHeapImageFile,
  openHeapImageFile,
  openHeapImageFiles,
  type StoredHeapImage,
  writeHeapImage,
} from "./heap-image-file.ts";
export { fromHostPath, hostFlavour, type PathFlavour, toHostPath } from "./host-path.ts";
export { hasChangedSince } from "./inputs/changed-files.ts";
export {
  type CheckRequest,
  type CheckResult,
  checkInputs,
  listChanges,
} from "./inputs/input-check.ts";
export { type Input, InputRecorder } from "./inputs/input-recorder.ts";
export { inputLines } from "./inputs/input-snapshot.ts";
export { CALM, InputWatcher, type WatchOptions } from "./inputs/input-watcher.ts";
export { withoutPaths } from "./inputs/inputs-without.ts";
export { ObservedFetcher } from "./inputs/observed-fetcher.ts";
export {
  type AccessRight,
  decodeInputs,
  encodeInputs,
  type FailedRequest,
  type OtherInputs,
  type RecordedInputs,
} from "./inputs/recorded-inputs.ts";
export { LocalStore, type LocalStoreOptions } from "./local-store.ts";
export { makeDirectories } from "./make-directories.ts";
export { nodeHashes } from "./node-hashes.ts";
export { type NodeIoOptions, nodeIo } from "./node-io.ts";
export { openEvaluationStore, type StoreRequest } from "./open-evaluation-store.ts";
export { readPrivateFile, writePrivateFile } from "./private-file.ts";
export { ProcessMeter } from "./process-meter.ts";
export {
  type EvaluationRequest,
  openEvaluation,
  openWorld,
  type WorldRequest,
} from "./session.ts";
export { clientOptionsOf, processConfiguration } from "./settings/client-options.ts";
export { fetchSettingTexts, type SettingTexts } from "./settings/fetch-setting-texts.ts";
export { configurationLines, nixPathEntries, readSettings } from "./settings/read-settings.ts";
export {
  applySetting,
  defaultSettings,
  evaluationSettings,
  type GatheredSettings,
  SETTINGS,
  type SettingFlag,
  settingFlag,
  settingFlags,
  type Warn,
  warnUnknownSettings,
} from "./settings/setting-table.ts";
export { parseNumberWithUnit } from "./settings/setting-type.ts";
export {
  applyStoreSetting,
  loadStoreSettings,
  STORE_SETTING_NAMES,
  type StoreSettings,
} from "./settings/store-settings.ts";
export {
  type DaemonListener,
  listenOnSocket,
  serveOnStandardStreams,
} from "./stores/daemon-listener.ts";
export { DiskNarInfoMemory, type NarInfoLifetimes } from "./stores/disk-narinfo-memory.ts";
export {
  DuplexTransport,
  processConnector,
  unixConnector,
} from "./stores/duplex-transport.ts";
export { BlockingStore, type BlockingStoreOptions } from "./stores/evaluation/blocking-store.ts";
export { type AnsweringStore, EvaluationStore } from "./stores/evaluation/evaluation-store.ts";
export { fileCache } from "./stores/file-cache.ts";
export { type HttpCacheOptions, httpCache } from "./stores/http-cache.ts";
export { nodeFileSystem } from "./stores/node-file-system.ts";
export { nodeStoreHost } from "./stores/node-store-host.ts";
export { type OpenStoreOptions, openStore, readSecretKey } from "./stores/open-store.ts";
export {
  type BuildLogFormat,
  BuildLogger,
  type BuildLogOptions,
  type BuildLogOutput,
} from "./stores/progress/build-logger.ts";
export { standardError } from "./stores/progress/standard-error.ts";
export { programOnPath } from "./stores/readable.ts";
export { makeRoot } from "./stores/root-link.ts";
export { isTerminal } from "./terminal-check.ts";
export { usageError } from "./usage-error.ts";
