/**
 * The scheme `hg`: a revision of a Mercurial repository, or its work tree on this disk, through the
 * program `hg` (C++ Nix: libfetchers/mercurial.cc).
 */
import {
  bytesToByteString,
  describeInput,
  encodeNixBase32,
  type FetcherInput,
  formatUrl,
  InputError,
  marked,
  parseUrl,
  pathOfUrl,
  plainText,
  revOf,
  stringAttr,
  tryStringAttr,
  withInputAttrs,
} from "@nivis/formats";
import type { Spool } from "../archive/unpack.ts";
import { DiskTree } from "../tree/disk-tree.ts";
import type { MemoryDirectory, MemoryNode } from "../tree/memory-tree.ts";
import { NamedTree } from "../tree/named-tree.ts";
import { childPath, type SourceTree } from "../tree/source-tree.ts";
import {
  cacheDirectoryOf,
  diskOf,
  type FetchScheme,
  isFresh,
  programsOf,
  quoted,
  type SchemeContext,
  type SchemeResult,
} from "./scheme.ts";

const REV = /^[0-9a-f]{40}$/;
const DEFAULT_REF = "default";

/** Runs `hg`, which tells the user itself what is wrong; returns what it printed. */
async function hg(context: SchemeContext, args: readonly string[]): Promise<string> {
  const { code, output } = await programsOf(context, "Mercurial").run("hg", args, {
    environment: { HGPLAIN: "" },
    interactive: true,
  });
  if (code === 0) return bytesToByteString(output);
  throw new InputError(marked`hg failed with exit code ${code}`);
}

/** The path of the work tree that an input means; `undefined` if it is not one on this disk. */
export function mercurialSourcePath({ attrs }: FetcherInput): string | undefined {
  const url = parseUrl(stringAttr(attrs, "url"));
  if (url.scheme !== "file" || attrs.has("ref") || attrs.has("rev")) return undefined;
  return pathOfUrl(url.path);
}

/** Writes a file of a work tree and tells Mercurial of it; a message makes a commit. */
export async function putMercurialFile(
  context: SchemeContext,
  input: FetcherInput,
  path: string,
  contents: string,
  message: string | undefined,
): Promise<void> {
  const root = mercurialSourcePath(input);
  if (root === undefined) {
    throw new InputError(
      marked`cannot commit '/${path}' to Mercurial repository '${describeInput(input)}' because it's not a working tree`,
    );
  }
  const file = `${root}/${path}`;
  diskOf(context, "writing a file").writeFile(file, contents);
  await hg(context, ["add", file]);
  if (message !== undefined) await hg(context, ["commit", file, "-m", message]);
}

async function fetchMercurial(context: SchemeContext, asked: FetcherInput): Promise<SchemeResult> {
  const local = mercurialSourcePath(asked);
  const disk = diskOf(context, "Mercurial");
  if (local !== undefined && disk.stat(`${local}/.hg`) !== undefined) {
    const dirty = await fetchWorkTree(context, asked, local);
    if (dirty !== undefined) return dirty;
  }
  return fetchRevision(context, asked);
}

/** The tracked files of a work tree that differs from its revision; `undefined` if it does not. */
async function fetchWorkTree(
  context: SchemeContext,
  asked: FetcherInput,
  path: string,
): Promise<SchemeResult | undefined> {
  const { host, settings } = context;
  const status = ["status", "-R", path, "--modified", "--added", "--removed"];
  if ((await hg(context, status)) === "") return undefined;
  // Nix: quoted twice.
  const unclean = marked`Mercurial tree '"${path}"' is unclean`;
  if (!settings.allowDirty) throw new InputError(unclean);
  if (settings.warnDirty) host.reporter.warn(plainText(unclean));
  const ref = (await hg(context, ["branch", "-R", path])).trim();
  const list = [
    "status",
    "-R",
    path,
    "--clean",
    "--modified",
    "--added",
    "--no-status",
    "--print0",
  ];
  const files = (await hg(context, list)).split("\0").filter((file) => file !== "");
  const { tree, narHash } = await snapshot(
    context,
    new DiskTree(diskOf(context, "Mercurial"), path),
    files,
  );
  return { input: withInputAttrs(asked, { ref }), tree, fingerprint: undefined, narHash };
}

/** Copies files of a tree into the cache of trees. */
async function snapshot(context: SchemeContext, tree: SourceTree, files: readonly string[]) {
  return context.trees.add(async (spool) => {
    const root: MemoryDirectory = { type: "directory", entries: new Map() };
    let size = 0;
    for (const file of files) size += addFile(root, tree, file, spool, size);
    return { root, lastModified: 0 };
  });
}

function addFile(
  root: MemoryDirectory,
  tree: SourceTree,
  file: string,
  spool: Spool,
  offset: number,
): number {
  const names = file.split("/");
  const name = names.pop() as string;
  let directory = root;
  for (const one of names) {
    const next = directory.entries.get(one) ?? { type: "directory", entries: new Map() };
    directory.entries.set(one, next);
    directory = next as MemoryDirectory;
  }
  const path = `/${file}`;
  if (tree.fileType(path) === "symlink") {
    directory.entries.set(name, { type: "symlink", target: tree.readLink(path) });
    return 0;
  }
  const contents = tree.readBytes(path);
  spool.write(contents);
  const node: MemoryNode = {
    type: "regular",
    isExecutable: tree.isExecutable(path),
    size: contents.length,
    read: () => spool.read(offset, contents.length),
  };
  directory.entries.set(name, node);
  return contents.length;
}

async function fetchRevision(context: SchemeContext, asked: FetcherInput): Promise<SchemeResult> {
  const { host, cache } = context;
  const url = sourceUrl(asked);
  const ref = tryStringAttr(asked.attrs, "ref") ?? DEFAULT_REF;
  const refKey = new Map([
    ["url", url],
    ["ref", ref],
  ]);
  let rev = revOf(asked.attrs);
  if (rev === undefined) {
    const known = cache.get("hgRefToRev", refKey);
    if (known !== undefined && isFresh(context, known.time))
      rev = tryStringAttr(known.value, "rev");
  }
  const known = rev === undefined ? undefined : knownRevision(context, asked, rev);
  if (known !== undefined) return known;
  const disk = diskOf(context, "Mercurial");
  const root = `${cacheDirectoryOf(context, "Mercurial")}/hg`;
  disk.makeDirectory(root);
  const directory = `${root}/${encodeNixBase32(host.hashes.hash("sha256", url))}`;
  const unlock = await disk.lock(`${directory}.lock`, () => {
    host.reporter.warn(`waiting for another process to finish with the clone of '${url}'...`);
  });
  try {
    await pull(context, directory, url, rev);
    const template = "{node} {rev} {branch}";
    const wanted = rev ?? ref;
    const found = await hg(context, ["log", "-R", directory, "-r", wanted, "--template", template]);
    const [node, count, branch] = found.split(" ") as [string, string, string];
    if (!REV.test(node)) throw new InputError(marked`Mercurial says nothing about '${wanted}'`);
    const archived = await archive(context, directory, node);
    const value = new Map<string, string | number>([
      ["narHash", archived.narHash],
      ["revCount", Number(count)],
    ]);
    cache.put("hgRevToTree", new Map([["rev", node]]), value, host.now());
    if (!asked.attrs.has("rev")) {
      cache.put("hgRefToRev", refKey, new Map([["rev", node]]), host.now());
    }
    const result = knownRevision(context, withInputAttrs(asked, { ref: branch }), node);
    if (result === undefined)
      throw new InputError(marked`the tree of '${node}' is gone from the cache`);
    return result;
  } finally {
    unlock();
  }
}

/** What an earlier fetch has found out about a revision, as far as its tree is still there. */
function knownRevision(
  context: SchemeContext,
  asked: FetcherInput,
  rev: string,
): SchemeResult | undefined {
  const value = context.cache.get("hgRevToTree", new Map([["rev", rev]]))?.value;
  const narHash = value === undefined ? undefined : tryStringAttr(value, "narHash");
  const tree = narHash === undefined ? undefined : context.trees.get(narHash);
  const revCount = value?.get("revCount");
  if (tree === undefined || narHash === undefined || typeof revCount !== "number") return undefined;
  // Nix: the branch is not among what is remembered.
  const ref = tryStringAttr(asked.attrs, "ref") ?? DEFAULT_REF;
  const input = withInputAttrs(asked, { rev, revCount, ref });
  const fingerprint = `hg:${rev}`;
  const shown = quoted(describeInput(input));
  return { input, tree: new NamedTree(tree, shown, fingerprint), fingerprint, narHash };
}

/** The URL or path that `hg` is given. */
function sourceUrl({ attrs }: FetcherInput): string {
  const url = parseUrl(stringAttr(attrs, "url"));
  return url.scheme === "file" ? pathOfUrl(url.path) : formatUrl(url);
}

async function pull(
  context: SchemeContext,
  directory: string,
  url: string,
  rev: string | undefined,
): Promise<void> {
  const disk = diskOf(context, "Mercurial");
  if (disk.stat(`${directory}/.hg/requires`) === undefined) {
    disk.removeTree(directory);
    await hg(context, ["clone", "--noupdate", "--", url, directory]);
    return;
  }
  if (rev !== undefined && REV.test(rev)) {
    const log = ["log", "-R", directory, "-r", rev, "--template", "1"];
    const { code, output } = await programsOf(context, "Mercurial").run("hg", log);
    if (code === 0 && bytesToByteString(output) === "1") return;
  }
  const result = await programsOf(context, "Mercurial").run("hg", [
    "pull",
    "-R",
    directory,
    "--",
    url,
  ]);
  if (result.code === 0) return;
  // A pull that was interrupted leaves a transaction behind.
  await hg(context, ["recover", "-R", directory]);
  await hg(context, ["pull", "-R", directory, "--", url]);
}

async function archive(context: SchemeContext, directory: string, rev: string) {
  const disk = diskOf(context, "Mercurial");
  const folder = disk.temporaryDirectory();
  try {
    await hg(context, ["archive", "-R", directory, "-r", rev, folder]);
    disk.remove(`${folder}/.hg_archival.txt`);
    const tree = new DiskTree(disk, folder);
    return await snapshot(context, tree, filesOf(tree, "/"));
  } finally {
    disk.removeTree(folder);
  }
}

/** All that is not a directory, without slashes at the start. */
function filesOf(tree: SourceTree, path: string): string[] {
  return tree.readDirectory(path).flatMap(({ name, type }) => {
    const inner = childPath(path, name);
    return type === "directory" ? filesOf(tree, inner) : [inner.slice(1)];
  });
}

/** See the head of this file. */
export const mercurialScheme: FetchScheme = { name: "hg", fetch: fetchMercurial };
