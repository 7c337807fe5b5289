/**
 * Flakes of a command line, locked and ready to be evaluated.
 *
 *     reference ──▶ lock ──▶ nixConfig ──▶ evaluation ──▶ call ──▶ outputs
 *
 * All flakes are locked before anything is evaluated, because the settings that they ask for concern the
 * whole evaluation. Locking waits for networks; evaluation does not, see docs/design/010-waiting.md.
 */
import { type Attrs, callFlake, copyMount, type FlakeCall, type Slot } from "@nivis/eval";
import { hashTree, type SourceTree } from "@nivis/fetch";
import { flakeCall, flakeFingerprint, type LockedFlake, lockFlake } from "@nivis/flake";
import { type FlakeRef, formatFlakeRef, makeFixedOutputPath } from "@nivis/formats";
import {
  applySetting,
  cacheDirectory,
  evaluationSettings,
  type FlakeSession,
  hashesOf,
  nodeHashes,
  SubtreeAccessor,
  TreeAccessor,
} from "@nivis/node";
import { withFlakeSession } from "../flake-session.ts";
import { TALKATIVE_LEVEL } from "../log-format.ts";
import type { EvaluationFlags } from "../options/evaluation-options.ts";
import type { LockingFlags } from "../options/lock-options.ts";
import { openSession, type Session, type SessionOptions } from "../session.ts";
import { trustedSettings } from "./flake-config.ts";
import { lockFlagsOf, prepareRegistries, settingFlags } from "./locking.ts";
import { OutputCursor } from "./output-cursor.ts";
import { OutputMemory } from "./output-memory.ts";

/** A flake that a command evaluates. */
export interface EvaluatedFlake {
  readonly locked: LockedFlake<SourceTree>;
  /** The outputs, evaluated on first use. */
  readonly outputs: OutputCursor;
}

/** What a command does with flakes. */
export interface FlakeRequest<Result> {
  /** Whether the settings in `nixConfig` that the user trusts are applied. */
  readonly appliesConfig: boolean;
  /** Whether nothing may be written to the store. */
  readonly readOnly: boolean;
  /** Whether evaluation may build derivations if the user does not say. Defaults to `true`. */
  readonly mayBuild?: boolean;
  /** Whether what earlier commands found out may be used. Defaults to `true`. */
  readonly remembers?: boolean;
  /**
   * Returns the result of the command from the exit code of an earlier run, whose output has been printed.
   * Absent if every run evaluates.
   */
  readonly recalled?: (exitCode: number) => Result;
  /** Returns what watches the evaluation; called when all flakes are locked. Defaults to nothing. */
  readonly watch?: () => Omit<SessionOptions, "readOnly">;
}

/** The flags of commands that evaluate flakes. */
export type FlakeFlags = EvaluationFlags & LockingFlags;

/** The flakes of a command, in the order of its arguments, and their evaluation. */
export interface OpenedFlakes {
  readonly flakes: readonly EvaluatedFlake[];
  readonly session: Session;
  readonly flakeSession: FlakeSession;
}

/** Locks flakes, opens an evaluation and does some work with them. */
export async function withFlakes<Result>(
  flags: FlakeFlags,
  request: FlakeRequest<Result>,
  parse: (session: FlakeSession) => readonly FlakeRef[],
  work: (opened: OpenedFlakes) => Promise<Result> | Result,
): Promise<Result> {
  const { invocation } = flags;
  applyDefaults(flags, request);
  const run = async (flakeSession: FlakeSession): Promise<Result> => {
    await prepareRegistries(flags.locking, flakeSession, invocation);
    const refs = parse(flakeSession);
    const settingPaths: SettingPath[] = [];
    const locked = await lockAll(flags, request, flakeSession, refs, settingPaths);
    if (request.recalled !== undefined) {
      const exitCode = recallResult(flags, flakeSession, locked);
      if (exitCode !== undefined) return request.recalled(exitCode);
    }
    const session = openSession(flags, { ...request.watch?.(), readOnly: request.readOnly });
    for (const one of settingPaths) copySettingPath(one, session);
    const memories = locked.map((one) =>
      request.remembers === false ? undefined : memoryOf(flags, flakeSession, one),
    );
    const flakes = locked.map((one, i) => ({
      locked: one,
      outputs: outputsOf(session, one, memories[i]),
    }));
    try {
      return await work({ flakes, session, flakeSession });
    } finally {
      for (const memory of memories) {
        if (memory?.save() === true) invocation.terminal.flakeResults?.learned();
      }
    }
  };
  return withFlakeSession(invocation, run, { store: flags.evalStore ?? flags.store });
}

/** Nix: commands about flakes evaluate purely unless a setting says otherwise. */
function applyDefaults(
  { invocation }: FlakeFlags,
  { mayBuild }: Pick<FlakeRequest<unknown>, "mayBuild">,
): void {
  const { settings } = invocation;
  if (!settings.overridden.has("pure-eval")) settings.pureEval = true;
  if (mayBuild === false && !settings.overridden.has("allow-import-from-derivation")) {
    settings.allowImportFromDerivation = false;
  }
}

/** Locks flakes; the same reference only once. */
async function lockAll(
  flags: FlakeFlags,
  { appliesConfig }: Pick<FlakeRequest<unknown>, "appliesConfig">,
  session: FlakeSession,
  refs: readonly FlakeRef[],
  settingPaths: SettingPath[],
): Promise<readonly LockedFlake<SourceTree>[]> {
  const { invocation } = flags;
  const lockFlags = lockFlagsOf(flags.locking, session, invocation);
  const known = new Map<string, LockedFlake<SourceTree>>();
  const all: LockedFlake<SourceTree>[] = [];
  for (const ref of refs) {
    const key = formatFlakeRef(ref);
    const locked =
      known.get(key) ??
      (await lockFlake(session.world, ref, {
        ...lockFlags,
        configure: (flake) => {
          if (!appliesConfig) return {};
          const { storeDir } = invocation.settings;
          const trusted = trustedSettings(flake, session, invocation, (path) => {
            const tree = flake.tree as SourceTree;
            const storePath = settingStorePath(tree, path, storeDir);
            settingPaths.push({ tree, path, storePath });
            return storePath;
          });
          session.applySettings(trusted);
          for (const { name, value } of trusted) {
            applySetting(invocation.settings, name, value, (text) => invocation.warn(text));
          }
          // Nix: warns about unknown settings before it reads any flake.
          invocation.settings.unknown.clear();
          return settingFlags(flags.locking, session);
        },
      }));
    known.set(key, locked);
    all.push(locked);
  }
  return all;
}

/** A path in `nixConfig`, which becomes a store path of its own. */
interface SettingPath {
  readonly tree: SourceTree;
  readonly path: string;
  readonly storePath: string;
}

/** The store path of a file or directory of a tree. */
function settingStorePath(tree: SourceTree, path: string, storeDir: string): string {
  const name = path === "/" ? "source" : path.slice(path.lastIndexOf("/") + 1);
  const digest = hashTree(tree, nodeHashes, path);
  const config = { storeDir, hashes: nodeHashes };
  return makeFixedOutputPath(config, name, "nar", { algorithm: "sha256", digest });
}

function copySettingPath({ tree, path, storePath }: SettingPath, session: Session): void {
  const { context } = session.evaluation;
  context.mounts.mount(storePath, { tree: new SubtreeAccessor(tree, path), method: "nar" });
  copyMount(context, storePath);
}

/** Locks and opens another flake in an evaluation that is open. */
export async function openFlake(
  flags: FlakeFlags,
  { session, flakeSession }: Pick<OpenedFlakes, "session" | "flakeSession">,
  ref: FlakeRef,
): Promise<EvaluatedFlake> {
  const lockFlags = settingFlags(flags.locking, flakeSession);
  const locked = await lockFlake(flakeSession.world, ref, lockFlags);
  return { locked, outputs: outputsOf(session, locked, undefined) };
}

function outputsOf(
  session: Session,
  locked: LockedFlake<SourceTree>,
  memory: OutputMemory | undefined,
): OutputCursor {
  let outputs: Slot | undefined;
  const slot = (): Slot => {
    outputs ??= callOutputs(session, locked);
    return outputs;
  };
  return new OutputCursor(session, [], slot, memory);
}

/** What earlier commands found out about a flake; `undefined` if nothing may be remembered of it. */
function memoryOf(
  flags: FlakeFlags,
  flakeSession: FlakeSession,
  locked: LockedFlake<SourceTree>,
): OutputMemory | undefined {
  const { settings, terminal, machine } = flags.invocation;
  const directory = cacheDirectory(machine);
  if (terminal.build === undefined || directory === undefined) return undefined;
  const fingerprint = fingerprintOf(flags, flakeSession, locked);
  if (fingerprint === undefined) return undefined;
  const options = evaluationSettings(settings);
  const plain = Object.entries(options).map(([name, value]) => [
    name,
    value instanceof Set ? [...value].sort() : value,
  ]);
  return new OutputMemory(directory, [terminal.build, fingerprint, plain]);
}

/** What the outputs of a flake depend on besides settings; `undefined` if that is not known. */
function fingerprintOf(
  { invocation: { settings }, cache }: FlakeFlags,
  { settings: { trustForges, allowDirtyLocks } }: FlakeSession,
  locked: LockedFlake<SourceTree>,
): string | undefined {
  if (!cache || !settings.evalCache || !settings.pureEval || locked.isForcedDirty) return undefined;
  return flakeFingerprint(locked, {
    trustForges,
    allowDirtyLocks,
    hashes: nodeHashes,
    inputFingerprint: locked.flake.tree.fingerprint("/")?.tree,
  });
}

/** Prints the result of an earlier run of the same command with the same flakes; returns its exit code. */
function recallResult(
  flags: FlakeFlags,
  flakeSession: FlakeSession,
  flakes: readonly LockedFlake<SourceTree>[],
): number | undefined {
  const { settings, terminal, verbosity } = flags.invocation;
  if (terminal.flakeResults === undefined || verbosity >= TALKATIVE_LEVEL) return undefined;
  const key: unknown[] = [];
  for (const locked of flakes) {
    const fingerprint = fingerprintOf(flags, flakeSession, locked);
    if (fingerprint === undefined || locked.isChanged) return undefined;
    const { originalRef, resolvedRef, lockedRef } = locked.flake;
    key.push(fingerprint, ...[originalRef, resolvedRef, lockedRef].map(formatFlakeRef));
  }
  const plain = (_: string, value: unknown): unknown =>
    value instanceof Set || value instanceof Map ? [...value] : value;
  return terminal.flakeResults.recall([...key, JSON.stringify(settings, plain)]);
}

function callOutputs(session: Session, locked: LockedFlake<SourceTree>): Slot {
  const touched = session.touchedPath;
  const value = session.run(callFlake(session.evaluation.context, evaluableCall(locked, touched)));
  // The function that makes it returns a set with this attribute.
  return (value as Attrs).get("outputs") as Slot;
}

/** The value of a flake: its outputs and what is known of its source. */
export function flakeValue(session: Session, locked: LockedFlake<SourceTree>): Slot {
  return session.run(callFlake(session.evaluation.context, evaluableCall(locked)));
}

/** The call of a locked flake with its trees as evaluation reads them. */
function evaluableCall(
  locked: LockedFlake<SourceTree>,
  touched?: (path: string) => void,
): FlakeCall {
  const { lockText, trees } = flakeCall(locked);
  const hashes = hashesOf(trees);
  const accessors = new Map<SourceTree, TreeAccessor>();
  return {
    lockText,
    trees: trees.map(({ key, input, asked, lazyAttrs, isForcedDirty, tree, directory }) => {
      const accessor = accessors.get(tree) ?? new TreeAccessor(tree, touched);
      accessors.set(tree, accessor);
      const narHash = hashes.get(tree) as string;
      const fetched = { tree: accessor, locked: input, narHash, lazyAttrs };
      return { key, fetched, input, asked, isForcedDirty, directory };
    }),
  };
}
