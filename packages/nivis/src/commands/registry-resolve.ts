/** `nivis registry resolve`: what names stand for. */
import { lookUpInput } from "@nivis/flake";
import { formatFlakeRef } from "@nivis/formats";
import type { AsyncProgram } from "../async-program.ts";
import { withFlakeSession } from "../flake-session.ts";
import {
  addRef,
  emptyRegistryDraft,
  type RegistryDraft,
  refsOf,
} from "../options/registry-options.ts";

/** See the head of this file. */
export const registryResolveCommand: AsyncProgram<RegistryDraft> = {
  name: "nivis registry resolve",
  summary: "show what names of flakes stand for",
  usage: "[FLAG]... REF...",
  examples: [{ does: "Resolve two names", command: "nivis registry resolve nixpkgs blender-bin" }],
  options: [],
  defaults: emptyRegistryDraft,
  positional: addRef,
  run: (draft, invocation) =>
    withFlakeSession(invocation, async (session) => {
      for (const ref of refsOf(draft, invocation, 0, Number.MAX_SAFE_INTEGER)) {
        const { input, directory } = await lookUpInput(session, ref.input, "all");
        const resolved = { input, directory: directory ?? ref.directory };
        invocation.terminal.writeOut(`${formatFlakeRef(resolved)}\n`);
      }
    }),
};
