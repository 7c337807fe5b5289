/**
 * EvaluationKeeper: keeps the evaluation of a command, so that the next run of the same command
 * evaluates only what has changed since. `nivis watch` gives one to its runs.
 *
 * A kept evaluation is used again only by a run with the same flags and settings. A run that shows which
 * values were evaluated must be repeated without it; see `Evaluation.showedEvaluationState`.
 */
import type { DeferredFetcher, Evaluation, RunObserver, Store } from "@nivis/eval";
import { EvaluationStore, type GatheredSettings } from "@nivis/node";
import type { Invocation } from "../invocation.ts";
import type { EvaluationFlags } from "../options/evaluation-options.ts";
import { type KeptSlot, Session, type SessionOptions } from "../session.ts";

/** The parts of a session that can be used again. */
export interface KeptParts {
  readonly evaluation: Evaluation;
  readonly store: Store;
  readonly fetcher: DeferredFetcher;
  /** The run that the evaluation works for. */
  readonly owner: { invocation: Invocation };
}

interface Kept extends KeptParts {
  readonly key: string;
  readonly slots: Map<string, KeptSlot>;
}

/** Keeps one evaluation. */
export class EvaluationKeeper {
  #kept: Kept | undefined;
  #isReused = false;
  #isDistrusted = false;
  readonly #onLimits: () => void;

  /** `onLimits` is called before something is evaluated with limits, for which it is not kept. */
  constructor(onLimits: () => void = () => {}) {
    this.#onLimits = onLimits;
  }

  /** Whether there is an evaluation. */
  get isKept(): boolean {
    return this.#kept !== undefined;
  }

  /** Whether the evaluation of the last run was that of an earlier one. */
  get isReused(): boolean {
    return this.#isReused;
  }

  /**
   * Whether a new evaluation might print something else than the last run did: a kept one was used,
   * and it has shown which values were evaluated, or failed for a reason that is not in its inputs.
   */
  get mustRepeat(): boolean {
    if (!this.#isReused) return false;
    return this.#isDistrusted || this.#kept?.evaluation.showedEvaluationState === true;
  }

  /** The run has failed because of what it took, and not because of its program. */
  distrust(): void {
    this.#isDistrusted = true;
  }

  /** Whether an evaluation with these flags can be kept. */
  accepts(flags: EvaluationFlags, observer: RunObserver | undefined): boolean {
    // These are read once, and not by the evaluation.
    const readsInput = Array.from(flags.autoArguments.values()).some(
      ({ kind }) => kind === "file" || kind === "stdin",
    );
    const { inputsFile, detail } = flags.invocation;
    // What was done in earlier runs is not told, and not listed as an input.
    const isTold = detail !== undefined || inputsFile !== undefined;
    return observer === undefined && flags.tier !== "js" && !readsInput && !isTold;
  }

  /** Returns a session with the kept evaluation if there is one for these flags and settings. */
  reuse(
    flags: EvaluationFlags,
    options: SessionOptions,
    settings: GatheredSettings,
  ): Session | undefined {
    this.#isReused = false;
    this.#isDistrusted = false;
    const kept = this.#kept;
    if (kept === undefined || kept.key !== keyOf(flags, options, settings)) return undefined;
    this.#isReused = true;
    kept.owner.invocation = flags.invocation;
    connect(kept, flags.invocation);
    return new Session(flags, kept.evaluation, kept.store, {
      slots: kept.slots,
      during: undefined,
    });
  }

  /** Keeps an evaluation that {@link accepts} allowed; returns a place for its slots. */
  keep(
    parts: KeptParts,
    flags: EvaluationFlags,
    options: SessionOptions,
    settings: GatheredSettings,
  ): Map<string, KeptSlot> | undefined {
    this.close();
    const { dependencies, limits } = parts.evaluation.context;
    if (limits !== undefined) this.#onLimits();
    if (dependencies === undefined || limits !== undefined) return undefined;
    const slots = new Map<string, KeptSlot>();
    this.#kept = { ...parts, key: keyOf(flags, options, settings), slots };
    connect(this.#kept, flags.invocation);
    return slots;
  }

  /** Lets the kept evaluation look again: at these files, or at everything. */
  revise(paths: readonly string[] | undefined): void {
    const evaluation = this.#kept?.evaluation;
    const { unknown } = evaluation?.revise(paths) ?? { unknown: 0 };
    // The evaluation knows a file by another name, such as that in a relocated store.
    if (unknown > 0) evaluation?.revise();
  }

  /** Keeps nothing any longer. */
  close(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept === undefined) return;
    if (kept.store instanceof EvaluationStore) kept.store.close();
    kept.fetcher.close();
  }
}

/** Makes a run end without ending the store and the fetcher. */
function connect({ evaluation, store }: KeptParts, invocation: Invocation): void {
  invocation.positions = evaluation.positions;
  if (store instanceof EvaluationStore) {
    invocation.openStore = { close: () => store.flush(), abandon: () => {} };
  }
  invocation.afterOutput = () => evaluation.saveCompiledFiles();
}

/** Everything that an evaluation was opened with, as a text. */
function keyOf(
  flags: EvaluationFlags,
  options: SessionOptions,
  settings: GatheredSettings,
): string {
  // The flags that say what is selected and how it is printed do not matter to the evaluation.
  const { invocation, autoArguments, includes, store, evalStore, readOnly, cache, tier } = flags;
  const { diagnostics, logFormat, verbosity, machine, terminal } = invocation;
  const own = [autoArguments, includes, store, evalStore, readOnly, cache, tier];
  const place = machine.currentDirectory();
  const makesDatabases = terminal.makesDatabases === true;
  return JSON.stringify(
    [own, options, settings, diagnostics, logFormat, verbosity, place, makesDatabases],
    (_, value: unknown) =>
      value instanceof Map || value instanceof Set
        ? [...value]
        : typeof value === "bigint"
          ? String(value)
          : value,
  );
}
