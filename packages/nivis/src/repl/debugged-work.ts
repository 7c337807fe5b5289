/**
 * DebuggedWork: the debugger of a command that evaluates and then does something else, such as `nivis
 * build --debugger`. Loaded on demand with the REPL. Lines are read when something stops for the first time, and
 * standard input is left to other programs afterwards.
 */
import { type Breakpoint, type Debugger, whyNowhere } from "@nivis/debugger";
import type { Bytes } from "@nivis/formats";
import type { Invocation } from "../invocation.ts";
import { usageError } from "../options/option.ts";
import type { DebuggedWork, Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { breakpointPlace } from "./breakpoint-place.ts";
import { DebugConversation } from "./debug-conversation.ts";
import type { LineReader } from "./lines.ts";
import { openLines } from "./open-lines.ts";
import type { Repl } from "./repl.ts";

/** Does some work with a debugger that stops at places, such as `FILE:LINE` (bytes), and at errors. */
export async function withDebugger<Result>(
  invocation: Invocation,
  places: readonly Bytes[],
  work: (debugged: DebuggedWork) => Promise<Result>,
): Promise<Result> {
  const { terminal } = invocation;
  invocation.inputs?.giveUp("there is a debugger");
  const conversation = new DebugConversation(invocation);
  const { debug, interrupts } = conversation;
  let lines: Promise<LineReader> | undefined;
  const set = new Map<Breakpoint, Bytes>();
  const begin = (session: Session): void => {
    conversation.begin(session, (repl) => {
      lines ??= openInput(terminal, repl);
      return lines;
    });
    for (const place of places) {
      set.set(debug.breakpoints.add(breakpointPlace(session, debug, place)), place);
    }
    debug.breakpointsChanged();
  };
  const options = {
    debugger: debug.hooks,
    isInterrupted: interrupts.isRaised,
    during: conversation.during,
  };
  try {
    return await work({ options, begin });
  } finally {
    // Those that the user has removed, also by leaving the debugger, are no longer wanted.
    for (const breakpoint of debug.breakpoints.all) {
      const place = set.get(breakpoint);
      if (place === undefined || breakpoint.hits > 0) continue;
      invocation.warn(
        `the breakpoint at '${place}' was never reached${whyNever(breakpoint, debug)}`,
      );
    }
    (await lines)?.close();
  }
}

/** Opens standard input, which must be done once. */
function openInput(terminal: Terminal, repl: Repl): Promise<LineReader> {
  const input = terminal.openInput?.();
  if (input === undefined) throw usageError("standard input cannot be read here");
  return openLines(input, terminal, repl, { keys: undefined, previews: false });
}

/** What is known of why a breakpoint was not reached. */
function whyNever({ place, isVerified }: Breakpoint, { map }: Debugger): string {
  if (isVerified) return "";
  if (place.kind !== "line") return ": no function of this name was loaded";
  return `: ${whyNowhere(map, place.path, place.line) ?? "the file was not loaded"}`;
}
