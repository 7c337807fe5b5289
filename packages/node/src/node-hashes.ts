/**
 * Hash functions of the platform's own library; only BLAKE3, which it lacks, is computed in
 * JavaScript.
 *
 * The library is loaded with the first hash: most expressions need none, and no other module would
 * slow down the start of a command as much.
 */
import { type HashAlgorithm, type HashFunctions, portableHashes } from "@nivis/formats";

type Crypto = typeof import("node:crypto");

/** Returns data as Node accepts it: it encodes strings as UTF-8, which leaves ASCII unchanged. */
function hashable(data: Uint8Array | string): Uint8Array | string {
  if (typeof data !== "string") return data;
  const isAscii = Buffer.byteLength(data, "utf8") === data.length;
  return isAscii ? data : Buffer.from(data, "latin1");
}

/**
 * Longer strings are hashed in parts: for one call, Node allocates three times their length for
 * UTF-8.
 */
const PART_LENGTH = 1 << 16;

function isLong(data: Uint8Array | string): data is string {
  return typeof data === "string" && data.length > PART_LENGTH;
}

class NodeHashes implements HashFunctions {
  #loaded: Crypto | undefined;

  get #crypto(): Crypto {
    this.#loaded ??= process.getBuiltinModule("node:crypto");
    return this.#loaded;
  }

  #hashParts(algorithm: string, data: string): import("node:crypto").Hash {
    const state = this.#crypto.createHash(algorithm);
    for (let i = 0; i < data.length; i += PART_LENGTH) {
      state.update(data.slice(i, i + PART_LENGTH), "latin1");
    }
    return state;
  }

  hash(algorithm: HashAlgorithm, data: Uint8Array | string): Uint8Array {
    if (algorithm === "blake3") return portableHashes.hash(algorithm, data);
    if (isLong(data)) return this.#hashParts(algorithm, data).digest();
    return this.#crypto.hash(algorithm, hashable(data), "buffer");
  }

  hex(algorithm: HashAlgorithm, data: Uint8Array | string): string {
    if (algorithm === "blake3") return portableHashes.hex(algorithm, data);
    if (isLong(data)) return this.#hashParts(algorithm, data).digest("hex");
    return this.#crypto.hash(algorithm, hashable(data), "hex");
  }

  byteString(algorithm: HashAlgorithm, data: Uint8Array | string): string {
    if (algorithm === "blake3") return portableHashes.byteString(algorithm, data);
    if (isLong(data)) return this.#hashParts(algorithm, data).digest("binary");
    return this.#crypto.hash(algorithm, hashable(data), "binary");
  }

  create(algorithm: HashAlgorithm): ReturnType<HashFunctions["create"]> {
    if (algorithm === "blake3") return portableHashes.create(algorithm);
    const state = this.#crypto.createHash(algorithm);
    return {
      update(data: Uint8Array | string): void {
        if (typeof data === "string") state.update(data, "latin1");
        else state.update(data);
      },
      digest: (): Uint8Array => state.digest(),
    };
  }
}

/** The hash functions of Node. */
export const nodeHashes: HashFunctions = new NodeHashes();
