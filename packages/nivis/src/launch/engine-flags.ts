/**
 * Engine flags: the flags that V8 gets once an evaluation has proved to be long-running.
 *
 * V8 accepts flags at any time, but Node's module for setting them takes as long to load as an
 * entire short run, so it is loaded only when it pays off. V8 also accepts cached code only under
 * the flags it was compiled with, so the code cache restores the flags before it stores code.
 */

/** A flag and its default, by the major version of Node. */
interface FlagChange {
  readonly longRun: string;
  readonly initial: string;
}

/** One compilation at a time by each of the two optimising compilers. */
const ONE_COMPILATION = "--concurrent-turbofan-max-threads=1 --concurrent-maglev-max-threads=1";
const FOUR_COMPILATIONS = "--concurrent-turbofan-max-threads=4 --concurrent-maglev-max-threads=2";

/**
 * The flags that pay off; see docs/design/002-start-up.md for the figures. Version 20 optimises
 * functions after so little of their code has run that half of the work has to be discarded and
 * repeated. It also compiles running loops separately, which the dispatch loop does not need because it
 * is re-entered now and then, and inlines so many other functions into it that compilation occupies a
 * second core. Later versions count differently and have no such budget, but can be told how many
 * functions to compile at the same time: with four, the thread that evaluates waits for a core.
 *
 * A version that is missing here keeps its defaults: V8 prints an error for a flag that it does not
 * have.
 */
const CHANGES: Readonly<Record<string, FlagChange>> = {
  "20": {
    longRun: "--interrupt-budget=132000 --no-use-osr --max-inlined-bytecode-size-cumulative=200",
    initial: "--interrupt-budget=67584 --use-osr --max-inlined-bytecode-size-cumulative=920",
  },
  "22": {
    longRun: "--concurrent-turbofan-max-threads=1",
    initial: "--concurrent-turbofan-max-threads=0",
  },
  "24": {
    longRun: ONE_COMPILATION,
    initial: FOUR_COMPILATIONS,
  },
  "26": {
    longRun: ONE_COMPILATION,
    initial: FOUR_COMPILATIONS,
  },
};

/** Sets the flags for a long-running evaluation. */
export function setLongRunFlags(): void {
  setFlags((change) => change.longRun);
}

/** Restores the flags that Node started with. */
export function setInitialFlags(): void {
  setFlags((change) => change.initial);
}

function setFlags(choose: (change: FlagChange) => string): void {
  const change = CHANGES[process.versions.node.split(".", 1)[0] as string];
  if (change !== undefined) process.getBuiltinModule("node:v8").setFlagsFromString(choose(change));
}
