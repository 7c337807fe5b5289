/** `nivis repl`: evaluates what the user types, line by line. A bundle of its own (see scripts/bundles.mjs). */
import { autoCall } from "@nivis/eval";
import { type Bytes, decodeUtf8, encodeUtf8, marked } from "@nivis/formats";
import { loadOutput } from "../flakes/repl-flake.ts";
import { INFO_LEVEL, NOTICE_LEVEL } from "../log-format.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import {
  addPositional,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
} from "../options/source-options.ts";
import { runWaitingProgram, type WaitingProgram } from "../program.ts";
import { converse } from "../repl/converse.ts";
import { DebugConversation } from "../repl/debug-conversation.ts";
import { Interrupts } from "../repl/interrupts.ts";
import { openLines } from "../repl/open-lines.ts";
import { type LoadedInstallable, Repl } from "../repl/repl.ts";
import { openSession, type Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { isFlake } from "./flake-detection.ts";
import { REPL_TOPIC } from "./repl-topic.ts";

interface ReplFlags extends SourceFlags {
  /** The keys that edit; those of readline's configuration unless given. */
  keys: "emacs" | "vi" | undefined;
  previews: boolean;
  debugs: boolean;
}

/**
 * Runs the command and returns the exit code. With `takesFlakes`, as `nix repl` does, all its arguments
 * are flakes.
 */
export async function startRepl(
  args: readonly string[],
  terminal: Terminal,
  takesFlakes: boolean,
): Promise<number> {
  return runWaitingProgram(replCommand(takesFlakes), args, terminal);
}

const replCommand = (takesFlakes: boolean): WaitingProgram<ReplFlags> => ({
  ...REPL_TOPIC,
  description: [
    "Reads expressions and bindings and prints values, one level deep. The attributes of the files and flakes, and those of --file and --expr, are in scope. `:?` shows the commands that begin with a colon.",
  ],
  options: [
    ...SOURCE_OPTIONS,
    valueFlag<ReplFlags>(
      ["--keys"],
      "MODE",
      "Edit with the keys of 'emacs' or 'vi'; the default is that of readline's configuration",
      (flags, mode) => {
        if (mode !== "emacs" && mode !== "vi") {
          throw usageError(marked`'--keys' takes 'emacs' or 'vi', not '${encodeUtf8(mode)}'`);
        }
        flags.keys = mode;
      },
    ),
    flag<ReplFlags>(["--no-preview"], "Do not show the value while it is typed", (flags) => {
      flags.previews = false;
    }),
    flag<ReplFlags>(
      ["--debugger"],
      "Stop at errors and at 'builtins.break', and look around there",
      (flags) => {
        flags.debugs = true;
      },
    ),
    flag<ReplFlags>(["--impure"], "Allow impure evaluation; the default here", () => {}),
  ],
  defaults: (invocation) => {
    // Nix: on a terminal a progress bar says the rest.
    const isTerminal = invocation.terminal.isErrTerminal === true;
    invocation.verbosity = isTerminal ? NOTICE_LEVEL : INFO_LEVEL;
    return { ...defaultSourceFlags(invocation), keys: undefined, previews: true, debugs: false };
  },
  positional: addPositional,
  run: async (flags, invocation) => {
    const { terminal } = invocation;
    const input = terminal.openInput?.();
    if (input === undefined) throw usageError("standard input cannot be read here");
    const conversation = flags.debugs ? new DebugConversation(invocation) : undefined;
    const interrupts = conversation?.interrupts ?? new Interrupts();
    const session = openSession(flags, {
      readOnly: flags.readOnly,
      isInterrupted: interrupts.isRaised,
      ...(conversation === undefined ? {} : { debugger: conversation.debug.hooks }),
    });
    const repl = new Repl(session, invocation, {
      installables: installablesOf(flags, session, takesFlakes),
      numbersInputs: input.isTerminal,
      stop: conversation?.atRest(),
      interrupts,
    });
    const lines = await openLines(input, terminal, repl, flags);
    interrupts.poll = () => lines.poll?.();
    repl.releaseInput = () => lines.release();
    if (conversation !== undefined) {
      conversation.begin(session, async () => lines);
      conversation.replScope = () => repl.scope;
      conversation.showBanner();
      repl.mute = (work) => conversation.debug.quietly(work);
    } else if (invocation.verbosity >= NOTICE_LEVEL) {
      const version = session.evaluation.context.builtins.get("nixVersion") as string;
      invocation.note(`Nix ${version}\nType :? for help.`);
    }
    try {
      await repl.loadInstallables(true);
      await converse(repl, lines, terminal);
    } finally {
      lines.close();
    }
    return 0;
  },
});

/** What the command line wants in the scope. */
function installablesOf(
  flags: ReplFlags,
  session: Session,
  takesFlakes: boolean,
): LoadedInstallable[] {
  if (flags.expression !== undefined && flags.file !== undefined) {
    throw usageError("'--file' and '--expr' are exclusive");
  }
  const { expression, file, positionals, invocation } = flags;
  const { evaluation } = session;
  const fromFile = (path: Bytes): LoadedInstallable => ({
    load: async () => {
      const source = session.file(path);
      const value = await evaluation.runAsync(session.program(source));
      const args = session.autoArguments();
      const slot = await evaluation.runAsync(autoCall(evaluation.context, args, value));
      return { what: "", slot };
    },
  });
  if (expression !== undefined) {
    const source = session.expression(expression);
    const load = async () => ({ what: "", slot: evaluation.loadText(source.text, source) });
    return [{ load }];
  }
  const installables = file === undefined ? [] : [fromFile(file)];
  for (const argument of positionals) {
    const isOfFlake = takesFlakes || isFlake(decodeUtf8(argument));
    installables.push(
      isOfFlake ? { load: () => loadOutput(argument, session, invocation) } : fromFile(argument),
    );
  }
  return installables;
}
