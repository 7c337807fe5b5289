/** `nivis registry add`: gives a flake a name, in place of what had it. */
import type { FlakeRef } from "@nivis/formats";
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
export const registryAddCommand: AsyncProgram<RegistryDraft> = {
  name: "nivis registry add",
  summary: "give a flake a name, or another one",
  usage: "[FLAG]... FROM TO",
  examples: [
    { does: "Name a flake", command: "nivis registry add dwarffs github:edolstra/dwarffs" },
  ],
  options: [REGISTRY_OPTION],
  defaults: emptyRegistryDraft,
  positional: addRef,
  run: (draft, invocation) =>
    withFlakeSession(invocation, async (session) => {
      const [from, to] = refsOf(draft, invocation, 2, 2) as [FlakeRef, FlakeRef];
      await changeRegistry(draft, session, (registry) => {
        registry.remove(from.input);
        registry.add({ from: from.input, to: to.input, directory: directoryOf(to), exact: false });
      });
    }),
};
