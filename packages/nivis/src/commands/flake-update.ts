/** `nivis flake update`: makes entries of the lock file of a flake anew. */
import { formatInputPath } from "@nivis/flake";
import { encodeUtf8, InputError } from "@nivis/formats";
import type { AsyncProgram } from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";
import { configureFrom, lockNamedFlake } from "../flakes/locking.ts";
import type { Invocation } from "../invocation.ts";
import {
  emptyLockDraft,
  inputPathOf,
  LOCK_OPTIONS,
  type LockChoices,
  type LockDraft,
} from "../options/lock-options.ts";
import { usageError, valueFlag } from "../options/option.ts";

/** What `nivis flake update` gathers. */
export interface UpdateDraft extends LockDraft {
  /** The inputs as they were typed. */
  readonly inputs: string[];
}

/** Notes an input to update; what is not one may have been meant as a flake. */
function addInput(draft: UpdateDraft, text: string, invocation: Invocation): void {
  let path: LockChoices["updates"][number];
  try {
    path = inputPathOf(text, "update");
  } catch (error) {
    const shown = encodeUtf8(text);
    invocation.warn(
      `Invalid flake input '${shown}'. To update a specific flake, use 'nix flake update --flake ${shown}' instead.`,
    );
    throw text.replaceAll("/", "") === ""
      ? usageError(
          "input path to be updated cannot be zero-length; it would refer to the flake itself, not an input",
        )
      : new InputError((error as Error).message);
  }
  const shown = formatInputPath(path);
  if (draft.locking.updates.some((one) => formatInputPath(one) === shown)) {
    invocation.warn(
      `Input '${shown}' was specified multiple times. You may have done this by accident.`,
    );
  }
  draft.locking.updates.push(path);
}

/** See the head of this file. */
export const flakeUpdateCommand: AsyncProgram<UpdateDraft> = {
  name: "nivis flake update",
  summary: "update a lock file",
  usage: "[FLAG]... [INPUT]...",
  description: [
    "Updates the inputs that are named, such as nixpkgs or dep/nixpkgs, or all of them if none is.",
  ],
  examples: [
    { does: "Update all inputs", command: "nivis flake update" },
    { does: "Update one input", command: "nivis flake update nixpkgs" },
    { does: "Update and commit", command: "nivis flake update --commit-lock-file" },
  ],
  options: [
    valueFlag<UpdateDraft>(
      ["--flake"],
      "REF",
      "The flake; the current directory unless given",
      (draft, ref) => {
        draft.flake = encodeUtf8(ref);
      },
    ),
    ...LOCK_OPTIONS,
  ],
  defaults: (invocation) => ({ ...emptyLockDraft(invocation), inputs: [] }),
  positional: (draft, argument) => {
    draft.inputs.push(argument);
  },
  run: async (draft, invocation) => {
    for (const input of draft.inputs) addInput(draft, input, invocation);
    draft.locking.recreate = draft.locking.updates.length === 0;
    await withFlakeSession(
      invocation,
      async (session) => {
        draft.locking.write = true;
        await lockNamedFlake(draft, session, invocation, {
          configure: configureFrom(draft.locking, session, invocation),
        });
      },
      // Nix: updating asks again about everything.
      { settings: [{ name: "tarball-ttl", value: "0" }] },
    );
  },
};
