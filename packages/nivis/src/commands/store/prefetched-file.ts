/**
 * What `nivis store prefetch-file` downloads: one file, or the tree in an archive (C++ Nix:
 * `prefetchFile` in nix/prefetch.cc). It has a bundle of its own (see scripts/bundles.mjs), because it
 * brings the code of fetchers along, which other commands on stores do without. Downloads are not
 * remembered, and everything is held in memory.
 */
import {
  Downloader,
  dumpTree,
  type MemoryDirectory,
  MemorySpool,
  MemoryTree,
  unpackWhole,
} from "@nivis/fetch";
import {
  byteStringToBytes,
  InputError,
  marked,
  narBytes,
  narTreeSource,
  parseUrl,
  pathOfUrl,
} from "@nivis/formats";
import {
  type FlakeSettings,
  flakeSettings,
  type NodeFetchHost,
  nodeFetchHost,
  type SettingTexts,
} from "@nivis/node";
import { streamOf } from "@nivis/store";

/** What to download. */
export interface PrefetchRequest {
  readonly url: string;
  /** Take the tree in the archive. */
  readonly unpack: boolean;
  /** Make the file executable, and so take its NAR. */
  readonly executable: boolean;
  readonly settings: SettingTexts;
  /** The environment; texts, not bytes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly warn: (message: string) => void;
}

/** Downloads; returns the bytes of the file, or of the NAR. Throws {@link InputError}. */
export async function prefetchedBytes(request: PrefetchRequest): Promise<Uint8Array> {
  const { url, environment, warn } = request;
  const settings = flakeSettings(request.settings, environment);
  const { certificateFile, connections, connectTimeout, stalledTimeout } = settings;
  const host = nodeFetchHost({
    environment,
    reporter: { warn, begin: () => () => {} },
    connections,
    connectTimeout,
    stalledTimeout,
    ...(certificateFile === "" ? {} : { certificateFile }),
  });
  try {
    const contents = await download(url, host, settings);
    if (request.unpack) return await unpacked(contents, url, host, settings);
    if (!request.executable) return contents;
    return narBytes(narTreeSource, { type: "regular", executable: true, contents });
  } finally {
    await host.close();
  }
}

async function download(
  url: string,
  host: NodeFetchHost,
  settings: FlakeSettings,
): Promise<Uint8Array> {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(url))
    throw new InputError(marked`URL '${url}' doesn't have a scheme`);
  const parsed = parseUrl(url, true);
  if (parsed.scheme === "file") return localFile(pathOfUrl(parsed.path), url, host);
  if (parsed.scheme !== "http" && parsed.scheme !== "https") {
    throw new InputError(
      marked`unable to download '${url}': the scheme '${parsed.scheme}' is not supported; use http, https or file`,
    );
  }
  const { result } = await new Downloader(host, settings).fetchBytes({ url });
  // The server was not asked whether something has changed, so it sends all.
  return result as Uint8Array;
}

function localFile(path: string, url: string, { disk }: NodeFetchHost): Uint8Array {
  const type = disk?.stat(path)?.type;
  if (disk === undefined || type === undefined) {
    throw new InputError(
      marked`unable to download '${url}': Could not read a file:// file (37) Could not open file ${path}`,
    );
  }
  if (type === "directory") {
    throw new InputError(marked`unable to download '${url}': it is a directory, not a file`);
  }
  return disk.readFile(path);
}

async function unpacked(
  archive: Uint8Array,
  url: string,
  host: NodeFetchHost,
  settings: FlakeSettings,
): Promise<Uint8Array> {
  const root = await topLevel(archive, host, settings);
  const [only, ...more] = root.entries.values();
  if (only === undefined) throw new InputError(marked`archive '${url}' is empty`);
  const tree = new MemoryTree(more.length === 0 ? only : root, "");
  const pieces: Uint8Array[] = [];
  dumpTree(tree, (chunk) => {
    pieces.push(typeof chunk === "string" ? byteStringToBytes(chunk) : chunk.slice());
  });
  return Buffer.concat(pieces);
}

async function topLevel(
  archive: Uint8Array,
  host: NodeFetchHost,
  { maxUnpackedSize }: FlakeSettings,
): Promise<MemoryDirectory> {
  try {
    const { root } = await unpackWhole(host, streamOf(archive), new MemorySpool(), maxUnpackedSize);
    return root;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(marked`failed to open archive: ${error.message}`);
  }
}
