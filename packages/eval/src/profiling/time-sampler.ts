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
 * TRANSLATED} stands for them).
 */
import type { Lambda } from "../bytecode/lambda.ts";
import { CALL_SITE } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { FAILED, Thunk } from "../value/thunk.ts";
import { isString, type Slot, textOf, type Value } from "../value/value.ts";
import {
  CallingCode,
  ENTRY_LAMBDA,
  type FrameSelf,
  HEADER_SIZE,
  NATIVE_LAMBDA,
  NATIVE_POS,
  type NativeFrame,
  SEGMENT_LAMBDA,
  type SegmentLink,
} from "../vm/frame.ts";
import type { Machine } from "../vm/machine.ts";
import type { StackSampler } from "../vm/stack-sampler.ts";
import { type AllocationGauge, AllocationSampler } from "./allocation-sampler.ts";
import { type Landmark, Landmarks } from "./landmarks.ts";

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
  /** The heap. Defaults to not measuring allocation. */
  readonly heap?: AllocationGauge;
}

/** When a sample was taken, and what it stands for. */
export interface SampleTime {
  readonly stack: SampledStack;
  /** Milliseconds since the sampler was started. */
  readonly at: number;
  readonly milliseconds: number;
  /** The bytes that were allocated in this time, by whatever stacks. */
  readonly bytes: number;
}

/**
 * Frames between two looks at the clock, which take about a millisecond or less. A prime number, so that
 * a loop of a few frames is not always sampled at the same one.
 */
const FRAMES_PER_RUN = 499;

/** How many times as long as a sample takes evaluation runs before the next one: deep stacks take time. */
const LEAST_PAUSE = 50;
/** The longest such pause in milliseconds: work that took so long was interrupted. */
const LONGEST_PAUSE = 40;

/** The most functions of a recursion that is shown as one round. */
const MAX_PERIOD = 4;

/** The most frames of a sample, and how many of them are the innermost ones. */
const MAX_DEPTH = 2000;
const INNER_DEPTH = 500;

/** The most bytes that the code of a frame is taken to allocate if it enters no other frame. */
const MOST_OF_A_LEAF = 2048;

/** The frames that may end while one is measured; few end at once. */
const MAX_NOTED = 24;

type Allocation = AllocationSampler<SampledStack>;

/** A frame as it was when it was noted. */
interface NotedFrame {
  lambda: Lambda;
  self: FrameSelf;
  base: number;
  mark: unknown;
}

/** The innermost frames of a machine, because some of them have ended when they are wanted. */
class NotedFrames {
  readonly frames: readonly NotedFrame[] = Array.from({ length: MAX_NOTED }, () => ({
    lambda: ENTRY_LAMBDA,
    self: CALL_SITE,
    base: 0,
    mark: undefined,
  }));
  count = 0;
  stack: Machine["stack"] | undefined;

  note(machine: Machine): void {
    let { lambda, self, base } = machine;
    const { stack } = machine;
    let count = 0;
    while (count < MAX_NOTED && lambda !== ENTRY_LAMBDA && lambda !== SEGMENT_LAMBDA) {
      const frame = this.frames[count++] as NotedFrame;
      frame.lambda = lambda;
      frame.self = self;
      frame.base = base;
      frame.mark = stack[base - 1];
      const header = base - HEADER_SIZE;
      lambda = stack[header];
      self = stack[header + 1];
      base = stack[header + 3];
    }
    this.count = count;
    this.stack = stack;
  }
}

/** Takes samples of the stack of an evaluation. */
export class TimeSampler implements StackSampler {
  #framesPerRun = FRAMES_PER_RUN;
  readonly root = new SampledStack("", undefined);
  readonly times: SampleTime[] = [];
  readonly #options: TimeSamplerOptions;
  readonly #period: number;
  readonly #start: number;
  /** When the last sample was taken, and when the next one is due. */
  #last: number;
  #due: number;
  readonly #allocation: Allocation | undefined;
  /** The frame whose allocation is being measured, and those around it. */
  readonly #measured = new NotedFrames();
  /** The frames of the current sample, innermost first. */
  readonly #frames: SampledFrame[] = [];
  /** The frames and stacks of the last sample, outermost first. */
  readonly #before: SampledFrame[] = [];
  readonly #stacks: SampledStack[] = [];
  readonly #landmarks = new Landmarks();

  constructor(options: TimeSamplerOptions) {
    this.#options = options;
    this.#period = 1000 / options.frequency;
    this.#start = this.#last = options.milliseconds();
    this.#due = this.#start + this.#period;
    this.#allocation = options.heap && new AllocationSampler(options.heap);
  }

  /** Gives the values of a set their names, so that stacks show what is evaluated for which of them. */
  nameAttributes(set: Attrs): void {
    this.#landmarks.nameAttributes(set);
  }

  get framesPerRun(): number {
    return this.#framesPerRun;
  }

  tick(machine: Machine, frames: number): void {
    const now = this.#options.milliseconds();
    const allocation = this.#allocation;
    if (allocation?.isMeasuring === true) this.#endFrame(machine, frames, allocation);
    else allocation?.ran(frames);
    if (now >= this.#due) this.#sample(machine, now, allocation);
    if (allocation === undefined) return;
    const wanted = Math.min(FRAMES_PER_RUN, allocation.framesToRun);
    this.#framesPerRun = Math.max(wanted, 1);
    if (wanted === 0) this.#beginFrame(machine, allocation);
  }

  #sample(machine: Machine, now: number, allocation: Allocation | undefined): void {
    allocation?.enter();
    const bytes = allocation?.take() ?? 0;
    this.#walk(machine);
    const stack = this.#stack();
    const milliseconds = now - this.#last;
    this.#charge(stack, now, bytes);
    allocation?.sample(stack, bytes, milliseconds);
    const pause = LEAST_PAUSE * (this.#options.milliseconds() - now);
    this.#due = now + Math.max(this.#period, Math.min(pause, LONGEST_PAUSE));
    allocation?.leave();
  }

  #beginFrame(machine: Machine, allocation: Allocation): void {
    this.#measured.note(machine);
    const bytes = allocation.beginFrame();
    if (bytes === 0) return;
    allocation.enter();
    this.#walk(machine);
    const stack = this.#stack();
    allocation.leave();
    allocation.chargeAtOnce(stack, bytes);
  }

  #endFrame(machine: Machine, frames: number, allocation: Allocation): void {
    const bytes = allocation.endFrame(frames);
    if (bytes === 0) return;
    allocation.enter();
    // A builtin that has got the value of a frame does more until the next one than code can.
    const isLeaf =
      allocation.measured > MOST_OF_A_LEAF && this.#measured.frames[1]?.lambda === NATIVE_LAMBDA;
    this.#walk(machine, this.#measured, isLeaf);
    allocation.charge(this.#stack(), bytes);
    allocation.leave();
  }

  /** Charges what was measured since the last sample to the outermost level; to be called at the end. */
  finish(): void {
    const now = this.#options.milliseconds();
    const bytes = this.#allocation?.finish(this.root) ?? 0;
    if (now > this.#last) this.#charge(this.root, now, bytes);
  }

  #charge(stack: SampledStack, now: number, bytes: number): void {
    const milliseconds = now - this.#last;
    stack.samples++;
    stack.milliseconds += milliseconds;
    this.times.push({ stack, at: this.#last - this.#start, milliseconds, bytes });
    this.#last = now;
  }

  /**
   * Collects the frames of a machine, innermost first.
   *
   * @param ended - the frames that were the innermost ones a moment ago, if their stack is wanted
   * @param isLeaf - whether the first of them is left out if it has ended
   */
  #walk(machine: Machine, ended?: NotedFrames, isLeaf = false): void {
    const frames = this.#frames;
    frames.length = 0;
    let { stack, lambda, self, base } = machine;
    if (ended?.stack === stack) {
      let i = 0;
      while (i < ended.count && lambda !== ENTRY_LAMBDA && lambda !== SEGMENT_LAMBDA) {
        const frame = ended.frames[i] as NotedFrame;
        if (base > frame.base) {
          const header = base - HEADER_SIZE;
          lambda = stack[header];
          self = stack[header + 1];
          base = stack[header + 3];
        } else if (base === frame.base && lambda === frame.lambda) break;
        else if (++i > 1 || !isLeaf) this.#addFrame(frame.lambda, frame.self, frame.mark);
      }
    }
    while (lambda !== ENTRY_LAMBDA) {
      if (lambda === SEGMENT_LAMBDA) {
        ({ stack, lambda, self, base } = self as SegmentLink);
        continue;
      }
      this.#addFrame(lambda, self, stack[base - 1]);
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

  /** Adds a frame; `mark` is the thunk whose value it computes, if it does. */
  #addFrame(lambda: Lambda, self: FrameSelf, mark: unknown): void {
    const frames = this.#frames;
    if (lambda === NATIVE_LAMBDA) this.#addNative(self as NativeFrame);
    else if (lambda.pos !== NATIVE_POS) {
      frames.push(lambda);
      foldRecursion(frames);
    }
    const landmark = this.#landmarks.ofMark(mark);
    if (landmark !== undefined) frames.push(landmark);
  }

  #addNative(frame: NativeFrame): void {
    const { builtin } = frame;
    if (builtin === null) return;
    this.#frames.push(builtin.definition.name);
    const landmark = this.#landmarks.ofBuiltin(frame);
    if (landmark !== undefined) this.#frames.push(landmark);
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
