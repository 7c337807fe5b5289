/** `nivis flake prefetch-inputs`: fetches all inputs of a flake side by side. */

import { evalErrorOf } from "@nivis/eval";
import { isLockedNode, type LockedNode } from "@nivis/flake";
import { formatFlakeRef, relativeInputPath } from "@nivis/formats";
import { withFlakes } from "../flakes/flake-evaluation.ts";
import { storeTree } from "../flakes/stored-tree.ts";
import {
  defaultFlakeFlags,
  FLAKE_OPTIONS,
  type FlakeCommandFlags,
} from "../options/flake-options.ts";
import { takeFlake } from "../options/lock-options.ts";
import type { WaitingProgram } from "../program.ts";

/** See the head of this file. */
export const flakePrefetchInputsCommand: WaitingProgram<FlakeCommandFlags> = {
  name: "nivis flake prefetch-inputs",
  summary: "fetch the inputs of a flake",
  usage: "[FLAG]... [FLAKE]",
  examples: [
    { does: "Have everything for working offline", command: "nivis flake prefetch-inputs" },
  ],
  options: FLAKE_OPTIONS,
  defaults: defaultFlakeFlags,
  positional: takeFlake,
  run: (flags, invocation) =>
    withFlakes(
      flags,
      { appliesConfig: false, readOnly: false },
      (session) => [session.parseRef(flags.flake ?? ".")],
      async ({ flakes, flakeSession, session }) => {
        const nodes = new Set<LockedNode>();
        for (const { locked } of flakes) {
          for (const [, edge] of locked.lockFile.allInputs()) {
            if (isLockedNode(edge)) nodes.add(edge);
          }
        }
        let hasFailed = false;
        const fetch = async ({ locked }: LockedNode): Promise<void> => {
          // A relative path lies in the tree of another input.
          if (relativeInputPath(locked.input) !== undefined) return;
          try {
            invocation.inform(`fetching '${formatFlakeRef(locked)}'...`);
            const { fetched } = await flakeSession.world.inputs.get(locked.input, "none");
            await storeTree(fetched, session);
          } catch (error) {
            invocation.report(evalErrorOf(error));
            hasFailed = true;
          }
        };
        await Promise.all([...nodes].map(fetch));
        return hasFailed ? 1 : 0;
      },
    ),
};
