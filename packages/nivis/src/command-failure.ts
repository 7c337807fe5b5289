/** An error that a command ends with, with an exit code that tells programs what went wrong. */
import { EvalError } from "@nivis/eval";
import type { MarkedText } from "@nivis/formats";

/** See the head of this file. */
export class CommandFailure extends EvalError {
  override exitCode: number;

  constructor(kind: EvalError["kind"], text: MarkedText, exitCode: number) {
    super(kind, text);
    this.exitCode = exitCode;
  }
}
