/** `@nivis/eval`: evaluation of Nix expressions. */
export { type DirectoryEntry, type EvalIo, type FileType, IoError } from "./io.ts";
export { type MemoryFile, type MemoryIoOptions, memoryIo } from "./memory-io.ts";
