/** Locking flakes as the flags of a command say. */
import { type Flake, type LockedFlake, LockedNode, type LockFlags, lockFlake } from "@nivis/flake";
import type { FlakeRef } from "@nivis/formats";
import type { FlakeSession } from "@nivis/node";
import type { Invocation } from "../invocation.ts";
import type { LockChoices, LockDraft } from "../options/lock-options.ts";
import { trustedSettings } from "./flake-config.ts";

/** Locks the flake that the flags name. */
export async function lockNamedFlake(
  draft: LockDraft,
  session: FlakeSession,
  invocation: Invocation,
  more: LockFlags = {},
): Promise<LockedFlake> {
  await prepareRegistries(draft.locking, session, invocation);
  const ref = session.parseRef(draft.flake ?? ".");
  return lockFlake(session.world, ref, {
    ...lockFlagsOf(draft.locking, session, invocation),
    ...more,
  });
}

/** Puts what the flags name before the registries, and shows warnings about the flags. */
export async function prepareRegistries(
  choices: LockChoices,
  session: FlakeSession,
  invocation: Invocation,
): Promise<void> {
  for (const warning of choices.warnings) invocation.warn(warning);
  for (const text of choices.inputsFrom) await useInputs(session.parseRef(text), session);
  for (const { from, to } of choices.overrideFlakes) {
    addEntry(session, session.parseRef(from), session.parseRef(to));
  }
}

/** Puts the locked inputs of a flake before the registries. */
async function useInputs(ref: FlakeRef, session: FlakeSession): Promise<void> {
  const { lockFile } = await lockFlake(session.world, ref, {});
  for (const name of lockFile.root.inputNames()) {
    const node = lockFile.find([name]);
    if (node instanceof LockedNode) {
      addEntry(session, session.parseRef(`flake:${name}`), node.locked);
    }
  }
}

function addEntry(session: FlakeSession, from: FlakeRef, to: FlakeRef): void {
  session.addFlagEntry({
    from: from.input,
    to: to.input,
    directory: to.directory === "" ? undefined : to.directory,
    exact: false,
  });
}

/** What the flags and settings say about locking. */
export function lockFlagsOf(
  choices: LockChoices,
  session: FlakeSession,
  invocation: Invocation,
): LockFlags {
  const { reference, output } = choices;
  const overrides = new Map(
    choices.overrides.map(
      ({ path, ref }) => [path, session.parseRef(ref, { allowMissing: true })] as const,
    ),
  );
  return {
    ...settingFlags(choices, session),
    recreate: choices.recreate,
    update: choices.update,
    commit: choices.commit,
    color: invocation.terminal.color,
    overrides,
    updates: choices.updates,
    ...(choices.write ? { writer: session.writer } : {}),
    ...(output === undefined ? {} : { outputPath: output }),
    ...(reference === undefined ? {} : { reference: session.readLockFile(reference) }),
  };
}

/** Applies the settings that a flake asks for and the user trusts to the session that locks it. */
export function configureFrom(
  choices: LockChoices,
  session: FlakeSession,
  invocation: Invocation,
): (flake: Flake) => LockFlags {
  return (flake) => {
    session.applySettings(trustedSettings(flake, session, invocation));
    return settingFlags(choices, session);
  };
}

/** What the settings say about locking. */
export function settingFlags(
  { useRegistries }: Pick<LockChoices, "useRegistries">,
  { settings }: FlakeSession,
): LockFlags {
  return {
    trustForges: settings.trustForges,
    allowDirty: settings.allowDirty,
    allowDirtyLocks: settings.allowDirtyLocks,
    warnDirty: settings.warnDirty,
    useRegistries: useRegistries ?? settings.useRegistries,
    commitSummary: settings.commitLockFileSummary,
  };
}
