/**
 * The work of `nivis jobs`: one sweep, by local workers or by a queue, with its lines, its progress, its
 * journal and its aggregates.
 */

import { EvalError } from "@nivis/eval";
import { joinAttrPath, Sweep } from "@nivis/jobs";
import { CommandFailure } from "../command-failure.ts";
import type { Invocation } from "../invocation.ts";
import { VERSION } from "../version.ts";
import { printAggregates } from "./aggregates.ts";
import { checkJobFlags, type JobFlags, MIN_WORKER_SIZE } from "./job-options.ts";
import { Journal } from "./journal.ts";
import { LocalWorkers, RootFailure } from "./local-workers.ts";
import { queueWorkforce, withoutOptions } from "./queued-sweep.ts";
import { scriptPath } from "./script-path.ts";
import { openSweepMemory, type SweepMemory } from "./sweep-memory.ts";
import { progressLine } from "./sweep-progress.ts";

/** The exit code of a command that the user stopped: 128 and the number of SIGINT. */
const INTERRUPTED = 130;
/** The time between two progress lines, in milliseconds. */
const PROGRESS_INTERVAL = 200;

/** Options that say how a sweep is done, and not what it finds out. */
const WAYS = ["--resume", "--workers", "--max-memory-size", "--max-time", "--queue", "--tree"];

/** Whoever evaluates: it takes paths from the sweep and delivers replies until nothing is left. */
export interface Workforce {
  /** Evaluates until nothing is left. Throws a {@link RootFailure} if the root fails. */
  run(): Promise<void>;
  /** Stops at once; `run` then returns. */
  cancel(): void;
  /** Returns what the replies depend on; see `sweep-memory.ts`. */
  finish?(): Promise<readonly string[]>;
  /** Starts what may save the next sweep time. */
  keepImage?(): Promise<void>;
  /** The bytes that the workers take, if they are on this machine. */
  readonly resident?: number;
}

/** Runs the sweep and returns the exit code. `args` is the command line. */
export async function runJobs(flags: JobFlags, args: readonly string[]): Promise<number> {
  checkJobFlags(flags);
  return new JobRun(flags, args).run();
}

class JobRun {
  readonly #flags: JobFlags;
  readonly #invocation: Invocation;
  readonly #args: readonly string[];
  readonly #journal: Journal | undefined;
  readonly #sweep: Sweep;
  readonly #started = performance.now();
  readonly #memory: SweepMemory | undefined;
  #wasInterrupted = false;

  constructor(flags: JobFlags, args: readonly string[]) {
    this.#flags = flags;
    this.#invocation = flags.invocation;
    this.#args = args;
    this.#memory = flags.remember ? openSweepMemory(flags, args) : undefined;
    const { journal } = flags;
    this.#journal =
      journal === undefined ? undefined : Journal.open(journal, commandOf(flags, args));
    const known = new Set(this.#journal?.lines.map(({ key }) => key));
    this.#sweep = new Sweep({
      emit: (line) => this.#write(line),
      keepJobs: flags.constituents,
      known,
      isOrdered: flags.queue !== undefined,
    });
  }

  async run(): Promise<number> {
    const { terminal } = this.#invocation;
    this.#repeatKnownLines();
    const workforce = this.#workforce();
    const stopListening = terminal.onInterrupt?.(() => {
      this.#wasInterrupted = true;
      workforce.cancel();
    });
    const timer =
      terminal.showProgress === undefined
        ? undefined
        : setInterval(() => this.#showProgress(workforce), PROGRESS_INTERVAL);
    try {
      await workforce.run();
      if (!this.#wasInterrupted) {
        const parts = (await workforce.finish?.()) ?? [];
        this.#memory?.save(parts);
        await workforce.keepImage?.();
      }
    } catch (error) {
      if (!(error instanceof RootFailure)) throw error;
      if (error.isUsage) throw usageError(error);
      this.#show([error.shown]);
      return 1;
    } finally {
      workforce.cancel();
      clearInterval(timer);
      terminal.showProgress?.("");
      stopListening?.();
      this.#journal?.close();
    }
    if (this.#wasInterrupted) throw this.#interruption();
    if (this.#flags.constituents) printAggregates(this.#sweep, this.#flags);
    return this.#reportIncomplete();
  }

  #workforce(): Workforce {
    if (this.#flags.queue !== undefined) {
      return queueWorkforce(this.#sweep, this.#flags, this.#args, (lines) => this.#show(lines));
    }
    const { terminal } = this.#invocation;
    const { count, size } = this.#budget();
    const readsInput = [...this.#flags.autoArguments.values()].some(({ kind }) => kind === "stdin");
    return new LocalWorkers(this.#sweep, {
      args: this.#args,
      input: readsInput ? terminal.readInput() : "",
      color: terminal.color,
      remembers: () => this.#memory?.remembering(this.#sweep.schedule.unfinished) ?? "no",
      recall: (path) => this.#memory?.recall(path),
      processScript: scriptPath("./job-worker.cjs"),
      threadScript: scriptPath("./launch.cjs"),
      count,
      maxMemorySize: size,
      maxTime: this.#flags.maxTime,
      show: (lines) => this.#show(lines),
    });
  }

  /** The number of workers, and what each may take in MiB. */
  #budget(): { readonly count: number; readonly size: number } {
    const { workers, maxMemorySize } = this.#flags;
    if (maxMemorySize >= MIN_WORKER_SIZE) return { count: workers, size: maxMemorySize };
    this.#invocation.warn(
      `a worker needs ${MIN_WORKER_SIZE} MiB; '--max-memory-size ${maxMemorySize}' is raised to that`,
    );
    return { count: workers, size: MIN_WORKER_SIZE };
  }

  #repeatKnownLines(): void {
    for (const { line, name, job } of this.#journal?.lines ?? []) {
      if (this.#flags.constituents) this.#sweep.jobs.set(name, job);
      this.#invocation.terminal.writeOut(`${line}\n`);
    }
  }

  #write(line: string): void {
    const { terminal } = this.#invocation;
    if (terminal.isOutTerminal === true) terminal.showProgress?.("");
    terminal.writeOut(`${line}\n`);
    this.#journal?.add(line);
  }

  #show(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const { terminal } = this.#invocation;
    terminal.showProgress?.("");
    for (const line of lines) terminal.writeLine(line);
  }

  #showProgress(workforce: Workforce): void {
    const { schedule, errors } = this.#sweep;
    this.#invocation.terminal.showProgress?.(
      progressLine({
        finished: schedule.finished,
        open: schedule.open,
        errors,
        elapsed: (performance.now() - this.#started) / 1000,
        resident: workforce.resident,
      }),
    );
  }

  #interruption(): unknown {
    const { finished, open } = this.#sweep.schedule;
    const message = `interrupted by the user after ${finished} of ${finished + open} attributes`;
    const hint =
      this.#flags.journal === undefined ? "" : "; the same command continues from its journal";
    return new CommandFailure("interrupted", message + hint, INTERRUPTED);
  }

  /** Says which attributes failed for reasons that are not theirs; returns the exit code. */
  #reportIncomplete(): number {
    for (const path of this.#sweep.incomplete) {
      this.#invocation.note(
        `error: while reading result for attrPath '${joinAttrPath(path)}', memory, time, steps or depth were exceeded (possible infinite recursion)`,
      );
    }
    return this.#sweep.incomplete.length > 0 ? 1 : 0;
  }
}

/** What is wrong with the command line, as the error of this command. */
function usageError({ message }: RootFailure): EvalError {
  return new EvalError("value", message.replace(/^error:\s*/, ""));
}

/** What distinguishes a command from others; see `journal.ts`. */
function commandOf(flags: JobFlags, args: readonly string[]): string {
  const { environment } = flags.invocation.terminal;
  const place = [flags.invocation.machine.currentDirectory(), environment["NIX_PATH"] ?? ""];
  return JSON.stringify([VERSION, ...place, ...withoutOptions(args, WAYS)]);
}
