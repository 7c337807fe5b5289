/**
 * Engine: what the handles of one session share: its evaluation, its limits, and the ways from
 * JavaScript into the evaluation and back. It belongs to nix.ts and is not public.
 */
import {
  type AsyncOptions,
  EvalError,
  type Evaluation,
  evalErrorOf,
  nativeThunk,
  type Slot,
  type Suspendable,
  type Thunk,
} from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import type { NixInput, ValueOwner } from "./data.ts";
import { nixErrorOf } from "./nix-error.ts";
import { toSlot } from "./nix-input.ts";
import { NixValue } from "./nix-value.ts";
import { NixSource } from "./template.ts";

/** Limits of each question to a session. */
export interface Limits {
  /**
   * Steps: calls, thunks, and the work inside of builtins; a program takes the same number on every
   * machine. Defaults to no limit.
   */
  readonly steps?: number | undefined;
  /** Milliseconds. Defaults to no limit. */
  readonly milliseconds?: number | undefined;
  /** MiB of memory by which the heap may grow, where it can be measured. Defaults to no limit. */
  readonly mebibytes?: number | undefined;
  /** Nested calls and levels of values. Defaults to 12 million. */
  readonly depth?: number | undefined;
  /** Values in the data that results are converted to. Defaults to no limit. */
  readonly values?: number | undefined;
}

const LIMIT_NAMES: Readonly<Record<keyof Limits, true>> = {
  steps: true,
  milliseconds: true,
  mebibytes: true,
  depth: true,
  values: true,
};

/**
 * Throws a `TypeError` for a limit that does not exist, which would leave a program unlimited, and for
 * one that is not a number from 0 on.
 */
function checkLimits(limits: Limits): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(LIMIT_NAMES, name)) {
      const names = Object.keys(LIMIT_NAMES).join(", ");
      throw new TypeError(`there is no limit '${name}'; the limits are ${names}`);
    }
    if (value !== undefined && !(typeof value === "number" && value >= 0)) {
      throw new TypeError(`the limit '${name}' must be a number that is not negative`);
    }
  }
}

/** A text to evaluate, and the directory that its relative paths start from. */
export interface LoadOptions {
  readonly basePath?: string | undefined;
}

/** See the head of this file. */
export class Engine implements ValueOwner {
  readonly evaluation: Evaluation;
  readonly limits: Limits;
  readonly #scope: ReadonlyMap<string, NixInput>;
  #slots: ReadonlyMap<string, Slot> | undefined;
  #isDisposed = false;

  /** `open` creates the evaluation; its builtins may refer to this engine. */
  constructor(
    open: (engine: Engine) => Evaluation,
    limits: Limits,
    scope: ReadonlyMap<string, NixInput>,
  ) {
    checkLimits(limits);
    this.limits = limits;
    this.#scope = scope;
    this.evaluation = open(this);
  }

  value(slot: Slot): NixValue {
    return new NixValue(this, slot);
  }

  slotOf(value: NixValue): Slot {
    return NixValue.slotOf(value, this);
  }

  /** The slot of data; `where` names it in messages. */
  slot(data: NixInput, where: string): Slot {
    return toSlot(data, where, this);
  }

  /** The thunk of a text. Throws an `EvalError` if it does not parse. */
  load(source: NixSource | string, { basePath }: LoadOptions = {}): Thunk {
    const text = typeof source === "string" ? source : source.text;
    this.#slots ??= this.#slotsOf(this.#scope, "scope");
    const bindings =
      source instanceof NixSource ? this.#slotsOf(source.bindings, "value") : new Map();
    const scope = new Map<string, Slot>([...this.#slots, ...bindings]);
    return this.evaluation.loadText(encodeUtf8(text), {
      ...(scope.size === 0 ? {} : { scope }),
      ...(basePath === undefined ? {} : { basePath: encodeUtf8(basePath) }),
    });
  }

  #slotsOf(values: ReadonlyMap<string, NixInput>, where: string): ReadonlyMap<string, Slot> {
    const entries = [...values].map(
      ([name, data]) => [encodeUtf8(name), this.slot(data, `${where} ${name}`)] as const,
    );
    return new Map(entries);
  }

  /** A thunk that is loaded when it is forced, so that loading may wait. */
  defer(start: () => Suspendable<Slot>): Thunk {
    return nativeThunk(start);
  }

  /** Runs a generator to its end. Throws a `NixError`. */
  run<Result>(work: Suspendable<Result>): Result {
    this.begin();
    try {
      return this.evaluation.run(work);
    } catch (error) {
      throw this.errorOf(error);
    }
  }

  /**
   * {@link run} where the world may have to be waited for. A signal that stops the evaluation rejects
   * the promise with its reason.
   */
  async runAsync<Result>(work: Suspendable<Result>, options: AsyncOptions): Promise<Result> {
    this.begin();
    const { signal } = options;
    try {
      return await this.evaluation.runAsync(work, options);
    } catch (error) {
      if (error instanceof EvalError && error.kind === "interrupted" && signal?.aborted === true) {
        throw signal.reason;
      }
      throw this.errorOf(error);
    }
  }

  /** What the host sees of an error. */
  errorOf(error: unknown): unknown {
    const known = evalErrorOf(error);
    return known instanceof EvalError ? nixErrorOf(known, this.evaluation) : error;
  }

  /** Checks that the session is open; renews its limits unless something else runs in it. */
  begin(): void {
    if (this.#isDisposed) throw new TypeError("the session has been disposed of");
    const { limits, nesting, suspendedRuns } = this.evaluation.context;
    if (limits === undefined || nesting.runs > 0 || suspendedRuns.size > 0) return;
    this.evaluation.renewLimits();
  }

  /** Ends the session. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.evaluation.context.fetcher?.close?.();
  }
}
