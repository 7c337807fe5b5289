/**
 * StepResult: what one step of native code, one call or one instruction leaves for its driver.
 *
 * `stepNative` and `callValue` (`calls.ts`) and `stackOp` (`stack-ops.ts`) return a number and write
 * everything else here. Their drivers, the dispatch loop (`run.ts`) and translated code
 * (`tier/runtime.ts`), own one StepResult each, read the field that the return value names, and clear it.
 */
import type { EvalContext } from "../context.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import type { Thunk } from "../value/thunk.ts";
import type { Builtin } from "../value/value.ts";
import { type NativeFrame, PLAIN_MARK } from "./frame.ts";
import type { RunObserver } from "./observer.ts";
import type { CallRequest } from "./requests.ts";

/** The outputs of a step, and what every step reads. One object is used again for all steps of its driver. */
export class StepResult {
  /** Output of `stepNative`: the thunk to force. */
  thunk: Thunk | null = null;
  /** The position that errors about forcing `thunk` get; `CALL_SITE` for that of the instruction. */
  askedPos: PosIdx = NO_POS;
  /** Output of `stepNative`: the call to make. */
  request: CallRequest | null = null;
  /** Output of all three: native code whose frame is to be pushed, and the mark of that frame. */
  entering: NativeFrame | null = null;
  enteringMark: Thunk | null | undefined = PLAIN_MARK;
  /** Output of `stepNative`: the result of the native code. */
  result: unknown = undefined;
  /** Output of `callValue`: how many arguments the call took. */
  consumed = 1;
  /** When a step throws: the builtin that threw, if it ran without a frame of its own. */
  running: Builtin | null = null;
  /** When `stepNative` throws a `Pending`: whether the native code yielded it, and gets its value. */
  yielded = false;

  constructor(
    readonly ctx: EvalContext,
    readonly observer: RunObserver | undefined,
  ) {}

  /** Forgets the outputs of the last step, however it ended. */
  clear(): void {
    this.thunk = null;
    this.request = null;
    this.entering = null;
    this.result = undefined;
    this.running = null;
    this.yielded = false;
  }
}
