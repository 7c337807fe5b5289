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
import { type CallMatch, matchCall, type Records } from "./call-match.ts";
import { CallNote, type NotedThunk } from "./call-note.ts";
import type { PlacedFile, PlacedProgram, RememberedCall } from "./encode.ts";
import { readFacts } from "./facts.ts";
import {
  CallRow,
  Code,
  Constant,
  DIGEST_WORDS,
  FileKind,
  FileRow,
  Head,
  IMAGE_FORMAT,
  IMAGE_MAGIC,
  ImportRow,
  Kind,
  NAME_SEPARATOR,
  PAGE_BITS,
  PAGE_WORDS,
  SetRow,
  ShapeFlag,
  StoreRow,
  TAG_BITS,
  TAG_MASK,
  Tag,
  TEXT_PAGE_BITS,
  TEXT_PAGE_BYTES,
} from "./format.ts";
import { arePlainAndSame } from "./plain-data.ts";
import { SameCode } from "./same-code.ts";
import { treeOf } from "./trees.ts";

/** The reason to repeat a run without its image. It is not an error of the program, so nothing catches it. */
class StaleImage extends Error {
  constructor(what: string) {
    super(`the heap image cannot be used: ${what}`);
    this.name = "StaleImage";
  }
}

/** Stands for an object that an image lacks, while the image is copied to another one. */
class LackingObject {}

/** The code of a file, by the numbers of its units. */
export interface LoadedUnits {
  readonly source: SourceFile;
  lambda(unit: number): Lambda | undefined;
}

/** The bytes of an image, which are read as far as they are needed. */
export interface ImageSource {
  /** The size of the image in bytes. */
  readonly length: number;
  /** Fills an array with the bytes from an offset on; returns whether it could. */
  read(target: Uint8Array, offset: number): boolean;
}

/** What reading an image needs of its evaluation. */
export interface ImageHost {
  readonly positions: PositionTable;
  readonly globals: ReadonlyMap<string, Slot>;
  /** The SHA-256 of bytes. */
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** Converts bytes to a string of chars up to U+00FF. */
  readonly text: (bytes: Uint8Array) => string;
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
  /** Told that the image cannot be used. */
  readonly onStale: () => void;
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

/** The size of the header that its checksum covers, in bytes. */
const CHECKED_HEAD = (Head.Size - Head.Words) * 4;
/** A record has at most so many words before its first count. */
const MAX_FIXED = 16;

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

/**
 * The inputs that are about one of these paths or about something below one, and whether there is a path
 * that no input is about.
 */
function changedInputs(
  paths: readonly string[],
  changed: readonly string[],
): { readonly inputs: ReadonlySet<number>; readonly unknown: boolean } {
  const inputs = new Set<number>();
  let unknown = false;
  for (const path of changed) {
    let isKnown = false;
    paths.forEach((about, i) => {
      if (about !== path && !about.startsWith(`${path}/`)) return;
      isKnown = true;
      inputs.add(i);
    });
    if (!isKnown) unknown = true;
  }
  return { inputs, unknown };
}

/**
 * Words without contents. V8 collects garbage earlier for each ordinary buffer, however little of it is used;
 * a shared one does not count.
 */
function emptyWords(count: number): Int32Array {
  return typeof SharedArrayBuffer === "function"
    ? new Int32Array(new SharedArrayBuffer(4 * count))
    : new Int32Array(count);
}

/** Reads one image. */
export class ImageReader {
  /** Whether anything was taken from the image. */
  used = false;
  /** Whether it is known what depends on all that has changed. */
  private isUsable = true;
  /** All words; those of pages that were not read are zeros, which take no memory. */
  readonly #words: Int32Array;
  /** The pages of the texts that were read. */
  readonly #texts: (string | undefined)[] = [];
  readonly #host: ImageHost;
  readonly #bytes: ImageSource;
  /** Which pages were read: 1. */
  readonly #pages: Uint8Array;
  readonly #base: PosIdx;
  readonly #state = new UnreadState(this);
  /** The objects of the records that were read or referred to. */
  readonly #objects = new Map<number, unknown>();
  /** Objects that were made but lack what they refer to. */
  readonly #unfilled: number[] = [];
  #isFilling = false;
  #isCopied = false;
  readonly #units: (LoadedUnits | undefined)[] = [];
  readonly #sources: (SourceFile | undefined)[] = [];
  /** The positions that are shown in place of those in texts of earlier main programs. */
  readonly #moved = new Map<number, PosIdx>();
  /** What the code and the positions of the present program stand for. */
  readonly #originalCode = new Map<Lambda, Lambda>();
  readonly #originalPositions = new Map<PosIdx, PosIdx>();
  /** The rows of calls whose results were given away. */
  readonly #taken = new Set<number>();
  #isComparing = false;
  /** 1 for the sets with an input that has changed; `undefined` if none has. */
  readonly #changedSets: Uint8Array | undefined;
  /** The sets of a warm evaluation that sets of the image are, if there is one. */
  readonly #sets: readonly number[];
  /** The rows of imports by what was requested, and by the path that was read. */
  readonly #requested = new Map<string, number>();
  readonly #read = new Map<string, number>();
  #derivations: Map<string, number> | undefined;
  #references: Map<string, number> | undefined;
  /** The calls by the records of their functions. */
  readonly #calls = new Map<number, number[]>();

  private constructor(words: Int32Array, bytes: ImageSource, host: ImageHost) {
    this.#words = words;
    this.#bytes = bytes;
    this.#host = host;
    const records = words[Head.Records] as number;
    this.#pages = new Uint8Array(Math.ceil(records / PAGE_WORDS));
    this.#base = host.positions.reserve(words[Head.Positions] as number, (distance) =>
      this.#resolve(distance),
    );
    const { changed, dependencies } = host;
    this.#changedSets = changed.length === 0 ? undefined : this.#findChangedSets(changed);
    this.#sets = dependencies === undefined ? [] : this.#presentSets(dependencies);
    this.#rows(Head.Imports, ImportRow.Size, (row) => {
      const requested = this.#string(words[row + ImportRow.Requested] as number);
      if (requested !== "") this.#requested.set(requested, row);
      else {
        const path = this.#string(words[row + ImportRow.Path] as number);
        this.#read.set(`${words[row + ImportRow.Tree]}${path}`, row);
      }
    });
    this.#rows(Head.Calls, CallRow.Size, (row) => {
      const closure = (words[row + CallRow.Function] as number) >> TAG_BITS;
      const calls = this.#calls.get(closure);
      if (calls === undefined) this.#calls.set(closure, [row]);
      else calls.push(row);
    });
  }

  /** Opens an image; `undefined` if the bytes are not one. */
  static open(bytes: ImageSource, host: ImageHost): ImageReader | undefined {
    const { length } = bytes;
    if (length < Head.Size * 4) return undefined;
    const start = new Uint8Array(Head.Size * 4);
    if (!bytes.read(start, 0)) return undefined;
    const head = new Int32Array(start.buffer);
    if (head[Head.Magic] !== IMAGE_MAGIC || head[Head.Format] !== IMAGE_FORMAT) return undefined;
    const wordCount = head[Head.Words] as number;
    const records = head[Head.Records] as number;
    if (head[Head.Length] !== length || wordCount * 4 > length) return undefined;
    if (records < Head.Size || records > wordCount) return undefined;
    const checked = new Uint8Array(CHECKED_HEAD + (wordCount - records) * 4);
    checked.set(start.subarray(Head.Words * 4));
    if (!bytes.read(checked.subarray(CHECKED_HEAD), records * 4)) return undefined;
    const checksum = host.sha256(checked);
    for (let i = 0; i < checksum.length; i++) {
      if (start[Head.Checksum * 4 + i] !== checksum[i]) return undefined;
    }
    const words = emptyWords(wordCount);
    words.set(head);
    words.set(new Int32Array(checked.buffer, CHECKED_HEAD, wordCount - records), records);
    const reader = new ImageReader(words, bytes, host);
    return reader.isUsable ? reader : undefined;
  }

  // ── Inputs ─────────────────────────────────────────────────────────────────────────────────────

  /** The sets with an input that is about one of these paths or about something below one. */
  #findChangedSets(changed: readonly string[]): Uint8Array {
    const { inputs, unknown } = changedInputs(this.#inputPaths(), changed);
    const words = this.#words;
    const sets = words[Head.Sets] as number;
    const stale = new Uint8Array(words[sets] as number);
    if (unknown) this.isUsable = false;
    this.#rows(Head.Sets, SetRow.Size, (row) => {
      const set = (row - sets - 1) / SetRow.Size;
      const left = words[row + SetRow.Left] as number;
      const right = words[row + SetRow.Right] as number;
      if (right < 0 ? inputs.has(left) : stale[left] === 1 || stale[right] === 1) stale[set] = 1;
    });
    return stale;
  }

  #inputPaths(): string[] {
    const paths: string[] = [];
    this.#rows(Head.Inputs, 1, (row) => {
      paths.push(this.#string(this.#words[row] as number));
    });
    return paths;
  }

  /** Makes the sets of the image in a warm evaluation. */
  #presentSets(dependencies: Dependencies): readonly number[] {
    const words = this.#words;
    const paths = this.#inputPaths();
    const present: number[] = [];
    this.#rows(Head.Sets, SetRow.Size, (row) => {
      const left = words[row + SetRow.Left] as number;
      const right = words[row + SetRow.Right] as number;
      present.push(
        right < 0
          ? dependencies.setOfForeign(paths[left] as string)
          : dependencies.sets.union(present[left] ?? 0, present[right] ?? 0),
      );
    });
    return present;
  }

  #hasChanged(path: string): boolean {
    return this.#host.changed.some((other) => path === other || path.startsWith(`${other}/`));
  }

  #isChanged(set: number): boolean {
    return this.#changedSets !== undefined && this.#changedSets[set] === 1;
  }

  // ── Pages ──────────────────────────────────────────────────────────────────────────────────────

  /** Reads the pages that the first words of a record are on. */
  #reach(at: number): void {
    const page = at >> PAGE_BITS;
    if (this.#pages[page] === 0) this.#load(page);
    const last = (at + MAX_FIXED) >> PAGE_BITS;
    if (last !== page && this.#pages[last] === 0) this.#load(last);
  }

  /** Reads the pages of words of a record, up to `end`. */
  #reachTo(at: number, end: number): void {
    const pages = this.#pages;
    for (let page = at >> PAGE_BITS; page <= end >> PAGE_BITS; page++) {
      if (pages[page] === 0) this.#load(page);
    }
  }

  #load(page: number): void {
    const words = this.#words;
    this.used = true;
    this.#pages[page] = 1;
    const start = Math.max(page * PAGE_WORDS, Head.Size);
    const end = Math.min((page + 1) * PAGE_WORDS, words[Head.Records] as number);
    this.#readChecked(new Uint8Array(words.buffer, start * 4, (end - start) * 4), start * 4, page);
  }

  /** Fills an array with the bytes of a page, whose digest is that with this number. */
  #readChecked(bytes: Uint8Array, offset: number, page: number): void {
    const words = this.#words;
    if (!this.#bytes.read(bytes, offset)) throw this.#stale("a part of it cannot be read");
    const digest = this.#host.sha256(bytes);
    const from = ((words[Head.Digests] as number) + page * DIGEST_WORDS) * 4;
    const expected = new Uint8Array(words.buffer, from, digest.length);
    for (let i = 0; i < digest.length; i++) {
      if (digest[i] !== expected[i]) throw this.#stale("a part of it is damaged");
    }
  }

  // ── What an evaluation asks ────────────────────────────────────────────────────────────────────

  /** Tells a warm evaluation that it depends on a set. */
  #note(set: number): void {
    const present = this.#sets[set];
    if (present !== undefined) this.#host.dependencies?.note(present);
  }

  /** The file that an import of a path in the host's file system loads. */
  requested(path: string): { readonly path: NixPath; readonly value: Slot } | undefined {
    return this.#import(this.#requested.get(path));
  }

  /** The value of a file, by the path that is read and the number of its tree. */
  file(path: string, tree: number): { readonly path: NixPath; readonly value: Slot } | undefined {
    return this.#import(this.#read.get(`${tree}${path}`));
  }

  #import(row: number | undefined): { path: NixPath; value: Slot } | undefined {
    if (row === undefined || this.#isChanged(this.#words[row + ImportRow.Set] as number)) {
      return undefined;
    }
    const words = this.#words;
    this.#note(words[row + ImportRow.Set] as number);
    const path = this.#string(words[row + ImportRow.Path] as number);
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
      yield [requested, { ...file, set: this.#sets[words[row + ImportRow.Set] as number] ?? 0 }];
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
      if (!this.#isChanged(words[row + ImportRow.Set] as number)) count++;
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
    this.#reach(at);
    const count = words[at + 1] as number;
    this.#reachTo(at, at + 1 + 2 * count);
    const thunks: NotedThunk[] = [];
    for (let i = 0; i < count; i++) {
      thunks.push({
        thunk: this.#slot(words[at + 2 + 2 * i] as number) as Thunk,
        before: this.#slot(words[at + 3 + 2 * i] as number) as Thunk | undefined,
      });
    }
    return new CallNote(thunks);
  }

  /** The code of the image that code of the present program stands for, or the code itself. */
  originalCode(code: Lambda): Lambda {
    return this.#originalCode.get(code) ?? code;
  }

  /** {@link originalCode} for a position. */
  originalPosition(pos: PosIdx): PosIdx {
    return this.#originalPositions.get(pos) ?? pos;
  }

  // ── Arguments of calls ─────────────────────────────────────────────────────────────────────────

  /** Whether a slot is a thunk that must be evaluated again. */
  #isStaleSlot(slot: number): boolean {
    if ((slot & TAG_MASK) !== Tag.Thunk) return false;
    const at = slot >> TAG_BITS;
    this.#reach(at);
    return this.#words[at] === Kind.Tracked && this.#isChanged(this.#words[at + 1] as number);
  }

  #accepts(row: number, argument: Slot): boolean {
    const words = this.#words;
    if (this.#isStaleSlot(words[row + CallRow.Result] as number)) return false;
    const slot = words[row + CallRow.Argument] as number;
    const note = words[row + CallRow.Note] as number;
    this.#isComparing = true;
    try {
      if ((note & TAG_MASK) === Tag.Object) {
        const compared = [slot, note >> TAG_BITS] as const;
        const match = matchCall(this.#records(), compared, argument, this.#host.original);
        if (match === undefined) return false;
        this.#bind(match);
        this.#move(match.code);
      } else {
        const code = new SameCode(this.#host.positions);
        if (!arePlainAndSame(code, this.#slot(slot) as Slot, argument)) return false;
        this.#move(code);
      }
    } finally {
      this.#isComparing = false;
    }
    this.used = true;
    return true;
  }

  /** Puts the objects of an argument in the places of those of a remembered one. */
  #bind({ objects, suspended }: CallMatch): void {
    for (const [record, object] of objects) {
      this.#register(record, object);
      if (!suspended.has(record)) continue;
      const thunk = object as Thunk;
      thunk.code = this.#state;
      thunk.a = record;
      thunk.b = undefined;
      thunk.rest = null;
    }
  }

  /** Shows the present positions from now on. */
  #move({ lambdas, positions }: SameCode): void {
    for (const [old, code] of lambdas) this.#originalCode.set(code, old);
    for (const [old, pos] of positions) {
      this.#moved.set(old - this.#base, pos);
      this.#originalPositions.set(pos, old);
    }
  }

  #records(): Records {
    const words = this.#words;
    const own = new Set(this.#objects.values());
    return {
      positions: this.#host.positions,
      word: (at) => {
        if (this.#pages[at >> PAGE_BITS] === 0) this.#load(at >> PAGE_BITS);
        return words[at] as number;
      },
      string: (index) => this.#string(index),
      objectAt: (record) => this.#objects.get(record),
      has: (object) => own.has(object),
      valueOf: (record) => {
        this.#reach(record);
        if (words[record] === Kind.Forced) return words[record + 1];
        if (words[record] !== Kind.Tracked || this.#isChanged(words[record + 1] as number))
          return undefined;
        return words[record + 2];
      },
      constantAt: (record) => this.#object(record),
      shapeAt: (record) => this.#object(record) as Shape,
      position: (written) => this.#position(written),
      mainCode: (record) => {
        const file = words[record + Code.File] as number;
        if (words[this.#fileRow(file) + FileRow.Kind] !== FileKind.Main) return undefined;
        return this.#unitsOf(file).lambda(words[record + Code.Unit] as number);
      },
      baseOf: (record) => {
        const row = this.#fileRow(words[record + Code.File] as number);
        return (this.#base + (words[row + FileRow.Base] as number)) as PosIdx;
      },
    };
  }

  #register(record: number, object: unknown): void {
    this.#objects.set(record, object);
  }

  /** What is known about a derivation. */
  derivation(path: string): KnownDerivation | undefined {
    this.#derivations ??= this.#storeRows(Head.Derivations);
    const facts = this.#derivations.get(path);
    if (facts === undefined) return undefined;
    this.used = true;
    return readFacts(this.#string(facts));
  }

  /** The references of another store path. */
  references(path: string): readonly string[] | undefined {
    this.#references ??= this.#storeRows(Head.References);
    const facts = this.#references.get(path);
    if (facts === undefined) return undefined;
    this.used = true;
    return JSON.parse(this.#string(facts));
  }

  /** The paths of all derivations, and those of all other store paths. */
  get storePaths(): readonly [derivations: Iterable<string>, others: Iterable<string>] {
    this.#derivations ??= this.#storeRows(Head.Derivations);
    this.#references ??= this.#storeRows(Head.References);
    return [this.#derivations.keys(), this.#references.keys()];
  }

  #storeRows(head: Head): Map<string, number> {
    const rows = new Map<string, number>();
    this.#rows(head, StoreRow.Size, (row) => {
      const path = this.#string(this.#words[row + StoreRow.Path] as number);
      rows.set(path, this.#words[row + StoreRow.Facts] as number);
    });
    return rows;
  }

  /** The program that a position is in; `undefined` if it is not one of the image's. */
  programAt(pos: PosIdx): PlacedProgram | undefined {
    const file = this.#fileAt(pos - this.#base);
    if (file === undefined) return undefined;
    const row = this.#fileRow(file);
    const words = this.#words;
    const isMain = words[row + FileRow.Kind] === FileKind.Main;
    if (!isMain && words[row + FileRow.Kind] !== FileKind.Program) return undefined;
    const start = words[row + FileRow.Base] as number;
    const end =
      file + 1 < (words[words[Head.Files] as number] as number)
        ? (words[this.#fileRow(file + 1) + FileRow.Base] as number)
        : (words[Head.Positions] as number);
    const base = (this.#base + start) as PosIdx;
    const length = end - start - 1;
    if (isMain) {
      const { directory } = this.#mainText(row);
      return { program: { source: this.#source(file), basePath: directory }, base, length };
    }
    const key = this.#string(words[row + FileRow.Key] as number);
    return { program: { path: this.#path(row), key }, base, length };
  }

  /** The error that ends the run. */
  #stale(what: string): StaleImage {
    this.#host.onStale();
    return new StaleImage(what);
  }

  // ── Tables ─────────────────────────────────────────────────────────────────────────────────────

  #rows(head: Head, size: number, each: (row: number) => void): void {
    const words = this.#words;
    const start = words[head] as number;
    const count = words[start] as number;
    for (let i = 0; i < count; i++) each(start + 1 + i * size);
  }

  #string(index: number): string {
    const at = (this.#words[Head.Strings] as number) + index;
    const start = this.#words[at] as number;
    const end = this.#words[at + 1] as number;
    if (start === end) return "";
    const first = start >> TEXT_PAGE_BITS;
    const last = (end - 1) >> TEXT_PAGE_BITS;
    const from = start & (TEXT_PAGE_BYTES - 1);
    let text = this.#texts[first] ?? this.#loadTexts(first);
    if (first === last) return text.substring(from, end - (first << TEXT_PAGE_BITS));
    text = text.substring(from);
    for (let page = first + 1; page < last; page++) {
      text += this.#texts[page] ?? this.#loadTexts(page);
    }
    const rest = this.#texts[last] ?? this.#loadTexts(last);
    return text + rest.substring(0, end - (last << TEXT_PAGE_BITS));
  }

  #loadTexts(page: number): string {
    const start = (this.#words[Head.Words] as number) * 4 + page * TEXT_PAGE_BYTES;
    const end = Math.min(start + TEXT_PAGE_BYTES, this.#words[Head.Length] as number);
    const bytes = new Uint8Array(Math.max(0, end - start));
    this.#readChecked(bytes, start, this.#pages.length + page);
    const text = this.#host.text(bytes);
    this.#texts[page] = text;
    return text;
  }

  #optional(written: number): string | undefined {
    return written === 0 ? undefined : this.#string(written - 1);
  }

  #fileRow(file: number): number {
    return (this.#words[Head.Files] as number) + 1 + file * FileRow.Size;
  }

  #path(row: number): NixPath {
    const path = this.#string(this.#words[row + FileRow.Path] as number);
    return new NixPath(path, treeOf(this.#words[row + FileRow.Tree] as number));
  }

  /** The number of the file at a relative position. */
  #fileAt(relative: number): number | undefined {
    const words = this.#words;
    if (relative <= 0 || relative >= (words[Head.Positions] as number)) return undefined;
    let low = 0;
    let high = (words[words[Head.Files] as number] as number) - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((words[this.#fileRow(middle) + FileRow.Base] as number) <= relative) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #resolve(distance: number): Position {
    const file = this.#fileAt(distance);
    if (file === undefined) throw this.#stale("a position is in no file");
    if (this.#words[this.#fileRow(file) + FileRow.Kind] === FileKind.Main && !this.#isComparing) {
      const moved = this.#moved.get(distance);
      const position = moved === undefined ? undefined : this.#host.positions.resolve(moved);
      if (position !== undefined) return position;
      if (!this.#isCopied) throw this.#stale("a position is in no present text");
    }
    const source = this.#source(file);
    return {
      source,
      offset: distance - (this.#words[this.#fileRow(file) + FileRow.Base] as number),
    };
  }

  #source(file: number): SourceFile {
    let source = this.#sources[file];
    if (source !== undefined) return source;
    const row = this.#fileRow(file);
    const words = this.#words;
    if (words[row + FileRow.Kind] === FileKind.Text) {
      const origin = JSON.parse(this.#string(words[row + FileRow.Tree] as number)) as Origin;
      source = new SourceFile(origin, this.#string(words[row + FileRow.Path] as number));
    } else if (words[row + FileRow.Kind] === FileKind.Main) {
      source = new SourceFile(
        this.#mainText(row).origin,
        this.#string(words[row + FileRow.Path] as number),
      );
    } else source = this.#unitsOf(file).source;
    this.#sources[file] = source;
    return source;
  }

  /** Where the text of a main program is from, and the directory of its relative paths. */
  #mainText(row: number): { readonly origin: Origin; readonly directory: NixPath } {
    const written = this.#string(this.#words[row + FileRow.Tree] as number);
    const [origin, path, tree] = JSON.parse(written) as [Origin, string, number];
    return { origin, directory: new NixPath(path, treeOf(tree)) };
  }

  #unitsOf(file: number): LoadedUnits {
    let units = this.#units[file];
    if (units === undefined) {
      const row = this.#fileRow(file);
      const words = this.#words;
      const base = (this.#base + (words[row + FileRow.Base] as number)) as PosIdx;
      if (words[row + FileRow.Kind] === FileKind.Main) {
        units = this.#host.compile(this.#source(file), this.#mainText(row).directory, base);
        if (units === undefined) throw this.#stale("a text does not compile");
        this.#units[file] = units;
        return units;
      }
      const key = this.#string(words[row + FileRow.Key] as number);
      const path = this.#path(row);
      // What the image stands for was compared already, so the text need not be read for its key.
      const isKnown = path.accessor !== undefined || !this.#hasChanged(path.path);
      units = this.#host.load(
        path,
        base,
        key,
        isKnown ? () => this.#stale(`'${path.path}' has changed`) : undefined,
      );
      if (units === undefined) throw this.#stale(`'${path.path}' has changed`);
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
        return this.#string(payload);
      case Tag.Thunk: {
        const known = this.#objects.get(payload);
        if (known !== undefined) return known;
        const thunk = new Thunk(this.#state, payload, undefined, null);
        this.#register(payload, thunk);
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
    this.used = true;
    this.#readRecord(thunk, thunk.a as number);
  }

  #readRecord(thunk: Thunk, at: number): void {
    const words = this.#words;
    this.#reach(at);
    switch (words[at] as Kind) {
      case Kind.Forced:
        settle(thunk, this.#slot(words[at + 1] as number) as Value);
        return;
      case Kind.Tracked: {
        const set = words[at + 1] as number;
        const recipe = (words[at + 3] as number) >> TAG_BITS;
        if (this.#isChanged(set)) {
          this.#readRecord(thunk, recipe);
          return;
        }
        const value = this.#slot(words[at + 2] as number) as Value;
        const { dependencies } = this.#host;
        if (dependencies === undefined) settle(thunk, value);
        else {
          this.#readRecord(thunk, recipe);
          const { code, a, b, rest } = thunk;
          dependencies.track(thunk, value, { code, a, b, rest, set: this.#sets[set] as number });
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
        const first = isDouble ? this.#string(words[at + 3] as number) : null;
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
        throw this.#stale("it lacks a value");
    }
  }

  #capture(
    target: { a: Slot | undefined; b: Slot | undefined; rest: Slot[] | null },
    at: number,
  ): void {
    const words = this.#words;
    const count = words[at] as number;
    this.#reachTo(at, at + count);
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
    this.used = true;
    this.#reach(at);
    const made = this.#make(at);
    this.#register(at, made);
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
        return new ContextString(this.#string(words[at + 1] as number), context);
      }
      case Kind.Context: {
        const elements = new Set<string>();
        const count = words[at + 1] as number;
        this.#reachTo(at, at + 1 + count);
        for (let i = 0; i < count; i++) elements.add(this.#string(words[at + 2 + i] as number));
        return elements;
      }
      case Kind.Path:
        return new NixPath(this.#string(words[at + 1] as number), treeOf(words[at + 2] as number));
      case Kind.Number:
        return this.#double(at + 1);
      case Kind.Float:
        return new NixFloat(this.#double(at + 1));
      case Kind.BigInt:
        return BigInt(this.#string(words[at + 1] as number));
      case Kind.Global:
        return this.#global(this.#string(words[at + 1] as number));
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
        throw this.#stale("it lacks a value");
    }
  }

  #call(row: number): ImageCall {
    const words = this.#words;
    return {
      accepts: (given) => this.#accepts(row, given),
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
    this.#reachTo(at, at + count);
    for (let i = 1; i <= count; i++) slots.push(this.#slot(words[at + i] as number) as Slot);
  }

  #double(at: number): number {
    return new Float64Array(this.#words.slice(at, at + 2).buffer)[0] as number;
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
    if (slot === undefined) throw this.#stale(`there is no '${name}'`);
    return slot;
  }

  #shape(at: number): Shape {
    const words = this.#words;
    const count = words[at + 1] as number;
    const flags = words[at + 2] as number;
    const isJoined = (flags & ShapeFlag.Joined) !== 0;
    const isPlaced = (flags & ShapeFlag.Placed) !== 0;
    let next = at + 3;
    this.#reachTo(at, next + (isJoined ? 1 : count) + (isPlaced ? count : 0));
    let names: string[] = [];
    if (isJoined) names = this.#string(words[next++] as number).split(NAME_SEPARATOR);
    else for (let i = 0; i < count; i++) names.push(this.#string(words[next++] as number));
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
    lambda.base = (this.#base + (words[this.#fileRow(file) + FileRow.Base] as number)) as PosIdx;
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
    this.#reachTo(at, next + 4 * count);
    for (let i = 0; i < count; i++) {
      names.push(this.#string(words[next++] as number));
      defaults.push(words[next++] === 1);
      positions.push(this.#position(words[next++] as number));
    }
    for (let i = 0; i < count; i++) sorted.push(words[next++] as number);
    return { names, defaults, positions, ellipsis: words[at + Code.Ellipsis] === 1, sorted };
  }

  /** Gives a lambda the code of its unit. */
  #enter(lambda: Lambda, file: number, unit: number): void {
    const code = this.#unitsOf(file).lambda(unit);
    if (code === undefined || code.pos !== lambda.pos) throw this.#stale("it lacks a unit");
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
