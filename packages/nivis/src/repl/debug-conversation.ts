/**
 * DebugConversation: what the debugger and its user say to each other on a terminal. Each stop is a REPL
 * of its own whose scope is that of the place, as in C++ Nix (`runDebugRepl` in libexpr/eval.cc). On a
 * terminal, Ctrl-C pauses an evaluation that continues after a stop.
 */

import { Debugger, type Resume, type StopEvent } from "@nivis/debugger";
import { EvalError, type Evaluation, renderError, type Slot } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { DebuggerExit } from "../debugger-exit.ts";
import type { Invocation } from "../invocation.ts";
import { NOTICE_LEVEL } from "../log-format.ts";
import type { DuringEvaluation, Session } from "../session.ts";
import { converse } from "./converse.ts";
import { placeText, showWatches } from "./debug-commands.ts";
import { DebugStop } from "./debug-stop.ts";
import { Interrupts } from "./interrupts.ts";
import type { LineReader } from "./lines.ts";
import { Repl } from "./repl.ts";

const GREEN = "\x1b[32;1m";
const NORMAL = "\x1b[0m";

/** The debugger of a command, on its terminal. */
export class DebugConversation {
  readonly debug: Debugger;
  /** How the user stops what the session evaluates. */
  readonly interrupts = new Interrupts();
  readonly #invocation: Invocation;
  #session: Session | undefined;
  #lines: ((repl: Repl) => Promise<LineReader>) | undefined;
  readonly #watches: Bytes[] = [];
  /** Whether the command of the debugger evaluates, so that there is something to pause. */
  #evaluates = false;
  #stopWatching: (() => void) | undefined;
  /** Leaves the keyboard to others. */
  #leaveKeys: () => void = () => {};
  /** The scope of the REPL whose input is evaluated, if there is one. */
  replScope: (() => ReadonlyMap<Bytes, Slot>) | undefined;
  /** Whether the version has been shown. */
  hasBanner = false;

  constructor(invocation: Invocation) {
    this.#invocation = invocation;
    this.debug = new Debugger({
      onStop: (stop) => this.#talk(stop),
      onLog: (text) => invocation.note(text),
    });
    const { filters } = this.debug;
    const { building } = invocation.settings;
    const isOn = (name: string): boolean => building.get(name) === "true";
    filters.caught = true;
    filters.ignoreTry = isOn("ignore-try");
    filters.trace = isOn("debugger-on-trace");
    filters.warn = isOn("debugger-on-trace") || isOn("debugger-on-warn");
  }

  /** Tells it the session that was opened with its hooks, and where lines come from. */
  begin(session: Session, lines: (repl: Repl) => Promise<LineReader>): void {
    this.#session = session;
    this.#lines = lines;
    this.debug.attach(session.evaluation);
  }

  /**
   * Does the evaluation of a command. After a stop, Ctrl-C pauses it; where it cannot pause, such as in a
   * fetch, a second Ctrl-C stops it.
   */
  readonly during: DuringEvaluation = async (work) => {
    this.#evaluates = true;
    try {
      return await this.interrupts.during(work);
    } finally {
      this.#evaluates = false;
      this.#leaveKeys();
    }
  };

  /** What the commands of the debugger see while nothing has stopped. */
  atRest(): DebugStop {
    const event: StopEvent = {
      reason: "pause",
      frames: [],
      isInTry: false,
      breakpoints: [],
      notPushed: 0,
    };
    return new DebugStop(this.debug, event, this.#watches, undefined);
  }

  /** Shows the version, once. */
  showBanner(): void {
    if (this.hasBanner) return;
    this.hasBanner = true;
    if (this.#invocation.verbosity < NOTICE_LEVEL) return;
    const { builtins } = (this.#session as Session).evaluation.context;
    this.#invocation.note(`Nix ${builtins.get("nixVersion")} debugger\nType :? for help.`);
  }

  async #talk(event: StopEvent): Promise<Resume> {
    const session = this.#session as Session;
    const invocation = this.#invocation;
    const outer = this.replScope?.();
    const stop = new DebugStop(this.debug, event, this.#watches, outer && [...outer.keys()]);
    const { interrupts } = this;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    const repl = new Repl(session, invocation, { stop, interrupts });
    repl.setScope(new Map([...(outer ?? []), ...stop.scope]));
    this.#announce(event, repl);
    this.showBanner();
    await showWatches(repl, stop);
    const lines = await (this.#lines as (repl: Repl) => Promise<LineReader>)(repl);
    repl.releaseInput = () => lines.release();
    interrupts.poll = () => lines.poll?.();
    const previous = lines.switchTo?.(repl);
    try {
      await converse(repl, lines, invocation.terminal);
    } finally {
      if (previous !== undefined) lines.switchTo?.(previous);
      if (this.replScope === undefined) this.#watchKeys(lines);
    }
    return stop.resume ?? this.#quit(event);
  }

  /** Lets Ctrl-C pause the evaluation that continues. Without one, Ctrl-C ends the command again. */
  #watchKeys(lines: LineReader): void {
    this.#leaveKeys = () => {
      this.#leaveKeys = () => {};
      this.#stopWatching?.();
      this.#stopWatching = undefined;
      lines.release();
    };
    if (this.#evaluates && lines.watch !== undefined) {
      this.#stopWatching = lines.watch(() => {
        if (this.debug.isPauseWanted) this.interrupts.raise();
        else this.debug.pause();
      });
    } else this.#leaveKeys();
  }

  /** Says why the evaluation has stopped. */
  #announce(event: StopEvent, repl: Repl): void {
    const { terminal } = this.#invocation;
    const { reason, error, frames } = event;
    const { evaluation } = repl.session;
    switch (reason) {
      case "error":
        if (error === undefined) return;
        terminal.writeLine(`${this.#errorText(error, event, evaluation)}\n`);
        this.#noteTry(event);
        return;
      case "break":
        terminal.writeLine(
          `${terminal.color ? `${GREEN}info:${NORMAL}` : "info:"} breakpoint reached\n`,
        );
        return;
      case "trace":
      case "warn":
        return;
      case "step":
        // Nix: nothing is printed after `:s`.
        if (event.step === "nix-step") return;
    }
    const ids = event.breakpoints.map(({ id }) => id).join(", ");
    const place = placeText(
      repl,
      frames.find(({ code }) => code !== undefined),
    );
    if (this.#invocation.verbosity < NOTICE_LEVEL) return;
    this.#invocation.note(`${reason}${ids === "" ? "" : ` ${ids}`} ${place}`);
  }

  #errorText(error: EvalError, event: StopEvent, { positions }: Evaluation): Bytes {
    const { terminal, settings } = this.#invocation;
    const { showTrace } = settings;
    return renderError(atStop(error, event), positions, { showTrace, color: terminal.color });
  }

  #noteTry({ isInTry }: StopEvent): void {
    if (!isInTry) return;
    const { terminal } = this.#invocation;
    const flag = terminal.color ? `${GREEN}--ignore-try${NORMAL}` : "--ignore-try";
    terminal.writeLine(`This exception occurred in a 'tryEval' call. Use ${flag} to skip these.\n`);
  }

  /** Nix: with an error at hand, it is thrown as one that `tryEval` does not catch. */
  #quit({ reason, error }: StopEvent): Resume {
    this.debug.detach();
    if (error !== undefined) {
      return { fail: uncatchable(error) };
    }
    return {
      fail: reason === "break" ? new EvalError("abort", "breakpoint reached") : new DebuggerExit(),
    };
  }
}

/** The same error, which `tryEval` does not catch. */
function uncatchable(error: EvalError): EvalError {
  const copy = new EvalError("abort", error.message, error.pos).suggest(error.suggestions);
  copy.nearPos = error.nearPos;
  for (const { pos, message, always } of error.traces) {
    // Nix: added once the error has left the assertion.
    if (!message.startsWith(ASSERTION_TRACE)) copy.addTrace(pos, message, always);
  }
  return copy;
}

const ASSERTION_TRACE = "while evaluating the condition of the assertion ";

/** An error as it is when C++ Nix stops. */
function atStop(error: EvalError, { frames }: StopEvent): EvalError {
  const copy = uncatchable(error);
  const [frame, caller] = frames;
  const code = frame?.code;
  // Nix: an error about the arguments of a function says where it was called.
  const isBinding = code?.isFunction === true && (frame?.frame.at ?? 0) < code.lambda.bodyStart;
  if (isBinding && copy.traces.length === 0 && caller !== undefined) {
    copy.addTrace(caller.pos, "from call site");
  }
  return copy;
}
