/**
 * DapSession: one conversation in the Debug Adapter Protocol with an editor. It maps requests to the engine
 * and stops to events; bytes and programs belong to its host. Source of the messages: the specification at
 * microsoft.github.io/debug-adapter-protocol, version 1.68.
 *
 * Texts are ordinary text here and byte strings in the engine; columns are UTF-16 units here and bytes
 * there. Numbers of frames and variables are valid during one stop.
 */
import { EvalError, Interruption, printPretty, type Slot, Thunk, type Value } from "@nivis/eval";
import { type Bytes, decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { type Expr, NodeKind, parse, SourceFile } from "@nivis/syntax";
import type { DebugProtocol } from "@vscode/debugprotocol";
import {
  type Breakpoint,
  type BreakpointOptions,
  type BreakpointPlace,
  placesOfFile,
  whyNowhere,
} from "../breakpoints.ts";
import type { CodePlace, LoadedFile, UnitCode } from "../code-map.ts";
import { Debugger, type DebuggerOptions, type Resume, type StopEvent } from "../engine.ts";
import type { DebugFrame } from "../frames.ts";
import { checkedArguments } from "./argument-shapes.ts";
import { CAPABILITIES } from "./capabilities.ts";
import { AddressSpace } from "./disassembly.ts";
import type { DapHost, DebuggedProgram, LaunchArguments } from "./host.ts";
import { completionsOf, peekSlot } from "./peek.ts";
import type { RunningProgram } from "./running-program.ts";
import { scopesOfFrame } from "./scopes.ts";
import { knownSlot, VariableTable } from "./variables.ts";

/** The only thread. */
const THREAD = 1;
/** Milliseconds that a watched expression may take; the console and variables take what they need. */
const WATCH_LIMIT = 10_000;

/** The most frames of one response, and the most lines of `:who`; a client asks for the others with `startFrame`. */
const MAX_FRAMES = 1000;
/** The most names that complete a text. */
const MAX_COMPLETIONS = 10_000;

/** A breakpoint as the client has set it; it outlives a restart. */
interface WantedBreakpoint {
  readonly id: number;
  readonly place: BreakpointPlace;
  readonly options: BreakpointOptions;
}

/** What a request of the client comes to. */
type Answer = object | undefined;

/** Answers the requests of one client. */
export class DapSession {
  readonly #host: DapHost;
  #seq = 1;
  #client: DebugProtocol.InitializeRequestArguments = { adapterID: "nivis" };
  #debug: Debugger;
  #program: DebuggedProgram | undefined;
  #launched: LaunchArguments | undefined;
  /** Settled when the client has said that all breakpoints are set. */
  #isConfigured = false;
  #isRunning = false;
  #run = new Interruption();
  /** Whether the session is over. */
  #hasEnded = false;
  /** The stop that lasts, and how it ends. */
  #stop: StopEvent | undefined;
  #resume: ((resume: Resume) => void) | undefined;
  #variables: VariableTable | undefined;
  readonly #addresses = new AddressSpace();
  #nextBreakpoint = 1;
  /** The breakpoints of each source, of functions, and of instructions. */
  readonly #wanted = new Map<string, readonly WantedBreakpoint[]>();
  /** Texts without a file, by the number that the client knows. */
  readonly #texts: LoadedFile[] = [];
  /** Requests that can be cancelled. */
  readonly #pending = new Map<number, Interruption>();
  /** Values that a client may set breakpoints on, by the number that it knows. */
  readonly #values: BreakpointPlace[] = [];
  #filters: DebugProtocol.SetExceptionBreakpointsArguments = { filters: ["uncaught"] };
  #targets: readonly (readonly CodePlace[])[] = [];

  constructor(host: DapHost) {
    this.#host = host;
    this.#debug = host.running?.connect(this.#listener()) ?? new Debugger(this.#listener());
  }

  /** What the session hears of its debugger. */
  #listener(): DebuggerOptions {
    return {
      onStop: (stop) => this.#stopped(stop),
      onLog: (text, frame) => this.#output("console", `${text}\n`, frame),
      onBreakpointPlaced: (breakpoint) =>
        this.#event("breakpoint", {
          reason: "changed",
          breakpoint: this.#shownBreakpoint(breakpoint),
        }),
      onLoaded: (file) =>
        this.#event("loadedSource", { reason: "new", source: this.#sourceOf(file) }),
    };
  }

  // ── Messages ───────────────────────────────────────────────────────────────────────────────────

  /** Takes a message of the client. Never throws. */
  async take(message: DebugProtocol.ProtocolMessage): Promise<void> {
    if (message.type !== "request") return;
    const request = message as DebugProtocol.Request;
    const interruption = new Interruption();
    this.#pending.set(request.seq, interruption);
    try {
      const body = await this.#answer(request, interruption);
      this.#respond(request, body);
      if (request.command === "initialize") this.#event("initialized");
      this.#afterResponse(request.command);
    } catch (error) {
      const text = error instanceof EvalError ? decodeUtf8(error.message) : textOfBug(error);
      const format = interruption.aborted ? "cancelled" : text;
      this.#send({
        type: "response",
        request_seq: request.seq,
        command: String(request.command),
        success: false,
        message: format,
        body: { error: { id: 1, format, showUser: false } },
      });
    } finally {
      this.#pending.delete(request.seq);
    }
  }

  /** Tells the client of something it has sent that is no message. */
  reject(reason: string): void {
    this.#output("stderr", encodeUtf8(`The client sent ${reason}.\n`));
  }

  /** The client is gone: ends the program. */
  dispose(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopProgram();
    this.#host.ended();
  }

  #respond(request: DebugProtocol.Request, body: Answer): void {
    this.#send({
      type: "response",
      request_seq: request.seq,
      command: request.command,
      success: true,
      ...(body === undefined ? {} : { body }),
    });
  }

  #event(event: string, body?: object): void {
    this.#send({ type: "event", event, ...(body === undefined ? {} : { body }) });
  }

  #send(message: object): void {
    if (this.#hasEnded && (message as { event?: string }).event !== undefined) return;
    this.#host.send({ ...message, seq: this.#seq++ } as DebugProtocol.ProtocolMessage);
  }

  #output(category: "console" | "stdout" | "stderr", text: Bytes, frame?: DebugFrame): void {
    const range = frame?.range;
    const place = range && this.#clientPlace(range.file.source, range.start);
    this.#event("output", {
      category,
      output: decodeUtf8(text),
      ...(range === undefined ? {} : { source: this.#sourceOf(range.file), ...place }),
    });
  }

  /** Shows what the program has written. */
  write(category: "stdout" | "stderr", text: Bytes): void {
    this.#output(category, text);
  }

  async #answer(
    { command, arguments: given, seq }: DebugProtocol.Request,
    interruption: Interruption,
  ): Promise<Answer> {
    // biome-ignore lint/suspicious/noExplicitAny: each request has arguments of its own, which are checked
    const args: any = checkedArguments(String(command), given);
    switch (command) {
      case "initialize":
        this.#client = args;
        return CAPABILITIES;
      case "launch":
        await this.#launch(args);
        return undefined;
      case "attach":
        if (this.#host.running !== undefined) {
          this.#launched = args;
          this.#program = this.#host.running.program;
          this.#applyFilters();
          return undefined;
        }
        if (this.#host.attachable === undefined) {
          throw new RangeError(
            "there is no program to attach to: start 'nivis dap' with the program as its arguments",
          );
        }
        await this.#launch({ ...this.#host.attachable, ...args });
        return undefined;
      case "configurationDone":
        this.#isConfigured = true;
        return undefined;
      case "setBreakpoints":
        return { breakpoints: this.#setBreakpoints(args) };
      case "setFunctionBreakpoints":
        return { breakpoints: this.#setFunctionBreakpoints(args) };
      case "setInstructionBreakpoints":
        return { breakpoints: this.#setInstructionBreakpoints(args) };
      case "dataBreakpointInfo":
        return this.#dataBreakpointInfo(args);
      case "setDataBreakpoints":
        return { breakpoints: this.#setDataBreakpoints(args) };
      case "setExceptionBreakpoints":
        this.#filters = args;
        this.#applyFilters();
        return { breakpoints: [] };
      case "breakpointLocations":
        return { breakpoints: this.#breakpointLocations(args) };
      case "threads":
        return { threads: [{ id: THREAD, name: "evaluation" }] };
      case "stackTrace":
        return this.#stackTrace(args);
      case "scopes":
        return { scopes: this.#scopes(this.#frame(args.frameId)) };
      case "variables":
        return { variables: await this.#variablesOf(args) };
      case "evaluate":
        return this.#evaluate(args, interruption);
      case "completions":
        return { targets: this.#completions(args) };
      case "exceptionInfo":
        return this.#exceptionInfo();
      case "source":
        return this.#source(args);
      case "loadedSources":
        return { sources: this.#debug.map.files.map((file) => this.#sourceOf(file)) };
      case "disassemble":
        return { instructions: this.#disassemble(args) };
      case "stepInTargets":
        return { targets: this.#stepInTargets(this.#frame(args.frameId)) };
      case "continue":
        this.#goOn("continue");
        return { allThreadsContinued: true };
      case "next":
        this.#goOn(args.granularity === "instruction" ? "over-instruction" : "over");
        return undefined;
      case "stepIn":
        this.#stepIn(args);
        return undefined;
      case "stepOut":
        this.#goOn("out");
        return undefined;
      case "pause":
        this.#debug.pause();
        return undefined;
      case "cancel":
        this.#pending.get(args.requestId)?.raise();
        return undefined;
      case "terminate":
        this.#host.running?.stop();
        this.#stopProgram();
        return undefined;
      case "restart":
        await this.#restart(args.arguments);
        return undefined;
      case "disconnect":
        if (args.terminateDebuggee === true) this.#host.running?.stop();
        this.#stopProgram();
        return undefined;
      default:
        throw new RangeError(`the request '${String(command)}' (${seq}) is not supported`);
    }
  }

  #afterResponse(command: string): void {
    if (command === "disconnect") {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      this.#host.ended();
    } else if (command === "launch" || command === "attach" || command === "configurationDone") {
      this.#start();
    } else if (command === "restart") this.#start();
  }

  // ── The program ────────────────────────────────────────────────────────────────────────────────

  async #launch(args: LaunchArguments): Promise<void> {
    if (this.#host.running !== undefined) {
      throw new RangeError("the program runs already: attach to it");
    }
    if (this.#program !== undefined) throw new RangeError("the program was launched before");
    const given = [args.program, args.expression, args.flake].filter((one) => one !== undefined);
    if (given.length !== 1) {
      throw new RangeError("'launch' takes one of 'program', 'expression' and 'flake'");
    }
    this.#launched = args;
    this.#program = await this.#host.launch(args, this.#debug);
    this.#debug.attach(this.#program.evaluation);
    this.#applyFilters();
  }

  /** Runs the program once it is launched and all breakpoints are set. */
  #start(): void {
    const program = this.#program;
    if (program === undefined || !this.#isConfigured || this.#isRunning) return;
    this.#isRunning = true;
    this.#run = new Interruption();
    const run = this.#run;
    this.#event("thread", { reason: "started", threadId: THREAD });
    if (this.#launched?.noDebug === true) this.#debug.detach();
    else if (this.#launched?.stopOnEntry === true) this.#debug.pause("entry");
    void program
      .run(run)
      .then(
        (text) => {
          this.#output("stdout", text.endsWith("\n") ? text : `${text}\n`);
          return 0;
        },
        (error) => {
          if (!run.aborted) this.#output("stderr", `${program.render(error)}\n`);
          return 1;
        },
      )
      .then((exitCode) => {
        program.close();
        if (this.#program !== program) return;
        this.#program = undefined;
        this.#isRunning = false;
        this.#event("exited", { exitCode });
        this.#event("terminated");
      });
  }

  /** Ends the program, whether it runs or has stopped. */
  #stopProgram(): void {
    for (const interruption of this.#pending.values()) interruption.raise();
    if (this.#host.running !== undefined) {
      this.#leave(this.#host.running);
      return;
    }
    this.#run.raise();
    if (this.#program !== undefined && !this.#isRunning) {
      this.#program.close();
      this.#program = undefined;
      this.#event("terminated");
    }
    this.#forgetStop();
  }

  /** Lets a program that was attached to go on by itself. */
  #leave(running: RunningProgram): void {
    const release = this.#resume;
    this.#forgetStop();
    this.#program = undefined;
    running.disconnect();
    release?.("continue");
  }

  async #restart(args: LaunchArguments | undefined): Promise<void> {
    if (this.#host.running !== undefined) {
      throw new RangeError("a program that was attached to while it ran cannot be restarted");
    }
    const launched = args ?? this.#launched;
    if (launched === undefined) throw new RangeError("nothing was launched yet");
    this.#run.raise();
    this.#program = undefined;
    this.#isRunning = false;
    this.#forgetStop();
    this.#debug = new Debugger(this.#listener());
    for (const all of this.#wanted.values()) {
      for (const { place, options, id } of all) {
        // The instructions and the values of the last program are gone.
        const isGone = place.kind === "instruction" || place.kind === "value";
        if (!isGone) this.#debug.breakpoints.add(place, options, id);
      }
    }
    await this.#launch(launched);
  }

  // ── Stops ──────────────────────────────────────────────────────────────────────────────────────

  #stopped(stop: StopEvent): Promise<Resume> {
    const { evaluation } = this.#debug;
    this.#stop = stop;
    this.#targets = [];
    this.#variables = new VariableTable(evaluation.positions, (slot) => this.#force(slot));
    return new Promise((resolve) => {
      this.#resume = resolve;
      this.#event("stopped", { threadId: THREAD, allThreadsStopped: true, ...reasonOf(stop) });
    });
  }

  #goOn(resume: Resume): void {
    const release = this.#resume;
    if (release === undefined) throw new RangeError("the evaluation has not stopped");
    this.#forgetStop();
    release(resume);
  }

  #forgetStop(): void {
    this.#stop = undefined;
    this.#resume = undefined;
    this.#variables = undefined;
  }

  #force(slot: Slot, interruption?: Interruption): Promise<Value> {
    const options = interruption === undefined ? {} : { signal: interruption };
    return this.#debug.quietly(
      (signal) => this.#debug.evaluation.forceAsync(slot, signal === undefined ? {} : { signal }),
      options,
    );
  }

  #frame(id: unknown): DebugFrame {
    const frame = this.#stop?.frames[Number(id) - 1];
    if (frame === undefined) throw new RangeError(`there is no frame ${String(id)} now`);
    return frame;
  }

  #stackTrace({ startFrame = 0, levels = 0 }: DebugProtocol.StackTraceArguments): object {
    const frames = this.#stop?.frames;
    if (frames === undefined) throw new RangeError("the evaluation has not stopped");
    const end = startFrame + (levels === 0 ? MAX_FRAMES : Math.min(levels, MAX_FRAMES));
    const stackFrames = frames
      .slice(startFrame, end)
      .map((frame, i) => this.#stackFrame(frame, startFrame + i));
    return { stackFrames, totalFrames: frames.length };
  }

  #stackFrame(frame: DebugFrame, index: number): DebugProtocol.StackFrame {
    const { range, code } = frame;
    const named = { id: index + 1, name: decodeUtf8(frame.name) };
    const hint = frame.isInternal ? { presentationHint: "subtle" as const } : {};
    if (range === undefined || code === undefined) {
      const place = this.#debug.evaluation.positions.resolve(frame.pos);
      const shown = place && this.#clientPlace(place.source, place.offset);
      const file = place && this.#debug.map.files.find(({ source }) => source === place.source);
      return {
        ...named,
        ...hint,
        ...(file === undefined ? {} : { source: this.#sourceOf(file) }),
        line: shown?.line ?? 0,
        column: shown?.column ?? 0,
      };
    }
    const { source } = range.file;
    const start = this.#clientPlace(source, range.start);
    const end = this.#clientPlace(source, range.end);
    return {
      ...named,
      ...hint,
      source: this.#sourceOf(range.file),
      line: start.line,
      column: start.column,
      endLine: end.line,
      endColumn: end.column,
      instructionPointerReference: this.#addresses.reference({ code, pc: frame.frame.at }),
    };
  }

  #scopes(frame: DebugFrame): DebugProtocol.Scope[] {
    const variables = this.#table();
    const scopes: DebugProtocol.Scope[] = scopesOfFrame(frame).map(
      ({ title, names, isExpensive, hint }) => ({
        name: title,
        variablesReference: variables.scope(names),
        namedVariables: names.length,
        expensive: isExpensive,
        ...(hint === undefined ? {} : { presentationHint: hint }),
      }),
    );
    const stop = this.#stop;
    if (stop?.returned !== undefined && frame === stop.frames[0]) {
      const names = [{ name: "value", slot: stop.returned as Slot, path: undefined }];
      scopes.unshift({
        name: "Returned value",
        variablesReference: variables.scope(names),
        namedVariables: 1,
        expensive: false,
        presentationHint: "returnValue",
      });
    }
    return scopes;
  }

  #table(): VariableTable {
    if (this.#variables === undefined) throw new RangeError("the evaluation has not stopped");
    return this.#variables;
  }

  async #variablesOf({
    variablesReference,
    start,
    count,
  }: DebugProtocol.VariablesArguments): Promise<DebugProtocol.Variable[]> {
    const { variables, wasForced } = await this.#table().children(variablesReference, start, count);
    if (wasForced && this.#client.supportsInvalidatedEvent === true) {
      // The same value may be visible elsewhere.
      this.#event("invalidated", { areas: ["variables"], threadId: THREAD });
    }
    return variables;
  }

  async #evaluate(
    { expression, frameId, context }: DebugProtocol.EvaluateArguments,
    interruption: Interruption,
  ): Promise<object> {
    const debug = this.#debug;
    const frame = frameId === undefined ? undefined : this.#frame(frameId);
    const text = encodeUtf8(String(expression));
    const variables = this.#table();
    if (context === "hover") {
      const slot = peekSlot(text, frame, debug);
      if (slot === undefined) throw new RangeError("this would have to be evaluated");
      return resultOf(variables.variable({ name: text, slot, path: text }));
    }
    if (context === "repl" && text.startsWith(":")) return this.#consoleCommand(text, frame);
    const options = context === "watch" ? { milliseconds: WATCH_LIMIT } : { signal: interruption };
    const value = await debug.evaluate(text, frame, options);
    if (context === "clipboard" || context === "variables") {
      const printed = await debug.quietly(
        (signal) =>
          debug.evaluation.runAsync(
            printPretty(debug.evaluation.context, value, { indent: 2 }),
            signal === undefined ? {} : { signal },
          ),
        { signal: interruption },
      );
      return { result: decodeUtf8(printed), variablesReference: 0 };
    }
    return resultOf(variables.variable({ name: text, slot: value, path: `(${text})` }));
  }

  /** Commands of the console that are no expressions. */
  async #consoleCommand(text: Bytes, frame: DebugFrame | undefined): Promise<object> {
    const [, name = "", argument = ""] = /^(:\S*)\s*(.*)$/s.exec(text) ?? [];
    if (name === ":force" && argument !== "") {
      const outer = { stop: this.#stop, resume: this.#resume, variables: this.#variables };
      const thunk = this.#debug.load(argument, frame);
      try {
        const value = await this.#debug.forceAndStop(thunk);
        this.#restoreStop(outer);
        return resultOf(this.#table().variable({ name: argument, slot: value, path: undefined }));
      } catch (error) {
        this.#restoreStop(outer);
        throw error;
      }
    }
    if (name === ":who") {
      const frames = this.#stop?.frames ?? [];
      const lines = frames.slice(0, MAX_FRAMES).map((one) => {
        const around = one.definedIn();
        return `${one.name}${around === "" ? "" : ` (defined in ${around})`}`;
      });
      const more = frames.length - lines.length;
      if (more > 0) lines.push(`... and ${more} more`);
      return { result: decodeUtf8(lines.join("\n")), variablesReference: 0 };
    }
    throw new RangeError("the console knows ':force EXPRESSION', ':who' and expressions");
  }

  /** Returns to the stop in which a value was forced. */
  #restoreStop(outer: {
    readonly stop: StopEvent | undefined;
    readonly resume: ((resume: Resume) => void) | undefined;
    readonly variables: VariableTable | undefined;
  }): void {
    this.#stop = outer.stop;
    this.#resume = outer.resume;
    this.#variables = outer.variables;
    if (outer.stop === undefined) return;
    this.#event("stopped", {
      threadId: THREAD,
      allThreadsStopped: true,
      ...reasonOf(outer.stop),
    });
  }

  #completions({
    text,
    column,
    line = 1,
    frameId,
  }: DebugProtocol.CompletionsArguments): DebugProtocol.CompletionItem[] {
    const frame = frameId === undefined ? undefined : this.#frame(frameId);
    const first = this.#client.linesStartAt1 === false ? 0 : 1;
    const before = text.split("\n")[line - first] ?? text;
    const cut = before.slice(0, column - (this.#client.columnsStartAt1 === false ? 0 : 1));
    const { start, names } = completionsOf(encodeUtf8(cut), frame, this.#debug);
    const from = decodeUtf8(encodeUtf8(cut).slice(0, start)).length;
    return names.slice(0, MAX_COMPLETIONS).map((name) => ({
      label: decodeUtf8(name),
      start: from,
      length: cut.length - from,
      type: "variable",
    }));
  }

  #exceptionInfo(): object {
    const stop = this.#stop;
    const { error } = stop ?? {};
    if (stop === undefined || error === undefined) throw new RangeError("no error has stopped it");
    const rendered = this.#program?.render(error) ?? error.message;
    return {
      exceptionId: error.kind,
      description: decodeUtf8(error.message),
      breakMode: stop.isInTry && error.catchable ? "always" : "unhandled",
      details: {
        message: decodeUtf8(error.message),
        typeName: error.kind,
        stackTrace: decodeUtf8(rendered),
      },
    };
  }

  // ── Sources and places ─────────────────────────────────────────────────────────────────────────

  #sourceOf(file: LoadedFile): DebugProtocol.Source {
    const { source, path } = file;
    const shown = decodeUtf8(source.displayName);
    const name = shown.replace(/^.*\//, "");
    // What is shown under another path is not on disk.
    if (path !== undefined && source.displayName === path) return { name, path: shown };
    let index = this.#texts.indexOf(file);
    if (index < 0) index = this.#texts.push(file) - 1;
    return { name, sourceReference: index + 1, ...(path === undefined ? {} : { path: shown }) };
  }

  #source({ source, sourceReference }: DebugProtocol.SourceArguments): object {
    const number = source?.sourceReference ?? sourceReference;
    const file =
      this.#texts[number - 1] ??
      (source?.path === undefined
        ? undefined
        : this.#debug.map.filesAt(encodeUtf8(source.path))[0]);
    if (file === undefined) throw new RangeError(`there is no source ${number}`);
    return { content: decodeUtf8(file.source.text), mimeType: "text/x-nix" };
  }

  /** A byte offset as the client counts lines and columns. */
  #clientPlace(source: SourceFile, offset: number): { line: number; column: number } {
    const { line, column } = source.lineColumn(offset);
    const before = (source.line(line) ?? "").slice(0, column - 1);
    return {
      line: this.#client.linesStartAt1 === false ? line - 1 : line,
      column: decodeUtf8(before).length + (this.#client.columnsStartAt1 === false ? 0 : 1),
    };
  }

  #engineLine(line: number): number {
    return this.#client.linesStartAt1 === false ? line + 1 : line;
  }

  /** A column of the client, in UTF-16 units, as one in bytes from 1. */
  #engineColumn(source: SourceFile | undefined, line: number, column: number): number {
    const units = column - (this.#client.columnsStartAt1 === false ? 0 : 1);
    const text = source?.line(line);
    if (text === undefined) return units + 1;
    return encodeUtf8(decodeUtf8(text).slice(0, units)).length + 1;
  }

  #fileOf({ path, sourceReference }: DebugProtocol.Source): LoadedFile | undefined {
    if (sourceReference !== undefined && sourceReference > 0) {
      return this.#texts[sourceReference - 1];
    }
    return path === undefined ? undefined : this.#debug.map.filesAt(encodeUtf8(path))[0];
  }

  // ── Breakpoints ────────────────────────────────────────────────────────────────────────────────

  #setBreakpoints({
    source,
    breakpoints = [],
  }: DebugProtocol.SetBreakpointsArguments): DebugProtocol.Breakpoint[] {
    const path = source.path;
    if (path === undefined) throw new RangeError("breakpoints need a source with a path");
    const file = this.#fileOf(source);
    const wanted = breakpoints.map(
      ({ line, column, condition, hitCondition, logMessage }): Wish => {
        const engineLine = this.#engineLine(line);
        return {
          place: {
            kind: "line",
            path: encodeUtf8(path),
            line: engineLine,
            column:
              column === undefined
                ? undefined
                : this.#engineColumn(file?.source, engineLine, column),
          },
          options: optionsOf(condition, hitCondition, logMessage),
        };
      },
    );
    return this.#replace(`source ${path}`, wanted);
  }

  #setFunctionBreakpoints({
    breakpoints = [],
  }: DebugProtocol.SetFunctionBreakpointsArguments): DebugProtocol.Breakpoint[] {
    const wanted = breakpoints.map(
      ({ name, condition, hitCondition }): Wish => ({
        place: { kind: "function", name: encodeUtf8(name) },
        options: optionsOf(condition, hitCondition, undefined),
      }),
    );
    return this.#replace("functions", wanted);
  }

  #setInstructionBreakpoints({
    breakpoints = [],
  }: DebugProtocol.SetInstructionBreakpointsArguments): DebugProtocol.Breakpoint[] {
    const wanted = breakpoints.map(
      ({ instructionReference, offset, condition, hitCondition }): Wish | undefined => {
        const place = this.#addresses.place(instructionReference, offset);
        return (
          place && {
            place: { kind: "instruction", ...place },
            options: optionsOf(condition, hitCondition, undefined),
          }
        );
      },
    );
    return this.#replace("instructions", wanted);
  }

  /** Replaces a group of breakpoints; returns one for each wish, in order. */
  /** Whether the evaluation can stop when it begins to evaluate a variable or an expression. */
  #dataBreakpointInfo({
    variablesReference,
    name,
    frameId,
  }: DebugProtocol.DataBreakpointInfoArguments): DebugProtocol.DataBreakpointInfoResponse["body"] {
    const frame = frameId === undefined ? this.#stop?.frames[0] : this.#frame(frameId);
    const slot =
      variablesReference === undefined || variablesReference === 0
        ? peekSlot(encodeUtf8(String(name)), frame, this.#debug)
        : this.#table().slotOf(variablesReference, name);
    if (slot === undefined) return { dataId: null, description: `'${name}' is not known here` };
    const { breakpoints } = this.#debug;
    const place = slot instanceof Thunk ? breakpoints.placeOfValue(slot) : undefined;
    if (place === undefined) {
      const isKnown = knownSlot(slot) !== undefined;
      const reason = isKnown ? "is evaluated already" : "has no code of its own";
      return { dataId: null, description: `'${name}' ${reason}` };
    }
    const index = this.#values.push({ kind: "value", thunk: slot as Thunk, place }) - 1;
    return { dataId: String(index), description: name, accessTypes: ["read"], canPersist: false };
  }

  #setDataBreakpoints({
    breakpoints = [],
  }: DebugProtocol.SetDataBreakpointsArguments): DebugProtocol.Breakpoint[] {
    const wanted = breakpoints.map(({ dataId, condition, hitCondition }): Wish | undefined => {
      const place = this.#values[Number(dataId)];
      return place && { place, options: optionsOf(condition, hitCondition, undefined) };
    });
    return this.#replace("values", wanted);
  }

  #replace(group: string, wishes: readonly (Wish | undefined)[]): DebugProtocol.Breakpoint[] {
    const { breakpoints } = this.#debug;
    for (const { id } of this.#wanted.get(group) ?? []) breakpoints.remove(id);
    const wanted: WantedBreakpoint[] = [];
    const shown = wishes.map((wish): DebugProtocol.Breakpoint => {
      if (wish === undefined) return { verified: false, reason: "failed", message: "not found" };
      const id = this.#nextBreakpoint++;
      const mistake = this.#mistakeIn(wish);
      if (mistake !== undefined) {
        return { id, verified: false, reason: "failed", message: mistake };
      }
      try {
        const breakpoint = breakpoints.add(wish.place, wish.options, id);
        wanted.push({ ...wish, id });
        return this.#shownBreakpoint(breakpoint);
      } catch (error) {
        return { id, verified: false, reason: "failed", message: (error as Error).message };
      }
    });
    this.#wanted.set(group, wanted);
    this.#debug.breakpointsChanged();
    return shown;
  }

  /** Why a breakpoint can never be reached, whatever is loaded. */
  #mistakeIn({ place, options: { condition } }: Wish): string | undefined {
    if (place.kind === "line") {
      const { line, column = 1 } = place;
      if (line < 1) return `Lines begin at ${this.#client.linesStartAt1 === false ? 0 : 1}`;
      if (column < 1) return `Columns begin at ${this.#client.columnsStartAt1 === false ? 0 : 1}`;
    }
    const error = condition === undefined ? undefined : syntaxError(condition);
    return error && `The condition does not parse: ${decodeUtf8(error)}`;
  }

  #shownBreakpoint(breakpoint: Breakpoint): DebugProtocol.Breakpoint {
    const { id, places, place, isBuiltin } = breakpoint;
    const [first] = places;
    if (first === undefined) {
      if (isBuiltin) return { id, verified: true };
      if (place.kind !== "line")
        return { id, verified: false, reason: "pending", message: "Not found yet" };
      const why = whyNowhere(this.#debug.map, place.path, place.line);
      return why === undefined
        ? { id, verified: false, reason: "pending", message: "The file is not loaded yet" }
        : { id, verified: false, reason: "failed", message: sentence(why) };
    }
    const { file } = first.code;
    const start = this.#clientPlace(file.source, first.expr.start);
    const end = this.#clientPlace(file.source, first.expr.end);
    return {
      id,
      verified: true,
      source: this.#sourceOf(file),
      line: start.line,
      column: start.column,
      endLine: end.line,
      endColumn: end.column,
      message: meaningOf(first.code),
      instructionReference: this.#addresses.reference(first),
    };
  }

  #breakpointLocations({
    source,
    line,
    column,
    endLine = line,
  }: DebugProtocol.BreakpointLocationsArguments): DebugProtocol.BreakpointLocation[] {
    const file = this.#fileOf(source);
    if (file === undefined) return [];
    const first = this.#engineLine(line);
    const last = this.#engineLine(endLine);
    const seen = new Set<number>();
    return placesOfFile(this.#debug.map, file).flatMap((place) => {
      if (place.line < first || place.line > last || seen.has(place.expr.start)) return [];
      seen.add(place.expr.start);
      const start = this.#clientPlace(file.source, place.expr.start);
      if (column !== undefined && start.line === line && start.column < column) return [];
      return [start];
    });
  }

  #applyFilters(): void {
    const { filters: names = [], filterOptions = [] } = this.#filters;
    const all = new Map<string, string | undefined>(names.map((name) => [name, undefined]));
    for (const { filterId, condition } of filterOptions) all.set(filterId, condition);
    const { filters } = this.#debug;
    filters.uncaught = all.has("uncaught");
    filters.caught = all.has("caught");
    filters.trace = all.has("trace");
    filters.warn = all.has("warn");
    filters.kinds.clear();
    for (const kind of ["throw", "assertion", "abort"] as const) {
      if (all.has(kind)) filters.kinds.add(kind);
    }
    const texts = [...all.values()].flatMap((text) =>
      text === undefined || text === "" ? [] : [encodeUtf8(text)],
    );
    filters.matches =
      texts.length === 0 ? undefined : (message) => texts.some((text) => message.includes(text));
  }

  // ── Instructions and targets ───────────────────────────────────────────────────────────────────

  #disassemble({
    memoryReference,
    offset,
    instructionOffset = 0,
    instructionCount,
  }: DebugProtocol.DisassembleArguments): DebugProtocol.DisassembledInstruction[] {
    const place = this.#addresses.place(memoryReference, offset);
    if (place === undefined) throw new RangeError(`there is no code at ${memoryReference}`);
    const { positions } = this.#debug.evaluation;
    return this.#addresses.disassemble(
      place,
      instructionOffset,
      instructionCount,
      positions,
      ({ file }: UnitCode) => this.#sourceOf(file),
    );
  }

  /** The function that is called and its arguments, as far as one can step into them. */
  #stepInTargets(frame: DebugFrame): DebugProtocol.StepInTarget[] {
    const { code, expr } = frame;
    if (code === undefined || expr?.kind !== NodeKind.Call) return [];
    const targets: { readonly label: string; readonly places: readonly CodePlace[] }[] = [];
    const callee = peekSlot(textOf(code, expr.callee), frame, this.#debug);
    const known = callee === undefined ? undefined : knownSlot(callee);
    const lambda = (known as { readonly code?: unknown } | undefined)?.code;
    const called = [...this.#debug.map.codes].find((one) => one.lambda === lambda);
    if (called !== undefined) {
      const pc = called.lambda.bodyStart;
      targets.push({
        label: decodeUtf8(textOf(code, expr.callee)),
        places: [{ code: called, pc, expr: called.unit.expr }],
      });
    }
    for (const argument of expr.args) {
      const unit = code.file.resolution.units.get(argument);
      if (unit === undefined) continue;
      unit.lambda.ensureCompiled();
      const made = this.#debug.map.codeOf(unit.lambda);
      if (made === undefined) continue;
      targets.push({
        label: decodeUtf8(textOf(code, argument)),
        places: [{ code: made, pc: 0, expr: argument }],
      });
    }
    this.#targets = targets.map(({ places }) => places);
    return targets.map(({ label }, i) => ({ id: i + 1, label: shorten(label) }));
  }

  #stepIn({ targetId, granularity }: DebugProtocol.StepInArguments): void {
    const places = targetId === undefined ? undefined : this.#targets[targetId - 1];
    if (places !== undefined) this.#goOn({ to: places });
    else this.#goOn(granularity === "instruction" ? "instruction" : "in");
  }
}

/** A breakpoint that the client wants. */
interface Wish {
  readonly place: BreakpointPlace;
  readonly options: BreakpointOptions;
}

function optionsOf(
  condition: string | undefined,
  hitCondition: string | undefined,
  logMessage: string | undefined,
): BreakpointOptions {
  const bytes = (text: string | undefined): Bytes | undefined =>
    text === undefined || text === "" ? undefined : encodeUtf8(text);
  return { condition: bytes(condition), hitCondition, logMessage: bytes(logMessage) };
}

/** What `stopped` says of a stop. */
function reasonOf({ reason, error, breakpoints }: StopEvent): object {
  switch (reason) {
    case "breakpoint": {
      const isOfValues = breakpoints.every(({ place }) => place.kind === "value");
      const hitBreakpointIds = breakpoints.map(({ id }) => id);
      return { reason: isOfValues ? "data breakpoint" : reason, hitBreakpointIds };
    }
    case "break":
      return { reason: "breakpoint", description: "Paused at builtins.break" };
    case "trace":
    case "warn":
      return { reason: "breakpoint", description: `Paused at builtins.${reason}` };
    case "error": {
      const text = decodeUtf8(error?.message ?? "");
      return { reason: "exception", description: "Paused on an error", text };
    }
    default:
      return { reason };
  }
}

/** When code runs that a breakpoint is in, for people who expect it to run in the order of the lines. */
function meaningOf({ isFunction, unit }: UnitCode): string {
  if (isFunction) return "Stops at each call";
  return unit.parent === undefined
    ? "Stops when the file is evaluated"
    : "Stops when the value is first wanted";
}

function resultOf(variable: DebugProtocol.Variable): object {
  const { value, name: _, evaluateName: __, ...rest } = variable;
  return { result: value, ...rest };
}

/** What is wrong with an expression that does not parse; bytes. */
function syntaxError(text: Bytes): Bytes | undefined {
  const options = { basePath: "/", home: "/", features: { pipeOperators: true } };
  return parse(new SourceFile({ kind: "string" }, text), options).firstError?.message;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function textOf({ file }: UnitCode, { start, end }: Expr): Bytes {
  return file.source.text.slice(start, end);
}

const MAX_LABEL = 60;

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length <= MAX_LABEL ? line : `${line.slice(0, MAX_LABEL - 1)}…`;
}

function textOfBug(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
