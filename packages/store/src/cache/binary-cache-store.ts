/**
 * Binary caches: `.narinfo` files that describe objects, and the compressed NARs that they name.
 *
 * A cache knows objects by their hash part alone. It is read by anybody and written, where the
 * transport can, NAR first and narinfo last, so that nobody sees half an object. Source:
 * binary-cache-store.cc of libstore.
 */
import {
  bytesOf,
  bytesToByteString,
  DIGEST_PART_LENGTH,
  type DrvOutput,
  decodeUtf8,
  encodeUtf8,
  escapeJsonString,
  FormatError,
  formatHash,
  formatNarInfo,
  formatNarListingFile,
  marked,
  type NarInfo,
  type NarListing,
  type PathInfo,
  parseNarInfo,
  printStorePath,
  storePathBaseName,
  type UnkeyedRealisation,
} from "@nivis/formats";
import { checkSignature, verifiedNar } from "../admission.ts";
import { prepareContent } from "../content.ts";
import { invalidPath, StoreError, unsupported } from "../error.ts";
import type { ByteStream, Codec, Spool, StoreHost } from "../host.ts";
import { NarReader } from "../nar-reader.ts";
import { findInListing, ListedFiles, ListingBuilder } from "../object-files.ts";
import { PathInfoCache } from "../path-info-cache.ts";
import { type SigningKey, signPath, type TrustedKeys } from "../signatures.ts";
import type {
  AddOptions,
  Builder,
  ContentToAdd,
  ObjectFiles,
  PathToAdd,
  RequestOptions,
  Store,
  StoreFacts,
  StoreIndex,
  StoreLogs,
  StoreRealisations,
  StoreWriter,
} from "../store.ts";
import {
  collect,
  forEachParallel,
  HashingStream,
  streamOf,
  Turnstile,
  watched,
} from "../stream.ts";
import { ValidBuilder } from "../valid-builder.ts";
import { formatCacheInfo, parseCacheInfo } from "./cache-info.ts";
import { type NarInfoMemory, NO_MEMORY } from "./narinfo-memory.ts";
import type { CacheTransport } from "./transport.ts";

/** How a cache is used. */
export interface BinaryCacheOptions {
  readonly storeDir: string;
  /** How NARs are compressed when they are written; `xz` unless given. */
  readonly compression?: string;
  readonly compressionLevel?: number;
  /** Whether one object is compressed by all processors, where the compression can do that. */
  readonly parallelCompression?: boolean;
  /** Write a `.ls` file beside each narinfo. */
  readonly writeNarListing?: boolean;
  /** Write a file for each file with debugging information, by its build ID. */
  readonly indexDebugInfo?: boolean;
  /** Sign what is written. */
  readonly secretKeys?: readonly SigningKey[];
  /** Whose signatures count for what is written; without keys none are needed. */
  readonly trustedKeys?: TrustedKeys;
  /** Beat what the cache says of itself. */
  readonly priority?: number;
  readonly wantMassQuery?: boolean;
  readonly memory?: NarInfoMemory;
  /** How many requests run at once; 25 unless given. */
  readonly maxConnections?: number;
  /** Makes `nix-cache-info` where it is missing; a cache without one is refused otherwise. */
  readonly create?: boolean;
  /** Hears warnings. */
  readonly warn?: (message: string) => void;
}

const DEBUG_FOLDER = "lib/debug/.build-id";
const INFO_KEY = "nix-cache-info";
const TRACE_FOLDER = "build-trace-v2";
/** What C++ Nix makes in a cache of this machine. */
const FOLDERS = ["nar", TRACE_FOLDER, "log"];
const MAX_SMALL_FILE = 64 * 2 ** 20;
const DEFAULT_CONNECTIONS = 25;

/** Endings of NAR files; other compressions have none. */
const ENDINGS: Readonly<Record<string, string>> = {
  xz: ".xz",
  bzip2: ".bz2",
  zstd: ".zst",
  lzip: ".lzip",
  lz4: ".lz4",
  br: ".br",
};

/** What is written where the wished compression is not to be had, the best first. */
const SUBSTITUTE_COMPRESSIONS = ["zstd", "xz", "br", "gzip"];

/** What a cache tells of a path: also where the file is. */
export interface CachedPathInfo extends PathInfo {
  readonly url: string;
  readonly compression: string;
  readonly downloadHash?: NonNullable<NarInfo["fileHash"]>;
  /** Bytes; 0 if unknown. */
  readonly downloadSize: number;
}

/** See the head of this file. */
export class BinaryCacheStore implements Store {
  readonly uri: string;
  readonly storeDir: string;
  priority: number;
  wantMassQuery: boolean;
  readonly writer?: StoreWriter;
  readonly index?: StoreIndex;
  readonly logs: StoreLogs;
  readonly realisations: StoreRealisations;
  readonly builder = (): Builder => new ValidBuilder(this, this.#host);
  readonly addSignatures?: NonNullable<Store["addSignatures"]>;
  readonly #host: StoreHost;
  readonly #transport: CacheTransport;
  readonly #options: BinaryCacheOptions;
  readonly #memory: NarInfoMemory;
  readonly #infos: PathInfoCache;
  /** Compressing takes a processor, and with xz some 100 MB. */
  readonly #compressing: Turnstile;
  #opened: Promise<void> | undefined;
  #compression: { readonly name: string; readonly codec: Codec | undefined } | undefined;

  constructor(host: StoreHost, transport: CacheTransport, options: BinaryCacheOptions) {
    this.#host = host;
    this.#compressing = new Turnstile(host.processors);
    this.#transport = transport;
    this.#options = options;
    this.#memory = options.memory ?? NO_MEMORY;
    this.#infos = new PathInfoCache(host.clock);
    this.uri = transport.uri;
    this.storeDir = options.storeDir;
    this.priority = options.priority ?? 0;
    this.wantMassQuery = options.wantMassQuery ?? false;
    this.logs = {
      buildLog: (drvPath, request) => this.#buildLog(drvPath, request),
      addBuildLog: (drvPath, log) => this.#addBuildLog(drvPath, log),
    };
    this.realisations = {
      realisation: (id, request) => this.#realisation(id, request),
      register: async ({ id, value }) => {
        await this.#putText(realisationKey(id), "application/json", formatRealisation(value));
      },
    };
    if (transport.put !== undefined) {
      this.writer = {
        add: (item, request) => this.#add(item, request),
        addMany: (items, request) => this.#addMany(items, request),
        addContent: (content, request) => this.#addContent(content, request),
      };
      this.addSignatures = (path, signatures) => this.#addSignatures(path, signatures);
    }
    const { list } = transport;
    if (list !== undefined) {
      this.index = {
        allPaths: async (request) => {
          await this.#open();
          const names = (await list(request)).filter((name) => name.endsWith(".narinfo"));
          const paths: string[] = [];
          await forEachParallel(names, DEFAULT_CONNECTIONS, async (name) => {
            const info = await this.#infoByHash(name.slice(0, -".narinfo".length));
            if (info !== undefined) paths.push(info.path);
          });
          return paths.sort();
        },
        referrers: async () => {
          throw unsupported("queryReferrers", this.uri);
        },
        derivers: async () => {
          throw unsupported("queryValidDerivers", this.uri);
        },
      };
    }
  }

  /** Reads `nix-cache-info`, once. */
  #open(options?: RequestOptions): Promise<void> {
    this.#opened ??= this.#readCacheInfo(options).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #readCacheInfo(options: RequestOptions | undefined): Promise<void> {
    if (this.#options.create === true) {
      await this.#transport.prepare?.(
        this.#options.indexDebugInfo === true ? [...FOLDERS, "debuginfo"] : FOLDERS,
      );
    }
    const text = await this.#text(INFO_KEY, options);
    if (text === undefined) {
      if (this.#options.create !== true || this.#transport.put === undefined) {
        throw new StoreError("usage", marked`'${this.uri}' does not appear to be a binary cache`);
      }
      const info = formatCacheInfo({ storeDir: this.storeDir });
      await this.#putText(INFO_KEY, "text/x-nix-cache-info", info);
      return;
    }
    const info = parseCacheInfo(text);
    if (info.storeDir !== undefined && info.storeDir !== this.storeDir) {
      throw new StoreError(
        "usage",
        marked`binary cache '${this.uri}' is for Nix stores with prefix '${info.storeDir}', not '${this.storeDir}'`,
      );
    }
    this.priority = this.#options.priority ?? info.priority ?? this.priority;
    this.wantMassQuery = this.#options.wantMassQuery ?? info.wantMassQuery ?? this.wantMassQuery;
  }

  async #text(key: string, options?: RequestOptions): Promise<string | undefined> {
    const stream = await this.#transport.fetch(key, options);
    if (stream === undefined) return undefined;
    return bytesToByteString(await collect(stream, MAX_SMALL_FILE));
  }

  async #putText(key: string, contentType: string, text: string): Promise<void> {
    const bytes = bytesOf(text);
    await this.#put(key, contentType, bytes.length, () => streamOf(bytes));
  }

  async #put(
    key: string,
    contentType: string,
    size: number,
    read: () => ByteStream,
  ): Promise<void> {
    if (this.#transport.put === undefined) throw unsupported("addToStore", this.uri);
    await this.#transport.put(key, { contentType, size, read });
  }

  // Reading

  async facts(): Promise<StoreFacts> {
    await this.#open();
    // Nix: whoever may write the files of a cache is trusted.
    return this.uri.startsWith("file://") ? { trusted: true } : {};
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  async info(path: string, options?: RequestOptions): Promise<CachedPathInfo | undefined> {
    const info = await this.#infoByHash(hashPartOf(path), options);
    // Caches know objects by hash alone, but what they tell must be about this path.
    return info?.path === path ? info : undefined;
  }

  async #infoByHash(
    hashPart: string,
    options?: RequestOptions,
  ): Promise<CachedPathInfo | undefined> {
    const known = this.#infos.get(hashPart);
    if (known !== undefined) return (known ?? undefined) as CachedPathInfo | undefined;
    await this.#open();
    let text = await this.#memory.lookUp(this.uri, hashPart);
    if (text === undefined) {
      text = (await this.#text(`${hashPart}.narinfo`, options)) ?? null;
      await this.#memory.remember(this.uri, hashPart, text);
    }
    const info = text === null ? undefined : this.#parse(text, hashPart);
    this.#infos.set(hashPart, info);
    return info;
  }

  #parse(text: string, hashPart: string): CachedPathInfo {
    try {
      return pathInfoOf(parseNarInfo(text, `${hashPart}.narinfo`, this.storeDir));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new StoreError("corrupt", error.message);
    }
  }

  async validPaths(
    paths: readonly string[],
    options?: RequestOptions,
  ): Promise<ReadonlySet<string>> {
    const valid = new Set<string>();
    const limit = this.#options.maxConnections ?? DEFAULT_CONNECTIONS;
    await forEachParallel(paths, limit, async (path) => {
      if ((await this.info(path, options)) !== undefined) valid.add(path);
    });
    return valid;
  }

  async pathOfHashPart(hashPart: string, options?: RequestOptions): Promise<string | undefined> {
    return (await this.#infoByHash(hashPart, options))?.path;
  }

  async *nar(path: string, options: RequestOptions = {}): AsyncGenerator<Uint8Array> {
    const info = await this.info(path, options);
    if (info === undefined) throw invalidPath(path);
    const decompress = this.#decompressor(info.compression);
    const stream = await this.#transport.fetch(info.url, options);
    if (stream === undefined) {
      // It was there when its narinfo was read.
      this.#infos.delete(hashPartOf(path));
      throw new StoreError(
        "invalid-path",
        marked`file '${info.url}' does not exist in binary cache '${this.uri}'`,
      );
    }
    yield* decompress(stream);
  }

  #decompressor(compression: string): (stream: ByteStream) => ByteStream {
    if (compression === "none") return (stream) => stream;
    const decompress = this.#host.codecs[compression]?.decompress;
    if (decompress === undefined) {
      throw new StoreError("unsupported", marked`compression '${compression}' is not supported`);
    }
    return decompress;
  }

  async files(path: string, options: RequestOptions = {}): Promise<ObjectFiles> {
    const info = await this.info(path, options);
    if (info === undefined) throw invalidPath(path);
    const listing = await this.#listing(path, options);
    // Of an uncompressed NAR, a file is a range.
    if (listing !== undefined && info.compression === "none") {
      return new ListedFiles(path, listing, (offset, size) =>
        this.#range(info.url, offset, size, options),
      );
    }
    return ListedFiles.of(path, () => this.nar(path, options));
  }

  async *#range(
    url: string,
    offset: number,
    length: number,
    options: RequestOptions,
  ): AsyncGenerator<Uint8Array> {
    if (length === 0) return;
    const stream = await this.#transport.fetch(url, { ...options, offset, length });
    if (stream === undefined) {
      throw new StoreError(
        "io",
        marked`file '${url}' does not exist in binary cache '${this.uri}'`,
      );
    }
    yield* stream;
  }

  async #listing(path: string, options: RequestOptions): Promise<NarListing | undefined> {
    const text = await this.#text(`${hashPartOf(path)}.ls`, options);
    return text === undefined ? undefined : parseListingFile(text);
  }

  async #buildLog(drvPath: string, options?: RequestOptions): Promise<ByteStream | undefined> {
    await this.#open(options);
    return this.#transport.fetch(`log/${storePathBaseName(drvPath)}`, options);
  }

  async #addBuildLog(drvPath: string, log: ByteStream): Promise<void> {
    const bytes = await collect(log);
    const key = `log/${storePathBaseName(drvPath)}`;
    await this.#put(key, "text/plain; charset=utf-8", bytes.length, () => streamOf(bytes));
  }

  async #realisation(
    id: DrvOutput,
    options?: RequestOptions,
  ): Promise<UnkeyedRealisation | undefined> {
    await this.#open();
    const text = await this.#text(realisationKey(id), options);
    return text === undefined
      ? undefined
      : parseRealisation(text, this.storeDir, realisationKey(id));
  }

  // Writing

  async #addMany(items: readonly PathToAdd[], options?: AddOptions): Promise<void> {
    // References come first in `items`; an object is written when those of it that are in the list are.
    const done = new Map<string, Promise<void>>();
    const limit = this.#options.maxConnections ?? DEFAULT_CONNECTIONS;
    await forEachParallel(items, limit, (item) => {
      const before = item.info.references.flatMap((path) => done.get(path) ?? []);
      const written = Promise.all(before).then(() => this.#add(item, options));
      done.set(item.info.path, written);
      return written;
    });
  }

  async #addContent(content: ContentToAdd, options?: AddOptions): Promise<PathInfo> {
    const item = await prepareContent(content, this.storeDir, this.#host);
    await this.#add(item, options);
    return (await this.info(item.info.path)) ?? item.info;
  }

  async #add({ info, nar }: PathToAdd, options: AddOptions = {}): Promise<void> {
    await this.#open();
    const hashPart = hashPartOf(info.path);
    if (options.repair !== true && (await this.#isThere(info.path, options))) return;
    checkSignature(info, this.storeDir, this.#host, this.#options.trustedKeys, options);
    for (const reference of info.references) {
      if (reference === info.path || (await this.#isThere(reference, options))) continue;
      throw new StoreError(
        "invalid-path",
        marked`cannot add '${info.path}' to the binary cache because the reference '${reference}' is not valid`,
      );
    }
    const { name, codec } = this.#writtenCompression();
    const listing = new ListingBuilder();
    const parser = new NarReader();
    const plain = watched(verifiedNar(info, nar(), this.#host), (piece) => {
      for (const event of parser.push(piece)) listing.add(event);
    });
    const { compressionLevel: level, parallelCompression: parallel } = this.#options;
    const compressed = codec?.compress?.(plain, level, parallel) ?? plain;
    const spool = await this.#host.spool();
    try {
      const file = new HashingStream(compressed, this.#host.hashes);
      const write = async (): Promise<void> => {
        for await (const piece of file) await spool.write(piece);
      };
      await (codec?.compress === undefined ? write() : this.#compressing.run(write));
      parser.finish();
      const { hash, size } = file.digest();
      const url = `nar/${formatHash(hash, "nix32", false)}.nar${ENDINGS[name] ?? ""}`;
      await this.#putSpool(url, spool, size);
      if (this.#options.writeNarListing === true) {
        const text = formatNarListingFile(listing.root());
        await this.#putText(`${hashPart}.ls`, "application/json", text);
      }
      if (this.#options.indexDebugInfo === true) await this.#putDebugIndex(listing.root(), url);
      await this.#putInfo({
        ...info,
        url,
        compression: name,
        downloadHash: hash,
        downloadSize: size,
        signatures: this.#signed(info),
      });
    } finally {
      await spool.dispose();
    }
  }

  /** Says for each build ID in an object which member of which archive has the information. */
  async #putDebugIndex(root: NarListing, url: string): Promise<void> {
    const folder = findInListing(root, DEBUG_FOLDER);
    if (folder?.type !== "directory") return;
    for (const [start, inner] of folder.entries) {
      if (inner.type !== "directory" || !/^[0-9a-f]{2}$/.test(start)) continue;
      for (const [end, { type }] of inner.entries) {
        if (type !== "regular" || !/^[0-9a-f]{38}\.debug$/.test(end)) continue;
        const key = `debuginfo/${start}${end}`;
        if (await this.#transport.exists(key)) continue;
        const text = JSON.stringify({
          archive: `../${url}`,
          member: `${DEBUG_FOLDER}/${start}/${end}`,
        });
        await this.#putText(key, "application/json", text);
      }
    }
  }

  /** Whether the cache has a path: asked of the cache itself, since others write to it as well. */
  async #isThere(path: string, options?: RequestOptions): Promise<boolean> {
    const known = this.#infos.get(hashPartOf(path));
    if (known !== undefined && known !== null) return true;
    return this.#transport.exists(`${hashPartOf(path)}.narinfo`, options);
  }

  async #putSpool(key: string, spool: Spool, size: number): Promise<void> {
    if (await this.#transport.exists(key)) return;
    await this.#put(key, "application/x-nix-nar", size, () => spool.read());
  }

  async #putInfo(info: CachedPathInfo): Promise<void> {
    const hashPart = hashPartOf(info.path);
    const text = formatNarInfo(narInfoOf(info));
    await this.#putText(`${hashPart}.narinfo`, "text/x-nix-narinfo", text);
    await this.#memory.remember(this.uri, hashPart, text);
    this.#infos.set(hashPart, info);
  }

  #signed(info: PathInfo): readonly string[] {
    const own = (this.#options.secretKeys ?? []).map((key) =>
      signPath(info, key, this.#host.signatures),
    );
    return [...new Set([...info.signatures, ...own])].sort();
  }

  async #addSignatures(path: string, signatures: readonly string[]): Promise<void> {
    const info = await this.info(path);
    if (info === undefined) throw invalidPath(path);
    const all = [...new Set([...info.signatures, ...signatures])].sort();
    await this.#putInfo({ ...info, signatures: all });
  }

  /** The compression for writing: the one that was wished, or one that can be had. */
  #writtenCompression(): { readonly name: string; readonly codec: Codec | undefined } {
    if (this.#compression !== undefined) return this.#compression;
    const wished = this.#options.compression ?? "xz";
    const choose = (name: string): { name: string; codec: Codec | undefined } => {
      this.#compression = { name, codec: this.#host.codecs[name] };
      return this.#compression;
    };
    if (wished === "none" || this.#host.codecs[wished]?.compress !== undefined) {
      return choose(wished);
    }
    for (const name of SUBSTITUTE_COMPRESSIONS) {
      if (this.#host.codecs[name]?.compress === undefined) continue;
      this.#options.warn?.(
        `cannot compress by '${wished}' here; writing to '${this.uri}' by '${name}' instead`,
      );
      return choose(name);
    }
    this.#options.warn?.(
      `cannot compress by '${wished}' here; writing uncompressed to '${this.uri}'`,
    );
    return choose("none");
  }
}

function hashPartOf(path: string): string {
  return storePathBaseName(path).slice(0, DIGEST_PART_LENGTH);
}

/** What a narinfo says of a path. */
export function pathInfoOf(info: NarInfo): CachedPathInfo {
  return {
    path: info.storePath,
    narHash: info.narHash,
    narSize: info.narSize,
    references: [...info.references].sort(),
    registrationTime: 0,
    ultimate: false,
    signatures: info.signatures,
    url: info.url,
    compression: info.compression,
    downloadSize: info.fileSize,
    ...(info.fileHash === undefined ? {} : { downloadHash: info.fileHash }),
    ...(info.deriver === undefined ? {} : { deriver: info.deriver }),
    ...(info.contentAddress === undefined ? {} : { contentAddress: info.contentAddress }),
  };
}

function narInfoOf(info: CachedPathInfo): NarInfo {
  return {
    storePath: info.path,
    url: info.url,
    compression: info.compression,
    fileSize: info.downloadSize,
    narHash: info.narHash,
    narSize: info.narSize,
    references: new Set(info.references),
    signatures: info.signatures,
    ...(info.downloadHash === undefined ? {} : { fileHash: info.downloadHash }),
    ...(info.deriver === undefined ? {} : { deriver: info.deriver }),
    ...(info.contentAddress === undefined ? {} : { contentAddress: info.contentAddress }),
  };
}

function realisationKey({ drvPath, outputName }: DrvOutput): string {
  return `${TRACE_FOLDER}/${storePathBaseName(drvPath)}/${outputName}.doi`;
}

function formatRealisation({ outPath, signatures }: UnkeyedRealisation): string {
  const listed = signatures.map((signature) => {
    const colon = signature.indexOf(":");
    const [keyName, sig] = [signature.slice(0, colon), signature.slice(colon + 1)];
    return `{"keyName":${escapeJsonString(keyName)},"sig":${escapeJsonString(sig)}}`;
  });
  const path = escapeJsonString(storePathBaseName(outPath));
  return `{"outPath":${path},"signatures":[${listed.join(",")}]}`;
}

function parseJsonObject(text: string, whence: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(decodeUtf8(text));
  } catch {
    throw new StoreError("corrupt", marked`file '${whence}' of the binary cache is not JSON`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new StoreError(
      "corrupt",
      marked`file '${whence}' of the binary cache is not a JSON object`,
    );
  }
  return parsed as Record<string, unknown>;
}

function parseRealisation(text: string, storeDir: string, whence: string): UnkeyedRealisation {
  const { outPath, signatures } = parseJsonObject(text, whence);
  if (typeof outPath !== "string") {
    throw new StoreError("corrupt", marked`file '${whence}' of the binary cache has no 'outPath'`);
  }
  const listed = Array.isArray(signatures) ? (signatures as unknown[]) : [];
  return {
    outPath: printStorePath(encodeUtf8(outPath), storeDir),
    signatures: listed.flatMap((one) => {
      if (typeof one === "string") return [encodeUtf8(one)];
      const { keyName, sig } = one as { keyName?: unknown; sig?: unknown };
      return typeof keyName === "string" && typeof sig === "string"
        ? [encodeUtf8(`${keyName}:${sig}`)]
        : [];
    }),
  };
}

/** Reads a `.ls` file; `undefined` for one that makes no sense, since the NAR says the same. */
function parseListingFile(text: string): NarListing | undefined {
  try {
    const { version, root } = parseJsonObject(text, ".ls");
    return version === 1 ? listingOf(root) : undefined;
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

function listingOf(value: unknown): NarListing {
  const node = value as Record<string, unknown>;
  const number = (key: string): number => (typeof node[key] === "number" ? node[key] : 0);
  switch (node?.["type"]) {
    case "regular":
      return {
        type: "regular",
        size: number("size"),
        executable: node["executable"] === true,
        narOffset: number("narOffset"),
      };
    case "symlink":
      return { type: "symlink", target: encodeUtf8(String(node["target"])) };
    case "directory":
      return {
        type: "directory",
        entries: new Map(
          Object.entries((node["entries"] ?? {}) as object).map(([name, child]) => [
            encodeUtf8(name),
            listingOf(child),
          ]),
        ),
      };
    default:
      throw new StoreError("corrupt", "a NAR listing has a node of unknown type");
  }
}
