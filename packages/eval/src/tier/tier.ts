/**
 * The second tier: translates lambdas that are entered often to JavaScript. `translate.ts` makes the
 * source, the source calls `runtime.ts`, and the machine asks for translations and calls them
 * (`vm/second-tier.ts`). See docs/design/005-second-tier.md.
 *
 * A page's policy or `--disallow-code-generation-from-strings` may forbid making functions of text; then
 * there is no second tier.
 */
import { type Lambda, LambdaKind, type NativeCode, UNTRANSLATABLE } from "../bytecode/lambda.ts";
import type { EvalContext } from "../context.ts";
import type { PositionTable } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { flatText } from "../value/flat-text.ts";
import { BLACKHOLE, Thunk } from "../value/thunk.ts";
import { Closure } from "../value/value.ts";
import { MISSING } from "../vm/calls.ts";
import type { MachinePool } from "../vm/machine-pool.ts";
import { LEVELS_PER_STEP, type SecondTier } from "../vm/second-tier.ts";
import { WithCache, WithScope } from "../vm/with-scope.ts";
import { takesEager } from "./eager.ts";
import { createRuntime, type TierRuntime } from "./runtime.ts";
import { translate } from "./translate.ts";

/** How lambdas are run: as bytecode, as JavaScript from the first entry, or as JavaScript once they are hot. */
export type TierMode = "vm" | "js" | "auto";

/** Entries before a lambda is translated; measured, see docs/design/005-second-tier.md. */
const THRESHOLD = 30_000;
/** The weight of an entry from translated code, which has to start a machine. */
const ENTRY_FROM_CODE = 100;
/** Words of native stack for translated code: less than half of the megabyte that V8 gives. */
const ROOM = 48_000;
/** The fewest words that a frame counts as. */
const LEAST_FRAME = 64;

/** How a tier works; for tests. */
export interface TierOptions {
  readonly mode: "js" | "auto";
  /** Hands over and takes slow paths wherever that is possible. */
  readonly stress: boolean;
  /** Entries before a lambda is translated. Defaults to {@link THRESHOLD}. */
  readonly threshold?: number | undefined;
}

/** Counts of what the second tier has done. */
export interface TierCounters {
  /** Lambdas that were translated. */
  readonly translated: number;
  /** Hot lambdas that cannot be translated and stay bytecode. */
  readonly untranslatable: number;
  /** How often translated code handed over to the machine. */
  readonly handOvers: number;
}

/** Decides when a lambda is translated, and makes functions of the sources. */
export class Tier implements SecondTier {
  readonly threshold: number;
  readonly room: number;
  readonly nativeCalls: number;
  /** Calls and levels of values beyond which no translation is entered. */
  readonly maxDepth: number;
  private translated = 0;
  private untranslatable = 0;
  private readonly stress: boolean;
  // Every field has a value from the beginning: adding one later makes another hidden class, and V8 would
  // compile the loop again.
  /** Whether functions can be made of text here; unknown until the first translation. */
  private allowed: boolean | undefined = undefined;
  private machines: MachinePool | undefined = undefined;
  /** Created with the first translation. */
  private runtime: TierRuntime | undefined = undefined;

  constructor(
    private readonly ctx: EvalContext,
    options: TierOptions,
  ) {
    this.threshold = options.mode === "js" ? 1 : (options.threshold ?? THRESHOLD);
    this.room = ROOM;
    this.stress = options.stress;
    // With this bound translated code need not compare the number of its calls with the limit.
    this.nativeCalls = Math.ceil(this.room / LEAST_FRAME) + LEVELS_PER_STEP;
    this.maxDepth = ctx.settings.maxCallDepth - this.nativeCalls;
  }

  get counters(): TierCounters {
    const { translated, untranslatable } = this;
    return { translated, untranslatable, handOvers: this.runtime?.handOvers ?? 0 };
  }

  /** Gives the tier the machines that it hands over to. */
  connect(machines: MachinePool): void {
    this.machines = machines;
  }

  private runtimeOf(machines: MachinePool): TierRuntime {
    const countEntry = (lambda: Lambda): NativeCode | null => this.countEntry(lambda);
    return createRuntime(this.ctx, machines, this.maxDepth, countEntry, this.stress);
  }

  translate(lambda: Lambda): NativeCode | null {
    this.allowed ??= canCompile();
    const source = this.allowed ? translate(lambda, { slow: this.stress }) : null;
    if (source === null) {
      lambda.heat = UNTRANSLATABLE;
      this.untranslatable++;
      return null;
    }
    this.translated++;
    lambda.js = this.compile(lambda, source);
    if (lambda.kind === LambdaKind.Function) lambda.eager |= eagerBits(lambda);
    return lambda.js;
  }

  private countEntry(lambda: Lambda): NativeCode | null {
    const before = lambda.heat;
    lambda.heat = before + ENTRY_FROM_CODE;
    if (before >= this.threshold || lambda.heat < this.threshold) return null;
    return this.translate(lambda);
  }

  private compile(lambda: Lambda, source: string): NativeCode {
    const make = new Function(...FREE_NAMES, source) as (...values: unknown[]) => NativeCode;
    this.runtime ??= this.runtimeOf(this.machines as MachinePool);
    return make(
      this.runtime,
      lambda,
      lambda.lambdas,
      lambda.constants,
      this.ctx.nesting,
      Thunk,
      Closure,
      Attrs,
      flatText,
      WithScope,
      WithCache,
      BLACKHOLE,
      MISSING,
    );
  }
}

/** The free names of the sources, in the order of the values in {@link Tier.compile}. */
const FREE_NAMES = [
  "R",
  "L",
  "K",
  "C",
  "N",
  "Thunk",
  "Closure",
  "Attrs",
  "flatText",
  "WithScope",
  "WithCache",
  "BLACKHOLE",
  "MISSING",
];

/** Lists the source of the translation of a lambda. */
export function listTranslation(lambda: Lambda, _positions: PositionTable, lines: string[]): void {
  lines.push(translate(lambda, { slow: false }) ?? "stays bytecode");
}

/** Whether functions can be made of text here. */
export function canCompile(): boolean {
  try {
    return (new Function("return true") as () => boolean)();
  } catch {
    return false;
  }
}

/** The bits of {@link Lambda.eager}. */
function eagerBits(lambda: Lambda): number {
  const { extraArguments: extra, localCount } = lambda;
  const first = extra === 0 ? 0 : extra === 1 ? 1 : 3;
  let bits = extra < 3 && takesEager(lambda, 0) ? 1 << (first + extra) : 0;
  for (let i = 0; i < extra && extra < 3; i++) {
    if (takesEager(lambda, localCount - extra + i)) bits |= 1 << (first + i);
  }
  return bits;
}
