/** The public names of `@nivis/fetch`. */
export { type Spool, type UnpackedArchive, unpackArchive, unpackWhole } from "./archive/unpack.ts";
export { formatNarHash, MemorySpool } from "./cache/tree-cache.ts";
export { Fetcher, type FetcherOptions, treeStorePath } from "./fetcher.ts";
export { CommitTree, type GitCommit, readCommit } from "./git/commit-tree.ts";
export { applyDelta, type GitObject, GitObjects, type GitObjectType } from "./git/objects.ts";
export {
  type Decompressor,
  type Disk,
  type DiskStat,
  type FetchHost,
  type FetchReporter,
  type HttpClient,
  HttpFailure,
  type HttpRequest,
  type HttpResponse,
  type NewFile,
  type OpenFile,
  type ProgramOptions,
  type ProgramResult,
  type ProgramRunner,
} from "./host.ts";
export { DownloadError, Downloader } from "./http/download.ts";
export { type NetrcLogin, netrcLogin } from "./http/netrc.ts";
export type { FetchedSource } from "./schemes/scheme.ts";
export { DEFAULT_FETCH_SETTINGS, type FetchSettings } from "./settings.ts";
export { DiskTree } from "./tree/disk-tree.ts";
export { FilteredTree } from "./tree/filtered-tree.ts";
export { type MemoryDirectory, type MemoryNode, MemoryTree } from "./tree/memory-tree.ts";
export { MountedTree } from "./tree/mounted-tree.ts";
export { NamedTree } from "./tree/named-tree.ts";
export { openTree, type TreeHost } from "./tree/open-tree.ts";
export {
  childPath,
  type DirectoryEntry,
  dumpTree,
  type FileType,
  type Fingerprint,
  hashTree,
  type SourceTree,
  type TreeRecipe,
} from "./tree/source-tree.ts";
