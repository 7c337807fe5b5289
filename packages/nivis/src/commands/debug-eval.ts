/**
 * `nivis eval --debugger`: as `nivis eval`, but errors and `builtins.break` stop the evaluation for the user
 * to look around. In the bundle of the REPL, and asynchronous throughout: only such evaluations stop.
 */
import {
  CallRequest,
  copyMounts,
  mountedPathsIn,
  type Slot,
  select,
  type Value,
} from "@nivis/eval";
import { type Bytes, marked } from "@nivis/formats";
import { withDebuggedOutput } from "../flakes/repl-flake.ts";
import { FLAKE_OPTIONS } from "../options/flake-options.ts";
import { emptyLockChoices, type LockingFlags } from "../options/lock-options.ts";
import { usageError } from "../options/option.ts";
import { selectionOf, valueToPrint } from "../options/source-options.ts";
import { runWaitingProgram, type WaitingProgram } from "../program.ts";
import { withDebugger } from "../repl/debugged-work.ts";
import { openSession, type Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { writeValue } from "../written-value.ts";
import { type EvalFlags, evalCommand, resultText } from "./eval.ts";
import { namesFlakes } from "./flake-detection.ts";

type DebugFlags = EvalFlags & LockingFlags;

/** Runs the command and returns the exit code. */
export async function startDebuggedEval(
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const isFlake = namesFlakes(args, evalCommand.options);
  return runWaitingProgram(debuggedEval(isFlake), args, terminal);
}

const debuggedEval = (isFlake: boolean): WaitingProgram<DebugFlags> => ({
  ...evalCommand,
  options: [...evalCommand.options, ...(isFlake ? FLAKE_OPTIONS : [])],
  defaults: (invocation) => {
    if (isFlake) invocation.requireFlakes();
    return { ...evalCommand.defaults(invocation), locking: emptyLockChoices() };
  },
  run: (flags, invocation) =>
    withDebugger(invocation, flags.breaks, async (debugged) => {
      const write = (text: Bytes): void => invocation.terminal.writeOut(text);
      if (isFlake) {
        const [argument = ".", ...more] = [...flags.attrPaths, ...flags.positionals];
        if (more.length > 0) throw usageError(marked`unexpected argument '${more[0]}'`);
        await withDebuggedOutput(flags, argument, debugged, (session, slot) =>
          print(flags, session, slot, write),
        );
        return 0;
      }
      const session = openSession(flags, { ...debugged.options, readOnly: flags.readOnly });
      debugged.begin(session);
      for (const slot of await slotsOf(flags, session)) await print(flags, session, slot, write);
      return 0;
    }),
});

/** The slots that the command line names. */
async function slotsOf(flags: EvalFlags, session: Session): Promise<Slot[]> {
  const { evaluation } = session;
  const args = session.autoArguments();
  const { source, attrPaths } = selectionOf(flags, session, "nivis eval");
  const root: Value = await session.runDebugged(session.program(source));
  const slots: Slot[] = [];
  for (const path of attrPaths) {
    slots.push(await session.runDebugged(select(evaluation.context, path, args, root)));
  }
  return slots;
}

/** Evaluates a slot and prints it as the options say. */
async function print(
  flags: EvalFlags,
  session: Session,
  slot: Slot,
  write: (text: Bytes) => void,
): Promise<void> {
  const { evaluation } = session;
  const { context } = evaluation;
  let value: Value = await session.runDebugged(valueToPrint(session, slot));
  if (flags.apply !== undefined) {
    const { text, ...options } = session.expression(flags.apply);
    const callee = evaluation.loadText(text, options);
    value = await session.runDebugged(
      (function* () {
        return (yield new CallRequest(callee, [value])) as Value;
      })(),
    );
  }
  if (flags.writeTo !== undefined) writeValue(value, session.absolutePath(flags.writeTo), session);
  else write(await session.runDebugged(resultText(flags, context, value)));
  copyMounts(context, mountedPathsIn(context, value));
}
