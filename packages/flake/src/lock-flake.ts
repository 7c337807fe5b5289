/**
 * Locking a flake: reads it, computes its lock file, and writes that where it may be written, with the
 * messages of C++ Nix (`lockFlake` in libflake/flake.cc).
 *
 *     const { lockFile } = await lockFlake(world, parseFlakeRef("path:/my/flake"), { … });
 */
import {
  type FlakeRef,
  formatFlakeRef,
  InputError,
  type LockPolicy,
  marked,
  withNote,
} from "@nivis/formats";
import { computeLocks, type NodePlace, readLockFileAt } from "./compute-locks.ts";
import { type Flake, type FlakeTree, type FlakeWorld, getFlake } from "./flake.ts";
import type { InputPath } from "./input-path.ts";
import { diffLockFiles } from "./lock-diff.ts";
import { LockFile, type LockNode } from "./lock-file.ts";

/** Where lock files may be written. */
export interface LockWriter {
  /** Whether the flake of a reference lies where it can be written; its path on disk, or `undefined`. */
  sourcePath(ref: FlakeRef): string | undefined;
  /** Whether a file exists on disk. */
  exists(path: string): boolean;
  /**
   * Puts a file into the source of a flake, and commits it with a message if there is one.
   *
   * @param path Relative to the root of the source, such as `sub/flake.lock`.
   */
  putFile(
    ref: FlakeRef,
    path: string,
    contents: string,
    commitMessage: string | undefined,
  ): Promise<void>;
  /** Writes a file that the user has named. */
  writeFile(path: string, contents: string): void;
}

/** What locking a flake may do. */
export interface LockFlags extends LockPolicy {
  /** Makes all entries anew. */
  readonly recreate?: boolean;
  /** Whether the lock file may change at all; `true` by default. */
  readonly update?: boolean;
  /** Where the lock file is written if it changes; absent to keep the changes in memory. */
  readonly writer?: LockWriter;
  /** Whether an input that cannot be locked is an error and not a warning. */
  readonly failOnUnlocked?: boolean;
  /** The setting `allow-dirty-locks`. */
  readonly allowDirtyLocks?: boolean;
  /** The setting `allow-dirty`, without which no `reference` is accepted; `true` by default. */
  readonly allowDirty?: boolean;
  /** The setting `warn-dirty`; `true` by default. */
  readonly warnDirty?: boolean;
  /** Whether registries may be asked; `true` by default. */
  readonly useRegistries?: boolean;
  /** Whether references that are not locked may be fetched; `true` unless evaluation is pure. */
  readonly allowUnlocked?: boolean;
  /** Commits the lock file. */
  readonly commit?: boolean;
  /** The setting `commit-lock-file-summary`; empty for the usual one. */
  readonly commitSummary?: string;
  /** A lock file to begin with instead of the flake's own: its text, if it is there, and its name. */
  readonly reference?: { readonly text: string | undefined; readonly path: string };
  /** Writes the lock file there, and not to the flake. */
  readonly outputPath?: string;
  /** Other references for inputs. */
  readonly overrides?: ReadonlyMap<InputPath, FlakeRef>;
  /** Inputs whose entries are made anew. */
  readonly updates?: readonly InputPath[];
  /** Whether messages have colours. */
  readonly color?: boolean;
  /**
   * Called with the flake before its lock file is read, for the settings that it asks for; the flags
   * that it returns replace those given.
   */
  readonly configure?: (flake: Flake) => LockFlags;
}

/** A flake with its lock file. */
export interface LockedFlake<Tree extends FlakeTree = FlakeTree> {
  readonly flake: Flake<Tree>;
  readonly lockFile: LockFile;
  /** The trees that were fetched on the way, by node; the root's is among them. */
  readonly places: ReadonlyMap<LockNode, NodePlace<Tree>>;
  /** Whether the lock file differs from the one that was there. */
  readonly isChanged: boolean;
  /** Whether `self` must not show its commit: the lock file it was made with is not in it. */
  readonly isForcedDirty: boolean;
}

/** Fetches a flake and locks it. Throws `InputError`. */
export async function lockFlake<Tree extends FlakeTree>(
  world: FlakeWorld<Tree>,
  ref: FlakeRef,
  flags: LockFlags,
): Promise<LockedFlake<Tree>> {
  const use = (flags.useRegistries ?? true) ? "all" : "none";
  return lockGivenFlake(world, ref, flags, await getFlake(world, ref, use));
}

/** Locks a flake that has been read. `ref` is what messages call it, and where it is written. */
export async function lockGivenFlake<Tree extends FlakeTree>(
  world: FlakeWorld<Tree>,
  ref: FlakeRef,
  flags: LockFlags,
  flake: Flake<Tree>,
): Promise<LockedFlake<Tree>> {
  const configured = { ...flags, ...flags.configure?.(flake) };
  return withNote(
    () => marked`while updating the lock file of flake '${formatFlakeRef(flake.lockedRef)}'`,
    () => lockFlakeIn(world, ref, configured, flake),
  );
}

async function lockFlakeIn<Tree extends FlakeTree>(
  world: FlakeWorld<Tree>,
  ref: FlakeRef,
  flags: LockFlags,
  flake: Flake<Tree>,
): Promise<LockedFlake<Tree>> {
  if (flags.allowDirty === false && flags.reference !== undefined) {
    throw new InputError(
      "reference lock file was provided, but the `allow-dirty` setting is set to false",
    );
  }
  const readOptions = {
    ...(flags.trustForges === undefined ? {} : { trustForges: flags.trustForges }),
    ...(world.warn === undefined ? {} : { warn: world.warn }),
    ...(flags.allowDirtyLocks === true ? { acceptUnlocked: true } : {}),
  };
  const oldLock =
    flags.reference === undefined
      ? readLockFileAt(flake, readOptions)
      : flags.reference.text === undefined
        ? new LockFile()
        : LockFile.parse(flags.reference.text, flags.reference.path, readOptions);
  const { lockFile, places } = await computeLocks(
    world,
    flake,
    flags.recreate === true ? undefined : oldLock,
    {
      ...(flags.trustForges === undefined ? {} : { trustForges: flags.trustForges }),
      ...(flags.updates === undefined ? {} : { updates: flags.updates }),
      ...(flags.overrides === undefined ? {} : { overrides: flags.overrides }),
      ...(flags.allowUnlocked === undefined ? {} : { allowUnlocked: flags.allowUnlocked }),
      registries: (flags.useRegistries ?? true) ? "limited" : "none",
    },
  );
  const isChanged = !lockFile.equals(oldLock);
  const locked = { flake, lockFile, places, isChanged, isForcedDirty: false };
  if (!isChanged && flags.outputPath === undefined) return locked;
  const { writer } = flags;
  if (writer === undefined) {
    const diff = chomp(diffLockFiles(oldLock, lockFile, flags.color));
    world.warn?.(`not writing modified lock file of flake '${formatFlakeRef(ref)}':\n${diff}`);
    return { ...locked, isForcedDirty: true };
  }
  await write(world, ref, { ...flags, writer }, oldLock, lockFile);
  return locked;
}

async function write(
  world: FlakeWorld,
  ref: FlakeRef,
  flags: LockFlags & { readonly writer: LockWriter },
  oldLock: LockFile,
  lockFile: LockFile,
): Promise<void> {
  const { writer, outputPath } = flags;
  const shown = formatFlakeRef(ref);
  const sourcePath = writer.sourcePath(ref);
  if (sourcePath === undefined && outputPath === undefined) {
    throw new InputError(
      marked`cannot write modified lock file of flake '${shown}' (use '--no-write-lock-file' to ignore)`,
    );
  }
  const unlocked = lockFile.firstUnlocked(flags);
  if (unlocked !== undefined) {
    const which = `lock file of flake '${shown}' because it has an unlocked input ('${formatFlakeRef(unlocked)}')`;
    if (flags.failOnUnlocked === true) {
      throw new InputError(
        marked`Not writing ${which}. Use '--allow-dirty-locks' to allow this anyway.`,
      );
    }
    if (flags.warnDirty ?? true) world.warn?.(`not writing ${which}`);
    return;
  }
  if (flags.update === false) {
    throw new InputError(
      marked`flake '${shown}' requires lock file changes but they're not allowed due to '--no-update-lock-file'`,
    );
  }
  const contents = lockFile.formatFile();
  if (outputPath !== undefined) {
    if (flags.commit === true) {
      throw new InputError("'--commit-lock-file' and '--output-lock-file' are incompatible");
    }
    writer.writeFile(outputPath, contents);
    return;
  }
  const relative = `${ref.directory === "" ? "" : `${ref.directory}/`}flake.lock`;
  const path = `${sourcePath === "/" ? "" : sourcePath}/${relative}`;
  const exists = writer.exists(path);
  const diff = chomp(diffLockFiles(oldLock, lockFile, flags.color));
  if (!exists) world.warn?.(`creating lock file "${path}": \n${diff}`);
  else if (diff === "") world.warn?.(`updating lock file "${path}"`);
  else world.warn?.(`updating lock file "${path}":\n${diff}`);
  const message =
    flags.commit === true
      ? commitMessage(flags, `${relative}: ${exists ? "Update" : "Add"}`, oldLock, lockFile)
      : undefined;
  await writer.putFile(ref, relative, contents, message);
}

function commitMessage(
  { commitSummary }: LockFlags,
  usual: string,
  oldLock: LockFile,
  lockFile: LockFile,
): string {
  const summary = commitSummary === undefined || commitSummary === "" ? usual : commitSummary;
  return `${summary}\n\nFlake lock file updates:\n\n${diffLockFiles(oldLock, lockFile)}`;
}

/** Without blanks and line breaks at the end. */
function chomp(text: string): string {
  return text.replace(/[ \n\r\t]+$/, "");
}

/**
 * Makes the entries of some inputs anew, or of all inputs if none is named, and returns the lock file
 * without writing anything: what a bot that updates dependencies does.
 */
export async function updateInputs<Tree extends FlakeTree>(
  world: FlakeWorld<Tree>,
  ref: FlakeRef,
  inputs: readonly InputPath[],
  policy: LockPolicy = {},
): Promise<{ readonly before: LockFile; readonly after: LockFile }> {
  const flake = await getFlake(world, ref, "all");
  const before = readLockFileAt(flake, policy);
  const { lockFile } = await computeLocks(world, flake, inputs.length === 0 ? undefined : before, {
    ...policy,
    updates: inputs,
    registries: "limited",
  });
  return { before, after: lockFile };
}
