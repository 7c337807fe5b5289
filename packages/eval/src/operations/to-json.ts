/**
 * `toJSON` and `--json`: a value as JSON text, formatted as in C++ Nix (value-to-json.cc and the
 * nlohmann library): compact, keys in bytewise order.
 *
 * A routine walks the value with a stack of its own and forces what it meets, so depth takes no
 * native stack. Sets that convert to something else (`__toString`, `outPath`) are replaced by that.
 */

import {
  escapeJsonString,
  FormatError,
  formatJsonFloat,
  marked,
  TextBuilder,
  uncolored,
} from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf, withTrace } from "../errors/from-world.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { valueInError } from "../print/print.ts";
import { peek } from "../print/value-printer.ts";
import { copyPathToStore } from "../store/copy-path.ts";
import { Attrs } from "../value/attrs.ts";
import { type StringContext, unionContext } from "../value/context.ts";
import type { Shape } from "../value/shape.ts";
import { BLACKHOLE, hasFailed, isSuspendedCall, Thunk, valueOfForced } from "../value/thunk.ts";
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

/** The options of the conversion to JSON. */
export interface JsonOptions {
  /**
   * Whether paths are copied to the store and become store paths; otherwise they stay unchanged.
   */
  readonly copyPaths: boolean;
  /** Whether thunks are forced; otherwise a thunk is an error. Defaults to `true`. */
  readonly strict?: boolean;
  /** The position of the conversion, for traces. */
  readonly pos: PosIdx;
  /**
   * Whether a string that is not UTF-8 is reported with the JSON library's message alone, as
   * `nix eval --json` does. Defaults to `false`.
   */
  readonly bareErrors?: boolean;
}

/** JSON text and its context. */
export interface JsonText {
  readonly text: string;
  readonly context: StringContext | undefined;
}

/** A list or set that has been opened and not yet closed. Reused for another when it is closed. */
class Container {
  /** The names in order, or `null` for a list. */
  names: readonly string[] | null = null;
  /** The text before each item of a set, if it is known. */
  prefixes: readonly string[] | null = null;
  set: Attrs | null = null;
  items: readonly Slot[] = NO_ITEMS;
  /** The indices of the items in the order of the names; `null` for a list. */
  order: readonly number[] | null = null;
  /** The index after that of the current item. */
  next = 0;
  copyPaths = false;
  /** The position of a list, which is also that of its items. */
  pos: PosIdx = NO_POS;
  /** The number of values around the items, including sets that converted to others. */
  level = 0;
  /** The traces of the sets that converted to this value. */
  traces: Peeled["traces"] = NO_TRACES;
}

const NO_ITEMS: readonly Slot[] = [];
const NO_TRACES: Peeled["traces"] = [];

/** Converts a slot to JSON. */
export function toJson(ctx: EvalContext, slot: Slot, options: JsonOptions): Suspendable<JsonText> {
  return new JsonWriter(ctx, slot, options);
}

/**
 * Returns the JSON of a value other than a list, a set or a path; `undefined` for all others, which
 * {@link toJson} converts or rejects.
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

/** Returns a text as a JSON string; `undefined` if it is not UTF-8. */
function tryEscape(text: string): string | undefined {
  try {
    return escapeJsonString(text);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** The maximum length of names whose JSON form is cached. */
const SHORT_NAME = 64;
/** The maximum number of names of a shape for which the text before each item is cached. */
const FEW_NAMES = 32;
/** Marks a shape that was seen once, in place of the text before its items. */
const MET_ONCE: readonly string[] = [];

/** The meaning of the answer to the last request. */
const enum Answer {
  /** There was no request yet. */
  None,
  Value,
  Peeled,
  Copied,
}

class JsonWriter extends Routine<JsonText> {
  private readonly out = new TextBuilder();
  /** The open containers, followed by closed ones for reuse. */
  private readonly containers: Container[] = [];
  /** The number of open {@link containers}. */
  private depth = 0;
  /** Names in JSON, with quotes and colon. */
  private names: Map<string, string> | null = null;
  /** The text before the items of sets, by their shape. */
  private prefixes: Map<Shape, readonly string[]> | null = null;
  /** The last shape of a set that does not convert to something else; most later sets share it. */
  private plainShape: Shape | null = null;
  private context: StringContext | undefined = undefined;
  /**
   * The first string that is not UTF-8. Nix: the whole value is evaluated before its text is
   * created, so an error of the program takes precedence.
   */
  private badText: FormatError | undefined = undefined;
  private readonly strict: boolean;
  private readonly bareErrors: boolean;
  /** The position of the whole value. */
  private readonly pos: PosIdx;
  private awaited = Answer.None;
  private readonly cycles: CycleFinder;
  private readonly request: ForceRequest;
  /** The number of levels around the value. */
  private outside = 0;
  /** The number of values around the current one. */
  private level = 0;
  private copyPaths: boolean;
  /** The traces of the sets that converted to the current value. */
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
    const { nesting } = this.ctx;
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
    this.ctx.nesting.levels = this.outside;
    throw this.addTraces(error, this.traces);
  }

  private end(): IteratorResult<Request, JsonText> {
    this.ctx.nesting.levels = this.outside;
    if (this.badText !== undefined) {
      const { message } = this.badText;
      throw new EvalError(
        "value",
        this.bareErrors ? message : marked`JSON serialization error: ${message}`,
      );
    }
    return this.finish({ text: this.out.toString(), context: this.context });
  }

  /** Writes or opens a value; returns the request that this requires. */
  private begin(slot: Slot): Request | null {
    const { nesting } = this.ctx;
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
    // Nix: the conversion of a set counts as inside of the set.
    this.ctx.nesting.levels = this.outside + this.level;
    this.checkNesting();
    // Nix: a path returned by a `__toString` is not copied.
    return this.writeValue(value, this.copyPaths && !throughToString, this.level + 1);
  }

  /** Throws if one more level would exceed the limit. */
  private checkNesting(): void {
    if (!hasRoom(this.ctx, 0)) checkNesting(this.ctx, this.position());
  }

  /** Throws if a list or set to be opened contains itself. */
  private checkCycle(container: NixList | Attrs): void {
    if (!this.cycles.closesCycle(container, this.depth)) return;
    const message = marked`cannot convert ${typeWithArticle(container)} that contains itself to JSON`;
    throw new EvalError("infinite-recursion", message, this.position());
  }

  /**
   * Returns the position of the current value: that of the attribute that it is, or is in lists of.
   */
  private position(): PosIdx {
    if (this.depth === 0) return this.pos;
    const { set, next, pos } = this.containers[this.depth - 1] as Container;
    return set === null ? pos : positionOfSorted(set, next - 1);
  }

  /** Writes anything but a set, or opens a list; returns the request that this requires. */
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
      const message = marked`cannot convert ${typeOfUnconvertible(value)} to JSON`;
      throw new EvalError("type", message, definedAt(value) ?? this.position()).atUnknownPos();
    }
    return null;
  }

  /** Returns a container for the contents of the current value. */
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

  /** Writes a name and its colon; those of records repeat. */
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

  /**
   * Returns the text before the items of sets of a shape from the second such set on; else `null`.
   */
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

  /** Whether a set is only a set; {@link peelToStringOutPath} would return the set itself. */
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

  /** Closes finished containers and writes the text before the next item. */
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
    const found = marked`${typeWithArticle(value)}: ${valueInError(value, this.ctx.positions)}`;
    const message = marked`\`__toString\` ${uncolored(verb)} return a string, but got ${uncolored(found)}`;
    throw new EvalError("type", message, traces.at(-1)?.pos);
  }

  /** Adds to an error the path to the value where it occurred, innermost first. */
  private addTraces(thrown: unknown, traces: Peeled["traces"]): unknown {
    const error = evalErrorOf(thrown);
    if (!(error instanceof EvalError)) return error;
    withPeelTraces(error, traces);
    for (let i = this.depth - 1; i >= 0; i--) {
      const { names, set, next, pos, traces: reachedThrough } = this.containers[i] as Container;
      // No item of this container was being written.
      if (next === 0) continue;
      if (names === null) {
        withTrace(error, pos, marked`while evaluating list element at index ${next - 1}`);
      } else {
        const name = names[next - 1] as string;
        withTrace(
          error,
          (set as Attrs).positionOf(name),
          marked`while evaluating attribute '${printIdentifier(name)}'`,
        );
      }
      withPeelTraces(error, reachedThrough);
    }
    return error;
  }
}

/** Returns the position of the attribute at `index` in the bytewise order of a flat set's names. */
function positionOfSorted({ shape }: Attrs, index: number): PosIdx {
  const { positions } = shape;
  return positions === null ? NO_POS : (positions[shape.sortedOrder()[index] as number] as PosIdx);
}

/** Returns the position of a function or thunk, if it is known. */
function definedAt(value: Value | Thunk): PosIdx | undefined {
  // Nix: a thunk does not know its place; it is said to stand where the attribute does.
  let defined = value;
  // A call that is not made yet stands where its function does.
  while (defined instanceof Thunk) {
    const value = valueOfForced(defined);
    if (value === undefined && !isSuspendedCall(defined.code)) break;
    defined = (value ?? defined.a) as Value | Thunk;
  }
  return defined instanceof Closure ? defined.code.pos : undefined;
}

function typeOfUnconvertible(value: Value | Thunk): string {
  if (!(value instanceof Thunk)) return typeWithArticle(value);
  if (value.code === BLACKHOLE) return "a black hole";
  if (hasFailed(value)) return "an error";
  return isSuspendedCall(value.code) ? "a function application" : "a thunk";
}
