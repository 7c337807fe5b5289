/**
 * Keys and signatures: `name:base64`, Ed25519. A key is found by its name alone; of two trusted keys
 * with one name the first counts. Source: signature/local-keys.cc of libutil, keys.cc of libstore.
 */
import {
  bytesOf,
  decodeBase64,
  encodeBase64,
  FormatError,
  marked,
  type PathInfo,
  pathFingerprint,
} from "@nivis/formats";
import { StoreError } from "./error.ts";
import type { SignatureFunctions } from "./host.ts";

/** A public key, or a secret one. */
export interface SigningKey {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const SECRET_LENGTH = 64;
const PUBLIC_LENGTH = 32;
const SIGNATURE_LENGTH = 64;

function split(text: string): { readonly name: string; readonly data: string } | undefined {
  const colon = text.indexOf(":");
  if (colon <= 0 || colon === text.length - 1) return undefined;
  return { name: text.slice(0, colon), data: text.slice(colon + 1) };
}

function parseKey(text: string, length: number, kind: string): SigningKey {
  const parts = split(text.trim());
  if (parts === undefined) {
    throw new StoreError("signature", "key is corrupt", ["while decoding key named ''"]);
  }
  try {
    const bytes = decodeBase64(parts.data);
    if (bytes.length === length) return { name: parts.name, bytes };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  throw new StoreError("signature", marked`${kind} key is not valid`, [
    `while decoding key named '${parts.name}'`,
  ]);
}

/** Reads `name:base64` with the 64 bytes of a secret key. */
export function parseSecretKey(text: string): SigningKey {
  return parseKey(text, SECRET_LENGTH, "secret");
}

/** Reads `name:base64` with the 32 bytes of a public key. */
export function parsePublicKey(text: string): SigningKey {
  return parseKey(text, PUBLIC_LENGTH, "public");
}

/** Writes a key as {@link parseSecretKey} and {@link parsePublicKey} read it. */
export function formatKey({ name, bytes }: SigningKey): string {
  return `${name}:${encodeBase64(bytes)}`;
}

/** The public half of a secret key. */
export function publicKeyOf(secret: SigningKey): SigningKey {
  return { name: secret.name, bytes: secret.bytes.subarray(SECRET_LENGTH - PUBLIC_LENGTH) };
}

/** Signs a text; returns `name:base64`. */
export function signText(text: string, secret: SigningKey, functions: SignatureFunctions): string {
  return `${secret.name}:${encodeBase64(functions.sign(secret.bytes, bytesOf(text)))}`;
}

/** Signs what is known of a path. */
export function signPath(
  info: PathInfo,
  secret: SigningKey,
  functions: SignatureFunctions,
): string {
  return signText(pathFingerprint(info), secret, functions);
}

/** The keys that are trusted, by name. */
export class TrustedKeys {
  readonly #keys = new Map<string, Uint8Array>();
  readonly #functions: SignatureFunctions;

  constructor(keys: Iterable<SigningKey>, functions: SignatureFunctions) {
    this.#functions = functions;
    for (const { name, bytes } of keys) if (!this.#keys.has(name)) this.#keys.set(name, bytes);
  }

  /** Whether `signature` is a good one of `text` by a trusted key. */
  verify(text: string, signature: string): boolean {
    const parts = split(signature);
    const key = parts === undefined ? undefined : this.#keys.get(parts.name);
    if (parts === undefined || key === undefined) return false;
    let bytes: Uint8Array;
    try {
      bytes = decodeBase64(parts.data);
    } catch (error) {
      if (error instanceof FormatError) return false;
      throw error;
    }
    if (bytes.length !== SIGNATURE_LENGTH) return false;
    return this.#functions.verify(key, bytesOf(text), bytes);
  }

  /** How many distinct trusted keys signed a path. */
  count(info: PathInfo): number {
    if (info.signatures.length === 0) return 0;
    const fingerprint = pathFingerprint(info);
    const names = new Set<string>();
    for (const signature of info.signatures) {
      if (this.verify(fingerprint, signature)) names.add(split(signature)?.name ?? "");
    }
    return names.size;
  }
}
