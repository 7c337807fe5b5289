/**
 * Reads a heap image, object by object: a thunk of an image is in a state that reads its record when it is
 * forced, and everything else is read with the object that refers to it. So an evaluation pays for what it
 * looks at.
 *
 * Suspended code goes on where it stopped. Its file is read when the first of its code is entered, at
 * positions that are reserved for it, and must be the file that the image was made from; otherwise
 * {@link StaleImage} ends the run.
 */
import type { KnownDerivation } from "@nivis/formats";
import type { Origin } from "@nivis/syntax";
import { SourceFile } from "@nivis/syntax";
import { Lambda, type LambdaKind } from "../bytecode/lambda.ts";
import type { Dependencies } from "../dependencies/dependencies.ts";
import { COLUMN, LINE, positionThunk } from "../operations/position-value.ts";
import { NO_POS, type PosIdx, type Position, type PositionTable } from "../position.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { APPLY, APPLY2, settle, Thunk, TrackedState } from "../value/thunk.ts";
import {
  type Builtin,
  Closure,
  ContextString,
  NixFloat,
  NixPath,
  PartialBuiltin,
  type Slot,
  type Value,
} from "../value/value.ts";
import { MISSING } from "../vm/calls.ts";
import { WithScope } from "../vm/with-scope.ts";
import { CallBindings } from "./call-binding.ts";
import type { Records } from "./call-match.ts";
import { CallNote, type NotedThunk } from "./call-note.ts";
import type { PlacedFile, PlacedProgram, RememberedCall } from "./encode.ts";
import { readFacts } from "./facts.ts";
import {
  CallRow,
  Code,
  Constant,
  FileKind,
  FileRow,
  Head,
  ImportRow,
  Kind,
  NAME_SEPARATOR,
  ShapeFlag,
  StoreRow,
  TAG_BITS,
  TAG_MASK,
  Tag,
} from "./format.ts";
import { ImageInputs } from "./image-inputs.ts";
import { ImagePages, type ImageSource, type PagesHost } from "./image-pages.ts";
import { treeOf } from "./trees.ts";

/** Stands for an object that an image lacks, while the image is copied to another one. */
class LackingObject {}

/** The code of a file, by the numbers of its units. */
export interface LoadedUnits {
  readonly source: SourceFile;
  lambda(unit: number): Lambda | undefined;
}

/** What reading an image needs of its evaluation. */
export interface ImageHost extends PagesHost {
  readonly positions: PositionTable;
  readonly globals: ReadonlyMap<string, Slot>;
  /**
   * Loads a file at a position that is reserved for it; `undefined` if it is not the one with that key, or
   * cannot be read. With `isOther`, it was the one with that key just now, so its text is read only if its
   * compiled code lacks something; `isOther` then makes the error for another text.
   */
  readonly load: (
    path: NixPath,
    base: PosIdx,
    key: string,
    isOther: (() => Error) | undefined,
  ) => LoadedUnits | undefined;
  /** Compiles the text of a main program at a position that is reserved for it. */
  readonly compile: (
    source: SourceFile,
    directory: NixPath,
    base: PosIdx,
  ) => LoadedUnits | undefined;
  /** The object that one of the program stands for, in an evaluation that keeps its heap. */
  readonly original: (object: object) => object;
  /** The paths, as byte strings, about which something has changed since the image was written. */
  readonly changed: readonly string[];
  /** What a warm evaluation keeps of what its values depend on. */
  readonly dependencies: Dependencies | undefined;
  /** Lets a function look for a remembered call before it runs. */
  readonly recalling: (closure: Closure, calls: readonly ImageCall[]) => void;
}

/** A remembered call of an image. */
export interface ImageCall {
  /**
   * Whether an argument is like the remembered one. If so, it takes the place of that one as far as programs
   * could tell them apart, and the result must be asked for.
   */
  accepts(argument: Slot): boolean;
  /** The result. Must be asked for once. */
  result(): Slot;
}

/** Whether an object of this kind gets its slots after it was made, so that cycles end. */
function lacksSlots(kind: Kind): boolean {
  switch (kind) {
    case Kind.Attrs:
    case Kind.List:
    case Kind.Closure:
    case Kind.Partial:
    case Kind.With:
      return true;
    default:
      return false;
  }
}

/** The state of a thunk whose record has not been read. `a` is the offset of the record. */
class UnreadState extends TrackedState {
  constructor(private readonly image: ImageReader) {
    super("in an image");
  }

  override read(thunk: Thunk): Slot | undefined {
    this.image.readThunk(thunk);
    const { code } = thunk;
    if (code === null) return thunk.a;
    return code instanceof TrackedState && code !== this ? code.read(thunk) : undefined;
  }

  override enter(thunk: Thunk): Slot | undefined {
    return this.read(thunk);
  }

  override hasFailed(thunk: Thunk): boolean {
    this.image.readThunk(thunk);
    return false;
  }
}

/** Reads one image. */
export class ImageReader {
  readonly #host: ImageHost;
  readonly #pages: ImagePages;
  readonly #words: Int32Array;
  readonly #inputs: ImageInputs;
  readonly #bindings: CallBindings;
  readonly #base: PosIdx;
  readonly #state = new UnreadState(this);
  /** The objects of the records that were read or referred to. */
  readonly #objects = new Map<number, unknown>();
  /** Objects that were made but lack what they refer to. */
  readonly #unfilled: number[] = [];
  #isUsed = false;
  #isFilling = false;
  #isCopied = false;
  readonly #units: (LoadedUnits | undefined)[] = [];
  readonly #sources: (SourceFile | undefined)[] = [];
  /** The rows of calls whose results were given away. */
  readonly #taken = new Set<number>();
  /** The rows of imports by what was requested, and by the path that was read. */
  readonly #requested = new Map<string, number>();
  readonly #read = new Map<string, number>();
  #derivations: Map<string, number> | undefined;
  #references: Map<string, number> | undefined;
  /** The calls by the records of their functions. */
  readonly #calls = new Map<number, number[]>();

  private constructor(pages: ImagePages, host: ImageHost) {
    const { words } = pages;
    this.#pages = pages;
    this.#words = words;
    this.#host = host;
    this.#base = host.positions.reserve(words[Head.Positions] as number, (distance) =>
      this.#resolve(distance),
    );
    this.#inputs = new ImageInputs(pages, host.changed, host.dependencies);
    this.#bindings = new CallBindings({
      positions: host.positions,
      original: host.original,
      records: () => this.#records(),
      slot: (word) => this.#slot(word),
      put: (record, object, isSuspended) => this.#put(record, object, isSuspended),
    });
    pages.rows(Head.Imports, ImportRow.Size, (row) => {
      const requested = pages.string(words[row + ImportRow.Requested] as number);
      if (requested !== "") this.#requested.set(requested, row);
      else {
        const path = pages.string(words[row + ImportRow.Path] as number);
        this.#read.set(`${words[row + ImportRow.Tree]}${path}`, row);
      }
    });
    pages.rows(Head.Calls, CallRow.Size, (row) => {
      const closure = (words[row + CallRow.Function] as number) >> TAG_BITS;
      const calls = this.#calls.get(closure);
      if (calls === undefined) this.#calls.set(closure, [row]);
      else calls.push(row);
    });
  }

  /** Opens an image; `undefined` if the bytes are not one, or if it is not known what has changed. */
  static open(bytes: ImageSource, host: ImageHost): ImageReader | undefined {
    const pages = ImagePages.open(bytes, host);
    if (pages === undefined) return undefined;
    const reader = new ImageReader(pages, host);
    return reader.#inputs.areKnown ? reader : undefined;
  }

  /** Whether anything was taken from the image. */
  get isUsed(): boolean {
    return this.#isUsed || this.#pages.isRead;
  }

  // ── What an evaluation asks ────────────────────────────────────────────────────────────────────

  /** The file that an import of a path in the host's file system loads. */
  requested(path: string): { readonly path: NixPath; readonly value: Slot } | undefined {
    return this.#import(this.#requested.get(path));
  }

  /** The value of a file, by the path that is read and the number of its tree. */
  file(path: string, tree: number): { readonly path: NixPath; readonly value: Slot } | undefined {
    return this.#import(this.#read.get(`${tree}${path}`));
  }

  #import(row: number | undefined): { path: NixPath; value: Slot } | undefined {
    if (row === undefined || this.#inputs.isStale(this.#words[row + ImportRow.Set] as number)) {
      return undefined;
    }
    const words = this.#words;
    this.#inputs.note(words[row + ImportRow.Set] as number);
    const path = this.#pages.string(words[row + ImportRow.Path] as number);
    const value = this.#slot(words[row + ImportRow.Value] as number) as Slot;
    return { path: new NixPath(path, treeOf(words[row + ImportRow.Tree] as number)), value };
  }

  /**
   * Prepares for writing everything to another image, which lacks what this one lacks: from now on, a thunk
   * without a value stays unread, and an object that is missing is one that no image can hold. So objects
   * that refer to them are complete. No evaluation may go on with them.
   */
  copy(): void {
    this.#isCopied = true;
    this.#host.onStale();
  }

  /** All imports, to write them to another image: what was requested (`""` for a path that was read). */
  *imports(): Generator<readonly [requested: string, file: PlacedFile]> {
    const words = this.#words;
    for (const [requested, row] of [
      ...this.#requested,
      ...Array.from(this.#read.values(), (row) => ["", row] as const),
    ]) {
      const file = this.#import(row);
      if (file === undefined) continue;
      yield [
        requested,
        { ...file, set: this.#inputs.present(words[row + ImportRow.Set] as number) ?? 0 },
      ];
    }
  }

  /** All calls, to write them to another image, and whether their results were given away. */
  *calls(): Generator<RememberedCall & { readonly isTaken: boolean }> {
    const words = this.#words;
    for (const [closure, rows] of this.#calls) {
      for (const row of rows) {
        if (this.#isStaleSlot(words[row + CallRow.Result] as number)) continue;
        if (this.#isStaleSlot(closure << TAG_BITS)) continue;
        yield {
          function: this.#object(closure) as Closure,
          argument: this.#slot(this.#words[row + CallRow.Argument] as number) as Slot,
          result: this.#slot(this.#words[row + CallRow.Result] as number) as Slot,
          note: this.#noteAt(this.#words[row + CallRow.Note] as number),
          isTaken: this.#taken.has(row),
        };
      }
    }
  }

  /** How many files and calls depend on nothing that has changed. */
  countUsable(): number {
    const words = this.#words;
    let count = 0;
    for (const row of this.#read.values()) {
      if (!this.#inputs.isStale(words[row + ImportRow.Set] as number)) count++;
    }
    for (const row of [...this.#calls.values()].flat()) {
      if (!this.#isStaleSlot(words[row + CallRow.Result] as number)) count++;
    }
    return count;
  }

  /** Reads a note, to write it to another image. */
  #noteAt(slot: number): CallNote | undefined {
    if ((slot & TAG_MASK) !== Tag.Object) return undefined;
    const words = this.#words;
    const at = slot >> TAG_BITS;
    this.#pages.reach(at);
    const count = words[at + 1] as number;
    this.#pages.reachTo(at, at + 1 + 2 * count);
    const thunks: NotedThunk[] = [];
    for (let i = 0; i < count; i++) {
      thunks.push({
        thunk: this.#slot(words[at + 2 + 2 * i] as number) as Thunk,
        before: this.#slot(words[at + 3 + 2 * i] as number) as Thunk | undefined,
      });
    }
    return new CallNote(thunks);
  }

  // ── Arguments of calls ─────────────────────────────────────────────────────────────────────────

  /** Whether a slot is a thunk that must be evaluated again. */
  #isStaleSlot(slot: number): boolean {
    if ((slot & TAG_MASK) !== Tag.Thunk) return false;
    const at = slot >> TAG_BITS;
    this.#pages.reach(at);
    return this.#words[at] === Kind.Tracked && this.#inputs.isStale(this.#words[at + 1] as number);
  }

  #records(): Records {
    const words = this.#words;
    const own = new Set(this.#objects.values());
    return {
      positions: this.#host.positions,
      word: (at) => {
        this.#pages.reachTo(at, at);
        return words[at] as number;
      },
      string: (index) => this.#pages.string(index),
      objectAt: (record) => this.#objects.get(record),
      has: (object) => own.has(object),
      valueOf: (record) => {
        this.#pages.reach(record);
        if (words[record] === Kind.Forced) return words[record + 1];
        if (words[record] !== Kind.Tracked || this.#inputs.isStale(words[record + 1] as number))
          return undefined;
        return words[record + 2];
      },
      constantAt: (record) => this.#object(record),
      shapeAt: (record) => this.#object(record) as Shape,
      position: (written) => this.#position(written),
      mainCode: (record) => {
        const file = words[record + Code.File] as number;
        if (words[this.#pages.fileRow(file) + FileRow.Kind] !== FileKind.Main) return undefined;
        return this.#unitsOf(file).lambda(words[record + Code.Unit] as number);
      },
      baseOf: (record) => {
        const row = this.#pages.fileRow(words[record + Code.File] as number);
        return (this.#base + (words[row + FileRow.Base] as number)) as PosIdx;
      },
    };
  }

  /** Puts an object in the place of that of a record. */
  #put(record: number, object: object, isSuspended: boolean): void {
    this.#objects.set(record, object);
    if (!isSuspended) return;
    const thunk = object as Thunk;
    thunk.code = this.#state;
    thunk.a = record;
    thunk.b = undefined;
    thunk.rest = null;
  }

  /** What the present program stands for: {@link CallBindings.originalCode} and its counterpart for positions. */
  get bindings(): CallBindings {
    return this.#bindings;
  }

  /** What is known about a derivation. */
  derivation(path: string): KnownDerivation | undefined {
    this.#derivations ??= this.#storeRows(Head.Derivations);
    const facts = this.#derivations.get(path);
    if (facts === undefined) return undefined;
    this.#isUsed = true;
    return readFacts(this.#pages.string(facts));
  }

  /** The references of another store path. */
  references(path: string): readonly string[] | undefined {
    this.#references ??= this.#storeRows(Head.References);
    const facts = this.#references.get(path);
    if (facts === undefined) return undefined;
    this.#isUsed = true;
    return JSON.parse(this.#pages.string(facts));
  }

  /** The paths of all derivations, and those of all other store paths. */
  get storePaths(): readonly [derivations: Iterable<string>, others: Iterable<string>] {
    this.#derivations ??= this.#storeRows(Head.Derivations);
    this.#references ??= this.#storeRows(Head.References);
    return [this.#derivations.keys(), this.#references.keys()];
  }

  #storeRows(head: Head): Map<string, number> {
    const rows = new Map<string, number>();
    this.#pages.rows(head, StoreRow.Size, (row) => {
      const path = this.#pages.string(this.#words[row + StoreRow.Path] as number);
      rows.set(path, this.#words[row + StoreRow.Facts] as number);
    });
    return rows;
  }

  /** The program that a position is in; `undefined` if it is not one of the image's. */
  programAt(pos: PosIdx): PlacedProgram | undefined {
    const file = this.#pages.fileAt(pos - this.#base);
    if (file === undefined) return undefined;
    const row = this.#pages.fileRow(file);
    const words = this.#words;
    const isMain = words[row + FileRow.Kind] === FileKind.Main;
    if (!isMain && words[row + FileRow.Kind] !== FileKind.Program) return undefined;
    const start = words[row + FileRow.Base] as number;
    const end =
      file + 1 < (words[words[Head.Files] as number] as number)
        ? (words[this.#pages.fileRow(file + 1) + FileRow.Base] as number)
        : (words[Head.Positions] as number);
    const base = (this.#base + start) as PosIdx;
    const length = end - start - 1;
    if (isMain) {
      const { directory } = this.#mainText(row);
      return { program: { source: this.#source(file), basePath: directory }, base, length };
    }
    const key = this.#pages.string(words[row + FileRow.Key] as number);
    return { program: { path: this.#path(row), key }, base, length };
  }

  #optional(written: number): string | undefined {
    return written === 0 ? undefined : this.#pages.string(written - 1);
  }

  #path(row: number): NixPath {
    const path = this.#pages.string(this.#words[row + FileRow.Path] as number);
    return new NixPath(path, treeOf(this.#words[row + FileRow.Tree] as number));
  }

  #resolve(distance: number): Position {
    const file = this.#pages.fileAt(distance);
    if (file === undefined) throw this.#pages.stale("a position is in no file");
    if (
      this.#words[this.#pages.fileRow(file) + FileRow.Kind] === FileKind.Main &&
      !this.#bindings.isComparing
    ) {
      const moved = this.#bindings.presentPosition((this.#base + distance) as PosIdx);
      const position = moved === undefined ? undefined : this.#host.positions.resolve(moved);
      if (position !== undefined) return position;
      if (!this.#isCopied) throw this.#pages.stale("a position is in no present text");
    }
    const source = this.#source(file);
    return {
      source,
      offset: distance - (this.#words[this.#pages.fileRow(file) + FileRow.Base] as number),
    };
  }

  #source(file: number): SourceFile {
    let source = this.#sources[file];
    if (source !== undefined) return source;
    const row = this.#pages.fileRow(file);
    const words = this.#words;
    if (words[row + FileRow.Kind] === FileKind.Text) {
      const origin = JSON.parse(this.#pages.string(words[row + FileRow.Tree] as number)) as Origin;
      source = new SourceFile(origin, this.#pages.string(words[row + FileRow.Path] as number));
    } else if (words[row + FileRow.Kind] === FileKind.Main) {
      source = new SourceFile(
        this.#mainText(row).origin,
        this.#pages.string(words[row + FileRow.Path] as number),
      );
    } else source = this.#unitsOf(file).source;
    this.#sources[file] = source;
    return source;
  }

  /** Where the text of a main program is from, and the directory of its relative paths. */
  #mainText(row: number): { readonly origin: Origin; readonly directory: NixPath } {
    const written = this.#pages.string(this.#words[row + FileRow.Tree] as number);
    const [origin, path, tree] = JSON.parse(written) as [Origin, string, number];
    return { origin, directory: new NixPath(path, treeOf(tree)) };
  }

  #unitsOf(file: number): LoadedUnits {
    let units = this.#units[file];
    if (units === undefined) {
      const row = this.#pages.fileRow(file);
      const words = this.#words;
      const base = (this.#base + (words[row + FileRow.Base] as number)) as PosIdx;
      if (words[row + FileRow.Kind] === FileKind.Main) {
        units = this.#host.compile(this.#source(file), this.#mainText(row).directory, base);
        if (units === undefined) throw this.#pages.stale("a text does not compile");
        this.#units[file] = units;
        return units;
      }
      const key = this.#pages.string(words[row + FileRow.Key] as number);
      const path = this.#path(row);
      // What the image stands for was compared already, so the text need not be read for its key.
      const isKnown = path.accessor !== undefined || !this.#inputs.hasChanged(path.path);
      units = this.#host.load(
        path,
        base,
        key,
        isKnown ? () => this.#pages.stale(`'${path.path}' has changed`) : undefined,
      );
      if (units === undefined) throw this.#pages.stale(`'${path.path}' has changed`);
      this.#units[file] = units;
    }
    return units;
  }

  // ── Objects ────────────────────────────────────────────────────────────────────────────────────

  #slot(word: number): unknown {
    const payload = word >> TAG_BITS;
    switch (word & TAG_MASK) {
      case Tag.Int:
        return payload;
      case Tag.String:
        return this.#pages.string(payload);
      case Tag.Thunk: {
        const known = this.#objects.get(payload);
        if (known !== undefined) return known;
        const thunk = new Thunk(this.#state, payload, undefined, null);
        this.#objects.set(payload, thunk);
        return thunk;
      }
      case Tag.Object:
        return this.#object(payload);
      default:
        switch (payload) {
          case Constant.Null:
            return null;
          case Constant.True:
            return true;
          case Constant.False:
            return false;
          case Constant.EmptySet:
            return EMPTY_ATTRS;
          case Constant.Missing:
            return MISSING;
          default:
            return undefined;
        }
    }
  }

  /** Gives a thunk what its record says. */
  readThunk(thunk: Thunk): void {
    this.#isUsed = true;
    this.#readRecord(thunk, thunk.a as number);
  }

  #readRecord(thunk: Thunk, at: number): void {
    const words = this.#words;
    this.#pages.reach(at);
    switch (words[at] as Kind) {
      case Kind.Forced:
        settle(thunk, this.#slot(words[at + 1] as number) as Value);
        return;
      case Kind.Tracked: {
        const set = words[at + 1] as number;
        const recipe = (words[at + 3] as number) >> TAG_BITS;
        if (this.#inputs.isStale(set)) {
          this.#readRecord(thunk, recipe);
          return;
        }
        const value = this.#slot(words[at + 2] as number) as Value;
        const { dependencies } = this.#host;
        if (dependencies === undefined) settle(thunk, value);
        else {
          this.#readRecord(thunk, recipe);
          const { code, a, b, rest } = thunk;
          dependencies.track(thunk, value, {
            code,
            a,
            b,
            rest,
            set: this.#inputs.present(set) as number,
          });
        }
        return;
      }
      case Kind.Suspended: {
        const code = this.#slot(words[at + 1] as number) as Lambda;
        this.#capture(thunk, at + 2);
        thunk.code = code;
        return;
      }
      case Kind.Apply:
      case Kind.Apply2: {
        const callee = this.#slot(words[at + 1] as number) as Slot;
        const last = this.#slot(words[at + 2] as number) as Slot;
        const isDouble = words[at] === Kind.Apply2;
        const first = isDouble ? this.#pages.string(words[at + 3] as number) : null;
        thunk.a = callee;
        thunk.b = last;
        thunk.rest = first as unknown as Slot[] | null;
        thunk.code = isDouble ? APPLY2 : APPLY;
        return;
      }
      case Kind.Line:
      case Kind.Column: {
        const pos = this.#position(words[at + 1] as number);
        const { positions } = this.#host;
        const state = words[at] === Kind.Line ? LINE : COLUMN;
        const made = positionThunk(state, { positions, pos });
        thunk.a = made.a;
        thunk.code = made.code;
        return;
      }
      default:
        if (this.#isCopied) return;
        throw this.#pages.stale("it lacks a value");
    }
  }

  #capture(
    target: { a: Slot | undefined; b: Slot | undefined; rest: Slot[] | null },
    at: number,
  ): void {
    const words = this.#words;
    const count = words[at] as number;
    this.#pages.reachTo(at, at + count);
    const rest: Slot[] | null = count > 2 ? [] : null;
    const a = count > 0 ? (this.#slot(words[at + 1] as number) as Slot) : undefined;
    const b = count > 1 ? (this.#slot(words[at + 2] as number) as Slot) : undefined;
    for (let i = 2; i < count; i++) rest?.push(this.#slot(words[at + 1 + i] as number) as Slot);
    target.a = a;
    target.b = b;
    target.rest = rest;
  }

  #object(at: number): unknown {
    const known = this.#objects.get(at);
    if (known !== undefined) return known;
    this.#isUsed = true;
    this.#pages.reach(at);
    const made = this.#make(at);
    this.#objects.set(at, made);
    if (lacksSlots(this.#words[at] as Kind)) this.#unfilled.push(at);
    if (this.#isFilling) return made;
    this.#isFilling = true;
    try {
      for (let next = this.#unfilled.pop(); next !== undefined; next = this.#unfilled.pop()) {
        this.#fill(next);
      }
    } finally {
      this.#isFilling = false;
    }
    return made;
  }

  /** An object; if {@link lacksSlots} of its kind, without the slots it refers to. */
  #make(at: number): unknown {
    const words = this.#words;
    switch (words[at] as Kind) {
      case Kind.Attrs:
        return new Attrs(this.#slot(words[at + 1] as number) as Shape, []);
      case Kind.List:
        return [];
      case Kind.Closure: {
        const code = this.#slot(words[at + 1] as number) as Lambda;
        const closure = new Closure(code, undefined, undefined, null);
        const calls = this.#calls.get(at);
        if (calls !== undefined) {
          this.#host.recalling(
            closure,
            calls.map((row) => this.#call(row)),
          );
        }
        return closure;
      }
      case Kind.ContextString: {
        const context = this.#slot(words[at + 2] as number) as ReadonlySet<string>;
        return new ContextString(this.#pages.string(words[at + 1] as number), context);
      }
      case Kind.Context: {
        const elements = new Set<string>();
        const count = words[at + 1] as number;
        this.#pages.reachTo(at, at + 1 + count);
        for (let i = 0; i < count; i++)
          elements.add(this.#pages.string(words[at + 2 + i] as number));
        return elements;
      }
      case Kind.Path:
        return new NixPath(
          this.#pages.string(words[at + 1] as number),
          treeOf(words[at + 2] as number),
        );
      case Kind.Number:
        return this.#pages.double(at + 1);
      case Kind.Float:
        return new NixFloat(this.#pages.double(at + 1));
      case Kind.BigInt:
        return BigInt(this.#pages.string(words[at + 1] as number));
      case Kind.Global:
        return this.#global(this.#pages.string(words[at + 1] as number));
      case Kind.Partial:
        return new PartialBuiltin(this.#slot(words[at + 1] as number) as Builtin, []);
      case Kind.With:
        return new WithScope(null, null, this.#position(words[at + 3] as number));
      case Kind.Shape:
        return this.#shape(at);
      case Kind.Code:
        return this.#code(at);
      default:
        if (this.#isCopied) return new LackingObject();
        throw this.#pages.stale("it lacks a value");
    }
  }

  #call(row: number): ImageCall {
    const words = this.#words;
    return {
      accepts: (given) => {
        if (this.#isStaleSlot(words[row + CallRow.Result] as number)) return false;
        const argument = words[row + CallRow.Argument] as number;
        if (!this.#bindings.accept(argument, words[row + CallRow.Note] as number, given)) {
          return false;
        }
        this.#isUsed = true;
        return true;
      },
      result: () => {
        this.#taken.add(row);
        return this.#slot(words[row + CallRow.Result] as number) as Slot;
      },
    };
  }

  #fill(at: number): void {
    const words = this.#words;
    const object = this.#objects.get(at);
    switch (words[at] as Kind) {
      case Kind.Attrs: {
        const set = object as { -readonly [Field in keyof Attrs]: Attrs[Field] };
        set.base = (this.#slot(words[at + 2] as number) as Attrs | undefined) ?? null;
        set.depth = words[at + 3] as number;
        this.#pushSlots(set.values as Slot[], at + 4);
        return;
      }
      case Kind.List:
        this.#pushSlots(object as Slot[], at + 1);
        return;
      case Kind.Partial:
        this.#pushSlots((object as PartialBuiltin).args as Slot[], at + 2);
        return;
      case Kind.Closure:
        this.#capture(object as { a: Slot; b: Slot; rest: Slot[] }, at + 2);
        return;
      default: {
        const scope = object as { -readonly [Field in keyof WithScope]: WithScope[Field] };
        scope.namespace = this.#slot(words[at + 1] as number) as Slot;
        scope.parent = (this.#slot(words[at + 2] as number) as WithScope | undefined) ?? null;
      }
    }
  }

  #pushSlots(slots: Slot[], at: number): void {
    const words = this.#words;
    const count = words[at] as number;
    this.#pages.reachTo(at, at + count);
    for (let i = 1; i <= count; i++) slots.push(this.#slot(words[at + i] as number) as Slot);
  }

  #position(written: number): PosIdx {
    return written === 0 ? NO_POS : ((this.#base + written) as PosIdx);
  }

  #global(name: string): unknown {
    const { globals } = this.#host;
    const builtins = globals.get("builtins");
    const slot = name.startsWith("builtins.")
      ? builtins instanceof Attrs
        ? builtins.get(name.slice("builtins.".length))
        : undefined
      : globals.get(name);
    if (slot === undefined) throw this.#pages.stale(`there is no '${name}'`);
    return slot;
  }

  #shape(at: number): Shape {
    const words = this.#words;
    const count = words[at + 1] as number;
    const flags = words[at + 2] as number;
    const isJoined = (flags & ShapeFlag.Joined) !== 0;
    const isPlaced = (flags & ShapeFlag.Placed) !== 0;
    let next = at + 3;
    this.#pages.reachTo(at, next + (isJoined ? 1 : count) + (isPlaced ? count : 0));
    let names: string[] = [];
    if (isJoined) names = this.#pages.string(words[next++] as number).split(NAME_SEPARATOR);
    else for (let i = 0; i < count; i++) names.push(this.#pages.string(words[next++] as number));
    if (!isPlaced) return new Shape(names, null);
    const positions: PosIdx[] = [];
    for (let i = 0; i < count; i++) positions.push(this.#position(words[next++] as number));
    return new Shape(names, positions);
  }

  /** A lambda whose code is that of a unit, which is loaded when it is entered. */
  #code(record: number): Lambda {
    const words = this.#words;
    const at = record;
    const pos = this.#position(words[at + Code.Position] as number);
    const lambda = new Lambda(words[at + Code.LambdaKind] as LambdaKind, pos);
    const file = words[at + Code.File] as number;
    const unit = words[at + Code.Unit] as number;
    lambda.number = unit;
    lambda.base = (this.#base +
      (words[this.#pages.fileRow(file) + FileRow.Base] as number)) as PosIdx;
    lambda.name = this.#optional(words[at + Code.Name] as number);
    lambda.param = this.#optional(words[at + Code.Param] as number);
    const docStart = words[at + Code.DocStart] as number;
    if (docStart >= 0) lambda.doc = { start: docStart, end: words[at + Code.DocEnd] as number };
    const count = words[at + Code.FormalCount] as number;
    if (count >= 0) lambda.formals = this.#formals(at, count);
    lambda.pending = (self) => this.#enter(self, file, unit);
    return lambda;
  }

  #formals(at: number, count: number): NonNullable<Lambda["formals"]> {
    const words = this.#words;
    const names: string[] = [];
    const defaults: boolean[] = [];
    const positions: PosIdx[] = [];
    const sorted: number[] = [];
    let next = at + Code.Size;
    this.#pages.reachTo(at, next + 4 * count);
    for (let i = 0; i < count; i++) {
      names.push(this.#pages.string(words[next++] as number));
      defaults.push(words[next++] === 1);
      positions.push(this.#position(words[next++] as number));
    }
    for (let i = 0; i < count; i++) sorted.push(words[next++] as number);
    return { names, defaults, positions, ellipsis: words[at + Code.Ellipsis] === 1, sorted };
  }

  /** Gives a lambda the code of its unit. */
  #enter(lambda: Lambda, file: number, unit: number): void {
    const code = this.#unitsOf(file).lambda(unit);
    if (code === undefined || code.pos !== lambda.pos) throw this.#pages.stale("it lacks a unit");
    code.ensureCompiled();
    lambda.code = code.code;
    lambda.constants = code.constants;
    lambda.lambdas = code.lambdas;
    lambda.captures = code.captures;
    lambda.upvalueCount = code.upvalueCount;
    lambda.localCount = code.localCount;
    lambda.frameSize = code.frameSize;
    lambda.bodyStart = code.bodyStart;
    lambda.fused = code.fused;
    lambda.spans = code.spans;
    lambda.traceRegions = code.traceRegions;
    lambda.row = code.row;
    lambda.pendingDebugInfo = code.pendingDebugInfo;
  }
}
