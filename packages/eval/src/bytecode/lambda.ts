/**
 * Lambdas: the static code of one function or thunk.
 *
 * A lambda begins as an expression and a scope; `compile` turns it into code when it is first
 * entered. What the closures and thunks that it makes capture stands beside the lambdas they are
 * made of:
 *
 *     captures[k][i] = index << 1 | 1    upvalue i of lambdas[k] is upvalue `index` of this frame
 *     captures[k][i] = index << 1        … is local `index` of this frame
 *
 * Upvalues 0 and 1 live in the fields `a` and `b` of the closure or thunk, the others in `rest`.
 *
 * A function whose body is a function again, `a: b: e`, has beside its own code, which makes the
 * closure `b: e`, a *fused* lambda: the code of `e` in a frame that holds both arguments. A call that
 * brings enough arguments runs that and makes no closure in between.
 */
import { NO_POS, type PosIdx } from "../position.ts";
import type { Shape } from "../value/shape.ts";
import type { Value } from "../value/value.ts";

/** What entering a lambda makes. */
export const enum LambdaKind {
  Thunk,
  Function,
}

/** One name of a function's formals. */
export interface RuntimeFormals {
  readonly names: readonly string[];
  /** Parallel to `names`: whether it has a default. */
  readonly defaults: readonly boolean[];
  /** Parallel to `names`. */
  readonly positions: readonly PosIdx[];
  readonly ellipsis: boolean;
  /** Indexes of the names in bytewise order of the names. */
  readonly sorted: readonly number[];
}

/** A stretch of code in which an error gets a trace. Offsets are `start < pc <= end`. */
export interface ErrorContext {
  readonly start: number;
  readonly end: number;
  readonly pos: PosIdx;
  /** The text, or `undefined` for a selection. */
  readonly message: string | undefined;
  /** The steps of a selection. */
  readonly select: readonly SelectStep[] | undefined;
}

/**
 * One step of an attribute path, for the trace about `a.b.c`: which attribute was being selected, and
 * where it was defined, is found out from the sets that still lie on the operand stack.
 */
export interface SelectStep {
  /** The name; `undefined` when it is computed: then it lies above the set. */
  readonly name: string | undefined;
  /** Prints the expression of a computed name, for when it has no value yet. */
  readonly text: () => string;
  /** The code offset behind the instruction that selects it. */
  readonly pc: number;
  /** Where the set lies, counted from the first local of the frame. */
  readonly depth: number;
}

/** Marks a formal that the caller did not give, until its default is made. */
export class MissingFormal {
  readonly kind = "missing-formal";
}

/** Remembers where a select site found its name. */
export class SelectCache {
  shape: Shape | null = null;
  index = 0;
}

/** Remembers where the formals of a function are in a flat argument. */
export class FormalsCache {
  /**
   * The index of each formal in the shape; -1 for formals that the argument lacks. `null` until the shape
   * has come for the second time.
   */
  indexes: readonly number[] | null = null;

  constructor(
    /** Of the last flat argument, which the formals fitted. */
    public shape: Shape,
  ) {}
}

/** The text of a failed assertion, printed when it is needed for the first time. */
export class AssertionText {
  private printed: string | undefined = undefined;

  constructor(private readonly print: () => string) {}

  text(): string {
    this.printed ??= this.print();
    return this.printed;
  }
}

const NO_CODE = new Int32Array(0);
/** What a lambda without code has of everything. */
const NONE: readonly never[] = [];

/** {@link Lambda.heat} of a lambda that stays bytecode. */
export const UNTRANSLATABLE = -(2 ** 30);

/**
 * The JavaScript of a lambda. It is called with the closure or thunk, the arguments in the order of
 * the call, the calls that are open, and the room for native frames that is left.
 */
// biome-ignore lint/suspicious/noExplicitAny: the parameters depend on the lambda; see above
export type NativeCode = (...operands: any[]) => Value;

/** See the head of this file. */
export class Lambda {
  /** Empty until compiled. */
  code: Int32Array = NO_CODE;
  constants: readonly unknown[] = NONE;
  /** What THUNK and CLOSURE make; see the head of this file. */
  lambdas: readonly Lambda[] = NONE;
  /** Parallel to `lambdas`. */
  captures: readonly Int32Array[] = NONE;
  /** Upvalues that its own closures and thunks have. */
  upvalueCount = 0;
  /** Slots of the locals; the operand stack lies above them. */
  localCount = 0;
  /** The most slots that a frame of it needs. */
  frameSize = 0;
  /**
   * Pairs (code offset, position), ascending: the position of the instruction that begins there. An
   * ADD has two, that of the operator and that of its right operand.
   */
  spans: readonly number[] = NONE;
  /** Innermost first. */
  contexts: readonly ErrorContext[] = NONE;
  /** Makes `spans` and `contexts` of code that came without; dropped once done. */
  pendingDebugInfo: ((lambda: Lambda) => void) | null = null;
  /** Code offset at which the body of a function begins; before it the formals are bound. */
  bodyStart = 0;
  /** For a function of functions: the code that takes all arguments at once. */
  fused: Lambda | null = null;
  /** For a fused lambda: arguments before the last. They lie in the last locals, the first one first. */
  extraArguments = 0;
  /** How often it was entered without a translation; {@link UNTRANSLATABLE} if there can be none. */
  heat = 0;
  /** The translation, once there is one. */
  js: NativeCode | null = null;
  /** The translation of `fused`, if it takes two or three arguments: for calls with that many. */
  js2: NativeCode | null = null;
  js3: NativeCode | null = null;
  /**
   * Arguments that may be computed before the call instead of passed as thunks: bit 0 for that of
   * `js`, bits 1 and 2 for those of `js2`, bits 3 to 5 for those of `js3`.
   */
  eager = 0;
  /** Makes the code; dropped once done. */
  pending: ((lambda: Lambda) => void) | null = null;
  /**
   * Which unit of its file, in the order of resolution; a fused lambda has the number of the function
   * that has it. For code out of a cache: which of its rows.
   */
  number = 0;
  /** The name of the binding that a function was given to. */
  name: string | undefined = undefined;
  /** The plain parameter or the name at the `@`. */
  param: string | undefined = undefined;
  formals: RuntimeFormals | null = null;
  formalsCache: FormalsCache | null = null;
  /** The documentation comment of a function. */
  doc: { readonly start: number; readonly end: number } | undefined = undefined;

  constructor(
    readonly kind: LambdaKind,
    /** Where its expression stands. */
    readonly pos: PosIdx,
  ) {}

  /** Whether the code is there. */
  get compiled(): boolean {
    return this.pending === null;
  }

  /** Makes the code if it is not there yet. */
  ensureCompiled(): void {
    const pending = this.pending;
    if (pending !== null) {
      this.pending = null;
      pending(this);
    }
  }

  /** Makes `spans` and `contexts` if they are not there yet. */
  ensureDebugInfo(): void {
    const pending = this.pendingDebugInfo;
    if (pending !== null) {
      this.pendingDebugInfo = null;
      pending(this);
    }
  }

  /** The position of the instruction that ends at a code offset; 0 if it has none. */
  positionBefore(pc: number): PosIdx {
    const span = this.spanBefore(pc);
    return span < 0 ? NO_POS : (this.spans[span + 1] as PosIdx);
  }

  /** Of an instruction with a position for its operand: the other one, that of the operator. */
  operatorBefore(pc: number): PosIdx {
    const { spans } = this;
    const span = this.spanBefore(pc);
    if (span < 2 || spans[span - 2] !== spans[span]) return this.positionBefore(pc);
    return spans[span - 1] as PosIdx;
  }

  /** The index of the last pair of `spans` before a code offset; -2 if there is none. */
  private spanBefore(pc: number): number {
    this.ensureDebugInfo();
    const { spans } = this;
    let low = 0;
    let high = spans.length >> 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((spans[middle * 2] as number) < pc) low = middle + 1;
      else high = middle;
    }
    return low * 2 - 2;
  }
}
