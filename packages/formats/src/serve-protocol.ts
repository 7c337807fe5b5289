/**
 * The serve protocol, which `nix-store --serve` speaks and stores with the scheme `ssh` use: a
 * handshake, and commands that are a number, the fields of the request, and those of the reply. There
 * are no messages and no frames; what a build prints comes on the standard error of the process.
 *
 * The layouts are those of 2.5 to 2.8, made of the wire types of the worker protocol. `Agreement.minor`
 * is the minor number of this protocol. Source: serve-protocol.cc and serve-protocol-connection.cc of
 * libstore, opServe in nix-store.cc.
 */

import { type Decoding, type WireInput, wireError } from "./codec/wire-input.ts";
import type { WireOutput } from "./codec/wire-output.ts";
import { FormatError } from "./format-error.ts";
import { formatHash, parseHash } from "./hash/nix-hash.ts";
import { marked } from "./marked-text.ts";
import type { PathInfo } from "./path-info.ts";
import {
  type BuildResult,
  basicDerivation,
  buildStatus,
  builtOutputsAsJson,
  optionalContentAddress,
  optionalStorePath,
  pathInfo,
  plainRealisation,
  signatures,
  storePath,
  storePaths,
  texts,
} from "./worker-protocol/types.ts";
import {
  type Agreement,
  basic,
  bool,
  int,
  map,
  obsolete,
  record,
  since,
  text,
  uint,
  type Wire,
} from "./worker-protocol/wire.ts";

const CLIENT_MAGIC = 0x390c9debn;
const SERVER_MAGIC = 0x5452eecbn;
const MAJOR = 2;
const NEWEST_MINOR = 8;
const OLDEST_MINOR = 5;

/** A command: the number, request and reply. */
export interface ServeCommand<Request, Reply> {
  readonly number: number;
  readonly request: Wire<Request>;
  readonly reply: Wire<Reply>;
}

/** How builds run; times in seconds, sizes in bytes, 0 for no limit. */
export interface ServeBuildOptions {
  readonly maxSilentTime: number;
  readonly timeout: number;
  readonly maxLogSize: number;
  readonly keepFailed: boolean;
}

const buildOptions: Wire<ServeBuildOptions> = record({
  maxSilentTime: uint,
  timeout: uint,
  maxLogSize: uint,
  repeats: obsolete(0),
  enforceDeterminism: obsolete(0),
  keepFailed: since(7, bool, false),
});

const servedInfo = record({
  deriver: optionalStorePath,
  references: storePaths,
  downloadSize: obsolete(0),
  narSize: uint,
  narHash: text,
  contentAddress: optionalContentAddress,
  signatures,
});

/** Infos, each after its path; an empty path ends them. */
const infos: Wire<readonly PathInfo[]> = basic(
  "path infos",
  function* (input, agreed) {
    const found: PathInfo[] = [];
    for (;;) {
      const path = yield* optionalStorePath.read(input, agreed);
      if (path === undefined) return found;
      const { narHash, references, ...info } = yield* servedInfo.read(input, agreed);
      if (narHash === "") throw wireError("NAR hash is now mandatory");
      found.push({
        ...info,
        path,
        references: [...references].sort(),
        narHash: parseHash(narHash, "sha256"),
        registrationTime: 0,
        ultimate: false,
      });
    }
  },
  (output, values, agreed) => {
    for (const { path, narHash, ...info } of values) {
      storePath.write(output, path, agreed);
      servedInfo.write(output, { ...info, narHash: formatHash(narHash, "nix32", true) }, agreed);
    }
    text.write(output, "", agreed);
  },
);

/** Why a build failed; `undefined` if it did not. */
const buildFailure: Wire<string | undefined> = basic(
  "build failure",
  function* (input, agreed) {
    // The server sends the exit code of the error, or 0.
    const status = yield* input.uint64();
    return status === 0n ? undefined : yield* text.read(input, agreed);
  },
  (output, failure, agreed) => {
    output.uint(failure === undefined ? 0 : 1);
    if (failure !== undefined) text.write(output, failure, agreed);
  },
);

const builtOutputs: Wire<BuildResult["builtOutputs"]> = basic(
  "built outputs",
  function* (input, agreed) {
    if (agreed.minor >= 8) return yield* map(text, plainRealisation).read(input, agreed);
    return agreed.minor >= 6 ? yield* builtOutputsAsJson.read(input, agreed) : new Map();
  },
  (output, outputs, agreed) => {
    if (agreed.minor >= 8) map(text, plainRealisation).write(output, outputs, agreed);
    else if (agreed.minor >= 6) builtOutputsAsJson.write(output, outputs, agreed);
  },
);

const buildResult: Wire<BuildResult> = record({
  status: buildStatus,
  errorMessage: text,
  timesBuilt: uint,
  isNonDeterministic: bool,
  startTime: int,
  stopTime: int,
  builtOutputs,
});

function command<Request, Reply>(
  number: number,
  request: Wire<Request>,
  reply: Wire<Reply>,
): ServeCommand<Request, Reply> {
  return { number, request, reply };
}

/** The commands by name. A NAR follows the request of `addNar`, and is the reply of `dumpPath`. */
export const SERVE_COMMANDS = {
  validPaths: command(1, record({ lock: bool, substitute: bool, paths: storePaths }), storePaths),
  pathInfos: command(2, record({ paths: storePaths }), infos),
  dumpPath: command(3, record({ path: storePath }), record({})),
  buildPaths: command(6, record({ paths: texts, options: buildOptions }), buildFailure),
  closure: command(7, record({ outputs: bool, paths: storePaths }), storePaths),
  buildDerivation: command(
    8,
    record({ drvPath: storePath, drv: basicDerivation, options: buildOptions }),
    buildResult,
  ),
  addNar: command(9, pathInfo, uint),
} as const;

/** A name of {@link SERVE_COMMANDS}. */
export type ServeCommandName = keyof typeof SERVE_COMMANDS;

/** The client's half of the handshake with `host`, which errors name. */
export function* serveHandshake(
  input: WireInput,
  output: WireOutput,
  { storeDir, host }: { readonly storeDir: string; readonly host: string },
): Decoding<Agreement> {
  input.beginValue();
  output.uint64(CLIENT_MAGIC);
  output.uint(MAJOR * 0x100 + NEWEST_MINOR);
  const magic = yield* input.uint64();
  if (magic !== SERVER_MAGIC) {
    const bytes = new Uint8Array(new BigUint64Array([magic]).buffer);
    const shown = String.fromCharCode(...bytes).replace(/[^ -~]/g, "?");
    throw new FormatError(
      "error",
      marked`'nix-store --serve' protocol mismatch from '${host}', got '${shown}'`,
    );
  }
  const version = yield* input.uint();
  const minor = version % 0x100;
  if (Math.floor(version / 0x100) !== MAJOR || minor < OLDEST_MINOR) {
    throw new FormatError(
      "error",
      marked`unsupported 'nix-store --serve' protocol version on '${host}'`,
    );
  }
  return { minor: Math.min(minor, NEWEST_MINOR), features: new Set(), storeDir };
}
