/**
 * `nivis store build-trace`: what a store remembers of the outputs of content-addressed derivations.
 */
import {
  checkStorePathName,
  type DrvOutput,
  escapeJsonString,
  jsonObject,
  marked,
  parseStorePath,
  printStorePath,
  rootOfDerivedPath,
  storePathBaseName,
  type UnkeyedRealisation,
} from "@nivis/formats";
import { capability, type Store } from "@nivis/store";
import {
  emptyPathsDraft,
  knownPaths,
  PATHS_OPTIONS,
  type PathsDraft,
  resolvedArguments,
  takeArgument,
} from "../../options/installable.ts";
import { usageError } from "../../options/option.ts";
import { emptyStoreDraft, JSON_OPTIONS, type StoreDraft } from "../../options/store-options.ts";
import type { StoreProgram } from "../../store-program.ts";

/** See the head of this file. */
export const buildTraceInfoCommand: StoreProgram<PathsDraft> = {
  name: "nivis store build-trace info",
  summary: "show which paths outputs of derivations became",
  usage: "[FLAG]... PATH...",
  examples: [
    {
      does: "Show what an output became",
      command: "nivis store build-trace info /nix/store/…-hello.drv^out",
    },
  ],
  options: [...PATHS_OPTIONS, ...JSON_OPTIONS],
  start: emptyPathsDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const store = await session.store();
    const traces = new Map<string, readonly [DrvOutput, UnkeyedRealisation]>();
    const paths = new Set<string>();
    for (const argument of await resolvedArguments(draft, session, store, "derivations")) {
      for (const resolved of argument.paths) {
        for (const path of knownPaths(resolved)) paths.add(path);
        if (resolved.wanted.kind !== "built" || resolved.wanted.drv.kind !== "opaque") continue;
        const drvPath = rootOfDerivedPath(resolved.wanted);
        for (const outputName of resolved.outputs.keys()) {
          const id = { drvPath, outputName };
          const found = await realisationOf(store, id);
          if (found !== undefined) traces.set(nameOf(id), [id, found]);
        }
      }
    }
    const sorted = [...traces].sort(([a], [b]) => (a < b ? -1 : 1));
    if (draft.json) {
      const items = [
        ...[...paths].sort().map((path) => jsonObject([["opaquePath", escapeJsonString(path)]])),
        ...sorted.map(([, [id, value]]) => traceJson(id, value)),
      ];
      session.printJson(`[${items.join(",")}]`);
      return 0;
    }
    for (const path of [...paths].sort()) session.print(path);
    for (const [name, [, { outPath }]] of sorted) session.print(`${name} ${outPath}`);
    return 0;
  },
};

async function realisationOf(store: Store, id: DrvOutput): Promise<UnkeyedRealisation | undefined> {
  return store.realisations?.realisation(id);
}

function nameOf({ drvPath, outputName }: DrvOutput): string {
  return `${storePathBaseName(drvPath)}^${outputName}`;
}

function traceJson({ drvPath, outputName }: DrvOutput, value: UnkeyedRealisation): string {
  const signatures = value.signatures.map(escapeJsonString).join(",");
  return jsonObject([
    [
      "key",
      jsonObject([
        ["drvPath", escapeJsonString(storePathBaseName(drvPath))],
        ["outputName", escapeJsonString(outputName)],
      ]),
    ],
    [
      "value",
      jsonObject([
        ["outPath", escapeJsonString(storePathBaseName(value.outPath))],
        ["signatures", `[${signatures}]`],
      ]),
    ],
  ]);
}

/** Forgets what outputs became, which only a process that owns the store may do. */
export const buildTraceDeleteCommand: StoreProgram<StoreDraft> = {
  name: "nivis store build-trace delete",
  summary: "forget which paths outputs of derivations became",
  usage: "[FLAG]... DRV^OUTPUT...",
  examples: [
    {
      does: "Forget one",
      command: "nivis store build-trace delete /nix/store/…-hello.drv^out",
    },
  ],
  options: [],
  start: emptyStoreDraft,
  positional: takeArgument,
  run: async (draft, session) => {
    const store = await session.store();
    const owner = capability(store, "owner", "deleteBuildTraces");
    const ids = draft.arguments.map((argument) => parseDrvOutput(argument, store.storeDir));
    await owner.forgetRealisations(ids, { signal: session.signal });
    return 0;
  },
};

function parseDrvOutput(text: string, storeDir: string): DrvOutput {
  const at = text.lastIndexOf("^");
  if (at < 0) throw usageError(marked`Invalid derivation output id '${text}': missing '^'`);
  const outputName = text.slice(at + 1);
  checkStorePathName(outputName);
  const drvPath = printStorePath(parseStorePath(text.slice(0, at), storeDir), storeDir);
  return { drvPath, outputName };
}
