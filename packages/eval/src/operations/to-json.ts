/**
 * `toJSON` and `--json`: a value as JSON text, laid out as C++ Nix does (value-to-json.cc and the
 * nlohmann library): compact, keys in bytewise order.
 *
 * A routine walks the value with a stack of its own and forces what it meets, so depth costs no
 * native stack. Sets that stand for something else (`__toString`, `outPath`) become that.
 */

import { escapeJsonString, FormatError, formatJsonFloat, TextBuilder } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf, withTrace } from "../errors/from-world.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { printForError } from "../print/print.ts";
import { peek } from "../print/value-printer.ts";
import { copyPathToStore } from "../store/copy-path.ts";
import { Attrs } from "../value/attrs.ts";
import { type StringContext, unionContext } from "../value/context.ts";
import type { Shape } from "../value/shape.ts";
import { BLACKHOLE, FAILED, isSuspendedCall, Thunk, ThunkState } from "../value/thunk.ts";
import {
  Closure,
  ContextString,
  isList,
  isString,
  NixFloat,
  type NixList,
  NixPath,
  type Slot,
  typeWithArticle,
  type Value,
} from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import { ForceRequest, type Request, Routine, type Suspendable } from "../vm/requests.ts";
import { type Peeled, peelToStringOutPath, withPeelTraces } from "./coerce.ts";
import { CycleFinder, checkNesting, hasRoom } from "./nesting.ts";

/** How to convert to JSON. */
export interface JsonOptions {
  /** Paths are copied to the store and become store paths; else they stay as they are. */
  readonly copyPaths: boolean;
  /** Force what is not forced yet; without it a thunk is an error. Default: true. */
  readonly strict?: boolean;
  /** Where the conversion was asked for, for traces. */
  readonly pos: PosIdx;
  /**
   * Report a string that is not UTF-8 in the words of the JSON library alone, as `nix eval --json` does.
   */
  readonly bareErrors?: boolean;
}

/** JSON text and what it depends on. */
export interface JsonText {
  readonly text: string;
  readonly context: StringContext | undefined;
}

/** A list or set that has been opened and not yet closed. Used again for another when it is closed. */
class Container {
  /** The names in order, or `null` for a list. */
  names: readonly string[] | null = null;
  /** What stands before each item of a set, if that is known. */
  prefixes: readonly string[] | null = null;
  set: Attrs | null = null;
  items: readonly Slot[] = NO_ITEMS;
  /** The places of the items in the order of the names; `null` for a list. */
  order: readonly number[] | null = null;
  /** The item after the one that is being written. */
  next = 0;
  copyPaths = false;
  /** Where a list stands; its items are said to stand there too. */
  pos: PosIdx = NO_POS;
  /** How many values and what stands for them the items are inside of. */
  level = 0;
  /** What the value was reached through. */
  traces: Peeled["traces"] = NO_TRACES;
}

const NO_ITEMS: readonly Slot[] = [];
const NO_TRACES: Peeled["traces"] = [];

/** Converts a slot to JSON. */
export function toJson(ctx: EvalContext, slot: Slot, options: JsonOptions): Suspendable<JsonText> {
  return new JsonWriter(ctx, slot, options);
}

/**
 * The JSON of a value that is neither a list nor a set and no path, where it has one; `undefined` for
 * all others, which {@link toJson} converts or refuses.
 */
export function tryAtomToJson(ctx: EvalContext, value: Value): string | undefined {
  if (ctx.limits !== undefined || !hasRoom(ctx, 1)) return undefined;
  switch (typeof value) {
    case "string":
      return tryEscape(value);
    case "object":
      if (value instanceof ContextString) return tryEscape(value.text);
      return value === null ? "null" : undefined;
    default:
      return String(value);
  }
}

/** The text as a JSON string; `undefined` if it is not UTF-8. */
function tryEscape(text: string): string | undefined {
  try {
    return escapeJsonString(text);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** The length up to which names are kept as they are written. */
const SHORT_NAME = 64;
/** Shapes with more names do not keep what stands before their items. */
const FEW_NAMES = 32;
/** Instead of what stands before the items of a shape that was met for the first time. */
const MET_ONCE: readonly string[] = [];

/** What the answer to the last request is. */
const enum Answer {
  /** Nothing was asked yet. */
  None,
  Value,
  Peeled,
  Copied,
}

class JsonWriter extends Routine<JsonText> {
  private readonly out = new TextBuilder();
  /** The open containers, and behind them such as are closed. */
  private readonly containers: Container[] = [];
  /** How many of {@link containers} are open. */
  private depth = 0;
  /** Names that were written, with quotes and colon. */
  private names: Map<string, string> | null = null;
  /** What stands before the items of sets of a shape. */
  private prefixes: Map<Shape, readonly string[]> | null = null;
  /** The shape of a set that stood for nothing else, which most that follow have too. */
  private plainShape: Shape | null = null;
  private context: StringContext | undefined = undefined;
  /**
   * The first string that is not UTF-8. Nix: the whole value is evaluated before its text is
   * made, so an error of the program comes first.
   */
  private badText: FormatError | undefined = undefined;
  private readonly strict: boolean;
  private readonly bareErrors: boolean;
  /** The position of the whole value. */
  private readonly pos: PosIdx;
  private awaited = Answer.None;
  private readonly cycles: CycleFinder;
  private readonly request: ForceRequest;
  /** The levels around the value. */
  private outside = 0;
  /** Of the value that is being written: how many others it is inside of. */
  private level = 0;
  private copyPaths: boolean;
  /** What it was reached through. */
  private traces = NO_TRACES;

  constructor(
    private readonly ctx: EvalContext,
    private readonly root: Slot,
    options: JsonOptions,
  ) {
    super();
    this.strict = options.strict ?? true;
    this.bareErrors = options.bareErrors === true;
    this.pos = options.pos;
    this.copyPaths = options.copyPaths;
    this.cycles = new CycleFinder(ctx);
    this.request = new ForceRequest(root as Thunk, NO_POS);
  }

  override next(answer: unknown): IteratorResult<Request, JsonText> {
    const { nesting } = this.ctx.caches;
    let request: Request | null;
    switch (this.awaited) {
      case Answer.None:
        this.outside = nesting.levels;
        request = this.begin(this.root);
        break;
      case Answer.Value:
        request = this.write(answer as Value);
        break;
      case Answer.Peeled:
        request = this.writePeeled(answer as Peeled);
        break;
      case Answer.Copied:
        this.writeCopied(answer as ContextString);
        request = null;
    }
    while (request === null) {
      this.traces = NO_TRACES;
      const container = this.nextItem();
      if (container === undefined) return this.end();
      const { items, order } = container;
      const i = container.next++;
      this.copyPaths = container.copyPaths;
      this.level = container.level;
      request = this.begin(items[order === null ? i : (order[i] as number)] as Slot);
    }
    return this.ask(request);
  }

  override throw(error: unknown): never {
    this.ctx.caches.nesting.levels = this.outside;
    throw this.addTraces(error, this.traces);
  }

  private end(): IteratorResult<Request, JsonText> {
    this.ctx.caches.nesting.levels = this.outside;
    if (this.badText !== undefined) {
      const { message } = this.badText;
      throw new EvalError(
        "value",
        this.bareErrors ? message : `JSON serialization error: ${message}`,
      );
    }
    return this.finish({ text: this.out.toString(), context: this.context });
  }

  /** Writes or opens a value; answers what must be asked for that. */
  private begin(slot: Slot): Request | null {
    const { nesting } = this.ctx.caches;
    nesting.levels = this.outside + this.level;
    this.checkNesting();
    nesting.levels = this.outside + ++this.level;
    this.ctx.limits?.work(1);
    const value: Value | Thunk = peek(slot);
    if (this.strict && value instanceof Thunk) {
      const { request } = this;
      request.thunk = value;
      request.pos = this.position();
      this.awaited = Answer.Value;
      return request;
    }
    return this.write(value);
  }

  private write(value: Value | Thunk): Request | null {
    if (!(value instanceof Attrs)) {
      return this.writeValue(value, this.copyPaths, this.level);
    }
    if (this.standsForNothing(value)) {
      this.openSet(value);
      return null;
    }
    this.awaited = Answer.Peeled;
    return peelToStringOutPath(this.ctx, value, this.position());
  }

  private writePeeled(peeled: Peeled): Request | null {
    const { value, traces, throughToString } = peeled;
    this.traces = traces;
    if (throughToString) this.checkToStringResult(peeled);
    this.level += traces.length;
    if (value instanceof Attrs) {
      this.openSet(value);
      return null;
    }
    // Nix: what a set stands for is written inside of it.
    this.ctx.caches.nesting.levels = this.outside + this.level;
    this.checkNesting();
    // Nix: a path that a `__toString` returned is not copied.
    return this.writeValue(value, this.copyPaths && !throughToString, this.level + 1);
  }

  /** Throws when one level more would be too many. */
  private checkNesting(): void {
    if (!hasRoom(this.ctx, 0)) checkNesting(this.ctx, this.position());
  }

  /** Throws when a list or set that is to be opened contains itself. */
  private checkCycle(container: NixList | Attrs): void {
    if (!this.cycles.closesCycle(container, this.depth)) return;
    const message = `cannot convert ${typeWithArticle(container)} that contains itself to JSON`;
    throw new EvalError("infinite-recursion", message, this.position());
  }

  /** Where the value that is being written stands: the attribute that it is, or is in lists of. */
  private position(): PosIdx {
    if (this.depth === 0) return this.pos;
    const { set, next, pos } = this.containers[this.depth - 1] as Container;
    return set === null ? pos : positionOfSorted(set, next - 1);
  }

  /** Writes anything but a set, or opens it if it is a list; returns what must be asked for that. */
  private writeValue(value: Value | Thunk, copyPaths: boolean, level: number): Request | null {
    if (typeof value === "string") {
      this.writeString(value);
    } else if (value === null || typeof value !== "object") {
      this.out.add(String(value));
    } else if (isList(value)) {
      const pos = this.position();
      this.checkCycle(value);
      this.out.add("[");
      const container = this.open();
      container.names = container.prefixes = container.set = container.order = null;
      container.items = value;
      container.copyPaths = copyPaths;
      container.pos = pos;
      container.level = level;
    } else if (value instanceof ContextString) {
      this.context = unionContext(this.context, value.context);
      this.writeString(value.text);
    } else if (value instanceof NixPath) {
      return this.writePath(value, copyPaths);
    } else if (value instanceof NixFloat) {
      this.out.add(formatJsonFloat(value.value));
    } else {
      const message = `cannot convert ${typeOfUnconvertible(value)} to JSON`;
      throw new EvalError("type", message, definedAt(value) ?? this.position());
    }
    return null;
  }

  /** A container for what is reached as the current value is. */
  private open(): Container {
    let container = this.containers[this.depth];
    if (container === undefined) {
      container = new Container();
      this.containers.push(container);
    }
    this.depth++;
    container.next = 0;
    container.traces = this.traces;
    return container;
  }

  private writeString(text: string): void {
    this.ctx.limits?.workOnText(text.length);
    try {
      this.out.add(escapeJsonString(text));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.badText ??= error;
    }
  }

  /** Writes a name and its colon; those of records come again and again. */
  private writeName(name: string): void {
    const known = this.names?.get(name);
    if (known === undefined) {
      this.writeString(name);
      this.out.add(":");
      if (this.badText === undefined && name.length <= SHORT_NAME) {
        this.names ??= new Map();
        this.names.set(name, `${escapeJsonString(name)}:`);
      }
    } else {
      this.ctx.limits?.workOnText(name.length);
      this.out.add(known);
    }
  }

  /** What stands before the items of sets of a shape, from the second such set on; else `null`. */
  private prefixesOf(shape: Shape): readonly string[] | null {
    if (shape.names.length > FEW_NAMES || this.ctx.limits !== undefined) return null;
    this.prefixes ??= new Map();
    let prefixes = this.prefixes.get(shape);
    if (prefixes === undefined) {
      this.prefixes.set(shape, MET_ONCE);
      return null;
    }
    if (prefixes === MET_ONCE) {
      const written: string[] = [];
      for (const name of shape.sortedNames()) {
        const text = tryEscape(name);
        if (text === undefined) return null;
        written.push(written.length === 0 ? `${text}:` : `,${text}:`);
      }
      prefixes = written;
      this.prefixes.set(shape, prefixes);
    }
    return prefixes;
  }

  private writePath(path: NixPath, copyPaths: boolean): Request | null {
    if (!copyPaths) {
      this.writeString(path.path);
      return null;
    }
    const copy = (): ContextString => copyPathToStore(this.ctx, path);
    const copied = now(copy);
    if (copied === undefined) {
      this.awaited = Answer.Copied;
      return attempt(copy);
    }
    this.writeCopied(copied);
    return null;
  }

  private writeCopied(copied: ContextString): void {
    this.context = unionContext(this.context, copied.context);
    this.writeString(copied.text);
  }

  /** Whether a set is just a set; {@link peelToStringOutPath} would answer the set itself. */
  private standsForNothing(set: Attrs): boolean {
    if (set.base === null && set.shape === this.plainShape) return true;
    if (set.has("outPath") || set.has("__toString")) return false;
    if (set.base === null) this.plainShape = set.shape;
    return true;
  }

  private openSet(set: Attrs): void {
    this.checkCycle(set);
    this.out.add("{");
    const container = this.open();
    container.names = set.sortedNames();
    container.set = set;
    container.items = set.slots();
    container.order = set.shape.sortedOrder();
    container.prefixes = this.prefixesOf(set.shape);
    container.copyPaths = this.copyPaths;
    container.pos = NO_POS;
    container.level = this.level;
  }

  /** Closes what is finished and writes what stands before the next item. */
  private nextItem(): Container | undefined {
    while (this.depth > 0) {
      const container = this.containers[this.depth - 1] as Container;
      const { names, prefixes, items, next } = container;
      if (next < items.length) {
        if (prefixes !== null) this.out.add(prefixes[next] as string);
        else {
          if (next > 0) this.out.add(",");
          if (names !== null) this.writeName(names[next] as string);
        }
        return container;
      }
      this.out.add(names === null ? "]" : "}");
      this.depth--;
    }
    return undefined;
  }

  private checkToStringResult(peeled: Peeled): void {
    const { value, traces } = peeled;
    if (isString(value) || value instanceof NixPath) return;
    const verb = value instanceof Attrs ? "must" : "should";
    const found = `${typeWithArticle(value)}: ${printForError(value, this.ctx.positions)}`;
    const message = `\`__toString\` ${verb} return a string, but got ${found}`;
    throw new EvalError("type", message, traces.at(-1)?.pos);
  }

  /** Adds to an error where in the value it happened, innermost first. */
  private addTraces(thrown: unknown, traces: Peeled["traces"]): unknown {
    const error = evalErrorOf(thrown);
    if (!(error instanceof EvalError)) return error;
    withPeelTraces(error, traces);
    for (let i = this.depth - 1; i >= 0; i--) {
      const { names, set, next, pos, traces: reachedThrough } = this.containers[i] as Container;
      // Nothing of this container was being written yet.
      if (next === 0) continue;
      if (names === null) {
        withTrace(error, pos, `while evaluating list element at index ${next - 1}`);
      } else {
        const name = names[next - 1] as string;
        withTrace(
          error,
          (set as Attrs).positionOf(name),
          `while evaluating attribute '${printIdentifier(name)}'`,
        );
      }
      withPeelTraces(error, reachedThrough);
    }
    return error;
  }
}

/** Where the attribute is defined that is at `index` in the bytewise order of the names of a flat set. */
function positionOfSorted({ shape }: Attrs, index: number): PosIdx {
  const { positions } = shape;
  return positions === null ? NO_POS : (positions[shape.sortedOrder()[index] as number] as PosIdx);
}

/** Where a function or thunk stands, as far as it knows. */
function definedAt(value: Value | Thunk): PosIdx | undefined {
  const code = value instanceof Closure || value instanceof Thunk ? value.code : null;
  return code === null || code instanceof ThunkState ? undefined : code.pos;
}

function typeOfUnconvertible(value: Value | Thunk): string {
  if (!(value instanceof Thunk)) return typeWithArticle(value);
  if (value.code === BLACKHOLE) return "a black hole";
  if (isSuspendedCall(value.code)) return "a function application";
  return value.code === FAILED ? "an error" : "a thunk";
}
