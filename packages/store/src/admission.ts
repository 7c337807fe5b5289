/**
 * Admission: what a store without a daemon checks before it takes a path: references are valid, the
 * signature is trusted or the address follows from the content, and the NAR is what its hash says.
 */
import { equalHashes, formatHash, marked, type NixHash, type PathInfo } from "@nivis/formats";
import { isContentAddressed } from "./content.ts";
import { StoreError } from "./error.ts";
import type { ByteStream, StoreHost } from "./host.ts";
import type { TrustedKeys } from "./signatures.ts";
import type { AddOptions } from "./store.ts";
import { HashingStream } from "./stream.ts";

/** Throws unless the path may be added without looking at its NAR. */
export function checkSignature(
  info: PathInfo,
  storeDir: string,
  host: StoreHost,
  keys: TrustedKeys | undefined,
  options: AddOptions,
): void {
  if (keys === undefined || options.checkSignatures === false) return;
  if (isContentAddressed(info, storeDir, host) || keys.count(info) > 0) return;
  throw new StoreError(
    "signature",
    marked`cannot add path '${info.path}' because it lacks a signature by a trusted key`,
  );
}

/** The error of a NAR that is not what its hash says. */
export function hashMismatch(path: string, wanted: NixHash, got: NixHash): StoreError {
  return new StoreError(
    "corrupt",
    marked`hash mismatch importing path '${path}';\n  specified: ${formatHash(wanted, "sri", true)}\n  got:       ${formatHash(got, "sri", true)}`,
  );
}

/** Passes a NAR on and throws at its end if hash or size are not what `info` says. */
export async function* verifiedNar(
  info: Pick<PathInfo, "path" | "narHash" | "narSize">,
  nar: ByteStream,
  host: StoreHost,
): AsyncGenerator<Uint8Array> {
  const hashing = new HashingStream(nar, host.hashes);
  yield* hashing;
  const { hash, size } = hashing.digest();
  if (!equalHashes(hash, info.narHash)) throw hashMismatch(info.path, info.narHash, hash);
  if (info.narSize !== 0 && size !== info.narSize) {
    throw new StoreError(
      "corrupt",
      marked`size mismatch importing path '${info.path}';\n  specified: ${info.narSize}\n  got:       ${size}`,
    );
  }
}
