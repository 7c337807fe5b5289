/**
 * Engine flags: what V8 is told once an evaluation has proved to be long-running.
 *
 * V8 can be told at any time, but the module of Node that tells it takes as long to load as all of a
 * short run, so it is not loaded before it pays. V8 also takes compiled code back only under the flags
 * that it was made under: code that keeps compiled code puts the flags back first.
 */

/** Flags and what they are by default, by the major version of Node. */
interface FlagChange {
  readonly longRun: string;
  readonly initial: string;
}

/**
 * The flags that pay; docs/design/002-start-up.md has the figures. Version 20 starts to optimise
 * functions after so little of their code has run that half of it has to be thrown away and done
 * again; later versions count differently and have no such flag. It also compiles running loops a
 * second time, which the dispatch loop, being entered anew now and then, does not need, and puts so
 * much of other functions into it that compiling takes a second core for itself.
 */
const CHANGES: Readonly<Record<string, FlagChange>> = {
  "20": {
    longRun: "--interrupt-budget=132000 --no-use-osr --max-inlined-bytecode-size-cumulative=200",
    initial: "--interrupt-budget=67584 --use-osr --max-inlined-bytecode-size-cumulative=920",
  },
};

/** Sets the flags for a long-running evaluation. */
export function setLongRunFlags(): void {
  setFlags((change) => change.longRun);
}

/** The flags that Node has begun with. */
export function setInitialFlags(): void {
  setFlags((change) => change.initial);
}

function setFlags(choose: (change: FlagChange) => string): void {
  const change = CHANGES[process.versions.node.split(".", 1)[0] as string];
  if (change !== undefined) process.getBuiltinModule("node:v8").setFlagsFromString(choose(change));
}
