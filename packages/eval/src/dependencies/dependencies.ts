/**
 * Dependencies: what each value of a warm evaluation was computed from.
 *
 * While a thunk is evaluated, an {@link Observation} collects the set of inputs that its evaluation
 * looks at, directly or through the values of other thunks. A thunk that depends on something is then
 * not plainly *forced* but *tracked*: it has its value, its set and what it was made of. When the
 * world has changed, {@link Dependencies.revise} asks all inputs again and makes the sets of the
 * changed ones stale. A tracked thunk whose set is stale becomes suspended again when somebody reads
 * it, and is evaluated anew; all others keep their values and their identity.
 *
 * A tracked thunk is in a state of its own, so the fast paths of the machine, which test for the
 * forced state, neither know of it nor pay for it. `Evaluation` opens this if it is to be warm. See
 * docs/design/014-warm-evaluation.md.
 */
import type { Bytes, HashFunctions } from "@nivis/formats";
import type { Lambda } from "../bytecode/lambda.ts";
import { EvalError } from "../errors/eval-error.ts";
import { isPassingKind } from "../errors/kinds.ts";
import { type DirectoryEntry, type EvalIo, type FileLook, IoError } from "../io.ts";
import { parentOfPath } from "../path.ts";
import type { PosIdx, PositionTable } from "../position.ts";
import { ThunkCopy } from "../value/copies.ts";
import {
  FAILED,
  settle,
  Thunk,
  type ThunkRecipe,
  TrackedState,
  valueOfForced,
} from "../value/thunk.ts";
import type { Closure, Slot, Value } from "../value/value.ts";
import type { Segment } from "../vm/frame.ts";
import type { Suspendable } from "../vm/requests.ts";
import { failThunk, suspendedCode } from "../vm/unwind.ts";
import { ArgumentCopy } from "./argument-copy.ts";
import { CallChoice } from "./call-choice.ts";
import { type Caller, CallMemory, isMadeByFrameBelow } from "./call-memory.ts";
import { CaughtFailures } from "./caught-failures.ts";
import { EMPTY, InputSets } from "./input-sets.ts";

/** Contents up to this length are kept to be compared; of longer ones, the hash is. */
const MAX_KEPT_LENGTH = 1 << 16;
/** Lines before and after a position that a message may show. */
const SHOWN_LINES = 3;

/** What a thunk was before it was evaluated, and what its value depends on. */
class Recipe implements ThunkRecipe {
  constructor(
    readonly code: Thunk["code"],
    readonly a: Slot | undefined,
    readonly b: Slot | undefined,
    readonly rest: Slot[] | null,
    /** The number of a set of inputs. */
    readonly set: number,
    /** The revision in which the thunk was evaluated. */
    readonly revision: number,
  ) {}
}

function recipeOf(thunk: Thunk): Recipe {
  return thunk.rest as unknown as Recipe;
}

/** Makes a thunk suspended again, as it was before its evaluation. */
function restore(thunk: Thunk): void {
  const { code, a, b, rest } = recipeOf(thunk);
  thunk.code = code;
  thunk.a = a;
  thunk.b = b;
  thunk.rest = rest;
}

/** The state of a thunk with a value that depends on inputs. */
class Tracked extends TrackedState {
  constructor(private readonly dependencies: Dependencies) {
    super("tracked");
  }

  override read(thunk: Thunk): Slot | undefined {
    const { dependencies } = this;
    const { set } = recipeOf(thunk);
    if (!dependencies.sets.holds(set)) {
      dependencies.decide(set);
      restore(thunk);
      return undefined;
    }
    dependencies.note(set);
    return thunk.a;
  }

  override enter(thunk: Thunk): Slot | undefined {
    return this.read(thunk);
  }

  override hasFailed(): boolean {
    return false;
  }

  override recipe(thunk: Thunk): ThunkRecipe {
    return recipeOf(thunk);
  }
}

/**
 * The state of a thunk that has failed in a warm evaluation. The error holds for one revision: its
 * traces and the values that its message shows depend on what else was evaluated before.
 */
class TrackedFailure extends TrackedState {
  constructor(private readonly dependencies: Dependencies) {
    super("failed and tracked");
  }

  override read(thunk: Thunk): undefined {
    const { dependencies } = this;
    if (recipeOf(thunk).revision !== dependencies.revision) dependencies.suspendFailed(thunk);
    return undefined;
  }

  override enter(thunk: Thunk): undefined {
    const { dependencies } = this;
    const { set, revision } = recipeOf(thunk);
    if (revision !== dependencies.revision) {
      dependencies.suspendFailed(thunk);
      return undefined;
    }
    dependencies.note(set);
    const error: unknown = thunk.a;
    throw error instanceof EvalError ? dependencies.failures.repeat(error) : error;
  }

  override hasFailed(thunk: Thunk): boolean {
    this.read(thunk);
    return thunk.code === this;
  }

  override recipe(thunk: Thunk): ThunkRecipe {
    return recipeOf(thunk);
  }
}

/** Collects what the thunks of one machine look at. The machine tells it where thunks begin and end. */
export class Observation {
  /** The set of the thunk that is being evaluated. */
  current = EMPTY;
  /** The sets of the thunks around it. */
  readonly #outer: number[] = [];
  /** Those of the thunks around it that have made calls, by their depth; no longer than needed. */
  readonly #callers: (Caller | undefined)[] = [];
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** The evaluation of a thunk begins. */
  enter(): void {
    this.#outer.push(this.current);
    this.current = EMPTY;
  }

  /** The evaluation of a thunk ends with a value; `frame` is the lambda of its frame. */
  settle(thunk: Thunk, value: Slot, frame: Lambda): void {
    const set = this.current;
    if (this.#callers.length > this.#outer.length) this.#endCaller(set);
    const outer = this.#outer.pop() as number;
    if (set === EMPTY) {
      settle(thunk, value as Value);
      this.current = outer;
      return;
    }
    const { tracked, revision, sets } = this.#dependencies;
    const recipe = new Recipe(
      suspendedCode(thunk, frame),
      thunk.a,
      thunk.b,
      thunk.rest,
      set,
      revision,
    );
    thunk.code = tracked;
    thunk.a = value;
    thunk.b = undefined;
    thunk.rest = recipe as unknown as Slot[];
    this.current = outer === EMPTY ? set : sets.union(outer, set);
  }

  /** The evaluation of a thunk ends with an error. */
  fail(thunk: Thunk, error: unknown, frame: Lambda): void {
    const { a, b, rest } = thunk;
    if (this.#callers.length > this.#outer.length) this.#endCaller(this.current, true);
    const set = this.leave();
    const { failed, revision } = this.#dependencies;
    const recipe = new Recipe(suspendedCode(thunk, frame), a, b, rest, set, revision);
    failThunk(thunk, error, frame);
    if (thunk.code !== FAILED) return;
    thunk.code = failed;
    thunk.rest = recipe as unknown as Slot[];
    this.#dependencies.noteFailure(thunk);
    // The original keeps the error: traces that one reader of the copy adds are not for the next one.
    if (thunk instanceof ThunkCopy) restore(thunk);
  }

  /** An error leaves the machine. */
  escape(error: unknown): void {
    if (this.#dependencies.failures.mayLackTraces(error)) this.#dependencies.expose();
  }

  /** What {@link enter} began ends; returns its set. */
  leave(): number {
    const set = this.current;
    if (this.#callers.length > this.#outer.length) this.#endCaller(set);
    this.current = this.#dependencies.sets.union(this.#outer.pop() as number, set);
    return set;
  }

  /**
   * Returns a call as a thunk that may have a value already; `undefined` if calls of the function are not remembered. `lambda`, `stack` and `base` are the frame that calls.
   */
  call(
    callee: Closure,
    argument: Slot,
    lambda: Lambda,
    stack: Segment,
    base: number,
  ): Thunk | undefined {
    const { calls } = this.#dependencies;
    if (!calls.accepts(callee)) return undefined;
    const depth = this.#outer.length;
    const caller = this.#callerAt(depth);
    const thunk: unknown = stack[base - 1];
    if (thunk instanceof Thunk) {
      caller.text = this.#dependencies.setOfText(lambda.base);
      if (caller.maker === undefined && isMadeByFrameBelow(stack, base, thunk)) {
        caller.maker = this.#callerAt(depth - 1);
      }
    }
    const isIsolated = this.#dependencies.isIsolated(callee, lambda, this.current);
    return calls.callOf(callee, argument, caller, isIsolated);
  }

  #callerAt(depth: number): Caller {
    let caller = this.#callers[depth];
    if (caller === undefined) {
      caller = { set: undefined, failedIn: -1, text: EMPTY, maker: undefined };
      this.#callers[depth] = caller;
    }
    return caller;
  }

  #endCaller(set: number, hasFailed = false): void {
    const depth = this.#outer.length;
    const caller = this.#callers[depth];
    this.#callers.length = depth;
    if (caller === undefined) return;
    caller.set = set;
    if (hasFailed) caller.failedIn = this.#dependencies.revision;
  }

  /** Ends a run, however it ended; returns the set of all that it looked at. */
  finish(): number {
    while (this.#outer.length > 0) this.leave();
    const set = this.current;
    if (this.#callers.length > 0) this.#endCaller(set);
    this.current = EMPTY;
    return set;
  }
}

/** The result of looking at the world again. */
export interface Revision {
  /** The number of inputs that have changed. */
  readonly changed: number;
  /** The number of given paths that no input is about. */
  readonly unknown: number;
}

/** What a set of inputs is about. */
export interface Origins {
  readonly paths: readonly Bytes[];
  /** Inputs that stand for logged lines. */
  readonly lines: readonly number[];
}

/** The kinds of questions about files. */
export type FileQuestion = "type" | "executable" | "contents" | "listing" | "link";

/** A question and the answer that the evaluation got. */
interface Input {
  readonly id: number;
  readonly path: Bytes;
  readonly answer: string;
}

/** The dependencies of one evaluation. */
export class Dependencies {
  readonly sets = new InputSets();
  /** The state of thunks whose value depends on inputs. */
  readonly tracked: TrackedState = new Tracked(this);
  /** The state of thunks that have failed. */
  readonly failed: TrackedState = new TrackedFailure(this);
  readonly failures = new CaughtFailures();
  /** The calls that may be made again. */
  readonly calls = new CallMemory({
    originOf: (thunk) => (thunk.code === this.tracked ? recipeOf(thunk) : undefined),
    valueOf: (thunk) => this.#presentValueOf(thunk),
    isOver: (caller) => this.#isOver(caller),
    copyOf: (argument) => this.#copyOf(argument),
    isDoubtful: ({ token }) => this.#doubtful.has(token),
    confirm: (copy) => this.#confirm(copy),
    retire: (copy) => this.#retired.push(copy),
    try: (attempt) => this.#try(attempt),
  });
  /** Collects for the machine that runs; outside of machines, for nobody. */
  active = new Observation(this);
  /** How often the evaluation was told to look at the world again. */
  revision = 0;
  readonly #hashes: HashFunctions;
  readonly #files: Readonly<Record<FileQuestion, Map<Bytes, Input>>> = {
    type: new Map(),
    executable: new Map(),
    contents: new Map(),
    listing: new Map(),
    link: new Map(),
  };
  /** Paths with inputs that are newer than the last look at all files. */
  readonly #unlooked = new Set<Bytes>();
  readonly #variables = new Map<Bytes, Input>();
  /** The paths that inputs are about; `""` for those that are not about one. */
  readonly #paths: Bytes[] = [];
  /** The input that changes with each revision; `undefined` until something depends on it. */
  #passing: number | undefined;
  /** The input that stands for the lines since the last {@link endLines}; `undefined` if there are none. */
  #line: number | undefined;
  /** All such inputs of this revision. */
  readonly #lines = new Set<number>();
  /** Inputs that gave another answer during a revision. */
  #contradicted: number[] = [];
  /** By the position of their first byte. */
  readonly #texts = new Map<PosIdx, number>();
  readonly #recalled = new Map<string, { readonly value: unknown; readonly set: number }>();
  readonly #questions: Readonly<Record<FileQuestion, (path: Bytes) => string>>;
  readonly #io: EvalIo;
  #isExposed = false;
  /** Whether arguments of remembered calls may be copied. */
  isolates = true;
  /** Whether all of them are, for tests. */
  isolatesAll = false;
  /** The positions of the evaluation, as soon as it has them. */
  positions: PositionTable | undefined;
  readonly #choice = new CallChoice();
  readonly #copies = new Set<ArgumentCopy>();
  /** Copies that nobody can look at, whose tokens become stale at the next revision. */
  #retired: ArgumentCopy[] = [];
  /** By their tokens: copies whose originals may have changed. */
  readonly #doubtful = new Map<number, ArgumentCopy>();
  /** Thunks that have failed in each attempt that is going on. */
  readonly #attempts: Thunk[][] = [];

  constructor(io: EvalIo, hashes: HashFunctions) {
    this.#io = io;
    this.#hashes = hashes;
    this.#questions = {
      type: (path) => io.fileType(path) ?? "",
      executable: (path) => String(io.isExecutable(path)),
      contents: (path) => this.#contentsAnswer(io.readFile(path)),
      listing: (path) => listingAnswer(io.readDirectory(path)),
      link: (path) => io.readLink(path),
    };
  }

  /** Returns an observation for another machine. */
  observe(): Observation {
    return new Observation(this);
  }

  /** Adds a set to what is being evaluated. */
  note(set: number): void {
    const { active } = this;
    if (active.current !== set) active.current = this.sets.union(active.current, set);
  }

  /**
   * Adds an input that is different in each revision: the time, an answer of a store that may be another
   * one later.
   */
  notePassing(): void {
    this.#passing ??= this.#addInput("");
    this.note(this.sets.of(this.#passing));
  }

  /** Adds a line that was logged: an input that is different in each revision, so that it comes again. */
  noteLine(): void {
    if (this.#line === undefined) {
      this.#line = this.#addInput("");
      this.#lines.add(this.#line);
    }
    this.note(this.sets.of(this.#line));
    // A new evaluation might log it later, or not at all.
    if (this.#attempts.length > 0) this.expose();
  }

  /**
   * Returns the input that stands for the lines since the last call, or `undefined` if nothing was logged.
   * Later lines get an input of their own.
   */
  endLines(): number | undefined {
    const line = this.#line;
    this.#line = undefined;
    return line;
  }

  /**
   * Something was shown in which it can be seen which values were evaluated already. In later
   * revisions more of them are than in a new evaluation.
   */
  expose(): void {
    this.#isExposed = true;
  }

  /** Whether {@link expose} was called in this revision. */
  get isExposed(): boolean {
    return this.#isExposed;
  }

  /**
   * Returns the result of `compute`, which looks at inputs but at no thunk, computed at most once for
   * a key as long as these inputs are the same.
   */
  recall<Result>(key: string, compute: () => Result): Result {
    const known = this.#recalled.get(key);
    if (known !== undefined && !this.sets.isStale(known.set)) {
      this.note(known.set);
      return known.value as Result;
    }
    const { active } = this;
    active.enter();
    try {
      const value = compute();
      this.#recalled.set(key, { value, set: active.current });
      return value;
    } finally {
      active.leave();
    }
  }

  /**
   * Returns the paths of the files that each set is about, and its lines as {@link endLines} numbers them;
   * `undefined` for sets with another input that cannot be asked again. Variables are left out.
   */
  originsOf(sets: readonly number[]): readonly (Origins | undefined)[] {
    const paths: (Bytes | undefined)[] = [];
    for (const inputs of Object.values(this.#files)) {
      for (const { id, path } of inputs.values()) paths[id] = path;
    }
    const variables = new Set(Array.from(this.#variables.values(), ({ id }) => id));
    const copied = new Map(Array.from(this.#copies, ({ token, set }) => [token, set]));
    return sets.map((set) => {
      const found = new Set<Bytes>();
      const lines: number[] = [];
      // A token stands for what was looked at in an argument.
      const members = new Set(this.sets.membersOf(set));
      for (const member of members) {
        const other = copied.get(member);
        if (other === undefined) continue;
        for (const one of this.sets.membersOf(other)) members.add(one);
      }
      for (const member of members) {
        const path = paths[member];
        if (path !== undefined) found.add(path);
        else if (this.#lines.has(member)) lines.push(member);
        else if (copied.has(member)) continue;
        else if (!variables.has(member)) return undefined;
      }
      return { paths: [...found], lines };
    });
  }

  /** By the number of each input, the path that it is about; `""` if it is not about one. */
  get inputPaths(): readonly Bytes[] {
    return this.#paths;
  }

  /** Adds an input that {@link revise} does not ask again; returns the set with it. */
  setOfForeign(path: Bytes): number {
    return this.sets.of(this.#addInput(path));
  }

  #addInput(path: Bytes): number {
    return this.#paths.push(path) - 1;
  }

  /** The set of a result of {@link recall}; the empty one if there is none. */
  setOfRecalled(key: string): number {
    return this.#recalled.get(key)?.set ?? EMPTY;
  }

  /** Gives a thunk a value that depends on a set of inputs. */
  track(thunk: Thunk, value: Slot, { code, a, b, rest, set }: ThunkRecipe): void {
    const recipe = new Recipe(code, a, b, rest, set, this.revision);
    thunk.code = this.tracked;
    thunk.a = value;
    thunk.b = undefined;
    thunk.rest = recipe as unknown as Slot[];
  }

  /** Notes that what was looked at so far says what the text at a position is. */
  noteText(base: PosIdx): void {
    this.#texts.set(base, this.active.current);
  }

  /** The set of what says what the text at a position is. */
  setOfText(base: PosIdx): number {
    return this.#texts.get(base) ?? EMPTY;
  }

  #isOver({ set, failedIn, text, maker }: Caller): boolean {
    if (set === undefined) return false;
    if (this.sets.isStale(set) || this.sets.isStale(text)) return true;
    if (failedIn >= 0 && failedIn < this.revision) return true;
    return maker !== undefined && this.#isOver(maker);
  }

  /** Whether the argument of a call is copied; `site` is the code that calls, which depends on `set`. */
  isIsolated(callee: Closure, site: Lambda, set: number): boolean {
    if (!this.isolates || this.isolatesAll) return this.isolates;
    return this.#choice.accepts(callee.code, site, set, () => this.sets.membersOf(set));
  }

  /** A thunk has failed. */
  noteFailure(thunk: Thunk): void {
    this.failures.note(thunk);
    this.#attempts.at(-1)?.push(thunk);
  }

  /** Makes a thunk that has failed suspended again. */
  suspendFailed(thunk: Thunk): void {
    this.failures.forget(thunk);
    restore(thunk);
  }

  /** What is in doubt in a set that is looked at has changed. */
  decide(set: number): void {
    if (!this.sets.isDoubtful(set)) return;
    for (const member of this.sets.membersOf(set)) {
      const copy = this.#doubtful.get(member);
      if (copy !== undefined) this.#giveUp(copy);
    }
  }

  #presentValueOf(thunk: Thunk): Slot | undefined {
    if (thunk.code !== this.tracked) return valueOfForced(thunk);
    return this.sets.holds(recipeOf(thunk).set) ? valueOfForced(thunk) : undefined;
  }

  #copyOf(argument: Slot): ArgumentCopy {
    const { sets } = this;
    const copy = new ArgumentCopy(
      {
        addToken: () => this.#addInput(""),
        noteToken: (noted) => {
          if (this.#doubtful.has(noted.token)) this.#giveUp(noted);
          this.note(sets.of(noted.token));
        },
        takeSet: () => {
          const { current } = this.active;
          this.active.current = EMPTY;
          return current;
        },
        putSet: (set) => {
          this.active.current = set;
        },
        union: (a, b) => sets.union(a, b),
        areSamePositions: (a, b) => this.#areSamePositions(a, b),
        lastValueOf: ({ code, a }) => (code === null || code === this.tracked ? a : undefined),
      },
      argument,
    );
    this.#copies.add(copy);
    return copy;
  }

  /** Whether two positions, and the lines around them, are the same in two versions of a file. */
  #areSamePositions(a: PosIdx, b: PosIdx): boolean {
    const left = this.positions?.resolve(a);
    const right = this.positions?.resolve(b);
    if (left === undefined || right === undefined) return false;
    const { origin } = left.source;
    const other = right.source.origin;
    if (origin.kind !== "file" || other.kind !== "file" || origin.path !== other.path) return false;
    return (
      linesAround(left.source.text, left.offset) === linesAround(right.source.text, right.offset)
    );
  }

  /** Finds the copies whose originals may have changed. */
  #doubt(): void {
    const { sets } = this;
    for (let isDone = false; !isDone; ) {
      isDone = true;
      const tokens: number[] = [];
      for (const copy of this.#copies) {
        if (this.#doubtful.has(copy.token) || sets.holds(copy.set)) continue;
        this.#doubtful.set(copy.token, copy);
        tokens.push(copy.token);
        isDone = false;
      }
      if (tokens.length > 0) sets.doubt(tokens);
    }
  }

  /** What was looked at in a copy has changed. */
  #giveUp(copy: ArgumentCopy): void {
    this.#doubtful.delete(copy.token);
    this.sets.change([copy.token]);
    copy.renew();
  }

  /** What was looked at in a copy has not changed. */
  #confirm(copy: ArgumentCopy): void {
    if (!this.#doubtful.delete(copy.token)) return;
    const { sets } = this;
    for (;;) {
      sets.limitDoubt([...this.#doubtful.keys()]);
      const { size } = this.#doubtful;
      for (const [token, other] of this.#doubtful) {
        if (sets.holds(other.set)) this.#doubtful.delete(token);
      }
      if (this.#doubtful.size === size) return;
    }
  }

  /**
   * Runs an attempt, which may evaluate what a new evaluation evaluates later or never. What has failed in it is
   * suspended again; if the attempt fails itself, the result is `false`.
   */
  *#try(attempt: () => Suspendable<boolean>): Suspendable<boolean> {
    const failed: Thunk[] = [];
    const attempts = this.#attempts;
    attempts.push(failed);
    const outer = this.active.current;
    try {
      return (yield attempt()) as boolean;
    } catch (error) {
      if (!(error instanceof EvalError) || isPassingKind(error.kind)) throw error;
      return false;
    } finally {
      for (const thunk of failed) if (thunk.code === this.failed) this.suspendFailed(thunk);
      attempts.splice(attempts.indexOf(failed), 1);
      this.active.current = outer;
    }
  }

  /** Forgets the results of {@link recall}, and calls. */
  forget(): void {
    this.#recalled.clear();
    this.calls.clear();
  }

  /**
   * Looks at the world again. With `paths`, no other files are compared. Outside of
   * runs only.
   */
  revise(paths?: ReadonlySet<Bytes>): Revision {
    this.active.finish();
    this.calls.prune();
    this.revision++;
    this.#isExposed = false;
    this.#io.refresh?.();
    const changed = this.#contradicted;
    this.#contradicted = [];
    const retired = this.#retired;
    this.#retired = [];
    for (const copy of retired) {
      this.#copies.delete(copy);
      this.#doubtful.delete(copy.token);
    }
    let unknown = 0;
    for (const path of paths ?? []) {
      if (!Object.values(this.#files).some((inputs) => inputs.has(path))) unknown++;
    }
    // Before anything is read: what changes after that looks different the next time.
    const looks = paths === undefined ? this.#lookAgain() : undefined;
    for (const [question, inputs] of Object.entries(this.#files)) {
      const ask = this.#questions[question as FileQuestion];
      if (looks !== undefined) {
        for (const input of inputs.values()) {
          const look = looks.get(input.path);
          if (look === "same" || (look === "missing" && question === "type")) continue;
          compare(inputs, input, ask);
        }
      } else {
        for (const path of paths ?? []) {
          const input = inputs.get(path);
          if (input !== undefined) compare(inputs, input, ask);
        }
      }
    }
    if (looks !== undefined) this.#lookAfterwards(looks);
    const ask = (name: Bytes): string => environmentAnswer(this.#io.environment(name));
    for (const input of this.#variables.values()) compare(this.#variables, input, ask);
    const count = changed.length;
    for (const input of changed) this.#choice.noteEdit(input);
    changed.push(...retired.map(({ token }) => token));
    if (this.#passing !== undefined) changed.push(this.#passing);
    this.#passing = undefined;
    changed.push(...this.#lines);
    this.#lines.clear();
    this.#line = undefined;
    if (changed.length > 0) {
      this.sets.change(changed);
      for (const [key, { set }] of this.#recalled) {
        if (this.sets.isStale(set)) this.#recalled.delete(key);
      }
    }
    this.#doubt();
    return { changed: count, unknown };

    function compare(inputs: Map<Bytes, Input>, input: Input, ask: (path: Bytes) => string): void {
      if (answerOf(() => ask(input.path)) === input.answer) return;
      changed.push(input.id);
      inputs.delete(input.path);
    }
  }

  /** Looks at all files; returns what need not be asked again. */
  #lookAgain(): ReadonlyMap<Bytes, FileLook> {
    const looks = new Map<Bytes, FileLook>();
    const io = this.#io;
    if (io.lookAgain === undefined) return looks;
    for (const inputs of Object.values(this.#files)) {
      for (const path of inputs.keys()) if (!looks.has(path)) looks.set(path, io.lookAgain(path));
    }
    // The last look at these was before their questions, and saw perhaps something else.
    for (const path of this.#unlooked) looks.set(path, undefined);
    this.#unlooked.clear();
    return looks;
  }

  /** Finds out which of the files that were asked about have changed meanwhile. */
  #lookAfterwards(looks: ReadonlyMap<Bytes, FileLook>): void {
    const io = this.#io;
    if (io.lookAgain === undefined) return;
    for (const [path, look] of looks) {
      if (look === undefined && io.lookAgain(path) === undefined) this.#unlooked.add(path);
    }
  }

  /** Notes that the evaluation asked about a file and was answered `result`, or failed. */
  noteFile(question: FileQuestion, path: Bytes, result: string): void {
    this.#noteAnswer(this.#files[question], path, result);
  }

  /** Returns the set of the types of a directory and of those above it. */
  setOfAncestors(path: Bytes): number {
    const { active } = this;
    active.enter();
    for (let at = path; at !== "/"; at = parentOfPath(at)) {
      this.noteFile("type", at, this.#files.type.get(at)?.answer ?? this.#questions.type(at));
    }
    return active.leave();
  }

  /** Notes the value of an environment variable. */
  noteVariable(name: Bytes, value: Bytes | undefined): void {
    this.#noteAnswer(this.#variables, name, environmentAnswer(value));
  }

  /** Notes the contents of a file. */
  noteContents(path: Bytes, contents: Bytes): void {
    this.noteFile("contents", path, this.#contentsAnswer(contents));
  }

  #noteAnswer(inputs: Map<Bytes, Input>, path: Bytes, answer: string): void {
    let input = inputs.get(path);
    if (input === undefined || input.answer !== answer) {
      if (input !== undefined) this.#contradicted.push(input.id);
      input = { id: this.#addInput(inputs === this.#variables ? "" : path), path, answer };
      inputs.set(path, input);
      if (inputs !== this.#variables) this.#unlooked.add(path);
      if (inputs === this.#files.contents) this.#choice.noteFile(input.id, path);
    }
    this.note(this.sets.of(input.id));
  }

  #contentsAnswer(contents: Bytes): string {
    if (contents.length <= MAX_KEPT_LENGTH) return `=${contents}`;
    return `#${String.fromCharCode(...this.#hashes.hash("sha256", contents))}`;
  }
}

/** The place of an offset in a text as a text: the line, the column, and the lines that messages show around it. */
function linesAround(text: Bytes, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  const number = lines.length;
  const column = lines.at(-1)?.length ?? 0;
  const around = text
    .split("\n")
    .slice(Math.max(0, number - 1 - SHOWN_LINES), number + SHOWN_LINES);
  return [number, column, ...around].join("\n");
}

/** The answer as a text; failures with their message, since programs of users show it. */
function answerOf(ask: () => string): string | undefined {
  try {
    return ask();
  } catch (error) {
    return error instanceof IoError ? failureAnswer(error) : undefined;
  }
}

export function failureAnswer({ code, message }: IoError): string {
  return `\0${code} ${message}`;
}

function environmentAnswer(value: Bytes | undefined): string {
  return value === undefined ? "" : `=${value}`;
}

export function listingAnswer(entries: readonly DirectoryEntry[]): string {
  return entries
    .map(({ name, type }) => `${name}\0${type}`)
    .sort()
    .join("\0");
}
