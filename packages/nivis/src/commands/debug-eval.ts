/**
 * `nivis eval --debugger`: as `nivis eval`, but errors and `builtins.break` stop the evaluation for the user
 * to look around. In the bundle of the REPL, and asynchronous throughout: only such evaluations stop.
 */
import {
  autoCall,
  CallRequest,
  copyMounts,
  mountedPathsIn,
  type Slot,
  select,
  type Value,
} from "@nivis/eval";
import { type Bytes, encodeUtf8, marked } from "@nivis/formats";
import { loadOutput } from "../flakes/repl-flake.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import { selectionOf } from "../options/source-options.ts";
import { runWaitingProgram, type WaitingProgram } from "../program.ts";
import { breakpointPlace } from "../repl/breakpoint-place.ts";
import { DebugConversation } from "../repl/debug-conversation.ts";
import { DebuggerExit } from "../repl/debug-stop.ts";
import type { LineReader } from "../repl/lines.ts";
import { openLines } from "../repl/open-lines.ts";
import { openSession, type Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { writeValue } from "../written-value.ts";
import { type EvalFlags, evalCommand, resultText } from "./eval.ts";
import { namesFlakes } from "./flake-detection.ts";

interface DebugFlags extends EvalFlags {
  /** The places of breakpoints; bytes. */
  readonly breaks: Bytes[];
}

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
  options: [
    ...evalCommand.options,
    valueFlag<DebugFlags>(
      ["--break"],
      "PLACE",
      "Stop at FILE:LINE or FILE:LINE:COLUMN, or when the function of that name is called. May be repeated",
      (flags, place) => flags.breaks.push(encodeUtf8(place)),
    ),
    ...(isFlake ? [flag<DebugFlags>(["--pure-eval"], "Allow no impurities", () => {})] : []),
  ],
  defaults: (invocation) => {
    if (isFlake) invocation.requireFlakes();
    return { ...evalCommand.defaults(invocation), breaks: [] };
  },
  run: async (flags, invocation) => {
    const { terminal } = invocation;
    const input = terminal.openInput?.();
    if (input === undefined) throw usageError("standard input cannot be read here");
    const conversation = new DebugConversation(invocation);
    const session = openSession(flags, {
      readOnly: flags.readOnly,
      debugger: conversation.debug.hooks,
      isInterrupted: conversation.interrupts.isRaised,
    });
    let lines: Promise<LineReader> | undefined;
    conversation.begin(session, (repl) => {
      lines ??= openLines(input, terminal, repl, { keys: undefined, previews: false });
      return lines;
    });
    for (const place of flags.breaks) {
      conversation.debug.breakpoints.add(breakpointPlace(session, conversation.debug, place));
    }
    conversation.debug.breakpointsChanged();
    try {
      for (const slot of await slotsOf(flags, session, isFlake)) {
        await print(flags, session, slot, (text) => terminal.writeOut(text));
      }
    } catch (error) {
      if (!(error instanceof DebuggerExit)) throw error;
    } finally {
      if (lines === undefined) input.close();
      else (await lines).close();
    }
    return 0;
  },
});

/** The slots that the command line names. */
async function slotsOf(flags: EvalFlags, session: Session, isFlake: boolean): Promise<Slot[]> {
  const { evaluation } = session;
  const { context } = evaluation;
  if (isFlake) {
    const [text = ".", ...more] = [...flags.attrPaths, ...flags.positionals];
    if (more.length > 0) throw usageError(marked`unexpected argument '${more[0]}'`);
    const system = context.builtins.get("currentSystem") as Bytes | undefined;
    const prefixes = system === undefined ? [] : ["packages", "legacyPackages"];
    const paths = prefixes.map((name) => `${name}.${system}.`);
    return [(await loadOutput(text, session, flags.invocation, paths)).slot];
  }
  const args = session.autoArguments();
  const { source, attrPaths } = selectionOf(flags, session, "nivis eval");
  const root: Value = await evaluation.runAsync(session.program(source));
  const slots: Slot[] = [];
  for (const path of attrPaths) {
    slots.push(await evaluation.runAsync(select(context, path, args, root)));
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
  const args = session.autoArguments();
  let value: Value = await evaluation.forceAsync(slot);
  if (args.size() > 0) value = await evaluation.runAsync(autoCall(context, args, value));
  if (flags.apply !== undefined) {
    const { text, ...options } = session.expression(flags.apply);
    const callee = evaluation.loadText(text, options);
    value = await evaluation.runAsync(
      (function* () {
        return (yield new CallRequest(callee, [value])) as Value;
      })(),
    );
  }
  if (flags.writeTo !== undefined) writeValue(value, session.absolutePath(flags.writeTo), session);
  else write(await evaluation.runAsync(resultText(flags, context, value)));
  copyMounts(context, mountedPathsIn(context, value));
}
