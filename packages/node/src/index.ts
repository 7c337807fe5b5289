/** `@nivis/node`: what evaluation needs of Node: files, hashes, and a store on disk. */
export { nodeHashes } from "./node-hashes.ts";
export { type NodeIoOptions, hostSystem, nodeIo } from "./node-io.ts";
