/** The flags by which commands say what may happen to a lock file. */
import {
  type InputPath,
  LockedNode,
  type LockFlags,
  lockFlake,
  parseInputPath,
} from "@nivis/flake";
import { encodeUtf8, type FlakeRef } from "@nivis/formats";
import type { FlakeSession } from "@nivis/node";
import { type CommonFlags, commonFlags } from "../async-program.ts";
import type { Invocation } from "../invocation.ts";
import { flag, type Option, usageError, valueFlag } from "./option.ts";

/** What the flags gather. Texts are byte strings. */
export interface LockDraft extends CommonFlags {
  /** The flake; the current directory unless given. */
  flake: string | undefined;
  recreate: boolean;
  update: boolean;
  write: boolean;
  useRegistries: boolean | undefined;
  commit: boolean;
  reference: string | undefined;
  output: string | undefined;
  readonly overrides: { readonly path: InputPath; readonly ref: string }[];
  readonly updates: InputPath[];
  readonly inputsFrom: string[];
  readonly overrideFlakes: { readonly from: string; readonly to: string }[];
}

/** The state before the first option. */
export function emptyLockDraft(): LockDraft {
  return {
    ...commonFlags(),
    flake: undefined,
    recreate: false,
    update: true,
    write: true,
    useRegistries: undefined,
    commit: false,
    reference: undefined,
    output: undefined,
    overrides: [],
    updates: [],
    inputsFrom: [],
    overrideFlakes: [],
  };
}

/** A path of an input that must lead somewhere. */
export function inputPathOf(text: string, name: string): InputPath {
  const path = parseInputPath(encodeUtf8(text));
  if (path.length > 0) return path;
  throw usageError(
    `${name} was passed a zero-length input path, which would refer to the flake itself, not an input`,
  );
}

/** Flags of all commands that lock a flake. */
export const LOCK_OPTIONS: readonly Option<LockDraft>[] = [
  {
    names: ["--override-input"],
    values: ["INPUT", "REF"],
    doc: "Take REF for an input, such as dep/nixpkgs",
    apply: (draft, path, ref) => {
      draft.overrides.push({
        path: inputPathOf(path as string, "--override-input"),
        ref: encodeUtf8(ref as string),
      });
      // Nix: a lock file with overrides is written by the commands that are for that.
      draft.write = false;
    },
  },
  valueFlag(["--reference-lock-file"], "FILE", "Begin with this lock file", (draft, file) => {
    draft.reference = encodeUtf8(file);
  }),
  valueFlag(["--output-lock-file"], "FILE", "Write the lock file there", (draft, file) => {
    draft.output = encodeUtf8(file);
  }),
  flag(["--commit-lock-file"], "Commit changes to the lock file", (draft) => {
    draft.commit = true;
  }),
  flag(["--no-use-registries", "--no-registries"], "Do not look into registries", (draft) => {
    draft.useRegistries = false;
  }),
  valueFlag(
    ["--inputs-from"],
    "REF",
    "Put the inputs of a flake before the registries",
    (draft, ref) => {
      draft.inputsFrom.push(encodeUtf8(ref));
    },
  ),
  {
    names: ["--override-flake"],
    values: ["FROM", "TO"],
    doc: "Take TO wherever FROM would be looked up",
    apply: (draft, from, to) => {
      draft.overrideFlakes.push({ from: encodeUtf8(from as string), to: encodeUtf8(to as string) });
    },
  },
];

/** For commands that may leave the lock file as it is. */
export const NO_UPDATE_OPTION: Option<LockDraft> = flag(
  ["--no-update-lock-file"],
  "Fail if the lock file would have to change",
  (draft) => {
    draft.update = false;
  },
);

/** For commands that need not write the lock file. */
export const NO_WRITE_OPTION: Option<LockDraft> = flag(
  ["--no-write-lock-file"],
  "Keep changes to the lock file to oneself",
  (draft) => {
    draft.write = false;
  },
);

/** Locks the flake that the flags name. */
export async function lockNamedFlake(
  draft: LockDraft,
  session: FlakeSession,
  invocation: Invocation,
  more: LockFlags = {},
) {
  await useInputsOf(draft, session);
  for (const { from, to } of draft.overrideFlakes) {
    const target = session.parseRef(to);
    session.addFlagEntry({
      from: session.parseRef(from).input,
      to: target.input,
      directory: target.directory === "" ? undefined : target.directory,
      exact: false,
    });
  }
  const overrides = new Map<InputPath, FlakeRef>();
  for (const { path, ref } of draft.overrides) {
    overrides.set(path, session.parseRef(ref, { allowMissing: true }));
  }
  const { settings } = session;
  const ref = session.parseRef(draft.flake ?? ".");
  return lockFlake(session.world, ref, {
    trustForges: settings.trustForges,
    allowDirtyLocks: settings.allowDirtyLocks,
    warnDirty: settings.warnDirty,
    useRegistries: draft.useRegistries ?? settings.useRegistries,
    recreate: draft.recreate,
    update: draft.update,
    commit: draft.commit,
    commitSummary: settings.commitLockFileSummary,
    color: invocation.terminal.color,
    overrides,
    updates: draft.updates,
    ...(draft.write ? { writer: session.writer } : {}),
    ...(draft.output === undefined ? {} : { outputPath: draft.output }),
    ...(draft.reference === undefined ? {} : { reference: session.readLockFile(draft.reference) }),
    ...more,
  });
}

/** Puts the locked inputs of flakes before the registries. */
async function useInputsOf(draft: LockDraft, session: FlakeSession): Promise<void> {
  for (const text of draft.inputsFrom) {
    const { lockFile } = await lockFlake(session.world, session.parseRef(text), {});
    for (const name of lockFile.root.inputNames()) {
      const node = lockFile.find([name]);
      if (!(node instanceof LockedNode)) continue;
      const { locked } = node;
      session.addFlagEntry({
        from: session.parseRef(`flake:${name}`).input,
        to: locked.input,
        directory: locked.directory === "" ? undefined : locked.directory,
        exact: false,
      });
    }
  }
}
