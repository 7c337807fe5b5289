/** `nivis registry remove`: takes a name away. */
import type { FlakeRef } from "@nivis/formats";
import type { AsyncProgram } from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";
import {
  addRef,
  changeRegistry,
  emptyRegistryDraft,
  REGISTRY_OPTION,
  type RegistryDraft,
  refsOf,
} from "../options/registry-options.ts";

/** See the head of this file. */
export const registryRemoveCommand: AsyncProgram<RegistryDraft> = {
  name: "nivis registry remove",
  summary: "take a name away",
  usage: "[FLAG]... FROM",
  examples: [{ does: "Take a name away", command: "nivis registry remove dwarffs" }],
  options: [REGISTRY_OPTION],
  defaults: emptyRegistryDraft,
  positional: addRef,
  run: (draft, invocation) =>
    withFlakeSession(invocation, async (session) => {
      const [from] = refsOf(draft, invocation, 1, 1) as [FlakeRef];
      await changeRegistry(draft, session, (registry) => registry.remove(from.input));
    }),
};
