/**
 * TimeSampler: where an evaluation spends its time. Whenever a machine returns from its loop, which it
 * does every few hundred frames, the sampler compares the clock with the time of the last sample; once
 * a period has passed, it walks the frames and charges the time since then to them. Nothing else
 * changes: translated code and caches stay in use.
 *
 * A recursion is shown as one round of it, and stacks of more than 2,000 frames lack their middle.
 *
 * Limits: what translated code does without entering the machine is charged to the next sample, and
 * the frames around translated code that started a machine are not visible from inside ({@link
 * TRANSLATED} stands for them). Memory is the growth of the heap between two samples; samples between
 * which garbage was collected count for nothing, so it is an estimate from below.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import { Attrs } from "../value/attrs.ts";
import { FAILED, Thunk } from "../value/thunk.ts";
import { isString, type Slot, textOf, type Value } from "../value/value.ts";
import {
  CallingCode,
  ENTRY_LAMBDA,
  HEADER_SIZE,
  NATIVE_LAMBDA,
  NATIVE_POS,
  type NativeFrame,
  SEGMENT_LAMBDA,
  type SegmentLink,
} from "../vm/frame.ts";
import type { Machine } from "../vm/machine.ts";
import type { StackSampler } from "../vm/stack-sampler.ts";

/** Something that users know by a name, in whose evaluation frames are. */
export class Landmark {
  constructor(
    readonly kind: "attribute" | "derivation" | "context",
    /** The name of an attribute, the argument of `derivationStrict`, the text of `addErrorContext`. */
    readonly subject: Slot,
  ) {}
}

/** Stands for frames that are not visible. */
export const TRANSLATED = "(in translated code)";

/** Stands for the middle of a stack that is too deep. */
export const LEFT_OUT = "(frames left out)";

/** A frame of a sampled stack: code, a builtin by its name, or a landmark. */
export type SampledFrame = Lambda | string | Landmark;

/** A sampled stack, as a node of the tree of all stacks. */
export class SampledStack {
  /** What was charged to exactly this stack. */
  samples = 0;
  milliseconds = 0;
  bytes = 0;
  readonly children = new Map<SampledFrame, SampledStack>();

  constructor(
    readonly frame: SampledFrame,
    readonly parent: SampledStack | undefined,
  ) {}
}

/** The settings of a {@link TimeSampler}. */
export interface TimeSamplerOptions {
  /** Samples a second. */
  readonly frequency: number;
  /** Returns a monotonic time in milliseconds. */
  readonly milliseconds: () => number;
  /** Returns the bytes in use on the heap. Defaults to not measuring memory. */
  readonly heapBytes?: () => number;
}

/** When a sample was taken, and the time that it stands for. */
export interface SampleTime {
  readonly stack: SampledStack;
  /** Milliseconds since the sampler was started. */
  readonly at: number;
  readonly milliseconds: number;
}

/**
 * Frames between two looks at the clock, which take about a millisecond or less. A prime number, so that
 * a loop of a few frames is not always sampled at the same one.
 */
const FRAMES_PER_RUN = 499;

/** How many times as long as a sample takes evaluation runs before the next one: deep stacks take time. */
const LEAST_PAUSE = 50;

/** The most functions of a recursion that is shown as one round. */
const MAX_PERIOD = 4;

/** The most frames of a sample, and how many of them are the innermost ones. */
const MAX_DEPTH = 2000;
const INNER_DEPTH = 500;

/** Takes samples of the stack of an evaluation. */
export class TimeSampler implements StackSampler {
  readonly framesPerRun = FRAMES_PER_RUN;
  readonly root = new SampledStack("", undefined);
  readonly times: SampleTime[] = [];
  readonly #options: TimeSamplerOptions;
  readonly #period: number;
  readonly #start: number;
  /** When the last sample was taken, and when the next one is due. */
  #last: number;
  #due: number;
  #lastBytes: number;
  /** The frames of the current sample, innermost first. */
  readonly #frames: SampledFrame[] = [];
  /** The frames and stacks of the last sample, outermost first. */
  readonly #before: SampledFrame[] = [];
  readonly #stacks: SampledStack[] = [];
  readonly #attributes = new Map<Thunk, Landmark>();
  readonly #landmarks = new Map<unknown, Landmark>();

  constructor(options: TimeSamplerOptions) {
    this.#options = options;
    this.#period = 1000 / options.frequency;
    this.#start = this.#last = options.milliseconds();
    this.#due = this.#start + this.#period;
    this.#lastBytes = options.heapBytes?.() ?? 0;
  }

  /** Gives the values of a set their names, so that stacks show what is evaluated for which of them. */
  nameAttributes(set: Attrs): void {
    const slots = set.slots();
    set.names().forEach((name, i) => {
      const slot = slots[i];
      if (!(slot instanceof Thunk) || this.#attributes.has(slot)) return;
      this.#attributes.set(slot, new Landmark("attribute", name));
    });
  }

  tick(machine: Machine): void {
    const now = this.#options.milliseconds();
    if (now < this.#due) return;
    this.#walk(machine);
    const bytes = this.#options.heapBytes?.() ?? 0;
    this.#charge(this.#stack(), now, Math.max(0, bytes - this.#lastBytes));
    this.#lastBytes = bytes;
    const end = this.#options.milliseconds();
    this.#due = now + Math.max(this.#period, LEAST_PAUSE * (end - now));
  }

  /** Charges the time since the last sample to the outermost level; to be called at the end. */
  finish(): void {
    const now = this.#options.milliseconds();
    if (now > this.#last) this.#charge(this.root, now, 0);
  }

  #charge(stack: SampledStack, now: number, bytes: number): void {
    const milliseconds = now - this.#last;
    stack.samples++;
    stack.milliseconds += milliseconds;
    stack.bytes += bytes;
    this.times.push({ stack, at: this.#last - this.#start, milliseconds });
    this.#last = now;
  }

  #walk(machine: Machine): void {
    const frames = this.#frames;
    frames.length = 0;
    let { stack, lambda, self, base } = machine;
    while (lambda !== ENTRY_LAMBDA) {
      if (lambda === SEGMENT_LAMBDA) {
        ({ stack, lambda, self, base } = self as SegmentLink);
        continue;
      }
      if (lambda === NATIVE_LAMBDA) this.#addNative(self as NativeFrame);
      else if (lambda.pos !== NATIVE_POS) {
        frames.push(lambda);
        foldRecursion(frames);
      }
      const mark: unknown = stack[base - 1];
      if (mark instanceof Thunk) {
        const landmark = this.#attributes.get(mark);
        if (landmark !== undefined) frames.push(landmark);
      }
      const header = base - HEADER_SIZE;
      lambda = stack[header];
      self = stack[header + 1];
      base = stack[header + 3];
    }
    if (self instanceof CallingCode && self.lambda !== null) frames.push(self.lambda, TRANSLATED);
    if (frames.length > MAX_DEPTH) {
      frames.splice(INNER_DEPTH, frames.length - MAX_DEPTH + 1, LEFT_OUT);
    }
  }

  #addNative({ builtin, args }: NativeFrame): void {
    if (builtin === null) return;
    const { name } = builtin.definition;
    this.#frames.push(name);
    if (name === "derivationStrict") this.#addLandmark("derivation", args[0] as Slot);
    else if (name === "addErrorContext") this.#addLandmark("context", args[0] as Slot);
  }

  #addLandmark(kind: Landmark["kind"], subject: Slot): void {
    let landmark = this.#landmarks.get(subject);
    if (landmark === undefined) {
      landmark = new Landmark(kind, subject);
      this.#landmarks.set(subject, landmark);
    }
    this.#frames.push(landmark);
  }

  /** The node of the frames that were walked; the part that the last sample had, too, is not looked up. */
  #stack(): SampledStack {
    const frames = this.#frames;
    const before = this.#before;
    const stacks = this.#stacks;
    const depth = frames.length;
    let same = 0;
    const most = Math.min(depth, before.length);
    while (same < most && before[same] === frames[depth - 1 - same]) same++;
    let stack = same === 0 ? this.root : (stacks[same - 1] as SampledStack);
    before.length = stacks.length = depth;
    for (let level = same; level < depth; level++) {
      const frame = frames[depth - 1 - level] as SampledFrame;
      let child = stack.children.get(frame);
      if (child === undefined) {
        child = new SampledStack(frame, stack);
        stack.children.set(frame, child);
      }
      stack = child;
      before[level] = frame;
      stacks[level] = stack;
    }
    return stack;
  }
}

/** Removes the last frames if they repeat those before them, as in a recursion of one to four functions. */
function foldRecursion(frames: SampledFrame[]): void {
  const end = frames.length;
  for (let period = 1; period <= MAX_PERIOD && 2 * period <= end; period++) {
    let same = 0;
    while (same < period && frames[end - 1 - same] === frames[end - 1 - period - same]) same++;
    if (same === period) {
      frames.length = end - period;
      return;
    }
  }
}

/** The name of the derivation that `derivationStrict` makes of its argument, if it is known by now. */
export function derivationNameOf(argument: Slot): string | undefined {
  const set = settledValue(argument);
  const name = set instanceof Attrs ? settledValue(set.get("name") ?? null) : undefined;
  return name !== undefined && isString(name) ? textOf(name) : undefined;
}

function settledValue(slot: Slot): Value | undefined {
  if (!(slot instanceof Thunk)) return slot as Value;
  return slot.code === null ? (slot.a as Value) : undefined;
}

/** The text of a context of `addErrorContext`; `force` evaluates it if nothing has needed it yet. */
export function contextTextOf(subject: Slot, force: (slot: Slot) => Value): string | undefined {
  if (subject instanceof Thunk && subject.code === FAILED) return undefined;
  const value = force(subject);
  return isString(value) ? textOf(value) : undefined;
}
