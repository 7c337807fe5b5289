/**
 * Breakpoints: what the user has asked for, the places in code that it leads to, and the patches there.
 *
 * A patch writes BREAK over one opcode of a lambda's code, so code without breakpoints runs as it always
 * does. While the user looks at a stop, and while every instruction is looked at for a step, no patches
 * are in place; {@link BreakpointTable.arm} and {@link BreakpointTable.disarm} put and remove them all.
 */
import { type Lambda, Op, type Thunk } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { type Expr, NodeKind } from "@nivis/syntax";
import type { CodeMap, CodePlace, LoadedFile, UnitCode } from "./code-map.ts";

/** What a breakpoint does besides stopping. */
export interface BreakpointOptions {
  /** An expression that must be true; bytes. */
  readonly condition?: Bytes | undefined;
  /** How often it must have been reached: `5`, `>= 5`, `% 5` …; see {@link parseHitCondition}. */
  readonly hitCondition?: string | undefined;
  /** Instead of stopping, print this text, in which `{expressions}` are replaced by their values; bytes. */
  readonly logMessage?: Bytes | undefined;
}

/** Where a breakpoint is. */
export type BreakpointPlace =
  /** Lines and columns count from 1, columns in bytes. Without a column: the first expression of a line. */
  | {
      readonly kind: "line";
      readonly path: Bytes;
      readonly line: number;
      readonly column: number | undefined;
    }
  /** A function by the name of its binding, or a builtin. */
  | { readonly kind: "function"; readonly name: Bytes }
  /** One instruction. */
  | { readonly kind: "instruction"; readonly code: UnitCode; readonly pc: number }
  /** A value, when its evaluation begins. */
  | { readonly kind: "value"; readonly thunk: Thunk; readonly place: CodePlace };

/** A breakpoint that the user has set. */
export class Breakpoint {
  /** How often it was reached since it was set. */
  hits = 0;
  /** Where it is; empty until the file is loaded. */
  places: CodePlace[] = [];
  readonly isReached: (hits: number) => boolean;

  constructor(
    readonly id: number,
    readonly place: BreakpointPlace,
    readonly options: BreakpointOptions,
  ) {
    this.isReached = parseHitCondition(options.hitCondition);
  }

  /** Whether code was found for it. */
  get isVerified(): boolean {
    return this.places.length > 0 || this.isBuiltin;
  }

  /** Set for a function breakpoint whose name is a builtin's. */
  isBuiltin = false;
}

/** Reads a condition on a number of hits. Throws a `SyntaxError` if it is none. */
export function parseHitCondition(text: string | undefined): (hits: number) => boolean {
  if (text === undefined || text.trim() === "") return () => true;
  const match = /^\s*(>=|>|<=|<|==?|%)?\s*(\d+)\s*$/.exec(text);
  if (match === null) {
    throw new SyntaxError(`'${text}' is not a hit condition, such as 5, >= 5 or % 5`);
  }
  const [, operator = ">=", digits] = match;
  const number = Number(digits);
  switch (operator) {
    case ">":
      return (hits) => hits > number;
    case "<":
      return (hits) => hits < number;
    case "<=":
      return (hits) => hits <= number;
    case "=":
    case "==":
      return (hits) => hits === number;
    case "%":
      return (hits) => number > 0 && hits % number === 0;
    default:
      return (hits) => hits >= number;
  }
}

/** All breakpoints of a debugger, and where they are. */
export class BreakpointTable {
  readonly #map: CodeMap;
  readonly #breakpoints = new Map<number, Breakpoint>();
  /** The breakpoints by code and offset. */
  readonly #sites = new Map<Lambda, Map<number, Breakpoint[]>>();
  #nextId = 1;
  #isArmed = false;
  /** Whether a builtin of this name exists. */
  readonly #isBuiltin: (name: Bytes) => boolean;

  constructor(map: CodeMap, isBuiltin: (name: Bytes) => boolean) {
    this.#map = map;
    this.#isBuiltin = isBuiltin;
  }

  /** The breakpoints in the order in which they were set. */
  get all(): readonly Breakpoint[] {
    return [...this.#breakpoints.values()];
  }

  /** The builtins that have breakpoints, by name. */
  get builtins(): ReadonlyMap<Bytes, Breakpoint> {
    const found = new Map<Bytes, Breakpoint>();
    for (const breakpoint of this.#breakpoints.values()) {
      const { place } = breakpoint;
      if (breakpoint.isBuiltin && place.kind === "function") {
        found.set(builtinName(place.name), breakpoint);
      }
    }
    return found;
  }

  /** Finds builtins that have breakpoints, now that there is an evaluation. */
  findBuiltins(): void {
    for (const breakpoint of this.#breakpoints.values()) {
      const { place } = breakpoint;
      if (place.kind === "function") {
        breakpoint.isBuiltin = this.#isBuiltin(builtinName(place.name));
      }
    }
  }

  /** Sets a breakpoint. Throws a `SyntaxError` for a hit condition that is none. */
  add(place: BreakpointPlace, options: BreakpointOptions = {}, id = this.#nextId): Breakpoint {
    this.#nextId = Math.max(this.#nextId, id + 1);
    const breakpoint = new Breakpoint(id, place, options);
    this.#breakpoints.set(breakpoint.id, breakpoint);
    this.#resolve(breakpoint);
    return breakpoint;
  }

  /** Removes a breakpoint; returns whether there was one. */
  remove(id: number): boolean {
    const breakpoint = this.#breakpoints.get(id);
    if (breakpoint === undefined) return false;
    this.#breakpoints.delete(id);
    for (const [lambda, sites] of this.#sites) {
      for (const [pc, all] of sites) {
        const rest = all.filter((one) => one !== breakpoint);
        if (rest.length === all.length) continue;
        if (rest.length === 0) sites.delete(pc);
        else sites.set(pc, rest);
      }
      this.#patch(lambda);
      if (sites.size === 0) this.#sites.delete(lambda);
    }
    return true;
  }

  /** Whether there is a breakpoint at an offset of some code, whatever it is evaluated for. */
  isAt(lambda: Lambda, pc: number): boolean {
    return this.#sites.get(lambda)?.has(pc) === true;
  }

  /** The breakpoints at an offset of some code that a frame runs to evaluate `thunk`, if it is one. */
  at(lambda: Lambda, pc: number, thunk: unknown): readonly Breakpoint[] {
    const there = this.#sites.get(lambda)?.get(pc) ?? [];
    const isOfOther = ({ place }: Breakpoint): boolean =>
      place.kind === "value" && place.thunk !== thunk;
    return there.some(isOfOther) ? there.filter((one) => !isOfOther(one)) : there;
  }

  /**
   * Where the evaluation of a value begins; `undefined` if it is evaluated, or is a call that a builtin has
   * put off and so has no code of its own.
   */
  placeOfValue(thunk: Thunk): CodePlace | undefined {
    const code = thunk.code === null ? undefined : this.#map.codeOf(thunk.code as Lambda);
    return code?.places().reduce((first, place) => (place.pc < first.pc ? place : first));
  }

  /** Returns the breakpoints that have found their places in a file that was loaded, or have none there. */
  fileLoaded(file: LoadedFile): Breakpoint[] {
    const { path } = file;
    if (path === undefined) return [];
    const found: Breakpoint[] = [];
    for (const breakpoint of this.#breakpoints.values()) {
      const { place } = breakpoint;
      if (place.kind !== "line" || place.path !== path) continue;
      const wasVerified = breakpoint.isVerified;
      this.#placeInFile(breakpoint, file, place.line, place.column);
      if (!wasVerified) found.push(breakpoint);
    }
    return found;
  }

  /** Places function breakpoints in code that was compiled; returns those that had no place before. */
  codeEmitted(code: UnitCode): Breakpoint[] {
    const found: Breakpoint[] = [];
    if (!code.isFunction) return found;
    for (const breakpoint of this.#breakpoints.values()) {
      const { place } = breakpoint;
      if (place.kind !== "function") continue;
      const wasVerified = breakpoint.isVerified;
      this.#placeInFunction(breakpoint, code, place.name);
      if (breakpoint.isVerified && !wasVerified) found.push(breakpoint);
    }
    return found;
  }

  /** Puts the patches in place. */
  arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    for (const lambda of this.#sites.keys()) this.#patch(lambda);
  }

  /** Removes the patches. */
  disarm(): void {
    if (!this.#isArmed) return;
    this.#isArmed = false;
    for (const lambda of this.#sites.keys()) this.#patch(lambda);
  }

  #resolve(breakpoint: Breakpoint): void {
    const { place } = breakpoint;
    switch (place.kind) {
      case "line":
        for (const file of this.#map.filesAt(place.path)) {
          this.#placeInFile(breakpoint, file, place.line, place.column);
        }
        return;
      case "function":
        breakpoint.isBuiltin = this.#isBuiltin(builtinName(place.name));
        for (const code of this.#map.codes) this.#placeInFunction(breakpoint, code, place.name);
        return;
      case "value":
        this.#place(breakpoint, place.place);
        return;
      case "instruction":
        this.#place(breakpoint, {
          code: place.code,
          pc: place.pc,
          expr: place.code.regionAt(place.pc)?.expr ?? place.code.unit.expr,
        });
    }
  }

  #placeInFile(
    breakpoint: Breakpoint,
    file: LoadedFile,
    line: number,
    column: number | undefined,
  ): void {
    for (const place of placesOfLine(this.#map, file, line, column)) this.#place(breakpoint, place);
  }

  #placeInFunction(breakpoint: Breakpoint, code: UnitCode, name: Bytes): void {
    const { expr } = code.unit;
    if (expr.kind !== NodeKind.Lambda || expr.name !== name) return;
    // Of `f = a: b: e`, the innermost function does the work.
    if (expr.body.kind === NodeKind.Lambda) return;
    this.#place(breakpoint, { code, pc: code.lambda.bodyStart, expr: expr.body });
  }

  #place(breakpoint: Breakpoint, place: CodePlace): void {
    const { lambda } = place.code;
    const sites = this.#sites.get(lambda) ?? new Map<number, Breakpoint[]>();
    this.#sites.set(lambda, sites);
    const there = sites.get(place.pc) ?? [];
    if (there.includes(breakpoint)) return;
    sites.set(place.pc, [...there, breakpoint]);
    breakpoint.places.push(place);
    this.#patch(lambda);
  }

  /** Gives a lambda the code that it should have now. */
  #patch(lambda: Lambda): void {
    const code = this.#map.codeOf(lambda);
    if (code === undefined) return;
    const sites = this.#sites.get(lambda);
    if (!this.#isArmed || sites === undefined || sites.size === 0) {
      lambda.code = code.original;
      return;
    }
    const patched = code.original.slice();
    for (const pc of sites.keys()) patched[pc] = Op.Break;
    lambda.code = patched;
  }
}

/** A builtin's name without `builtins.`. */
function builtinName(name: Bytes): Bytes {
  return name.replace(/^(?:builtins\.|__)/, "");
}

/** A place with the line and the column at which its expression begins. */
interface LocatedPlace extends CodePlace {
  readonly line: number;
  readonly column: number;
}

/** All places of a file where expressions begin, in the order of the text. */
export function placesOfFile(map: CodeMap, file: LoadedFile): LocatedPlace[] {
  const places: LocatedPlace[] = [];
  for (const code of map.allOf(file)) {
    for (const place of code.places()) {
      places.push({ ...place, ...file.source.lineColumn(place.expr.start) });
    }
  }
  return places.sort((a, b) => a.line - b.line || a.column - b.column || a.pc - b.pc);
}

/**
 * The places of a breakpoint in a line or, if nothing begins there, in the next line that has some. With a
 * column: where the next expression in the line begins. Without: of code inside of code that begins in the same
 * line, only the outer.
 */
export function placesOfLine(
  map: CodeMap,
  file: LoadedFile,
  line: number,
  column: number | undefined,
): CodePlace[] {
  const all = placesOfFile(map, file).filter((place) => place.line >= line);
  const first = all[0]?.line;
  const inLine = all.filter((place) => place.line === first);
  if (column !== undefined && first === line) {
    const nearest = inLine.find((place) => place.column >= column) ?? inLine.at(-1);
    if (nearest === undefined) return [];
    const there = inLine.filter((place) => place.column === nearest.column);
    return firstOfEach(there);
  }
  const codes = new Set(inLine.map(({ code }) => code.unit));
  const outermost = inLine.filter(({ code }) => {
    for (let unit = code.unit.parent; unit !== undefined; unit = unit.parent) {
      if (codes.has(unit)) return false;
    }
    return true;
  });
  return firstOfEach(outermost);
}

/** Why no expression is at or behind a line of a file; `undefined` if the file is not loaded. */
export function whyNowhere(map: CodeMap, path: Bytes, line: number): string | undefined {
  const [file] = map.filesAt(path);
  if (file === undefined) return undefined;
  const { source } = file;
  const { text } = source;
  const last = source.lineColumn(text.endsWith("\n") ? text.length - 1 : text.length).line;
  return line > last
    ? `the file ends at line ${last}`
    : `no expression begins at line ${line} or behind it`;
}

/** The first place in each code. */
function firstOfEach(places: readonly LocatedPlace[]): CodePlace[] {
  const first = new Map<UnitCode, LocatedPlace>();
  for (const place of places) {
    const known = first.get(place.code);
    if (known === undefined || place.pc < known.pc) first.set(place.code, place);
  }
  return [...first.values()];
}

/** Where an expression ends: line and column of its last byte plus one. */
export function endOf(
  file: LoadedFile,
  expr: Expr,
): { readonly line: number; readonly column: number } {
  return file.source.lineColumn(expr.end);
}
