/**
 * Path infos as JSON, in the three formats of `nix path-info --json-format`.
 *
 * Format 1 has whole paths and the content address as text; 2 has base names and the address as an
 * object; 3 also has signatures as objects. Source: path-info.cc and nar-info.cc of libstore.
 */
import { escapeJsonString } from "./codec/json.ts";
import { jsonObject, jsonStrings } from "./codec/json-text.ts";
import { formatContentAddress } from "./content-address.ts";
import { formatHash, type NixHash } from "./hash/nix-hash.ts";
import type { PathInfo } from "./path-info.ts";
import { storePathBaseName } from "./store-path.ts";

/** The versions of the format. */
export type PathInfoJsonFormat = 1 | 2 | 3;

/** A path info with the additional fields of binary caches and computed sizes. */
export interface PathInfoForJson extends PathInfo {
  readonly url?: string;
  readonly compression?: string;
  readonly downloadHash?: NixHash;
  /** In bytes; 0 if unknown. */
  readonly downloadSize?: number;
  /** The total size of the NARs of the closure in bytes. */
  readonly closureSize?: number;
  /** The total size of the closure's files in a cache, in bytes. */
  readonly closureDownloadSize?: number;
}

function sri(hash: NixHash): string {
  return escapeJsonString(formatHash(hash, "sri", true));
}

function signature(text: string): string {
  const colon = text.indexOf(":");
  const keyName = escapeJsonString(text.slice(0, colon));
  return `{"keyName":${keyName},"sig":${escapeJsonString(text.slice(colon + 1))}}`;
}

/** One path info as compact JSON. */
export function formatPathInfoJson(
  info: PathInfoForJson,
  format: PathInfoJsonFormat,
  storeDir: string,
): string {
  const path = (one: string): string => (format === 1 ? one : storePathBaseName(one));
  const { contentAddress, deriver, registrationTime, downloadSize = 0 } = info;
  const address =
    contentAddress === undefined
      ? "null"
      : format === 1
        ? escapeJsonString(formatContentAddress(contentAddress))
        : `{"hash":${sri(contentAddress.hash)},"method":"${contentAddress.method}"}`;
  const number = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : String(value);
  return jsonObject([
    ["ca", address],
    ["closureDownloadSize", number(info.closureDownloadSize)],
    ["closureSize", number(info.closureSize)],
    [
      "compression",
      info.compression === undefined ? undefined : escapeJsonString(info.compression),
    ],
    ["deriver", deriver === undefined ? "null" : escapeJsonString(path(deriver))],
    ["downloadHash", info.downloadHash === undefined ? undefined : sri(info.downloadHash)],
    ["downloadSize", downloadSize === 0 ? undefined : String(downloadSize)],
    ["narHash", sri(info.narHash)],
    ["narSize", String(info.narSize)],
    ["references", jsonStrings(info.references.map(path))],
    ["registrationTime", registrationTime === 0 ? "null" : String(registrationTime)],
    [
      "signatures",
      format === 3 ? `[${info.signatures.map(signature).join(",")}]` : jsonStrings(info.signatures),
    ],
    ["storeDir", escapeJsonString(storeDir)],
    ["ultimate", String(info.ultimate)],
    ["url", info.url === undefined ? undefined : escapeJsonString(info.url)],
    ["version", String(format)],
  ]);
}

/** Path infos by path, as one JSON text; `undefined` marks an invalid path. */
export function formatPathInfosJson(
  infos: Iterable<readonly [path: string, info: PathInfoForJson | undefined]>,
  format: PathInfoJsonFormat,
  storeDir: string,
): string {
  const all = jsonObject(
    [...infos].map(([path, info]) => [
      format === 1 ? path : storePathBaseName(path),
      info === undefined ? "null" : formatPathInfoJson(info, format, storeDir),
    ]),
  );
  if (format === 1) return all;
  return `{"info":${all},"storeDir":${escapeJsonString(storeDir)},"version":${format}}`;
}
