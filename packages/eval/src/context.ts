/**
 * EvalContext: what the code of one evaluation shares. Builtins get it as their first argument, the
 * VM holds it; `evaluation.ts` makes it. It holds no code of its own.
 */
import type { HashFunctions } from "@nivis/formats";
import type { EvalCaches } from "./caches.ts";
import type { CounterRegistry } from "./counters.ts";
import type { EvalIo } from "./io.ts";
import type { LimitMeter } from "./limits/meter.ts";
import type { PositionTable } from "./position.ts";
import type { Settings } from "./settings.ts";
import type { Store } from "./store/store.ts";
import type { Attrs } from "./value/attrs.ts";
import type { NixPath, Slot } from "./value/value.ts";
import type { Suspendable } from "./vm/requests.ts";
import type { SuspendedRun } from "./vm/suspended-run.ts";

/** See the head of this file. */
export interface EvalContext {
  readonly io: EvalIo;
  readonly hashes: HashFunctions;
  readonly settings: Settings;
  readonly positions: PositionTable;
  readonly store: Store;
  /** Memory of what was computed before: regular expressions, source copies, derivations. */
  readonly caches: EvalCaches;
  /** Where parts that count say how to read their counters. */
  readonly counters: CounterRegistry;
  /** What the evaluation may use up; absent if nothing is limited. */
  readonly limits?: LimitMeter | undefined;
  /** Asynchronous runs that have not ended. */
  readonly suspendedRuns: Set<SuspendedRun>;
  /** The value of `builtins`. */
  readonly builtins: Attrs;
  /** The entries of the search path: `-I`, then `NIX_PATH`. */
  readonly searchPath: readonly SearchPathEntry[];
  /** Takes from a machine, between its first runs, how many frames it entered in the last one. */
  longRunWatch(count: number): void;
  /** Evaluates a file (or the `default.nix` of a directory) once; answers its value. */
  importFile(path: NixPath): Suspendable<Slot>;
  /** Evaluates a file with extra names in scope. */
  scopedImport(path: NixPath, scope: Attrs): Suspendable<Slot>;
}

/** One entry of the search path, `prefix=path` or just `path`. */
export interface SearchPathEntry {
  readonly prefix: string;
  readonly path: string;
}
