/**
 * Writes a compiled file as `format.ts` describes. What an entry cannot hold (a constant of a kind that
 * is not known here) leaves the body out that has it, and that unit is compiled anew each time.
 */
import type { HashFunctions } from "@nivis/formats";
import { type Lambda, SelectCache } from "../bytecode/lambda.ts";
import { OPCODES } from "../bytecode/opcode.ts";
import type { Resolution } from "../compiler/resolve.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { EMPTY_ATTRS, Shape } from "../value/attrs.ts";
import { NixFloat, NixPath } from "../value/value.ts";
import { Body, encodeText, Header, LambdaRow, MAGIC, Recipe } from "./format.ts";

/** The entry of a file: of its lambdas those that are compiled. `complete` says whether all are. */
export function encodeFile(
  root: Lambda,
  resolution: Resolution,
  key: Uint8Array,
  complete: boolean,
  hashes: HashFunctions,
): Uint8Array {
  return new Encoder(resolution).run(root, key, complete, hashes);
}

/** A constant that an entry cannot hold. */
class NotEncodable extends Error {}

class Encoder {
  private readonly lambdas: Lambda[] = [];
  private readonly rows: number[] = [];
  /** Everything behind the rows. */
  private readonly words: number[] = [];
  private readonly strings: string[] = [];
  private readonly stringIndexes = new Map<string, number>();
  /**
   * The constants that are no strings: they come behind the strings, whose number is known only at
   * the end; until then their indexes count down from -1.
   */
  private otherConstants = 0;
  /** Where in `words` such an index or an offset into `words` stands. */
  private readonly unsettled: number[] = [];
  private readonly captureLists = new Map<string, number>();
  private readonly double = new Float64Array(1);
  private readonly doubleWords = new Int32Array(this.double.buffer);

  constructor(private readonly file: Resolution) {}

  run(root: Lambda, key: Uint8Array, complete: boolean, hashes: HashFunctions): Uint8Array {
    this.lambdas.push(root);
    for (let i = 0; i < this.lambdas.length; i++) this.lambda(this.lambdas[i] as Lambda);
    const { lambdas, rows, words, strings } = this;
    const others = new Array<number>(this.otherConstants).fill(0);
    const json = encodeText(JSON.stringify([...strings, ...others]));
    const start = Header.Size + rows.length;
    const wordCount = start + words.length;
    const entry = new Uint8Array(wordCount * 4 + json.length);
    const all = new Int32Array(entry.buffer, 0, wordCount);
    for (const at of this.unsettled) {
      words[at] = strings.length - 1 - (words[at] as number);
    }
    for (let i = 0; i < rows.length; i += LambdaRow.Size) {
      for (const offset of [LambdaRow.Captures, LambdaRow.Description, LambdaRow.Body]) {
        // Offsets into `words` are plus 1 so far.
        const place = rows[i + offset] as number;
        if (place !== 0) rows[i + offset] = place - 1 + start;
      }
    }
    all.set(rows, Header.Size);
    all.set(words, start);
    all[Header.Magic] = MAGIC;
    all[Header.Length] = entry.length;
    all[Header.Words] = wordCount;
    all[Header.LambdaCount] = lambdas.length;
    all[Header.Complete] = complete ? 1 : 0;
    entry.set(key, Header.Key * 4);
    entry.set(json, wordCount * 4);
    entry.set(hashes.hash("sha256", entry.subarray(Header.Key * 4)), Header.Checksum * 4);
    return entry;
  }

  private lambda(lambda: Lambda): void {
    const captures = this.captures(lambda.captures);
    const description = this.description(lambda);
    const body = lambda.compiled ? this.body(lambda) : 0;
    this.rows.push(
      lambda.kind,
      this.position(lambda.pos),
      captures,
      description,
      body,
      lambda.number,
    );
  }

  private captures(captures: Int32Array): number {
    const text = captures.join();
    let place = this.captureLists.get(text);
    if (place === undefined) {
      place = this.words.push(captures.length);
      for (const capture of captures) this.words.push(capture);
      this.captureLists.set(text, place);
    }
    return place;
  }

  private description(lambda: Lambda): number {
    const { name, param, doc, formals } = lambda;
    if (name === undefined && param === undefined && doc === undefined && formals === null) {
      return 0;
    }
    const place = this.words.push(name === undefined ? 0 : this.string(name) + 1);
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
    return place;
  }

  /** The place of a body plus 1, or 0 if it cannot be written. */
  private body(lambda: Lambda): number {
    const start = this.words.length;
    const { lambdas, otherConstants, unsettled } = this;
    const lambdaCount = lambdas.length;
    const unsettledCount = unsettled.length;
    try {
      this.writeBody(lambda);
      return start + 1;
    } catch (error) {
      if (!(error instanceof NotEncodable)) throw error;
      this.words.length = start;
      lambdas.length = lambdaCount;
      unsettled.length = unsettledCount;
      this.otherConstants = otherConstants;
      return 0;
    }
  }

  private writeBody(lambda: Lambda): void {
    const { words, lambdas } = this;
    const firstLambda = lambdas.length;
    // An expression that is compiled twice, as those of `assert a == b`, makes its lambdas twice.
    const children = [...new Set(lambda.lambdas)];
    lambdas.push(...children);
    const caches = lambda.constants.filter((one) => one instanceof SelectCache).length;
    const firstCache = this.otherConstants;
    this.otherConstants += caches;
    const start = words.length;
    words.push(lambda.localCount, lambda.frameSize, lambda.bodyStart);
    words.push(firstLambda, children.length, 0, caches, 0, 0, lambda.code.length);
    this.unsettle(start + Body.FirstCache, firstCache);
    const { code, fixups } = this.relocate(lambda, children, firstCache);
    for (const fixup of fixups) words.push(fixup);
    const recipes = words.length;
    for (const [index, other] of code.constants) this.recipe(lambda, other, index);
    words[start + Body.FixupCount] = fixups.length;
    words[start + Body.RecipeLength] = words.length - recipes;
    const codeStart = words.length;
    for (const word of code.words) words.push(word);
    for (const { at, other } of code.others) this.unsettle(codeStart + at, other);
  }

  /** Writes the index of a constant that is no string, which is settled at the end. */
  private unsettle(at: number, other: number): void {
    this.words[at] = -1 - other;
    this.unsettled.push(at);
  }

  /** The code with operands as the format has them, as the table of instructions says which is what. */
  private relocate(
    lambda: Lambda,
    children: readonly Lambda[],
    firstCache: number,
  ): {
    readonly code: {
      readonly words: readonly number[];
      /** Where constants stand that are no strings, and which. */
      readonly others: readonly { readonly at: number; readonly other: number }[];
      /** For each constant that has a recipe, which other constant it is. */
      readonly constants: ReadonlyMap<number, number>;
    };
    readonly fixups: readonly number[];
  } {
    const words = Array.from(lambda.code);
    const others: { at: number; other: number }[] = [];
    const constants = new Map<number, number>();
    const fixups: number[] = [];
    let cache = firstCache;
    for (let pc = 0; pc < words.length; ) {
      const row = OPCODES[words[pc++] as number];
      if (row === undefined) throw new NotEncodable();
      for (const kind of row.operands) {
        const at = pc++;
        const operand = words[at] as number;
        if (kind === "cache") others.push({ at, other: cache++ });
        else if (kind === "lambda") words[at] = children.indexOf(lambda.lambdas[operand] as Lambda);
        else if (kind === "position" && operand !== NO_POS) {
          words[at] = operand - this.file.base;
          fixups.push(at);
        } else if (kind === "constant") {
          const constant = lambda.constants[operand];
          if (typeof constant === "string" && this.globalName(lambda, operand) === undefined) {
            words[at] = this.string(constant);
          } else {
            let other = constants.get(operand);
            if (other === undefined) {
              other = this.otherConstants++;
              constants.set(operand, other);
            }
            others.push({ at, other });
          }
        }
      }
    }
    return { code: { words, others, constants }, fixups };
  }

  private globalName(lambda: Lambda, index: number): string | undefined {
    const uses = this.file.globalUses.get(lambda);
    if (uses === undefined) return undefined;
    for (let i = 0; i < uses.length; i += 2) if (uses[i] === index) return uses[i + 1] as string;
    return undefined;
  }

  /** Writes how the constant with an index in `lambda` is made. */
  private recipe(lambda: Lambda, other: number, index: number): void {
    const { words } = this;
    const begin = (recipe: Recipe): void => {
      this.unsettle(words.push(recipe), other);
    };
    const global = this.globalName(lambda, index);
    if (global !== undefined) {
      begin(Recipe.Global);
      words.push(this.string(global));
      return;
    }
    const constant = lambda.constants[index];
    if (constant instanceof Shape) {
      begin(Recipe.Shape);
      words.push(constant.names.length);
      const { positions } = constant;
      constant.names.forEach((name, i) => {
        const pos = positions === null ? NO_POS : (positions[i] as PosIdx);
        words.push(this.string(name), this.position(pos));
      });
    } else if (constant instanceof NixPath) {
      begin(Recipe.Path);
      words.push(this.string(constant.path));
    } else if (constant instanceof NixFloat) {
      begin(Recipe.Float);
      this.writeDouble(constant.value);
    } else if (typeof constant === "number") {
      begin(Recipe.Number);
      this.writeDouble(constant);
    } else if (typeof constant === "bigint") {
      begin(Recipe.BigInt);
      words.push(this.string(String(constant)));
    } else if (constant === true) begin(Recipe.True);
    else if (constant === false) begin(Recipe.False);
    else if (constant === null) begin(Recipe.Null);
    else if (constant === EMPTY_ATTRS) begin(Recipe.EmptySet);
    else if (isEmptyList(constant)) begin(Recipe.EmptyList);
    else if (isAssertionText(constant)) {
      begin(Recipe.Assertion);
      words.push(index);
    } else throw new NotEncodable();
  }

  private writeDouble(value: number): void {
    this.double[0] = value;
    this.words.push(this.doubleWords[0] as number, this.doubleWords[1] as number);
  }

  private position(pos: PosIdx): number {
    return pos === NO_POS ? 0 : pos - this.file.base + 1;
  }

  private string(text: string): number {
    let index = this.stringIndexes.get(text);
    if (index === undefined) {
      index = this.strings.push(text) - 1;
      this.stringIndexes.set(text, index);
    }
    return index;
  }
}

function isEmptyList(constant: unknown): boolean {
  return Array.isArray(constant) && constant.length === 0;
}

function isAssertionText(constant: unknown): boolean {
  return typeof constant === "object" && constant !== null && "text" in constant;
}
