/**
 * Flakes as they are found: a tree of sources, where in it the flake lies, and what its `flake.nix`
 * says. The words in which locking speaks with whoever fetches.
 */
import {
  describeInput,
  equalInputAttrs,
  type FetcherInput,
  type FlakeRef,
  formatFlakeRef,
  HASH_MISMATCH_EXIT_CODE,
  type InputAttr,
  type InputAttrs,
  InputError,
  inputAttrsToJson,
  isDirectInput,
  marked,
  narHashOf,
  withInputAttrs,
} from "@nivis/formats";
import {
  type FlakeFile,
  type FlakeSource,
  type ReadFlakeOptions,
  readFlakeFile,
} from "./flake-file.ts";
import type { InputPath } from "./input-path.ts";
import { lookUpInput, type RegistrySource, type UseRegistries } from "./registry.ts";

/** A tree of sources, read synchronously once it is there. Paths are canonical: `/`, `/a/b`. */
export interface FlakeTree {
  /** What lies at a path; `undefined` if nothing does. */
  fileType(path: string): "regular" | "directory" | "symlink" | "unknown" | undefined;
  /** The contents of a regular file as a byte string. Throws with the reason if there is none. */
  readFile(path: string): string;
  readLink(path: string): string;
  /** The path as messages call it. */
  display(path: string): string;
}

/** What a fetch gives. */
export interface FetchedInput<Tree extends FlakeTree = FlakeTree> {
  /** The input with all that the fetch found out, final. */
  readonly locked: FetcherInput;
  /** Attributes that take work to find out, such as `revCount`. */
  readonly lazyAttrs?: ReadonlyMap<string, () => Promise<InputAttr>>;
  readonly tree: Tree;
  /** The hash of the tree, `sha256-…`. */
  narHash(): Promise<string>;
}

/** Fetches inputs that need no registry. */
export interface InputFetcher<Tree extends FlakeTree = FlakeTree> {
  fetch(input: FetcherInput): Promise<FetchedInput<Tree>>;
}

/** A fetched input, and what it was after the registries. */
export interface CachedInput<Tree extends FlakeTree = FlakeTree> {
  readonly resolved: FetcherInput;
  readonly fetched: FetchedInput<Tree>;
  /** The directory that the registry has for the flake, if any. */
  readonly directory: string | undefined;
}

interface CacheEntry<Tree extends FlakeTree> {
  readonly use: UseRegistries;
  readonly result: Promise<CachedInput<Tree>>;
  hasFailed: boolean;
}

/** The inputs of one run: each is looked up and fetched once, also when many ask for it at once. */
export class InputCache<Tree extends FlakeTree = FlakeTree> {
  readonly #fetcher: InputFetcher<Tree>;
  readonly #registries: RegistrySource;
  readonly #inputs = new Map<string, CacheEntry<Tree>>();

  constructor(fetcher: InputFetcher<Tree>, registries: RegistrySource) {
    this.#fetcher = fetcher;
    this.#registries = registries;
  }

  /** Fetches an input. Throws {@link InputError}. */
  async get(input: FetcherInput, use: UseRegistries): Promise<CachedInput<Tree>> {
    const key = inputAttrsToJson(input.attrs);
    const known = this.#inputs.get(key);
    // A failure may be no failure with other registries.
    if (known !== undefined && !(known.hasFailed && known.use !== use)) return known.result;
    const entry: CacheEntry<Tree> = { use, result: this.#find(input, use), hasFailed: false };
    this.#inputs.set(key, entry);
    entry.result.catch(() => {
      entry.hasFailed = true;
    });
    return entry.result;
  }

  async #find(input: FetcherInput, use: UseRegistries): Promise<CachedInput<Tree>> {
    if (isDirectInput(input)) {
      return {
        resolved: input,
        fetched: await this.#fetcher.fetch(input),
        directory: undefined,
      };
    }
    if (use === "none") {
      const shown = describeInput(input);
      throw new InputError(
        marked`'${shown}' is an indirect flake reference, but registry lookups are not allowed`,
      );
    }
    const resolved = await lookUpInput(this.#registries, input, use);
    const { fetched } = await this.get(resolved.input, "none");
    return { resolved: resolved.input, fetched, directory: resolved.directory };
  }
}

/** A flake. */
export interface Flake<Tree extends FlakeTree = FlakeTree> extends FlakeFile {
  /** As the user gave it. */
  readonly originalRef: FlakeRef;
  /** As the registries have it. */
  readonly resolvedRef: FlakeRef;
  /** As it was fetched. */
  readonly lockedRef: FlakeRef;
  /** Attributes of `lockedRef` that take work to find out. */
  readonly lazyAttrs: ReadonlyMap<string, () => Promise<InputAttr>>;
  readonly tree: Tree;
  /** The directory of the flake in the tree: `/` or `/sub`. */
  readonly directory: string;
}

/** What reading flakes needs. */
export interface FlakeWorld<Tree extends FlakeTree = FlakeTree> extends ReadFlakeOptions {
  readonly inputs: InputCache<Tree>;
  /** Takes messages for those who look for a mistake. */
  readonly debug?: ((message: string) => void) | undefined;
  /** How evaluation sees trees, for messages about paths outside of them. */
  readonly evaluation?: { readonly storeDir: string; readonly isPure: boolean };
}

const SELF_ATTRS: readonly string[] = ["submodules", "lfs"];

/** Fetches a flake and reads its `flake.nix`. */
export async function getFlake<Tree extends FlakeTree>(
  world: FlakeWorld<Tree>,
  originalRef: FlakeRef,
  use: UseRegistries,
  lockPath: InputPath = [],
): Promise<Flake<Tree>> {
  const found = await world.inputs.get(originalRef.input, use);
  const directory = found.directory ?? originalRef.directory;
  const resolvedRef: FlakeRef = { input: found.resolved, directory };
  let fetched = found.fetched;
  let place = { originalRef, resolvedRef, lockPath, tree: fetched.tree };
  const first = readFlakeIn(world, place, directory);
  if (first.selfAttrs.size > 0) {
    const refetch = applySelfAttrs(fetched.locked, first);
    if (refetch !== undefined) {
      const shown = formatFlakeRef({ input: refetch, directory });
      world.debug?.(`refetching input '${shown}' due to self attribute`);
      fetched = (await world.inputs.get(refetch, "none")).fetched;
      place = { ...place, tree: fetched.tree };
    }
  }
  const narHash = await fetched.narHash();
  checkNarHash(originalRef.input, narHash);
  const locked = withInputAttrs(fetched.locked, { narHash });
  const file = place.tree === found.fetched.tree ? first : readFlakeIn(world, place, directory);
  return {
    ...file,
    originalRef,
    resolvedRef,
    lockedRef: { input: locked, directory },
    // A second fetch is of a final input, about which nothing more is found out.
    lazyAttrs: new Map([...(found.fetched.lazyAttrs ?? []), ...(fetched.lazyAttrs ?? [])]),
    tree: fetched.tree,
    directory: joinTreePath("/", directory),
  };
}

/** The input to fetch instead, as `inputs.self` asks; `undefined` if that changes nothing. */
function applySelfAttrs(locked: FetcherInput, { selfAttrs }: FlakeFile): FetcherInput | undefined {
  const attrs = new Map(locked.attrs);
  for (const [name, value] of selfAttrs) {
    if (!SELF_ATTRS.includes(name)) {
      throw new InputError(marked`flake 'self' attribute '${name}' is not supported`);
    }
    attrs.set(name, value);
  }
  if (equalInputAttrs(attrs, locked.attrs)) return undefined;
  return withInputAttrs({ scheme: locked.scheme, attrs }, { narHash: undefined });
}

/** Compares the hash of a tree with that of the input that was asked for. */
export function checkNarHash(asked: FetcherInput, narHash: string): void {
  const expected = narHashOf(asked.attrs);
  if (expected === undefined || expected === narHash) return;
  // Nix: the two hashes stand the wrong way round (EvalState::mountInput).
  throw new InputError(
    marked`NAR hash mismatch in input '${describeInput(asked)}', expected '${narHash}' but got '${expected}'`,
    HASH_MISMATCH_EXIT_CODE,
  );
}

/** Reads a flake that lies in a tree that is there already, such as a relative input. */
export function readFlakeAt<Tree extends FlakeTree>(
  world: ReadFlakeOptions,
  ref: FlakeRef,
  tree: Tree,
  root: string,
  lockPath: InputPath,
): Flake<Tree> {
  const place = { originalRef: ref, resolvedRef: ref, lockPath, tree };
  return {
    ...readFlakeIn(world, place, joinTreePath(root, ref.directory)),
    originalRef: ref,
    resolvedRef: ref,
    lockedRef: ref,
    lazyAttrs: new Map(),
    tree,
    directory: joinTreePath(root, ref.directory),
  };
}

function readFlakeIn(
  world: ReadFlakeOptions,
  place: {
    readonly resolvedRef: FlakeRef;
    readonly lockPath: InputPath;
    readonly tree: FlakeTree;
  },
  directory: string,
): FlakeFile {
  const { tree, lockPath, resolvedRef } = place;
  const folder = joinTreePath("/", directory);
  const path = joinTreePath(folder, "flake.nix");
  const text = tree.readFile(followLinks(tree, path));
  world.reading?.(tree.display(path));
  // Names are for messages; that of a tree may be a store path, which takes a hash to find out.
  const source: FlakeSource = {
    text,
    get display() {
      return tree.display(path);
    },
    directory: folder,
    get directoryDisplay() {
      return withoutSlash(tree.display(folder));
    },
    get ref() {
      return formatFlakeRef(resolvedRef);
    },
    lockPath,
  };
  return readFlakeFile(source, world);
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/**
 * A path below another one in a tree. `..` stops at the root of the tree, as in C++ Nix; use
 * {@link leavesTree} to find that out.
 */
export function joinTreePath(base: string, path: string): string {
  const names: string[] = [];
  for (const name of `${base}/${path}`.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

/** Whether a relative path climbs above the root of the tree. */
export function leavesTree(base: string, path: string): boolean {
  let depth = 0;
  for (const name of `${base}/${path}`.split("/")) {
    if (name === "..") depth--;
    else if (name !== "" && name !== ".") depth++;
    if (depth < 0) return true;
  }
  return false;
}

const MAX_LINKS = 100;

/** A path in a tree with the links in it followed; the path itself if it leads nowhere. */
export function followLinks(tree: FlakeTree, path: string): string {
  let current = "/";
  const rest = path
    .split("/")
    .filter((name) => name !== "")
    .reverse();
  for (let links = 0; rest.length > 0; ) {
    const name = rest.pop() as string;
    const next = joinTreePath(current, name);
    if (name === ".." || tree.fileType(next) !== "symlink") {
      current = next;
      continue;
    }
    if (++links > MAX_LINKS) {
      throw new InputError(marked`infinite symlink recursion in path '${tree.display(path)}'`);
    }
    const target = tree.readLink(next);
    // A link to somewhere outside the tree: reading it gives the error.
    if (target.startsWith("/")) return path;
    rest.push(
      ...target
        .split("/")
        .filter((one) => one !== "" && one !== ".")
        .reverse(),
    );
  }
  return current;
}

/** The attributes of a locked reference with those that take work found out. */
export async function withLazyAttrs(
  ref: FlakeRef,
  lazy: ReadonlyMap<string, () => Promise<InputAttr>>,
): Promise<FlakeRef> {
  if (lazy.size === 0) return ref;
  const attrs: Map<string, InputAttr> = new Map(ref.input.attrs as InputAttrs);
  for (const [name, compute] of lazy) attrs.set(name, await compute());
  return { ...ref, input: { scheme: ref.input.scheme, attrs } };
}
