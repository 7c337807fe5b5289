/**
 * CompiledFile: a file out of a cache, whose lambdas get their code when they are first entered.
 *
 * An entry is checked as a whole when it is opened. What it does not hold (see `format.ts`) is had by
 * parsing and resolving the text once more: emission depends on nothing but the text and the names of
 * the globals, so a unit compiled again has the same instructions at the same places. The same way
 * out is taken if an entry turns out to be unreadable although its checksum is right.
 */
import { Lambda, type LambdaKind, SelectCache } from "../bytecode/lambda.ts";
import type { AssertionText } from "../compiler/emit.ts";
import type { Resolution } from "../compiler/resolve.ts";
import type { Unit } from "../compiler/scope.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Attrs, EMPTY_ATTRS, Shape } from "../value/attrs.ts";
import { NixFloat, NixPath, type Slot } from "../value/value.ts";
import { Body, type EntryTools, Header, LambdaRow, MAGIC, Recipe } from "./format.ts";

/** What a file out of a cache needs of the evaluation. */
export interface FileSurroundings {
  /** The position of the first byte of its text. */
  readonly base: PosIdx;
  readonly globals: ReadonlyMap<string, Slot>;
  /** Parses and resolves the text. */
  resolve(): Resolution;
}

const CHECKED_FROM = Header.Key * 4;
const NO_CAPTURES: Int32Array = new Int32Array(0);
const EMPTY_LIST: readonly Slot[] = [];

/** See the head of this file. */
export class CompiledFile {
  /** The text resolved once more, if that was necessary. */
  resolution: Resolution | undefined;
  /** Whether a unit had to be compiled whose code could have been here. */
  lacking = false;
  private units: readonly Unit[] = [];
  private readonly captureLists = new Map<number, Int32Array>();
  private readonly pending = (lambda: Lambda): void => this.enter(lambda);
  private readonly pendingPlaces = (lambda: Lambda): void => this.addPlaces(lambda);

  private constructor(
    private readonly words: Int32Array,
    /** All constants of the file; those that need a recipe are 0 until a body with them is entered. */
    private readonly constants: unknown[],
    private readonly surroundings: FileSurroundings,
  ) {}

  /** The file that an entry holds; `undefined` if it is not what was stored behind the key. */
  static open(
    entry: Uint8Array,
    key: Uint8Array,
    tools: EntryTools,
    surroundings: FileSurroundings,
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
    const wordCount = header[Header.Words] as number;
    const end = wordCount * 4;
    if (!(end >= Header.Size * 4 && end <= byteLength)) return undefined;
    let constants: unknown;
    try {
      constants = JSON.parse(tools.text.decode(entry.subarray(end)));
    } catch {
      return undefined;
    }
    if (!Array.isArray(constants)) return undefined;
    return new CompiledFile(new Int32Array(buffer, byteOffset, wordCount), constants, surroundings);
  }

  /** The lambda that the file itself is. */
  root(): Lambda {
    return this.lambdas(0, 1)[0] as Lambda;
  }

  /** Makes the lambdas of some rows; this loop is most of what a cached file costs. */
  private lambdas(first: number, count: number): Lambda[] {
    const { words, pending, surroundings } = this;
    const { base } = surroundings;
    const lambdas: Lambda[] = [];
    let capturesAt = 0;
    let captures: Int32Array = NO_CAPTURES;
    let row = Header.Size + first * LambdaRow.Size;
    for (let number = first; number < first + count; number++) {
      const written = words[row + LambdaRow.Position] as number;
      const pos = written === 0 ? NO_POS : base + written - 1;
      const lambda = new Lambda(words[row + LambdaRow.Kind] as LambdaKind, pos);
      // What is made side by side often captures the same.
      if (words[row + LambdaRow.Captures] !== capturesAt) {
        capturesAt = words[row + LambdaRow.Captures] as number;
        captures = this.captures(capturesAt);
      }
      lambda.captures = captures;
      lambda.number = number;
      lambda.pending = pending;
      const description = words[row + LambdaRow.Description] as number;
      if (description !== 0) this.describe(lambda, description);
      lambdas.push(lambda);
      row += LambdaRow.Size;
    }
    return lambdas;
  }

  private captures(at: number): Int32Array {
    let captures = this.captureLists.get(at);
    if (captures === undefined) {
      const count = this.words[at] as number;
      captures = count === 0 ? NO_CAPTURES : this.view(at + 1, count);
      this.captureLists.set(at, captures);
    }
    return captures;
  }

  private view(start: number, length: number): Int32Array {
    const { words } = this;
    // A constructor is quicker than `subarray`, which looks for a species.
    return new Int32Array(words.buffer, words.byteOffset + start * 4, length);
  }

  private describe(lambda: Lambda, start: number): void {
    const { words, constants } = this;
    const name = words[start] as number;
    const param = words[start + 1] as number;
    const docStart = words[start + 2] as number;
    const count = words[start + 4] as number;
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

  private position(written: number): PosIdx {
    return written === 0 ? NO_POS : this.surroundings.base + written - 1;
  }

  // ── Bodies ─────────────────────────────────────────────────────────────────────────────────────

  private enter(lambda: Lambda): void {
    const { words } = this;
    const body = words[Header.Size + lambda.number * LambdaRow.Size + LambdaRow.Body] as number;
    if (body !== 0 && this.body(lambda, body)) return;
    this.lacking = words[Header.Complete] === 0;
    const fresh = this.compiled(lambda.number);
    lambda.code = fresh.code;
    lambda.constants = fresh.constants;
    lambda.lambdas = fresh.lambdas;
    lambda.localCount = fresh.localCount;
    lambda.frameSize = fresh.frameSize;
    lambda.spans = fresh.spans;
    lambda.contexts = fresh.contexts;
    lambda.bodyStart = fresh.bodyStart;
  }

  /** Gives a lambda the body that is written at a word; answers whether that makes sense. */
  private body(lambda: Lambda, body: number): boolean {
    const { words, surroundings } = this;
    const firstLambda = words[body + Body.FirstLambda] as number;
    const lambdaCount = words[body + Body.LambdaCount] as number;
    const firstCache = words[body + Body.FirstCache] as number;
    const cacheCount = words[body + Body.CacheCount] as number;
    const start = body + Body.Size;
    const fixups = start + (words[body + Body.CodeLength] as number);
    const recipes = fixups + (words[body + Body.FixupCount] as number);
    const end = recipes + (words[body + Body.RecipeLength] as number);
    if (!(start < fixups && fixups <= recipes && recipes <= end && end <= words.length))
      return false;
    if (firstLambda + lambdaCount > (words[Header.LambdaCount] as number)) return false;
    if (recipes < end && !this.recipes(lambda, recipes, end)) return false;
    const { constants } = this;
    for (let i = 0; i < cacheCount; i++) constants[firstCache + i] = new SelectCache();
    if (lambdaCount > 0) lambda.lambdas = this.lambdas(firstLambda, lambdaCount);
    const code = this.view(start, fixups - start);
    for (let at = fixups; at < recipes; at++) {
      const operand = words[at] as number;
      code[operand] = (code[operand] as number) + surroundings.base;
    }
    lambda.code = code;
    lambda.constants = constants;
    lambda.localCount = words[body + Body.LocalCount] as number;
    lambda.frameSize = words[body + Body.FrameSize] as number;
    lambda.bodyStart = words[body + Body.BodyStart] as number;
    lambda.pendingPlaces = this.pendingPlaces;
    return true;
  }

  /** Makes the constants of a body; answers whether all are known. */
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
          constant = this.assertion(lambda.number, words[at++] as number);
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
    const { globals } = this.surroundings;
    if (!name.startsWith("builtins.")) return globals.get(name);
    const builtins = globals.get("builtins");
    return builtins instanceof Attrs ? builtins.get(name.slice("builtins.".length)) : undefined;
  }

  // ── What is not in an entry ────────────────────────────────────────────────────────────────────

  private addPlaces(lambda: Lambda): void {
    const fresh = this.compiled(lambda.number);
    lambda.spans = fresh.spans;
    lambda.contexts = fresh.contexts;
  }

  private assertion(number: number, constant: number): AssertionText {
    return {
      text: () => (this.compiled(number).constants[constant] as AssertionText).text(),
    };
  }

  /** The lambda of the unit that a row stands for, compiled from the text. */
  private compiled(number: number): Lambda {
    if (this.resolution === undefined) {
      this.resolution = this.surroundings.resolve();
      this.units = [...this.resolution.units.values()];
    }
    const unit = this.words[Header.Size + number * LambdaRow.Size + LambdaRow.Unit] as number;
    const { lambda } = this.units[unit] as Unit;
    lambda.ensureCompiled();
    return lambda;
  }
}
