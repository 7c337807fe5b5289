/** Hash functions over the platform's own library; only BLAKE3, which it lacks, is done in JavaScript. */
import { createHash, hash as hashOnce } from "node:crypto";
import { type HashAlgorithm, type HashFunctions, portableHashes } from "@nivis/formats";

/** Data as Node takes it: strings are encoded as UTF-8 there, and ASCII is that already. */
function hashable(data: Uint8Array | string): Uint8Array | string {
  if (typeof data !== "string") return data;
  const isAscii = Buffer.byteLength(data, "utf8") === data.length;
  return isAscii ? data : Buffer.from(data, "latin1");
}

/** The hash functions of Node. */
export const nodeHashes: HashFunctions = {
  hash(algorithm: HashAlgorithm, data: Uint8Array | string): Uint8Array {
    if (algorithm === "blake3") return portableHashes.hash(algorithm, data);
    return hashOnce(algorithm, hashable(data), "buffer");
  },
  hex(algorithm: HashAlgorithm, data: Uint8Array | string): string {
    if (algorithm === "blake3") return portableHashes.hex(algorithm, data);
    return hashOnce(algorithm, hashable(data), "hex");
  },
  create(algorithm: HashAlgorithm) {
    if (algorithm === "blake3") return portableHashes.create(algorithm);
    const state = createHash(algorithm);
    return {
      update(data: Uint8Array | string): void {
        if (typeof data === "string") state.update(data, "latin1");
        else state.update(data);
      },
      digest: (): Uint8Array => state.digest(),
    };
  },
};
