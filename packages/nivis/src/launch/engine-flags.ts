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
}

/** Running loops are not compiled separately, and functions are inlined into others less. */
const SMALL_COMPILATIONS: FlagChange = {
  longRun: "--no-use-osr --max-inlined-bytecode-size-cumulative=200",
  initial: "--use-osr --max-inlined-bytecode-size-cumulative=920",
};

/** Also, each of the two optimising compilers compiles one function at a time. */
const ONE_COMPILATION: FlagChange = {
  longRun: `${SMALL_COMPILATIONS.longRun} --concurrent-turbofan-max-threads=1 --concurrent-maglev-max-threads=1`,
  initial: `${SMALL_COMPILATIONS.initial} --concurrent-turbofan-max-threads=4 --concurrent-maglev-max-threads=2`,
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
    longRun: `${SMALL_COMPILATIONS.longRun} --concurrent-turbofan-max-threads=1`,
    initial: `${SMALL_COMPILATIONS.initial} --concurrent-turbofan-max-threads=0`,
  },
  "24": ONE_COMPILATION,
  "26": ONE_COMPILATION,
};

/** Sets the flags for a long-running evaluation; `isContinued`: it goes on with a heap image. */
export function setLongRunFlags(isContinued: boolean): void {
  setFlags(({ longRun, continued = longRun }) => (isContinued ? continued : longRun));
}

/** Restores the flags that Node started with. */
export function setInitialFlags(): void {
  setFlags((change) => change.initial);
}

function setFlags(choose: (change: FlagChange) => string): void {
  const change = FLAG_CHANGES[process.versions.node.split(".", 1)[0] as string];
  if (change !== undefined) process.getBuiltinModule("node:v8").setFlagsFromString(choose(change));
}
