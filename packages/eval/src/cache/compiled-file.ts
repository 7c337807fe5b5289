/**
 * CompiledFile: a file from the cache, whose lambdas get their code when they are first entered.
 *
 * An entry is checked as a whole when it is opened. What it does not contain (see `format.ts`) is obtained
 * by parsing and resolving the text again: emission depends on nothing but the text and the names of the
 * globals, so a unit that is compiled again has the same instructions at the same offsets. The same happens
 * if an entry proves unreadable although its checksum is right. See docs/design/004-bytecode-cache.md.
 */
import { AssertionText, Lambda, type LambdaKind, SelectCache } from "../bytecode/lambda.ts";
import type { Resolution } from "../compiler/resolve.ts";
import type { Unit } from "../compiler/scope.ts";
import { type PosIdx, positionIn } from "../position.ts";
import type { SourceAccessor } from "../source-accessor.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { NixFloat, NixPath, type Slot } from "../value/value.ts";
import { Body, type EntryTools, Header, LambdaRow, MAGIC, Recipe } from "./format.ts";

/** What a file from the cache needs of the evaluation. */
export interface FileEnvironment {
  /** The position of the first byte of its text. */
  readonly base: PosIdx;
  readonly globals: ReadonlyMap<string, Slot>;
  /** The tree that the file is in; see `NixPath`. */
  readonly accessor: SourceAccessor | undefined;
  /** Parses and resolves the text. */
  resolve(): Resolution;
}

const CHECKED_FROM = Header.Key * 4;
const NO_CAPTURES: Int32Array = new Int32Array(0);
const EMPTY_LIST: readonly Slot[] = [];

/** A file from the cache; makes lambdas and their code from the words of its entry. */
export class CompiledFile {
  /** The text, resolved again if that was necessary. */
  resolution: Resolution | undefined;
  /** Whether a unit had to be compiled whose code the entry could have contained. */
  lacking = false;
  /** The lambda that the file itself is. */
  readonly root: Lambda;
  private units: readonly Unit[] = [];
  private readonly capturesAt: number;
  private readonly wordsAt: number;
  /** The lambdas made so far, by their rows. */
  private readonly made: (Lambda | undefined)[];
  /** The rows of the units by their numbers, without fused lambdas. */
  private rowsOfUnits: Map<number, number> | undefined;
  private readonly captureLists = new Map<number, Int32Array>();
  private readonly pending = (lambda: Lambda): void => this.enter(lambda);
  private readonly pendingDebugInfo = (lambda: Lambda): void => this.addDebugInfo(lambda);

  private constructor(
    private readonly words: Int32Array,
    /** All constants of the file; those that need a recipe are 0 until a body with them is entered. */
    private readonly constants: unknown[],
    private readonly environment: FileEnvironment,
  ) {
    this.capturesAt = words[Header.CapturesAt] as number;
    this.wordsAt = words[Header.WordsAt] as number;
    const count = (this.capturesAt - Header.Size) / LambdaRow.Size;
    this.made = new Array<undefined>(Math.floor(count)).fill(undefined);
    this.root = this.lambda(0);
  }

  /** The file in an entry; `undefined` if the entry is not what was stored for the key. */
  static open(
    entry: Uint8Array,
    key: Uint8Array,
    tools: EntryTools,
    environment: FileEnvironment,
  ): CompiledFile | undefined {
    const { buffer, byteOffset, byteLength } = entry;
    if (byteOffset % 4 !== 0 || byteLength < Header.Size * 4) return undefined;
    const header = new Int32Array(buffer, byteOffset, Header.Size);
    if (header[Header.Magic] !== MAGIC || header[Header.Length] !== byteLength) return undefined;
    const checksum = tools.hashes.hash("sha256", entry.subarray(CHECKED_FROM));
    for (let i = 0; i < 32; i++) {
      if (entry[Header.Checksum * 4 + i] !== checksum[i]) return undefined;
      if (entry[CHECKED_FROM + i] !== key[i]) return undefined;
    }
    const wordCount = header[Header.End] as number;
    const wordsAt = header[Header.WordsAt] as number;
    const capturesAt = header[Header.CapturesAt] as number;
    if (!(Header.Size < capturesAt && capturesAt <= wordsAt && wordsAt <= wordCount))
      return undefined;
    const end = wordCount * 4;
    if (end > byteLength) return undefined;
    try {
      const constants: unknown = JSON.parse(tools.text.decode(entry.subarray(end)));
      if (!Array.isArray(constants)) return undefined;
      const words = new Int32Array(buffer, byteOffset, wordCount);
      return new CompiledFile(words, constants, environment);
    } catch {
      return undefined;
    }
  }

  private lambda(number: number): Lambda {
    return this.made[number] ?? this.makeLambda(number);
  }

  private makeLambda(number: number): Lambda {
    const { words } = this;
    const row = Header.Size + number * LambdaRow.Size;
    const pos = this.position(words[row + LambdaRow.Position] as number);
    const lambda = new Lambda(words[row + LambdaRow.Kind] as LambdaKind, pos);
    lambda.number = words[row + LambdaRow.Unit] as number;
    lambda.row = number;
    lambda.base = this.environment.base;
    lambda.pending = this.pending;
    // Only functions have a description.
    const description = words[row + LambdaRow.Description] as number;
    if (description !== 0) this.describe(lambda, this.wordsAt + description - 1);
    const fused = words[row + LambdaRow.Fused] as number;
    if (fused !== 0) {
      lambda.fused = this.lambda(fused - 1);
      lambda.fused.extraArguments = words[
        Header.Size + (fused - 1) * LambdaRow.Size + LambdaRow.ExtraArguments
      ] as number;
    }
    this.made[number] = lambda;
    return lambda;
  }

  private captureList(offset: number): Int32Array {
    const at = this.capturesAt + offset;
    let captures = this.captureLists.get(offset);
    if (captures === undefined) {
      const count = this.words[at] as number;
      captures = count === 0 ? NO_CAPTURES : this.view(at + 1, count);
      this.captureLists.set(offset, captures);
    }
    return captures;
  }

  private view(start: number, length: number): Int32Array {
    const { words } = this;
    // The constructor is faster than `subarray`, which looks up the species.
    return new Int32Array(words.buffer, words.byteOffset + start * 4, length);
  }

  private describe(lambda: Lambda, start: number): void {
    const { words, constants } = this;
    const name = words[start] as number;
    const param = words[start + 1] as number;
    const docStart = words[start + 2] as number;
    const count = words[start + 4] as number;
    const size = count < 0 ? 5 : 6 + 4 * count;
    if (!(start + size <= words.length)) throw new RangeError("a description beyond the end");
    if (name !== 0) lambda.name = constants[name - 1] as string;
    if (param !== 0) lambda.param = constants[param - 1] as string;
    if (docStart >= 0) lambda.doc = { start: docStart, end: words[start + 3] as number };
    if (count < 0) return;
    const names: string[] = [];
    const defaults: boolean[] = [];
    const positions: PosIdx[] = [];
    const sorted: number[] = [];
    let at = start + 6;
    for (let i = 0; i < count; i++) {
      names.push(constants[words[at++] as number] as string);
      defaults.push(words[at++] === 1);
      positions.push(this.position(words[at++] as number));
    }
    for (let i = 0; i < count; i++) sorted.push(words[at++] as number);
    lambda.formals = { names, defaults, positions, ellipsis: words[start + 5] === 1, sorted };
  }

  /** The position that a word stands for: an offset plus 1, or 0 for none. */
  private position(written: number): PosIdx {
    return positionIn(this.environment.base, written - 1);
  }

  // ── Bodies ─────────────────────────────────────────────────────────────────────────────────────

  private enter(lambda: Lambda): void {
    const { words } = this;
    const body = words[Header.Size + lambda.row * LambdaRow.Size + LambdaRow.Body] as number;
    try {
      if (body !== 0 && this.body(lambda, this.wordsAt + body - 1)) return;
    } catch {
      // An index out of bounds. What was set so far is set again below.
    }
    this.lacking = words[Header.Complete] === 0;
    const fresh = this.compiled(lambda.row);
    lambda.code = fresh.code;
    lambda.constants = fresh.constants;
    lambda.lambdas = fresh.lambdas;
    lambda.captures = fresh.captures;
    lambda.upvalueCount = fresh.upvalueCount;
    lambda.localCount = fresh.localCount;
    lambda.frameSize = fresh.frameSize;
    lambda.spans = fresh.spans;
    lambda.traceRegions = fresh.traceRegions;
    lambda.bodyStart = fresh.bodyStart;
  }

  /** Gives a lambda the body at a word offset; returns false if the body is not well formed. */
  private body(lambda: Lambda, body: number): boolean {
    const { words, constants } = this;
    const { base } = this.environment;
    const start = body + Body.Size;
    const length = words[body + Body.CodeLength] as number;
    const fixups = start + length;
    const recipes = fixups + (words[body + Body.FixupCount] as number);
    const children = recipes + (words[body + Body.RecipeLength] as number);
    const lambdaCount = words[body + Body.LambdaCount] as number;
    const end = children + 2 * lambdaCount;
    if (!(start < fixups && fixups <= recipes && recipes <= children && children <= end))
      return false;
    if (!(end <= words.length)) return false;
    if (recipes < children && !this.recipes(lambda, recipes, children)) return false;
    if (lambdaCount > 0 && !this.children(lambda, children, end)) return false;
    const firstCache = words[body + Body.FirstCache] as number;
    const afterCaches = firstCache + (words[body + Body.CacheCount] as number);
    for (let i = firstCache; i < afterCaches; i++) constants[i] = new SelectCache();
    const code = this.view(start, length);
    for (let at = fixups; at < recipes; at++) {
      const operand = words[at] as number;
      code[operand] = (code[operand] as number) + base;
    }
    lambda.code = code;
    lambda.constants = constants;
    lambda.localCount = words[body + Body.LocalCount] as number;
    lambda.frameSize = words[body + Body.FrameSize] as number;
    lambda.bodyStart = words[body + Body.BodyStart] as number;
    lambda.upvalueCount = words[body + Body.UpvalueCount] as number;
    lambda.pendingDebugInfo = this.pendingDebugInfo;
    return true;
  }

  /** Makes the lambdas of a body's closures and thunks; returns false if a row does not exist. */
  private children(lambda: Lambda, start: number, end: number): boolean {
    const { words, made } = this;
    const lambdas: Lambda[] = [];
    const lists: Int32Array[] = [];
    let last = -1;
    let captures = NO_CAPTURES;
    for (let at = start; at < end; at += 2) {
      const number = words[at] as number;
      if (!(number < made.length)) return false;
      lambdas.push(made[number] ?? this.makeLambda(number));
      // Neighbours often have the same captures.
      const captured = words[at + 1] as number;
      if (captured !== last) {
        captures = this.captureList(captured);
        last = captured;
      }
      lists.push(captures);
    }
    lambda.lambdas = lambdas;
    lambda.captures = lists;
    return true;
  }

  /** Makes the constants of a body; returns false if one cannot be made. */
  private recipes(lambda: Lambda, start: number, end: number): boolean {
    const { words, constants } = this;
    let at = start;
    while (at < end) {
      const recipe = words[at++] as Recipe;
      const index = words[at++] as number;
      let constant: unknown;
      switch (recipe) {
        case Recipe.Shape: {
          const count = words[at++] as number;
          const names: string[] = [];
          const positions: PosIdx[] = [];
          if (at + 2 * count > end) return false;
          for (let i = 0; i < count; i++) {
            names.push(constants[words[at++] as number] as string);
            positions.push(this.position(words[at++] as number));
          }
          constant = new Shape(names, positions);
          break;
        }
        case Recipe.Global:
          constant = this.global(constants[words[at++] as number] as string);
          break;
        case Recipe.Path:
          constant = new NixPath(constants[words[at++] as number] as string);
          break;
        case Recipe.TreePath: {
          const { accessor } = this.environment;
          constant = new NixPath(constants[words[at++] as number] as string, accessor);
          break;
        }
        case Recipe.Float:
          constant = new NixFloat(this.double(at));
          at += 2;
          break;
        case Recipe.Number:
          constant = this.double(at);
          at += 2;
          break;
        case Recipe.BigInt:
          constant = BigInt(constants[words[at++] as number] as string);
          break;
        case Recipe.True:
          constant = true;
          break;
        case Recipe.False:
          constant = false;
          break;
        case Recipe.Null:
          constant = null;
          break;
        case Recipe.EmptyList:
          constant = EMPTY_LIST;
          break;
        case Recipe.EmptySet:
          constant = EMPTY_ATTRS;
          break;
        case Recipe.Assertion:
          constant = this.assertion(lambda.row, words[at++] as number);
          break;
      }
      if (constant === undefined || index >= constants.length) return false;
      constants[index] = constant;
    }
    return true;
  }

  private double(at: number): number {
    return new Float64Array(this.words.slice(at, at + 2).buffer)[0] as number;
  }

  private global(name: string): Slot | undefined {
    const { globals } = this.environment;
    if (!name.startsWith("builtins.")) return globals.get(name);
    const builtins = globals.get("builtins");
    return builtins instanceof Attrs ? builtins.get(name.slice("builtins.".length)) : undefined;
  }

  // ── What is not in an entry ────────────────────────────────────────────────────────────────────

  private addDebugInfo(lambda: Lambda): void {
    const fresh = this.compiled(lambda.row);
    lambda.spans = fresh.spans;
    lambda.traceRegions = fresh.traceRegions;
  }

  private assertion(row: number, constant: number): AssertionText {
    return new AssertionText(() =>
      (this.compiled(row).constants[constant] as AssertionText).text(),
    );
  }

  /** The unit with a number, from the text. */
  private unit(number: number): Unit | undefined {
    if (this.resolution === undefined) {
      this.resolution = this.environment.resolve();
      this.units = [...this.resolution.units.values()];
    }
    return this.units[number];
  }

  /** The lambda of the unit with a number; `undefined` if there is no such unit. */
  lambdaOfUnit(number: number): Lambda | undefined {
    const { words, made } = this;
    if (this.rowsOfUnits === undefined) {
      this.rowsOfUnits = new Map();
      for (let i = 0, row = Header.Size; i < made.length; i++, row += LambdaRow.Size) {
        const isFused = (words[row + LambdaRow.ExtraArguments] as number) > 0;
        if (!isFused) this.rowsOfUnits.set(words[row + LambdaRow.Unit] as number, i);
      }
    }
    const row = this.rowsOfUnits.get(number);
    if (row !== undefined) return this.lambda(row);
    this.lacking = words[Header.Complete] === 0;
    return this.unit(number)?.lambda;
  }

  /** The lambda of the unit that a row stands for, compiled from the text. */
  private compiled(number: number): Lambda {
    const row = Header.Size + number * LambdaRow.Size;
    const unit = this.words[row + LambdaRow.Unit] as number;
    const { lambda } = this.unit(unit) as Unit;
    const isFused = (this.words[row + LambdaRow.ExtraArguments] as number) > 0;
    const fresh = isFused ? (lambda.fused as Lambda) : lambda;
    fresh.ensureCompiled();
    return fresh;
  }
}
