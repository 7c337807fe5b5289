/**
 * WatchedCommand: a command that runs again and again with one evaluation, as `nivis watch` does. Each run
 * prints what a run of its own would print: if the kept evaluation could not promise that, its output
 * is dropped, and the command runs with a new one.
 */
import { InputRecorder, listChanges, waitForChange } from "@nivis/node";
import { observedTerminal } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { EvaluationKeeper } from "./evaluation-keeper.ts";

/** The share of V8's heap beyond which an evaluation is not kept. */
const MAX_HEAP_SHARE = 0.5;

/** A command that runs again and again with one evaluation, as long as that gives the same output. */
export class WatchedCommand {
  readonly #terminal: Terminal;
  readonly #start: (terminal: Terminal) => number;
  readonly #keeper = new EvaluationKeeper();
  readonly #makeInputs: () => InputRecorder;
  #inputs: InputRecorder;

  constructor(
    terminal: Terminal,
    start: (terminal: Terminal) => number,
    makeInputs = (): InputRecorder => new InputRecorder(),
  ) {
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
    const keeper = this.#keeper;
    const output: (() => void)[] = [];
    const code = this.#start(this.#observed(output));
    if (!keeper.isReused) return code;
    if (!keeper.mustRepeat) {
      for (const write of output) write();
      return code;
    }
    this.close();
    this.#inputs = this.#makeInputs();
    return this.#start(this.#observed(undefined));
  }

  /** Waits until something has changed, and returns its name. */
  async change(): Promise<string | undefined> {
    const { environment } = this.#terminal;
    const changed = await waitForChange(this.#inputs.snapshot(), { environment });
    this.look();
    return changed;
  }

  /** Looks at the machine, for the next run. */
  look(): void {
    const { environment } = this.#terminal;
    // The next run may ask for other names.
    const paths = listChanges({ inputs: this.#inputs.snapshot("whole"), environment });
    if (paths === undefined || usesMuchMemory()) {
      this.close();
      this.#inputs = this.#makeInputs();
    } else {
      this.#inputs.forget(paths);
      this.#keeper.revise(paths);
    }
  }

  /** Ends what the runs have in common. */
  close(): void {
    this.#keeper.close();
  }

  /** The terminal of a run; what a run with a kept evaluation writes waits in `output`. */
  #observed(output: (() => void)[] | undefined): Terminal {
    const terminal = this.#terminal;
    const keeper = this.#keeper;
    const put = (write: () => void): void => {
      if (output !== undefined && keeper.isReused) output.push(write);
      else write();
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
