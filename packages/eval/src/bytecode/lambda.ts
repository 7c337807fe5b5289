/**
 * Lambdas: the static code of one function or thunk.
 *
 * A lambda begins as an expression and a scope; the compiler turns it into code when it is first entered.
 * The captures of the closures and thunks that it makes stand beside their lambdas:
 *
 *     captures[k][i] = index << 1 | 1    upvalue i of lambdas[k] is upvalue `index` of this frame
 *     captures[k][i] = index << 1        … is local `index` of this frame
 *
 * Upvalues 0 and 1 live in the fields `a` and `b` of the closure or thunk, the others in `rest`.
 *
 * A function whose body is a function again, `a: b: e`, has its own code, which makes the closure `b: e`, and
 * a *fused* lambda: the code of `e` in a frame that holds both arguments. A call with enough arguments
 * runs the fused lambda and makes no closure in between (docs/design/006-calls-and-sets.md).
 */
import { NO_POS, type PosIdx } from "../position.ts";
import type { Shape } from "../value/shape.ts";
import type { Value } from "../value/value.ts";

/** Whether a lambda is the code of a thunk or of a function. */
export const enum LambdaKind {
  Thunk,
  Function,
}

/** The formals of a function, as parallel arrays. */
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

/** A region of code in which an error gets a trace: code offsets `start < pc <= end`. */
export interface TraceRegion {
  readonly start: number;
  readonly end: number;
  readonly pos: PosIdx;
  /** The text, or `undefined` for a selection. */
  readonly message: string | undefined;
  /** The steps of a selection. */
  readonly select: readonly SelectStep[] | undefined;
}

/**
 * One step of an attribute path, for the trace about `a.b.c`. Which attribute was being selected, and where
 * it was defined, is read off the sets that still lie on the operand stack.
 */
export interface SelectStep {
  /** The name; `undefined` if it is computed: then it lies above the set. */
  readonly name: string | undefined;
  /** Prints the expression of a computed name, for when it has no value yet. */
  readonly text: () => string;
  /** The code offset behind the instruction that selects it. */
  readonly pc: number;
  /** The slot of the set, counted from the first local of the frame. */
  readonly depth: number;
}

/** The type of the mark for a formal that the caller did not give. */
export class MissingFormal {
  readonly kind = "missing-formal";
}

/** The inline cache of a select site: the index of its name in the last shape. */
export class SelectCache {
  shape: Shape | null = null;
  index = 0;
}

/** The inline cache of a function with formals, for flat arguments. */
export class FormalsCache {
  /**
   * The index of each formal in the shape; -1 for formals that the argument lacks. `null` until the shape
   * has come for the second time.
   */
  indexes: readonly number[] | null = null;

  constructor(
    /** The shape of the last flat argument that fitted the formals. */
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
/** The tables of a lambda without code. */
const NONE: readonly never[] = [];

/** {@link Lambda.heat} of a lambda that stays bytecode. */
export const UNTRANSLATABLE = -(2 ** 30);

/**
 * The JavaScript of a lambda. Its parameters are the closure or thunk, the arguments in the order of the
 * call, the number of open calls, and the words left for native frames.
 */
// biome-ignore lint/suspicious/noExplicitAny: the parameters depend on the lambda; see above
export type NativeCode = (...operands: any[]) => Value;

/** The code of one function or thunk, and what belongs to it. */
export class Lambda {
  /** Empty until compiled. */
  code: Int32Array = NO_CODE;
  constants: readonly unknown[] = NONE;
  /** The lambdas of the thunks and closures that the code makes. */
  lambdas: readonly Lambda[] = NONE;
  /** Parallel to `lambdas`. */
  captures: readonly Int32Array[] = NONE;
  /** How many upvalues its own closures and thunks have. */
  upvalueCount = 0;
  /** How many locals it has; the operand stack lies above them. */
  localCount = 0;
  /** The most slots that a frame of it needs. */
  frameSize = 0;
  /**
   * Pairs (code offset, position), ascending: the position of the instruction that begins at the offset. An
   * ADD has two pairs, one for the operator and one for its right operand.
   */
  spans: readonly number[] = NONE;
  /** Innermost first. */
  traceRegions: readonly TraceRegion[] = NONE;
  /** Makes `spans` and `traceRegions` for code from the cache, which comes without; dropped once done. */
  pendingDebugInfo: ((lambda: Lambda) => void) | null = null;
  /** Code offset of the body of a function; the code before it binds the formals. */
  bodyStart = 0;
  /** For a function of functions: the code that takes all arguments at once. */
  fused: Lambda | null = null;
  /** For a fused lambda: how many arguments precede the last one. They lie in the last locals, in order. */
  extraArguments = 0;
  /** How often it was entered without a translation; {@link UNTRANSLATABLE} if it cannot be translated. */
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
   * The index of its unit in the file, in the order of resolution; a fused lambda has the number of the
   * function that owns it.
   */
  number = 0;
  /** The position of the first byte of its text; {@link NO_POS} if it is not of a text. */
  base: PosIdx = NO_POS;
  /** For code from the cache: the index of its row. */
  row = 0;
  /** The name of the binding whose value the function is. */
  name: string | undefined = undefined;
  /** The plain parameter or the name at the `@`. */
  param: string | undefined = undefined;
  formals: RuntimeFormals | null = null;
  formalsCache: FormalsCache | null = null;
  /** The documentation comment of a function. */
  doc: { readonly start: number; readonly end: number } | undefined = undefined;

  constructor(
    readonly kind: LambdaKind,
    /** The position of its expression. */
    readonly pos: PosIdx,
  ) {}

  /** Whether it has been compiled. */
  get compiled(): boolean {
    return this.pending === null;
  }

  /** Compiles it if that has not been done. */
  ensureCompiled(): void {
    const pending = this.pending;
    if (pending !== null) {
      this.pending = null;
      pending(this);
    }
  }

  /** Makes `spans` and `traceRegions` if they are still missing. */
  ensureDebugInfo(): void {
    const pending = this.pendingDebugInfo;
    if (pending !== null) {
      this.pendingDebugInfo = null;
      pending(this);
    }
  }

  /** The position of the instruction that ends at a code offset; {@link NO_POS} if it has none. */
  positionBefore(pc: number): PosIdx {
    const span = this.spanBefore(pc);
    return span < 0 ? NO_POS : (this.spans[span + 1] as PosIdx);
  }

  /** The position of the operator of an instruction that also has a position for its operand. */
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
