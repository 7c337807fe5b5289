/**
 * The heap image of an evaluation: what it was given by an earlier one, and what it keeps for a later one.
 * See docs/design/016-heap-images.md.
 *
 * An image has the values of imported files, and results of calls such as `import <nixpkgs> { }`. A call is
 * remembered if the main program makes it and the function is that of an imported file. Arguments that are
 * plain data, evaluated or written as literals, are compared by value, others by structure
 * (`call-match.ts`). The reader gives a remembered result to the first call of that function with the same
 * argument, and to no other, so that two calls never share an object that they would not share otherwise.
 *
 * Evaluations without an image do not load this module, so it exports nothing but functions
 * (`scripts/bundles.mjs`).
 */
import { bytesToByteString } from "@nivis/formats";
import { args, suspending } from "../builtins/definition.ts";
import { Lambda } from "../bytecode/lambda.ts";
import { OPERAND_COUNTS, Op } from "../bytecode/opcode.ts";
import type { EvalContext } from "../context.ts";
import { type PosIdx, PositionTable } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { applyThunk, Thunk, valueOfForced } from "../value/thunk.ts";
import { Builtin, Closure, isList, type NixPath, type Slot, type Value } from "../value/value.ts";
import { CallRequest, type Suspendable } from "../vm/requests.ts";
import { type CallNote, noteOf } from "./call-note.ts";
import { encodeImage, type PlacedFile, type PlacedProgram, type RememberedCall } from "./encode.ts";
import type { ImageSource } from "./image-pages.ts";
import { type ImageCall, type ImageHost, ImageReader } from "./image-reader.ts";
import { arePlainAndSame, MAX_PLAIN, plainValue } from "./plain-data.ts";
import { SameCode } from "./same-code.ts";
import { treeNumber } from "./trees.ts";

/** What an evaluation does with heap images. */
export interface HeapImageOptions {
  /** {@link openHeapImage}; passed, so that evaluations without images do not contain it. */
  readonly open: (options: HeapImageOptions, parts: HeapImageParts) => HeapImage;
  /** The image that an earlier evaluation made. */
  readonly bytes?: ImageSource | undefined;
  /** Paths about which something has changed since, as byte strings. Defaults to none. */
  readonly changed?: readonly string[];
  /** Whether calls of the main program are remembered, so that {@link HeapImage.encode} can write them. */
  readonly keeps?: boolean;
  /** Converts bytes to a byte string. */
  readonly text: (bytes: Uint8Array) => string;
}

/** An imported file. */
export interface ImageFile {
  readonly path: NixPath;
  readonly value: Slot;
}

/** What heap images need of their evaluation. */
export interface HeapImageParts {
  readonly context: EvalContext;
  readonly globals: ReadonlyMap<string, Slot>;
  /** The imported files, by the key of what was requested. */
  readonly imports: ReadonlyMap<string, ImageFile>;
  /** The imported files, by the key of the path that was read. */
  readonly files: ReadonlyMap<string, ImageFile>;
  readonly load: ImageHost["load"];
  readonly compile: ImageHost["compile"];
  /** The set of inputs that a requested or a read file depends on, by its key in the maps above. */
  readonly setOf: (what: "import" | "program", key: string) => number;
}

/** The heap image of one evaluation. */
export interface HeapImage {
  /** Whether there is an image to begin with. */
  readonly isOpen: boolean;
  /** Whether anything was taken from an image. */
  readonly isUsed: boolean;
  /** Whether the run must be repeated without the image: it did not fit, or more is evaluated than may show. */
  readonly mustRepeat: boolean;
  /** The globals of the main program. */
  readonly globals: ReadonlyMap<string, Slot>;
  /** The file that an import of a path loads. */
  requested(path: NixPath): ImageFile | undefined;
  /** A file by the path that is read. */
  file(path: NixPath): ImageFile | undefined;
  /** Tells that the text of a file, or of a main program without names of its own, was registered. */
  loaded(program: PlacedProgram): void;
  /** Something was shown in which it can be seen which values were evaluated. */
  expose(): void;
  /**
   * Returns an image of the heap, or `undefined` if it would be too large. The evaluation must be at rest,
   * and must not go on.
   */
  encode(): Uint8Array | undefined;
}

/** Returns the heap image of an evaluation. An image that is damaged is ignored. */
export function openHeapImage(options: HeapImageOptions, parts: HeapImageParts): HeapImage {
  return new OpenHeapImage(options, parts);
}

/** An image keeps so many calls whose arguments are not plain data: those that were used or made last. */
const MAX_NOTED_CALLS = 4;

/** How much of an image can be used. */
export interface HeapImageSummary {
  /** How many values of files and results of calls the image has. */
  readonly entries: number;
  /** How many of them depend on nothing that has changed. */
  readonly usable: number;
}

/**
 * Finds out how much of an image can be used after something about some paths, as byte strings, has changed.
 * Returns `undefined` if the bytes are not an image.
 */
export function summarizeHeapImage(
  bytes: ImageSource,
  changed: readonly string[],
  sha256: ImageHost["sha256"],
): HeapImageSummary | undefined {
  const host: Omit<ImageHost, "changed"> = {
    positions: new PositionTable(),
    globals: new Map(),
    text: bytesToByteString,
    sha256,
    load: () => undefined,
    compile: () => undefined,
    original: (object) => object,
    dependencies: undefined,
    onStale: () => {},
    recalling: () => {},
  };
  const whole = ImageReader.open(bytes, { ...host, changed: [] });
  if (whole === undefined) return undefined;
  const left = ImageReader.open(bytes, { ...host, changed });
  return { entries: whole.countUsable(), usable: left?.countUsable() ?? 0 };
}

class OpenHeapImage implements HeapImage {
  mustRepeat = false;
  readonly globals: ReadonlyMap<string, Slot>;
  readonly #parts: HeapImageParts;
  readonly #reader: ImageReader | undefined;
  readonly #programs = new Map<PosIdx, PlacedProgram>();
  readonly #calls: RememberedCall[] = [];
  /** The functions of files as the main program sees them. */
  readonly #watched = new Map<Closure, Closure>();
  /** What the main program sees of files, and what it stands for. */
  readonly #originals = new Map<object, object>();
  /** Arguments of calls whose results came from the image. */
  readonly #recalled = new Set<Slot>();
  readonly #keeps: boolean;
  /** Whether a result was given to more than one call. */
  #isShared = false;

  constructor(
    { bytes, changed = [], keeps = false, text }: HeapImageOptions,
    parts: HeapImageParts,
  ) {
    this.#parts = parts;
    this.#keeps = keeps;
    const { context, globals, load, compile } = parts;
    this.globals = keeps ? this.#watchingGlobals() : globals;
    if (bytes === undefined) return;
    this.#reader = ImageReader.open(bytes, {
      positions: context.positions,
      globals,
      text,
      sha256: (data) => context.hashes.hash("sha256", data),
      load,
      compile,
      changed,
      dependencies: context.dependencies,
      original: (object) => this.#original(object),
      onStale: () => {
        this.mustRepeat = true;
      },
      recalling: (closure, calls) => installRecall(closure, calls, this.#recalled),
    });
    const reader = this.#reader;
    if (reader === undefined) return;
    const caches = context.caches as {
      -readonly [K in keyof EvalContext["caches"]]: EvalContext["caches"][K];
    };
    caches.derivations = new BackedMap((path) => reader.derivation(path));
    caches.references = new BackedMap((path) => reader.references(path));
  }

  get isOpen(): boolean {
    return this.#reader !== undefined;
  }

  get isUsed(): boolean {
    return this.#reader?.isUsed === true;
  }

  requested({ path, accessor }: NixPath): ImageFile | undefined {
    return accessor === undefined ? this.#reader?.requested(path) : undefined;
  }

  file({ path, accessor }: NixPath): ImageFile | undefined {
    const tree = treeNumber(accessor);
    return tree === undefined ? undefined : this.#reader?.file(path, tree);
  }

  loaded(program: PlacedProgram): void {
    if (this.#keeps) this.#programs.set(program.base, program);
  }

  expose(): void {
    // What is written to another image is not shown.
    if (this.isUsed && !this.#keeps) this.mustRepeat = true;
  }

  encode(): Uint8Array | undefined {
    const { context, globals } = this.#parts;
    const { positions, caches } = context;
    const reader = this.#reader;
    reader?.copy();
    const { setOf } = this.#parts;
    const imports = new Map<string, PlacedFile>();
    const files = new Map<string, PlacedFile>();
    for (const [requested, file] of reader?.imports() ?? []) {
      if (requested !== "") imports.set(requested, file);
      else files.set(caches.pathKeys.of(file.path), file);
    }
    for (const [requested, file] of this.#parts.imports) {
      imports.set(requested, { ...file, set: setOf("import", requested) });
    }
    for (const [key, file] of this.#parts.files) {
      files.set(key, { ...file, set: setOf("program", key) });
    }
    const [derivations, others] = reader?.storePaths ?? [[], []];
    for (const path of derivations) caches.derivations.get(path);
    for (const path of others) caches.references.get(path);
    return encodeImage({
      context,
      globals,
      imports: [...imports, ...Array.from(files.values(), (file) => ["", file] as const)],
      calls: this.#allCalls(),
      programAt: (pos) => {
        const known = reader?.programAt(pos);
        if (known !== undefined) return known;
        const position = positions.resolve(pos);
        if (position === undefined) return undefined;
        return this.#programs.get((pos - position.offset) as PosIdx);
      },
      original: {
        object: (object) => this.#original(object),
        code: (code) => reader?.bindings.originalCode(code) ?? code,
        position: (pos) => reader?.bindings.originalPosition(pos) ?? pos,
      },
    });
  }

  #original(object: object): object {
    return this.#originals.get(object) ?? object;
  }

  /** The calls of both; one that is in the image already keeps its result. */
  #allCalls(): readonly RememberedCall[] {
    const { positions } = this.#parts.context;
    const old = [...(this.#reader?.calls() ?? [])];
    const plain = old.filter(({ note }) => note === undefined);
    const isNew = ({ function: closure, argument, note }: RememberedCall): boolean =>
      note === undefined &&
      !plain.some(
        (call) =>
          call.function === closure &&
          arePlainAndSame(new SameCode(positions), call.argument, argument),
      );
    const noted = [
      ...old.filter(({ note, isTaken }) => note !== undefined && !isTaken),
      ...old.filter(({ note, isTaken }) => note !== undefined && isTaken),
      ...this.#calls.filter(({ note }) => note !== undefined),
    ];
    return [...plain, ...this.#calls.filter(isNew), ...noted.slice(-MAX_NOTED_CALLS)];
  }

  // ── Remembering ────────────────────────────────────────────────────────────────────────────────

  /** The globals with an `import` whose functions remember their calls. */
  #watchingGlobals(): ReadonlyMap<string, Slot> {
    const { globals } = this.#parts;
    const plain = globals.get("import");
    if (!(plain instanceof Builtin)) return globals;
    const watch = (value: Value): Value => {
      return this.#watch(value);
    };
    const definition = suspending({
      ...plain.definition,
      run: function* (ctx: EvalContext, path: Slot): Suspendable<Slot> {
        const slot = (yield plain.run(ctx, path) as Suspendable<Slot>) as Slot;
        return watch((slot instanceof Thunk ? yield slot : slot) as Value);
      },
    });
    const watching = new Builtin(definition);
    this.#originals.set(watching, plain);
    return new Map([...globals, ["import", watching]]);
  }

  /** The same function, but for remembering its calls. Only the main program sees it. */
  #watch(value: Value): Value {
    if (!(value instanceof Closure) || value.code.fused !== null) return value;
    let watched = this.#watched.get(value);
    if (watched === undefined) {
      const calls = this.#calls;
      const recalled = this.#recalled;
      const { positions } = this.#parts.context;
      const run = function* (
        this: OpenHeapImage,
        _ctx: EvalContext,
        given: Slot,
      ): Suspendable<Slot> {
        const argument = (yield argumentOf(value.code, given)) as Slot;
        const isPlain = arePlainAndSame(new SameCode(positions), argument, argument);
        const earlier = calls.find(
          (call) =>
            call.function === value &&
            call.note === undefined &&
            arePlainAndSame(new SameCode(positions), call.argument, argument),
        );
        // A command calls for each attribute again. What it prints is dropped, so one result serves all, but
        // then nothing of the program may end up in the image: it could tell two results from one.
        if (earlier !== undefined && calls.every(({ note }) => note === undefined)) {
          this.#isShared = true;
          return (yield earlier.result as Thunk) as Value;
        }
        const note = isPlain || this.#isShared ? undefined : this.#noteOf(argument);
        // A thunk keeps what the call depends on.
        const call = applyThunk(value, argument);
        const result = (yield call) as Value;
        const remembers = isPlain ? earlier === undefined : note !== undefined;
        if (remembers && !(recalled.has(argument) && !isPlain)) {
          calls.push({ function: value, argument, result: call, note });
        }
        return result;
      };
      watched = new Closure(codeCalling(value.code, run.bind(this)), undefined, undefined, null);
      this.#watched.set(value, watched);
      this.#originals.set(watched, value);
    }
    return watched;
  }

  /** The note of an argument. Of globals and values of files, only the identity matters. */
  #noteOf(argument: Slot): CallNote | undefined {
    const { globals, files, context } = this.#parts;
    const known = new Set<unknown>([...globals.values(), ...this.globals.values()]);
    for (const slot of context.builtins.slots()) known.add(slot);
    for (const { value } of files.values()) {
      known.add(value instanceof Thunk ? valueOfForced(value) : value);
    }
    return noteOf(argument, (object) => known.has(this.#original(object)));
  }
}

/** Lets a function look for a remembered result before it runs; each result is given away once. */
function installRecall(closure: Closure, calls: readonly ImageCall[], recalled: Set<Slot>): void {
  const left = [...calls];
  const { code } = closure;
  const recalling = codeCalling(code, function* (_ctx, given): Suspendable<Slot> {
    const argument = (yield argumentOf(code, given)) as Slot;
    const found = left.findIndex((call) => call.accepts(argument));
    const [call] = found < 0 ? [] : left.splice(found, 1);
    if (call !== undefined) {
      recalled.add(argument);
      const result = call.result();
      return result instanceof Thunk ? ((yield result) as Value) : result;
    }
    const { a, b, rest } = closure;
    return (yield new CallRequest(new Closure(code, a, b, rest), [argument])) as Value;
  });
  (closure as { code: Lambda }).code = recalling;
}

/**
 * The argument, forced if that is the first thing that the function does. Literals in it are forced, too:
 * that cannot fail, and can be seen only where a run through an image is repeated.
 */
function* argumentOf({ formals }: Lambda, slot: Slot): Suspendable<Slot> {
  const argument = formals !== null && slot instanceof Thunk ? ((yield slot) as Value) : slot;
  const pending: Slot[] = [argument];
  let count = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (++count > MAX_PLAIN) break;
    if (next instanceof Thunk && next.code instanceof Lambda && isLiteral(next.code)) yield next;
    const value = plainValue(next);
    if (isList(value)) pending.push(...value);
    else if (value instanceof Attrs) pending.push(...value.slots());
  }
  return argument;
}

/** Whether code does nothing but make a set or list of constants and other suspended code, or give a constant. */
function isLiteral(lambda: Lambda): boolean {
  lambda.ensureCompiled();
  const { code, upvalueCount, localCount } = lambda;
  if (upvalueCount > 0 || localCount > 0) return false;
  for (let at = 0; at < code.length; at += 1 + (OPERAND_COUNTS[code[at] as number] as number)) {
    switch (code[at] as Op) {
      case Op.Const:
      case Op.Int:
      case Op.Thunk:
      case Op.List:
      case Op.Attrs:
      case Op.Return:
        break;
      default:
        return false;
    }
  }
  return true;
}

/** Code for a function that looks like one of `lambda` and calls native code with its argument. */
function codeCalling(
  lambda: Lambda,
  run: (ctx: EvalContext, argument: Slot) => Suspendable<Slot>,
): Lambda {
  const definition = suspending({
    name: "recall",
    args: args("argument"),
    strict: [],
    doc: "",
    noTrace: true,
    run,
  });
  const { kind, pos, name, param, formals, doc, number, base } = lambda;
  return Object.assign(new Lambda(kind, pos), {
    name,
    param,
    formals,
    doc,
    number,
    base,
    code: Int32Array.of(Op.Local, 0, Op.Const, 0, Op.Call, 1, Op.Return),
    constants: [new Builtin(definition)],
    localCount: 1,
    frameSize: FRAME_SIZE,
  });
}

/** Slots of the frame of {@link codeCalling}. */
const FRAME_SIZE = 8;

/** A map that asks for what it lacks. */
class BackedMap<Item> extends Map<string, Item> {
  readonly #find: (key: string) => Item | undefined;

  constructor(find: (key: string) => Item | undefined) {
    super();
    this.#find = find;
  }

  override get(key: string): Item | undefined {
    let item = super.get(key);
    if (item === undefined) {
      item = this.#find(key);
      if (item !== undefined) this.set(key, item);
    }
    return item;
  }
}
