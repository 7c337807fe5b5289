/** Hash functions over the platform's own library; only BLAKE3, which it lacks, is done in JavaScript. */
import { createHash, hash as hashOnce } from "node:crypto";
import { type HashAlgorithm, type HashFunctions, portableHashes } from "@nivis/formats";

function bufferOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? Buffer.from(data, "latin1") : data;
}

/** The hash functions of Node. */
export const nodeHashes: HashFunctions = {
  hash(algorithm: HashAlgorithm, data: Uint8Array | string): Uint8Array {
    if (algorithm === "blake3") return portableHashes.hash(algorithm, data);
    return hashOnce(algorithm, bufferOf(data), "buffer");
  },
  create(algorithm: HashAlgorithm) {
    if (algorithm === "blake3") return portableHashes.create(algorithm);
    const state = createHash(algorithm);
    return {
      update(data: Uint8Array | string): void {
        state.update(bufferOf(data));
      },
      digest: (): Uint8Array => state.digest(),
    };
  },
};
