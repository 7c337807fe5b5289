/**
 * Errors: `EvalError` is something that the evaluated program did, `InternalError` is a bug of Nivis.
 *
 * An EvalError gathers traces on its way out, innermost first, as the VM unwinds frame after frame;
 * `errors/render.ts` prints it. It is a real `Error` to callers but is made without capturing a
 * JavaScript stack: Nix code throws often (`tryEval`) and that stack would only show the VM.
 */
import { CALL_SITE, NO_POS, type PosIdx } from "../position.ts";
import { ERROR_KINDS, type ErrorKind } from "./kinds.ts";

/** One `… while evaluating …` line of a trace. */
export interface Trace {
  /** Where, or {@link NO_POS}. */
  pos: PosIdx;
  /** The text behind the `…`; bytes. */
  readonly message: string;
  /** Printed even without `--show-trace` (as `addErrorContext` asks). */
  readonly always: boolean;
}

/** A function whose translation an error went through. */
export interface LeftFunction {
  readonly pos: PosIdx;
  /** As traces call it. */
  readonly title: string;
  /** Whether its arguments were bound already. */
  readonly inBody: boolean;
}

/** Traces that an error keeps; beyond it, half of them go from the middle. */
const MAX_TRACES = 200_000;

/** An error of the evaluated program. All texts are byte strings. */
export class EvalError {
  readonly name = "EvalError";
  /** Traces, innermost first. */
  readonly traces: Trace[] = [];
  /** How many traces have no {@link CALL_SITE} any more: unwinding asks again at every frame. */
  private resolved = 0;
  /** Names for *Did you mean …?*, best first. */
  suggestions: readonly string[] = [];
  /** Whether the message ends in a text from elsewhere, which C++ Nix colours. */
  endsInArgument = false;
  /** The place that was evaluated, where `pos` says nothing as C++ Nix does; shown to people only. */
  nearPos: PosIdx = NO_POS;
  /** Of an infinite recursion, the places that it went round, the innermost first. */
  cycle: readonly PosIdx[] = [];
  /** The function whose frame the error left last, until its caller has added the trace of the call. */
  leaving: LeftFunction | null = null;
  constructor(
    readonly kind: ErrorKind,
    /** The message as C++ Nix words it, without `error: `. */
    readonly message: string,
    /** Where; {@link CALL_SITE} until the VM knows who called the builtin. */
    public pos: PosIdx = NO_POS,
  ) {}

  /** Whether `tryEval` sees it. */
  get catchable(): boolean {
    return ERROR_KINDS[this.kind].catchable;
  }

  /** Adds a trace outside those it has; returns the error. */
  addTrace(pos: PosIdx, message: string, always = false): this {
    this.traces.push({ pos, message, always });
    // A stack overflow unwinds millions of frames: the middle of such a trace says nothing.
    if (this.traces.length > MAX_TRACES) {
      this.traces.splice(MAX_TRACES / 4, MAX_TRACES / 2);
      this.resolved = Math.min(this.resolved, MAX_TRACES / 4);
    }
    return this;
  }

  /** Adds suggestions; returns the error. */
  suggest(names: readonly string[]): this {
    this.suggestions = names;
    return this;
  }

  /** Gives {@link CALL_SITE} its meaning in the position and all traces. */
  resolveCallSite(pos: PosIdx): void {
    if (this.pos === CALL_SITE) this.pos = pos;
    for (; this.resolved < this.traces.length; this.resolved++) {
      const trace = this.traces[this.resolved] as Trace;
      if (trace.pos === CALL_SITE) trace.pos = pos;
    }
  }
}
// To JavaScript it is an Error, but constructing it must not capture a stack.
Object.setPrototypeOf(EvalError.prototype, Error.prototype);

/** A bug of Nivis, never the user's fault; `tryEval` does not see it. */
export class InternalError extends Error {
  override readonly name = "InternalError";
  constructor(message: string) {
    super(`${message}; this is a bug in Nivis`);
  }
}

/** Marks code that cannot be reached if the types tell the truth. */
export function unreachable(value: never): never {
  throw new InternalError(`unexpected ${String(value)}`);
}
