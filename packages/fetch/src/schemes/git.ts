/**
 * The scheme `git`: a commit of a repository anywhere, or the work tree of one on this disk (C++ Nix:
 * libfetchers/git.cc). The git program moves objects and answers questions about references; the objects
 * are read by us.
 */
import {
  boolAttr,
  bytesToByteString,
  describeInput,
  encodeBase16,
  encodeNixBase32,
  type FetcherInput,
  formatUrl,
  type InputAttr,
  InputError,
  inputFromAttrs,
  marked,
  parseUrl,
  pathOfUrl,
  revOf,
  stringAttr,
  tryStringAttr,
  type Url,
  withInputAttrs,
  writeNar,
} from "@nivis/formats";
import { GitAttributes } from "../git/attributes.ts";
import { CommitTree, readCommit } from "../git/commit-tree.ts";
import { exportedTree } from "../git/exported-tree.ts";
import { fetchLfsFiles } from "../git/lfs.ts";
import { GitRepository } from "../git/repository.ts";
import { publicKeysOf, verifyCommit } from "../git/signature.ts";
import { readSubmodules, resolveSubmoduleUrl, type Submodule } from "../git/submodules.ts";
import { type WorkTreeInfo, workTree, workTreeInfo } from "../git/work-tree.ts";
import { DiskTree } from "../tree/disk-tree.ts";
import { MountedTree } from "../tree/mounted-tree.ts";
import { NamedTree } from "../tree/named-tree.ts";
import { OverlaidTree } from "../tree/overlaid-tree.ts";
import { narSourceOf, type SourceTree } from "../tree/source-tree.ts";
import {
  cacheDirectoryOf,
  diskOf,
  type FetchScheme,
  isFresh,
  quoted,
  type SchemeContext,
  type SchemeResult,
} from "./scheme.ts";

const NO_COMMIT = "0".repeat(40);
const SHORT_REV_LENGTH = 7;
/** The branch that a clone is at before HEAD is known. */
const NO_BRANCH = "__nix_dummy_branch";

/** Where a repository is: a work tree on this disk, or a URL to clone from. */
interface Place {
  readonly path: string | undefined;
  readonly url: Url;
}

/** The place as messages name it. */
function describePlace({ path, url }: Place): string {
  return path ?? formatUrl(url);
}

/** Finds out where the repository of an input is. */
function placeOf(context: SchemeContext, { attrs }: FetcherInput): Place {
  const url = parseUrl(stringAttr(attrs, "url"));
  if (url.scheme === "file") {
    const disk = diskOf(context, "a Git repository on disk");
    const path = pathOfUrl(url.path);
    const isBare = disk.stat(path) !== undefined && disk.stat(`${path}/.git`) === undefined;
    if (!context.settings.forceHttp && !isBare) {
      if (!path.startsWith("/")) {
        context.host.reporter.warn(
          `Fetching Git repository '${formatUrl(url)}', which uses a path relative to the current directory. This is not supported and will stop working in a future release. See https://github.com/NixOS/nix/issues/12281 for details.`,
        );
      }
      return { path: path.length > 1 ? path.replace(/\/+$/, "") : path, url };
    }
    return { path: undefined, url: { ...url, query: new Map() } };
  }
  const query = new Map(url.query);
  query.delete("dir");
  return { path: undefined, url: { ...url, query } };
}

/** The path of the work tree that an input means; `undefined` if it is not one on this disk. */
export function gitSourcePath(context: SchemeContext, input: FetcherInput): string | undefined {
  return placeOf(context, input).path;
}

async function fetchGit(context: SchemeContext, input: FetcherInput): Promise<SchemeResult> {
  const { attrs } = input;
  if (boolAttr(attrs, "exportIgnore") && boolAttr(attrs, "submodules")) {
    throw new InputError("exportIgnore and submodules are not supported together yet");
  }
  const place = placeOf(context, input);
  const isPinned = attrs.has("ref") || attrs.has("rev");
  if (place.path !== undefined && !isPinned) return fetchWorkTree(context, input, place.path);
  return fetchCommit(context, input, place);
}

function flagsOf({ attrs }: FetcherInput): string {
  return (
    (boolAttr(attrs, "submodules") ? ";s" : "") +
    (boolAttr(attrs, "exportIgnore") ? ";e" : "") +
    (boolAttr(attrs, "lfs") ? ";l" : "")
  );
}

// Commits

async function fetchCommit(
  context: SchemeContext,
  asked: FetcherInput,
  place: Place,
): Promise<SchemeResult> {
  const disk = diskOf(context, "a Git repository");
  const { git, host } = context;
  let repository: GitRepository;
  let ref: string;
  let rev: string;
  if (place.path !== undefined) {
    if (disk.stat(place.path) === undefined) {
      throw new InputError(marked`Git repository "${place.path}" does not exist.`);
    }
    repository = await GitRepository.open(git, disk, host, place.path);
    ref = tryStringAttr(asked.attrs, "ref") ?? (await defaultRef(context, place, repository));
    rev = revOf(asked.attrs) ?? (await repository.resolve(ref));
  } else {
    ({ repository, ref, rev } = await updateClone(context, asked, place));
  }
  const commit = readCommit(repository.objects, rev);
  let input = withInputAttrs(asked, { ref, rev });
  if (!input.attrs.has("lastModified"))
    input = withInputAttrs(input, { lastModified: commit.time });
  const lazyAttrs = lazyRevCount(context, input, place, repository, rev);
  await verify(context, input, repository.directory);
  const files = new CommitTree(repository.objects, commit.tree);
  let tree: SourceTree = files;
  if (boolAttr(input.attrs, "lfs")) {
    const remote = (await repository.config("lfs.url")) ?? (await remoteOf(repository, place));
    const attributes = new GitAttributes(files);
    tree = new OverlaidTree(tree, disk, await fetchLfsFiles(context, files, attributes, remote));
  }
  if (boolAttr(input.attrs, "exportIgnore")) tree = exportedTree(tree, files);
  if (boolAttr(input.attrs, "submodules")) {
    tree = await withSubmodules(context, input, { repository, place, files, ref, rev }, tree);
  }
  const fingerprint = `git:${rev}${flagsOf(input)}`;
  return {
    input,
    tree: new NamedTree(tree, quoted(describeInput(input)), fingerprint),
    lazyAttrs,
    fingerprint,
    hashKey: fingerprint,
  };
}

async function defaultRef(
  { host }: SchemeContext,
  place: Place,
  repository: GitRepository,
): Promise<string> {
  const head = await repository.head();
  if (head !== undefined) return head;
  const shown = describePlace(place);
  host.reporter.warn(`could not read HEAD ref from repo at '${shown}', using 'master'`);
  return "master";
}

async function remoteOf(repository: GitRepository, place: Place): Promise<string> {
  return (await repository.originUrl()) ?? describePlace(place);
}

function lazyRevCount(
  context: SchemeContext,
  { attrs }: FetcherInput,
  place: Place,
  repository: GitRepository,
  rev: string,
): ReadonlyMap<string, () => Promise<InputAttr>> {
  if (boolAttr(attrs, "shallow") || attrs.has("revCount")) return new Map();
  const count = async (): Promise<InputAttr> => {
    const key = new Map([["rev", rev]]);
    const cached = context.cache.get("gitRevCount", key)?.value.get("revCount");
    if (cached !== undefined) return cached;
    if (await repository.isShallow()) {
      throw new InputError(
        marked`'${describePlace(place)}' is a shallow Git repository, so 'revCount' is not available`,
      );
    }
    const revCount = await repository.revCount(rev);
    context.cache.put("gitRevCount", key, new Map([["revCount", revCount]]), context.host.now());
    return revCount;
  };
  return new Map([["revCount", count]]);
}

async function verify(
  context: SchemeContext,
  { attrs }: FetcherInput,
  directory: string | undefined,
): Promise<void> {
  const keys = publicKeysOf(attrs);
  const wanted = attrs.has("verifyCommit") ? boolAttr(attrs, "verifyCommit") : keys.length > 0;
  if (!wanted) return;
  const rev = revOf(attrs);
  if (rev === undefined || directory === undefined) {
    const input = { scheme: inputFromAttrs(attrs).scheme, attrs };
    throw new InputError(
      marked`commit verification is required for Git repository '${describeInput(input)}', but it's dirty`,
    );
  }
  const disk = diskOf(context, "verifying a commit");
  await verifyCommit(context.git, disk, context.host.hashes, directory, rev, keys);
}

interface CommitSource {
  readonly repository: GitRepository;
  readonly place: Place;
  readonly files: CommitTree;
  readonly ref: string;
  readonly rev: string;
}

async function withSubmodules(
  context: SchemeContext,
  { attrs }: FetcherInput,
  { repository, place, files, ref, rev }: CommitSource,
  tree: SourceTree,
): Promise<SourceTree> {
  if (files.fileType("/.gitmodules") !== "regular") return tree;
  const source = ["--blob", `${rev}:.gitmodules`];
  const submodules = await readSubmodules(context.git, repository.directory, source);
  const parent = await remoteOf(repository, place);
  const mounts = new Map<string, SourceTree>();
  for (const { path, url, branch } of submodules) {
    const commit = files.submoduleCommit(`/${path}`);
    if (commit === undefined) continue;
    const input = inputFromAttrs(
      new Map<string, InputAttr>([
        ["type", "git"],
        ["url", resolveSubmoduleUrl(url, parent)],
        ...(branch === "" ? [] : [["ref", branch === "." ? ref : branch] as const]),
        ["rev", commit],
        ["exportIgnore", boolAttr(attrs, "exportIgnore")],
        ["submodules", true],
        ["lfs", boolAttr(attrs, "lfs")],
        ["allRefs", true],
      ]),
    );
    const fetched = await context.fetch(input);
    mounts.set(`/${path}`, new NamedTree(fetched.tree, quoted(describeInput(input)), undefined));
  }
  return mounts.size === 0 ? tree : new MountedTree(tree, mounts);
}

// Clones

interface Clone {
  readonly repository: GitRepository;
  readonly ref: string;
  readonly rev: string;
}

/** Clones a repository into the cache, or brings its clone there up to date. */
async function updateClone(
  context: SchemeContext,
  { attrs }: FetcherInput,
  place: Place,
): Promise<Clone> {
  const { git, host } = context;
  const disk = diskOf(context, "a Git repository");
  const url = formatUrl(place.url);
  const isShallow = boolAttr(attrs, "shallow");
  const root = `${cacheDirectoryOf(context, "a Git repository")}/git`;
  const name = encodeNixBase32(host.hashes.hash("sha256", url)) + (isShallow ? "-shallow" : "");
  const directory = `${root}/${name}`;
  disk.makeDirectory(root);
  const unlock = await disk.lock(`${directory}.lock`, () => {
    host.reporter.warn(`waiting for another process to finish with the clone of '${url}'...`);
  });
  try {
    const given = tryStringAttr(attrs, "ref");
    const ref = given ?? (await remoteHead(context, directory, url));
    // Also repairs what a run that was killed has left half done.
    await git.output(undefined, [
      "init",
      "--quiet",
      "--bare",
      `--initial-branch=${NO_BRANCH}`,
      directory,
    ]);
    await git.output(directory, ["config", "remote.origin.url", url]);
    let repository = await GitRepository.open(git, disk, host, directory);
    const rev = revOf(attrs);
    const refFile = ref.startsWith("refs/")
      ? `${directory}/${ref}`
      : `${directory}/refs/heads/${ref}`;
    if (needsFetch(context, attrs, repository, refFile)) {
      const end = host.reporter.begin(`fetching Git repository '${url}'`);
      try {
        removeStaleLocks(context, directory, refFile);
        await fetchRef(context, directory, url, refSpec(attrs, rev, ref), isShallow);
      } catch (error) {
        if (
          !(error instanceof InputError) ||
          disk.stat(refFile) === undefined ||
          rev !== undefined
        ) {
          throw error;
        }
        host.reporter.warn(error.message);
        host.reporter.warn(
          `could not update local clone of Git repository '${url}'; continuing with the most recent version`,
        );
      } finally {
        end();
      }
      if (rev === undefined) disk.touch(refFile);
      if (given === undefined) {
        await git.run(directory, ["symbolic-ref", "--", "HEAD", ref]);
        disk.touch(`${directory}/HEAD`);
      }
      repository.objects.close();
      repository = await GitRepository.open(git, disk, host, directory);
    }
    if (rev === undefined) return { repository, ref, rev: await repository.resolve(ref) };
    if (repository.objects.find(rev) === undefined) {
      throw new InputError(
        marked`Cannot find Git revision '${rev}' in ref '${ref}' of repository '${url}'! Please make sure that the rev exists on the ref you've specified or add allRefs = true; to fetchGit.`,
      );
    }
    return { repository, ref, rev };
  } finally {
    unlock();
  }
}

function needsFetch(
  context: SchemeContext,
  attrs: FetcherInput["attrs"],
  repository: GitRepository,
  refFile: string,
): boolean {
  const rev = revOf(attrs);
  if (rev !== undefined) return repository.objects.find(rev) === undefined;
  if (boolAttr(attrs, "allRefs")) return true;
  const stat = diskOf(context, "a Git repository").stat(refFile);
  return stat === undefined || !isFresh(context, stat.modified);
}

function refSpec(attrs: FetcherInput["attrs"], rev: string | undefined, ref: string): string {
  if (boolAttr(attrs, "allRefs")) return "refs/*:refs/*";
  if (rev !== undefined) return rev;
  if (ref.startsWith("refs/") || ref === "HEAD") return `${ref}:${ref}`;
  return `refs/heads/${ref}:refs/heads/${ref}`;
}

async function fetchRef(
  { git }: SchemeContext,
  directory: string,
  url: string,
  spec: string,
  isShallow: boolean,
): Promise<void> {
  const depth = isShallow ? ["--depth", "1"] : [];
  const { code, errors } = await git.run(
    directory,
    [
      ...["-c", "gc.auto=0", "-c", "maintenance.auto=false", "--git-dir", "."],
      ...["fetch", "--quiet", "--force", ...depth, "--", url, spec],
    ],
    { interactive: false },
  );
  if (code === 0) return;
  const reason = errors.trim();
  throw new InputError(
    marked`Failed to fetch git repository '${url}'${reason === "" ? "" : `:\n${reason}`}`,
  );
}

/** Locks that a git that was killed has left; nobody else works here while we hold ours. */
function removeStaleLocks(context: SchemeContext, directory: string, refFile: string): void {
  const disk = diskOf(context, "a Git repository");
  const files = ["shallow", "packed-refs", "config", "HEAD", "FETCH_HEAD"];
  for (const path of [...files.map((name) => `${directory}/${name}`), refFile]) {
    disk.remove(`${path}.lock`);
  }
}

/** The branch that HEAD of a remote repository is at. */
async function remoteHead(context: SchemeContext, directory: string, url: string): Promise<string> {
  const disk = diskOf(context, "a Git repository");
  const { git, host } = context;
  const headFile = `${directory}/HEAD`;
  const stat = disk.stat(headFile);
  let cached: string | undefined;
  if (stat !== undefined) {
    cached = /^ref: (\S+)/.exec(bytesToByteString(disk.readFile(headFile)))?.[1];
    if (cached === `refs/heads/${NO_BRANCH}`) cached = undefined;
    if (cached !== undefined && isFresh(context, stat.modified)) return cached;
  }
  const answer = await git.run(undefined, ["ls-remote", "--symref", "--", url, "HEAD"]);
  if (answer.code === 0) {
    const line = bytesToByteString(answer.output).split("\n", 1)[0] ?? "";
    const symbolic = /^ref: (\S+)\tHEAD$/.exec(line)?.[1];
    if (symbolic !== undefined) return symbolic;
    const commit = /^([0-9a-f]+)\tHEAD$/.exec(line)?.[1];
    if (commit !== undefined) return "HEAD";
  }
  if (cached !== undefined) {
    host.reporter.warn(
      `could not get HEAD ref for repository '${url}'; using expired cached ref '${cached}'`,
    );
    return cached;
  }
  host.reporter.warn(`could not read HEAD ref from repo at '${url}', using 'master'`);
  return "master";
}

// Work trees

async function fetchWorkTree(
  context: SchemeContext,
  asked: FetcherInput,
  path: string,
): Promise<SchemeResult> {
  const disk = diskOf(context, "a Git repository");
  const { git, host, settings } = context;
  if (disk.stat(path) === undefined) {
    throw new InputError(marked`Git repository "${path}" does not exist.`);
  }
  let info = context.workTrees.get(path) as WorkTreeInfo | undefined;
  if (info === undefined) {
    info = await workTreeInfo(git, path);
    context.workTrees.set(path, info);
  }
  let { isDirty } = info;
  const submodules =
    disk.stat(`${path}/.gitmodules`)?.type === "regular"
      ? await readSubmodules(git, path, ["--file", `${path}/.gitmodules`])
      : [];
  let tree = workTreeWith(context, asked, path, info, submodules);
  if (boolAttr(asked.attrs, "submodules") && submodules.length > 0) {
    const mounted = await mountSubmodules(context, asked, path, submodules, tree);
    tree = mounted.tree;
    isDirty ||= mounted.isDirty;
  }
  const repository = await GitRepository.open(git, disk, host, path);
  const { head } = info;
  let input = asked;
  let lazyAttrs: SchemeResult["lazyAttrs"] = new Map();
  if (isDirty) {
    if (!settings.allowDirty) throw new InputError(marked`Git tree '${path}' is dirty`);
    if (settings.warnDirty) host.reporter.warn(`Git tree '${path}' is dirty`);
    if (head !== undefined) {
      input = withInputAttrs(input, {
        dirtyRev: `${head}-dirty`,
        dirtyShortRev: `${head.slice(0, SHORT_REV_LENGTH)}-dirty`,
      });
    }
    await verify(context, input, undefined);
  } else {
    const ref = await repository.head();
    input = withInputAttrs(input, {
      ...(ref === undefined ? {} : { ref }),
      rev: head ?? NO_COMMIT,
    });
    if (head !== undefined) {
      lazyAttrs = lazyRevCount(context, input, { path, url: NO_URL }, repository, head);
    } else if (!boolAttr(input.attrs, "shallow")) {
      input = withInputAttrs(input, { revCount: 0 });
    }
    await verify(context, input, path);
  }
  const lastModified = head === undefined ? 0 : readCommit(repository.objects, head).time;
  input = withInputAttrs(input, { lastModified });
  const fingerprint = workTreeFingerprint(context, input, path, info, submodules.length > 0);
  return {
    input,
    tree: new NamedTree(tree, undefined, fingerprint),
    lazyAttrs,
    fingerprint,
    // Git may check files out with other bytes than the commit has, so the key is not that of the commit.
    ...(isDirty || fingerprint === undefined ? {} : { hashKey: `${path};${fingerprint}` }),
  };
}

const NO_URL: Url = {
  scheme: "file",
  authority: undefined,
  path: [],
  query: new Map(),
  fragment: "",
};

function workTreeWith(
  context: SchemeContext,
  { attrs }: FetcherInput,
  path: string,
  info: WorkTreeInfo,
  submodules: readonly Submodule[],
): SourceTree {
  const disk = diskOf(context, "a Git repository");
  const files = boolAttr(attrs, "submodules")
    ? new Set([...info.files, ...submodules.map((submodule) => submodule.path)])
    : info.files;
  const tree = workTree(disk, path, files);
  return boolAttr(attrs, "exportIgnore") ? exportedTree(tree, tree) : tree;
}

/** Puts the work trees of submodules in their places. */
async function mountSubmodules(
  context: SchemeContext,
  { attrs }: FetcherInput,
  path: string,
  submodules: readonly Submodule[],
  tree: SourceTree,
): Promise<{ readonly tree: SourceTree; readonly isDirty: boolean }> {
  const mounts = new Map<string, SourceTree>();
  let isDirty = false;
  for (const submodule of submodules) {
    const input = inputFromAttrs(
      new Map<string, InputAttr>([
        ["type", "git"],
        ["url", `${path}/${submodule.path}`],
        ["exportIgnore", boolAttr(attrs, "exportIgnore")],
        ["submodules", true],
      ]),
    );
    const fetched = await context.fetch(input);
    if (!fetched.locked.attrs.has("rev")) isDirty = true;
    const name = quoted(describeInput(input));
    mounts.set(`/${submodule.path}`, new NamedTree(fetched.tree, name, undefined));
  }
  return { tree: new MountedTree(tree, mounts), isDirty };
}

/** What names the contents of a work tree: the commit, and all that differs from it. */
function workTreeFingerprint(
  context: SchemeContext,
  input: FetcherInput,
  path: string,
  info: WorkTreeInfo,
  hasSubmodules: boolean,
): string | undefined {
  const flags = flagsOf(input);
  const rev = revOf(input.attrs);
  if (rev !== undefined) return `git:${rev}${flags}`;
  if (hasSubmodules) return undefined;
  const disk = diskOf(context, "a Git repository");
  const hash = context.host.hashes.create("sha512");
  const files = narSourceOf(new DiskTree(disk, path));
  for (const file of info.dirty) {
    hash.update(serialised("modified:") + serialised(`/${file}`));
    writeNar(files, `/${file}`, (chunk) => hash.update(chunk));
  }
  for (const file of info.deleted) hash.update(serialised("deleted:") + serialised(`/${file}`));
  return `git:${info.head ?? NO_COMMIT}${flags};d=${encodeBase16(hash.digest())}`;
}

/** A string with its length before it, filled up to a multiple of eight bytes. */
function serialised(text: string): string {
  const length = text.length;
  const head = String.fromCharCode(
    ...[0, 8, 16, 24].map((shift) => (length >>> shift) & 255),
    ...[0, 0, 0, 0],
  );
  return head + text + "\0".repeat(-length & 7);
}

/** See the head of this file. */
export const gitScheme: FetchScheme = { name: "git", fetch: fetchGit };

/**
 * Writes a file into the work tree of an input, and tells git about it; with a message it is committed.
 */
export async function putGitFile(
  context: SchemeContext,
  input: FetcherInput,
  path: string,
  contents: string,
  message: string | undefined,
): Promise<void> {
  const disk = diskOf(context, "writing to a Git repository");
  const directory = gitSourcePath(context, input);
  if (directory === undefined) {
    throw new InputError(
      marked`cannot commit '${path}' to Git repository '${describeInput(input)}' because it's not a working tree`,
    );
  }
  disk.writeFile(`${directory}/${path}`, contents);
  context.workTrees.delete(directory);
  const { git } = context;
  const ignored = await git.run(directory, ["check-ignore", "--quiet", path]);
  if (ignored.code === 0) return;
  await git.output(directory, ["add", "--intent-to-add", "--", path]);
  if (message === undefined) return;
  const folder = disk.temporaryDirectory();
  try {
    const file = `${folder}/message`;
    disk.writeFile(file, message);
    // Hooks and questions for passphrases may want the terminal.
    const result = await git.run(directory, ["commit", "-F", file, "--", path], {
      interactive: true,
    });
    if (result.code !== 0) {
      throw new InputError(marked`program "git" failed with exit code ${result.code}`);
    }
  } finally {
    disk.removeTree(folder);
  }
}
