/**
 * WatchedCommand: a command that runs again and again with one evaluation, as `nivis watch` does. Each run
 * prints what a run of its own would print: if the kept evaluation could not promise that, its output
 * is dropped, and the command runs with a new one.
 */
import {
  CALM,
  checkInputs,
  InputRecorder,
  InputWatcher,
  listChanges,
  type RecordedInputs,
} from "@nivis/node";
import { observedTerminal } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { EvaluationKeeper } from "./evaluation-keeper.ts";

/** The share of V8's heap beyond which an evaluation is not kept. */
const MAX_HEAP_SHARE = 0.5;

/** An editor that writes in several steps mostly needs less than this from one to the next, in milliseconds. */
const SHORT_CALM = 2;
/** A run that takes longer, in milliseconds, begins when an editor has surely done its work. */
const SHORT_RUN = 100;

/** What a run is about to print. */
interface HeldRun {
  readonly code: number;
  /** `undefined` if it is printed. */
  readonly output: readonly (() => void)[] | undefined;
}

/** What becomes of what a run prints. */
interface OutputRule {
  /** Called before something is printed. */
  readonly begin?: () => void;
  /** Takes what would be printed, or returns `false`. */
  readonly hold?: (write: () => void) => boolean;
}

/** What the next look compares with the machine. */
interface Snapshots {
  readonly open: RecordedInputs;
  /** With whole listings: the next run may ask for other names. */
  readonly whole: RecordedInputs;
}

/** A command that runs again and again with one evaluation, as long as that gives the same output. */
export class WatchedCommand {
  readonly #terminal: Terminal;
  readonly #start: (terminal: Terminal) => number;
  readonly #keeper: EvaluationKeeper;
  readonly #makeInputs: () => InputRecorder;
  #inputs: InputRecorder;
  /** Of the present inputs; `undefined` until they are needed. */
  #snapshots: Snapshots | undefined;
  #watcher: InputWatcher | undefined;
  /** How long the last run took, in milliseconds. */
  #duration = 0;

  constructor(
    terminal: Terminal,
    start: (terminal: Terminal) => number,
    makeInputs = (): InputRecorder => new InputRecorder(),
    onLimits?: () => void,
  ) {
    this.#keeper = new EvaluationKeeper(onLimits);
    this.#terminal = terminal;
    this.#start = start;
    this.#makeInputs = makeInputs;
    this.#inputs = makeInputs();
  }

  /** Whether the last run used the evaluation of an earlier one. */
  get isReused(): boolean {
    return this.#keeper.isReused;
  }

  /** Whether everything can be checked that the runs looked at. */
  get isRepeatable(): boolean {
    return this.#inputs.unrepeatable === undefined;
  }

  /** The places on disk of what the runs have written to stores. */
  get outputs(): Iterable<string> {
    return this.#inputs.stored;
  }

  /** Runs the command and returns its exit code. */
  run(): number {
    const { code, output = [] } = this.#evaluate();
    for (const write of output) write();
    return code;
  }

  /**
   * Waits until something has changed, runs the command again, and returns its exit code. Before the run prints,
   * `announce` is called with the name of what has changed.
   *
   * An editor writes in several steps. A short run does not wait for the last one: if something changes while it
   * evaluates, its output is dropped.
   */
  async runAgain(announce: (changed: string) => void): Promise<number> {
    this.#watcher ??= new InputWatcher();
    const watcher = this.#watcher;
    const { environment } = this.#terminal;
    let calm = this.#duration > SHORT_RUN ? CALM : SHORT_CALM;
    for (;;) {
      const changed = await watcher.change(this.#prepare().open, { environment, calm });
      this.look();
      const { reports } = watcher;
      const began = performance.now();
      let isAnnounced = false;
      const announceOnce = (): void => {
        if (!isAnnounced) announce(changed);
        isAnnounced = true;
      };
      const { code, output } = this.#evaluate(announceOnce);
      this.#duration = performance.now() - began;
      if (output !== undefined) {
        let rest: number;
        do rest = Math.max(0, began + CALM - performance.now());
        while ((await watcher.report(rest)) && rest > 0);
        if (watcher.reports !== reports && !this.#holds()) {
          calm = CALM;
          await watcher.rest(calm);
          continue;
        }
      }
      announceOnce();
      for (const write of output ?? []) write();
      return code;
    }
  }

  /** Whether everything is still as it was for the last run. */
  #holds(): boolean {
    const { environment } = this.#terminal;
    return checkInputs({ inputs: this.#prepare().open, environment }).holds;
  }

  /** What the next look compares; it can be made ready while nobody waits. */
  #prepare(): Snapshots {
    const inputs = this.#inputs;
    this.#snapshots ??= { open: inputs.snapshot(), whole: inputs.snapshot("whole") };
    return this.#snapshots;
  }

  /**
   * After a {@link look} that has found changes: evaluates what a run would evaluate, and prints nothing. What a
   * run writes to stores is written.
   */
  runAhead(): void {
    this.#snapshots = undefined;
    this.#start(this.#observed({ hold: () => true }));
  }

  /** Whether there is an evaluation that the next run may use. */
  get isKept(): boolean {
    return this.#keeper.isKept;
  }

  /** The inputs of the runs so far. */
  get inputs(): RecordedInputs {
    return this.#prepare().open;
  }

  /** Looks at the machine, for the next run; returns whether something has changed. */
  look(): boolean {
    const { environment } = this.#terminal;
    const inputs = this.#snapshots?.whole ?? this.#inputs.snapshot("whole");
    const paths = listChanges({ inputs, environment });
    this.#snapshots = undefined;
    if (paths === undefined || usesMuchMemory()) {
      this.#keeper.close();
      this.#inputs = this.#makeInputs();
    } else {
      this.#inputs.forget(paths);
      this.#keeper.revise(paths);
    }
    return paths === undefined || paths.length > 0;
  }

  /** Ends what the runs have in common. */
  close(): void {
    this.#keeper.close();
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Runs the command; with a kept evaluation, what it prints is held. Before others print, calls `begin`. */
  #evaluate(begin: () => void = () => {}): HeldRun {
    const keeper = this.#keeper;
    this.#snapshots = undefined;
    const output: (() => void)[] = [];
    const code = this.#start(
      this.#observed({
        begin,
        hold: (write) => {
          if (keeper.isReused) output.push(write);
          return keeper.isReused;
        },
      }),
    );
    if (!keeper.isReused) return { code, output: undefined };
    if (!keeper.mustRepeat) return { code, output };
    keeper.close();
    this.#inputs = this.#makeInputs();
    return { code: this.#start(this.#observed({ begin })), output: undefined };
  }

  /** The terminal of a run. */
  #observed({ begin = () => {}, hold = () => false }: OutputRule): Terminal {
    const terminal = this.#terminal;
    const keeper = this.#keeper;
    const put = (write: () => void): void => {
      if (hold(write)) return;
      begin();
      write();
    };
    return Object.create(observedTerminal(terminal, this.#inputs), {
      keeper: { value: keeper },
      writeOut: { value: (bytes: string) => put(() => terminal.writeOut(bytes)) },
      writeLine: { value: (bytes: string) => put(() => terminal.writeLine(bytes)) },
    }) as Terminal;
  }
}

/** Whether it is time to give back what a kept evaluation has collected. */
function usesMuchMemory(): boolean {
  const { used_heap_size, heap_size_limit } = process
    .getBuiltinModule("node:v8")
    .getHeapStatistics();
  return used_heap_size > MAX_HEAP_SHARE * heap_size_limit;
}
