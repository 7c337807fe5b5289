/**
 * Which paths a store in a directory has: the registration text of `nix-store --load-db`, and beside
 * it what that text has no place for.
 *
 *     path, NAR hash in base 16, NAR size, deriver or nothing, number of references, the references
 *
 * one a line. C++ Nix takes for valid only what is in its SQLite database; loading this file once
 * tells it everything. The second file has a line `path time ultimate address signature…` for each
 * path of which one of these is known; later lines count. Source: makeValidityRegistration in
 * store-api.cc of libstore.
 */
import {
  encodeBase16,
  formatContentAddress,
  type PathInfo,
  parseContentAddress,
  parseHash,
} from "@nivis/formats";

const ENTRY_LINES = 5;

/** The entry of a path in the registration text. */
export function formatRegistration(info: PathInfo): string {
  return [
    info.path,
    encodeBase16(info.narHash.digest),
    String(info.narSize),
    info.deriver ?? "",
    String(info.references.length),
    ...info.references,
    "",
  ].join("\n");
}

/** Reads registration text; what a crash cut off at its end is left out. */
export function parseRegistration(text: string): Map<string, PathInfo> {
  const infos = new Map<string, PathInfo>();
  const lines = text.split("\n");
  for (let at = 0; at + ENTRY_LINES < lines.length; ) {
    const [path, hash, size, deriver, count] = lines.slice(at, at + ENTRY_LINES) as [
      string,
      string,
      string,
      string,
      string,
    ];
    const end = at + ENTRY_LINES + Number(count);
    if (!(end < lines.length)) break;
    infos.set(path, {
      path,
      narHash: parseHash(hash, "sha256"),
      narSize: Number(size),
      references: lines.slice(at + ENTRY_LINES, end).sort(),
      registrationTime: 0,
      ultimate: false,
      signatures: [],
      ...(deriver === "" ? {} : { deriver }),
    });
    at = end;
  }
  return infos;
}

/** The line of the second file for a path, or nothing if there is nothing to say. */
export function formatSupplement(info: PathInfo): string {
  const { registrationTime, ultimate, contentAddress, signatures } = info;
  if (
    registrationTime === 0 &&
    !ultimate &&
    contentAddress === undefined &&
    signatures.length === 0
  ) {
    return "";
  }
  const address = contentAddress === undefined ? "-" : formatContentAddress(contentAddress);
  return `${[info.path, registrationTime, ultimate ? 1 : 0, address, ...signatures].join(" ")}\n`;
}

/** Adds what the second file says. */
export function applySupplement(text: string, infos: Map<string, PathInfo>): void {
  for (const line of text.split("\n").slice(0, -1)) {
    const [path = "", time = "0", ultimate = "0", address = "-", ...signatures] = line.split(" ");
    const info = infos.get(path);
    if (info === undefined) continue;
    infos.set(path, {
      ...info,
      registrationTime: Number(time),
      ultimate: ultimate === "1",
      signatures,
      ...(address === "-" ? {} : { contentAddress: parseContentAddress(address) }),
    });
  }
}
