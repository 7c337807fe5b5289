/** `@nivis/node`: what evaluation needs of Node: files, hashes, and a store on disk. */
export { type CacheContents, DiskBytecodeCache, type TrimLimits } from "./disk-bytecode-cache.ts";
export { LocalStore, type LocalStoreOptions } from "./local-store.ts";
export { nodeHashes } from "./node-hashes.ts";
export { type NodeIoOptions, nodeIo } from "./node-io.ts";
export { ProcessMeter } from "./process-meter.ts";
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
export { fileCache } from "./stores/file-cache.ts";
export { type HttpCacheOptions, httpCache } from "./stores/http-cache.ts";
export { nodeFileSystem } from "./stores/node-file-system.ts";
export { nodeStoreHost } from "./stores/node-store-host.ts";
export { type OpenStoreOptions, openStore, readSecretKey } from "./stores/open-store.ts";
