/**
 * CodeMap: which texts an evaluation has loaded, and which code belongs to which expression of them.
 *
 * The evaluation reports each text once its names are resolved, and each unit when it is compiled, which
 * is when it is first entered ({@link CodeMap.emit}). Whoever needs all code of a file, to find the places
 * of breakpoints, has the rest compiled.
 */
import {
  type CodeRegion,
  emitWithRegions,
  type Lambda,
  LambdaKind,
  type Resolution,
  type Unit,
} from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { type Expr, NodeKind, OPERATOR_NAMES, type SourceFile } from "@nivis/syntax";
import { bindingNames } from "./binding-names.ts";

/** A text that the evaluation has loaded. */
export class LoadedFile {
  /** The names of the bindings that units are the values of; made when one is asked for. */
  #names: ReadonlyMap<Expr, Bytes> | undefined;

  constructor(
    readonly source: SourceFile,
    readonly resolution: Resolution,
    readonly root: Unit,
    /** Whether the user has typed it while the evaluation had stopped. */
    readonly isTyped: boolean,
  ) {}

  /** The path of the file; `undefined` for other texts. */
  get path(): Bytes | undefined {
    const { origin } = this.source;
    return origin.kind === "file" ? origin.path : undefined;
  }

  /** Whether steps pass over the text: it belongs to the evaluator, or to the conversation with it. */
  get isInternal(): boolean {
    return this.isTyped || this.source.origin.kind === "internal";
  }

  /** The name of the binding that an expression is the value of, such as `outputs` or `meta.license`. */
  nameOf(expr: Expr): Bytes | undefined {
    this.#names ??= bindingNames(this.root.expr);
    return this.#names.get(expr);
  }

  /** The line on which an expression begins, from 1. */
  lineOf(expr: Expr): number {
    return this.source.lineColumn(expr.start).line;
  }
}

/** A place in code where an expression begins that is evaluated there. */
export interface CodePlace {
  readonly code: UnitCode;
  readonly pc: number;
  readonly expr: Expr;
}

/** What is known of each offset of some code. */
interface LineTable {
  /** The line of the innermost expression; 0 for none. */
  readonly lines: Int32Array;
  /** Whether an expression begins there. */
  readonly starts: Uint8Array;
}

/** The code of a unit. */
export class UnitCode {
  readonly lambda: Lambda;
  readonly unit: Unit;
  readonly file: LoadedFile;
  /** Inner ones first. */
  readonly regions: readonly CodeRegion[];
  /** Made when a step first comes by. */
  #table: LineTable | undefined;
  #nixFrames: ReadonlyMap<number, number> | undefined;
  /** The code as it was compiled. */
  readonly original: Int32Array;

  constructor(lambda: Lambda, unit: Unit, file: LoadedFile, regions: readonly CodeRegion[]) {
    this.lambda = lambda;
    this.unit = unit;
    this.file = file;
    this.regions = regions;
    this.original = lambda.code;
  }

  #lineTable(): LineTable {
    if (this.#table === undefined) {
      const { regions, original, file } = this;
      const lines = new Int32Array(original.length);
      const starts = new Uint8Array(original.length);
      // Outer ones first, so that inner ones overwrite them.
      for (let i = regions.length - 1; i >= 0; i--) {
        const { start, end, expr } = regions[i] as CodeRegion;
        if (isLiteral(expr)) continue;
        starts[start] = 1;
        lines.fill(file.lineOf(expr), start, end);
      }
      this.#table = { lines, starts };
    }
    return this.#table;
  }

  /** Whether an expression that is not a literal begins at an offset. */
  startsAt(pc: number): boolean {
    return this.#lineTable().starts[pc] === 1;
  }

  /** The line of the innermost expression at an offset; 0 for none. */
  lineAt(pc: number): number {
    return this.#lineTable().lines[pc] ?? 0;
  }

  /** How many frames C++ Nix pushes at an offset. */
  nixFramesAt(pc: number): number {
    this.#nixFrames ??= nixFrameCounts(this);
    return this.#nixFrames.get(pc) ?? 0;
  }

  /** The innermost region at an offset. */
  regionAt(pc: number): CodeRegion | undefined {
    return this.regions.find(({ start, end }) => start <= pc && pc < end);
  }

  /** All regions at an offset, inner ones first. */
  regionsAt(pc: number): readonly CodeRegion[] {
    return this.regions.filter(({ start, end }) => start <= pc && pc < end);
  }

  /** Whether the code is that of a function. */
  get isFunction(): boolean {
    return this.lambda.kind === LambdaKind.Function;
  }

  /** Where expressions begin that are evaluated in this code and are not literals. */
  places(): CodePlace[] {
    return this.regions
      .filter(({ expr }) => !isLiteral(expr))
      .map(({ start, expr }) => ({ code: this, pc: start, expr }));
  }
}

/** How many frames C++ Nix pushes at each offset of some code. */
function nixFrameCounts({
  regions,
  unit,
  file,
  isFunction,
  lambda,
}: UnitCode): Map<number, number> {
  const counts = new Map<number, number>();
  const add = (pc: number | undefined): void => {
    if (pc !== undefined) counts.set(pc, (counts.get(pc) ?? 0) + 1);
  };
  const regionOf = (expr: Expr): CodeRegion | undefined =>
    regions.find((region) => region.expr === expr);
  if (isFunction) add(lambda.bodyStart);
  else if (unit.parent === undefined && file.path !== undefined) add(0);
  for (const { start, expr } of regions) {
    if (isNixCall(expr)) add(start);
    else if (expr.kind === NodeKind.Let) add(regionOf(expr.body)?.start);
    else if (expr.kind === NodeKind.Select) add(regionOf(expr.base)?.end);
  }
  return counts;
}

/** Whether an expression is a function call to C++ Nix: some operators are, too. */
export function isNixCall(expr: Expr): boolean {
  switch (expr.kind) {
    case NodeKind.Call:
    case NodeKind.Negate:
    case NodeKind.SearchPath:
      return true;
    case NodeKind.Binary:
      return OPERATOR_NAMES[expr.op] !== undefined;
    default:
      return false;
  }
}

/** All code of an evaluation. */
export class CodeMap {
  readonly files: LoadedFile[] = [];
  readonly #fileOf = new Map<Resolution, LoadedFile>();
  readonly #codes = new Map<Lambda, UnitCode>();

  /** Registers a text. One that is not `listed`, because the user has typed it, has no breakpoints. */
  load(resolution: Resolution, source: SourceFile, root: Unit, listed: boolean): LoadedFile {
    const file = new LoadedFile(source, resolution, root, !listed);
    if (listed) this.files.push(file);
    this.#fileOf.set(resolution, file);
    return file;
  }

  /** Compiles a unit. */
  emit(lambda: Lambda, unit: Unit, resolution: Resolution): UnitCode {
    const regions = emitWithRegions(lambda, unit, resolution);
    const file = this.#fileOf.get(resolution) as LoadedFile;
    const code = new UnitCode(lambda, unit, file, regions);
    this.#codes.set(lambda, code);
    return code;
  }

  /** The code of a lambda; `undefined` for lambdas that are not Nix code. */
  codeOf(lambda: Lambda): UnitCode | undefined {
    return this.#codes.get(lambda);
  }

  /** All compiled code. */
  get codes(): Iterable<UnitCode> {
    return this.#codes.values();
  }

  /** The code of all units of a file. Those that were never entered are compiled. */
  allOf(file: LoadedFile): UnitCode[] {
    return Array.from(file.resolution.units.values(), ({ lambda }) => {
      lambda.ensureCompiled();
      return this.#codes.get(lambda) as UnitCode;
    });
  }

  /** The loaded files with a path. A file that was loaded again is there several times. */
  filesAt(path: Bytes): LoadedFile[] {
    return this.files.filter((file) => file.path === path);
  }
}

/** Whether an expression only pushes a constant, so that nobody wants to stop there. */
function isLiteral({ kind }: Expr): boolean {
  switch (kind) {
    case NodeKind.Int:
    case NodeKind.Float:
    case NodeKind.String:
    case NodeKind.Path:
    case NodeKind.Lambda:
      return true;
    default:
      return false;
  }
}
