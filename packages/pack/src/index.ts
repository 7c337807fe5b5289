/** The public names of `@nivis/pack`: trees of files in one file that is read by ranges. */
export type { BlockKind, Extent, PackTable } from "./layout.ts";
export { PackIo, type PackIoOptions, packIo } from "./pack-io.ts";
export { type OpenOptions, PackReader, type Transfer } from "./pack-reader.ts";
export {
  browserCache,
  bytesSource,
  CACHE_NAME,
  type CacheStorageLike,
  type HttpFetch,
  type HttpResponse,
  httpSource,
  memoryCache,
  type PackCache,
  type PackSource,
} from "./pack-source.ts";
export {
  type Packed,
  type PackProfile,
  type PackRequest,
  packBytes,
  packTree,
  profileOfTrace,
} from "./pack-writer.ts";
