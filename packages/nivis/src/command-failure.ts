/** An error that a command ends with, with an exit code that tells programs what went wrong. */
import { EvalError } from "@nivis/eval";

/** See the head of this file. */
export class CommandFailure extends EvalError {
  override exitCode: number;

  constructor(kind: EvalError["kind"], message: string, exitCode: number) {
    super(kind, message);
    this.exitCode = exitCode;
  }
}
