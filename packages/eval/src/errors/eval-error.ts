/**
 * Errors: an `EvalError` is caused by the evaluated program, an `InternalError` is a bug of Nivis.
 *
 * An EvalError collects traces, innermost first, as the VM unwinds frame after frame;
 * `errors/render.ts` prints it. It is a real `Error` to callers but is created without capturing a
 * JavaScript stack: Nix code throws often (`tryEval`), and that stack would only show the VM.
 */
import { type Bytes, type MarkedText, plainText } from "@nivis/formats";
import { CALL_SITE, NO_POS, type PosIdx } from "../position.ts";
import { ERROR_KINDS, type ErrorKind } from "./kinds.ts";

/** An entry of a trace: one `… while evaluating …` line. */
export class Trace {
  constructor(
    /** Its position, {@link NO_POS} if it is unknown, or {@link NO_TRACE_POS}. */
    public pos: PosIdx,
    /** The text after the `…`. */
    readonly text: MarkedText,
    /** Whether it is printed even without `--show-trace`, as `addErrorContext` requests. */
    readonly always = false,
  ) {}

  /** The words of the text. */
  get message(): Bytes {
    return plainText(this.text);
  }
}

/** A function whose translated code an error passed through. */
export interface LeftFunction {
  readonly pos: PosIdx;
  /** Its name in traces. */
  readonly title: string;
  /** Whether its arguments were bound already. */
  readonly inBody: boolean;
}

/**
 * The maximum number of traces of an error; beyond it, half of them are removed from the middle.
 */
const MAX_TRACES = 200_000;

/** An error of the evaluated program. All texts are byte strings. */
export class EvalError {
  readonly name = "EvalError";
  /** The traces, innermost first. */
  readonly traces: Trace[] = [];
  /** The number of traces without a {@link CALL_SITE}, which unwinding need not visit again. */
  private resolved = 0;
  /** Names for *Did you mean …?*, best first. */
  suggestions: readonly Bytes[] = [];
  /** The position being evaluated, if `pos` is unknown as in C++ Nix; shown to people only. */
  nearPos: PosIdx = NO_POS;
  /** The positions of the cycle of an infinite recursion, innermost first. */
  cycle: readonly PosIdx[] = [];
  /**
   * The function whose frame the error left last, until its caller has added the trace of the call.
   */
  leaving: LeftFunction | null = null;
  /**
   * Whether C++ Nix gives it a position and does not know which, where others have none. Both look
   * alike to people; `--log-format internal-json` tells them apart.
   */
  hasUnknownPos = false;
  /** The exit code of a command that ends with it, where C++ Nix has another than 1. */
  exitCode: number | undefined;
  /** Whether a thunk had failed with it before and was forced again. */
  isRepeated = false;
  constructor(
    readonly kind: ErrorKind,
    /** The message with marks for its colours. */
    readonly text: MarkedText,
    /** The position; {@link CALL_SITE} until the VM knows who called the builtin. */
    public pos: PosIdx = NO_POS,
  ) {}

  /** The message as C++ Nix words it, without `error: `. */
  get message(): Bytes {
    return plainText(this.text);
  }

  /** Whether `tryEval` catches it. */
  get catchable(): boolean {
    return ERROR_KINDS[this.kind].catchable;
  }

  /** Adds a trace outside of the existing ones; returns the error. */
  addTrace(pos: PosIdx, text: MarkedText, always = false): this {
    this.traces.push(new Trace(pos, text, always));
    // A stack overflow unwinds millions of frames; the middle of such a trace is of no use.
    if (this.traces.length > MAX_TRACES) {
      this.traces.splice(MAX_TRACES / 4, MAX_TRACES / 2);
      this.resolved = Math.min(this.resolved, MAX_TRACES / 4);
    }
    return this;
  }

  /** Adds suggestions; returns the error. */
  suggest(names: readonly Bytes[]): this {
    this.suggestions = names;
    return this;
  }

  /** Sets {@link hasUnknownPos}; returns the error. */
  atUnknownPos(): this {
    this.hasUnknownPos = true;
    return this;
  }

  /** Replaces {@link CALL_SITE} in the position and all traces. */
  resolveCallSite(pos: PosIdx): void {
    if (this.pos === CALL_SITE) {
      this.pos = pos;
      this.hasUnknownPos = true;
    }
    for (; this.resolved < this.traces.length; this.resolved++) {
      const trace = this.traces[this.resolved] as Trace;
      if (trace.pos === CALL_SITE) trace.pos = pos;
    }
  }
}
// It is an Error to JavaScript, but constructing it must not capture a stack.
Object.setPrototypeOf(EvalError.prototype, Error.prototype);

/** A bug of Nivis, never the user's fault; `tryEval` does not catch it. */
export class InternalError extends Error {
  override readonly name = "InternalError";
  constructor(message: string) {
    super(`${message}; this is a bug in Nivis`);
  }
}

/** Marks code that is unreachable if the types are correct. */
export function unreachable(value: never): never {
  throw new InternalError(`unexpected ${String(value)}`);
}
