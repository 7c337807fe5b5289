/** `@nivis/store`: what evaluation, builds and commands ask of Nix stores, on any platform. */
export { checkSignature, hashMismatch, verifiedNar } from "./admission.ts";
export { buildExitCode } from "./build-exit-code.ts";
export {
  type BinaryCacheOptions,
  BinaryCacheStore,
  type CachedPathInfo,
  pathInfoOf,
} from "./cache/binary-cache-store.ts";
export { type CacheInfo, formatCacheInfo, parseCacheInfo } from "./cache/cache-info.ts";
export { type NarInfoMemory, NO_MEMORY } from "./cache/narinfo-memory.ts";
export { DEFAULT_RETRIES, RetryingTransport, type RetryPolicy } from "./cache/retrying.ts";
export {
  type CacheTransport,
  type FetchOptions,
  TransientError,
  type UploadedFile,
} from "./cache/transport.ts";
export { closureOf, infosOf, referencesFirst } from "./closure.ts";
export { isContentAddressed, isPlainFile, pathOfContent, prepareContent } from "./content.ts";
export { type CopyOptions, type CopyResult, copyPaths, copyRealisations } from "./copy.ts";
export { DaemonStore, type DaemonStoreOptions } from "./daemon/daemon-store.ts";
export { type Connector, type Transport, transportPair } from "./daemon/transport.ts";
export { readDerivation } from "./derivation-file.ts";
export { completeDerivation, outputsOfDerivation } from "./derivations.ts";
export { DummyStore } from "./dummy-store.ts";
export {
  invalidPath,
  messageOf,
  noSuchFile,
  StoreError,
  type StoreErrorKind,
  unsupported,
} from "./error.ts";
export type {
  ByteStream,
  CancelSignal,
  Clock,
  Codec,
  SignatureFunctions,
  Spool,
  StoreHost,
} from "./host.ts";
export { readBuildLog } from "./local/build-log.ts";
export { DirectoryStore, type DirectoryStoreOptions } from "./local/directory-store.ts";
export type { FileStatus, FileSystem, FileWriter } from "./local/file-system.ts";
export { formatRegistration, parseRegistration } from "./local/registration.ts";
export { narOfFiles, restoreNar } from "./local/restore.ts";
export { MemoryStore, type MemoryStoreOptions } from "./memory-store.ts";
export { cut, findInListing, ListedFiles, listNarStream } from "./object-files.ts";
export { OutputQuery } from "./output-query.ts";
export { OverlayStore } from "./overlay-store.ts";
export { PathInfoCache } from "./path-info-cache.ts";
export { makeContentAddressed, type RewriteOptions, rewritten } from "./rewriting.ts";
export { ServeStore, type ServeStoreOptions } from "./serve/serve-store.ts";
export { type ServedStores, type ServerOptions, serveClient } from "./server/daemon-server.ts";
export {
  formatKey,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  type SigningKey,
  signPath,
  signText,
  TrustedKeys,
} from "./signatures.ts";
export { type SpooledFiles, spoolFiles } from "./spooled-files.ts";
export {
  type AddOptions,
  type Builder,
  type Capability,
  type ContentToAdd,
  capability,
  type DeleteAliveOptions,
  type GcOptions,
  type GcResult,
  type GcRoot,
  type Missing,
  type ObjectFiles,
  type ObjectStat,
  type PathToAdd,
  type RequestOptions,
  type Store,
  type StoreCollector,
  type StoreFacts,
  type StoreIndex,
  type StoreLogs,
  type StoreObserver,
  type StoreOwner,
  type StoreRealisations,
  type StoreRoots,
  type StoreVerifier,
  type StoreWriter,
  type ValidityOptions,
} from "./store.ts";
export {
  booleanParameter,
  formatStoreReference,
  integerParameter,
  parseStoreReference,
  pathOfReference,
  type StoreReference,
} from "./store-url.ts";
export {
  checkCancelled,
  collect,
  digestOf,
  forEachParallel,
  HashingStream,
  streamOf,
  watched,
} from "./stream.ts";
export { ValidBuilder } from "./valid-builder.ts";
