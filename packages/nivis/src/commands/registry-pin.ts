/** `nivis registry pin`: lets a name stand for what it stands for now. */

import { lookUpInput } from "@nivis/flake";
import { describeInput, type FlakeRef, isLockedInput, withInputAttrs } from "@nivis/formats";
import type { AsyncProgram } from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";
import {
  addRef,
  changeRegistry,
  directoryOf,
  emptyRegistryDraft,
  REGISTRY_OPTION,
  type RegistryDraft,
  refsOf,
} from "../options/registry-options.ts";

/** See the head of this file. */
export const registryPinCommand: AsyncProgram<RegistryDraft> = {
  name: "nivis registry pin",
  summary: "pin a name to the current version of a flake",
  usage: "[FLAG]... FROM [TO]",
  examples: [
    { does: "Pin nixpkgs to what it is now", command: "nivis registry pin nixpkgs" },
    {
      does: "Pin it to a branch as it is now",
      command: "nivis registry pin nixpkgs github:NixOS/nixpkgs/nixos-26.05",
    },
  ],
  options: [REGISTRY_OPTION],
  defaults: emptyRegistryDraft,
  positional: addRef,
  run: (draft, invocation) =>
    withFlakeSession(invocation, async (session) => {
      const [from, given] = refsOf(draft, invocation, 1, 2) as [FlakeRef, FlakeRef | undefined];
      const { input } = await lookUpInput(session, (given ?? from).input, "all");
      const fetched = await session.fetcher.fetch(input);
      let to = fetched.locked;
      for (const [name, compute] of fetched.lazyAttrs) {
        to = withInputAttrs(to, { [name]: await compute() });
      }
      if (!isLockedInput(to, session.settings)) {
        invocation.warn(`flake '${describeInput(to)}' is not locked`);
      }
      await changeRegistry(draft, session, (registry) => {
        registry.remove(from.input);
        registry.add({ from: from.input, to, directory: directoryOf(from), exact: false });
      });
    }),
};
