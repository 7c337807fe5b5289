/**
 * Git LFS: files whose contents the repository only points to, fetched from the server beside it.
 *
 * Trees are read synchronously, so all files are fetched when the tree is obtained; they are kept in the
 * cache by their hash (C++ Nix: libfetchers/git-lfs-fetch.cc). Specification: docs/spec.md and
 * docs/api/batch.md of git-lfs.
 */
import {
  bytesToByteString,
  encodeBase16,
  fixGitUrl,
  formatUrl,
  InputError,
  marked,
  type Url,
} from "@nivis/formats";
import type { Disk, ProgramRunner } from "../host.ts";
import { parseServerJson } from "../schemes/download-cache.ts";
import { cacheDirectoryOf, diskOf, programsOf, type SchemeContext } from "../schemes/scheme.ts";
import { childPath, type SourceTree } from "../tree/source-tree.ts";
import type { GitAttributes } from "./attributes.ts";

/** What a pointer file says. */
interface Pointer {
  readonly oid: string;
  readonly size: number;
}

const MAX_POINTER = 1024;
const VERSION = "version https://git-lfs.github.com/spec/v1";
const MEDIA_TYPE = "application/vnd.git-lfs+json";
/** How many objects one request asks for. */
const BATCH = 100;

/** Fetches the files of a tree that are kept by LFS; returns where they lie on disk, by path. */
export async function fetchLfsFiles(
  context: SchemeContext,
  tree: SourceTree,
  attributes: GitAttributes,
  remoteUrl: string,
): Promise<ReadonlyMap<string, string>> {
  const disk = diskOf(context, "Git LFS");
  const pointers = new Map<string, Pointer>();
  for (const path of filesOf(tree)) {
    if (attributes.get(path, "filter") !== "lfs") continue;
    const pointer = readPointer(context, tree, path);
    if (pointer !== undefined) pointers.set(path, pointer);
  }
  const directory = `${cacheDirectoryOf(context, "Git LFS")}/git-lfs`;
  const places = new Map<string, string>();
  for (const [path, { oid }] of pointers) places.set(path, `${directory}/${oid}`);
  const missing = [
    ...new Map([...pointers].map(([path, one]) => [one.oid, { path, ...one }])).values(),
  ].filter(({ oid }) => disk.stat(`${directory}/${oid}`) === undefined);
  if (missing.length === 0) return places;
  disk.makeDirectory(directory);
  const api = await apiOf(context, remoteUrl);
  for (let at = 0; at < missing.length; at += BATCH) {
    await fetchBatch(context, disk, directory, api, missing.slice(at, at + BATCH));
  }
  return places;
}

/** All regular files, depth first. */
function* filesOf(tree: SourceTree): Generator<string, void, undefined> {
  const open = ["/"];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const { name, type } of tree.readDirectory(path)) {
      const inner = childPath(path, name);
      if (type === "directory") open.push(inner);
      else if (type === "regular") yield inner;
    }
  }
}

function readPointer({ host }: SchemeContext, tree: SourceTree, path: string): Pointer | undefined {
  const contents = tree.readBytes(path);
  const warn = (problem: string): undefined => {
    host.reporter.warn(
      `encountered file '${path}' that should have been a git-lfs pointer, but is ${problem}`,
    );
  };
  if (contents.length >= MAX_POINTER) return warn("too large");
  const text = bytesToByteString(contents);
  const oid = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
  const size = /^size (\d+)$/m.exec(text)?.[1];
  if (!text.startsWith(VERSION) || oid === undefined || size === undefined) return warn("invalid");
  return { oid, size: Number(size) };
}

interface LfsApi {
  readonly endpoint: string;
  readonly authorization: string | undefined;
}

async function apiOf(context: SchemeContext, remoteUrl: string): Promise<LfsApi> {
  const url = fixGitUrl(remoteUrl);
  if (url.scheme === "ssh") return apiBySsh(programsOf(context, "Git LFS over ssh"), url);
  const path = [...url.path];
  while (path.length > 1 && path.at(-1) === "") path.pop();
  const last = path.pop() ?? "";
  const name = last.endsWith(".git") ? last : `${last}.git`;
  return {
    endpoint: formatUrl({ ...url, path: [...path, name, "info", "lfs"] }),
    authorization: undefined,
  };
}

async function apiBySsh(programs: ProgramRunner, url: Url): Promise<LfsApi> {
  const { user, host, port } = url.authority ?? { user: undefined, host: "", port: undefined };
  const args = [
    ...(port === undefined ? [] : [`-p${port}`]),
    user === undefined ? host : `${user}@${host}`,
    "--",
    "git-lfs-authenticate",
    url.path.join("/"),
    "download",
  ];
  const { output } = await programs.run("ssh", args);
  if (output.length === 0) {
    throw new InputError(marked`git-lfs-authenticate: no output (cmd: 'ssh ${args.join(" ")}')`);
  }
  const json = parseServerJson(output, "git-lfs-authenticate") as {
    href?: unknown;
    header?: { Authorization?: unknown };
  } | null;
  const authorization = json?.header?.Authorization;
  if (typeof json?.href !== "string" || typeof authorization !== "string") {
    throw new InputError("no Authorization in git-lfs-authenticate response");
  }
  return { endpoint: json.href, authorization };
}

async function fetchBatch(
  context: SchemeContext,
  disk: Disk,
  directory: string,
  api: LfsApi,
  wanted: readonly (Pointer & { readonly path: string })[],
): Promise<void> {
  const url = `${api.endpoint}/objects/batch`;
  const objects = wanted.map(({ oid, size }) => ({ oid, size }));
  const response = await context.downloader.fetchBytes({
    url,
    headers: new Map([
      ["content-type", MEDIA_TYPE],
      ["accept", MEDIA_TYPE],
      ...(api.authorization === undefined ? [] : [["authorization", api.authorization] as const]),
    ]),
    body: JSON.stringify({ operation: "download", objects }),
  });
  const json = parseServerJson(response.result ?? new Uint8Array(0), url) as {
    objects?: unknown;
  } | null;
  if (!Array.isArray(json?.objects)) throw new InputError("response does not contain 'objects'");
  const answers = new Map(
    (json.objects as LfsObject[]).map((object) => [object?.oid, object] as const),
  );
  for (const pointer of wanted) {
    await fetchObject(context, disk, directory, pointer, answers.get(pointer.oid));
  }
}

interface LfsObject {
  readonly oid?: string;
  readonly size?: number;
  readonly error?: { readonly message?: unknown };
  readonly actions?: {
    readonly download?: {
      readonly href?: unknown;
      readonly header?: { readonly Authorization?: unknown };
    };
  };
}

async function fetchObject(
  context: SchemeContext,
  disk: Disk,
  directory: string,
  { path, oid, size }: Pointer & { readonly path: string },
  object: LfsObject | undefined,
): Promise<void> {
  if (object === undefined || object.size !== size) {
    throw new InputError(
      marked`LFS server returned mismatched oid/size for '${path}' (got oid=${object?.oid} size=${object?.size}, expected oid=${oid} size=${size})`,
    );
  }
  const download = object.actions?.download;
  const href = download?.href;
  if (typeof href !== "string") {
    const reason = object.error?.message;
    const shown = typeof reason === "string" ? `: ${reason}` : "";
    throw new InputError(marked`the LFS server does not have the file '${path}'${shown}`);
  }
  const authorization = download?.header?.Authorization;
  const file = disk.newFile(directory);
  try {
    await context.downloader.fetch(
      {
        url: href,
        ...(typeof authorization === "string"
          ? { headers: new Map([["authorization", authorization]]) }
          : {}),
      },
      async (body) => {
        const hash = context.host.hashes.create("sha256");
        let got = 0;
        const pieces: Uint8Array[] = [];
        for await (const piece of body) {
          got += piece.length;
          if (got > size) break;
          hash.update(piece);
          pieces.push(piece);
        }
        if (got !== size) {
          throw new InputError(
            marked`size mismatch while fetching ${href}: expected ${size} but got ${got}`,
          );
        }
        const actual = encodeBase16(hash.digest());
        if (actual !== oid) {
          throw new InputError(
            marked`hash mismatch while fetching ${href}: expected sha256:${oid} but got sha256:${actual}`,
          );
        }
        for (const piece of pieces) file.write(piece);
      },
    );
    file.moveTo(`${directory}/${oid}`);
  } finally {
    file.discard();
  }
}
