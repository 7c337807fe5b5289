/** `nivis/node`: worlds, stores and caches on this machine, for the options of a session. */
export {
  BlockingFetcher,
  type BlockingFetcherOptions,
  DiskBytecodeCache,
  fromHostPath,
  hostFlavour,
  InputRecorder,
  inputLines,
  LocalStore,
  type LocalStoreOptions,
  type NodeIoOptions,
  nodeHashes,
  nodeIo,
  openEvaluationStore,
  type PathFlavour,
  type StoreRequest,
  toHostPath,
} from "@nivis/node";
