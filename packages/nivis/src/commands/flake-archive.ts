/** `nivis flake archive`: copies the sources of a flake and of all its inputs to a store. */
import type { SourceTree } from "@nivis/fetch";
import { treeStorePath } from "@nivis/fetch";
import { isLockedNode, type JsonTree, type LockEdge, type LockNode } from "@nivis/flake";
import {
  describeInput,
  type FetcherInput,
  InputError,
  marked,
  narHashOf,
  relativeInputPath,
} from "@nivis/formats";
import { nodeHashes } from "@nivis/node";
import { type OpenedFlakes, withFlakes } from "../flakes/flake-evaluation.ts";
import { printJson } from "../flakes/json-output.ts";
import { storeTree } from "../flakes/stored-tree.ts";
import {
  defaultFlakeFlags,
  FLAKE_OPTIONS,
  type FlakeCommandFlags,
  JSON_OPTIONS,
  type JsonFlags,
} from "../options/flake-options.ts";
import { takeFlake } from "../options/lock-options.ts";
import { flag, valueFlag } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";
import { runStoreProgram } from "../store-program.ts";
import { copyCommand } from "./copy.ts";

interface ArchiveFlags extends FlakeCommandFlags, JsonFlags {
  to: string | undefined;
  dryRun: boolean;
  checkSigs: boolean;
}

/** See the head of this file. */
export const flakeArchiveCommand: WaitingProgram<ArchiveFlags> = {
  name: "nivis flake archive",
  summary: "copy a flake and all its inputs to a store",
  usage: "[FLAG]... [FLAKE]",
  examples: [
    {
      does: "Copy everything to a binary cache",
      command: "nivis flake archive --to file:///tmp/cache",
    },
    { does: "Only say where it would be", command: "nivis flake archive --dry-run --json" },
  ],
  options: [
    ...FLAKE_OPTIONS,
    ...JSON_OPTIONS,
    valueFlag<ArchiveFlags>(["--to"], "STORE", "Copy to STORE as well", (flags, store) => {
      flags.to = store;
    }),
    flag<ArchiveFlags>(["--dry-run"], "Copy nothing", (flags) => {
      flags.dryRun = true;
    }),
    flag<ArchiveFlags>(["--no-check-sigs"], "Accept paths without trusted signatures", (flags) => {
      flags.checkSigs = false;
    }),
  ],
  defaults: (invocation) => ({
    ...defaultFlakeFlags(invocation),
    json: false,
    pretty: undefined,
    to: undefined,
    dryRun: false,
    checkSigs: true,
  }),
  positional: takeFlake,
  run: (flags, invocation) =>
    withFlakes(
      flags,
      { appliesConfig: false, readOnly: flags.dryRun },
      (session) => [session.parseRef(flags.flake ?? ".")],
      async (opened) => {
        const archive = new Archive(opened, flags.dryRun);
        const [flake] = opened.flakes;
        if (flake === undefined) return 1;
        const json = new Map<string, JsonTree>([
          ["path", await archive.store(flake.locked.flake.lockedRef.input)],
          ["inputs", await archive.inputs(flake.locked.lockFile.root)],
        ]);
        if (flags.json) printJson(invocation.terminal, json, flags.pretty);
        if (flags.dryRun || flags.to === undefined) return 0;
        opened.session.flush();
        const options = ["--to", flags.to, ...(flags.checkSigs ? [] : ["--no-check-sigs"])];
        const from = flags.store === undefined ? [] : ["--store", flags.store];
        return runStoreProgram(
          copyCommand,
          [...options, ...from, ...archive.paths],
          invocation.terminal,
        );
      },
    ),
};

class Archive {
  readonly #opened: OpenedFlakes;
  readonly #dryRun: boolean;
  /** All store paths. */
  readonly paths = new Set<string>();

  constructor(opened: OpenedFlakes, dryRun: boolean) {
    this.#opened = opened;
    this.#dryRun = dryRun;
  }

  /** The store path of an input, copied unless this is a dry run. */
  async store(input: FetcherInput): Promise<string> {
    const path = this.#dryRun ? this.#plannedPath(input) : await this.#copy(input);
    this.paths.add(path);
    return path;
  }

  #plannedPath(input: FetcherInput): string {
    const narHash = narHashOf(input.attrs);
    if (narHash === undefined) {
      throw new InputError(
        marked`cannot compute store path for unlocked input '${describeInput(input)}'`,
      );
    }
    const { storeDir } = this.#opened.session.store;
    return treeStorePath(input, narHash, { storeDir, hashes: nodeHashes });
  }

  async #copy(input: FetcherInput): Promise<string> {
    const { flakeSession, session, flakes } = this.#opened;
    // The tree of the flake itself need not be fetched again, and may not be possible to.
    const root = flakes.find(({ locked }) => locked.flake.lockedRef.input === input);
    if (root !== undefined) {
      const { tree, lockedRef } = root.locked.flake;
      const narHash = narHashOf(lockedRef.input.attrs) as string;
      const fetched = {
        locked: lockedRef.input,
        tree: tree as SourceTree,
        narHash: async () => narHash,
      };
      return storeTree(fetched, session);
    }
    const { fetched } = await flakeSession.world.inputs.get(input, "none");
    return storeTree(fetched, session);
  }

  /** The inputs of a node, and theirs; what follows another input is left out. */
  async inputs(node: LockNode): Promise<JsonTree> {
    const json = new Map<string, JsonTree>();
    for (const name of node.inputNames()) {
      const edge = node.inputs.get(name) as LockEdge;
      if (!isLockedNode(edge)) continue;
      const one = new Map<string, JsonTree>();
      const { input } = edge.locked;
      if (relativeInputPath(input) === undefined) one.set("path", await this.store(input));
      one.set("inputs", await this.inputs(edge));
      json.set(name, one);
    }
    return json;
  }
}
