/**
 * Engine flags: the flags that V8 gets once an evaluation has proved to be long-running.
 *
 * V8 accepts flags at any time, but Node's module for setting them takes as long to load as an
 * entire short run, so it is loaded only when it pays off. V8 also accepts cached code only under
 * the flags it was compiled with, so the code cache restores the flags before it stores code.
 */

/** The same flags of V8 with several values each. */
interface FlagChange {
  readonly longRun: string;
  /** The defaults of V8. */
  readonly initial: string;
  /** For a long run that goes on with a heap image, if they are others than `longRun`. */
  readonly continued?: string;
  /** What keeps the young generation from growing once it has so many MiB. */
  readonly limit?: { readonly size: number; readonly flags: string };
}

/** Running loops are not compiled separately, and functions are inlined into others less. */
const SMALL_COMPILATIONS: FlagChange = {
  longRun: "--no-use-osr --max-inlined-bytecode-size-cumulative=200",
  initial: "--use-osr --max-inlined-bytecode-size-cumulative=920",
};

/**
 * Also, each of the two optimising compilers compiles one function at a time, and the young generation, which
 * may grow to 128 MiB in these versions, does not.
 */
const ONE_COMPILATION: FlagChange = {
  longRun: `${SMALL_COMPILATIONS.longRun} --concurrent-turbofan-max-threads=1 --concurrent-maglev-max-threads=1 --semi-space-growth-factor=2`,
  initial: `${SMALL_COMPILATIONS.initial} --concurrent-turbofan-max-threads=4 --concurrent-maglev-max-threads=2 --semi-space-growth-factor=2`,
  limit: { size: 16, flags: "--semi-space-growth-factor=1" },
};

/**
 * The flags that pay off; see docs/design/002-start-up.md for the figures. The dispatch loop need not be
 * compiled while it runs, because it is re-entered now and then, and with all that V8 inlines into it by
 * default, compiling it occupies a second core. Version 20 also optimises functions after so little of
 * their code has run that half of the work has to be discarded and repeated. Later versions count
 * differently and have no such budget, but can be told how many functions to compile at the same time:
 * with four, the thread that evaluates waits for a core.
 *
 * The keys are major versions of Node. One that is missing keeps its defaults: V8 prints an error for a
 * flag that it does not have.
 */
export const FLAG_CHANGES: Readonly<Record<string, FlagChange>> = {
  "20": {
    longRun: `${SMALL_COMPILATIONS.longRun} --interrupt-budget=132000`,
    initial: `${SMALL_COMPILATIONS.initial} --interrupt-budget=67584`,
    // Most such runs end before the compiled loop would be ready.
    continued: `${SMALL_COMPILATIONS.longRun} --interrupt-budget=400000`,
  },
  "22": {
    // Once `--no-use-osr` was set, this version refuses cached code even after it was reset.
    longRun: "--max-inlined-bytecode-size-cumulative=200 --concurrent-turbofan-max-threads=1",
    initial: "--max-inlined-bytecode-size-cumulative=920 --concurrent-turbofan-max-threads=0",
  },
  "24": ONE_COMPILATION,
  "26": ONE_COMPILATION,
};

/** The flags of one process. */
export class EngineFlags {
  readonly #change = FLAG_CHANGES[process.versions.node.split(".", 1)[0] as string];
  /** The flags that are set; `undefined` if they are those that Node started with. */
  #own: string | undefined;
  #isLimited = false;

  /** Sets the flags for a long-running evaluation; `isContinued`: it goes on with a heap image. */
  prepare(isContinued: boolean): void {
    const change = this.#change;
    if (change === undefined) return;
    this.#own = isContinued ? (change.continued ?? change.longRun) : change.longRun;
    this.restore();
  }

  /** Keeps the young generation from growing if it has grown enough, and the flags of a long run are set. */
  limitYoungGeneration(): void {
    const limit = this.#change?.limit;
    if (limit === undefined || this.#own === undefined || this.#isLimited) return;
    const spaces = process.getBuiltinModule("node:v8").getHeapSpaceStatistics();
    const young = spaces.find(({ space_name: name }) => name === "new_space");
    if (young === undefined || young.space_size < limit.size * 2 ** 20) return;
    this.#isLimited = true;
    this.#own += ` ${limit.flags}`;
    this.restore();
  }

  /** Sets the flags that Node started with. */
  reset(): void {
    if (this.#own !== undefined) setFlags((this.#change as FlagChange).initial);
  }

  /** Sets the flags again that {@link reset} has taken back. */
  restore(): void {
    if (this.#own !== undefined) setFlags(this.#own);
  }
}

function setFlags(flags: string): void {
  process.getBuiltinModule("node:v8").setFlagsFromString(flags);
}
