/**
 * Fetcher: from an input to its tree of sources, whatever the scheme (C++ Nix: `Input::getAccessor` in
 * libfetchers/fetchers.cc).
 *
 *     const { locked, tree } = await fetcher.fetch(parseFlakeRef("github:NixOS/nixpkgs").input);
 *
 * What a fetch finds out is compared with what the input says already: a hash or commit that differs is
 * an error. Fetches of one input wait for each other, also between processes.
 */
import {
  decodeBase64,
  describeInput,
  encodeBase16,
  equalInputAttrs,
  type FetcherInput,
  formatUrl,
  HASH_MISMATCH_EXIT_CODE,
  type InputAttr,
  type InputAttrs,
  InputError,
  inputAttrsToJson,
  isFinalInput,
  makeFixedOutputPath,
  marked,
  narHashOf,
  parseUrl,
  pathOfUrl,
  revOf,
  type StoreConfig,
  tryStringAttr,
  withInputAttrs,
  withNote,
} from "@nivis/formats";
import { DiskCache, type FetchCache, MemoryCache } from "./cache/fetch-cache.ts";
import {
  DiskTreeCache,
  formatNarHash,
  MemoryTreeCache,
  type TreeCache,
} from "./cache/tree-cache.ts";
import { GitCommand } from "./git/command.ts";
import type { FetchHost } from "./host.ts";
import { Downloader } from "./http/download.ts";
import { downloadFile } from "./schemes/download-cache.ts";
import { forgeSchemes, gitInputOfForge } from "./schemes/forge.ts";
import { gitScheme, gitSourcePath, putGitFile } from "./schemes/git.ts";
import { mercurialScheme, mercurialSourcePath, putMercurialFile } from "./schemes/mercurial.ts";
import { pathOfInput, pathScheme, storeDirOf } from "./schemes/path.ts";
import {
  diskOf,
  type FetchedSource,
  type FetchScheme,
  quoted,
  type SchemeContext,
  type SchemeResult,
} from "./schemes/scheme.ts";
import { fileScheme, tarballScheme } from "./schemes/tarball.ts";
import { DEFAULT_FETCH_SETTINGS, type FetchSettings } from "./settings.ts";
import { DiskTree } from "./tree/disk-tree.ts";
import { NamedTree } from "./tree/named-tree.ts";
import { hashTree, type SourceTree } from "./tree/source-tree.ts";

const indirectScheme: FetchScheme = {
  name: "indirect",
  fetch: async (_context, input) => {
    throw new InputError(
      marked`indirect input '${describeInput(input)}' cannot be fetched directly`,
    );
  },
};

/** All schemes. */
const SCHEMES: readonly FetchScheme[] = [
  fileScheme,
  gitScheme,
  ...forgeSchemes,
  mercurialScheme,
  indirectScheme,
  pathScheme,
  tarballScheme,
];

/** How a fetcher is set up. */
export interface FetcherOptions {
  readonly settings?: Partial<FetchSettings>;
  /** Where caches lie on the host's disk; without it they end with the fetcher. */
  readonly cacheDirectory?: string;
  /** The hash of the NAR of a store path, `sha256-…`; `undefined` if there is no store that has it. */
  readonly storeHash?: (path: string) => string | undefined;
}

/** See the head of this file. */
export class Fetcher {
  readonly #context: SchemeContext;

  constructor(host: FetchHost, options: FetcherOptions = {}) {
    const settings = { ...DEFAULT_FETCH_SETTINGS, ...options.settings };
    const { cache, trees } = cachesOf(host, options.cacheDirectory);
    this.#context = {
      host,
      settings,
      trustForges: settings.trustForges,
      downloader: new Downloader(host, settings),
      cache,
      trees,
      git: new GitCommand({
        run: (program, args, runOptions) => {
          if (host.programs !== undefined) return host.programs.run(program, args, runOptions);
          throw new InputError("Git repositories need the program git, which cannot be run here");
        },
      }),
      cacheDirectory: host.disk === undefined ? undefined : options.cacheDirectory,
      fetch: (input) => this.fetch(input),
      workTrees: new Map(),
      ...(options.storeHash === undefined ? {} : { storeHash: options.storeHash }),
    };
  }

  /** The settings that the fetcher goes by. */
  get settings(): FetchSettings {
    return this.#context.settings;
  }

  /** Fetches an input. Throws {@link InputError}. */
  fetch(input: FetcherInput): Promise<FetchedSource> {
    const { scheme } = input;
    if (scheme === undefined) {
      const shown = inputAttrsToJson(input.attrs);
      throw new InputError(marked`cannot fetch unsupported input '${shown}'`);
    }
    return withNote(
      () => marked`while fetching the input '${describeInput(input)}'`,
      () => this.#fetch(input, scheme.name),
    );
  }

  async #fetch(input: FetcherInput, name: string): Promise<FetchedSource> {
    const known = this.#knownTree(input);
    if (known !== undefined) return known;
    const scheme = SCHEMES.find((one) => one.name === name);
    if (scheme === undefined) {
      throw new InputError(marked`cannot fetch inputs of the scheme '${name}'`);
    }
    const unlock = await this.#lock(input, name);
    try {
      const result = await scheme.fetch(this.#context, input);
      return this.#checked(input, result);
    } finally {
      unlock();
    }
  }

  /** A tree that is there already; only for inputs about which nothing is to be found out. */
  #knownTree(input: FetcherInput): FetchedSource | undefined {
    const narHash = narHashOf(input.attrs);
    if (narHash === undefined || !isFinalInput(input)) return undefined;
    const tree = this.#context.trees.get(narHash) ?? storeTree(this.#context, input, narHash);
    if (tree === undefined) return undefined;
    const fingerprint = fingerprintOf(input);
    return {
      locked: input,
      lazyAttrs: new Map(),
      tree: new NamedTree(tree, quoted(describeInput(input)), fingerprint),
      fingerprint,
      narHash: async () => narHash,
    };
  }

  async #lock(input: FetcherInput, scheme: string): Promise<() => void> {
    const { host, cacheDirectory } = this.#context;
    const { disk } = host;
    if (disk === undefined || cacheDirectory === undefined || scheme === "path") return () => {};
    const directory = `${cacheDirectory}/locks`;
    disk.makeDirectory(directory);
    const name = encodeBase16(host.hashes.hash("sha256", inputAttrsToJson(input.attrs)));
    return disk.lock(`${directory}/${name}`, () => {
      const shown = describeInput(input);
      host.reporter.warn(`waiting for another process to finish fetching input '${shown}'...`);
    });
  }

  #checked(asked: FetcherInput, result: SchemeResult): FetchedSource {
    const locked = checkedInput(asked, withInputAttrs(result.input, { __final: true }));
    // What the input says already is not found out again.
    const lazyAttrs = new Map(
      [...(result.lazyAttrs ?? [])].filter(
        ([name]) => !isFinalInput(asked) && !locked.attrs.has(name),
      ),
    );
    let narHash = result.narHash;
    return {
      locked,
      lazyAttrs,
      tree: result.tree,
      fingerprint: result.fingerprint,
      narHash: async () => {
        narHash ??= this.#hash(result);
        return narHash;
      },
    };
  }

  #hash({ tree, hashKey }: SchemeResult): string {
    const { cache, host } = this.#context;
    const key = new Map([["fingerprint", hashKey ?? ""]]);
    const cached = hashKey === undefined ? undefined : cache.get("treeHash", key);
    const known = cached === undefined ? undefined : tryStringAttr(cached.value, "hash");
    if (known !== undefined) return known;
    const hash = formatNarHash(hashTree(tree, host.hashes));
    if (hashKey !== undefined) cache.put("treeHash", key, new Map([["hash", hash]]), host.now());
    return hash;
  }

  /** Downloads a single file through the caches, such as a registry. Throws {@link InputError}. */
  async fetchFile(url: string, name: string): Promise<Uint8Array> {
    return (await downloadFile(this.#context, url, name)).contents;
  }

  /** The path on disk of what an input means, if it lies there and can be written to. */
  sourcePath(input: FetcherInput): string | undefined {
    switch (input.scheme?.name) {
      case "path":
        return pathOfInput(input);
      case "git":
        return gitSourcePath(this.#context, input);
      case "hg":
        return mercurialSourcePath(input);
      default:
        return undefined;
    }
  }

  /**
   * Puts a file into the source of an input; in a Git repository git is told about it, and a message
   * makes a commit.
   */
  async putFile(
    input: FetcherInput,
    path: string,
    contents: string,
    message: string | undefined,
  ): Promise<void> {
    switch (input.scheme?.name) {
      case "git":
        return putGitFile(this.#context, input, path, contents, message);
      case "hg":
        return putMercurialFile(this.#context, input, path, contents, message);
      case "path": {
        const disk = diskOf(this.#context, "writing a file");
        disk.writeFile(`${pathOfInput(input)}/${path}`, contents);
        return;
      }
      default:
        throw new InputError(
          marked`input '${describeInput(input)}' does not support modifying file '/${path}'`,
        );
    }
  }

  /** Gets a copy of what an input means, to work with: a clone of a repository, or the files. */
  async clone(input: FetcherInput, target: string): Promise<void> {
    const { git } = this.#context;
    const source = gitInputOfForge(input) ?? input;
    if (source.scheme?.name !== "git") {
      throw new InputError(marked`cannot clone input '${describeInput(input)}'`);
    }
    if (revOf(input.attrs) !== undefined) {
      throw new InputError("cloning a specific revision is not implemented");
    }
    const ref = tryStringAttr(input.attrs, "ref");
    const url = parseUrl(String(source.attrs.get("url")));
    const place = url.scheme === "file" ? pathOfUrl(url.path) : formatUrl(url);
    const branch = ref === undefined ? [] : ["--branch", ref];
    const result = await git.run(undefined, ["clone", ...branch, "--", place, target], {
      interactive: true,
    });
    if (result.code !== 0) {
      throw new InputError(marked`program "git" failed with exit code ${result.code}`);
    }
  }

  /** Forgets what was found out about work trees, which may have changed. */
  forgetWorkTrees(): void {
    this.#context.workTrees.clear();
  }
}

function cachesOf(
  host: FetchHost,
  directory: string | undefined,
): { readonly cache: FetchCache; readonly trees: TreeCache } {
  const { disk, hashes } = host;
  if (disk === undefined || directory === undefined) {
    return { cache: new MemoryCache(), trees: new MemoryTreeCache(hashes) };
  }
  return {
    cache: new DiskCache(disk, `${directory}/fetches`, hashes),
    trees: new DiskTreeCache(disk, `${directory}/trees`, hashes),
  };
}

/** The tree of a final input that the store has. */
function storeTree(
  { host, storeHash }: SchemeContext,
  input: FetcherInput,
  narHash: string,
): SourceTree | undefined {
  const { disk, hashes } = host;
  if (disk === undefined || storeHash === undefined) return undefined;
  const path = treeStorePath(input, narHash, { storeDir: storeDirOf(host), hashes });
  // Most trees are not in the store, and looking is quicker than asking.
  if (disk.stat(path) === undefined || storeHash(path) !== narHash) return undefined;
  return new DiskTree(disk, path);
}

/** What the contents of an input depend on, as far as its attributes say so. */
function fingerprintOf({ scheme, attrs }: FetcherInput): string | undefined {
  const rev = revOf(attrs);
  switch (scheme?.name) {
    case "git": {
      const flags = [
        attrs.get("submodules") === true ? ";s" : "",
        attrs.get("exportIgnore") === true ? ";e" : "",
        attrs.get("lfs") === true ? ";l" : "",
      ];
      return rev === undefined ? undefined : `git:${rev}${flags.join("")}`;
    }
    case "github":
    case "gitlab":
    case "sourcehut":
    case "hg":
      return rev === undefined ? undefined : `${scheme.name}:${rev}`;
    case "tarball":
      return `tarball:${narHashOf(attrs) ?? rev}`;
    default:
      return undefined;
  }
}

/** Compares what was found out with what was asked for; returns what holds from now on. */
function checkedInput(asked: FetcherInput, found: FetcherInput): FetcherInput {
  const narHash = narHashOf(asked.attrs);
  const foundHash = narHashOf(found.attrs);
  if (isFinalInput(asked)) {
    // Some lock files have hashes without their padding.
    const wanted = narHash === undefined ? asked : withInputAttrs(asked, { narHash });
    const got = foundHash === undefined ? found : withInputAttrs(found, { narHash: foundHash });
    for (const [name, value] of wanted.attrs) {
      const other = got.attrs.get(name);
      if (other === undefined || sameAttr(value, other)) continue;
      throw new InputError(
        marked`mismatch in field '${name}' of input '${inputAttrsToJson(wanted.attrs)}', got '${inputAttrsToJson(got.attrs)}'`,
      );
    }
    return wanted;
  }
  if (narHash !== undefined && narHash !== foundHash) {
    const got = foundHash === undefined ? "none" : `'${foundHash}'`;
    throw new InputError(
      marked`NAR hash mismatch in input '${describeInput(asked)}', expected '${narHash}' but got ${got}`,
      HASH_MISMATCH_EXIT_CODE,
    );
  }
  const rev = revOf(asked.attrs);
  if (rev !== undefined && revOf(found.attrs) !== rev) {
    throw new InputError(
      marked`'rev' attribute mismatch in input '${describeInput(found)}', expected ${rev}`,
    );
  }
  return found;
}

function sameAttr(a: InputAttr, b: InputAttr): boolean {
  const one = (value: InputAttr): InputAttrs => new Map([["", value]]);
  return equalInputAttrs(one(a), one(b));
}

/** The path that a tree has in a store. */
export function treeStorePath(input: FetcherInput, narHash: string, store: StoreConfig): string {
  const digest = decodeBase64(narHash.slice("sha256-".length));
  const name = tryStringAttr(input.attrs, "name") ?? "source";
  return makeFixedOutputPath(store, name, "nar", { algorithm: "sha256", digest });
}
