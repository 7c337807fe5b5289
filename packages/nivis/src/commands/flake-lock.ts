/** `nivis flake lock`: adds what is missing to the lock file of a flake. */
import type { AsyncProgram } from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";
import { configureFrom, lockNamedFlake } from "../flakes/locking.ts";
import {
  emptyLockDraft,
  LOCK_OPTIONS,
  type LockDraft,
  NO_UPDATE_OPTION,
  takeFlake,
} from "../options/lock-options.ts";

/** See the head of this file. */
export const flakeLockCommand: AsyncProgram<LockDraft> = {
  name: "nivis flake lock",
  summary: "create missing entries of a lock file",
  usage: "[FLAG]... [FLAKE]",
  description: [
    "Entries that are there stay as they are. FLAKE is the current directory unless given. No evaluator runs: the inputs are read from flake.nix as it stands.",
  ],
  examples: [
    { does: "Lock the flake in the current directory", command: "nivis flake lock" },
    {
      does: "Lock an input to something else",
      command: "nivis flake lock --override-input nixpkgs github:NixOS/nixpkgs/nixos-26.05",
    },
  ],
  options: [...LOCK_OPTIONS, NO_UPDATE_OPTION],
  defaults: emptyLockDraft,
  positional: takeFlake,
  run: (draft, invocation) =>
    withFlakeSession(
      invocation,
      async (session) => {
        draft.locking.write = true;
        await lockNamedFlake(draft, session, invocation, {
          failOnUnlocked: true,
          configure: configureFrom(draft.locking, session, invocation),
        });
      },
      // Nix: locking asks again about everything.
      { settings: [{ name: "tarball-ttl", value: "0" }] },
    ),
};
