/**
 * Compares the code of two programs by what it does: instructions, constants and nested code must be the
 * same. Positions may differ as far as programs cannot ask for them: those of texts of the command line,
 * which only printed functions and errors show. The positions and the code that correspond are noted, so
 * that a heap image can show the present ones (`call-match.ts`).
 */
import {
  AssertionText,
  type Lambda,
  type RuntimeFormals,
  SelectCache,
  type TraceRegion,
} from "../bytecode/lambda.ts";
import { OPCODES } from "../bytecode/opcode.ts";
import { NO_POS, type PosIdx, type PositionTable } from "../position.ts";
import { EMPTY_ATTRS } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { Builtin, NixFloat, NixPath } from "../value/value.ts";

/** What corresponds to what in two programs. */
export class SameCode {
  /** The code of the one program by that of the other. */
  readonly lambdas = new Map<Lambda, Lambda>();
  readonly positions = new Map<PosIdx, PosIdx>();
  readonly #table: PositionTable;

  constructor(table: PositionTable) {
    this.#table = table;
  }

  /** Whether two lambdas do the same. */
  areSame(left: Lambda, right: Lambda): boolean {
    const pending: [Lambda, Lambda][] = [[left, right]];
    for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
      const [a, b] = pair;
      const known = this.lambdas.get(a);
      if (known !== undefined) {
        if (known !== b) return false;
        continue;
      }
      this.lambdas.set(a, b);
      for (const lambda of pair) {
        lambda.ensureCompiled();
        lambda.ensureDebugInfo();
      }
      if (!this.#haveSameHead(a, b) || !this.#haveSameCode(a, b)) return false;
      if (a.lambdas.length !== b.lambdas.length) return false;
      for (let i = 0; i < a.lambdas.length; i++) {
        if (!areSameItems(a.captures[i] as Int32Array, b.captures[i] as Int32Array)) return false;
        pending.push([a.lambdas[i] as Lambda, b.lambdas[i] as Lambda]);
      }
      if ((a.fused === null) !== (b.fused === null)) return false;
      if (a.fused !== null && b.fused !== null) pending.push([a.fused, b.fused]);
    }
    return true;
  }

  /** Whether two positions are the same for all programs; notes that they correspond. */
  correspond(left: PosIdx, right: PosIdx): boolean {
    if (left === right) return true;
    if (left <= NO_POS || right <= NO_POS) return false;
    const known = this.positions.get(left);
    if (known !== undefined) return known === right;
    if (placeOf(this.#table, left) !== placeOf(this.#table, right)) return false;
    this.positions.set(left, right);
    return true;
  }

  /** {@link correspond} for two lists. */
  allCorrespond(left: readonly PosIdx[] | null, right: readonly PosIdx[] | null): boolean {
    if (left === null || right === null) return left === right;
    return (
      left.length === right.length && left.every((pos, i) => this.correspond(pos, at(right, i)))
    );
  }

  #haveSameHead(a: Lambda, b: Lambda): boolean {
    return (
      a.kind === b.kind &&
      a.name === b.name &&
      a.param === b.param &&
      a.extraArguments === b.extraArguments &&
      a.upvalueCount === b.upvalueCount &&
      a.localCount === b.localCount &&
      a.frameSize === b.frameSize &&
      a.bodyStart === b.bodyStart &&
      this.correspond(a.pos, b.pos) &&
      this.#haveSameFormals(a.formals, b.formals)
    );
  }

  #haveSameFormals(a: RuntimeFormals | null, b: RuntimeFormals | null): boolean {
    if (a === null || b === null) return a === b;
    return (
      a.ellipsis === b.ellipsis &&
      areSameItems(a.names, b.names) &&
      areSameItems(a.defaults, b.defaults) &&
      this.allCorrespond(a.positions, b.positions)
    );
  }

  #haveSameCode(a: Lambda, b: Lambda): boolean {
    const { code } = a;
    if (code.length !== b.code.length) return false;
    for (let pc = 0; pc < code.length; ) {
      if (code[pc] !== b.code[pc]) return false;
      const row = OPCODES[code[pc++] as number];
      if (row === undefined) return false;
      for (const kind of row.operands) {
        const left = code[pc] as number;
        const right = b.code[pc++] as number;
        if (kind === "position") {
          if (!this.correspond(left as PosIdx, right as PosIdx)) return false;
        } else if (left !== right) return false;
        else if (
          kind === "constant" &&
          !this.#areSameConstants(a.constants[left], b.constants[right])
        ) {
          return false;
        }
      }
    }
    return this.#haveSameSpans(a.spans, b.spans) && this.#haveSameRegions(a, b);
  }

  #areSameConstants(a: unknown, b: unknown): boolean {
    if (Object.is(a, b)) return true;
    if (a instanceof Shape) {
      return (
        b instanceof Shape &&
        a.open === null &&
        b.open === null &&
        areSameItems(a.names, b.names) &&
        this.allCorrespond(a.positions, b.positions)
      );
    }
    if (a instanceof NixPath) {
      return b instanceof NixPath && a.path === b.path && a.accessor === b.accessor;
    }
    if (a instanceof NixFloat) return b instanceof NixFloat && Object.is(a.value, b.value);
    // The main program of an evaluation that keeps its heap has an `import` of its own.
    if (a instanceof Builtin)
      return b instanceof Builtin && a.definition.name === b.definition.name;
    if (a instanceof AssertionText) return b instanceof AssertionText && a.text() === b.text();
    if (a instanceof SelectCache) return b instanceof SelectCache;
    if (Array.isArray(a)) return Array.isArray(b) && a.length === 0 && b.length === 0;
    return a === EMPTY_ATTRS && b === EMPTY_ATTRS;
  }

  /** Pairs of an offset and a position. */
  #haveSameSpans(a: readonly number[], b: readonly number[]): boolean {
    return (
      a.length === b.length &&
      a.every((word, i) =>
        i % 2 === 0 ? word === b[i] : this.correspond(word as PosIdx, b[i] as PosIdx),
      )
    );
  }

  #haveSameRegions({ traceRegions: a }: Lambda, { traceRegions: b }: Lambda): boolean {
    return a.length === b.length && a.every((region, i) => this.#isSameRegion(region, at(b, i)));
  }

  #isSameRegion(a: TraceRegion, b: TraceRegion): boolean {
    return (
      a.start === b.start &&
      a.end === b.end &&
      a.message === b.message &&
      this.correspond(a.pos, b.pos) &&
      a.select?.length === b.select?.length &&
      (a.select ?? []).every(({ name, pc, depth, text }, i) => {
        const other = at(b.select ?? [], i);
        return (
          name === other.name && pc === other.pc && depth === other.depth && text() === other.text()
        );
      })
    );
  }
}

function areSameItems(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function at<Item>(items: readonly Item[], i: number): Item {
  return items[i] as Item;
}

/** A position as programs can ask for it: `""` if it is not in a file. */
function placeOf(positions: PositionTable, pos: PosIdx): string {
  const position = positions.resolve(pos);
  if (position === undefined) return "";
  const { source, offset } = position;
  const { origin } = source;
  if (origin.kind !== "file" && origin.kind !== "internal") return "";
  const { line, column } = source.lineColumn(offset);
  return `${origin.path}:${line}:${column}`;
}
