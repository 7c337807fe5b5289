/**
 * The profilers of C++ Nix, which observe every call: `eval-profiler` and `trace-function-calls`.
 * Loaded on demand.
 */

import {
  type CallListener,
  CallTracker,
  EvalError,
  type Evaluation,
  FlameGraph,
  FunctionTrace,
  type RunObserver,
} from "@nivis/eval";
import { marked, uncolored } from "@nivis/formats";
import { errnoMessage, type GatheredSettings } from "@nivis/node";
import type { Invocation } from "../invocation.ts";

/** The profilers of one evaluation. */
export interface CallProfilers {
  readonly observer: RunObserver;
  /** Sets the evaluation that is observed. */
  watch(evaluation: Evaluation): void;
  /** Writes what is left. */
  finish(): void;
}

/** Nanoseconds of a millisecond. */
const NANOSECONDS = 1_000_000n;

/** Starts the profilers that the settings ask for. Throws an {@link EvalError} if the file cannot be written. */
export function startCallProfilers(
  invocation: Invocation,
  settings: GatheredSettings,
): CallProfilers {
  invocation.inputs?.giveUp("calls are profiled");
  const listeners: (CallListener & Pick<FlameGraph, "positions">)[] = [];
  let finish = (): void => {};
  if (settings.traceFunctionCalls) {
    const { hrtime } = process;
    // Nix: the time since 1970 with the resolution of a monotonic clock.
    const offset = BigInt(Date.now()) * NANOSECONDS - hrtime.bigint();
    listeners.push(
      new FunctionTrace({
        nanoseconds: () => hrtime.bigint() + offset,
        write: (line) => invocation.inform(line),
      }),
    );
  }
  if (settings.evalProfiler === "flamegraph") {
    const file = new ProfileFile(settings.evalProfileFile);
    const graph = new FlameGraph({
      frequency: settings.evalProfilerFrequency,
      milliseconds: () => performance.now(),
      write: (lines) => file.write(lines),
    });
    listeners.push(graph);
    finish = () => {
      graph.flush();
      file.close();
    };
  }
  return {
    observer: new CallTracker(listeners),
    watch: ({ positions }) => {
      for (const listener of listeners) listener.positions = positions;
    },
    finish,
  };
}

/** The file of a profile, which is emptied first. */
class ProfileFile {
  readonly #fs = process.getBuiltinModule("node:fs");
  readonly #path: string;
  readonly #descriptor: number;

  /** @param path Its path; bytes. */
  constructor(path: string) {
    this.#path = path;
    this.#descriptor = this.#attempt("opening", () =>
      this.#fs.openSync(Buffer.from(path, "latin1"), "w", 0o660),
    );
  }

  write(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.#attempt("writing to", () => {
      for (let done = 0; done < bytes.length; ) {
        done += this.#fs.writeSync(this.#descriptor, bytes, done);
      }
    });
  }

  close(): void {
    this.#fs.closeSync(this.#descriptor);
  }

  #attempt<Result>(what: string, action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      throw new EvalError(
        "io",
        marked`${uncolored(what)} file "${this.#path}": ${errnoMessage(code)}`,
      );
    }
  }
}
