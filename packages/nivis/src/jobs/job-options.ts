/**
 * The options of `nivis jobs`. They are those of nix-eval-jobs, whose `--expr` is a switch that says what
 * the argument is, and a few more. The command and each of its workers parse the same command line, so
 * that a worker evaluates exactly as the command would.
 */
import { encodeUtf8, marked } from "@nivis/formats";
import type { Invocation } from "../invocation.ts";
import { defaultFlags, type EvaluationFlags } from "../options/evaluation-options.ts";
import { emptyLockChoices, LOCK_OPTIONS, type LockingFlags } from "../options/lock-options.ts";
import { flag, type Option, usageError, valueFlag } from "../options/option.ts";

/** What the options gather. Texts are bytes. */
export interface JobFlags extends EvaluationFlags, LockingFlags {
  /** The file, or the expression. */
  source: string | undefined;
  isExpression: boolean;
  isFlake: boolean;
  forceRecurse: boolean;
  /** A directory as the user wrote it; empty for none. */
  gcRootsDirectory: string;
  meta: boolean;
  constituents: boolean;
  checkCacheStatus: boolean;
  showInputDrvs: boolean;
  noInstantiate: boolean;
  apply: string | undefined;
  select: string | undefined;
  workers: number;
  /** In MiB, for each worker; all of them share one budget. */
  maxMemorySize: number;
  /** The milliseconds that one attribute may take; `undefined` for any time. */
  maxTime: number | undefined;
  /** The file that remembers lines; see `journal.ts`. */
  journal: string | undefined;
  /** Whether what is found out is kept for the next sweep; see `sweep-memory.ts`. */
  remember: boolean;
  /** The URL of a Redis server; see `@nivis/queue`. */
  queue: string | undefined;
  /** The directory that workers on other machines must have, too. */
  tree: string | undefined;
}

/** Nix-eval-jobs takes as much for each worker. */
const DEFAULT_MEMORY_SIZE = 4096;

/** What a process takes besides the old generation of its heap, in MiB. Measured. */
export const PROCESS_OVERHEAD = 110;
/** The smallest heap with which something can be evaluated, in MiB. */
export const MIN_HEAP = 48;
/** The smallest budget for a worker, in MiB. */
export const MIN_WORKER_SIZE = PROCESS_OVERHEAD + MIN_HEAP;

/** The default of `max-call-depth` in C++ Nix, where endless recursion soon is an error. */
export const MAX_CALL_DEPTH = 10_000;

/** The state before the first option. */
export function defaultJobFlags(invocation: Invocation): JobFlags {
  return {
    ...defaultFlags(invocation),
    locking: emptyLockChoices(),
    source: undefined,
    isExpression: false,
    isFlake: false,
    forceRecurse: false,
    gcRootsDirectory: "",
    meta: false,
    constituents: false,
    checkCacheStatus: false,
    showInputDrvs: false,
    noInstantiate: false,
    apply: undefined,
    select: undefined,
    workers: 1,
    maxMemorySize: DEFAULT_MEMORY_SIZE,
    maxTime: undefined,
    journal: undefined,
    remember: false,
    queue: undefined,
    tree: undefined,
  };
}

/** Takes the one argument. */
export function takeSource(flags: JobFlags, argument: string): void {
  if (flags.source !== undefined)
    throw usageError(marked`unexpected argument '${encodeUtf8(argument)}'`);
  flags.source = encodeUtf8(argument);
}

/** Reads a whole number above zero. */
export function positiveNumber(name: string, text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  throw usageError(marked`'${name}' needs a whole number above zero, not '${encodeUtf8(text)}'`);
}

/** The options. */
export const JOB_OPTIONS: readonly Option<JobFlags>[] = [
  flag(["--expr", "-E"], "Take the argument as an expression and not as a file", (flags) => {
    flags.isExpression = true;
  }),
  flag(["--flake"], "Take the argument as a flake reference with attribute path", (flags) => {
    flags.isFlake = true;
  }),
  flag(["--force-recurse"], "Descend into all sets, not only those that ask for it", (flags) => {
    flags.forceRecurse = true;
  }),
  valueFlag(
    ["--select"],
    "FUNCTION",
    "Walk over the result of FUNCTION for the root instead of the root",
    (flags, text) => {
      flags.select = encodeUtf8(text);
    },
  ),
  valueFlag(
    ["--apply"],
    "FUNCTION",
    "Call FUNCTION with each derivation, and print its result, a set, as extraValue",
    (flags, text) => {
      flags.apply = encodeUtf8(text);
    },
  ),
  flag(["--meta"], "Print the attribute meta of each derivation", (flags) => {
    flags.meta = true;
  }),
  flag(["--show-input-drvs"], "Print the derivations that each derivation uses", (flags) => {
    flags.showInputDrvs = true;
  }),
  flag(
    ["--check-cache-status"],
    "Print whether each derivation is built, can be fetched, or would be built",
    (flags) => {
      flags.checkCacheStatus = true;
    },
  ),
  flag(["--constituents"], "Resolve the constituents of Hydra's aggregates", (flags) => {
    flags.constituents = true;
  }),
  flag(["--no-instantiate"], "Write no derivations to the store", (flags) => {
    flags.noInstantiate = true;
  }),
  valueFlag(
    ["--gc-roots-dir"],
    "DIRECTORY",
    "Keep each derivation from garbage collection by a link in DIRECTORY",
    (flags, path) => {
      flags.gcRootsDirectory = encodeUtf8(path);
    },
  ),
  valueFlag(["--workers"], "N", "Evaluate with N workers (1 unless given)", (flags, count) => {
    flags.workers = positiveNumber("--workers", count);
  }),
  valueFlag(
    ["--max-memory-size"],
    "MIB",
    "Let all workers together take no more than N * MIB mebibytes (4096 unless given)",
    (flags, size) => {
      flags.maxMemorySize = positiveNumber("--max-memory-size", size);
    },
  ),
  valueFlag(
    ["--max-time"],
    "MS",
    "Give up an attribute after MS milliseconds, and go on with the others",
    (flags, time) => {
      flags.maxTime = positiveNumber("--max-time", time);
    },
  ),
  valueFlag(
    ["--resume"],
    "JOURNAL",
    "Keep finished lines in the file JOURNAL, and begin with those that are in it, whatever has changed since; --remember compares files",
    (flags, path) => {
      flags.journal = encodeUtf8(path);
    },
  ),
  flag(
    ["--remember"],
    "Keep what is found out, and evaluate only what depends on a change since the last such run",
    (flags) => {
      flags.remember = true;
    },
  ),
  valueFlag(
    ["--queue"],
    "URL",
    "Let the workers of `nivis worker` at this Redis server evaluate, such as redis://HOST:6379",
    (flags, url) => {
      flags.queue = url;
    },
  ),
  valueFlag(
    ["--tree"],
    "DIRECTORY",
    "With --queue: the sources, which each machine must have with the same contents",
    (flags, path) => {
      flags.tree = encodeUtf8(path);
    },
  ),
  ...LOCK_OPTIONS.map((option) => ({ ...option, hidden: true })),
];

/** Throws a usage error for flags that exclude each other. */
export function checkJobFlags(flags: JobFlags): void {
  if (flags.isFlake && flags.queue !== undefined) {
    throw usageError(
      "'--flake' is not supported with '--queue' yet: give a file, or leave out '--queue'",
    );
  }
  if (flags.remember && flags.queue !== undefined) {
    throw usageError("'--remember' is for local workers; a queue has a memory of its own");
  }
  const needed = [
    flags.showInputDrvs ? "--show-input-drvs" : "",
    flags.checkCacheStatus ? "--check-cache-status" : "",
    flags.constituents ? "--constituents" : "",
  ].filter((name) => name !== "");
  if (flags.noInstantiate && needed.length > 0) {
    throw usageError(
      marked`--no-instantiate is incompatible with: ${needed.join(", ")}. These features require instantiated derivations.`,
    );
  }
  if (flags.source === undefined) throw usageError("no expression specified");
  if (flags.tree !== undefined && flags.queue === undefined) {
    throw usageError("'--tree' needs '--queue'");
  }
}
