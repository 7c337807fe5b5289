/**
 * The types of the worker protocol that are more than numbers and texts: store paths, path infos,
 * derivations, build results. Source: worker-protocol.cc, common-protocol.cc and build-result.hh of
 * libstore.
 */

import { decodeUtf8, encodeUtf8 } from "../codec/utf8.ts";
import { wireError } from "../codec/wire-input.ts";
import {
  type ContentAddress,
  formatContentAddress,
  formatMethodAlgorithm,
  parseContentAddress,
  splitMethodPrefix,
} from "../content-address.ts";
import type { Derivation, DerivationOutput } from "../derivation/derivation.ts";
import { STRUCTURED_ATTRS_VARIABLE } from "../derivation/derivation.ts";
import {
  type DerivedPath,
  formatDerivedPath,
  parseDerivedPath,
  type SingleDerivedPath,
} from "../derived-path.ts";
import { parseHashAlgorithm } from "../hash/algorithms.ts";
import { formatHash, type NixHash, parseHash } from "../hash/nix-hash.ts";
import { marked } from "../marked-text.ts";
import type { PathInfo, UnkeyedPathInfo } from "../path-info.ts";
import {
  checkStorePathBaseName,
  parseStorePath,
  printStorePath,
  storePathBaseName,
} from "../store-path.ts";
import {
  type Agreement,
  basic,
  bool,
  int,
  list,
  map,
  mapped,
  optional,
  record,
  refused,
  set,
  since,
  text,
  uint,
  uint32,
  type Wire,
  withFeature,
} from "./wire.ts";

function checkedPath(path: string, { storeDir }: Agreement): string {
  return printStorePath(parseStorePath(path, storeDir), storeDir);
}

/**
 * A whole store path of the daemon's store directory. It is checked when it is written as well: a
 * daemon that cannot read a request reports so twice and closes, which looks like two replies.
 */
export const storePath: Wire<string> = mapped("store path", text, checkedPath, checkedPath);

/** A store path, or the empty string. */
export const optionalStorePath: Wire<string | undefined> = mapped(
  "store path or empty",
  text,
  (path, agreed) => (path === "" ? undefined : checkedPath(path, agreed)),
  (path, agreed) => (path === undefined ? "" : checkedPath(path, agreed)),
);

function checkedBaseName(name: string): string {
  checkStorePathBaseName(name);
  return name;
}

/** The last part of a store path. */
export const baseName: Wire<string> = mapped("base name", text, checkedBaseName, checkedBaseName);

export const storePaths: Wire<readonly string[]> = set(storePath);
export const texts: Wire<readonly string[]> = list(text);
export const signatures: Wire<readonly string[]> = set(text);

/** A SHA-256 hash, written in base 16 without a prefix and read in any form. */
export const narHash: Wire<NixHash> = mapped(
  "NAR hash",
  text,
  (hash) => parseHash(hash, "sha256"),
  (hash) => formatHash(hash, "base16", false),
);

/** A content address, or the empty string. */
export const optionalContentAddress: Wire<ContentAddress | undefined> = mapped(
  "content address or empty",
  text,
  (address) => (address === "" ? undefined : parseContentAddress(address)),
  (address) => (address === undefined ? "" : formatContentAddress(address)),
);

/** A derived path, with `!` before the outputs. */
export const derivedPath: Wire<DerivedPath> = mapped(
  "derived path",
  text,
  (path, { storeDir }) => parseDerivedPath(path, storeDir, "!"),
  (path) => formatDerivedPath(path, "!"),
);

/** A derived path with one output, as a tree of tags. */
export const singleDerivedPath: Wire<SingleDerivedPath> = basic(
  "single derived path",
  function* (input, agreed) {
    // The tree is a list that begins with its last part, so reading it needs no recursion.
    let depth = 0;
    for (;;) {
      const tag = yield* input.uint64();
      if (tag === 0n) break;
      if (tag !== 1n) throw wireError(marked`invalid tag ${tag} of a derived path`);
      if (++depth > MAX_DERIVED_DEPTH) throw wireError("derived path is nested too deeply");
    }
    let path: SingleDerivedPath = {
      kind: "opaque",
      path: yield* storePath.read(input, agreed),
    };
    for (; depth > 0; depth--) {
      path = { kind: "built", drv: path, output: yield* text.read(input, agreed) };
    }
    return path;
  },
  (output, value, agreed) => {
    const outputs: string[] = [];
    let path = value;
    for (; path.kind === "built"; path = path.drv) {
      output.uint(1);
      outputs.push(path.output);
    }
    output.uint(0);
    storePath.write(output, path.path, agreed);
    for (const name of outputs.reverse()) output.string(name);
  },
);

const MAX_DERIVED_DEPTH = 64;

const unkeyedFields = {
  deriver: optionalStorePath,
  narHash,
  references: storePaths,
  registrationTime: uint,
  narSize: uint,
  ultimate: bool,
  signatures,
  contentAddress: optionalContentAddress,
};

export const unkeyedPathInfo: Wire<UnkeyedPathInfo> = record(unkeyedFields);
export const pathInfo: Wire<PathInfo> = record({ path: storePath, ...unkeyedFields });

/** An output of a derivation: the derivation's path and the output's name. */
export interface DrvOutput {
  readonly drvPath: string;
  readonly outputName: string;
}

/** The store path of a built output, with its signatures. */
export interface UnkeyedRealisation {
  readonly outPath: string;
  readonly signatures: readonly string[];
}

/** See {@link DrvOutput} and {@link UnkeyedRealisation}. */
export interface Realisation {
  readonly id: DrvOutput;
  readonly value: UnkeyedRealisation;
}

const withoutRealisations =
  "the daemon is missing the 'realisation-with-path-not-hash' protocol feature, needed to support content-addressing derivations";

function needsRealisations<T>(item: Wire<T>): Wire<T> {
  return withFeature("realisation-with-path-not-hash", item, refused<T>(withoutRealisations));
}

const plainDrvOutput: Wire<DrvOutput> = record({ drvPath: storePath, outputName: text });
export const plainRealisation: Wire<UnkeyedRealisation> = record({
  outPath: storePath,
  signatures,
});

export const drvOutput: Wire<DrvOutput> = needsRealisations(plainDrvOutput);
export const unkeyedRealisation: Wire<UnkeyedRealisation> = needsRealisations(plainRealisation);
export const realisation: Wire<Realisation> = needsRealisations(
  record({ id: plainDrvOutput, value: plainRealisation }),
);

/** The ways in which a build ends; the index in the list is the number. */
export const BUILD_STATUSES = [
  "built",
  "substituted",
  "already-valid",
  "permanent-failure",
  "input-rejected",
  "output-rejected",
  "transient-failure",
  "cached-failure",
  "timed-out",
  "misc-failure",
  "dependency-failed",
  "log-limit-exceeded",
  "not-deterministic",
  "resolves-to-already-valid",
  "no-substituters",
] as const;

/** See {@link BUILD_STATUSES}. */
export type BuildStatus = (typeof BUILD_STATUSES)[number];

/** Whether a status means that the outputs exist. */
export function isBuildSuccess(status: BuildStatus): boolean {
  return (
    status === "built" ||
    status === "substituted" ||
    status === "already-valid" ||
    status === "resolves-to-already-valid"
  );
}

export const buildStatus: Wire<BuildStatus> = mapped(
  "build status",
  uint,
  (number) => {
    const status = BUILD_STATUSES[number];
    if (status === undefined)
      throw wireError(marked`Invalid BuildResult status ${number} from remote`);
    return status;
  },
  (status) => BUILD_STATUSES.indexOf(status),
);

/** The modes of building; the index in the list is the number. */
export const BUILD_MODES = ["normal", "repair", "check"] as const;

/** See {@link BUILD_MODES}. */
export type BuildMode = (typeof BUILD_MODES)[number];

export const buildMode: Wire<BuildMode> = mapped(
  "build mode",
  uint,
  (number) => {
    const mode = BUILD_MODES[number];
    if (mode === undefined) throw wireError("Invalid build mode");
    return mode;
  },
  (mode) => BUILD_MODES.indexOf(mode),
);

/** The result of one build. */
export interface BuildResult {
  readonly status: BuildStatus;
  /** The reason for a failure; empty on success. */
  readonly errorMessage: string;
  readonly timesBuilt: number;
  readonly isNonDeterministic: boolean;
  /** In seconds since 1970; 0 if nothing ran. */
  readonly startTime: number;
  readonly stopTime: number;
  /** In microseconds; sent since 1.37. */
  readonly cpuUser?: number;
  readonly cpuSystem?: number;
  /** By output name. */
  readonly builtOutputs: ReadonlyMap<string, UnkeyedRealisation>;
}

/** The result of one of several builds. */
export interface KeyedBuildResult extends BuildResult {
  readonly path: DerivedPath;
}

/** A filler where daemons before 1.38 expect the hash of a derivation, which they ignore. */
const DUMMY_ID = `sha256:${"0".repeat(64)}`;

/**
 * Built outputs for peers without the feature: JSON texts, of which only the name and `outPath` are
 * used.
 */
export const builtOutputsAsJson: Wire<ReadonlyMap<string, UnkeyedRealisation>> = mapped(
  "built outputs as JSON",
  map(text, text),
  (entries, { storeDir }) => {
    const outputs = new Map<string, UnkeyedRealisation>();
    for (const [id, json] of entries) {
      const mark = id.indexOf("!");
      if (mark < 0) throw wireError(marked`Invalid derivation output id ${id}`);
      outputs.set(id.slice(mark + 1), {
        outPath: printStorePath(outPathOf(json, id), storeDir),
        signatures: [],
      });
    }
    return outputs;
  },
  (outputs) =>
    new Map(
      [...outputs].map(([name, { outPath }]) => {
        const id = `${DUMMY_ID}!${name}`;
        const json = JSON.stringify({
          id: decodeUtf8(id),
          outPath: decodeUtf8(storePathBaseName(outPath)),
        });
        return [id, encodeUtf8(json)];
      }),
    ),
);

/** The base name in the JSON of a realisation. */
function outPathOf(json: string, id: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(decodeUtf8(json));
  } catch {
    throw wireError(marked`realisation of '${id}' is not JSON`);
  }
  const path =
    typeof parsed === "object" && parsed !== null
      ? (parsed as { readonly outPath?: unknown }).outPath
      : undefined;
  if (typeof path !== "string") throw wireError(marked`realisation of '${id}' has no 'outPath'`);
  checkStorePathBaseName(path);
  return path;
}

const buildResultFields = {
  status: buildStatus,
  errorMessage: text,
  timesBuilt: uint,
  isNonDeterministic: bool,
  startTime: int,
  stopTime: int,
  cpuUser: since(37, optional(int), undefined),
  cpuSystem: since(37, optional(int), undefined),
  builtOutputs: withFeature(
    "realisation-with-path-not-hash",
    map(text, plainRealisation),
    builtOutputsAsJson,
  ),
};

export const buildResult: Wire<BuildResult> = record(buildResultFields);
export const keyedBuildResult: Wire<KeyedBuildResult> = record({
  path: derivedPath,
  ...buildResultFields,
});

/** A derivation whose inputs are all paths. */
export interface BasicDerivation
  extends Omit<Derivation, "name" | "inputDrvs" | "structuredAttrs"> {
  /** Structured attributes are in the variable `__json`. */
  readonly env: Map<string, string>;
}

interface WireOutputFields {
  readonly path: string;
  readonly methodAlgorithm: string;
  readonly hash: string;
}

function encodeOutput(output: DerivationOutput): WireOutputFields {
  switch (output.kind) {
    case "input-addressed":
      return { path: output.path, methodAlgorithm: "", hash: "" };
    case "fixed":
      return {
        path: output.path,
        methodAlgorithm: formatMethodAlgorithm(output.method, output.hash.algorithm),
        hash: formatHash(output.hash, "base16", false),
      };
    case "floating":
    case "impure":
      return {
        path: "",
        methodAlgorithm: formatMethodAlgorithm(output.method, output.algorithm),
        hash: output.kind === "impure" ? "impure" : "",
      };
    case "deferred":
      return { path: "", methodAlgorithm: "", hash: "" };
  }
}

function decodeOutput({ path, methodAlgorithm, hash }: WireOutputFields): DerivationOutput {
  if (methodAlgorithm === "") {
    return path === "" ? { kind: "deferred" } : { kind: "input-addressed", path };
  }
  const { method, rest } = splitMethodPrefix(methodAlgorithm);
  const algorithm = parseHashAlgorithm(rest);
  if (hash === "impure") return { kind: "impure", method, algorithm };
  if (hash === "") return { kind: "floating", method, algorithm };
  if (path === "") throw wireError("fixed output without a path");
  return { kind: "fixed", method, hash: parseHash(hash, algorithm), path };
}

const derivationOutput: Wire<DerivationOutput> = mapped(
  "derivation output",
  record({ path: text, methodAlgorithm: text, hash: text }),
  (fields, { storeDir }) => {
    if (fields.path !== "") parseStorePath(fields.path, storeDir);
    return decodeOutput(fields);
  },
  encodeOutput,
);

export const basicDerivation: Wire<BasicDerivation> = mapped(
  "basic derivation",
  record({
    outputs: map(text, derivationOutput),
    inputSrcs: storePaths,
    system: text,
    builder: text,
    args: texts,
    env: map(text, text),
  }),
  (fields) => ({
    ...fields,
    outputs: new Map(fields.outputs),
    inputSrcs: new Set(fields.inputSrcs),
    env: new Map(fields.env),
  }),
  (drv) => ({ ...drv, inputSrcs: [...drv.inputSrcs] }),
);

/**
 * The basic derivation of a derivation with resolved inputs: `inputSrcs` are all paths that the
 * build needs.
 */
export function basicDerivationOf(drv: Derivation, inputSrcs: Iterable<string>): BasicDerivation {
  const env = new Map(drv.env);
  if (drv.structuredAttrs !== undefined) env.set(STRUCTURED_ATTRS_VARIABLE, drv.structuredAttrs);
  return {
    outputs: drv.outputs,
    inputSrcs: new Set(inputSrcs),
    system: drv.system,
    builder: drv.builder,
    args: drv.args,
    env,
  };
}

/** A substituter's information about a path. */
export interface SubstitutableInfo {
  readonly deriver?: string;
  readonly references: readonly string[];
  /** In bytes; 0 if unknown. */
  readonly downloadSize: number;
  readonly narSize: number;
}

export const substitutableInfo: Wire<SubstitutableInfo> = record({
  deriver: optionalStorePath,
  references: storePaths,
  downloadSize: uint,
  narSize: uint,
});

/** The actions of the garbage collector; the index in the list is the number. */
export const GC_ACTIONS = ["return-live", "return-dead", "delete-dead", "delete-specific"] as const;

/** See {@link GC_ACTIONS}. */
export type GcAction = (typeof GC_ACTIONS)[number];

export const gcAction: Wire<GcAction> = mapped(
  "GC action",
  uint32,
  (number) => {
    const action = GC_ACTIONS[number];
    if (action === undefined) throw wireError(marked`invalid garbage collection action ${number}`);
    return action;
  },
  (action) => GC_ACTIONS.indexOf(action),
);

/** The paths that a garbage collection considers. */
export type GcPaths =
  | { readonly kind: "whole-store" }
  | {
      readonly kind: "specific";
      readonly paths: readonly string[];
      readonly deleteReferrers: boolean;
    };

const taggedGcPaths: Wire<GcPaths> = basic(
  "GC paths with a tag",
  function* (input, agreed) {
    const tag = yield* input.uint64();
    if (tag === 1n) return { kind: "whole-store" };
    if (tag !== 0n) throw wireError(marked`invalid tag ${tag} of paths to delete`);
    const paths = yield* storePaths.read(input, agreed);
    const deleteReferrers = yield* bool.read(input, agreed);
    return { kind: "specific", paths, deleteReferrers };
  },
  (output, value, agreed) => {
    output.uint(value.kind === "specific" ? 0 : 1);
    if (value.kind !== "specific") return;
    storePaths.write(output, value.paths, agreed);
    bool.write(output, value.deleteReferrers, agreed);
  },
);

/** The paths for peers without the feature, where an empty list means the whole store. */
const plainGcPaths: Wire<GcPaths> = mapped(
  "GC paths",
  storePaths,
  (paths): GcPaths =>
    paths.length === 0
      ? { kind: "whole-store" }
      : { kind: "specific", paths, deleteReferrers: false },
  (paths) => {
    if (paths.kind === "whole-store") return [];
    if (paths.deleteReferrers) {
      throw wireError(
        "the daemon is missing the 'delete-dead-specific-referrers' protocol feature, needed to delete referrers",
      );
    }
    return paths.paths;
  },
);

export const gcPaths: Wire<GcPaths> = withFeature(
  "delete-dead-specific-referrers",
  taggedGcPaths,
  plainGcPaths,
);
