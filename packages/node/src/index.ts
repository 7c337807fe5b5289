/** `@nivis/node`: what evaluation needs of Node: files, hashes, and a store on disk. */
export { type CacheContents, DiskBytecodeCache, type TrimLimits } from "./disk-bytecode-cache.ts";
export { LocalStore, type LocalStoreOptions } from "./local-store.ts";
export { nodeHashes } from "./node-hashes.ts";
export { hostSystem, type NodeIoOptions, nodeIo } from "./node-io.ts";
export { ProcessMeter } from "./process-meter.ts";
