/**
 * FunctionTrace: what C++ Nix logs for `--trace-function-calls`, a line when a call begins and one when
 * it ends, each with the position of the call and the time. Source: function-trace.cc of 2.36.
 */
import { describePosition } from "../errors/position-text.ts";
import type { PositionTable } from "../position.ts";
import type { CallListener, TrackedCall } from "./call-tracker.ts";

/** The settings of a {@link FunctionTrace}. */
export interface FunctionTraceOptions {
  /** Returns the time in nanoseconds since 1970. */
  readonly nanoseconds: () => bigint;
  /** Receives a line without its newline; bytes. */
  readonly write: (line: string) => void;
}

/** Logs each call. */
export class FunctionTrace implements CallListener {
  /** Resolves the positions of calls; set once there is an evaluation. */
  positions: PositionTable | undefined;
  readonly #options: FunctionTraceOptions;

  constructor(options: FunctionTraceOptions) {
    this.#options = options;
  }

  enter(call: TrackedCall): void {
    this.#log("entered", call);
  }

  leave(call: TrackedCall): void {
    this.#log("exited", call);
  }

  #log(event: string, { pos }: TrackedCall): void {
    const place = describePosition(this.positions as PositionTable, pos);
    const time = this.#options.nanoseconds();
    this.#options.write(`function-trace ${event} ${place} at ${time}`);
  }
}
