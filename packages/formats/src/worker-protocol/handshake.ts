/**
 * The handshake of the worker protocol: magic numbers, the lower of two versions, the common
 * features, and a few facts about the daemon.
 *
 * Both sides are decoders that also write: their driver sends the output whenever a decoder
 * waits. After the client's half, messages follow until `last`. Source:
 * worker-protocol-connection.cc of libstore.
 */

import { type Decoding, type WireInput, wireError } from "../codec/wire-input.ts";
import type { WireOutput } from "../codec/wire-output.ts";
import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";
import { OLDEST_MINOR } from "./operations.ts";
import { type Agreement, list, type ProtocolFeature, set, text } from "./wire.ts";

const CLIENT_MAGIC = 0x6e697863n;
const SERVER_MAGIC = 0x6478696fn;
const MAJOR = 1;

/** The newest supported minor version. The number is frozen; additions are features. */
export const NEWEST_MINOR = 38;

/** The minor version from which both sides send their features. */
const FEATURES_SINCE = 38;
const DAEMON_VERSION_SINCE = 33;
const TRUST_SINCE = 35;

/** The features that the client uses if the daemon has them. */
export const CLIENT_FEATURES: readonly ProtocolFeature[] = [
  "delete-dead-specific-referrers",
  "realisation-with-path-not-hash",
];

/** Facts that the daemon reports about itself. */
export interface DaemonFacts {
  /** Its Nix version; sent since 1.33. */
  readonly daemonVersion?: string;
  /** Whether it trusts the client; sent since 1.35, but not by all daemons. */
  readonly trusted?: boolean;
}

/** Options of a handshake; the defaults are the newest version and {@link CLIENT_FEATURES}. */
export interface HandshakeOptions {
  readonly storeDir: string;
  readonly minor?: number;
  readonly features?: readonly ProtocolFeature[];
}

/** The result of a handshake. */
export interface ClientHandshake extends Agreement, DaemonFacts {}

function versionNumber(minor: number): number {
  return MAJOR * 0x100 + minor;
}

function* readVersion(input: WireInput, tooOld: string): Decoding<number> {
  const version = yield* input.uint();
  if (Math.floor(version / 0x100) !== MAJOR) {
    throw new FormatError("error", "Nix daemon protocol version not supported");
  }
  const minor = version % 0x100;
  if (minor < OLDEST_MINOR) {
    throw new FormatError(
      "error",
      marked`${tooOld}: it speaks protocol 1.${minor}, and Nivis needs 1.${OLDEST_MINOR} (Nix 2.4) or newer`,
    );
  }
  return minor;
}

const featureList = set(text);

function* agreeOnFeatures(
  input: WireInput,
  output: WireOutput,
  own: readonly ProtocolFeature[],
  agreed: Agreement,
): Decoding<ReadonlySet<ProtocolFeature>> {
  if (agreed.minor < FEATURES_SINCE) return new Set();
  featureList.write(output, own, agreed);
  const theirs = new Set(yield* list(text).read(input, agreed));
  return new Set(own.filter((feature) => theirs.has(feature)));
}

/** The client's half of the handshake. */
export function* clientHandshake(
  input: WireInput,
  output: WireOutput,
  options: HandshakeOptions,
): Decoding<ClientHandshake> {
  const newest = options.minor ?? NEWEST_MINOR;
  input.beginValue();
  output.uint64(CLIENT_MAGIC);
  output.uint(versionNumber(newest));
  const magic = yield* input.uint64();
  if (magic !== SERVER_MAGIC) {
    throw new FormatError(
      "error",
      marked`nix-daemon protocol mismatch from: got '${readable(magic)}'`,
    );
  }
  const minor = Math.min(yield* readVersion(input, "the Nix daemon version is too old"), newest);
  const bare: Agreement = { minor, features: new Set(), storeDir: options.storeDir };
  const features = yield* agreeOnFeatures(input, output, options.features ?? CLIENT_FEATURES, bare);
  // No CPU affinity, no space to reserve.
  output.uint(0);
  output.uint(0);
  const daemonVersion = minor >= DAEMON_VERSION_SINCE ? yield* text.read(input, bare) : undefined;
  const trust = minor >= TRUST_SINCE ? yield* input.uint() : 0;
  if (trust > 2) throw wireError("Invalid trusted status from remote");
  return {
    minor,
    features,
    storeDir: options.storeDir,
    ...(daemonVersion === undefined ? {} : { daemonVersion }),
    ...(trust === 0 ? {} : { trusted: trust === 1 }),
  };
}

/** The text that a peer sent instead of the magic number, such as the greeting of a shell. */
function readable(word: bigint): string {
  let shown = "";
  for (let rest = word, i = 0; i < 8; i++, rest >>= 8n) {
    const byte = Number(rest & 0xffn);
    shown += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?";
  }
  return shown;
}

/** The server's half of the handshake. The caller sends messages and `last` afterwards. */
export function* serverHandshake(
  input: WireInput,
  output: WireOutput,
  options: HandshakeOptions & DaemonFacts,
): Decoding<Agreement> {
  const newest = options.minor ?? NEWEST_MINOR;
  input.beginValue();
  const magic = yield* input.uint64();
  if (magic !== CLIENT_MAGIC) throw new FormatError("error", "protocol mismatch");
  output.uint64(SERVER_MAGIC);
  output.uint(versionNumber(newest));
  const minor = Math.min(yield* readVersion(input, "the Nix client version is too old"), newest);
  const bare: Agreement = { minor, features: new Set(), storeDir: options.storeDir };
  const features = yield* agreeOnFeatures(input, output, options.features ?? CLIENT_FEATURES, bare);
  const affinity = yield* input.uint64();
  if (affinity !== 0n) yield* input.uint64();
  yield* input.uint64();
  if (minor >= DAEMON_VERSION_SINCE) output.string(options.daemonVersion ?? "");
  if (minor >= TRUST_SINCE)
    output.uint(options.trusted === undefined ? 0 : options.trusted ? 1 : 2);
  return { minor, features, storeDir: options.storeDir };
}
