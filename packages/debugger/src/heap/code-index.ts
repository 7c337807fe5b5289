/**
 * CodeIndex: the code of an evaluation as an explorer shows it, by file. A *unit* is the code of one function
 * or of one expression that is evaluated later. Units are numbered from 0 in the order of the texts.
 */
import {
  describePosition,
  instructionsOf,
  type Lambda,
  LambdaKind,
  NO_POS,
  outlineText,
  type PosIdx,
  type PositionTable,
  type UnitOutline,
} from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import type { Expr, SourceFile } from "@nivis/syntax";
import { bindingNames } from "../binding-names.ts";

/** The code of a function or of an expression that is evaluated later. */
export interface CodeUnit {
  readonly number: number;
  readonly lambda: Lambda;
  readonly file: CodeFile;
  /** Byte offset of its position in the text. */
  readonly offset: number;
  /** Whether it was ever entered; `undefined` under a debugger, which compiles code to find places in it. */
  readonly isUsed: boolean | undefined;
}

/** A text that has code. */
export interface CodeFile {
  readonly name: Bytes;
  readonly source: SourceFile;
  /** In the order of the text. */
  readonly units: CodeUnit[];
}

/** What a unit is in its text. */
export interface UnitDescription {
  /** `f`, `meta.license` or the beginning of the expression. */
  readonly title: Bytes;
  readonly kind: "function" | "thunk";
  /** `FILE:LINE:COLUMN`. */
  readonly place: Bytes;
  /** The first line of `text`, from 1. */
  readonly line: number;
  /** The lines of the expression, whole. */
  readonly text: Bytes;
  /** The names of what it captures. */
  readonly captures: readonly Bytes[];
}

/** An instruction of a unit. */
export interface UnitInstruction {
  readonly pc: number;
  readonly name: string;
  readonly operands: readonly Bytes[];
  /** From 1; 0 if the instruction has no position. */
  readonly line: number;
  readonly column: number;
  /** The number of the unit that it makes a function or thunk of. */
  readonly unit: number | undefined;
}

/** Lines of a unit's text that are shown. */
const MAX_LINES = 200;
/** Bytes of an expression that stand for a name. */
const TITLE_LENGTH = 40;

/** See the head of this file. */
export class CodeIndex {
  /** By number. Units inside of code that was never entered are added when that code is shown. */
  readonly units: CodeUnit[];
  /** Sorted by name. */
  readonly files: readonly CodeFile[];
  readonly #positions: PositionTable;
  readonly #globals: readonly Bytes[];
  readonly #keepsScopes: boolean;
  readonly #unitOf: Map<Lambda, CodeUnit>;
  readonly #outlines = new Map<
    CodeFile,
    { readonly units: ReadonlyMap<number, UnitOutline>; readonly names: ReadonlyMap<Expr, Bytes> }
  >();

  /**
   * Indexes some code and all code that it makes functions and thunks of. `globals` are the names that every
   * text can use; `keepsScopes` says whether a debugger is at work.
   */
  constructor(
    lambdas: Iterable<Lambda>,
    positions: PositionTable,
    globals: readonly Bytes[],
    keepsScopes: boolean,
  ) {
    this.#positions = positions;
    this.#globals = globals;
    this.#keepsScopes = keepsScopes;
    const files = new Map<SourceFile, CodeFile>();
    const all = new Set<Lambda>();
    /** The positions of functions that were called with several arguments at once. */
    const fused = new Set<PosIdx>();
    const found: { lambda: Lambda; file: CodeFile; offset: number }[] = [];
    for (const lambda of lambdas) all.add(lambda);
    for (const lambda of all) {
      for (const inner of lambda.lambdas) all.add(inner);
      if (lambda.fused !== null) all.add(lambda.fused);
      // Fused code is that of the function inside, for several arguments at once.
      if (lambda.extraArguments > 0) {
        if (lambda.compiled) fused.add(lambda.pos);
        continue;
      }
      const place = lambda.pos > NO_POS ? positions.resolve(lambda.pos) : undefined;
      if (place === undefined) continue;
      const { source, offset } = place;
      let file = files.get(source);
      if (file === undefined) {
        file = { name: source.displayName, source, units: [] };
        files.set(source, file);
      }
      found.push({ lambda, file, offset });
    }
    this.files = [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const rank = new Map(this.files.map((file, i) => [file, i]));
    found.sort(
      (a, b) =>
        (rank.get(a.file) as number) - (rank.get(b.file) as number) ||
        a.lambda.number - b.lambda.number,
    );
    // Code is compiled when it is first entered, and later when somebody looks at it here.
    const isUsed = ({ compiled, pos, fused: own }: Lambda): boolean | undefined =>
      keepsScopes ? undefined : compiled || fused.has(pos) || (own?.compiled ?? false);
    this.units = found.map((one, number) => ({ number, ...one, isUsed: isUsed(one.lambda) }));
    for (const unit of this.units) unit.file.units.push(unit);
    this.#unitOf = new Map(this.units.map((unit) => [unit.lambda, unit]));
  }

  /** The unit of some code; that of the function inside for fused code. */
  unitOf(lambda: Lambda): CodeUnit | undefined {
    return this.#unitOf.get(lambda);
  }

  /** The names of what a unit captures, as far as they are known. */
  captures({ lambda, file, offset }: CodeUnit): readonly Bytes[] {
    return (
      this.#outline(file, (lambda.pos - offset) as PosIdx)?.units.get(lambda.number)?.captures ?? []
    );
  }

  /** What a unit is called: by its binding, else by its text. */
  title(unit: CodeUnit): Bytes {
    const { lambda, file, offset } = unit;
    if (lambda.name !== undefined) return lambda.name;
    const outline = this.#outline(file, (lambda.pos - offset) as PosIdx);
    const expr = outline.units.get(lambda.number)?.expr;
    const name = expr && outline.names.get(expr);
    if (name !== undefined) return name;
    const text = file.source.text.slice(expr?.start ?? offset, expr?.end ?? offset + TITLE_LENGTH);
    const line = text.replace(/\s+/g, " ").trim();
    return line.length > TITLE_LENGTH ? `${line.slice(0, TITLE_LENGTH)}...` : line;
  }

  describe(unit: CodeUnit): UnitDescription {
    const { lambda, file, offset } = unit;
    const outline = this.#outline(file, (lambda.pos - offset) as PosIdx);
    const found = outline.units.get(lambda.number);
    const { source } = file;
    const first = source.lineColumn(found?.expr.start ?? offset).line;
    const last =
      found === undefined
        ? first
        : source.lineColumn(Math.max(found.expr.start, found.expr.end - 1)).line;
    const lines: Bytes[] = [];
    for (let line = first; line <= Math.min(last, first + MAX_LINES - 1); line++) {
      lines.push(source.line(line) ?? "");
    }
    if (last >= first + MAX_LINES) lines.push(`... ${last - first - MAX_LINES + 1} more lines`);
    return {
      title: this.title(unit),
      kind: lambda.kind === LambdaKind.Function ? "function" : "thunk",
      place: describePosition(this.#positions, lambda.pos),
      line: first,
      text: lines.join("\n"),
      captures: found?.captures ?? [],
    };
  }

  /** The instructions of a unit, which is compiled if that was not necessary yet. */
  instructions(unit: CodeUnit): UnitInstruction[] {
    const { lambda } = unit;
    lambda.ensureCompiled();
    for (const inner of lambda.lambdas) this.#add(inner, unit);
    return instructionsOf(lambda, this.#positions).map(({ pc, name, operands, made, pos }) => {
      const place = this.#positions.resolve(pos);
      const { line, column } = place?.source.lineColumn(place.offset) ?? { line: 0, column: 0 };
      const inner = made === undefined ? undefined : lambda.lambdas[made];
      return {
        pc,
        name,
        operands,
        line,
        column,
        unit: inner && this.#unitOf.get(inner)?.number,
      };
    });
  }

  /** Adds code that was found inside of a unit. */
  #add(lambda: Lambda, { file, isUsed, lambda: outer, offset }: CodeUnit): void {
    if (this.#unitOf.has(lambda)) return;
    const unit = {
      number: this.units.length,
      lambda,
      file,
      offset: lambda.pos - (outer.pos - offset),
      isUsed: isUsed && lambda.compiled,
    };
    this.units.push(unit);
    file.units.push(unit);
    this.#unitOf.set(lambda, unit);
  }

  #outline(file: CodeFile, base: PosIdx) {
    let outline = this.#outlines.get(file);
    if (outline === undefined) {
      const { units, root } = outlineText(file.source, base, this.#globals, this.#keepsScopes);
      outline = { units, names: bindingNames(root) };
      this.#outlines.set(file, outline);
    }
    return outline;
  }
}
