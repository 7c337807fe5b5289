/**
 * RunningProgram: an evaluation that runs whether or not a client is there. A client that attaches gets its
 * debugger; when the client leaves, the evaluation continues as if nobody had looked.
 */
import { Interruption } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { Debugger, type DebuggerOptions } from "../engine.ts";
import type { DebuggedProgram } from "./host.ts";

/** See the head of this file. */
export class RunningProgram {
  readonly debug: Debugger;
  #listener: DebuggerOptions | undefined;
  #program: DebuggedProgram | undefined;
  #finished: Promise<Bytes> | undefined;
  readonly #interruption = new Interruption();

  constructor() {
    this.debug = new Debugger({
      onStop: (stop) => this.#listener?.onStop(stop) ?? Promise.resolve("continue"),
      onLog: (text, frame) => this.#listener?.onLog?.(text, frame),
      onBreakpointPlaced: (breakpoint) => this.#listener?.onBreakpointPlaced?.(breakpoint),
      onLoaded: (file) => this.#listener?.onLoaded?.(file),
    });
  }

  /** Runs a program that was opened with the hooks of {@link debug}; returns the text of its value. */
  start(program: DebuggedProgram): Promise<Bytes> {
    const { debug } = this;
    debug.attach(program.evaluation);
    debug.detach();
    this.#program = program;
    this.#finished = program.run(this.#interruption);
    return this.#finished;
  }

  /** The program as the session of a client runs it: by waiting for its end. */
  get program(): DebuggedProgram {
    const program = this.#program as DebuggedProgram;
    const finished = this.#finished as Promise<Bytes>;
    return { ...program, run: () => finished, close: () => {} };
  }

  /** Gives the debugger to a client. */
  connect(listener: DebuggerOptions): Debugger {
    this.#listener = listener;
    this.debug.filters.break = true;
    return this.debug;
  }

  /** The client has left. */
  disconnect(): void {
    this.#listener = undefined;
    this.debug.detach();
  }

  /** Ends the evaluation. */
  stop(): void {
    this.#interruption.raise();
  }
}
