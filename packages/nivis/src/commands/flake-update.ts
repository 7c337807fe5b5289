/** `nivis flake update`: makes entries of the lock file of a flake anew. */
import { formatInputPath } from "@nivis/flake";
import { encodeUtf8 } from "@nivis/formats";
import type { AsyncProgram } from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";
import type { Invocation } from "../invocation.ts";
import {
  emptyLockDraft,
  inputPathOf,
  LOCK_OPTIONS,
  type LockDraft,
  lockNamedFlake,
} from "../options/lock-options.ts";
import { usageError, valueFlag } from "../options/option.ts";
import { warnOfSettings } from "./flake-config.ts";

/** What `nivis flake update` gathers. */
export interface UpdateDraft extends LockDraft {
  /** The inputs as they were typed. */
  readonly inputs: string[];
}

/** Notes an input to update; what is not one may have been meant as a flake. */
function addInput(draft: UpdateDraft, text: string, invocation: Invocation): void {
  let path: LockDraft["updates"][number];
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
      : error;
  }
  const shown = formatInputPath(path);
  if (draft.updates.some((one) => formatInputPath(one) === shown)) {
    invocation.warn(
      `Input '${shown}' was specified multiple times. You may have done this by accident.`,
    );
  }
  draft.updates.push(path);
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
  defaults: () => ({ ...emptyLockDraft(), inputs: [] }),
  positional: (draft, argument) => {
    draft.inputs.push(argument);
  },
  run: async (draft, invocation) => {
    for (const input of draft.inputs) addInput(draft, input, invocation);
    draft.recreate = draft.updates.length === 0;
    await withFlakeSession(
      draft,
      invocation,
      async (session) => {
        draft.write = true;
        const locked = await lockNamedFlake(draft, session, invocation);
        warnOfSettings(locked.flake, session, invocation);
      },
      // Nix: updating asks again about everything.
      [{ name: "tarball-ttl", value: "0" }],
    );
  },
};
