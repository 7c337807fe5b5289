/**
 * Downloads that are remembered: single files, and archives unpacked into trees (C++ Nix: `downloadFile`
 * and `downloadTarball_` in libfetchers/tarball.cc).
 *
 * Within `tarball-ttl` a download is used as it is; after that the server is asked whether it has
 * changed. Single files on this disk are read anew each time; archives on it are unpacked anew if their
 * size or time of last change differ.
 */
import {
  bytesToByteString,
  decodeUtf8,
  encodeBase16,
  type InputAttr,
  InputError,
  marked,
  parseUrl,
  pathOfUrl,
  plainText,
  tryStringAttr,
} from "@nivis/formats";
import { unpackArchive } from "../archive/unpack.ts";
import type { CacheEntry } from "../cache/fetch-cache.ts";
import type { CachedTree } from "../cache/tree-cache.ts";
import type { DiskStat } from "../host.ts";
import { type Download, DownloadError } from "../http/download.ts";
import { diskOf, isFresh, type SchemeContext } from "./scheme.ts";

/** The break between two lines of an error that is shown within another one. */
const NESTED_LINE = `\n${" ".repeat("error: ".length)}`;

/** Files on this disk up to this size are kept for when they are gone, in bytes. */
const MAX_KEPT_FILE = 2 ** 20;

/** An archive that was downloaded. */
export interface DownloadedTree extends CachedTree {
  /** The time of last change of the newest member; 0 if there is none. */
  readonly lastModified: number;
  readonly immutableUrl: string | undefined;
}

/** How an archive is downloaded. */
export interface TreeDownloadOptions {
  readonly headers?: ReadonlyMap<string, string> | undefined;
  /** What the line about unpacking names; by default the URL. */
  readonly shown?: string;
}

/** Downloads an archive and unpacks it. */
export async function downloadTree(
  context: SchemeContext,
  url: string,
  { headers, shown = url }: TreeDownloadOptions = {},
): Promise<DownloadedTree> {
  const parsed = parseUrl(url);
  if (parsed.scheme === "file") {
    return localTree(context, pathOfUrl(parsed.path), url, shown);
  }
  const key = new Map([["url", url]]);
  const cached = context.cache.get("tarball", key);
  const known = cached === undefined ? undefined : treeOfEntry(context, cached);
  if (known !== undefined && cached !== undefined && isFresh(context, cached.time)) return known;
  const etag =
    known === undefined || cached === undefined ? "" : (tryStringAttr(cached.value, "etag") ?? "");
  const download: Download = {
    url,
    ...(headers === undefined ? {} : { headers }),
    ...(etag === "" ? {} : { etag }),
  };
  const response = await unpacking(context, url, shown, () =>
    context.downloader.fetch(download, (body) => unpack(context, body)),
  );
  const tree =
    response.result === undefined
      ? known
      : { ...response.result, immutableUrl: response.immutableUrl };
  if (tree === undefined)
    throw new InputError(
      marked`the server says that '${url}' has not changed, but it is not in the cache`,
    );
  const value = new Map<string, InputAttr>([
    ["etag", response.etag],
    ["narHash", tree.narHash],
    ["lastModified", tree.lastModified],
    ...(tree.immutableUrl === undefined ? [] : [["immutableUrl", tree.immutableUrl] as const]),
  ]);
  // Not for the immutable URL: a server could put something into the cache for another one.
  for (const one of response.urls) {
    context.cache.put("tarball", new Map([["url", one]]), value, context.host.now());
  }
  return tree;
}

/**
 * The age in seconds from which the time of last change, which is in full seconds, tells contents apart. A file
 * that was just written may be written again within the same second.
 */
const SETTLED_AGE = 2;

/**
 * Unpacks an archive on this disk, or returns the tree that was unpacked from it within `tarball-ttl`.
 *
 * Nix: keeps it by its URL alone, and so misses changes until `tarball-ttl` is over.
 */
async function localTree(
  context: SchemeContext,
  path: string,
  url: string,
  shown: string,
): Promise<DownloadedTree> {
  const stat = statArchive(context, path, url);
  const now = context.host.now();
  const key =
    stat.type === "regular" && now - stat.modified >= SETTLED_AGE
      ? new Map<string, InputAttr>([
          ["url", url],
          ["modified", stat.modified],
          ["size", stat.size],
        ])
      : undefined;
  const cached = key === undefined ? undefined : context.cache.get("tarball", key);
  if (cached !== undefined && isFresh(context, cached.time)) {
    const known = treeOfEntry(context, cached);
    if (known !== undefined) return known;
  }
  const bytes = diskOf(context, "a file on disk").readFile(path);
  const unpacked = await unpacking(context, url, shown, () => unpack(context, piecesOf(bytes)));
  if (key !== undefined) {
    const value = new Map<string, InputAttr>([
      ["narHash", unpacked.narHash],
      ["lastModified", unpacked.lastModified],
    ]);
    context.cache.put("tarball", key, value, now);
  }
  return { ...unpacked, immutableUrl: undefined };
}

function treeOfEntry(context: SchemeContext, { value }: CacheEntry): DownloadedTree | undefined {
  const narHash = tryStringAttr(value, "narHash");
  const lastModified = value.get("lastModified");
  const tree = narHash === undefined ? undefined : context.trees.get(narHash);
  if (tree === undefined || narHash === undefined || typeof lastModified !== "number") {
    return undefined;
  }
  return { tree, narHash, lastModified, immutableUrl: tryStringAttr(value, "immutableUrl") };
}

function unpack(context: SchemeContext, body: AsyncIterable<Uint8Array>) {
  return context.trees.add((spool) =>
    unpackArchive(context.host, body, spool, context.settings.maxUnpackedSize),
  );
}

async function unpacking<Result>(
  { host }: SchemeContext,
  url: string,
  shown: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const end = host.reporter.begin(`unpacking '${shown}' into the Git cache`, true);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (error instanceof DownloadError) {
      // C++ Nix downloads zip archives whole, and reads all others as they come in.
      if (/\.zip$/i.test(pathOfUrl(parseUrl(url).path))) throw error;
      const text = `error: ${error.message}`.trimEnd().replace(/\n(?!\n)/g, NESTED_LINE);
      throw new InputError(marked`Failed to open archive (Source threw exception: ${text})`);
    }
    throw new InputError(marked`Failed to open archive (${error.message})`, error.exitCode);
  } finally {
    end();
  }
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  const length = 1 << 20;
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** The status of an archive on this disk; an error if it cannot be one. */
function statArchive(context: SchemeContext, path: string, url: string): DiskStat {
  const disk = diskOf(context, "a file on disk");
  if (!path.startsWith("/")) {
    throw new InputError(
      marked`tarball '${url}' must use an absolute path. The 'file' scheme does not support relative paths.`,
    );
  }
  const stat = disk.stat(path);
  if (stat === undefined) throw new InputError(marked`tarball "${path}" does not exist.`);
  if (stat.type === "directory") {
    if (disk.stat(`${path}/.git`) !== undefined) {
      throw new InputError(
        marked`tarball "${path}" is a git repository, not a tarball. Please use \`git+file\` as the scheme.`,
      );
    }
    throw new InputError(marked`tarball "${path}" is a directory, not a file.`);
  }
  return stat;
}

/** A file that was downloaded. */
export interface DownloadedFile {
  readonly contents: Uint8Array;
  readonly immutableUrl: string | undefined;
}

/** Downloads a single file; what was downloaded before is used if the server cannot be reached. */
export async function downloadFile(
  context: SchemeContext,
  url: string,
  name: string,
  headers?: ReadonlyMap<string, string>,
): Promise<DownloadedFile> {
  const parsed = parseUrl(url);
  if (parsed.scheme === "file") {
    return localFile(context, pathOfUrl(parsed.path), url, name);
  }
  const key = fileKey(name, url);
  const cached = context.cache.get("file", key);
  const known = cached === undefined ? undefined : fileOfEntry(context, cached);
  if (known !== undefined && cached !== undefined && isFresh(context, cached.time)) return known;
  const etag =
    known === undefined || cached === undefined ? "" : (tryStringAttr(cached.value, "etag") ?? "");
  try {
    const response = await context.downloader.fetchBytes({
      url,
      ...(headers === undefined ? {} : { headers }),
      ...(etag === "" ? {} : { etag }),
    });
    const contents = response.result ?? known?.contents;
    if (contents === undefined)
      throw new InputError(
        marked`the server says that '${url}' has not changed, but it is not in the cache`,
      );
    const value = new Map<string, InputAttr>([
      ["etag", response.etag],
      ["sha256", keepFile(context, contents)],
      ...(response.immutableUrl === undefined
        ? []
        : [["immutableUrl", response.immutableUrl] as const]),
    ]);
    for (const one of response.urls) {
      context.cache.put("file", new Map([...key, ["url", one]]), value, context.host.now());
    }
    return { contents, immutableUrl: response.immutableUrl };
  } catch (error) {
    if (!(error instanceof DownloadError) || known === undefined) throw error;
    context.host.reporter.warn(`${error.message}; using cached version`);
    return known;
  }
}

function fileKey(name: string, url: string): Map<string, InputAttr> {
  return new Map([
    ["name", name],
    ["url", url],
  ]);
}

/** Reads a file on this disk; what it was before if it is gone. */
function localFile(
  context: SchemeContext,
  path: string,
  url: string,
  name: string,
): DownloadedFile {
  const disk = diskOf(context, "a file on disk");
  const key = fileKey(name, url);
  const stat = disk.stat(path);
  if (stat !== undefined) {
    const contents = disk.readFile(path);
    if (contents.length <= MAX_KEPT_FILE) {
      const value = new Map<string, InputAttr>([["sha256", keepFile(context, contents)]]);
      context.cache.put("file", key, value, context.host.now());
    }
    return { contents, immutableUrl: undefined };
  }
  const message = marked`unable to download '${url}': Could not read a file:// file (37) Could not open file ${path}`;
  const cached = context.cache.get("file", key);
  const known = cached === undefined ? undefined : fileOfEntry(context, cached);
  if (known === undefined || cached === undefined) throw new InputError(message);
  if (!isFresh(context, cached.time)) {
    context.host.reporter.warn(plainText(`${message}; using cached version`));
  }
  return known;
}

function filePath({ cacheDirectory }: SchemeContext, sha256: string): string | undefined {
  return cacheDirectory === undefined ? undefined : `${cacheDirectory}/files/${sha256}`;
}

/** Keeps a file under its hash, which is returned. Without a disk the contents are the entry. */
function keepFile(context: SchemeContext, contents: Uint8Array): string {
  const sha256 = encodeBase16(context.host.hashes.hash("sha256", contents));
  const path = filePath(context, sha256);
  const { disk } = context.host;
  if (path === undefined || disk === undefined) return sha256;
  const directory = path.slice(0, path.lastIndexOf("/"));
  disk.makeDirectory(directory);
  const file = disk.newFile(directory);
  try {
    file.write(contents);
    file.moveTo(path);
  } finally {
    file.discard();
  }
  return sha256;
}

function fileOfEntry(context: SchemeContext, { value }: CacheEntry): DownloadedFile | undefined {
  const sha256 = tryStringAttr(value, "sha256");
  const path = sha256 === undefined ? undefined : filePath(context, sha256);
  const { disk } = context.host;
  if (path === undefined || disk?.stat(path) === undefined) return undefined;
  return { contents: disk.readFile(path), immutableUrl: tryStringAttr(value, "immutableUrl") };
}

/** The text of what a server sent as JSON. Throws {@link InputError} if it is something else. */
export function parseServerJson(contents: Uint8Array, url: string): unknown {
  try {
    return JSON.parse(decodeUtf8(bytesToByteString(contents)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InputError(
      marked`the server sent something for '${url}' that is not JSON: ${error.message}`,
    );
  }
}
