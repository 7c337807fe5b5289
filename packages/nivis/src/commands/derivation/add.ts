/** `nivis derivation add`: a derivation from JSON, with its output paths checked or filled in. */
import { checkEnvironment, type Derivation, parseDerivationJson } from "@nivis/formats";
import { nodeStoreHost } from "@nivis/node";
import { capability, completeDerivation, streamOf } from "@nivis/store";
import { takeArgument } from "../../options/installable.ts";
import { flag, usageError } from "../../options/option.ts";
import { emptyStoreDraft, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram, StoreSession } from "../../store-program.ts";

interface AddDraft extends StoreDraft {
  dryRun: boolean;
}

/** See the head of this file. */
export const derivationAddCommand: StoreProgram<AddDraft> = {
  name: "nivis derivation add",
  summary: "add a derivation that standard input describes",
  usage: "[FLAG]... < DERIVATION.json",
  examples: [{ does: "Add one", command: "nivis derivation add < hello.json" }],
  options: [
    flag<AddDraft>(["--dry-run"], "Only print the path", (draft) => {
      draft.dryRun = true;
    }),
  ],
  start: () => ({ ...emptyStoreDraft(), dryRun: false }),
  positional: takeArgument,
  run: async (draft, session) => {
    if (draft.arguments.length > 0) throw usageError("nivis derivation add reads standard input");
    const store = await session.store();
    const config = { storeDir: store.storeDir, hashes: nodeStoreHost.hashes };
    const drv = parseDerivationJson(session.terminal.readInput(), config);
    requireFeatures(drv, session);
    checkEnvironment(drv);
    const finished = await completeDerivation(store, drv, nodeStoreHost, {
      signal: session.signal,
    });
    if (!draft.dryRun) {
      await capability(store, "writer", "addToStore").addContent(
        {
          name: `${drv.name}.drv`,
          method: "text",
          algorithm: "sha256",
          references: finished.references,
          bytes: () => streamOf(finished.text),
        },
        { signal: session.signal },
      );
    }
    session.print(finished.drvPath);
    return 0;
  },
};

/** Nix: kinds of outputs and inputs that are experimental are refused while their features are off. */
function requireFeatures({ outputs, inputDrvs }: Derivation, session: StoreSession): void {
  for (const output of outputs.values()) {
    if (output.kind === "floating") session.requireFeature("ca-derivations");
    if (output.kind === "impure") session.requireFeature("impure-derivations");
    if ("method" in output && output.method === "text") {
      session.requireFeature("dynamic-derivations", "text-hashed derivation output in JSON");
    }
  }
  for (const { dynamicOutputs } of inputDrvs.values()) {
    for (const name of dynamicOutputs?.keys() ?? []) {
      session.requireFeature("dynamic-derivations", `dynamic output '${name}' in JSON`);
    }
  }
}
