/**
 * Writes a compiled file as `format.ts` describes. What an entry cannot hold (a constant of a kind that
 * is not known here) leaves the body out that has it, and that unit is compiled anew each time.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import { OPCODES } from "../bytecode/opcode.ts";
import type { Resolution } from "../compiler/resolve.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { EMPTY_ATTRS, Shape } from "../value/attrs.ts";
import { NixFloat, NixPath } from "../value/value.ts";
import { Body, type EntryTools, Header, LambdaRow, MAGIC, Recipe } from "./format.ts";

/** The entry of a file: of its lambdas those that are compiled. `complete` says whether all are. */
export function encodeFile(
  root: Lambda,
  resolution: Resolution,
  key: Uint8Array,
  complete: boolean,
  tools: EntryTools,
): Uint8Array {
  return new Encoder(resolution).run(root, key, complete, tools);
}

/** Captures below this are told apart by arithmetic. */
const SMALL_CAPTURE = 4096;

/** A constant that an entry cannot hold. */
class NotEncodable extends Error {}

class Encoder {
  /** By their rows. */
  private readonly lambdas: Lambda[] = [];
  private readonly rowNumbers = new Map<Lambda, number>();
  private readonly rows: number[] = [];
  private readonly captureWords: number[] = [];
  /** Everything behind the captures. */
  private readonly words: number[] = [];
  private readonly strings: string[] = [];
  private readonly stringIndexes = new Map<string, number>();
  /**
   * The constants that are no strings: they come behind the strings, whose number is known only at
   * the end; until then their indexes count down from -1.
   */
  private otherConstants = 0;
  /** Where in `words` such an index stands. */
  private readonly unsettled: number[] = [];
  /** Where in `words` the lists of lambdas and captures are, and how long they are, in pairs. */
  private readonly childLists: number[] = [];
  private readonly captureLists = new Map<number | string, number>();
  /** Of the body that is being written: code offsets of positions, … */
  private readonly fixups: number[] = [];
  /** … indexes of constants that need recipes, … */
  private readonly made: number[] = [];
  /** … the names of those that are globals, … */
  private readonly names: (string | undefined)[] = [];
  /** … and where in `words` those constants are used. */
  private readonly sites: number[] = [];
  private readonly double = new Float64Array(1);
  private readonly doubleWords = new Int32Array(this.double.buffer);

  constructor(private readonly file: Resolution) {}

  run(root: Lambda, key: Uint8Array, complete: boolean, tools: EntryTools): Uint8Array {
    this.row(root);
    for (let i = 0; i < this.lambdas.length; i++) this.lambda(this.lambdas[i] as Lambda);
    const { lambdas, rows, words, strings } = this;
    const others =
      strings.length === 0
        ? "0,".repeat(this.otherConstants).slice(0, -1)
        : ",0".repeat(this.otherConstants);
    const json = tools.text.encode(`${JSON.stringify(strings).slice(0, -1)}${others}]`);
    const captureStart = Header.Size + rows.length;
    const start = captureStart + this.captureWords.length;
    const wordCount = start + words.length;
    const entry = new Uint8Array(wordCount * 4 + json.length);
    const all = new Int32Array(entry.buffer, 0, wordCount);
    for (const at of this.unsettled) {
      words[at] = strings.length - 1 - (words[at] as number);
    }
    for (let i = 0; i < this.childLists.length; i += 2) {
      const first = this.childLists[i] as number;
      const end = first + 2 * (this.childLists[i + 1] as number);
      for (let at = first + 1; at < end; at += 2) words[at] = (words[at] as number) + captureStart;
    }
    for (let i = 0; i < rows.length; i += LambdaRow.Size) {
      for (const offset of [LambdaRow.Description, LambdaRow.Body]) {
        // Offsets into `words` are plus 1 so far.
        const place = rows[i + offset] as number;
        if (place !== 0) rows[i + offset] = place - 1 + start;
      }
    }
    all.set(rows, Header.Size);
    all.set(this.captureWords, captureStart);
    all.set(words, start);
    all[Header.Magic] = MAGIC;
    all[Header.Length] = entry.length;
    all[Header.Words] = wordCount;
    all[Header.LambdaCount] = lambdas.length;
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

  /** The row of a lambda, which it gets when it is first asked for. */
  private row(lambda: Lambda): number {
    let row = this.rowNumbers.get(lambda);
    if (row === undefined) {
      row = this.lambdas.push(lambda) - 1;
      this.rowNumbers.set(lambda, row);
    }
    return row;
  }

  /** Where in `captureWords` a list of captures is. */
  private captures(captures: Int32Array): number {
    const words = this.captureWords;
    const count = captures.length;
    // Most lists are short, and most lambdas of a file capture the same.
    const [first = 0, second = 0] = captures;
    const isSmall = count <= 2 && first < SMALL_CAPTURE && second < SMALL_CAPTURE;
    const id = isSmall ? (count * SMALL_CAPTURE + first) * SMALL_CAPTURE + second : captures.join();
    let place = this.captureLists.get(id);
    if (place === undefined) {
      place = words.push(count) - 1;
      for (let i = 0; i < count; i++) words.push(captures[i] as number);
      this.captureLists.set(id, place);
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
    const { otherConstants, unsettled } = this;
    const unsettledCount = unsettled.length;
    try {
      this.writeBody(lambda);
      return start + 1;
    } catch (error) {
      if (!(error instanceof NotEncodable)) throw error;
      this.words.length = start;
      unsettled.length = unsettledCount;
      this.otherConstants = otherConstants;
      return 0;
    }
  }

  private writeBody(lambda: Lambda): void {
    const { words, fixups, made } = this;
    const start = words.length;
    words.push(lambda.localCount, lambda.frameSize, lambda.bodyStart, lambda.upvalueCount);
    words.push(0, 0, lambda.code.length, 0, 0, lambda.lambdas.length);
    this.code(lambda, start);
    words[start + Body.FixupCount] = fixups.length;
    for (const fixup of fixups) words.push(fixup);
    const recipes = words.length;
    const firstMade = this.otherConstants - made.length;
    for (let i = 0; i < made.length; i++) this.recipe(lambda, firstMade + i, i);
    words[start + Body.RecipeLength] = words.length - recipes;
    // Last, when nothing can fail any more, for a row is given for good.
    this.childLists.push(words.length, lambda.lambdas.length);
    for (let i = 0; i < lambda.lambdas.length; i++) {
      words.push(
        this.row(lambda.lambdas[i] as Lambda),
        this.captures(lambda.captures[i] as Int32Array),
      );
    }
  }

  /** Writes the index of a constant that is no string, which is settled at the end. */
  private unsettle(at: number, other: number): void {
    this.words[at] = -1 - other;
    this.unsettled.push(at);
  }

  /**
   * Writes code with operands as the format has them; the table of instructions says which is what.
   * Leaves the fixups in `fixups`, and in `made` the constants that need recipes.
   */
  private code(lambda: Lambda, body: number): void {
    const { words, fixups, made, names, sites } = this;
    const { code, constants } = lambda;
    const uses = this.file.globalUses.get(lambda);
    const start = words.length;
    const firstCache = this.otherConstants;
    let caches = 0;
    let nextUse = 0;
    names.length = fixups.length = made.length = sites.length = 0;
    for (let pc = 0; pc < code.length; ) {
      const op = code[pc++] as number;
      const row = OPCODES[op];
      if (row === undefined) throw new NotEncodable();
      words.push(op);
      for (const kind of row.operands) {
        const operand = code[pc] as number;
        let word = operand;
        if (kind === "cache") {
          word = -1 - (firstCache + caches++);
          this.unsettled.push(start + pc);
        } else if (kind === "position") {
          if (operand !== NO_POS) {
            word = operand - this.file.base;
            fixups.push(pc);
          }
        } else if (kind === "constant") {
          const constant = constants[operand];
          const isGlobal = uses !== undefined && uses[nextUse] === operand;
          if (typeof constant === "string" && !isGlobal) word = this.string(constant);
          else {
            made.push(operand);
            names.push(isGlobal ? (uses[nextUse + 1] as string) : undefined);
            sites.push(start + pc);
          }
          // Both are in the order in which constants were made.
          if (isGlobal) nextUse += 2;
        }
        words.push(word);
        pc++;
      }
    }
    const firstMade = firstCache + caches;
    for (let i = 0; i < sites.length; i++) this.unsettle(sites[i] as number, firstMade + i);
    this.unsettle(body + Body.FirstCache, firstCache);
    words[body + Body.CacheCount] = caches;
    this.otherConstants = firstMade + made.length;
  }

  /** Writes how a constant among `made` comes about. */
  private recipe(lambda: Lambda, other: number, which: number): void {
    const { words } = this;
    const begin = (recipe: Recipe): void => {
      this.unsettle(words.push(recipe), other);
    };
    const global = this.names[which];
    if (global !== undefined) {
      begin(Recipe.Global);
      words.push(this.string(global));
      return;
    }
    const index = this.made[which] as number;
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
