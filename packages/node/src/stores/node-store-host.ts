/** What stores need of the platform, from Node: hashes, time, Ed25519, compressions, temporary files. */
import type { CancelSignal, Clock, SignatureFunctions, StoreHost } from "@nivis/store";
import { nodeHashes } from "../node-hashes.ts";
import { nodeCodecs } from "./node-codecs.ts";
import { nodeSpool } from "./node-spool.ts";

/** Before the seed in a PKCS#8 file. */
const PRIVATE_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
/** Before the key in an SPKI file. */
const PUBLIC_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const SEED_LENGTH = 32;

const nodeSignatures: SignatureFunctions = {
  sign(secretKey, message) {
    const { createPrivateKey, sign } = process.getBuiltinModule("node:crypto");
    const key = createPrivateKey({
      key: Buffer.concat([PRIVATE_PREFIX, secretKey.subarray(0, SEED_LENGTH)]),
      format: "der",
      type: "pkcs8",
    });
    return sign(null, message, key);
  },
  verify(publicKey, message, signature) {
    const { createPublicKey, verify } = process.getBuiltinModule("node:crypto");
    const key = createPublicKey({
      key: Buffer.concat([PUBLIC_PREFIX, publicKey]),
      format: "der",
      type: "spki",
    });
    return verify(null, message, key, signature);
  },
  generate() {
    const { generateKeyPairSync } = process.getBuiltinModule("node:crypto");
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-SEED_LENGTH);
    const half = publicKey.export({ format: "der", type: "spki" }).subarray(-SEED_LENGTH);
    return Buffer.concat([seed, half]);
  },
};

const nodeClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds: number, signal?: CancelSignal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener("abort", done);
    }),
};

/** See the head of this file. */
export const nodeStoreHost: StoreHost = {
  hashes: nodeHashes,
  clock: nodeClock,
  signatures: nodeSignatures,
  codecs: nodeCodecs,
  spool: nodeSpool,
  get processors() {
    return process.getBuiltinModule("node:os").availableParallelism();
  },
};
