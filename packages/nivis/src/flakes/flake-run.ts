/**
 * FlakeRun: one run of a command that evaluates flakes, whose result is remembered for the next one.
 *
 *     lock ──▶ recall ──▶ evaluate and print ──▶ finish
 *
 * Locking is done in every run. What comes after it is a function of the locked flakes, the settings, the
 * command line and what the recorder of inputs collects, so a later run of the same command with the same
 * lock prints what this one printed, failures included. docs/design/012-remembered-results.md gives the
 * reasons.
 */
import { hasChangedSince } from "@nivis/node";
import { recall } from "../results/recall.ts";
import { slotFor, takesResults } from "../results/result-slot.ts";
import { RunRecording } from "../results/run-recording.ts";
import type { Terminal } from "../terminal.ts";

/** How a command finds its result. */
export interface FlakeResults {
  /**
   * Prints the result of an earlier run that this key identifies, and returns its exit code; `undefined` if
   * there is none. What is printed from now on is the result of this run.
   */
  recall(key: readonly unknown[]): number | undefined;
  /** Evaluation looks at a path on disk that was hashed before; a byte string. */
  touched(path: string): void;
  /** The outputs that evaluation has found out are remembered by themselves. */
  learned(): void;
}

/** See the head of this file. */
class FlakeRun implements FlakeResults {
  readonly terminal: Terminal;
  readonly #recording = new RunRecording();
  readonly #begun = Date.now();
  readonly #touched = new Set<string>();
  readonly #given: Terminal;
  readonly #command: readonly string[];

  constructor(terminal: Terminal, command: readonly string[]) {
    const { inputs } = this.#recording;
    terminal.inputs?.giveUp("inputs of flakes may change");
    this.#given = terminal;
    this.#command = command;
    this.terminal = Object.create(this.#recording.observe(terminal), {
      environment: { value: inputs.observeEnvironment(terminal.environment) },
      flakeResults: { value: this },
    }) as Terminal;
  }

  recall(key: readonly unknown[]): number | undefined {
    const { build, color, outColor, isOutTerminal, isErrTerminal } = this.#given;
    const { environment, writeOut, writeLine } = this.#given;
    const streams = [color, outColor, isOutTerminal, isErrTerminal];
    const slot = slotFor([build, "flakes", this.#command, streams, ...key], environment);
    if (slot === undefined) return undefined;
    const known = recall(slot, {
      environment,
      // Pieces of standard error are whole lines.
      write: (stream, bytes) => (stream === 1 ? writeOut(bytes) : writeLine(bytes.slice(0, -1))),
    });
    if (known === undefined) this.#recording.begin(slot);
    else this.#recording.inputs.giveUp("the result was remembered");
    return known;
  }

  touched(path: string): void {
    this.#touched.add(path);
  }

  learned(): void {
    // The next run looks up what this one has evaluated, and prints less.
    if (this.#recording.hasMessages) {
      this.#recording.inputs.giveUp("messages were printed that do not come again");
    }
  }

  /** Keeps the result, which has this exit code, if it may be kept. */
  finish(exitCode: number): void {
    const { inputs } = this.#recording;
    if (inputs.unrepeatable !== undefined) return;
    // A file that was changed after it was hashed may have been read as it is now.
    if (!hasChangedSince(this.#touched, this.#begun)) this.#recording.finish(exitCode);
  }
}

/** Runs a command whose results may be remembered; returns its exit code. */
export async function runRemembering(
  terminal: Terminal,
  command: readonly string[],
  run: (terminal: Terminal) => Promise<number>,
): Promise<number> {
  const isPlain = terminal.keeper === undefined && terminal.build !== undefined;
  if (!isPlain || !takesResults(command)) return run(terminal);
  const own = new FlakeRun(terminal, command);
  const code = await run(own.terminal);
  own.finish(code);
  return code;
}
