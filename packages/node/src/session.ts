/**
 * Setting up an evaluation on this machine, in four steps that can each be used alone:
 *
 *     settings     readSettings          configuration files and the environment, then `applySetting`
 *     store        openEvaluationStore   the store that a URI names
 *     world        openWorld             files, environment and log as evaluation sees them
 *     evaluation   openEvaluation        all of them together
 *
 * Each step takes one object and returns one; nothing is kept between them. The commands use these
 * steps, and so can any program that evaluates with a user's configuration.
 */
import {
  type DetailMessage,
  type EvalIo,
  Evaluation,
  type EvaluationOptions,
  type HeapImageOptions,
  type LogMessage,
  type SearchPathEntry,
  type SettingsInput,
  type Store,
  searchPathOf,
  warmUp,
} from "@nivis/eval";
import { DiskBytecodeCache } from "./disk-entry-cache.ts";
import type { InputRecorder } from "./inputs/input-recorder.ts";
import { ObservedStore } from "./inputs/observed-store.ts";
import { nodeHashes } from "./node-hashes.ts";
import { nodeIo } from "./node-io.ts";
import { nixPathEntries } from "./settings/read-settings.ts";
import { evaluationSettings, type GatheredSettings } from "./settings/setting-table.ts";

/** The input of {@link openWorld}. */
export interface WorldRequest {
  /** The environment; values are text, not bytes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Receives warnings and traces. Defaults to writing them to standard error. */
  readonly log?: (message: LogMessage) => void;
  /** Receives what evaluation does in detail. Defaults to nobody. */
  readonly detail?: ((message: DetailMessage) => void) | undefined;
  /** Returns the home directory, as bytes. Defaults to {@link findHomeDirectory}. */
  readonly homeDirectory?: () => string;
  /** The setting `system`; empty for the system of the host. */
  readonly system: string;
  /** The store that files are read from if they are in its store directory and not on disk. */
  readonly store: Store;
  /** Records what is looked at. Defaults to nothing. */
  readonly inputs?: InputRecorder | undefined;
}

/** Returns the world of an evaluation on this machine. */
export function openWorld(request: WorldRequest): EvalIo {
  const { environment, log, homeDirectory, system, store, inputs } = request;
  const { storeDir, relocatedDirectory: directory, files } = store;
  return nodeIo({
    environment,
    inputs,
    detail: request.detail,
    ...(log === undefined ? {} : { log }),
    ...(homeDirectory === undefined ? {} : { homeDirectory }),
    ...(system === "" ? {} : { system }),
    ...(directory === undefined ? {} : { relocatedStore: { storeDir, directory } }),
    ...(files === undefined ? {} : { storeFiles: { storeDir, files } }),
  });
}

/** The input of {@link openEvaluation}. */
export interface EvaluationRequest {
  /** The gathered settings. */
  readonly settings: GatheredSettings;
  /** The store for derivations and sources, from {@link openEvaluationStore}. */
  readonly store: Store;
  /** The world, from {@link openWorld}. */
  readonly world: EvalIo;
  /** What fetches sources, such as a {@link BlockingFetcher}. Defaults to nothing. */
  readonly fetcher?: EvaluationOptions["fetcher"];
  /** Search path entries that precede those of the settings; bytes. Defaults to none. */
  readonly includes?: readonly string[];
  /** Whether nothing is written even if the store accepts writes. */
  readonly readOnly: boolean;
  /** Whether traces record calls even if they are not all shown. Defaults to `showTrace`. */
  readonly traceCalls?: boolean;
  /** The directory for compiled files (see {@link cacheDirectory}). Defaults to no cache. */
  readonly cacheDirectory?: string | undefined;
  /**
   * Called once the evaluation has proved to be long-running, before `warmUp` shows V8 the whole
   * machine (docs/design/007-warm-up.md), and at later moments; see `EvaluationOptions`. `isContinued`: it
   * goes on with a heap image. To be given only by the owner of the process. Defaults to nothing.
   */
  readonly onLongRun?: ((moment: number, isContinued: boolean) => void) | undefined;
  readonly observer?: EvaluationOptions["observer"];
  /** The hooks of a debugger; see `EvaluationOptions`. */
  readonly debugger?: EvaluationOptions["debugger"] | undefined;
  /** See `EvaluationOptions`. */
  readonly warm?: boolean;
  /** Finds the heap image for an evaluation with these settings and search path. Defaults to none. */
  readonly heapImage?:
    | ((settings: SettingsInput, searchPath: readonly SearchPathEntry[]) => HeapImageOptions)
    | undefined;
  /** See `EvaluationOptions`. */
  readonly isInterrupted?: EvaluationOptions["isInterrupted"];
  /** See `EvaluationOptions`. */
  readonly sampler?: EvaluationOptions["sampler"];
  /** See `EvaluationOptions`. */
  readonly onDerivation?: EvaluationOptions["onDerivation"];
  /** Records what the store is asked; the world has a recorder of its own. Defaults to nothing. */
  readonly inputs?: InputRecorder | undefined;
  /** See `EvaluationOptions`. */
  readonly tier?: EvaluationOptions["tier"];
  readonly tierStress?: boolean;
}

/** Returns an evaluation with the given settings, store and world. */
export function openEvaluation(request: EvaluationRequest): Evaluation {
  const { settings, store, world, observer, tier, onLongRun, inputs } = request;
  const nixPath = nixPathEntries(settings, world);
  const directory = request.cacheDirectory;
  const host = {
    io: world,
    hashes: nodeHashes,
    ...(directory === undefined ? {} : { bytecodeCache: new DiskBytecodeCache(directory) }),
  };
  const evaluated = {
    ...evaluationSettings(settings),
    showTrace: settings.showTrace || request.traceCalls === true,
    readOnlyMode: request.readOnly || !store.capabilities.writes,
  };
  const searchPath = searchPathOf([...(request.includes ?? []), ...nixPath], "");
  const heapImage = request.heapImage?.(evaluated, searchPath);
  return new Evaluation({
    ...host,
    settings: evaluated,
    store: inputs === undefined ? store : new ObservedStore(store, inputs),
    fetcher: request.fetcher,
    searchPath,
    heapImage,
    ...(observer === undefined ? {} : { observer }),
    ...(request.debugger === undefined ? {} : { debugger: request.debugger }),
    isInterrupted: request.isInterrupted,
    sampler: request.sampler,
    onDerivation: request.onDerivation,
    ...(tier === undefined ? {} : { tier }),
    tierStress: request.tierStress === true,
    warm: request.warm === true,
    ...(onLongRun === undefined
      ? {}
      : {
          onLongRun: (moment) => {
            const isContinued = heapImage?.bytes !== undefined;
            onLongRun(moment, isContinued);
            // What goes on with an image mostly ends before a warm-up has paid off
            // (docs/design/016-heap-images.md).
            if (moment === 0 && !isContinued) warmUp(host);
          },
        }),
  });
}
