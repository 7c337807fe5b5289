/**
 * Computing a lock file: the walk over a flake's inputs that decides which entries of the old lock file
 * stay, which inputs are fetched, and which follow others (C++ Nix: `lockFlake` in libflake/flake.cc).
 *
 * The walk goes through the inputs in the order of their names and hands down the overrides that it
 * meets; the outermost wins. Fetches that are sure to be needed begin before their turn, so that they
 * run side by side; results are taken in order.
 */
import {
  canonicalFlakeRef,
  equalFlakeRefs,
  type FlakeRef,
  flakeRefFromAttrs,
  formatFlakeRef,
  InputError,
  isLockedInput,
  type LockPolicy,
  marked,
  relativeInputPath,
  sortedBytes,
  withInputAttrs,
  withNote,
} from "@nivis/formats";
import {
  checkNarHash,
  type Flake,
  type FlakeTree,
  type FlakeWorld,
  getFlake,
  joinTreePath,
  leavesTree,
  readFlakeAt,
  withLazyAttrs,
} from "./flake.ts";
import type { FlakeInput, FlakeInputs } from "./flake-file.ts";
import {
  compareInputPaths,
  formatInputPath,
  type InputPath,
  inputPathKey,
  isBelow,
} from "./input-path.ts";
import {
  isLockedNode,
  type LockEdge,
  LockedNode,
  LockFile,
  LockNode,
  type ReadLockOptions,
} from "./lock-file.ts";
import type { UseRegistries } from "./registry.ts";

/** What is to be done about the inputs. */
export interface LockRequest extends LockPolicy {
  /** Inputs whose entries are made anew. */
  readonly updates?: readonly InputPath[];
  /** Other references for inputs, as a command line gives them. */
  readonly overrides?: ReadonlyMap<InputPath, FlakeRef>;
  /** Whether references that are not locked may be fetched; `true` unless evaluation is pure. */
  readonly allowUnlocked?: boolean;
  /** Which registries the inputs may use. */
  readonly registries: UseRegistries;
}

/** Where a node's sources lie. */
export interface NodePlace<Tree extends FlakeTree = FlakeTree> {
  readonly tree: Tree;
  /** The directory in the tree. */
  readonly directory: string;
}

/** A lock file, and the trees that were fetched to make it. */
export interface ComputedLocks<Tree extends FlakeTree = FlakeTree> {
  readonly lockFile: LockFile;
  readonly places: ReadonlyMap<LockNode, NodePlace<Tree>>;
}

interface Override<Tree extends FlakeTree> {
  readonly path: InputPath;
  readonly input: FlakeInput;
  /** Where the flake lies that declares it. */
  readonly place: NodePlace<Tree>;
  readonly parent: InputPath | undefined;
}

/** One flake whose inputs are to be locked. */
interface Level<Tree extends FlakeTree> {
  /** The inputs, from `flake.nix` or from the old lock file. */
  readonly inputs: FlakeInputs;
  readonly node: LockNode;
  readonly path: InputPath;
  readonly oldNode: LockNode | undefined;
  /** What paths that are followed in `oldNode` begin with. */
  readonly followsPrefix: InputPath;
  readonly place: NodePlace<Tree>;
  /** Whether `oldNode` is known to be what the flake wants. */
  readonly trustLock: boolean;
}

/** How deep the walk may nest before it lets the native stack unwind. */
const UNWIND_EVERY = 32;

/** Computes the lock file of a flake. `oldLock` is `undefined` to make all entries anew. */
export async function computeLocks<Tree extends FlakeTree>(
  world: FlakeWorld<Tree>,
  flake: Flake<Tree>,
  oldLock: LockFile | undefined,
  request: LockRequest,
): Promise<ComputedLocks<Tree>> {
  return new LockComputation(world, request).run(flake, oldLock);
}

/** Reads the lock file that lies beside a `flake.nix`; an empty one if there is none. */
export function readLockFileAt({ tree, directory }: NodePlace, options: ReadLockOptions): LockFile {
  const path = joinTreePath(directory, "flake.lock");
  if (tree.fileType(path) === undefined) return new LockFile();
  return LockFile.parse(tree.readFile(path), tree.display(path), options);
}

class LockComputation<Tree extends FlakeTree> {
  readonly #world: FlakeWorld<Tree>;
  readonly #request: LockRequest;
  readonly #overrides = new Map<string, Override<Tree>>();
  readonly #flagOverrides = new Set<string>();
  readonly #updates: ReadonlySet<string>;
  readonly #used = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #places = new Map<LockNode, NodePlace<Tree>>();
  /** The references on the way from the root, to find circles. */
  readonly #parents: FlakeRef[] = [];

  constructor(world: FlakeWorld<Tree>, request: LockRequest) {
    this.#world = world;
    this.#request = request;
    this.#updates = new Set((request.updates ?? []).map(inputPathKey));
  }

  async run(flake: Flake<Tree>, oldLock: LockFile | undefined): Promise<ComputedLocks<Tree>> {
    for (const [path, ref] of this.#request.overrides ?? []) {
      const key = inputPathKey(path);
      const input = { ref, isFlake: true, follows: undefined, overrides: new Map() };
      if (!this.#overrides.has(key)) {
        this.#overrides.set(key, { path, input, place: flake, parent: undefined });
      }
      this.#flagOverrides.add(key);
    }
    const root = new LockNode();
    this.#places.set(root, { tree: flake.tree, directory: flake.directory });
    await this.#level({
      inputs: flake.inputs,
      node: root,
      path: [],
      oldNode: oldLock?.root,
      followsPrefix: [],
      place: flake,
      trustLock: false,
    });
    this.#warnOfUnused();
    const lockFile = new LockFile(root);
    lockFile.check();
    return { lockFile, places: this.#places };
  }

  #warn(message: string): void {
    this.#world.warn?.(message);
  }

  #warnOfUnused(): void {
    for (const [path, ref] of this.#request.overrides ?? []) {
      if (this.#used.has(inputPathKey(path))) continue;
      const shown = `--override-input ${formatInputPath(path)} ${formatFlakeRef(ref)}`;
      this.#warn(`the flag '${shown}' does not match any input`);
    }
    for (const path of [...(this.#request.updates ?? [])].sort(compareInputPaths)) {
      if (this.#seen.has(inputPathKey(path))) continue;
      this.#warn(`'${formatInputPath(path)}' does not match any input of this flake`);
    }
  }

  async #level(level: Level<Tree>): Promise<void> {
    const names = sortedBytes(level.inputs.keys());
    for (const name of names) {
      this.#addOverrides(level, level.inputs.get(name) as FlakeInput, [...level.path, name]);
    }
    this.#warnOfMissing(level);
    for (const name of names) this.#beginFetch(level, name);
    if (level.path.length % UNWIND_EVERY === UNWIND_EVERY - 1) await undefined;
    for (const name of names) {
      const path = [...level.path, name];
      await withNote(
        () => marked`while updating the flake input '${formatInputPath(path)}'`,
        () => this.#input(level, name, path),
      );
    }
  }

  /** Notes what a flake declares for the inputs of one of its inputs. */
  #addOverrides(level: Level<Tree>, input: FlakeInput, prefix: InputPath): void {
    for (const name of sortedBytes(input.overrides.keys())) {
      const override = input.overrides.get(name) as FlakeInput;
      const path = [...prefix, name];
      const key = inputPathKey(path);
      const says = override.ref !== undefined || override.follows !== undefined;
      if (says && !this.#overrides.has(key)) {
        this.#overrides.set(key, { path, input: override, place: level.place, parent: level.path });
      }
      this.#addOverrides(level, override, path);
    }
  }

  #warnOfMissing({ path, inputs }: Level<Tree>): void {
    const here = [...this.#overrides.values()]
      .map((override) => override.path)
      .filter((one) => one.length === path.length + 1 && isBelow(one, path))
      .sort(compareInputPaths);
    for (const override of here) {
      const name = override.at(-1) as string;
      if (inputs.has(name)) continue;
      this.#warn(
        `input '${formatInputPath(path)}' has an override for a non-existent input '${name}'`,
      );
    }
  }

  /** What is to be done about an input; nothing is fetched to know it. */
  #plan(level: Level<Tree>, name: string) {
    const path = [...level.path, name];
    const key = inputPathKey(path);
    const declared = level.inputs.get(name) as FlakeInput;
    const override = this.#overrides.get(key);
    const isFlagged = this.#flagOverrides.has(key);
    const { isFlake } = declared;
    const { follows, ref: given } = override?.input ?? declared;
    const ref =
      given ??
      flakeRefFromAttrs(
        new Map([
          ["type", "indirect"],
          ["id", name],
        ]),
      );
    const place = override?.place ?? level.place;
    const relative = relativeInputPath(ref.input);
    const parent =
      relative === undefined ? undefined : override === undefined ? level.path : override.parent;
    const entry = this.#updates.has(key) ? undefined : level.oldNode?.inputs.get(name);
    const old = isLockedNode(entry) ? entry : undefined;
    const keeps =
      old !== undefined &&
      !isFlagged &&
      equalFlakeRefs(canonicalFlakeRef(old.original), canonicalFlakeRef(ref)) &&
      samePath(old.parent, parent);
    const kept = keeps ? old : undefined;
    return {
      key,
      declared,
      override,
      isFlagged,
      isFlake,
      follows,
      ref,
      place,
      relative,
      parent,
      kept,
    };
  }

  /** Begins to fetch what the walk will need here, without waiting. */
  #beginFetch(level: Level<Tree>, name: string): void {
    const { follows, kept, relative, ref, isFlagged } = this.#plan(level, name);
    if (follows !== undefined || kept !== undefined || relative !== undefined) return;
    if (!this.#mayFetch(ref)) return;
    // The error, if there is one, comes when it is this input's turn.
    this.#world.inputs.get(ref.input, this.#registriesFor(isFlagged)).catch(() => {});
  }

  #registriesFor(isFlagged: boolean): UseRegistries {
    return isFlagged ? "all" : this.#request.registries;
  }

  #mayFetch(ref: FlakeRef): boolean {
    return this.#request.allowUnlocked !== false || isLockedInput(ref.input, this.#request);
  }

  async #input(level: Level<Tree>, name: string, path: InputPath): Promise<void> {
    const plan = this.#plan(level, name);
    if (plan.override !== undefined) this.#used.add(plan.key);
    if (plan.follows !== undefined) {
      level.node.inputs.set(name, plan.follows);
      return;
    }
    this.#seen.add(plan.key);
    const { kept, ref, place, relative, parent } = plan;
    const at = (): NodePlace<Tree> | undefined =>
      relative === undefined
        ? undefined
        : relativePlace(place, relative, ref, this.#world.evaluation);
    if (kept !== undefined) {
      await this.#keep(level, name, path, kept, at);
      return;
    }
    if (relative === undefined && !this.#mayFetch(ref)) {
      const shown = formatInputPath(path);
      throw new InputError(marked`cannot update unlocked flake input '${shown}' in pure mode`);
    }
    // The override of a command line does not become the reference that later runs compare with:
    // so it stays until the input is updated.
    const original = plan.isFlagged ? (plan.declared.ref ?? ref) : ref;
    const registries = this.#registriesFor(plan.isFlagged);
    if (!plan.isFlake) {
      const tree = await this.#fetchTree(ref, at());
      const child = new LockedNode(tree.locked, original, false, parent);
      this.#places.set(child, tree.place);
      level.node.inputs.set(name, child);
      return;
    }
    const flake = await this.#flake(ref, at(), registries, path);
    const locked = await withLazyAttrs(flake.lockedRef, flake.lazyAttrs);
    const child = new LockedNode(locked, original, true, parent);
    level.node.inputs.set(name, child);
    for (const one of this.#parents) {
      if (!equalFlakeRefs(one, ref)) continue;
      throw new InputError(marked`found circular import of flake '${formatFlakeRef(one)}'`);
    }
    this.#parents.push(ref);
    this.#places.set(child, { tree: flake.tree, directory: flake.directory });
    await this.#level({
      inputs: flake.inputs,
      node: child,
      path,
      oldNode: readLockFileAt(flake, this.#readOptions()).root,
      followsPrefix: path,
      place: flake,
      trustLock: false,
    });
    this.#parents.pop();
  }

  #readOptions(): ReadLockOptions {
    const { trustForges } = this.#request;
    return {
      ...(trustForges === undefined ? {} : { trustForges }),
      ...(this.#world.warn === undefined ? {} : { warn: this.#world.warn }),
    };
  }

  async #flake(
    ref: FlakeRef,
    at: NodePlace<Tree> | undefined,
    registries: UseRegistries,
    path: InputPath,
  ): Promise<Flake<Tree>> {
    if (at === undefined) return getFlake(this.#world, ref, registries, path);
    return readFlakeAt(this.#world, ref, at.tree, at.directory, path);
  }

  async #fetchTree(
    ref: FlakeRef,
    at: NodePlace<Tree> | undefined,
  ): Promise<{ readonly locked: FlakeRef; readonly place: NodePlace<Tree> }> {
    if (at !== undefined) return { locked: ref, place: at };
    const { fetched } = await this.#world.inputs.get(ref.input, this.#request.registries);
    const narHash = await fetched.narHash();
    checkNarHash(ref.input, narHash);
    const input = withInputAttrs(fetched.locked, { narHash });
    const locked = await withLazyAttrs(
      { input, directory: ref.directory },
      fetched.lazyAttrs ?? new Map(),
    );
    return { locked, place: { tree: fetched.tree, directory: "/" } };
  }

  /** Keeps the entry of the old lock file, and its inputs unless its flake has to be read again. */
  async #keep(
    level: Level<Tree>,
    name: string,
    path: InputPath,
    old: LockedNode,
    at: () => NodePlace<Tree> | undefined,
  ): Promise<void> {
    const child = new LockedNode(old.locked, old.original, old.isFlake, old.parent);
    level.node.inputs.set(name, child);
    const below = { node: child, path, oldNode: old, followsPrefix: level.followsPrefix };
    const isUpdated = (this.#request.updates ?? []).some((update) => isBelow(update, path));
    const inputs = isUpdated ? undefined : this.#lockedInputs(level, path, old);
    if (inputs !== undefined) {
      // Nix: relative overrides below are taken from here, not from the flake they stand in.
      await this.#level({ ...below, inputs, place: level.place, trustLock: true });
      return;
    }
    const flake = await this.#flake(old.locked, at(), this.#request.registries, path);
    this.#places.set(child, { tree: flake.tree, directory: flake.directory });
    await this.#level({ ...below, inputs: flake.inputs, place: flake, trustLock: false });
  }

  /**
   * The inputs of a kept node as the old lock file has them; `undefined` if one follows an input by an
   * override that is gone, so that what it was without is not known.
   */
  #lockedInputs(level: Level<Tree>, path: InputPath, old: LockedNode): FlakeInputs | undefined {
    const inputs = new Map<string, FlakeInput>();
    for (const name of old.inputNames()) {
      const edge = old.inputs.get(name) as LockEdge;
      if (isLockedNode(edge)) {
        const { original: ref, isFlake } = edge;
        inputs.set(name, { ref, isFlake, follows: undefined, overrides: new Map() });
        continue;
      }
      const hasOverride = this.#overrides.has(inputPathKey([...path, name]));
      if (!level.trustLock && !hasOverride) return undefined;
      const follows = [...level.followsPrefix, ...edge];
      inputs.set(name, { ref: undefined, isFlake: true, follows, overrides: new Map() });
    }
    return inputs;
  }
}

function samePath(a: InputPath | undefined, b: InputPath | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return compareInputPaths(a, b) === 0;
}

/** Where a relative input lies: in the tree of the flake that declares it. */
function relativePlace<Tree extends FlakeTree>(
  { tree, directory }: NodePlace<Tree>,
  path: string,
  ref: FlakeRef,
  evaluation: FlakeWorld["evaluation"],
): NodePlace<Tree> {
  if (!leavesTree(directory, path)) return { tree, directory: joinTreePath(directory, path) };
  if (evaluation === undefined) {
    const shown = formatFlakeRef(ref);
    throw new InputError(
      marked`input '${shown}' is outside the source tree of the flake that refers to it (${tree.display(directory)})`,
    );
  }
  // Nix: trees are directories of the store, so the path leads to its other entries.
  const { storeDir, isPure } = evaluation;
  const outside = joinTreePath(`${storeDir}/source${directory}`, `${path}/flake.nix`);
  throw new InputError(
    isPure
      ? marked`access to absolute path '${outside}' is forbidden in pure evaluation mode (use '--impure' to override)`
      : marked`path '${outside}' does not exist`,
  );
}
