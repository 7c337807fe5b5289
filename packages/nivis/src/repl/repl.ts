/**
 * Repl: the state and the rules of `nivis repl`, without a terminal. It takes one input at a time,
 * which may have several lines, and prints what C++ Nix prints for it (libcmd/repl.cc).
 *
 * `commands/repl.ts` reads the lines and calls {@link Repl.take}; the commands that begin with a colon
 * are rows of `repl-commands.ts`.
 */
import {
  Attrs,
  autoCall,
  Builtin,
  Closure,
  EvalError,
  evalErrorOf,
  knownValue,
  NO_POS,
  printPretty,
  type Slot,
  type Thunk,
  typeWithArticle,
  type Value,
  valueInError,
} from "@nivis/eval";
import { type Bytes, decodeUtf8, encodeUtf8, marked } from "@nivis/formats";
import { type Expr, NodeKind, printIdentifier } from "@nivis/syntax";
import { DebuggerExit } from "../debugger-exit.ts";
import { loadFlake } from "../flakes/repl-flake.ts";
import type { Invocation } from "../invocation.ts";
import { NOTICE_LEVEL } from "../log-format.ts";
import type { Session, Source } from "../session.ts";
import type { DebugStop } from "./debug-stop.ts";
import { Interrupts } from "./interrupts.ts";
import { canPage, isLongerThan, page } from "./pager.ts";
import { findCommand } from "./repl-commands.ts";

/** Below every level of messages. */
const SILENT = -1;

/** The number of names that are shown when a set is added to the scope. */
const SHOWN_NAMES = 20;

/** A set that the command line wants in the scope: a file, an expression or an output of a flake. */
export interface LoadedInstallable {
  /** Evaluates it, anew each time; `what` is how messages name it. */
  load(): Promise<{ readonly what: Bytes; readonly slot: Slot }>;
}

/** What a REPL may be made with. */
export interface ReplParts {
  /** What the command line wants in the scope. Defaults to nothing. */
  readonly installables?: readonly LoadedInstallable[];
  /** Whether messages tell inputs apart by number. Defaults to `false`, as in C++ Nix. */
  readonly numbersInputs?: boolean;
  /** The stop of the debugger that the REPL is for. Defaults to none. */
  readonly stop?: DebugStop | undefined;
  /** Those of the session. Defaults to new ones. */
  readonly interrupts?: Interrupts;
}

/** What becomes of the REPL after an input. */
export type Outcome = "done" | "incomplete" | "quit";

/** How a value is printed. */
export interface PrintDepth {
  /** The levels that are shown; all by default. */
  readonly maxDepth?: number;
}

/** The scope of a REPL and everything that its commands use. */
export class Repl {
  readonly session: Session;
  readonly invocation: Invocation;
  /** The stop of the debugger that this REPL is for. */
  readonly stop: DebugStop | undefined;
  /** Keeps what is evaluated for the user's convenience from stopping. */
  mute: <Result>(work: () => Promise<Result>) => Promise<Result> = (work) => work();
  /** Called before another program reads standard input; see {@link releaseTerminal}. */
  releaseInput: () => void = () => {};
  /** The files that `:reload` loads again, in order. */
  readonly #files = new Set<Bytes>();
  /** The flakes that it loads again after them. */
  readonly #flakes = new Set<Bytes>();
  /** The names of the set that was added last, in its own order. */
  lastLoaded: readonly Bytes[] | undefined;
  /** Replaced, never changed: code that was compiled earlier keeps its scope. */
  #scope: ReadonlyMap<Bytes, Slot> = new Map();
  readonly #installables: readonly LoadedInstallable[];
  /** The slots of bindings that were typed, which a reload may keep. */
  readonly #typed = new Map<Bytes, Slot>();
  /** Whether messages tell inputs apart by number. C++ Nix calls every input `string`. */
  readonly #numbersInputs: boolean;
  #inputs = 0;
  /** How the user stops what is under way; shared by all REPLs of the session. */
  readonly interrupts: Interrupts;
  /** What the input under way has printed, if that may go through a pager. */
  #held: Bytes | undefined;

  constructor(
    session: Session,
    invocation: Invocation,
    {
      installables = [],
      numbersInputs = false,
      stop,
      interrupts = new Interrupts(),
    }: ReplParts = {},
  ) {
    this.stop = stop;
    this.session = session;
    this.invocation = invocation;
    this.interrupts = interrupts;
    this.#numbersInputs = numbersInputs;
    this.#installables = installables;
  }

  /** The names that inputs can use besides the builtins. */
  get scope(): ReadonlyMap<Bytes, Slot> {
    return this.#scope;
  }

  /** Replaces the whole scope. */
  setScope(scope: ReadonlyMap<Bytes, Slot>): void {
    this.#scope = scope;
  }

  /**
   * Takes an input: bindings, an expression, or a command. Errors are shown, never thrown.
   * `incomplete` asks for the same input again with one more line at its end.
   */
  async take(input: Bytes): Promise<Outcome> {
    const text = trim(input);
    let outcome: Outcome = "done";
    if (text !== "") {
      this.#inputs++;
      this.stop?.begin();
      this.#held = canPage(this.invocation.terminal) ? "" : undefined;
      try {
        outcome = await this.interrupts.during(() => this.#process(text));
        await this.#showHeld();
      } catch (error) {
        await this.#showHeld();
        if (error instanceof DebuggerExit) return "quit";
        this.#report(error);
      }
    }
    if (outcome === "done") this.print("\n");
    return outcome;
  }

  async #process(text: Bytes): Promise<Outcome> {
    if (text.startsWith(":")) {
      const blank = text.search(/[ \n\r\t]/);
      const name = blank < 0 ? text : text.slice(0, blank);
      const argument = blank < 0 ? "" : trim(text.slice(blank));
      const command = findCommand(name, this.stop !== undefined);
      if (command === undefined) throw new EvalError("value", marked`unknown command '${name}'`);
      if (command.needs !== undefined && argument === "") {
        throw new EvalError("value", marked`'${name}' needs ${command.needs}`);
      }
      if (command.takesExpression === true && this.#isIncomplete(argument)) return "incomplete";
      return (await command.run(this, argument, name)) ?? "done";
    }
    const bindings = this.#tryBindings(text);
    if (bindings === "incomplete") return "incomplete";
    if (bindings === undefined) {
      const value = await this.evaluate(text);
      this.print(`${await this.format(value, { maxDepth: 1 })}\n`);
    } else {
      const scope = new Map(this.#scope);
      const slots = bindings.slots();
      bindings.names().forEach((name, i) => {
        scope.set(name, slots[i] as Slot);
        this.#typed.set(name, slots[i] as Slot);
      });
      this.#scope = scope;
    }
    return "done";
  }

  /**
   * Reads an input as bindings. Returns nothing if it is an expression, or is neither: evaluating
   * it then reports the mistake.
   */
  #tryBindings(text: Bytes): Attrs | "incomplete" | undefined {
    try {
      return this.session.evaluation.loadBindings(text, this.#source(text));
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      if (error.kind !== "parse") throw error;
      if (this.#isIncomplete(text)) return "incomplete";
      // A name alone may be an expression, and so is not yet a binding; everything behind an `=`
      // is. C++ Nix reports these as mistakes (NixOS/nix#16310).
      const isOpenBinding = endsTooEarly(error) && !error.message.includes("expecting '.' or '='");
      return isOpenBinding && !this.#isExpression(text) ? "incomplete" : undefined;
    }
  }

  /** Whether an input needs more lines. */
  needsMore(input: Bytes): boolean {
    const text = trim(input);
    const command = /^:\S*\s*/.exec(text);
    if (command !== null) {
      const argument = text.slice(command[0].length);
      const row = findCommand(command[0].trimEnd(), this.stop !== undefined);
      return row?.takesExpression === true && argument !== "" && this.#isIncomplete(argument);
    }
    return text !== "" && this.#tryBindings(text) === "incomplete";
  }

  /** Whether more lines could make an expression of a text. */
  #isIncomplete(text: Bytes): boolean {
    try {
      this.session.evaluation.parseChecked(text, this.#source(text));
    } catch (error) {
      return endsTooEarly(error);
    }
    return false;
  }

  #isExpression(text: Bytes): boolean {
    try {
      this.session.evaluation.parseChecked(text, this.#source(text));
    } catch (error) {
      return !(error instanceof EvalError && error.kind === "parse");
    }
    return true;
  }

  #source(text: Bytes): Source & { readonly scope: ReadonlyMap<Bytes, Slot> } {
    const source = { ...this.session.expression(text), scope: this.#scope };
    if (!this.#numbersInputs) return source;
    return { ...source, origin: { kind: "string", name: `input ${this.#inputs}` } };
  }

  /** Parses an expression and resolves its names in the scope. */
  parse(text: Bytes): Expr {
    return this.session.evaluation.parseChecked(text, this.#source(text));
  }

  /** An expression in the scope, not evaluated. */
  thunkOf(text: Bytes): Thunk {
    return this.session.evaluation.loadText(text, this.#source(text));
  }

  /** Evaluates an expression in the scope. */
  evaluate(text: Bytes): Promise<Value> {
    return this.force(this.thunkOf(text));
  }

  /** Evaluates the set of an expression that is a selection: `a.b` of `a.b.c`. */
  evaluateSelected(text: Bytes): Promise<Value> {
    const { evaluation } = this.session;
    return this.force(evaluation.loadPart(text, withoutLastName, this.#source(text)));
  }

  /**
   * Evaluates an expression for the user's convenience: within some milliseconds, and without
   * showing messages. Throws what an evaluation throws.
   */
  async quietly(text: Bytes, milliseconds = 1000): Promise<Value> {
    const { invocation, session } = this;
    const { verbosity } = invocation;
    invocation.verbosity = SILENT;
    try {
      const thunk = session.evaluation.loadText(text, this.#source(text));
      return await this.interrupts.during(
        (signal) => this.mute(() => session.evaluation.forceAsync(thunk, { signal })),
        milliseconds,
      );
    } finally {
      invocation.verbosity = verbosity;
    }
  }

  /** The names of the builtins in scope. */
  get globalNames(): readonly Bytes[] {
    return this.session.evaluation.globalNames;
  }

  /** A line about a name in scope: what a builtin does, or the type of a value that is known. */
  summaryOf(name: Bytes): string | undefined {
    const slot = this.#scope.get(name) ?? this.session.evaluation.global(name);
    return slot === undefined ? undefined : summarize(slot);
  }

  /** A line about an attribute. */
  attributeSummary(set: Attrs, name: Bytes): string | undefined {
    const slot = set.get(name);
    return slot === undefined ? undefined : summarize(slot);
  }

  /** Forces a slot; an interruption stops that. */
  force(slot: Slot): Promise<Value> {
    return this.session.evaluation.forceAsync(slot, this.#runOptions());
  }

  /** Runs native code that can be suspended; an interruption stops that. */
  run<Result>(generator: Parameters<Session["run"]>[0]): Promise<Result> {
    return this.session.evaluation.runAsync(generator, this.#runOptions()) as Promise<Result>;
  }

  #runOptions(): { readonly signal: AbortSignal | undefined } {
    return { signal: this.interrupts.signal };
  }

  /** Prints a value, with derivations as paths and errors inside as texts. */
  format(value: Value, { maxDepth }: PrintDepth = {}): Promise<Bytes> {
    return this.run(
      printPretty(this.session.evaluation.context, value, {
        color: this.invocation.terminal.outColor === true,
        indent: 2,
        throwsAtTop: true,
        ...(maxDepth === undefined ? {} : { maxDepth }),
      }),
    );
  }

  /** Prints a value on one line and without colours, within some milliseconds. */
  async formatShortly(value: Value, milliseconds: number): Promise<Bytes> {
    const { evaluation } = this.session;
    const text = printPretty(evaluation.context, value, { maxDepth: 2, throwsAtTop: true });
    return this.interrupts.during((signal) => evaluation.runAsync(text, { signal }), milliseconds);
  }

  /** Writes data to standard output; on a terminal at the end of the input, for a pager may show it. */
  print(text: Bytes): void {
    if (this.#held === undefined) this.invocation.terminal.writeOut(text);
    else this.#held += text;
  }

  /** Leaves the terminal to another program; what has been printed is to be seen before it starts. */
  releaseTerminal(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.invocation.terminal.writeOut(held);
    this.releaseInput();
  }

  /** Shows what the input has printed, through a pager if the terminal is too small for it. */
  async #showHeld(): Promise<void> {
    const text = this.#held;
    this.#held = undefined;
    if (text === undefined || text === "") return;
    const { terminal } = this.invocation;
    if (!isLongerThan(terminal, text)) return terminal.writeOut(text);
    this.releaseInput();
    await page(terminal, text);
  }

  /** Tells the user something on standard error, unless quiet. */
  notice(text: string): void {
    if (this.invocation.verbosity >= NOTICE_LEVEL) this.invocation.note(encodeUtf8(text));
  }

  /** Adds the attributes of a set to the scope and says so. */
  async add(slot: Slot): Promise<void> {
    const value = await this.force(slot);
    if (!(value instanceof Attrs)) {
      const error = new EvalError(
        "type",
        marked`expected a set but found ${typeWithArticle(value)}: ${valueInError(value, this.session.evaluation.positions)}`,
      );
      const place = value instanceof Closure ? value.code.pos : NO_POS;
      error.addTrace(place, "while evaluating an attribute set to be merged in the global scope");
      throw error;
    }
    const scope = new Map(this.#scope);
    const names = value.names();
    const slots = value.slots();
    names.forEach((name, i) => {
      scope.set(name, slots[i] as Slot);
    });
    this.#scope = scope;
    this.lastLoaded = [...names];
    const sorted = value.sortedNames();
    this.notice(`Added ${sorted.length} variables.`);
    const shown = sorted.slice(0, SHOWN_NAMES).map(printIdentifier).join(", ");
    if (this.invocation.verbosity >= NOTICE_LEVEL) this.invocation.note(shown);
    const more = sorted.length - SHOWN_NAMES;
    if (more > 0) this.notice(`... and ${more} more; view with :ll`);
  }

  /** Loads a file, `<name>` included, calls it with the automatic arguments, and adds the result. */
  async load(path: Bytes): Promise<void> {
    const { session } = this;
    const { context } = session.evaluation;
    const source = session.toldFile(path);
    const loaded = await this.run<Value>(session.program(source));
    await this.add(await this.run<Value>(autoCall(context, session.autoArguments(), loaded)));
    // Moved to the end; a file that fails is not remembered.
    this.#files.delete(path);
    this.#files.add(path);
  }

  /** Adds the outputs of a flake to the scope, and what is known of its source. */
  async loadFlake(reference: Bytes): Promise<void> {
    await this.add(await loadFlake(reference, this.session, this.invocation));
    this.#flakes.delete(reference);
    this.#flakes.add(reference);
  }

  /**
   * Empties the scope and loads everything again that was loaded from files and flakes. With
   * `keepsTyped`, bindings that were typed stay; they still see what they saw before.
   */
  async reload(keepsTyped = false): Promise<void> {
    this.session.evaluation.forgetFiles();
    this.#scope = new Map();
    for (const path of [...this.#files]) {
      this.notice(`Loading "${decodeUtf8(path)}"...`);
      await this.#attempt(() => this.load(path));
    }
    await this.loadInstallables();
    for (const reference of [...this.#flakes]) {
      this.notice(`Loading flake '${decodeUtf8(reference)}'...`);
      await this.#attempt(() => this.loadFlake(reference));
    }
    if (keepsTyped) this.#scope = new Map([...this.#scope, ...this.#typed]);
    else this.#typed.clear();
  }

  /** Adds what the command line names. Where it is `first`, one that cannot be opened is thrown. */
  async loadInstallables(first = false): Promise<void> {
    for (const { load } of this.#installables) {
      const open = async (): Promise<void> => {
        const { what, slot } = await load();
        this.notice(`Loading installable '${decodeUtf8(what)}'...`);
        await this.#attempt(() => this.add(slot));
      };
      if (first) await open();
      else await this.#attempt(open);
    }
  }

  /** Shows an error instead of throwing it. */
  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(thrown: unknown): void {
    const error = evalErrorOf(thrown);
    const wasStopped = error instanceof EvalError && error.kind === "interrupted";
    // Where it was stopped is chance, and would be shown as a trace.
    this.invocation.report(wasStopped ? new EvalError("interrupted", error.message) : error);
  }
}

/** What is known of a slot without evaluating it. */
function summarize(slot: Slot): string | undefined {
  const value = knownValue(slot);
  if (value === undefined) return undefined;
  if (value instanceof Builtin) return firstSentence(value.definition.doc);
  return decodeUtf8(typeWithArticle(value));
}

function firstSentence(text: Bytes): string {
  const sentence = /^.*?[.:](?=\s|$)/s.exec(text)?.[0] ?? text;
  return decodeUtf8(sentence).replace(/\s+/g, " ").replace(/[.:]$/, "");
}

/** The expression that a selection selects its last name from. */
function withoutLastName(expr: Expr): Expr {
  if (expr.kind !== NodeKind.Select) return expr;
  return expr.path.length === 1 ? expr.base : { ...expr, path: expr.path.slice(0, -1) };
}

/** Whether an error says that the text of an input ends before it is complete. */
function endsTooEarly(error: unknown): boolean {
  return (
    error instanceof EvalError &&
    error.kind === "parse" &&
    error.message.includes("unexpected end of file")
  );
}

/** Removes the blanks of the REPL at both ends. */
function trim(text: Bytes): Bytes {
  return text.replace(/^[ \n\r\t]+|[ \n\r\t]+$/g, "");
}
