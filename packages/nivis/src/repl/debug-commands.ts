/**
 * The commands of the REPL that exist while the debugger has stopped an evaluation. `:bt`, `:st`, `:env`,
 * `:c` and `:s` do what they do in C++ Nix (libcmd/repl.cc); the others are ours.
 */

import {
  type Breakpoint,
  type DebugFrame,
  type Debugger,
  type NixFrame,
  namesIn,
  type Resume,
  renderEnvironment,
  renderFrameNumber,
  renderNixFrame,
  showSlot,
  whyNowhere,
} from "@nivis/debugger";
import { describePosition, EvalError, NO_POS, type PosIdx } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { marked } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import { openHeapConsole } from "../commands/explore.ts";
import { breakpointPlace } from "./breakpoint-place.ts";
import type { DebugStop } from "./debug-stop.ts";
import type { Repl } from "./repl.ts";
import type { ReplCommand } from "./repl-commands.ts";

/** Lines that `:list` shows before and behind the place. */
const LIST_CONTEXT = 5;
/** Frames that `:who` shows. */
const MAX_WHO = 40;

/** A command that lets the evaluation continue. */
function resuming(names: readonly string[], resume: Resume, doc: string): ReplCommand {
  return {
    names,
    doc,
    debugs: true,
    run: (repl) => {
      const stop = stopOf(repl);
      if (stop.event.frames.length === 0) throw new EvalError("value", "nothing has stopped");
      stop.resume = resume;
      return "quit";
    },
  };
}

/** A command that prints. */
function printing(
  names: readonly string[],
  argument: string | undefined,
  doc: string,
  print: (repl: Repl, stop: DebugStop, argument: Bytes) => Promise<void> | void,
): ReplCommand {
  return {
    names,
    ...(argument === undefined ? {} : { argument }),
    doc,
    debugs: true,
    run: async (repl, given) => {
      await print(repl, stopOf(repl), given);
      return undefined;
    },
  };
}

function stopOf({ stop }: Repl): DebugStop {
  if (stop === undefined) throw new EvalError("value", "nothing has stopped");
  return stop;
}

/** In the order of the help. */
export const DEBUG_COMMANDS: readonly ReplCommand[] = [
  printing([":bt", ":backtrace"], undefined, "Show all frames, innermost first", (repl, stop) => {
    stop.frames.forEach((frame, i) => {
      repl.print(frameText(repl, frame, i));
    });
  }),
  printing(
    [":st"],
    "[n]",
    "Show the chosen frame and its names; with a number: choose that frame first",
    (repl, stop, argument) => {
      const number = Number.parseInt(argument, 10);
      if (!Number.isNaN(number)) stop.index = number;
      showFrame(repl, stop);
    },
  ),
  printing([":up"], "[n]", "Choose the frame around the chosen one", (repl, stop, argument) =>
    move(repl, stop, countOf(argument, ":up")),
  ),
  printing([":down"], "[n]", "Choose the frame inside of the chosen one", (repl, stop, argument) =>
    move(repl, stop, -countOf(argument, ":down")),
  ),
  resuming([":c", ":continue"], "continue", "Continue until something stops again"),
  resuming([":s", ":step"], "nix-step", "Continue until the next frame"),
  resuming([":in"], "in", "Continue to the next expression on another line or in another frame"),
  resuming(
    [":next"],
    "over",
    "Continue to the next expression on another line of this frame, or to where its value is used",
  ),
  resuming([":out"], "out", "Continue until this frame has its value"),
  {
    names: [":force"],
    argument: "<expr>",
    needs: "an expression",
    takesExpression: true,
    debugs: true,
    doc: "Evaluate an expression, and stop inside of it",
    run: async (repl, argument) => {
      const { debug } = stopOf(repl);
      const thunk = repl.thunkOf(argument);
      const value = await debug.forceAndStop(thunk);
      repl.print(`${await repl.format(value, { maxDepth: 1 })}\n`);
      return undefined;
    },
  },
  printing(
    [":break"],
    "[<file>:<line>[:<column>] | <function>] [if <expr>]",
    "Stop at a place or whenever a function is called; without an argument: list the breakpoints",
    (repl, stop, argument) => {
      if (argument === "") listBreakpoints(repl, stop);
      else setBreakpoint(repl, stop, argument);
    },
  ),
  printing([":delete"], "<n>", "Remove a breakpoint", (_, stop, argument) => {
    if (argument === "") throw new EvalError("value", "':delete' needs the number of a breakpoint");
    if (!stop.debug.breakpoints.remove(Number.parseInt(argument, 10))) {
      throw new EvalError("value", marked`there is no breakpoint '${argument}'`);
    }
    stop.debug.breakpointsChanged();
  }),
  printing(
    [":watch"],
    "[<expr>]",
    "Show the value of an expression now and at each further stop; without an argument: show all",
    async (repl, stop, argument) => {
      if (argument !== "") {
        repl.parse(argument);
        stop.watches.push(argument);
      }
      await showWatches(repl, stop);
    },
  ),
  printing([":unwatch"], "<n>", "No longer show an expression", (_, stop, argument) => {
    if (argument === "") {
      throw new EvalError("value", "':unwatch' needs the number of a watched expression");
    }
    const index = Number.parseInt(argument, 10) - 1;
    if (stop.watches[index] === undefined) {
      throw new EvalError("value", marked`there is no watched expression '${argument}'`);
    }
    stop.watches.splice(index, 1);
  }),
  printing(
    [":list"],
    "[<lines>]",
    "Show the text around the chosen frame",
    (repl, stop, argument) => listSource(repl, stop, argument),
  ),
  printing(
    [":vars"],
    undefined,
    "Show the names in scope with their values, as far as they are evaluated",
    (repl, stop) => {
      const { positions } = repl.session.evaluation;
      for (const [name, slot] of namesIn(stop.environment)) {
        repl.print(`${printIdentifier(name)} = ${showSlot(slot, positions).text}\n`);
      }
    },
  ),
  printing(
    [":who"],
    undefined,
    "Show who asks for the value that is being computed, and where it is defined",
    (repl, stop) => showDemand(repl, stop),
  ),
  printing(
    [":heap"],
    "[<command>]",
    "Explore the objects and the code of the evaluation as `nivis explore` does; `:heap help` lists the commands",
    async (repl, stop, argument) => {
      stop.heap ??= await openHeapConsole(repl.session, stop.debug, stop.event, (text) =>
        repl.print(text),
      );
      await stop.heap.take(argument === "" ? "overview" : argument);
    },
  ),
];

/** `:env` of the debugger. */
export function showEnvironment(repl: Repl, stop: DebugStop): undefined {
  // Nix: nothing where the chosen frame does not exist.
  if (stop.event.frames.length === 0) return undefined;
  if (stop.frames.length > 0 && stop.frames[stop.index] === undefined) return undefined;
  const { evaluation } = repl.session;
  repl.print(
    renderEnvironment(stop.environment, evaluation.globalNames, colored(repl), stop.replNames),
  );
  return undefined;
}

/** Prints the watched expressions. */
export async function showWatches(repl: Repl, stop: DebugStop): Promise<void> {
  for (const [i, text] of stop.watches.entries()) {
    let shown: Bytes;
    try {
      shown = await repl.format(await repl.evaluate(text), { maxDepth: 1 });
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      shown = `\xc2\xaberror: ${error.message}\xc2\xbb`;
    }
    repl.print(`${i + 1}: ${text} = ${shown}\n`);
  }
}

/** The place of a frame with the lines around it, for stops that say where they are. */
export function placeText(repl: Repl, frame: DebugFrame | undefined): Bytes {
  const range = frame?.range;
  if (range === undefined) return "";
  const pos = (range.file.resolution.base + range.start) as PosIdx;
  return renderNixFrame(
    { isError: false, hint: `in ${frame?.name}`, pos, environment: undefined },
    repl.session.evaluation.positions,
    repl.invocation.terminal.color,
  );
}

function colored({ invocation }: Repl): boolean {
  return invocation.terminal.outColor === true;
}

function frameText(repl: Repl, frame: NixFrame, index: number): Bytes {
  const color = colored(repl);
  const { positions } = repl.session.evaluation;
  return renderFrameNumber(index, color) + renderNixFrame(frame, positions, color);
}

function showFrame(repl: Repl, stop: DebugStop): void {
  const frame = stop.frames[stop.index];
  if (frame === undefined) return;
  repl.print(`${frameText(repl, frame, stop.index)}\n`);
  showEnvironment(repl, stop);
  repl.setScope(stop.scope);
}

function move(repl: Repl, stop: DebugStop, by: number): void {
  const index = stop.index + by;
  if (stop.frames[index] === undefined) {
    throw new EvalError(
      "value",
      by > 0 ? "this is the outermost frame" : "this is the innermost frame",
    );
  }
  stop.index = index;
  repl.setScope(stop.scope);
  repl.print(frameText(repl, stop.frames[index] as NixFrame, index));
}

function countOf(argument: Bytes, name: string): number {
  if (argument === "") return 1;
  const number = Number(argument);
  if (!Number.isSafeInteger(number)) {
    throw new EvalError("value", marked`'${name}' takes a number, not '${argument}'`);
  }
  return number;
}

function setBreakpoint(repl: Repl, stop: DebugStop, argument: Bytes): void {
  const [, place = "", condition] = /^(.*?)(?:\s+if\s+(.*))?$/s.exec(argument) ?? [];
  if (condition !== undefined) checkSyntax(repl, condition);
  const { breakpoints } = stop.debug;
  const breakpoint = breakpoints.add(breakpointPlace(repl.session, stop.debug, place), {
    condition,
  });
  const { place: wanted } = breakpoint;
  const why =
    wanted.kind === "line" && !breakpoint.isVerified
      ? whyNowhere(stop.debug.map, wanted.path, wanted.line)
      : undefined;
  if (why !== undefined) {
    breakpoints.remove(breakpoint.id);
    throw new EvalError("value", marked`there can be no breakpoint at '${place}': ${why}`);
  }
  stop.debug.breakpointsChanged();
  repl.print(`${breakpointText(breakpoint, stop.debug)}\n`);
}

/** Throws if a text does not parse. The names in it are those of another place. */
function checkSyntax(repl: Repl, text: Bytes): void {
  try {
    repl.parse(text);
  } catch (error) {
    if (!(error instanceof EvalError && error.kind === "undefined-variable")) throw error;
  }
}

function listBreakpoints(repl: Repl, stop: DebugStop): void {
  const { all } = stop.debug.breakpoints;
  if (all.length === 0) repl.print("there are no breakpoints\n");
  for (const breakpoint of all) repl.print(`${breakpointText(breakpoint, stop.debug)}\n`);
}

function breakpointText(breakpoint: Breakpoint, { map }: Debugger): Bytes {
  const { id, place, places, options, hits, isBuiltin } = breakpoint;
  const condition = options.condition === undefined ? "" : ` if ${options.condition}`;
  const count = hits === 0 ? "" : `, reached ${hits === 1 ? "once" : `${hits} times`}`;
  const asked =
    place.kind === "line"
      ? `${place.path}:${place.line}${place.column === undefined ? "" : `:${place.column}`}`
      : place.kind === "function"
        ? place.name
        : "an instruction";
  const [first] = places;
  let where: Bytes;
  if (isBuiltin) where = ", a builtin";
  else if (first === undefined)
    where =
      place.kind === "line"
        ? `, ${whyNowhere(map, place.path, place.line) ?? "not loaded yet"}`
        : ", not found yet";
  else {
    const found = first.code.file.source.describe(first.expr.start);
    const more = places.length > 1 ? ` and ${places.length - 1} more` : "";
    where = found === asked && more === "" ? "" : `, at ${found}${more}`;
  }
  return `breakpoint ${id}: ${asked}${where}${condition}${count}`;
}

function listSource(repl: Repl, stop: DebugStop, argument: Bytes): void {
  const context = argument === "" ? LIST_CONTEXT : countOf(argument, ":list");
  const { positions } = repl.session.evaluation;
  const place = positions.resolve(placeOfFrame(stop));
  if (place === undefined) throw new EvalError("value", "this frame has no place in a text");
  const { source, offset } = place;
  const { line, column } = source.lineColumn(offset);
  repl.print(`${source.displayName}:${line}:${column}\n`);
  for (let number = Math.max(1, line - context); number <= line + context; number++) {
    const text = source.line(number);
    if (text === undefined) break;
    repl.print(`${number === line ? ">" : " "}${String(number).padStart(5)}| ${text}\n`);
  }
}

function placeOfFrame(stop: DebugStop): PosIdx {
  for (let i = stop.index; i < stop.frames.length; i++) {
    const { pos } = stop.frames[i] as NixFrame;
    if (i === 0 && stop.event.reason !== "error") break;
    if (pos > NO_POS) return pos;
  }
  const frame = stop.event.frames.find(({ code }) => code !== undefined);
  const range = frame?.range;
  if (range === undefined) return NO_POS;
  return (range.file.resolution.base + range.start) as PosIdx;
}

/** The chain of demands, and beside each the binding around its expression. */
function showDemand(repl: Repl, { event }: DebugStop): void {
  const { positions } = repl.session.evaluation;
  const { frames } = event;
  frames.slice(0, MAX_WHO).forEach((frame, i) => {
    const what = i === 0 ? "computing" : "asked by ";
    const place = frame.pos > NO_POS ? ` at ${describePosition(positions, frame.pos)}` : "";
    repl.print(`${what} ${frame.name}${place}\n`);
    const around = frame.definedIn();
    if (around !== "") repl.print(`          defined in ${around}\n`);
  });
  const more = frames.length - MAX_WHO;
  if (more > 0) repl.print(`... and ${more} more\n`);
}
