/**
 * The operations of the worker protocol: the number, request and reply of each.
 *
 * A request is the number and its fields. Messages follow (messages.ts), and after the last one
 * the reply. Some operations carry bytes in addition to their fields: `framed` ones send frames
 * (frames.ts) after the request, NarFromPath sends a raw NAR after the reply. Layouts are those of
 * 1.32 to 1.38; the handshake rejects older peers. Source: performOp in daemon.cc and
 * remote-store.cc of libstore.
 */
import { sortedBytes } from "../byte-order.ts";
import type { ContentAddress } from "../content-address.ts";
import type { UnkeyedPathInfo } from "../path-info.ts";
import * as types from "./types.ts";
import {
  type AnyWire,
  basic,
  bool,
  list,
  map,
  nothing,
  obsolete,
  optional,
  type ProtocolFeature,
  record,
  text,
  uint,
  uint32,
  uint64,
  type Wire,
} from "./wire.ts";

/** How an operation transfers its bytes. */
export type Payload = "none" | "framed" | "raw-nar-reply";

/** One operation. */
export interface Operation<Request, Reply> {
  readonly number: number;
  readonly request: Wire<Request>;
  readonly reply: Wire<Reply>;
  readonly payload: Payload;
  /** The first minor version that has it; 32 if all supported peers have it. */
  readonly since: number;
  /** The feature that it requires. */
  readonly feature?: ProtocolFeature;
  /** Whether only old peers use it; our client never sends it. */
  readonly isOld: boolean;
}

interface Traits {
  readonly payload?: Payload;
  readonly since?: number;
  readonly feature?: ProtocolFeature;
  readonly isOld?: boolean;
}

/** The oldest supported minor version. */
export const OLDEST_MINOR = 32;

function operation<Request, Reply>(
  number: number,
  request: Wire<Request>,
  reply: Wire<Reply>,
  traits: Traits = {},
): Operation<Request, Reply> {
  return {
    number,
    request,
    reply,
    payload: traits.payload ?? "none",
    since: traits.since ?? OLDEST_MINOR,
    isOld: traits.isOld ?? false,
    ...(traits.feature === undefined ? {} : { feature: traits.feature }),
  };
}

const { storePath, storePaths, optionalStorePath, texts } = types;

/** The reply of operations without a result. */
const done = obsolete(1);

/** The request of operations on one path. */
const onPath = record({ path: storePath });

/** A flag, followed by the value if it is set. */
function ifAny<T>(item: Wire<T>): Wire<T | undefined> {
  return optional(item);
}

const addToStore = operation(
  7,
  record({
    name: text,
    /** Method and algorithm, such as `fixed:r:sha256`. */
    methodAlgorithm: text,
    references: storePaths,
    repair: bool,
  }),
  types.pathInfo,
  { payload: "framed" },
);

const substitutableInfos: Wire<ReadonlyMap<string, types.SubstitutableInfo>> = map(
  storePath,
  types.substitutableInfo,
);

const gcRoots: Wire<readonly { readonly link: string; readonly path: string }[]> = list(
  record({ link: text, path: storePath }),
);

const contentAddresses: Wire<ReadonlyMap<string, ContentAddress | undefined>> = map(
  storePath,
  types.optionalContentAddress,
);

const outputMap: Wire<ReadonlyMap<string, string | undefined>> = map(text, optionalStorePath);

const queryPathInfoReply: Wire<UnkeyedPathInfo | undefined> = ifAny(types.unkeyedPathInfo);

/** The settings that a client sends first. */
export interface ClientOptions {
  readonly keepFailed: boolean;
  readonly keepGoing: boolean;
  readonly tryFallback: boolean;
  /** The highest level of messages that the daemon sends as text, 0 to 7. */
  readonly verbosity: number;
  readonly maxBuildJobs: number;
  /** In seconds; 0 means no limit. */
  readonly maxSilentTime: number;
  readonly verboseBuild: boolean;
  /** 0 means all cores. */
  readonly buildCores: number;
  readonly useSubstitutes: boolean;
  /** Other settings by name. */
  readonly overrides: ReadonlyMap<string, string>;
}

/** Whether builds are verbose; a level on the wire, where 0 is verbose. */
const verboseBuild: Wire<boolean> = basic(
  "verbose build",
  function* (input) {
    return (yield* input.uint64()) === 0n;
  },
  (output, value) => output.uint(value ? 0 : 7),
);

const clientOptions: Wire<ClientOptions> = record({
  keepFailed: bool,
  keepGoing: bool,
  tryFallback: bool,
  verbosity: uint32,
  maxBuildJobs: uint32,
  maxSilentTime: uint32,
  useBuildHook: obsolete(1),
  verboseBuild,
  logType: obsolete(0),
  printBuildTrace: obsolete(0),
  buildCores: uint32,
  useSubstitutes: bool,
  overrides: map(text, text),
});

/** The operations by name: the number, request and reply of each. */
export const OPERATIONS = {
  isValidPath: operation(1, onPath, bool),
  queryReferrers: operation(6, onPath, storePaths),
  addToStore,
  addTextToStore: operation(
    8,
    record({ name: text, contents: text, references: storePaths }),
    storePath,
    { isOld: true },
  ),
  buildPaths: operation(9, record({ paths: list(types.derivedPath), mode: types.buildMode }), done),
  ensurePath: operation(10, onPath, done),
  addTempRoot: operation(11, onPath, done),
  addIndirectRoot: operation(12, record({ link: text }), done),
  syncWithGc: operation(13, nothing, done, { isOld: true }),
  findRoots: operation(14, nothing, gcRoots),
  queryDeriver: operation(18, onPath, optionalStorePath, { isOld: true }),
  setOptions: operation(19, clientOptions, nothing),
  collectGarbage: operation(
    20,
    record({
      action: types.gcAction,
      paths: types.gcPaths,
      ignoreLiveness: bool,
      /** In bytes; 2^64 - 1 means no limit. */
      maxFreed: uint64,
      obsolete1: obsolete(0),
      obsolete2: obsolete(0),
      obsolete3: obsolete(0),
    }),
    record({ paths: texts, bytesFreed: uint64, obsolete: obsolete(0) }),
  ),
  querySubstitutablePathInfo: operation(21, onPath, optional(types.substitutableInfo), {
    isOld: true,
  }),
  queryDerivationOutputs: operation(22, onPath, storePaths, { isOld: true }),
  queryAllValidPaths: operation(23, nothing, storePaths),
  queryPathInfo: operation(26, onPath, queryPathInfoReply),
  queryDerivationOutputNames: operation(28, onPath, texts, { isOld: true }),
  queryPathFromHashPart: operation(29, record({ hashPart: text }), optionalStorePath),
  querySubstitutablePathInfos: operation(
    30,
    record({ paths: contentAddresses }),
    substitutableInfos,
  ),
  queryValidPaths: operation(31, record({ paths: storePaths, substitute: bool }), storePaths),
  querySubstitutablePaths: operation(32, record({ paths: storePaths }), storePaths),
  queryValidDerivers: operation(33, onPath, storePaths),
  optimiseStore: operation(34, nothing, done),
  verifyStore: operation(35, record({ checkContents: bool, repair: bool }), bool),
  buildDerivation: operation(
    36,
    record({ drvPath: storePath, drv: types.basicDerivation, mode: types.buildMode }),
    types.buildResult,
  ),
  addSignatures: operation(37, record({ path: storePath, signatures: types.signatures }), done),
  narFromPath: operation(38, onPath, nothing, { payload: "raw-nar-reply" }),
  addToStoreNar: operation(
    39,
    record({
      path: storePath,
      deriver: optionalStorePath,
      narHash: types.narHash,
      references: storePaths,
      registrationTime: uint,
      narSize: uint,
      ultimate: bool,
      signatures: types.signatures,
      contentAddress: types.optionalContentAddress,
      repair: bool,
      dontCheckSigs: bool,
    }),
    nothing,
    { payload: "framed" },
  ),
  queryMissing: operation(
    40,
    record({ paths: list(types.derivedPath) }),
    record({
      willBuild: storePaths,
      willSubstitute: storePaths,
      unknown: storePaths,
      /** In bytes. */
      downloadSize: uint,
      narSize: uint,
    }),
  ),
  queryDerivationOutputMap: operation(41, onPath, outputMap),
  registerDrvOutput: operation(42, types.realisation, nothing, {
    feature: "realisation-with-path-not-hash",
  }),
  queryRealisation: operation(43, types.drvOutput, optional(types.unkeyedRealisation), {
    feature: "realisation-with-path-not-hash",
  }),
  addMultipleToStore: operation(44, record({ repair: bool, dontCheckSigs: bool }), nothing, {
    payload: "framed",
  }),
  addBuildLog: operation(45, record({ drv: types.baseName }), done, { payload: "framed" }),
  buildPathsWithResults: operation(
    46,
    record({ paths: list(types.derivedPath), mode: types.buildMode }),
    list(types.keyedBuildResult),
    { since: 34 },
  ),
  addPermRoot: operation(47, record({ path: storePath, link: text }), text),
  submitOutput: operation(1000, record({ path: types.singleDerivedPath, output: text }), done, {
    feature: "submit-output",
  }),
  addToStoreScanning: operation(
    1001,
    record({ name: text, methodAlgorithm: text }),
    types.pathInfo,
    { payload: "framed", feature: "add-to-store-scanning" },
  ),
} as const;

/** The names of {@link OPERATIONS}. */
export type OperationName = keyof typeof OPERATIONS;

/** The fields of an operation's request. */
export type OperationRequest<Name extends OperationName> =
  (typeof OPERATIONS)[Name] extends Operation<infer Request, unknown> ? Request : never;

/** An operation's reply. */
export type OperationReply<Name extends OperationName> =
  (typeof OPERATIONS)[Name]["reply"] extends Wire<infer Reply> ? Reply : never;

/** An operation with any request and reply. */
export interface AnyOperation extends Omit<Operation<never, never>, "request" | "reply"> {
  readonly request: AnyWire;
  readonly reply: AnyWire;
}

/** The names of the operations, sorted by number. */
export const OPERATION_NAMES = sortedBytes(Object.keys(OPERATIONS)).sort(
  (a, b) => OPERATIONS[a as OperationName].number - OPERATIONS[b as OperationName].number,
) as readonly OperationName[];

const NAMES_BY_NUMBER: ReadonlyMap<number, OperationName> = new Map(
  OPERATION_NAMES.map((name) => [OPERATIONS[name].number, name]),
);

/** The name of the operation with this number, or undefined. */
export function operationName(number: number): OperationName | undefined {
  return NAMES_BY_NUMBER.get(number);
}
