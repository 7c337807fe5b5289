/**
 * HeapExplorer: questions about the heap and the code of an evaluation, for a terminal and for a page. It
 * evaluates nothing.
 *
 * Every answer is bounded, in rows and in time: a question that has to look at many objects stops after
 * {@link ExplorerOptions.milliseconds} and says with `next` where to continue. All texts are bytes.
 */
import {
  Attrs,
  Closure,
  ContextString,
  describePosition,
  Environment,
  isList,
  isString,
  type Lambda,
  LambdaKind,
  NixPath,
  NO_POS,
  type PositionTable,
  type Slot,
  Thunk,
  textOf,
  type Value,
} from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import { showSlot } from "../values.ts";
import {
  CodeIndex,
  type CodeUnit,
  type UnitDescription,
  type UnitInstruction,
} from "./code-index.ts";
import {
  codeOfObject,
  eachReference,
  type HeapObject,
  OBJECT_KINDS,
  type ObjectKind,
  type ReferenceRole,
} from "./heap-objects.ts";
import type { HeapRoot, HeapSnapshot, Reference } from "./heap-snapshot.ts";

/** What an explorer is made of. */
export interface ExplorerOptions {
  readonly snapshot: HeapSnapshot;
  readonly positions: PositionTable;
  /** Code that was run; that of the objects is found by itself. */
  readonly code: Iterable<Lambda>;
  /** The names that every text can use. */
  readonly globals: readonly Bytes[];
  /** Whether the code was compiled for a debugger. */
  readonly keepsScopes: boolean;
  /** How often some code was entered; absent if nobody has counted. */
  readonly entriesOf?: ((lambda: Lambda) => number) | undefined;
  /** The code of a thunk that has been evaluated and no longer knows it; absent if nobody has noted it. */
  readonly originOf?: ((thunk: Thunk) => Lambda | undefined) | undefined;
  /** Milliseconds since some moment. */
  readonly clock: () => number;
  /** The time for one answer. Defaults to 250 ms. */
  readonly milliseconds?: number | undefined;
}

/** A part of the rows of an answer. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** How many rows there are in all, if that is known. */
  readonly total: number | undefined;
  /** Where the next part begins; absent after the last one. */
  readonly next: number | undefined;
}

/** Which rows of an answer are wanted. */
export interface PageRequest {
  /** Defaults to 0. */
  readonly from?: number | undefined;
  /** Defaults to 40, at most {@link MAX_ROWS}. */
  readonly limit?: number | undefined;
}

/** An object in a list. */
export interface ObjectRow {
  readonly number: number;
  readonly kind: ObjectKind;
  readonly text: Bytes;
  readonly size: number;
  /** Only in lists by retained size. */
  readonly retained?: number;
}

/** What refers to an object, or what it refers to. */
export interface ReferenceRow {
  /** `.name`, `[3]`, `captured x`. */
  readonly label: Bytes;
  /** 0 for a root, `undefined` for a plain value. */
  readonly number: number | undefined;
  readonly text: Bytes;
}

/** Everything about an object but its references. */
export interface ObjectDescription extends ObjectRow {
  /** What it and all that lives only because of it take. */
  readonly retained: number;
  /** The object that alone keeps it alive; 0 if there is none. */
  readonly dominator: number;
  readonly holders: number;
  /** The unit of a function, or of a thunk as far as that is known. */
  readonly unit: UnitRow | undefined;
  /** Lines that depend on the kind. */
  readonly notes: readonly Bytes[];
  /** The message of a thunk that has failed, or the text of a string. */
  readonly content: Bytes | undefined;
}

/** A unit in a list. */
export interface UnitRow {
  readonly number: number;
  readonly title: Bytes;
  readonly kind: "function" | "thunk";
  readonly place: Bytes;
  /** How often its code was entered; `undefined` if nobody has counted. */
  readonly entries: number | undefined;
  /** Functions, and thunks that are not evaluated, with this code. */
  readonly live: number;
  /** Whether its code was ever entered; `undefined` under a debugger. */
  readonly isUsed: boolean | undefined;
}

/** A file in a list. */
export interface FileRow {
  readonly name: Bytes;
  readonly units: number;
  /** Units whose code was never entered; `undefined` under a debugger. */
  readonly unused: number | undefined;
  readonly functions: number;
  /** Thunks with code of this file that are not evaluated. */
  readonly suspended: number;
}

/** The numbers of the whole heap. */
export interface Overview {
  readonly objects: number;
  readonly bytes: number;
  /** Whether there were more objects than the limit. */
  readonly isCut: boolean;
  readonly kinds: readonly {
    readonly kind: ObjectKind;
    readonly count: number;
    readonly bytes: number;
  }[];
  readonly roots: number;
  readonly files: number;
  readonly units: number;
}

/** Which objects are wanted. */
export interface ObjectFilter {
  readonly kind?: ObjectKind | undefined;
  /** The number of a unit. */
  readonly unit?: number | undefined;
  /** Part of the text of the row, of a string, or of a name. */
  readonly text?: Bytes | undefined;
}

/** The most rows of one answer. */
export const MAX_ROWS = 1000;
const DEFAULT_ROWS = 40;
const DEFAULT_MILLISECONDS = 250;
/** Objects between two looks at the clock. */
const CLOCK_INTERVAL = 256;
/** Names of a set that are shown on its line. */
const SHOWN_NAMES = 6;

/** A question that is about something that does not exist. */
export class NoSuchThing extends Error {
  override readonly name = "NoSuchThing";
}

/** See the head of this file. */
export class HeapExplorer {
  readonly snapshot: HeapSnapshot;
  readonly code: CodeIndex;
  readonly #options: ExplorerOptions;
  /** The unit of each object, or -1. */
  readonly #unitOf: Int32Array;
  /** How many objects each unit has. */
  readonly #live: Int32Array;
  /** Those of them that are not thunks that have been evaluated. */
  readonly #pending: Int32Array;
  #bySize: { readonly shallow?: Int32Array; readonly retained?: Int32Array } = {};

  constructor(options: ExplorerOptions) {
    this.#options = options;
    const { snapshot, positions, globals, keepsScopes, originOf } = options;
    this.snapshot = snapshot;
    const lambdas = new Set<Lambda>(options.code);
    const codes: (Lambda | undefined)[] = [undefined];
    for (let i = 1; i <= snapshot.size; i++) {
      const object = snapshot.objects[i] as HeapObject;
      const code =
        codeOfObject(object) ?? (object instanceof Thunk ? originOf?.(object) : undefined);
      codes.push(code);
      if (code !== undefined) lambdas.add(code);
    }
    this.code = new CodeIndex(lambdas, positions, globals, keepsScopes);
    this.#unitOf = new Int32Array(codes.length).fill(-1);
    this.#live = new Int32Array(this.code.units.length);
    this.#pending = new Int32Array(this.code.units.length);
    codes.forEach((code, i) => {
      const unit = code && this.code.unitOf(code);
      if (unit === undefined) return;
      this.#unitOf[i] = unit.number;
      (this.#live[unit.number] as number)++;
      if (codeOfObject(snapshot.objects[i] as HeapObject) !== undefined) {
        (this.#pending[unit.number] as number)++;
      }
    });
  }

  overview(): Overview {
    const { kinds, sizes, size, isCut, roots } = this.snapshot;
    const rows = OBJECT_KINDS.map((kind) => ({ kind, count: 0, bytes: 0 }));
    let bytes = 0;
    for (let i = 1; i <= size; i++) {
      const row = rows[kinds[i] as number] as (typeof rows)[number];
      row.count++;
      row.bytes += sizes[i] as number;
      bytes += sizes[i] as number;
    }
    return {
      objects: size,
      bytes,
      isCut,
      kinds: rows.filter(({ count }) => count > 0),
      roots: roots.length,
      files: this.code.files.length,
      units: this.code.units.length,
    };
  }

  /** The roots of the walk: the result, the files, the builtins, the frames of a stop. */
  roots(request: PageRequest = {}): Page<ReferenceRow> {
    return pageOf(this.snapshot.roots, request, ({ name, value }: HeapRoot) =>
      this.#referenceRow(name, value),
    );
  }

  /** Files by a part of their names. */
  files(text: Bytes = "", request: PageRequest = {}): Page<FileRow> {
    const files = this.code.files.filter(({ name }) => matches(name, text));
    return pageOf(files, request, ({ name, units }) => {
      return {
        name,
        units: units.length,
        unused: this.#options.keepsScopes
          ? undefined
          : units.filter(({ isUsed }) => isUsed === false).length,
        functions: this.#sum(units, "function"),
        suspended: this.#sum(units, "thunk"),
      };
    });
  }

  /** The units of a file, in the order of the text, or those of all files; by a part of their names. */
  units(file: Bytes | undefined, text: Bytes = "", request: PageRequest = {}): Page<UnitRow> {
    const units = file === undefined ? this.code.units : this.file(file).units;
    if (text === "") return pageOf(units, request, (unit) => this.unitRow(unit));
    return this.#scan(units.length, request, (i) => {
      const unit = units[i] as CodeUnit;
      return matches(this.code.title(unit), text) ? this.unitRow(unit) : undefined;
    });
  }

  /** A file by its name, or by the end of it if only one ends so. Throws {@link NoSuchThing}. */
  file(name: Bytes) {
    const { files } = this.code;
    const exact = files.find((file) => file.name === name);
    const found =
      exact === undefined ? files.filter((file) => file.name.endsWith(`/${name}`)) : [exact];
    if (found.length === 1) return found[0] as (typeof files)[number];
    throw new NoSuchThing(
      found.length === 0
        ? `no code of a file '${name}' was loaded`
        : `'${name}' may be any of ${found.length} files, such as '${found[0]?.name}'`,
    );
  }

  /** The innermost unit that begins at or before a place of a file. Throws {@link NoSuchThing}. */
  unitAt(name: Bytes, line: number): UnitRow {
    const { source, units } = this.file(name);
    const found = units.filter(({ offset }) => source.lineColumn(offset).line === line);
    const first = found[0];
    if (first === undefined) throw new NoSuchThing(`no code begins on line ${line} of '${name}'`);
    return this.unitRow(first);
  }

  unitRow(unit: CodeUnit): UnitRow {
    const { number, lambda } = unit;
    const { title, kind, place } = this.code.describe(unit);
    return {
      number,
      title,
      kind,
      place,
      entries: this.#options.entriesOf?.(lambda),
      live: this.#pending[number] ?? 0,
      isUsed: unit.isUsed,
    };
  }

  /** A unit: its text, its instructions and what it captures. Throws {@link NoSuchThing}. */
  unit(number: number): UnitRow &
    UnitDescription & {
      readonly instructions: readonly UnitInstruction[];
      readonly locals: number;
      /** Objects of it in the heap, evaluated thunks included if their code is known. */
      readonly objects: number;
    } {
    const unit = this.code.units[number];
    if (unit === undefined) throw new NoSuchThing(`there is no unit ${number}`);
    const instructions = this.code.instructions(unit);
    return {
      ...this.code.describe(unit),
      ...this.unitRow(unit),
      instructions,
      locals: unit.lambda.localCount,
      objects: this.#live[number] ?? 0,
    };
  }

  /** Objects that a filter accepts, in the order in which they were reached. */
  objects(filter: ObjectFilter = {}, request: PageRequest = {}): Page<ObjectRow> {
    const { kinds } = this.snapshot;
    const kind = filter.kind === undefined ? -1 : OBJECT_KINDS.indexOf(filter.kind);
    const { unit, text = "" } = filter;
    return this.#scan(this.snapshot.size, request, (i) => {
      const number = i + 1;
      if (kind >= 0 && kinds[number] !== kind) return undefined;
      if (unit !== undefined && this.#unitOf[number] !== unit) return undefined;
      if (text !== "" && !this.#contains(number, text)) return undefined;
      return this.row(number);
    });
  }

  /** The largest objects, by themselves or with all that lives only because of them. */
  *largest(
    by: "shallow" | "retained",
    request: PageRequest = {},
  ): Generator<void, Page<ObjectRow>> {
    const sizes = by === "shallow" ? this.snapshot.sizes : yield* this.snapshot.retainedSizes();
    let order = this.#bySize[by];
    if (order === undefined) {
      order = new Int32Array(this.snapshot.size);
      for (let i = 0; i < order.length; i++) order[i] = i + 1;
      order.sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
      this.#bySize = { ...this.#bySize, [by]: order };
    }
    const sorted = order;
    return pageOf({ length: sorted.length }, request, (_, i) => {
      const number = sorted[i] as number;
      return {
        ...this.row(number),
        ...(by === "retained" ? { retained: sizes[number] as number } : {}),
      };
    });
  }

  row(number: number): ObjectRow {
    const object = this.#object(number);
    return {
      number,
      kind: this.snapshot.kindOf(number),
      text: this.#line(object),
      size: this.snapshot.sizes[number] as number,
    };
  }

  /** An object. Throws {@link NoSuchThing}. */
  *object(number: number): Generator<void, ObjectDescription> {
    const object = this.#object(number);
    const retained = yield* this.snapshot.retainedSizes();
    const dominators = yield* this.snapshot.dominators();
    const unit = this.code.units[this.#unitOf[number] as number];
    return {
      ...this.row(number),
      retained: retained[number] as number,
      dominator: dominators[number] as number,
      holders: this.snapshot.holderCount(number),
      unit: unit && this.unitRow(unit),
      notes: this.#notes(object),
      content: contentOf(object),
    };
  }

  /** What an object refers to. Throws {@link NoSuchThing}. */
  references(number: number, request: PageRequest = {}): Page<ReferenceRow> {
    const object = this.#object(number);
    const { from, limit } = rangeOf(request);
    const found: { role: ReferenceRole; key: string | number; target: unknown }[] = [];
    let count = 0;
    eachReference(object, (target, role, key) => {
      if (count >= from && count < from + limit) found.push({ role, key, target });
      count++;
    });
    const names = this.#captureNames(number);
    return {
      rows: found.map(({ role, key, target }) =>
        this.#referenceRow(labelOf(role, key, names), target),
      ),
      total: count,
      next: from + limit < count ? from + limit : undefined,
    };
  }

  /** What refers to an object. Throws {@link NoSuchThing}. */
  holders(number: number, request: PageRequest = {}): Page<ReferenceRow> {
    this.#object(number);
    const { from, limit } = rangeOf(request);
    const total = this.snapshot.holderCount(number);
    const seen = new Map<number, number>();
    const rows = this.snapshot.holders(number, from, limit).map((holder): ReferenceRow => {
      const nth = seen.get(holder) ?? 0;
      seen.set(holder, nth + 1);
      const reference = this.snapshot.referencesBetween(holder, number)[nth];
      return { ...this.#holderRow(holder), label: this.#label(reference, holder) };
    });
    return { rows, total, next: from + limit < total ? from + limit : undefined };
  }

  /** The shortest way from a root to an object, the root first. Throws {@link NoSuchThing}. */
  path(number: number): readonly ReferenceRow[] {
    this.#object(number);
    return this.snapshot.pathTo(number).map((reference) => ({
      label: this.#label(reference, reference.from),
      number: reference.to,
      text: this.#line(this.#object(reference.to)),
    }));
  }

  #object(number: number): HeapObject {
    const object = this.snapshot.objects[number];
    if (object === undefined) {
      throw new NoSuchThing(
        `there is no object ${number}; they go from 1 to ${this.snapshot.size}`,
      );
    }
    return object;
  }

  #sum(units: readonly CodeUnit[], kind: UnitRow["kind"]): number {
    let sum = 0;
    for (const { number, lambda } of units) {
      if ((lambda.kind === LambdaKind.Function) === (kind === "function"))
        sum += this.#pending[number] ?? 0;
    }
    return sum;
  }

  /** Rows that a callback finds, one for each index at most, until there are enough or the time is over. */
  #scan<Row>(
    count: number,
    request: PageRequest,
    rowAt: (index: number) => Row | undefined,
  ): Page<Row> {
    const { from, limit } = rangeOf(request);
    const { clock, milliseconds = DEFAULT_MILLISECONDS } = this.#options;
    const end = clock() + milliseconds;
    const rows: Row[] = [];
    for (let i = from; i < count; i++) {
      const row = rowAt(i);
      if (row !== undefined && rows.push(row) === limit) {
        return { rows, total: undefined, next: i + 1 < count ? i + 1 : undefined };
      }
      if (i % CLOCK_INTERVAL === 0 && i > from && clock() > end) {
        return { rows, total: undefined, next: i + 1 };
      }
    }
    return { rows, total: from === 0 ? rows.length : undefined, next: undefined };
  }

  #contains(number: number, text: Bytes): boolean {
    const object = this.#object(number);
    if (matches(this.#line(object), text)) return true;
    const content = contentOf(object);
    if (content !== undefined && matches(content, text)) return true;
    let found = false;
    eachReference(object, (target, _, key) => {
      if (typeof key === "string" && matches(key, text)) found = true;
      if (isString(target as Value) && matches(textOf(target as string), text)) found = true;
    });
    return found;
  }

  #captureNames(number: number): readonly Bytes[] {
    const unit = this.code.units[this.#unitOf[number] as number];
    return unit === undefined ? [] : this.code.captures(unit);
  }

  #label(reference: Reference | undefined, holder: number): Bytes {
    if (reference === undefined) return "(no longer)";
    return labelOf(reference.role, reference.key, this.#captureNames(holder));
  }

  #referenceRow(label: Bytes, target: unknown): ReferenceRow {
    const number = this.snapshot.numberOf(target);
    const text =
      number === undefined
        ? this.#plainText(target)
        : this.#line(this.snapshot.objects[number] as HeapObject);
    return { label, number, text };
  }

  #holderRow(number: number): Pick<ReferenceRow, "number" | "text"> {
    return number === 0
      ? { number, text: "a root" }
      : { number, text: this.#line(this.#object(number)) };
  }

  #plainText(value: unknown): Bytes {
    const isPlain =
      value === null || ["string", "number", "bigint", "boolean"].includes(typeof value);
    return isPlain ? showSlot(value as Slot, this.#options.positions).text : "(not followed)";
  }

  /** An object on one line. */
  #line(object: HeapObject): Bytes {
    const { positions } = this.#options;
    if (object instanceof Attrs) return setLine(object);
    if (object instanceof Thunk) {
      const { code } = object;
      if (code === null) {
        const value: unknown = object.a;
        return value instanceof Attrs ? setLine(value) : showSlot(object, positions).text;
      }
      return showSlot(object, positions).text;
    }
    if (object instanceof Environment) {
      return object.names === null
        ? "with"
        : `scope of ${
            object.names
              .filter((name) => name !== "")
              .slice(0, SHOWN_NAMES)
              .join(" ") || "nothing"
          }`;
    }
    if (object instanceof NixPath) return object.shown;
    return showSlot(object as Slot, positions).text;
  }

  #notes(object: HeapObject): Bytes[] {
    const { positions } = this.#options;
    const notes: Bytes[] = [];
    if (object instanceof Attrs) {
      const pos = object.shape.positions?.find((one) => one > NO_POS);
      if (pos !== undefined)
        notes.push(`first attribute defined at ${describePosition(positions, pos)}`);
      if (object.depth > 0) {
        notes.push(
          `${object.depth + 1} layers of '//'; the top one has ${object.values.length} attributes`,
        );
      }
    } else if (object instanceof Closure) {
      const { formals, param } = object.code;
      if (formals !== null)
        notes.push(`parameters: ${formals.names.join(" ")}${formals.ellipsis ? " ..." : ""}`);
      else if (param !== undefined) notes.push(`parameter: ${param}`);
    } else if (object instanceof ContextString) {
      notes.push(`context of ${object.context.size} elements`);
    } else if (isList(object)) {
      notes.push(`${object.length} items`);
    } else if (
      object instanceof Thunk &&
      object.code === null &&
      this.#options.originOf === undefined
    ) {
      notes.push("an evaluated thunk forgets its code; --origins remembers it");
    }
    return notes;
  }
}

/** The names of a set's top layer, and how many layers are below; a set is not flattened to be shown. */
function setLine(set: Attrs): Bytes {
  const { names } = set.shape;
  const type = set.get("type");
  const known = type instanceof Thunk ? (type.code === null ? type.a : undefined) : type;
  const name = set.get("name");
  const title = name instanceof Thunk ? (name.code === null ? name.a : undefined) : name;
  const isPackage = known === "derivation" && title !== undefined && isString(title as Value);
  const shown = names.slice(0, SHOWN_NAMES).map(printIdentifier).join(" ");
  const more = names.length > SHOWN_NAMES ? ` +${names.length - SHOWN_NAMES}` : "";
  const layers = set.depth > 0 ? ` // ${set.depth} more` : "";
  const text = names.length === 0 ? "{ }" : `{ ${shown}${more} }`;
  return isPackage ? `derivation ${textOf(title as string)}${layers}` : `${text}${layers}`;
}

function contentOf(object: HeapObject): Bytes | undefined {
  if (object instanceof ContextString) return object.text;
  if (object instanceof Thunk && object.code !== null) {
    const error: unknown = object.a;
    return error instanceof Error ? error.message : undefined;
  }
  return undefined;
}

/** What a reference is called. */
function labelOf(role: ReferenceRole, key: string | number, captures: readonly Bytes[]): Bytes {
  switch (role) {
    case "attribute":
      return `.${printIdentifier(String(key))}`;
    case "item":
      return `[${key}]`;
    case "capture": {
      const name = captures[key as number];
      return name === undefined || name === "" ? `captured ${key}` : `captured ${name}`;
    }
    case "argument":
      return `argument ${Number(key) + 1}`;
    case "variable":
      return String(key);
    case "root":
      return String(key);
    case "base":
      return "under //";
    case "with":
      return "set of with";
    case "outer":
      return "scope around";
    default:
      return role;
  }
}

function matches(text: Bytes, part: Bytes): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

function rangeOf({ from = 0, limit = DEFAULT_ROWS }: PageRequest): { from: number; limit: number } {
  return { from: Math.max(0, from), limit: Math.min(Math.max(1, limit), MAX_ROWS) };
}

function pageOf<Item, Row>(
  items: ArrayLike<Item>,
  request: PageRequest,
  rowOf: (item: Item, index: number) => Row,
): Page<Row> {
  const { from, limit } = rangeOf(request);
  const end = Math.min(items.length, from + limit);
  const rows: Row[] = [];
  for (let i = from; i < end; i++) rows.push(rowOf(items[i] as Item, i));
  return { rows, total: items.length, next: end < items.length ? end : undefined };
}
