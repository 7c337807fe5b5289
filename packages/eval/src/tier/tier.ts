/**
 * The second tier: translates lambdas that are entered often to JavaScript, and keeps the account of
 * it. `translate.ts` makes the source, `runtime.ts` is what the source calls, the machine asks for
 * translations and calls them (`vm/second-tier.ts`).
 *
 * Making a function of a text is what a page's policy or `--disallow-code-generation-from-strings`
 * may forbid; then there is no second tier.
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
import { TierRuntime } from "./runtime.ts";
import { translate } from "./translate.ts";

/** How lambdas are run: as bytecode, as JavaScript from the first time, or what is entered often. */
export type TierMode = "vm" | "js" | "auto";

/** Entries before a lambda is translated. */
const THRESHOLD = 30_000;
/** What an entry from translated code counts: there the machine has to be started. */
const ENTRY_FROM_CODE = 100;
/** Words of native stack for translated code: not half of the megabyte that V8 gives. */
const ROOM = 48_000;
/** The fewest words that a frame is counted as. */
const LEAST_FRAME = 64;

/** How a tier works; for tests. */
export interface TierOptions {
  readonly mode: "js" | "auto";
  /** Hands over and falls back wherever that is possible at all. */
  readonly stress: boolean;
  /** Entries before a lambda is translated; a number that pays for most unless given. */
  readonly threshold?: number | undefined;
}

/** What the second tier has done. */
export interface TierCounters {
  /** Lambdas that were translated. */
  readonly translated: number;
  /** Hot lambdas that stay bytecode. */
  readonly untranslatable: number;
  /** How often translated code handed over to the machine. */
  readonly handOvers: number;
}

/** See the head of this file. */
export class Tier implements SecondTier {
  readonly threshold: number;
  readonly room: number;
  readonly nativeCalls: number;
  /** Calls and levels of values beyond which no translation is entered. */
  readonly maxDepth: number;
  private translated = 0;
  private untranslatable = 0;
  private readonly stress: boolean;
  // These have values from the beginning: a field that comes later makes another kind of object, for
  // which V8 would compile the loop anew.
  /** Whether functions can be made of texts here; not asked before it matters. */
  private allowed: boolean | undefined = undefined;
  private machines: MachinePool | undefined = undefined;
  /** Made with the first translation. */
  private runtime: TierRuntime | undefined = undefined;

  constructor(
    private readonly ctx: EvalContext,
    options: TierOptions,
  ) {
    this.threshold = options.mode === "js" ? 1 : (options.threshold ?? THRESHOLD);
    this.room = ROOM;
    this.stress = options.stress;
    // So translated code need not compare the number of its calls with the limit.
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
    return new TierRuntime(this.ctx, machines, this.maxDepth, countEntry, this.stress);
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
    const make = new Function(...SURROUNDINGS, source) as (...values: unknown[]) => NativeCode;
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

/** The names in the sources that stand for what is outside, in the order of {@link Tier.compile}. */
const SURROUNDINGS = [
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

/** Whether functions can be made of texts here. */
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
