/**
 * Writes a heap image: the values of imported files, the calls to remember and everything that these
 * refer to, as `format.ts` describes it. The evaluation must be at rest. It may have read an image itself;
 * what it has not looked at of that is read here, so that the new image contains both.
 *
 * What an image cannot hold (errors, suspended native code, trees that were
 * fetched) becomes a mark, and an evaluation that meets the mark is repeated without the image.
 */
import type { SourceFile } from "@nivis/syntax";
import { Lambda, MissingFormal } from "../bytecode/lambda.ts";
import type { EvalContext } from "../context.ts";
import { COLUMN, LINE, type PlaceOfThunk } from "../operations/position-value.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import {
  APPLY,
  APPLY2,
  firstArgument,
  Thunk,
  TrackedState,
  valueOfForced,
} from "../value/thunk.ts";
import {
  Closure,
  ContextString,
  NixFloat,
  NixPath,
  PartialBuiltin,
  type Slot,
} from "../value/value.ts";
import { WithScope } from "../vm/with-scope.ts";
import { CallNote } from "./call-note.ts";
import { factsOf } from "./facts.ts";
import {
  CallRow,
  Constant,
  DIGEST_WORDS,
  FileKind,
  Head,
  IMAGE_FORMAT,
  IMAGE_MAGIC,
  ImportRow,
  Kind,
  MAX_PAYLOAD,
  NAME_SEPARATOR,
  PAGE_WORDS,
  SetRow,
  ShapeFlag,
  TAG_BITS,
  TAG_MASK,
  Tag,
  TEXT_PAGE_BYTES,
} from "./format.ts";
import { treeNumber } from "./trees.ts";

/** A Nix file that code and positions come from. */
export interface Program {
  readonly path: NixPath;
  /** Its key in the cache of compiled files, as a byte string. */
  readonly key: string;
}

/** The text of a main program that code and positions come from. */
export interface MainText {
  readonly source: SourceFile;
  /** The directory that relative paths in the text start from. */
  readonly basePath: NixPath;
}

/** A program whose text has positions. */
export interface PlacedProgram {
  readonly program: Program | MainText;
  /** The position of its first byte. */
  readonly base: PosIdx;
  /** The number of its bytes. */
  readonly length: number;
}

/** A call of a file's function that is to be remembered. */
export interface RememberedCall {
  readonly function: Closure;
  readonly argument: Slot;
  readonly result: Slot;
  /** What the argument was before the call; `undefined` if it is plain data. */
  readonly note: CallNote | undefined;
}

/** An imported file, and the set of inputs that it depends on. */
export interface PlacedFile {
  readonly path: NixPath;
  readonly value: Slot;
  readonly set: number;
}

/** The input of {@link encodeImage}. */
export interface EncodeRequest {
  readonly context: EvalContext;
  readonly globals: ReadonlyMap<string, Slot>;
  /** Imported files by the requested path, of which those in the host's file system are written; or `""`. */
  readonly imports: Iterable<readonly [requested: string, file: PlacedFile]>;
  readonly calls: Iterable<RememberedCall>;
  /** Finds the file that a position is in. */
  readonly programAt: (pos: PosIdx) => PlacedProgram | undefined;
  /** What is written in place of an object, of code and of a position. */
  readonly original: {
    object(object: object): object;
    code(code: Lambda): Lambda;
    position(pos: PosIdx): PosIdx;
  };
}

/** Something that an image cannot hold. */
class NotEncodable extends Error {}

/** There is more than an image can hold. */
class TooLarge extends Error {}

interface FileEntry {
  readonly number: number;
  readonly base: PosIdx;
  /** The relative position of its first byte. */
  readonly relative: number;
}

const FIRST_SIZE = 1 << 16;
/** The names of a shape with so many are one text, which is split faster than as many texts are taken. */
const JOINED_NAMES = 64;
/** Images with more words are not written; a power of 2. */
const MAX_WORDS = 1 << 27;

/** An array of words that grows. */
class Words {
  array = new Int32Array(FIRST_SIZE);
  length = 0;

  push(word: number): void {
    if (this.length === this.array.length) {
      if (this.length >= MAX_WORDS) throw new TooLarge();
      const larger = new Int32Array(2 * this.length);
      larger.set(this.array);
      this.array = larger;
    }
    this.array[this.length++] = word;
  }
}

/** Returns an image, or `undefined` if it would be too large; the context is that of an evaluation at rest. */
export function encodeImage(request: EncodeRequest): Uint8Array | undefined {
  try {
    return new ImageEncoder(request).run();
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

class ImageEncoder {
  readonly #request: EncodeRequest;
  readonly #words = new Words();
  /** The places of slots that refer to records by number, to be replaced by offsets. */
  readonly #references = new Words();
  readonly #numbers = new Map<object, number>();
  /** What is to be written, and what is to be written after it. */
  readonly #objects: object[] = [];
  readonly #later: object[] = [];
  /** The offsets of records by number. */
  readonly #offsets: number[] = [];
  readonly #strings = new Map<string, number>();
  readonly #globals = new Map<unknown, string>();
  readonly #files = new Map<PosIdx, FileEntry>();
  readonly #fileRows: number[][] = [];
  #positions = 1;
  readonly #double = new Float64Array(1);
  readonly #doubleWords = new Int32Array(this.#double.buffer);

  constructor(request: EncodeRequest) {
    this.#request = request;
    const { globals } = request;
    const builtins = globals.get("builtins");
    for (const [name, slot] of globals) this.#addGlobal(name, slot);
    if (!(builtins instanceof Attrs)) return;
    const slots = builtins.slots();
    builtins.names().forEach((name, i) => {
      this.#addGlobal(`builtins.${name}`, slots[i] as Slot);
    });
  }

  #addGlobal(name: string, slot: Slot): void {
    if (typeof slot === "object" && slot !== null && !this.#globals.has(slot)) {
      this.#globals.set(slot, name);
    }
  }

  run(): Uint8Array {
    const { context, imports, calls } = this.#request;
    const words = this.#words;
    for (let i = 0; i < Head.Size; i++) words.push(0);
    const importRows: number[] = [];
    for (const [requested, file] of imports) {
      if (requested === "" || requested.startsWith("/")) {
        importRows.push(...this.#importRow(requested, file));
      }
    }
    const callRows: number[] = [];
    for (const { function: closure, argument, result, note } of calls) {
      callRows.push(this.#reference(closure), this.#slot(argument), this.#slot(result));
      callRows.push(this.#slot(note));
    }
    for (let i = 0, next = 0; ; next++) {
      for (; i < this.#objects.length; i++) this.#record(this.#objects[i] as object);
      if (next === this.#later.length) break;
      this.#objects.push(this.#later[next] as object);
    }
    const records = this.#words.length;
    const { derivations, references } = context.caches;
    const knownRows = Array.from(derivations, ([path, known]) => [
      this.#string(path),
      this.#string(factsOf(known)),
    ]);
    const referenceRows = Array.from(references, ([path, known]) => [
      this.#string(path),
      this.#string(JSON.stringify(known)),
    ]);
    const { dependencies } = context;
    const inputs = (dependencies?.inputPaths ?? []).map((path) => this.#string(path));
    const sets = dependencies?.sets.origins ?? [0, 0];
    const head = [
      this.#table(this.#fileRows.flat(), this.#fileRows.length),
      this.#table(importRows, importRows.length / ImportRow.Size, [ImportRow.Value]),
      this.#table(callRows, callRows.length / CallRow.Size, [0, 1, 2, 3]),
      this.#table(knownRows.flat(), knownRows.length),
      this.#table(referenceRows.flat(), referenceRows.length),
      this.#table(inputs, inputs.length),
      this.#table(sets, sets.length / SetRow.Size),
    ];
    this.#resolveReferences();
    return this.#finish(records, head);
  }

  #importRow(requested: string, { path, value, set }: PlacedFile): number[] {
    const tree = treeNumber(path.accessor);
    if (tree === undefined) return [];
    return [this.#string(requested), this.#string(path.path), tree, this.#slot(value), set];
  }

  /** Writes a table; `slots` are the columns that refer to records. */
  #table(rows: readonly number[], count: number, slots: readonly number[] = []): number {
    const words = this.#words;
    const start = words.length;
    const columns = count === 0 ? 1 : rows.length / count;
    words.push(count);
    rows.forEach((word, i) => {
      if (slots.includes(i % columns)) this.#pushSlot(word);
      else words.push(word);
    });
    return start;
  }

  #resolveReferences(): void {
    const { array } = this.#words;
    const { array: places, length } = this.#references;
    const offsets = this.#offsets;
    for (let i = 0; i < length; i++) {
      const at = places[i] as number;
      const word = array[at] as number;
      array[at] = ((offsets[word >> TAG_BITS] as number) << TAG_BITS) | (word & TAG_MASK);
    }
  }

  #finish(records: number, tables: readonly number[]): Uint8Array {
    const words = this.#words;
    const strings = Array.from(this.#strings.keys());
    const texts = bytesOf(strings);
    const digests = words.length;
    for (let at = 0; at < records; at += PAGE_WORDS) {
      const page = words.array.subarray(
        Math.max(at, Head.Size),
        Math.min(at + PAGE_WORDS, records),
      );
      this.#pushDigest(new Uint8Array(page.buffer, page.byteOffset, page.byteLength));
    }
    for (let at = 0; at < texts.length; at += TEXT_PAGE_BYTES) {
      this.#pushDigest(texts.subarray(at, at + TEXT_PAGE_BYTES));
    }
    const stringsAt = words.length;
    let length = 0;
    for (const text of strings) {
      words.push(length);
      length += text.length;
    }
    words.push(length);
    if (words.length * 4 + length > MAX_WORDS * 4) throw new TooLarge();
    const bytes = new Uint8Array(words.length * 4 + length);
    const all = new Int32Array(bytes.buffer, 0, words.length);
    all.set(words.array.subarray(0, words.length));
    bytes.set(texts, words.length * 4);
    all[Head.Magic] = IMAGE_MAGIC;
    all[Head.Format] = IMAGE_FORMAT;
    all[Head.Length] = bytes.length;
    all[Head.Words] = words.length;
    all[Head.Records] = records;
    all[Head.Digests] = digests;
    tables.forEach((start, i) => {
      all[Head.Files + i] = start;
    });
    all[Head.Strings] = stringsAt;
    all[Head.StringCount] = strings.length;
    all[Head.Positions] = this.#positions;
    const head = bytes.subarray(Head.Words * 4, Head.Size * 4);
    const tail = bytes.subarray(records * 4, words.length * 4);
    bytes.set(this.#digest(head, tail), Head.Checksum * 4);
    return bytes;
  }

  #pushDigest(page: Uint8Array): void {
    const words = new Int32Array(this.#digest(page).slice().buffer);
    for (let i = 0; i < DIGEST_WORDS; i++) this.#words.push(words[i] as number);
  }

  #digest(...parts: readonly Uint8Array[]): Uint8Array {
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return this.#request.context.hashes.hash("sha256", bytes);
  }

  // ── Slots ──────────────────────────────────────────────────────────────────────────────────────

  /** A slot; what has a record is referred to by its number. */
  #slot(slot: unknown): number {
    switch (typeof slot) {
      case "undefined":
        return Constant.Absent << TAG_BITS;
      case "boolean":
        return (slot ? Constant.True : Constant.False) << TAG_BITS;
      case "string":
        return (this.#string(slot) << TAG_BITS) | Tag.String;
      case "number":
        if (slot === (slot | 0) && Math.abs(slot) < MAX_PAYLOAD && !Object.is(slot, -0)) {
          return (slot << TAG_BITS) | Tag.Int;
        }
        return this.#reference(new Double(slot));
      case "bigint":
        return this.#reference(new Digits(String(slot)));
      case "object":
        if (slot === null) return Constant.Null << TAG_BITS;
        if (slot === EMPTY_ATTRS) return Constant.EmptySet << TAG_BITS;
        if (slot instanceof MissingFormal) return Constant.Missing << TAG_BITS;
        return this.#reference(slot);
      default:
        throw new NotEncodable();
    }
  }

  /** A reference to the record of an object, by its number. */
  #reference(given: object): number {
    const object = this.#request.original.object(given);
    let number = this.#numbers.get(object);
    if (number === undefined) {
      number = this.#numberOf(object);
      this.#objects.push(object);
    }
    const isThunk = object instanceof Thunk && !this.#globals.has(object);
    return (number << TAG_BITS) | (isThunk ? Tag.Thunk : Tag.Object);
  }

  #numberOf(object: object): number {
    const number = this.#numbers.size;
    this.#numbers.set(object, number);
    return number;
  }

  #pushSlot(word: number): void {
    const tag = word & TAG_MASK;
    if (tag === Tag.Thunk || tag === Tag.Object) this.#references.push(this.#words.length);
    this.#words.push(word);
  }

  #pushSlots(slots: readonly unknown[]): void {
    this.#words.push(slots.length);
    for (let i = 0; i < slots.length; i++) this.#pushSlot(this.#slot(slots[i]));
  }

  #string(text: string): number {
    let index = this.#strings.get(text);
    if (index === undefined) {
      index = this.#strings.size;
      this.#strings.set(text, index);
    }
    return index;
  }

  #optional(text: string | undefined): number {
    return text === undefined ? 0 : this.#string(text) + 1;
  }

  // ── Records ────────────────────────────────────────────────────────────────────────────────────

  #record(object: object): void {
    const words = this.#words;
    const start = words.length;
    const references = this.#references.length;
    this.#offsets[this.#numbers.get(object) as number] = start;
    try {
      this.#write(object);
    } catch (error) {
      if (!(error instanceof NotEncodable)) throw error;
      words.length = start;
      this.#references.length = references;
      words.push(Kind.Poison);
    }
  }

  #write(object: object): void {
    const words = this.#words;
    const global = this.#globals.get(object);
    if (global !== undefined) {
      words.push(Kind.Global);
      words.push(this.#string(global));
    } else if (object instanceof Thunk) this.#thunk(object);
    else if (object instanceof Attrs) {
      words.push(Kind.Attrs);
      this.#pushSlot(this.#reference(object.shape));
      this.#pushSlot(this.#slot(object.base ?? undefined));
      words.push(object.depth);
      this.#pushSlots(object.values);
    } else if (Array.isArray(object)) {
      words.push(Kind.List);
      this.#pushSlots(object);
    } else if (object instanceof Closure) {
      words.push(Kind.Closure);
      this.#pushSlot(this.#code(object.code));
      this.#captures(object);
    } else if (object instanceof ContextString) {
      words.push(Kind.ContextString);
      words.push(this.#string(object.text));
      this.#pushSlot(this.#reference(object.context));
    } else if (object instanceof Set) {
      words.push(Kind.Context);
      words.push(object.size);
      for (const element of object) words.push(this.#string(element as string));
    } else if (object instanceof Shape) this.#shape(object);
    else if (object instanceof Lambda) this.#lambda(object);
    else if (object instanceof WithScope) {
      words.push(Kind.With);
      this.#pushSlot(this.#slot(object.namespace));
      this.#pushSlot(this.#slot(object.parent ?? undefined));
      words.push(this.#position(object.pos));
    } else if (object instanceof NixPath) {
      const tree = treeNumber(object.accessor);
      if (tree === undefined) throw new NotEncodable();
      words.push(Kind.Path);
      words.push(this.#string(object.path));
      words.push(tree);
    } else if (object instanceof NixFloat) this.#number(Kind.Float, object.value);
    else if (object instanceof Double) this.#number(Kind.Number, object.value);
    else if (object instanceof Digits) {
      words.push(Kind.BigInt);
      words.push(this.#string(object.digits));
    } else if (object instanceof PartialBuiltin) {
      words.push(Kind.Partial);
      if (!this.#globals.has(object.builtin)) throw new NotEncodable();
      this.#pushSlot(this.#reference(object.builtin));
      this.#pushSlots(object.args);
    } else if (object instanceof CallNote) {
      words.push(Kind.Note);
      words.push(object.thunks.length);
      for (const { thunk, before } of object.thunks) {
        this.#pushSlot(this.#slot(thunk));
        this.#pushSlot(this.#slot(before));
      }
    } else throw new NotEncodable();
  }

  #thunk(thunk: Thunk): void {
    const words = this.#words;
    // What came from an image is read from it, unless that lacks it.
    if (thunk.code instanceof TrackedState) thunk.code.read(thunk);
    const { code } = thunk;
    const recipe = code instanceof TrackedState ? code.recipe(thunk) : undefined;
    if (recipe !== undefined) {
      const before = new Thunk(recipe.code, recipe.a, recipe.b, recipe.rest);
      const value = valueOfForced(thunk);
      if (value === undefined) {
        // It has failed, and will again.
        this.#thunk(before);
        return;
      }
      words.push(Kind.Tracked);
      words.push(recipe.set);
      this.#pushSlot(this.#slot(value));
      this.#later.push(before);
      this.#pushSlot((this.#numberOf(before) << TAG_BITS) | Tag.Thunk);
    } else if (code === null) {
      words.push(Kind.Forced);
      this.#pushSlot(this.#slot(thunk.a));
    } else if (code instanceof Lambda) {
      words.push(Kind.Suspended);
      this.#pushSlot(this.#code(code));
      this.#captures(thunk);
    } else if (code === APPLY) {
      words.push(Kind.Apply);
      this.#pushSlot(this.#slot(thunk.a));
      this.#pushSlot(this.#slot(thunk.b));
    } else if (code === APPLY2) {
      words.push(Kind.Apply2);
      this.#pushSlot(this.#slot(thunk.a));
      this.#pushSlot(this.#slot(thunk.b));
      words.push(this.#string(firstArgument(thunk)));
    } else if (code === LINE || code === COLUMN) {
      words.push(code === LINE ? Kind.Line : Kind.Column);
      words.push(this.#position((thunk.a as unknown as PlaceOfThunk).pos));
    } else throw new NotEncodable();
  }

  #captures({ a, b, rest }: Thunk | Closure): void {
    const others = rest ?? [];
    const count =
      others.length > 0 ? 2 + others.length : b !== undefined ? 2 : a !== undefined ? 1 : 0;
    this.#words.push(count);
    if (count > 0) this.#pushSlot(this.#slot(a));
    if (count > 1) this.#pushSlot(this.#slot(b));
    for (const other of others) this.#pushSlot(this.#slot(other));
  }

  #number(kind: Kind, value: number): void {
    this.#double[0] = value;
    this.#words.push(kind);
    this.#words.push(this.#doubleWords[0] as number);
    this.#words.push(this.#doubleWords[1] as number);
  }

  #shape({ names, positions }: Shape): void {
    const words = this.#words;
    words.push(Kind.Shape);
    words.push(names.length);
    const isJoined =
      names.length >= JOINED_NAMES && names.every((name) => !name.includes(NAME_SEPARATOR));
    words.push((positions === null ? 0 : ShapeFlag.Placed) | (isJoined ? ShapeFlag.Joined : 0));
    if (isJoined) words.push(this.#string(names.join(NAME_SEPARATOR)));
    else for (const name of names) words.push(this.#string(name));
    if (positions !== null) for (const pos of positions) words.push(this.#position(pos));
  }

  /** A reference to code that an image can hold. */
  #code(given: Lambda): number {
    if (!(given instanceof Lambda)) throw new NotEncodable();
    const lambda = this.#request.original.code(given);
    if (lambda.extraArguments > 0 || lambda.base === NO_POS) throw new NotEncodable();
    if (this.#fileAt(lambda.base) === undefined) throw new NotEncodable();
    return this.#reference(lambda);
  }

  #lambda(lambda: Lambda): void {
    const words = this.#words;
    const file = this.#fileAt(lambda.base);
    if (file === undefined) throw new NotEncodable();
    const { name, param, doc, formals } = lambda;
    words.push(Kind.Code);
    words.push(file.number);
    words.push(lambda.number);
    words.push(lambda.kind);
    words.push(this.#position(lambda.pos));
    words.push(this.#optional(name));
    words.push(this.#optional(param));
    words.push(doc?.start ?? -1);
    words.push(doc?.end ?? -1);
    words.push(formals === null ? -1 : formals.names.length);
    words.push(formals?.ellipsis === true ? 1 : 0);
    formals?.names.forEach((formal, i) => {
      words.push(this.#string(formal));
      words.push(formals.defaults[i] === true ? 1 : 0);
      words.push(this.#position(formals.positions[i] as PosIdx));
    });
    for (const i of formals?.sorted ?? []) words.push(i);
  }

  // ── Files and positions ────────────────────────────────────────────────────────────────────────

  #position(given: PosIdx): number {
    if (given === NO_POS) return 0;
    const pos = this.#request.original.position(given);
    const file = this.#fileAt(pos) ?? this.#textAt(pos);
    return file.relative + (pos - file.base);
  }

  /** The file of code that is in an image. */
  #fileAt(pos: PosIdx): FileEntry | undefined {
    const found = this.#request.programAt(pos);
    if (found === undefined) return undefined;
    const { base, program, length } = found;
    const known = this.#files.get(base);
    if (known !== undefined) return known;
    if ("source" in program) {
      const { source, basePath } = program;
      const directory = treeNumber(basePath.accessor);
      if (directory === undefined) return undefined;
      const origin = JSON.stringify([source.origin, basePath.path, directory]);
      const row = [FileKind.Main, this.#string(source.text), this.#string(origin)];
      return this.#addFile(base, length, row, 0);
    }
    const tree = treeNumber(program.path.accessor);
    if (tree === undefined) return undefined;
    const key = this.#string(program.key);
    const path = this.#string(program.path.path);
    return this.#addFile(base, length, [FileKind.Program, path, tree], key);
  }

  /** The text of a position that is not in such a file, such as one of the command line. */
  #textAt(pos: PosIdx): FileEntry {
    const position = this.#request.context.positions.resolve(pos);
    if (position === undefined) throw new NotEncodable();
    const { source, offset } = position;
    const base = (pos - offset) as PosIdx;
    const text = this.#string(source.text);
    const origin = this.#string(JSON.stringify(source.origin));
    return (
      this.#files.get(base) ??
      this.#addFile(base, source.text.length, [FileKind.Text, text, origin], 0)
    );
  }

  #addFile(base: PosIdx, length: number, row: readonly number[], key: number): FileEntry {
    const entry = { number: this.#fileRows.length, base, relative: this.#positions };
    this.#fileRows.push([...row, entry.relative, key]);
    this.#positions += length + 1;
    this.#files.set(base, entry);
    return entry;
  }
}

/** The bytes of texts, one after the other. */
function bytesOf(texts: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(texts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  }
  return bytes;
}

/** An integer that needs a record. */
class Double {
  constructor(readonly value: number) {}
}

/** An integer that is not a safe integer. */
class Digits {
  constructor(readonly digits: string) {}
}
