/** `@nivis/node`: what evaluation needs of Node: files, hashes, and a store on disk. */
export { nodeHashes } from "./node-hashes.ts";
export { hostSystem, type NodeIoOptions, nodeIo } from "./node-io.ts";
