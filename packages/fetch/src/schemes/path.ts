/**
 * The scheme `path`: a directory on disk as it is, with everything in it. Messages show its files below
 * the store path that it has, since C++ Nix copies it to the store before reading it.
 */
import {
  canonPath,
  decodeBase64,
  describeInput,
  type FetcherInput,
  InputError,
  makeFixedOutputPath,
  marked,
  stringAttr,
  tryParseStorePath,
  withInputAttrs,
} from "@nivis/formats";
import { formatNarHash } from "../cache/tree-cache.ts";
import type { FetchHost } from "../host.ts";
import { DiskTree } from "../tree/disk-tree.ts";
import { NamedTree } from "../tree/named-tree.ts";
import { hashTree } from "../tree/source-tree.ts";
import { diskOf, type FetchScheme, type SchemeContext, type SchemeResult } from "./scheme.ts";

/** The absolute path of an input. Throws {@link InputError} if it has a relative one. */
export function pathOfInput(input: FetcherInput): string {
  const path = stringAttr(input.attrs, "path");
  if (path.startsWith("/")) return canonPath(path);
  throw new InputError(
    marked`cannot fetch input '${describeInput(input)}' because it uses a relative path`,
  );
}

async function fetchPath(context: SchemeContext, asked: FetcherInput): Promise<SchemeResult> {
  const path = pathOfInput(asked);
  const disk = diskOf(context, "a path on disk");
  const files = new DiskTree(disk, path, true);
  if (files.fileType("/") === undefined) {
    throw new InputError(marked`opening file "${path}": ${"No such file or directory"}`);
  }
  const isInStore = isStoreSource(context, path);
  // The hash is needed for the fingerprint, and finding it looks at the times of all files.
  const narHash =
    (isInStore ? context.storeHash?.(path) : undefined) ??
    formatNarHash(hashTree(files, context.host.hashes));
  const lastModified = isInStore ? 0 : files.newest;
  const input = asked.attrs.has("lastModified") ? asked : withInputAttrs(asked, { lastModified });
  const fingerprint = `path:${narHash}`;
  const shown = isInStore ? path : () => sourceStorePath(context, narHash);
  return { input, tree: new NamedTree(files, shown, fingerprint), fingerprint, narHash };
}

/** The store path of a tree by its NAR hash. */
function sourceStorePath({ host }: SchemeContext, narHash: string): string {
  const digest = decodeBase64(narHash.slice("sha256-".length));
  const store = { storeDir: storeDirOf(host), hashes: host.hashes };
  return makeFixedOutputPath(store, "source", "nar", { algorithm: "sha256", digest });
}

/** The directory of store paths. */
export function storeDirOf(host: FetchHost): string {
  return host.environment("NIX_STORE_DIR") ?? "/nix/store";
}

/** Whether a path is a store object named `source`, which has no times. */
function isStoreSource({ host }: SchemeContext, path: string): boolean {
  const storeDir = storeDirOf(host);
  const name = path.startsWith(`${storeDir}/`) ? path.slice(storeDir.length + 1) : "";
  return name.endsWith("-source") && tryParseStorePath(path, storeDir) !== undefined;
}

/** See the head of this file. */
export const pathScheme: FetchScheme = { name: "path", fetch: fetchPath };
