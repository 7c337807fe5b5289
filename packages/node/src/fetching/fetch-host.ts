/** The surroundings of fetchers on this machine: its disk, network, programs and clock. */
import type { Decompressor, FetchHost, FetchReporter, TreeHost } from "@nivis/fetch";
import { bytesOfText } from "../byte-path.ts";
import { nodeHashes } from "../node-hashes.ts";
import { nodeCodecs } from "../stores/node-codecs.ts";
import { type HttpOptions, UndiciClient } from "./http-client.ts";
import { NodeDisk } from "./node-disk.ts";
import { NodeProgramRunner } from "./program-runner.ts";

/** How the surroundings are set up. */
export interface NodeFetchOptions extends Omit<HttpOptions, "environment"> {
  /** The environment; texts, not bytes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly reporter: FetchReporter;
}

/** A host, and what ends its connections. */
export interface NodeFetchHost extends FetchHost {
  close(): Promise<void>;
}

/** Makes the surroundings. */
export function nodeFetchHost(options: NodeFetchOptions): NodeFetchHost {
  const { environment, reporter } = options;
  const http = new UndiciClient(options);
  return {
    hashes: nodeHashes,
    reporter,
    http,
    disk: new NodeDisk(),
    programs: new NodeProgramRunner(environment),
    decompressors: nodeDecompressors(),
    inflate: inflateStart,
    now: () => Math.floor(Date.now() / 1000),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    random: Math.random,
    environment: (name) => {
      const value = environment[name];
      return value === undefined ? undefined : bytesOfText(value);
    },
    close: () => http.close(),
  };
}

/** What reading fetched trees needs of this machine. */
export function treeHost(): TreeHost {
  return { hashes: nodeHashes, disk: new NodeDisk(), inflate: inflateStart };
}

/** Undoes the compression of what is at the start of some bytes. */
function inflateStart(bytes: Uint8Array, size: number): Uint8Array {
  const zlib = process.getBuiltinModule("node:zlib");
  return zlib.inflateSync(bytes, { maxOutputLength: Math.max(1, size), chunkSize: chunkFor(size) });
}

const MIN_CHUNK = 64;
const MAX_CHUNK = 1 << 20;

/** Room for all that is expected, so that it comes in one piece. */
function chunkFor(size: number): number {
  return Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, size + 1));
}

/** The decompressors of binary caches serve archives, too. */
function nodeDecompressors(): NonNullable<FetchHost["decompressors"]> {
  const found: Partial<Record<"gzip" | "bzip2" | "xz" | "zstd", Decompressor>> = {};
  for (const name of ["gzip", "bzip2", "xz", "zstd"] as const) {
    const decompress = nodeCodecs[name]?.decompress;
    if (decompress !== undefined) found[name] = decompress;
  }
  return found;
}
