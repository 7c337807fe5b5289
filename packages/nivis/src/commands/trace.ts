/**
 * `nivis trace`: evaluates like `nivis eval` and shows each step of the machine on standard error.
 */

import type { PositionTable } from "@nivis/eval";
import {
  describePosition,
  type Lambda,
  LambdaKind,
  NO_POS,
  printForError,
  type RunObserver,
  type Value,
} from "@nivis/eval";
import { usageError } from "../options/option.ts";
import type { Program } from "../program.ts";
import { openSession } from "../session.ts";
import { type EvalFlags, evalCommand, evaluateAndPrint } from "./eval.ts";

/** Frames deeper than this are not indented further. */
const MAX_INDENT = 40;
/** The arrows for entering and leaving, and the dot for a builtin, in UTF-8. */
const ENTER = "\xe2\x86\x92";
const LEAVE = "\xe2\x86\x90";
const BUILTIN = "\xc2\xb7";

/**
 * `nivis trace`: evaluates like `nivis eval` and shows each step of the machine on standard error.
 */
export const traceCommand: Program<EvalFlags> = {
  ...evalCommand,
  name: "nivis trace",
  summary: "evaluate an expression and show each step on standard error",
  description: [
    "Takes the arguments of `nivis eval`. Prints a line with the position for each thunk and function that is entered, and one for each builtin that is called and each value that is returned, indented by the depth of the stack.",
  ],
  examples: [
    { does: "Watch a sum", command: "nivis trace --expr 'let x = 1; in x + x'" },
    { does: "Keep the steps", command: "nivis trace ./default.nix 2> steps.txt" },
  ],
  run: (flags, invocation) => {
    if (flags.debugs || flags.breaks.length > 0) {
      throw usageError("'nivis trace' never stops; the debugger is that of nivis eval --debugger");
    }
    const observer = new StepPrinter((line) => invocation.terminal.writeLine(line));
    const session = openSession(flags, { readOnly: true, observer });
    observer.positions = session.evaluation.positions;
    evaluateAndPrint(flags, session, (bytes) => invocation.terminal.writeOut(bytes));
  },
};

/** Prints the events that the machine reports. */
class StepPrinter implements RunObserver {
  /** Set once the evaluation exists. */
  positions: PositionTable | undefined;
  #depth = 0;

  constructor(private readonly write: (line: string) => void) {}

  enterFrame(lambda: Lambda, depth: number): void {
    this.#depth = depth;
    // The outermost call has no position.
    const place =
      this.positions === undefined || lambda.pos === NO_POS
        ? ""
        : ` ${describePosition(this.positions, lambda.pos)}`;
    const kind = lambda.kind === LambdaKind.Thunk ? "thunk" : (lambda.name ?? "function");
    this.#line(depth, `${ENTER} ${kind}${place}`);
  }

  leaveFrame(_lambda: Lambda, value: Value, depth: number): void {
    this.#depth = depth;
    this.#line(depth, `${LEAVE} ${printForError(value, this.positions)}`);
  }

  callBuiltin(builtin: { readonly definition: { readonly name: string } }): void {
    this.#line(this.#depth + 1, `${BUILTIN} ${builtin.definition.name}`);
  }

  #line(depth: number, text: string): void {
    this.write("  ".repeat(Math.min(depth, MAX_INDENT)) + text);
  }
}
