/**
 * Debugger: stops an evaluation, and lets somebody look at it and continue it.
 *
 *     const debug = new Debugger({ onStop: async (stop) => "continue" });
 *     const evaluation = new Evaluation({ io, debugger: debug });
 *     debug.attach(evaluation);
 *     await evaluation.forceAsync(evaluation.loadFile("/etc/nixos/x.nix"));
 *
 * The engine is a set of hooks for the machine. A hook stops by throwing a `Stop`, a promise that the
 * machine waits for; the machine keeps all of its state, so a stop needs no thread. While it lasts, the
 * engine is muted: what is evaluated for the user does not stop.
 *
 * Between stops the code runs at full speed with patches at the breakpoints. For a step, and to get past
 * the instruction under a patch, every instruction is looked at instead ({@link Debugger.hooks}'s
 * observer has `instruction` only then) and no patches are in place. docs/debugging.md says what steps mean.
 */
import {
  type BuiltinDefinition,
  type DebugHooks,
  EvalError,
  type EvalIo,
  type Evaluation,
  isInside,
  isPassingKind,
  type Lambda,
  type Machine,
  NO_POS,
  Op,
  type RunObserver,
  type Slot,
  Stop,
  type StopSignal,
  type Suspendable,
  stackFrames,
  type Thunk,
  typeWithArticle,
  type Value,
} from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { type Expr, NodeKind } from "@nivis/syntax";
import { type Breakpoint, BreakpointTable } from "./breakpoints.ts";
import { CodeMap, type CodePlace, type LoadedFile } from "./code-map.ts";
import { DebugFrame, namesIn, namespacesIn } from "./frames.ts";
import { logText } from "./log-text.ts";

/** Why an evaluation has stopped. */
export type StopReason =
  /** `builtins.break` was called. */
  | "break"
  /** A breakpoint was reached. */
  | "breakpoint"
  /** The step is done. */
  | "step"
  /** The user has asked for a pause. */
  | "pause"
  /** The program begins. */
  | "entry"
  /** An error is about to be thrown. */
  | "error"
  /** `builtins.trace` or `builtins.warn` has printed a message. */
  | "trace"
  | "warn";

/** How an evaluation continues. */
export type Resume =
  | "continue"
  /** To the next expression on another line or in another frame. */
  | "in"
  /** To the next expression on another line of this frame, or to the frame that wanted its value. */
  | "over"
  /** To the frame that wanted the value of this one. */
  | "out"
  /** By one instruction. */
  | "instruction"
  /** By one instruction of this frame. */
  | "over-instruction"
  /** Nix: to the next expression that has a frame in C++ Nix. */
  | "nix-step"
  /** To one of these places, or to where something else stops. */
  | { readonly to: readonly CodePlace[] }
  /** Not at all: the evaluation fails with this error. */
  | { readonly fail: unknown };

/** An evaluation that has stopped. */
export interface StopEvent {
  readonly reason: StopReason;
  /** Innermost first. */
  readonly frames: readonly DebugFrame[];
  /** For an error. */
  readonly error?: EvalError | undefined;
  /** Whether a `tryEval` is around it. */
  readonly isInTry: boolean;
  /** The breakpoints that were reached. */
  readonly breakpoints: readonly Breakpoint[];
  /** The value of the frame that a step has left. */
  readonly returned?: Value | undefined;
  /** The step that is done. */
  readonly step?: Resume | undefined;
  /** Nix: how many of the innermost frames are pushed only by further steps. */
  readonly notPushed: number;
  /** The stop in which the user had this value forced, if any. */
  readonly outer?: StopEvent | undefined;
}

/** Which errors and messages stop an evaluation. */
export interface StopFilters {
  /** Errors that no `tryEval` catches. */
  uncaught: boolean;
  /** Errors that a `tryEval` catches. */
  caught: boolean;
  /** Kinds of errors that stop, caught or not. */
  readonly kinds: Set<"throw" | "assertion" | "abort">;
  /** Messages of `builtins.trace`. */
  trace: boolean;
  /** Messages of `builtins.warn`. */
  warn: boolean;
  /** `builtins.break`. */
  break: boolean;
  /** Nix: nothing inside of a `tryEval` stops. */
  ignoreTry: boolean;
  /** Only errors with a message that this accepts stop. */
  matches: ((message: Bytes) => boolean) | undefined;
}

/** What a debugger needs from the program around it. */
export interface DebuggerOptions {
  /** The evaluation has stopped; it continues as the promise says. */
  readonly onStop: (stop: StopEvent) => Promise<Resume>;
  /** The text of a log point; bytes, without a newline. */
  readonly onLog?: ((text: Bytes, frame: DebugFrame | undefined) => void) | undefined;
  /** A breakpoint that had no place has found one, or its file is loaded and has none for it. */
  readonly onBreakpointPlaced?: ((breakpoint: Breakpoint) => void) | undefined;
  /** A file was loaded. */
  readonly onLoaded?: ((file: LoadedFile) => void) | undefined;
  /** Milliseconds that a condition or a log point may take. Defaults to 5,000. */
  readonly timeLimit?: number | undefined;
}

/** A step under way. */
interface StepPlan {
  readonly kind: Exclude<Resume, object>;
  /** The frame from which it started. */
  readonly stack: readonly unknown[] | undefined;
  readonly base: number;
  readonly lambda: Lambda | undefined;
  readonly line: number;
  /** Set once that frame has returned. */
  returned: { readonly value: Value } | undefined;
  /** Nix: the expressions that have frames at the start, and are not stopped at. */
  readonly passed: Expr | undefined;
}

const DEFAULT_TIME_LIMIT = 5000;

/** A debugger of one evaluation. */
export class Debugger {
  readonly map = new CodeMap();
  readonly breakpoints: BreakpointTable;
  readonly filters: StopFilters = {
    uncaught: true,
    caught: false,
    kinds: new Set(),
    trace: false,
    warn: false,
    break: true,
    ignoreTry: false,
    matches: undefined,
  };
  readonly #options: DebuggerOptions;
  readonly #observer: { -readonly [Name in keyof RunObserver]: RunObserver[Name] | undefined };
  #evaluation: Evaluation | undefined;
  /** Above 0 while the user looks at a stop, and nothing else stops. */
  #muted = 0;
  #plan: StepPlan | undefined;
  /** The instruction at which the evaluation continues, which does not stop again. */
  #skipsNext = false;
  /** Whether the next instruction is looked at only to put the patches back. */
  #passing = false;
  #pauseWanted: "pause" | "entry" | undefined;
  /** The builtin that continues after a stop before it. */
  #passedBuiltin: Bytes | undefined;
  /** Breakpoints that last until the next stop. */
  readonly #targets = new Set<Breakpoint>();
  readonly #reported = new WeakSet<EvalError>();
  /** The stops that last; the last one is that of the value that was forced inside the others. */
  readonly #stops: StopEvent[] = [];

  constructor(options: DebuggerOptions) {
    this.#options = options;
    this.breakpoints = new BreakpointTable(this.map, (name) => this.#hasBuiltin(name));
    this.#observer = {
      instruction: undefined,
      callBuiltin: undefined,
      breakpoint: (lambda, pc, stack, base) => {
        throw this.#reached(lambda, pc, stack, base) ?? this.#silentStop();
      },
      failing: (machine, error) => this.#failing(machine, error),
    };
  }

  /** What the evaluation is created with. */
  get hooks(): DebugHooks {
    return {
      observer: this.#observer as RunObserver,
      builtin: (definition) => this.#stoppingBuiltin(definition),
      loaded: (resolution, source, root) => {
        const isListed = this.#muted === 0;
        const file = this.map.load(resolution, source, root, isListed);
        if (!isListed) return;
        this.#options.onLoaded?.(file);
        for (const breakpoint of this.breakpoints.fileLoaded(file)) {
          this.#options.onBreakpointPlaced?.(breakpoint);
        }
      },
      emit: (lambda, unit, resolution) => {
        const code = this.map.emit(lambda, unit, resolution);
        for (const breakpoint of this.breakpoints.codeEmitted(code)) {
          this.#options.onBreakpointPlaced?.(breakpoint);
        }
      },
    };
  }

  /** Tells the debugger its evaluation, which was created with {@link hooks}. */
  attach(evaluation: Evaluation): void {
    this.#evaluation = evaluation;
    this.breakpoints.findBuiltins();
    this.#run();
  }

  get evaluation(): Evaluation {
    if (this.#evaluation === undefined) throw new Error("the debugger has no evaluation yet");
    return this.#evaluation;
  }

  /** Whether the evaluation has stopped. */
  get isStopped(): boolean {
    return this.#stops.length > 0;
  }

  /** Stops the evaluation at the next instruction. */
  pause(reason: "pause" | "entry" = "pause"): void {
    this.#pauseWanted = reason;
    if (this.#muted === 0) this.#lookAtAll();
  }

  /** Whether a pause was asked for, and the evaluation has not stopped yet. */
  get isPauseWanted(): boolean {
    return this.#pauseWanted !== undefined;
  }

  /** Stops looking: from now on the evaluation runs as if there were no debugger. */
  detach(): void {
    for (const { id } of this.breakpoints.all) this.breakpoints.remove(id);
    const { filters } = this;
    filters.uncaught = filters.caught = filters.trace = filters.warn = filters.break = false;
    filters.kinds.clear();
    this.#plan = undefined;
    this.#pauseWanted = undefined;
    this.#run();
  }

  /** Gives up a step under way, which an evaluation that has ended did not end. */
  forgetStep(): void {
    this.#plan = undefined;
    this.#passing = false;
    this.#skipsNext = false;
    if (this.#muted === 0) this.#run();
  }

  /** Must be called after breakpoints were added or removed. */
  breakpointsChanged(): void {
    this.#watchBuiltins();
    if (this.#muted === 0 && this.#observer.instruction === undefined) this.breakpoints.arm();
  }

  /**
   * Evaluates an expression in the scope of a frame, with stops off. Throws what the evaluation throws.
   * With `milliseconds`, it is interrupted after that time.
   */
  async evaluate(
    text: Bytes,
    frame: DebugFrame | undefined,
    options: { readonly milliseconds?: number; readonly signal?: StopSignal } = {},
  ): Promise<Value> {
    return this.quietly((signal) => {
      const thunk = this.load(text, frame);
      return this.evaluation.forceAsync(thunk, signal === undefined ? {} : { signal });
    }, options);
  }

  /** An expression in the scope of a frame, not evaluated. Throws if it does not parse. */
  load(text: Bytes, frame: DebugFrame | undefined): Thunk {
    this.#muted++;
    try {
      const environment = frame?.environment;
      const namespaces = namespacesIn(environment);
      const scope = namesIn(environment);
      namespaces.forEach((namespace, i) => {
        scope.set(hiddenName(i), namespace);
      });
      const around = (expr: Expr): Expr =>
        namespaces.reduce<Expr>((body, _, i) => withAround(body, hiddenName(i)), expr);
      return this.evaluation.loadPart(text, around, { scope });
    } finally {
      this.#muted--;
    }
  }

  /** Does some evaluation with stops off. With `milliseconds`, it is interrupted after that time. */
  async quietly<Result>(
    work: (signal: StopSignal | undefined) => Promise<Result>,
    options: { readonly milliseconds?: number; readonly signal?: StopSignal } = {},
  ): Promise<Result> {
    const { milliseconds, signal } = options;
    const { io } = this.evaluation.context;
    const { instruction } = this.#observer;
    this.#muted++;
    this.breakpoints.disarm();
    this.#observer.instruction = undefined;
    try {
      return await work(milliseconds === undefined ? signal : deadline(io, milliseconds));
    } finally {
      this.#muted--;
      this.#observer.instruction = instruction;
      if (this.#muted === 0) this.#run();
    }
  }

  /**
   * Forces a slot while the evaluation has stopped, and stops at its first expression. The promise is
   * settled when the value is there; the outer stop then lasts on.
   */
  async forceAndStop(slot: Slot): Promise<Value> {
    const muted = this.#muted;
    this.#muted = 0;
    this.#plan = planFrom("in", undefined);
    this.#lookAtAll();
    try {
      return await this.evaluation.forceAsync(slot);
    } finally {
      this.#muted = muted;
      this.#plan = undefined;
      this.breakpoints.disarm();
      this.#observer.instruction = undefined;
    }
  }

  // ── Running and looking ────────────────────────────────────────────────────────────────────────

  /** Runs with patches in place, or looks at every instruction if a step or a pause needs that. */
  #run(): void {
    this.#watchBuiltins();
    if (this.#plan !== undefined || this.#pauseWanted !== undefined || this.#passing) {
      this.#lookAtAll();
    } else {
      this.#observer.instruction = undefined;
      this.breakpoints.arm();
    }
  }

  #lookAtAll(): void {
    this.breakpoints.disarm();
    this.#observer.instruction = (lambda, pc, stack, base, sp) =>
      this.#instruction(lambda, pc, stack, base, sp);
  }

  #watchBuiltins(): void {
    const { builtins } = this.breakpoints;
    this.#observer.callBuiltin =
      builtins.size === 0
        ? undefined
        : ({ definition: { name } }) => {
            if (this.#muted > 0) return;
            if (this.#passedBuiltin === name) {
              this.#passedBuiltin = undefined;
              return;
            }
            const breakpoint = builtins.get(name);
            if (breakpoint !== undefined) {
              throw this.#stop("builtin", "breakpoint", {
                breakpoints: [breakpoint],
                builtin: name,
              });
            }
          };
  }

  #hasBuiltin(name: Bytes): boolean {
    return this.#evaluation?.context.builtins.has(name) === true;
  }

  /** Called before each instruction while all are looked at. */
  #instruction(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
    sp: number,
  ): void {
    const code = this.map.codeOf(lambda);
    if (code === undefined || this.#muted > 0) return;
    if (this.#skipsNext) {
      this.#skipsNext = false;
      this.#noteReturn(lambda, pc, stack, base, sp);
      return;
    }
    const reached = this.#reached(lambda, pc, stack, base);
    if (reached !== undefined) throw reached;
    if (this.#pauseWanted !== undefined && !code.file.isInternal) {
      const reason = this.#pauseWanted;
      this.#pauseWanted = undefined;
      throw this.#stop("instruction", reason);
    }
    const plan = this.#plan;
    if (plan === undefined) {
      if (this.#pauseWanted === undefined) throw this.#silentStop();
      return;
    }
    if (this.#endsStep(plan, lambda, pc, stack, base)) {
      throw this.#stop("instruction", "step", { returned: plan.returned?.value });
    }
    this.#noteReturn(lambda, pc, stack, base, sp);
  }

  /** Remembers that the frame of a step is about to return. */
  #noteReturn(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
    sp: number,
  ): void {
    const plan = this.#plan;
    if (plan === undefined || stack !== plan.stack || base !== plan.base) return;
    if (lambda === plan.lambda && lambda.code[pc] === Op.Return) {
      plan.returned = { value: stack[sp - 1] as Value };
    }
  }

  #endsStep(
    plan: StepPlan,
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
  ): boolean {
    const code = this.map.codeOf(lambda);
    if (code === undefined) return false;
    if (plan.kind === "nix-step") return code.nixFramesAt(pc) > 0;
    if (plan.kind === "instruction") return true;
    if (code.file.isInternal) return false;
    if (plan.returned !== undefined) return true;
    const isSame = stack === plan.stack && base === plan.base && lambda === plan.lambda;
    if (isSame && (pc > 0 || plan.lambda === undefined)) {
      if (plan.kind === "over-instruction") return true;
      return plan.kind !== "out" && code.startsAt(pc) && code.lineAt(pc) !== plan.line;
    }
    if (plan.kind === "in") return code.startsAt(pc);
    // A frame inside of the one from which the step started; otherwise that one was left by an error.
    return plan.stack === undefined || !isInside(stack, base, plan.stack, plan.base);
  }

  /** A stop at the breakpoints of an instruction, if there are any. */
  #reached(lambda: Lambda, pc: number, stack: readonly unknown[], base: number): Stop | undefined {
    if (this.#muted > 0) return undefined;
    const breakpoints = this.breakpoints.at(lambda, pc, stack[base - 1]);
    return breakpoints.length === 0
      ? undefined
      : this.#stop("instruction", "breakpoint", { breakpoints });
  }

  #failing(machine: Machine, error: EvalError): Stop | undefined {
    if (this.#muted > 0 || this.#reported.has(error) || error.isRepeated) return undefined;
    if (error.kind === "parse" || isPassingKind(error.kind)) return undefined;
    this.#reported.add(error);
    error.resolveCallSite(stackFrames(machine, false)[0]?.pos ?? NO_POS);
    const frames = this.#framesOf(machine, false);
    if (!frames.some(({ code }) => code !== undefined)) return undefined;
    const isInTry = hasTry(frames);
    const { filters } = this;
    if (filters.ignoreTry && isInTry) return undefined;
    const isCaught = isInTry && error.catchable;
    const isWanted =
      (isCaught ? filters.caught : filters.uncaught) ||
      (filters.kinds as ReadonlySet<string>).has(error.kind);
    if (!isWanted || filters.matches?.(error.message) === false) return undefined;
    return this.#stop("error", "error", { error });
  }

  /** Makes `break`, `trace` and `warn` builtins that may stop. */
  #stoppingBuiltin(definition: BuiltinDefinition): BuiltinDefinition {
    const { name } = definition;
    if (name !== "break" && name !== "trace" && name !== "traceVerbose" && name !== "warn") {
      return definition;
    }
    const reason = name === "traceVerbose" ? "trace" : name;
    const stopFor = (showsTraces: boolean): Stop | undefined => {
      const isWanted = name !== "traceVerbose" || showsTraces;
      return this.#muted === 0 && isWanted && this.filters[reason]
        ? this.#stop("native", reason)
        : undefined;
    };
    const run: (...operands: never[]) => Slot | Suspendable<Slot> = definition.run;
    return {
      ...definition,
      kind: "suspending",
      *run(ctx, ...operands: never[]) {
        const made = run(ctx as never, ...operands);
        const result =
          definition.kind === "plain"
            ? (made as Slot)
            : ((yield made as Suspendable<Slot>) as Slot);
        const stop = stopFor(ctx.settings.traceVerbose);
        if (stop !== undefined) yield stop;
        return result;
      },
    };
  }

  // ── Stopping ───────────────────────────────────────────────────────────────────────────────────

  /** A stop that only leaves the loop, so that it reads the code again with the patches in it. */
  #silentStop(): Stop {
    const atBreakpoint = this.#observer.instruction === undefined;
    const settle = (): void => {
      // At a patch that is not wanted, the instruction under it has to run first.
      this.#passing = atBreakpoint;
      this.#skipsNext = atBreakpoint;
      if (this.#muted > 0) return;
      this.#run();
    };
    return new Stop(Promise.resolve(), "instruction", settle, settle);
  }

  #stop(
    place: Stop["place"],
    reason: StopReason,
    details: {
      readonly breakpoints?: readonly Breakpoint[];
      readonly error?: EvalError;
      readonly returned?: Value | undefined;
      readonly builtin?: Bytes;
    } = {},
  ): Stop {
    let release: (value: unknown) => void = () => {};
    let abort: (error: unknown) => void = () => {};
    const promise = new Promise((resolve, reject) => {
      release = resolve;
      abort = reject;
    });
    // The machine waits for it only after the stop has begun.
    promise.catch(() => {});
    const onStopped = (machine: Machine): void => {
      const step = this.#plan?.kind;
      this.#passing = false;
      this.#plan = undefined;
      this.#muted++;
      this.breakpoints.disarm();
      this.#observer.instruction = undefined;
      // A breakpoint that is passed over must not cost as much as the stack is deep.
      let frames: readonly DebugFrame[] | undefined;
      const own = (): readonly DebugFrame[] => {
        frames ??= this.#framesOf(machine, place === "instruction");
        return frames;
      };
      const outer = this.#stops.at(-1);
      const stop: StopEvent = {
        reason,
        get frames() {
          return [...own(), ...(outer?.frames ?? [])];
        },
        error: details.error,
        get isInTry() {
          return hasTry(own());
        },
        breakpoints: details.breakpoints ?? [],
        returned: details.returned,
        step,
        notPushed: step === "nix-step" ? Math.max(0, this.#nixFramesAt(machine) - 1) : 0,
        outer,
      };
      const [top] = this.#framesOf(machine, place === "instruction", 1);
      // The machine is still in its step, and nothing may run inside of it.
      const begun = Promise.resolve().then(() => this.#converse(stop, top));
      begun.then((resume) => {
        this.#muted--;
        if (typeof resume === "object" && "fail" in resume) {
          if (resume.fail instanceof EvalError) this.#reported.add(resume.fail);
          this.#run();
          abort(resume.fail);
          return;
        }
        this.#resume(resume, place, machine, details.builtin);
        release(undefined);
      }, abort);
    };
    const onPassed = (): void => this.#resume("continue", place, undefined, details.builtin);
    return new Stop(promise, place, onStopped, onPassed);
  }

  /** Decides whether a stop is for the user, and asks how to continue. */
  async #converse(stop: StopEvent, top: DebugFrame | undefined): Promise<Resume> {
    const { ignoreTry } = this.filters;
    if (ignoreTry && stop.reason === "break" && stop.isInTry) return "continue";
    let details = { reason: stop.reason, breakpoints: stop.breakpoints };
    if (stop.reason === "breakpoint") {
      const reached: Breakpoint[] = [];
      for (const breakpoint of stop.breakpoints) {
        if (await this.#holds(breakpoint, top)) reached.push(breakpoint);
      }
      if (reached.length === 0) return "continue";
      const lasting = reached.filter((breakpoint) => !this.#targets.has(breakpoint));
      const reason = lasting.length === 0 ? "step" : "breakpoint";
      details = { reason, breakpoints: lasting };
    }
    // From here on the frames are known.
    let event: StopEvent = { ...stop, ...details };
    for (const { id } of this.#targets) this.breakpoints.remove(id);
    this.#targets.clear();
    this.#stops.push(event);
    try {
      for (;;) {
        const resume = await this.#options.onStop(event);
        if (resume !== "nix-step" || event.notPushed === 0) return resume;
        event = { ...event, notPushed: event.notPushed - 1 };
      }
    } finally {
      this.#stops.pop();
    }
  }

  /** Counts a hit, checks the conditions and prints the message of a log point. */
  async #holds(breakpoint: Breakpoint, frame: DebugFrame | undefined): Promise<boolean> {
    const { condition, logMessage } = breakpoint.options;
    const milliseconds = this.#options.timeLimit ?? DEFAULT_TIME_LIMIT;
    if (condition !== undefined && condition !== "") {
      try {
        const value = await this.evaluate(condition, frame, { milliseconds });
        if (value === false) return false;
        if (value !== true) {
          const text = `the condition '${condition}' is ${typeWithArticle(value)} and not a Boolean`;
          this.#options.onLog?.(text, frame);
        }
      } catch (error) {
        // Somebody has to see that a condition fails, so it counts as true.
        const message = error instanceof EvalError ? error.message : String(error);
        this.#options.onLog?.(`the condition '${condition}' failed: ${message}`, frame);
      }
    }
    breakpoint.hits++;
    if (!breakpoint.isReached(breakpoint.hits)) return false;
    if (logMessage === undefined || logMessage === "") return true;
    this.#options.onLog?.(await logText(logMessage, frame, this, milliseconds), frame);
    return false;
  }

  #resume(
    resume: Exclude<Resume, { readonly fail: unknown }>,
    place: Stop["place"],
    machine: Machine | undefined,
    builtin: Bytes | undefined,
  ): void {
    this.#passedBuiltin = builtin;
    this.#skipsNext = place === "instruction";
    const isAtBreakpoint =
      place === "instruction" &&
      (machine === undefined || this.breakpoints.isAt(machine.lambda, machine.pc));
    if (resume === "continue" || typeof resume === "object") {
      if (typeof resume === "object") {
        for (const { code, pc } of resume.to) {
          this.#targets.add(this.breakpoints.add({ kind: "instruction", code, pc }));
        }
      }
      this.#plan = undefined;
      this.#passing = isAtBreakpoint;
      // Without a patch in the way nothing has to be passed.
      if (!isAtBreakpoint) this.#skipsNext = false;
    } else this.#plan = planFrom(resume, machine && this.#topCode(machine, place));
    this.#run();
  }

  /** The innermost frame of Nix code, from which a step starts. */
  #topCode(machine: Machine, place: Stop["place"]): PlanOrigin | undefined {
    const isBefore = place === "instruction";
    const isOurs = ({ code }: DebugFrame): boolean => code !== undefined && !code.file.isInternal;
    const frame =
      this.#framesOf(machine, isBefore, 1).find(isOurs) ??
      this.#framesOf(machine, isBefore).find(isOurs);
    const code = frame?.code;
    if (frame === undefined || code === undefined) return undefined;
    const { stack, base, lambda, at } = frame.frame;
    return { stack, base, lambda, line: code.lineAt(at), expr: frame.expr };
  }

  #nixFramesAt({ lambda, pc }: Machine): number {
    return this.map.codeOf(lambda)?.nixFramesAt(pc) ?? 0;
  }

  /** The frames of a machine that say something to the user. */
  #framesOf(machine: Machine, isBefore: boolean, limit?: number): DebugFrame[] {
    return stackFrames(machine, isBefore, limit)
      .map((frame) => new DebugFrame(this.map, frame))
      .filter(({ code, frame }) => code !== undefined || isBuiltinFrame(frame));
  }
}

/** A signal that stops an evaluation after some time; the evaluation looks at it between its slices. */
function deadline(io: EvalIo, milliseconds: number): StopSignal {
  const now = (): number => io.milliseconds?.() ?? io.now() * 1000;
  const end = now() + milliseconds;
  return {
    get aborted() {
      return now() >= end;
    },
    addEventListener: () => {},
    removeEventListener: () => {},
  };
}

/** Where a step starts. */
interface PlanOrigin {
  readonly stack: readonly unknown[];
  readonly base: number;
  readonly lambda: Lambda;
  readonly line: number;
  readonly expr: Expr | undefined;
}

function planFrom(kind: StepPlan["kind"], origin: PlanOrigin | undefined): StepPlan {
  return {
    kind,
    stack: origin?.stack,
    base: origin?.base ?? 0,
    lambda: origin?.lambda,
    line: origin?.line ?? 0,
    returned: undefined,
    passed: origin?.expr,
  };
}

function isBuiltinFrame({ kind, self }: DebugFrame["frame"]): boolean {
  return kind === "native" && (self as { builtin?: unknown }).builtin != null;
}

/** Whether one of the frames is a `tryEval`. */
function hasTry(frames: readonly DebugFrame[]): boolean {
  return frames.some(({ code, name }) => code === undefined && name === "builtins.tryEval");
}

/** A name that no text can contain. */
function hiddenName(index: number): Bytes {
  return `with ${index}`;
}

/** `with NAME; body`. */
function withAround(body: Expr, name: Bytes): Expr {
  const place = { start: body.start, end: body.end, pos: -1 };
  return {
    ...place,
    kind: NodeKind.With,
    namespace: { ...place, kind: NodeKind.Var, name },
    body,
  };
}
