/**
 * Writes a compiled file as `format.ts` describes. A body with a constant that an entry cannot hold is left
 * out, and its unit is compiled again in each run.
 */
import { AssertionText, type Lambda, SelectCache } from "../bytecode/lambda.ts";
import { OPCODES } from "../bytecode/opcode.ts";
import type { Resolution } from "../compiler/resolve.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { EMPTY_ATTRS } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { NixFloat, NixPath } from "../value/value.ts";
import { Body, type EntryTools, Header, MAGIC, Recipe } from "./format.ts";

/** The entry of a file, with the bodies of the lambdas that are compiled. `complete` says whether all are. */
export function encodeFile(
  root: Lambda,
  resolution: Resolution,
  key: Uint8Array,
  complete: boolean,
  tools: EntryTools,
): Uint8Array {
  return new Encoder(resolution).run(root, key, complete, tools);
}

/** Captures below this are identified by arithmetic. */
const SMALL_CAPTURE = 4096;

/** A constant that an entry cannot hold. */
class NotEncodable extends Error {}

class Encoder {
  /** The lambdas, by their rows. */
  private readonly lambdas: Lambda[] = [];
  private readonly rowNumbers = new Map<Lambda, number>();
  private readonly rows: number[] = [];
  private readonly captures: number[] = [];
  private readonly captureLists = new Map<number | string, number>();
  /** The words of descriptions and bodies. */
  private readonly words: number[] = [];
  /** The strings, and 0 for every other constant. */
  private readonly constants: (string | 0)[] = [];
  private readonly strings = new Map<string, number>();
  /** For the body that is being written: the code offsets of positions, … */
  private readonly fixups: number[] = [];
  /**
   * … and a triple for each constant that needs a recipe: its index in the file, in the lambda, and in the uses
   * of globals, -1 if it is not a global.
   */
  private readonly made: number[] = [];
  private readonly double = new Float64Array(1);
  private readonly doubleWords = new Int32Array(this.double.buffer);

  constructor(private readonly file: Resolution) {}

  run(root: Lambda, key: Uint8Array, complete: boolean, tools: EntryTools): Uint8Array {
    this.row(root);
    for (let i = 0; i < this.lambdas.length; i++) this.lambda(this.lambdas[i] as Lambda);
    const { rows, captures, words } = this;
    const json = tools.text.encode(JSON.stringify(this.constants));
    const capturesAt = Header.Size + rows.length;
    const wordsAt = capturesAt + captures.length;
    const wordCount = wordsAt + words.length;
    const entry = new Uint8Array(wordCount * 4 + json.length);
    const all = new Int32Array(entry.buffer, 0, wordCount);
    all.set(rows, Header.Size);
    all.set(captures, capturesAt);
    all.set(words, wordsAt);
    all[Header.Magic] = MAGIC;
    all[Header.Length] = entry.length;
    all[Header.CapturesAt] = capturesAt;
    all[Header.WordsAt] = wordsAt;
    all[Header.End] = wordCount;
    all[Header.Complete] = complete ? 1 : 0;
    entry.set(key, Header.Key * 4);
    entry.set(json, wordCount * 4);
    entry.set(tools.hashes.hash("sha256", entry.subarray(Header.Key * 4)), Header.Checksum * 4);
    return entry;
  }

  private lambda(lambda: Lambda): void {
    const description = this.description(lambda);
    const body = lambda.compiled ? this.body(lambda) : 0;
    const { fused } = lambda;
    this.rows.push(
      lambda.kind,
      this.position(lambda.pos),
      description,
      body,
      lambda.number,
      lambda.extraArguments,
      fused === null ? 0 : this.row(fused) + 1,
    );
  }

  /** The row of a lambda, assigned at the first call. */
  private row(lambda: Lambda): number {
    let row = this.rowNumbers.get(lambda);
    if (row === undefined) {
      row = this.lambdas.push(lambda) - 1;
      this.rowNumbers.set(lambda, row);
    }
    return row;
  }

  /** The offset of a list of captures in `captures`. */
  private captureList(captures: Int32Array): number {
    const words = this.captures;
    const count = captures.length;
    // Most lists are short, and many lambdas of a file have the same captures.
    const [first = 0, second = 0] = captures;
    const isSmall = count <= 2 && first < SMALL_CAPTURE && second < SMALL_CAPTURE;
    const id = isSmall ? (count * SMALL_CAPTURE + first) * SMALL_CAPTURE + second : captures.join();
    let offset = this.captureLists.get(id);
    if (offset === undefined) {
      offset = words.push(count) - 1;
      for (let i = 0; i < count; i++) words.push(captures[i] as number);
      this.captureLists.set(id, offset);
    }
    return offset;
  }

  private description(lambda: Lambda): number {
    const { name, param, doc, formals } = lambda;
    if (name === undefined && param === undefined && doc === undefined && formals === null) {
      return 0;
    }
    const start = this.words.push(name === undefined ? 0 : this.string(name) + 1);
    this.words.push(
      param === undefined ? 0 : this.string(param) + 1,
      doc === undefined ? -1 : doc.start,
      doc === undefined ? -1 : doc.end,
      formals === null ? -1 : formals.names.length,
    );
    if (formals !== null) {
      this.words.push(formals.ellipsis ? 1 : 0);
      formals.names.forEach((formal, i) => {
        this.words.push(
          this.string(formal),
          formals.defaults[i] === true ? 1 : 0,
          this.position(formals.positions[i] as PosIdx),
        );
      });
      for (const i of formals.sorted) this.words.push(i);
    }
    return start;
  }

  /** The offset of a body plus 1, or 0 if the body cannot be written. */
  private body(lambda: Lambda): number {
    const start = this.words.length;
    try {
      this.writeBody(lambda);
      return start + 1;
    } catch (error) {
      if (!(error instanceof NotEncodable)) throw error;
      this.words.length = start;
      return 0;
    }
  }

  private writeBody(lambda: Lambda): void {
    const { words, fixups, made } = this;
    const { lambdas, captures } = lambda;
    const start = words.length;
    words.push(lambda.localCount, lambda.frameSize, lambda.bodyStart, lambda.upvalueCount);
    words.push(0, 0, lambda.code.length, 0, 0, lambdas.length);
    this.code(lambda, start);
    words[start + Body.FixupCount] = fixups.length;
    for (let i = 0; i < fixups.length; i++) words.push(fixups[i] as number);
    const recipes = words.length;
    const uses = this.file.globalUses.get(lambda);
    for (let i = 0; i < made.length; i += 3) {
      const use = made[i + 2] as number;
      if (uses !== undefined && use >= 0) {
        words.push(Recipe.Global, made[i] as number, this.string(uses[use + 1] as string));
      } else this.recipe(lambda, made[i] as number, made[i + 1] as number);
    }
    words[start + Body.RecipeLength] = words.length - recipes;
    // Last, when nothing can fail any more: a row that is assigned stays.
    for (let i = 0; i < lambdas.length; i++) {
      const list = this.captureList(captures[i] as Int32Array);
      words.push(this.row(lambdas[i] as Lambda), list);
    }
  }

  /**
   * Writes code with the operands of the format; the table of instructions gives the kind of each.
   * Leaves the fixups in `fixups`, and in `made` the constants that need recipes.
   */
  private code(lambda: Lambda, body: number): void {
    const { words, fixups, made, file } = this;
    const { code, constants } = lambda;
    const uses = file.globalUses.get(lambda);
    let nextUse = 0;
    let cache = this.reserveCaches(constants, body);
    fixups.length = made.length = 0;
    for (let pc = 0; pc < code.length; ) {
      const op = code[pc++] as number;
      const row = OPCODES[op];
      if (row === undefined) throw new NotEncodable();
      words.push(op);
      const { operands } = row;
      for (let i = 0; i < operands.length; i++, pc++) {
        const kind = operands[i];
        const operand = code[pc] as number;
        let word = operand;
        if (kind === "cache") word = cache++;
        else if (kind === "position") {
          if (operand !== NO_POS) {
            word = operand - file.base;
            fixups.push(pc);
          }
        } else if (kind === "constant") {
          const constant = constants[operand];
          const isGlobal = uses !== undefined && uses[nextUse] === operand;
          if (typeof constant === "string" && !isGlobal) word = this.string(constant);
          else {
            word = this.constants.push(0) - 1;
            made.push(word, operand, isGlobal ? nextUse : -1);
          }
          // Uses and operands are both in the order in which the constants were made.
          if (isGlobal) nextUse += 2;
        }
        words.push(word);
      }
    }
  }

  /** Reserves consecutive constants for the select sites of a body; returns the first. */
  private reserveCaches(constants: readonly unknown[], body: number): number {
    const first = this.constants.length;
    for (const constant of constants) if (constant instanceof SelectCache) this.constants.push(0);
    this.words[body + Body.FirstCache] = first;
    this.words[body + Body.CacheCount] = this.constants.length - first;
    return first;
  }

  /** Writes the recipe of a constant that is not a global. */
  private recipe(lambda: Lambda, index: number, operand: number): void {
    const { words } = this;
    const constant = lambda.constants[operand];
    if (constant instanceof Shape) {
      const { names, positions } = constant;
      words.push(Recipe.Shape, index, names.length);
      for (let i = 0; i < names.length; i++) {
        const pos = positions === null ? NO_POS : (positions[i] as PosIdx);
        words.push(this.string(names[i] as string), this.position(pos));
      }
    } else if (constant instanceof NixPath) {
      const recipe = constant.accessor === undefined ? Recipe.Path : Recipe.TreePath;
      words.push(recipe, index, this.string(constant.path));
    } else if (constant instanceof NixFloat) {
      words.push(Recipe.Float, index);
      this.writeDouble(constant.value);
    } else if (typeof constant === "number") {
      words.push(Recipe.Number, index);
      this.writeDouble(constant);
    } else if (typeof constant === "bigint") {
      words.push(Recipe.BigInt, index, this.string(String(constant)));
    } else if (constant === true) words.push(Recipe.True, index);
    else if (constant === false) words.push(Recipe.False, index);
    else if (constant === null) words.push(Recipe.Null, index);
    else if (constant === EMPTY_ATTRS) words.push(Recipe.EmptySet, index);
    else if (isEmptyList(constant)) words.push(Recipe.EmptyList, index);
    else if (constant instanceof AssertionText) words.push(Recipe.Assertion, index, operand);
    else throw new NotEncodable();
  }

  private writeDouble(value: number): void {
    this.double[0] = value;
    this.words.push(this.doubleWords[0] as number, this.doubleWords[1] as number);
  }

  private position(pos: PosIdx): number {
    return pos === NO_POS ? 0 : pos - this.file.base + 1;
  }

  private string(text: string): number {
    let index = this.strings.get(text);
    if (index === undefined) {
      index = this.constants.push(text) - 1;
      this.strings.set(text, index);
    }
    return index;
  }
}

function isEmptyList(constant: unknown): boolean {
  return Array.isArray(constant) && constant.length === 0;
}
