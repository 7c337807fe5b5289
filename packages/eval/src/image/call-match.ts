/**
 * Compares the argument of a call with that of a remembered call, as it was before the function looked at it
 * (`call-note.ts`). Both are graphs of objects, which must be the same graph: the same constants, code that
 * does the same, captures that correspond, and one present object for each of the image's. Nothing is forced.
 *
 * The present objects then take the places of the image's, so that functions and sets that the program can
 * compare stay the same ones.
 */
import { Lambda, MissingFormal } from "../bytecode/lambda.ts";
import { COLUMN, LINE, type PlaceOfThunk } from "../operations/position-value.ts";
import type { PosIdx, PositionTable } from "../position.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { APPLY, APPLY2, firstArgument, Thunk, valueOfForced } from "../value/thunk.ts";
import {
  Closure,
  ContextString,
  isList,
  NixFloat,
  NixPath,
  PartialBuiltin,
  type Slot,
  type Value,
} from "../value/value.ts";
import { WithScope } from "../vm/with-scope.ts";
import { MAX_NOTED_OBJECTS } from "./call-note.ts";
import { Code, Constant, Kind, TAG_BITS, TAG_MASK, Tag } from "./format.ts";
import { SameCode } from "./same-code.ts";

/** The records of an image. */
export interface Records {
  readonly positions: PositionTable;
  /** A word; a word is read after those before it in its record. */
  word(at: number): number;
  string(index: number): string;
  /** The object of a record, if the evaluation has it. */
  objectAt(record: number): unknown;
  /** Whether an object is one of the image's. */
  has(object: object): boolean;
  /** An object of a kind that is never taken for another: a number, a path, a global, a context. */
  constantAt(record: number): unknown;
  /** The slot of the value of a thunk; `undefined` if it has none. */
  valueOf(record: number): number | undefined;
  /** Names and positions of a {@link Kind.Shape}. */
  shapeAt(record: number): {
    readonly names: readonly string[];
    readonly positions: readonly PosIdx[] | null;
  };
  position(written: number): PosIdx;
  /** The code of a {@link Kind.Code}, compiled from the text of a main program; `undefined` for that of a file. */
  mainCode(record: number): Lambda | undefined;
  /** The position of the first byte of the text of a {@link Kind.Code}. */
  baseOf(record: number): PosIdx;
}

/** What corresponds to what: an argument that is like a remembered one. */
export interface CallMatch {
  /** The objects of the evaluation, by the records that they stand for. */
  readonly objects: ReadonlyMap<number, object>;
  /** Of these, the thunks that had no value in the remembered call. */
  readonly suspended: ReadonlySet<number>;
  readonly code: SameCode;
}

/** Compares an argument with the slot and the note of a remembered one; `undefined` if they differ. */
export function matchCall(
  records: Records,
  [slot, note]: readonly [slot: number, note: number],
  argument: Slot,
  original: (object: object) => object,
): CallMatch | undefined {
  return new Matching(records, note, original).run(slot, argument);
}

class Matching implements CallMatch {
  readonly objects = new Map<number, object>();
  readonly suspended = new Set<number>();
  readonly code: SameCode;
  readonly #records: Records;
  readonly #original: (object: object) => object;
  readonly #taken = new Set<object>();
  /** The records of thunks as they were, by those of the thunks; 0 for those with a value. */
  readonly #before = new Map<number, number>();
  readonly #pending: [number, unknown][] = [];

  constructor(records: Records, note: number, original: (object: object) => object) {
    this.#records = records;
    this.#original = original;
    this.code = new SameCode(records.positions);
    const count = records.word(note + 1);
    for (let i = 0; i < count; i++) {
      const thunk = records.word(note + 2 + 2 * i) >> TAG_BITS;
      const before = records.word(note + 3 + 2 * i);
      this.#before.set(thunk, (before & TAG_MASK) === Tag.Constant ? 0 : before >> TAG_BITS);
    }
  }

  run(word: number, argument: Slot): CallMatch | undefined {
    this.#pending.push([word, argument]);
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      if (this.objects.size > MAX_NOTED_OBJECTS) return undefined;
      if (!this.#isSameSlot(next[0], next[1])) return undefined;
    }
    return this;
  }

  #isSameSlot(word: number, given: unknown): boolean {
    const present = typeof given === "object" && given !== null ? this.#original(given) : given;
    const payload = word >> TAG_BITS;
    switch (word & TAG_MASK) {
      case Tag.Int:
        return Object.is(present, payload);
      case Tag.String:
        return present === this.#records.string(payload);
      case Tag.Thunk:
        return present instanceof Thunk && this.#isSameThunk(payload, present);
      case Tag.Object:
        return this.#isSameObject(payload, present);
      default:
        return isConstant(payload, present);
    }
  }

  /** Whether a record and an object that can be told from others stand for each other already; if not, they do now. */
  #isPaired(record: number, present: object): boolean | "new" {
    const known = this.#records.objectAt(record) ?? this.objects.get(record);
    if (known !== undefined) return known === present;
    if (this.#taken.has(present) || this.#records.has(present)) return false;
    this.objects.set(record, present);
    this.#taken.add(present);
    return "new";
  }

  #isSameThunk(record: number, present: Thunk): boolean {
    const paired = this.#isPaired(record, present);
    if (paired !== "new") return paired;
    const before = this.#before.get(record);
    if (before === undefined) return false;
    const value = valueOfForced(present);
    if ((before === 0) !== (value !== undefined)) return false;
    const records = this.#records;
    if (before === 0) {
      const slot = records.valueOf(record);
      if (slot === undefined) return false;
      this.#pending.push([slot, value]);
      return true;
    }
    this.suspended.add(record);
    const { code } = present;
    switch (records.word(before) as Kind) {
      case Kind.Suspended:
        if (!(code instanceof Lambda) || !this.#isSameCode(records.word(before + 1), code))
          return false;
        return this.#haveSameCaptures(before + 2, present);
      case Kind.Apply:
      case Kind.Apply2: {
        const isDouble = records.word(before) === Kind.Apply2;
        if (code !== (isDouble ? APPLY2 : APPLY)) return false;
        this.#pending.push([records.word(before + 1), present.a]);
        this.#pending.push([records.word(before + 2), present.b]);
        return !isDouble || records.string(records.word(before + 3)) === firstArgument(present);
      }
      case Kind.Line:
      case Kind.Column: {
        if (code !== (records.word(before) === Kind.Line ? LINE : COLUMN)) return false;
        const { pos } = present.a as unknown as PlaceOfThunk;
        return this.code.correspond(records.position(records.word(before + 1)), pos);
      }
      default:
        return false;
    }
  }

  #isSameObject(record: number, present: unknown): boolean {
    const records = this.#records;
    const kind = records.word(record) as Kind;
    switch (kind) {
      case Kind.Number:
      case Kind.BigInt:
      case Kind.Global:
        return Object.is(records.constantAt(record), present);
      case Kind.Float: {
        const float = records.constantAt(record) as NixFloat;
        return present instanceof NixFloat && Object.is(float.value, present.value);
      }
      case Kind.Path: {
        const path = records.constantAt(record) as NixPath;
        return (
          present instanceof NixPath &&
          path.path === present.path &&
          path.accessor === present.accessor
        );
      }
      case Kind.ContextString: {
        if (!(present instanceof ContextString)) return false;
        const { text, context } = records.constantAt(record) as ContextString;
        const others = [...present.context];
        const elements = [...context];
        return (
          text === present.text &&
          elements.length === others.length &&
          elements.every((element, i) => element === others[i])
        );
      }
      case Kind.List:
        // The compiler has one for all.
        if (records.word(record + 1) === 0)
          return isList(present as Value) && (present as []).length === 0;
        break;
      default:
    }
    if (typeof present !== "object" || present === null) return false;
    const paired = this.#isPaired(record, present);
    if (paired !== "new") return paired;
    switch (kind) {
      case Kind.Attrs:
        return present instanceof Attrs && this.#isSameSet(record, present);
      case Kind.List:
        return (
          isList(present as Value) &&
          this.#pushSlots(record + 1, present as unknown as readonly Slot[])
        );
      case Kind.Closure:
        return (
          present instanceof Closure &&
          this.#isSameCode(records.word(record + 1), present.code) &&
          this.#haveSameCaptures(record + 2, present)
        );
      case Kind.Partial:
        if (!(present instanceof PartialBuiltin)) return false;
        this.#pending.push([records.word(record + 1), present.builtin]);
        return this.#pushSlots(record + 2, present.args);
      case Kind.With:
        if (!(present instanceof WithScope)) return false;
        this.#pending.push([records.word(record + 1), present.namespace]);
        this.#pending.push([records.word(record + 2), present.parent ?? undefined]);
        return this.code.correspond(records.position(records.word(record + 3)), present.pos);
      default:
        return false;
    }
  }

  #isSameSet(record: number, present: Attrs): boolean {
    const records = this.#records;
    // The set was flat when it was noted.
    if (records.word(record + 3) !== 0) return false;
    const slots = present.slots();
    const { names, positions } = present.shape;
    const shape = records.shapeAt(records.word(record + 1) >> TAG_BITS);
    return (
      shape.names.length === names.length &&
      // The order of the names can be seen, too.
      shape.names.every((name, i) => name === names[i]) &&
      this.code.allCorrespond(shape.positions, positions) &&
      this.#pushSlots(record + 4, slots)
    );
  }

  /** Compares later the slots behind a count with these. */
  #pushSlots(at: number, slots: readonly unknown[]): boolean {
    const records = this.#records;
    if (records.word(at) !== slots.length) return false;
    for (let i = 0; i < slots.length; i++) this.#pending.push([records.word(at + 1 + i), slots[i]]);
    return true;
  }

  #haveSameCaptures(at: number, { a, b, rest }: Thunk | Closure): boolean {
    const slots: unknown[] = [a, b, ...(rest ?? [])];
    const records = this.#records;
    const count = records.word(at);
    if (count > slots.length) return false;
    // What was not captured is not counted in the image.
    for (let i = 0; i < slots.length; i++) {
      if (i < count) this.#pending.push([records.word(at + 1 + i), slots[i]]);
      else if (slots[i] !== undefined) return false;
    }
    return true;
  }

  #isSameCode(word: number, present: Lambda): boolean {
    const records = this.#records;
    const record = word >> TAG_BITS;
    if (records.word(record) !== Kind.Code || present.extraArguments > 0) return false;
    const main = records.mainCode(record);
    if (main !== undefined && this.code.areSame(main, present)) return true;
    return (
      present.base === records.baseOf(record) && present.number === records.word(record + Code.Unit)
    );
  }
}

function isConstant(payload: number, present: unknown): boolean {
  switch (payload) {
    case Constant.Absent:
      return present === undefined;
    case Constant.Null:
      return present === null;
    case Constant.True:
      return present === true;
    case Constant.False:
      return present === false;
    case Constant.EmptySet:
      return present === EMPTY_ATTRS;
    default:
      return present instanceof MissingFormal;
  }
}
