/**
 * The operations of the worker protocol: number, request and reply of each.
 *
 * A request is the number and its fields. Messages follow (messages.ts), and after the last of them
 * the reply. Some operations carry bytes beside their fields: `framed` ones send frames
 * (frames.ts) after the request, NarFromPath sends a NAR, raw, after the reply. Layouts are those of
 * 1.32 to 1.38; older peers are refused by the handshake. Source: performOp in daemon.cc and
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

/** How the bytes of an operation travel. */
export type Payload = "none" | "framed" | "raw-nar-reply";

/** One operation. */
export interface Operation<Request, Reply> {
  readonly number: number;
  readonly request: Wire<Request>;
  readonly reply: Wire<Reply>;
  readonly payload: Payload;
  /** The first minor version that has it; 32 for those that all supported peers have. */
  readonly since: number;
  /** The feature that it needs. */
  readonly feature?: ProtocolFeature;
  /** Kept for old peers; we neither send nor need it. */
  readonly isOld: boolean;
}

interface Traits {
  readonly payload?: Payload;
  readonly since?: number;
  readonly feature?: ProtocolFeature;
  readonly isOld?: boolean;
}

/** The oldest minor version that is supported. */
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

/** The reply of operations that have nothing to say. */
const done = obsolete(1);

/** Operations on one path. */
const onPath = record({ path: storePath });

/** A flag, and the value if it is set. */
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

/** Settings that the client sends at its start. */
export interface ClientOptions {
  readonly keepFailed: boolean;
  readonly keepGoing: boolean;
  readonly tryFallback: boolean;
  /** The level of messages that the daemon sends as text, 0 to 7. */
  readonly verbosity: number;
  readonly maxBuildJobs: number;
  /** Seconds; 0 is for ever. */
  readonly maxSilentTime: number;
  readonly verboseBuild: boolean;
  /** 0 means all. */
  readonly buildCores: number;
  readonly useSubstitutes: boolean;
  /** Other settings by name. */
  readonly overrides: ReadonlyMap<string, string>;
}

/** The level is inverted on the wire. */
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

/** See the head of this file. */
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
      /** Bytes; 2^64 - 1 is no limit. */
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
      /** Bytes. */
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

/** What an operation is asked with. */
export type OperationRequest<Name extends OperationName> =
  (typeof OPERATIONS)[Name] extends Operation<infer Request, unknown> ? Request : never;

/** What an operation replies. */
export type OperationReply<Name extends OperationName> =
  (typeof OPERATIONS)[Name]["reply"] extends Wire<infer Reply> ? Reply : never;

/** An operation with whatever request and reply. */
export interface AnyOperation extends Omit<Operation<never, never>, "request" | "reply"> {
  readonly request: AnyWire;
  readonly reply: AnyWire;
}

/** The names in order of the numbers. */
export const OPERATION_NAMES = sortedBytes(Object.keys(OPERATIONS)).sort(
  (a, b) => OPERATIONS[a as OperationName].number - OPERATIONS[b as OperationName].number,
) as readonly OperationName[];

const NAMES_BY_NUMBER: ReadonlyMap<number, OperationName> = new Map(
  OPERATION_NAMES.map((name) => [OPERATIONS[name].number, name]),
);

/** The operation with this number. */
export function operationName(number: number): OperationName | undefined {
  return NAMES_BY_NUMBER.get(number);
}
