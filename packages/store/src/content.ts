/**
 * What is addressed by its content: the path it gets, whether a path has the content that its
 * address says, and its NAR. For stores that have no daemon to do this for them.
 */
import {
  type ContentAddress,
  type ContentAddressMethod,
  FormatError,
  makeContentAddressedPath,
  namePart,
  narBytes,
  narTreeSource,
  type PathInfo,
  storePathBaseName,
} from "@nivis/formats";
import { StoreError } from "./error.ts";
import type { ByteStream, StoreHost } from "./host.ts";
import type { ContentToAdd, PathToAdd } from "./store.ts";
import { collect, digestOf, type StreamDigest, streamOf } from "./stream.ts";

/** Where an object with this address and these references is. */
export function pathOfContent(
  name: string,
  address: ContentAddress,
  references: readonly string[],
  storeDir: string,
  host: StoreHost,
): string {
  return makeContentAddressedPath({ storeDir, hashes: host.hashes }, name, address, {
    others: references,
    self: false,
  });
}

/** Whether the path follows from its content address, so that it needs no signature. */
export function isContentAddressed(info: PathInfo, storeDir: string, host: StoreHost): boolean {
  if (info.contentAddress === undefined) return false;
  const self = info.references.includes(info.path);
  try {
    const path = makeContentAddressedPath(
      { storeDir, hashes: host.hashes },
      namePart(storePathBaseName(info.path)),
      info.contentAddress,
      { others: info.references.filter((one) => one !== info.path), self },
    );
    return path === info.path;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

/** The methods whose bytes are a plain file. */
export function isPlainFile(method: ContentAddressMethod): boolean {
  return method === "flat" || method === "text";
}

/**
 * Turns content into a path and its NAR. The bytes are read once for hashes; plain files are held in
 * memory, NARs are read again when they are added.
 */
export async function prepareContent(
  content: ContentToAdd,
  storeDir: string,
  host: StoreHost,
): Promise<PathToAdd> {
  const { name, method, algorithm, references = [] } = content;
  if (method === "git") {
    throw new StoreError("unsupported", "hashing by 'git' is not supported yet");
  }
  let nar: () => ByteStream;
  let digest: StreamDigest | undefined;
  let hash: ContentAddress["hash"];
  if (isPlainFile(method)) {
    const contents = await collect(content.bytes());
    hash = { algorithm, digest: host.hashes.hash(algorithm, contents) };
    const bytes = narBytes(narTreeSource, { type: "regular", executable: false, contents });
    nar = () => streamOf(bytes);
  } else {
    nar = () => content.bytes();
    const found = await digestOf(nar(), host.hashes, algorithm);
    hash = found.hash;
    if (algorithm === "sha256") digest = found;
  }
  const contentAddress: ContentAddress = { method, hash };
  const path = pathOfContent(name, contentAddress, references, storeDir, host);
  digest ??= await digestOf(nar(), host.hashes);
  const info: PathInfo = {
    path,
    narHash: digest.hash,
    narSize: digest.size,
    references: [...references].sort(),
    registrationTime: 0,
    ultimate: false,
    signatures: [],
    contentAddress,
  };
  return { info, nar };
}
