/**
 * `toJSON` and `--json`: a value as JSON text, laid out as C++ Nix does (value-to-json.cc and the
 * nlohmann library): compact, keys in bytewise order.
 *
 * One generator walks the value with a stack of its own and forces what it meets, so depth costs no
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
import { Attrs, type Shape } from "../value/attrs.ts";
import { type StringContext, unionContext } from "../value/context.ts";
import { BLACKHOLE, FAILED, isSuspendedCall, Thunk, ThunkState } from "../value/thunk.ts";
import {
  Closure,
  ContextString,
  isList,
  isString,
  NixFloat,
  NixPath,
  type Slot,
  typeWithArticle,
  type Value,
} from "../value/value.ts";
import { ForceRequest, type Suspendable } from "../vm/requests.ts";
import { type Peeled, peelToStringOutPath, withPeelTraces } from "./coerce.ts";
import { checkNesting, hasRoom } from "./nesting.ts";

/** How to convert to JSON. */
export interface JsonOptions {
  /** Paths are copied to the store and become store paths; else they stay as they are. */
  readonly copyPaths: boolean;
  /** Force what is not forced yet; without it a thunk is an error. Default: true. */
  readonly strict?: boolean;
  /** Where the conversion was asked for, for traces. */
  readonly pos: PosIdx;
}

/** JSON text and what it depends on. */
export interface JsonText {
  readonly text: string;
  readonly context: StringContext | undefined;
}

/** A list or set that has been opened and not yet closed. */
interface OpenContainer {
  /** The names in order, or `null` for a list. */
  readonly names: readonly string[] | null;
  readonly set: Attrs | null;
  readonly items: readonly Slot[];
  /** The item after the one that is being written. */
  next: number;
  readonly copyPaths: boolean;
  /** Where a list stands; its items are said to stand there too. */
  readonly pos: PosIdx;
  /** How many values and what stands for them the items are inside of. */
  readonly level: number;
  /** What the value was reached through. */
  readonly traces: Peeled["traces"];
}

/** Converts a slot to JSON. */
export function toJson(ctx: EvalContext, slot: Slot, options: JsonOptions): Suspendable<JsonText> {
  return new JsonWriter(ctx, options.strict ?? true, options.pos).write(slot, options.copyPaths);
}

const NO_TRACES: Peeled["traces"] = [];

/** The length up to which names are kept as they are written. */
const SHORT_NAME = 64;

class JsonWriter {
  private readonly out = new TextBuilder();
  private readonly open: OpenContainer[] = [];
  /** Names that were written, with quotes and colon. */
  private readonly names = new Map<string, string>();
  /** The shape of a set that stood for nothing else, which most that follow have too. */
  private plainShape: Shape | null = null;
  private context: StringContext | undefined;
  /**
   * The first string that is not UTF-8. Nix: the whole value is evaluated before its text is
   * made, so an error of the program comes first.
   */
  private badText: FormatError | undefined;

  constructor(
    private readonly ctx: EvalContext,
    private readonly strict: boolean,
    /** The position of the whole value. */
    private readonly pos: PosIdx,
  ) {}

  *write(slot: Slot, startCopyPaths: boolean): Suspendable<JsonText> {
    let current: Slot | undefined = slot;
    let copyPaths = startCopyPaths;
    let traces = NO_TRACES;
    let level = 0;
    const { nesting } = this.ctx.caches;
    const outside = nesting.levels;
    try {
      while (current !== undefined) {
        nesting.levels = outside + level;
        this.checkNesting();
        nesting.levels = outside + ++level;
        this.ctx.limits?.work(1);
        let value: Value | Thunk = peek(current);
        if (this.strict && value instanceof Thunk) {
          value = (yield new ForceRequest(value, this.position())) as Value;
        }
        if (!(value instanceof Attrs)) {
          this.writeValue(value, copyPaths, level, NO_TRACES);
        } else if (this.standsForNothing(value)) {
          this.openSet(value, copyPaths, level, NO_TRACES);
        } else {
          const peeled = (yield peelToStringOutPath(this.ctx, value, this.position())) as Peeled;
          traces = peeled.traces;
          if (peeled.throughToString) this.checkToStringResult(peeled);
          value = peeled.value;
          level += traces.length;
          if (value instanceof Attrs) this.openSet(value, copyPaths, level, traces);
          else {
            // Nix: what a set stands for is written inside of it.
            nesting.levels = outside + level;
            this.checkNesting();
            // Nix: a path that a `__toString` returned is not copied.
            this.writeValue(value, copyPaths && !peeled.throughToString, level + 1, traces);
          }
        }
        traces = NO_TRACES;
        const container = this.nextItem();
        if (container === undefined) break;
        const index = container.next++;
        current = container.items[index];
        copyPaths = container.copyPaths;
        level = container.level;
      }
    } catch (error) {
      throw this.addTraces(error, traces);
    } finally {
      nesting.levels = outside;
    }
    if (this.badText !== undefined) {
      throw new EvalError("value", `JSON serialization error: ${this.badText.message}`);
    }
    return { text: this.out.toString(), context: this.context };
  }

  /** Throws when one level more would be too many. */
  private checkNesting(): void {
    if (!hasRoom(this.ctx, 0)) checkNesting(this.ctx, this.position());
  }

  /** Where the value that is being written stands: the attribute that it is, or is in lists of. */
  private position(): PosIdx {
    const container = this.open.at(-1);
    if (container === undefined) return this.pos;
    const { set, next, pos } = container;
    return set === null ? pos : positionOfSorted(set, next - 1);
  }

  /** Writes anything but a set, or opens it if it is a list. */
  private writeValue(
    value: Value | Thunk,
    copyPaths: boolean,
    level: number,
    traces: Peeled["traces"],
  ): void {
    if (isList(value)) {
      const pos = this.position();
      this.out.add("[");
      this.open.push({
        names: null,
        set: null,
        items: value,
        next: 0,
        copyPaths,
        pos,
        level,
        traces,
      });
    } else if (typeof value === "string") {
      this.writeString(value);
    } else if (value instanceof ContextString) {
      this.context = unionContext(this.context, value.context);
      this.writeString(value.text);
    } else if (value instanceof NixPath) {
      this.writePath(value.path, copyPaths);
    } else if (value instanceof NixFloat) {
      this.out.add(formatJsonFloat(value.value));
    } else if (value === null || typeof value !== "object") {
      this.out.add(String(value));
    } else {
      const message = `cannot convert ${typeOfUnconvertible(value)} to JSON`;
      throw new EvalError("type", message, definedAt(value) ?? this.position());
    }
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
    const known = this.names.get(name);
    if (known === undefined) {
      this.writeString(name);
      this.out.add(":");
      if (this.badText === undefined && name.length <= SHORT_NAME) {
        this.names.set(name, `${escapeJsonString(name)}:`);
      }
    } else {
      this.ctx.limits?.workOnText(name.length);
      this.out.add(known);
    }
  }

  private writePath(path: string, copyPaths: boolean): void {
    if (!copyPaths) {
      this.writeString(path);
      return;
    }
    const copied = copyPathToStore(this.ctx, path);
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

  private openSet(set: Attrs, copyPaths: boolean, level: number, traces: Peeled["traces"]): void {
    this.out.add("{");
    const names = set.sortedNames();
    const items = set.sortedSlots();
    this.open.push({ names, set, items, next: 0, copyPaths, pos: NO_POS, level, traces });
  }

  /** Closes what is finished and writes what stands before the next item. */
  private nextItem(): OpenContainer | undefined {
    for (;;) {
      const container = this.open.at(-1);
      if (container === undefined) return undefined;
      const { names, items, next } = container;
      if (next < items.length) {
        if (next > 0) this.out.add(",");
        if (names !== null) {
          this.writeName(names[next] as string);
        }
        return container;
      }
      this.out.add(names === null ? "]" : "}");
      this.open.pop();
    }
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
    for (let i = this.open.length - 1; i >= 0; i--) {
      const { names, set, next, pos, traces: reachedThrough } = this.open[i] as OpenContainer;
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
