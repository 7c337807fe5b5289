/**
 * Setting up an evaluation on this machine, in four steps of which each can be taken alone:
 *
 *     settings     readSettings          configuration files and the environment, then `applySetting`
 *     store        openEvaluationStore   what the user calls a store
 *     world        openWorld             files, environment and log as evaluation sees them
 *     evaluation   openEvaluation        all of them together
 *
 * Each takes one object and returns one; nothing is kept between them. The commands go this way, and so
 * does whatever else evaluates as a user's configuration says.
 */
import {
  type EvalIo,
  Evaluation,
  type EvaluationOptions,
  type LogMessage,
  rehearse,
  type Store,
  searchPathOf,
} from "@nivis/eval";
import { DiskBytecodeCache } from "./disk-bytecode-cache.ts";
import { nodeHashes } from "./node-hashes.ts";
import { nodeIo } from "./node-io.ts";
import { nixPathEntries } from "./settings/read-settings.ts";
import { evaluationSettings, type GatheredSettings } from "./settings/setting-table.ts";

/** What the world of an evaluation depends on. */
export interface WorldRequest {
  /** The environment, as texts. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Takes warnings and traces; standard error unless given. */
  readonly log?: (message: LogMessage) => void;
  /** Finds the home directory, as bytes; by the environment and the user database unless given. */
  readonly homeDirectory?: () => string;
  /** `system` of the settings; empty for that of the host. */
  readonly system: string;
  /** Reads of store paths go to where its files are. */
  readonly store: Store;
}

/** The world as evaluation sees it. */
export function openWorld(request: WorldRequest): EvalIo {
  const { environment, log, homeDirectory, system, store } = request;
  const directory = store.relocatedDirectory;
  return nodeIo({
    environment,
    ...(log === undefined ? {} : { log }),
    ...(homeDirectory === undefined ? {} : { homeDirectory }),
    ...(system === "" ? {} : { system }),
    ...(directory === undefined ? {} : { relocatedStore: { storeDir: store.storeDir, directory } }),
  });
}

/** What an evaluation depends on. */
export interface EvaluationRequest {
  readonly settings: GatheredSettings;
  readonly store: Store;
  /** The world that {@link openWorld} returned. */
  readonly world: EvalIo;
  /** Entries of the search path that come before those of the settings; bytes. */
  readonly includes?: readonly string[];
  /** Write nothing even if the store takes what is written. */
  readonly readOnly: boolean;
  /** Record the calls among the traces even if they are not all shown; so `showTrace` does. */
  readonly traceCalls?: boolean;
  /** Where compiled files are kept; nowhere unless given. See {@link cacheDirectory}. */
  readonly cacheDirectory?: string | undefined;
  /**
   * Called when the evaluation has proved to be long-running, before V8 is shown the whole machine
   * (docs/design/007-rehearsal.md). Only who owns the process gives it.
   */
  readonly onLongRun?: (() => void) | undefined;
  readonly observer?: EvaluationOptions["observer"];
  readonly tier?: EvaluationOptions["tier"];
  readonly tierStress?: boolean;
}

/** An evaluation as the settings say. */
export function openEvaluation(request: EvaluationRequest): Evaluation {
  const { settings, store, world, observer, tier, onLongRun } = request;
  const nixPath = nixPathEntries(settings, world);
  const directory = request.cacheDirectory;
  const host = {
    io: world,
    hashes: nodeHashes,
    ...(directory === undefined ? {} : { bytecodeCache: new DiskBytecodeCache(directory) }),
  };
  return new Evaluation({
    ...host,
    settings: {
      ...evaluationSettings(settings),
      showTrace: settings.showTrace || request.traceCalls === true,
      readOnlyMode: request.readOnly || !store.capabilities.writes,
    },
    store,
    searchPath: searchPathOf([...(request.includes ?? []), ...nixPath], ""),
    ...(observer === undefined ? {} : { observer }),
    ...(tier === undefined ? {} : { tier }),
    tierStress: request.tierStress === true,
    ...(onLongRun === undefined
      ? {}
      : {
          onLongRun: () => {
            onLongRun();
            rehearse(host);
          },
        }),
  });
}
