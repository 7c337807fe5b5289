/**
 * Mounts: fetched trees that evaluation sees at their store paths, although no store has them.
 *
 * {@link MountedIo} stands between the host's files and the restrictions of pure evaluation. Paths
 * in a mounted tree are ordinary paths, so literals, `outPath` and equality work as on disk. A tree
 * is copied to the store when something refers to its path there: a derivation, `toFile`, the
 * result of a command. docs/design/011-fetched-trees.md gives the reasons.
 */
import { marked, type NarDigest, namePart, storePathBaseName } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { ForwardingIo } from "../forwarding-io.ts";
import type { DirectoryEntry, EvalIo, FileType } from "../io.ts";
import { settled } from "../operations/checks.ts";
import type { Fingerprint, OpenListing, SourceAccessor } from "../source-accessor.ts";
import { addSource, type SourceMethod } from "../store/copy-path.ts";
import { Attrs } from "../value/attrs.ts";
import type { StringContext } from "../value/context.ts";
import { ContextString, NixPath, type Slot } from "../value/value.ts";

/** A tree that is visible at a store path. */
export interface Mount {
  readonly tree: SourceAccessor;
  /** How its store path was computed: from its NAR, or from the contents of the only file. */
  readonly method: SourceMethod;
  /** Whether messages show the store path although evaluation is pure. Defaults to `false`. */
  readonly showsStorePath?: boolean;
}

/** Files of a host, with trees mounted at store paths. */
export class MountedIo extends ForwardingIo {
  readonly #prefix: string;
  readonly #showsOrigin: boolean;
  readonly #mounts = new Map<string, Mount>();
  /** Store paths that were copied, or that the store had. */
  readonly #copied = new Set<string>();

  /**
   * @param showsOrigin - whether messages show where a mounted tree came from instead of its store
   *   path; Nix does so only in pure evaluation
   */
  constructor(io: EvalIo, storeDir: string, showsOrigin: boolean) {
    super(io);
    this.#prefix = `${storeDir}/`;
    this.#showsOrigin = showsOrigin;
  }

  /** Whether no tree is mounted. */
  get isEmpty(): boolean {
    return this.#mounts.size === 0;
  }

  /** Shows a tree at a store path. The first tree at a path stays. */
  mount(path: string, mount: Mount): void {
    if (!this.#mounts.has(path)) this.#mounts.set(path, mount);
  }

  /** Returns the tree that is mounted at exactly this path. */
  at(path: string): Mount | undefined {
    return this.#mounts.get(path);
  }

  /** Whether a mounted tree still has to be copied when something refers to its path. */
  isUncopied(path: string): boolean {
    return this.#mounts.has(path) && !this.#copied.has(path);
  }

  /** Records that the store has the tree of a path. */
  setCopied(path: string): void {
    this.#copied.add(path);
  }

  /** Returns the mounted tree that a path is in. */
  #treeOf(path: string): SourceAccessor | undefined {
    return this.#mountOf(path)?.tree;
  }

  #mountOf(path: string): Mount | undefined {
    if (this.#mounts.size === 0 || !path.startsWith(this.#prefix)) return undefined;
    return this.#mounts.get(this.#rootOf(path));
  }

  #rootOf(path: string): string {
    const end = path.indexOf("/", this.#prefix.length);
    return end < 0 ? path : path.slice(0, end);
  }

  /** Returns a path inside the tree that is mounted above it. */
  #inner(path: string): string {
    const end = path.indexOf("/", this.#prefix.length);
    return end < 0 ? "/" : path.slice(end);
  }

  override checkAccess(path: string): void {
    const tree = this.#treeOf(path);
    if (tree === undefined) super.checkAccess(path);
    else tree.checkAccess?.(this.#inner(path));
  }

  override fileType(path: string): FileType | undefined {
    const tree = this.#treeOf(path);
    return tree === undefined ? super.fileType(path) : tree.fileType(this.#inner(path));
  }

  override isExecutable(path: string): boolean {
    const tree = this.#treeOf(path);
    return tree === undefined ? super.isExecutable(path) : tree.isExecutable(this.#inner(path));
  }

  override readFile(path: string): string {
    const tree = this.#treeOf(path);
    return tree === undefined ? super.readFile(path) : tree.readFile(this.#inner(path));
  }

  override readDirectory(path: string): readonly DirectoryEntry[] {
    const tree = this.#treeOf(path);
    return tree === undefined ? super.readDirectory(path) : tree.readDirectory(this.#inner(path));
  }

  override openListing(path: string): OpenListing | undefined {
    const tree = this.#treeOf(path);
    return tree === undefined ? this.io.openListing?.(path) : tree.openListing?.(this.#inner(path));
  }

  override readLink(path: string): string {
    const tree = this.#treeOf(path);
    return tree === undefined ? super.readLink(path) : tree.readLink(this.#inner(path));
  }

  override display(path: string): string {
    const mount = this.#showsOrigin ? this.#mountOf(path) : undefined;
    const tree = mount?.showsStorePath === true ? undefined : mount?.tree;
    return tree === undefined ? super.display(path) : tree.display(this.#inner(path));
  }

  override physicalPath(path: string): string | undefined {
    const tree = this.#treeOf(path);
    return tree === undefined ? super.physicalPath(path) : tree.physicalPath(this.#inner(path));
  }

  override fingerprint(path: string): Fingerprint | undefined {
    const tree = this.#treeOf(path);
    return tree === undefined ? super.fingerprint(path) : tree.fingerprint?.(this.#inner(path));
  }

  override narDigest(path: string): NarDigest | undefined {
    const tree = this.#treeOf(path);
    return tree === undefined ? super.narDigest(path) : tree.narDigest?.(this.#inner(path));
  }
}

/**
 * Copies the tree that is mounted at a store path to the store, unless it has the path. Does
 * nothing in read-only mode and for other paths.
 */
export function copyMount(ctx: EvalContext, path: string): void {
  const { mounts, store } = ctx;
  if (ctx.settings.readOnlyMode || !mounts.isUncopied(path)) return;
  const { tree, method } = mounts.at(path) as Mount;
  if (!store.isValidPath(path)) {
    const copied = addSource(
      ctx,
      new NixPath("/", tree),
      namePart(storePathBaseName(path)),
      method,
    );
    if (copied !== path) {
      throw new EvalError(
        "hash-mismatch",
        marked`store path ('${path}') was hashed to avoid a full copy at first, but upon reading it again, the contents have changed ('${copied}'), so we can not proceed. Make sure files do not change during evaluation`,
      );
    }
  }
  mounts.setCopied(path);
}

/**
 * Returns the paths of mounted trees that the strings in a value depend on, as far as the value is
 * evaluated: what a command has printed.
 */
export function mountedPathsIn({ mounts }: EvalContext, value: Slot): ReadonlySet<string> {
  const found = new Set<string>();
  if (mounts.isEmpty) return found;
  const pending: Slot[] = [value];
  const seen = new Set<Slot>();
  for (let slot = pending.pop(); slot !== undefined; slot = pending.pop()) {
    const known = settled(slot);
    if (known === undefined || typeof known !== "object" || seen.has(known)) continue;
    seen.add(known);
    if (known instanceof ContextString) {
      for (const element of known.context) if (mounts.isUncopied(element)) found.add(element);
    } else if (known instanceof Attrs) pending.push(...known.blindSlots());
    else if (Array.isArray(known)) pending.push(...(known as Slot[]));
  }
  return found;
}

/** {@link copyMount} for all plain store paths of a string context. */
export function copyMounts(ctx: EvalContext, context: StringContext | undefined): void {
  if (context === undefined) return;
  for (const element of context) copyMount(ctx, element);
}
