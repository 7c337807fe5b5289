/** The public names of `@nivis/testkit`. */
export { generateProgram, type ProgramOptions } from "./generate/programs.ts";
export { Random } from "./generate/random.ts";
export { testSeed } from "./generate/seed.ts";
export { shrink, smaller } from "./generate/shrink.ts";
export { printTerm, shuffleBindings, type Term, termSize } from "./generate/term.ts";
export type { GoldenKind, GoldenOptions, GoldenRun } from "./golden.ts";
export { GOLDEN_KINDS, goldenRuns, readExpected } from "./golden.ts";
export type { Invocation, Outcome, Runner } from "./invocation.ts";
export { testEnvironment, withoutFolder } from "./invocation.ts";
export { builtCommand, nivisRunners, tierRunners } from "./nivis-runner.ts";
export { mapConcurrently } from "./pool.ts";
export type { ProcessLimits } from "./process-runner.ts";
export { processRunner, runProcess } from "./process-runner.ts";
export type { Reference } from "./reference.ts";
export { findProgram, findReference } from "./reference.ts";
export { LINEAR, scalingFailure } from "./scaling.ts";
