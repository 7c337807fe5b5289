/**
 * EvalContext: the data that the code of one evaluation shares. Builtins receive it as their first
 * argument, the VM holds it, and `evaluation.ts` creates it. It contains no code of its own.
 */
import type { FinishedDerivation, HashFunctions } from "@nivis/formats";
import type { EvalCaches } from "./caches.ts";
import type { CounterRegistry } from "./counters.ts";
import type { Dependencies } from "./dependencies/dependencies.ts";
import type { EvaluationFetcher } from "./fetching/fetcher.ts";
import type { MountedIo } from "./fetching/mounts.ts";
import type { EvalIo } from "./io.ts";
import type { LimitMeter } from "./limits/meter.ts";
import type { Nesting } from "./operations/nesting.ts";
import type { PositionTable } from "./position.ts";
import type { Settings } from "./settings.ts";
import type { Store } from "./store/store.ts";
import type { Attrs } from "./value/attrs.ts";
import type { NixPath, Slot } from "./value/value.ts";
import type { Suspendable } from "./vm/requests.ts";
import type { StackSampler } from "./vm/stack-sampler.ts";
import type { SuspendedRun } from "./vm/suspended-run.ts";

/** The data that the code of one evaluation shares. */
export interface EvalContext {
  readonly io: EvalIo;
  readonly hashes: HashFunctions;
  readonly settings: Settings;
  readonly positions: PositionTable;
  readonly store: Store;
  /** The fetched trees that are visible at store paths; {@link io} shows them. */
  readonly mounts: MountedIo;
  /** The fetchers of the host; absent if it has none. */
  readonly fetcher?: EvaluationFetcher | undefined;
  /** The cached results: regular expressions, source copies, derivations. */
  readonly caches: EvalCaches;
  /** How deep the evaluation is in calls and in values. */
  readonly nesting: Nesting;
  /** The registry through which components publish their counters. */
  readonly counters: CounterRegistry;
  /** What values depend on; absent unless the evaluation is warm. */
  readonly dependencies?: Dependencies | undefined;
  /** The limits of the evaluation; absent if nothing is limited. */
  readonly limits?: LimitMeter | undefined;
  /** Receives each derivation that is made, written or not. */
  readonly onDerivation?: ((derivation: FinishedDerivation) => void) | undefined;
  /** Looks at the stack now and then, for profiles; absent if nobody asks. */
  readonly sampler?: StackSampler | undefined;
  /** Asynchronous runs that have not ended. */
  readonly suspendedRuns: Set<SuspendedRun>;
  /** The value of `builtins`. */
  readonly builtins: Attrs;
  /** The entries of the search path: `-I`, then `NIX_PATH`. */
  readonly searchPath: readonly SearchPathEntry[];
  /** Receives the number of frames that a machine entered in one of its first runs. */
  longRunWatch(count: number): void;
  /** Evaluates a file (or the `default.nix` of a directory) once, and returns its value. */
  importFile(path: NixPath): Suspendable<Slot>;
  /** Evaluates a file with additional names in scope. */
  scopedImport(path: NixPath, scope: Attrs): Suspendable<Slot>;
}

/** An entry of the search path, `prefix=path` or just `path`. */
export interface SearchPathEntry {
  readonly prefix: string;
  readonly path: string;
}
