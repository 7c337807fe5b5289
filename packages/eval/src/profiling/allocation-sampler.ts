/**
 * AllocationSampler: which stacks allocate. A `TimeSampler` drives it. A few times in a millisecond it
 * measures a frame: what the heap grows by from the entry of a frame to that of the next stands for what all
 * frames since the last measured one have allocated, but for no more than what was allocated and is not
 * explained by other measured frames: or a single frame that loads a file would stand for hundreds. Each time that these bytes add up to a step, the
 * stack of the frame that completes it is charged. So the shares are those of a random sample of frames,
 * whatever the time that they take, and stacks are walked seldom. At the end the bytes that
 * were really allocated are shared out in these proportions.
 *
 * Bytes that come at once and not regularly (a file that is compiled, a builtin that makes a long list) are
 * charged to the stack that is found next.
 */

/** What a profiler has to know of the heap. */
export interface AllocationGauge {
  /** The bytes in use: what they grow by between two collections was allocated. Cheap. */
  used(): number;
  /** The bytes allocated since some time in the past, whatever was collected since. */
  allocated(): number;
}

/** What bytes are charged to. */
interface Account {
  bytes: number;
}

/** Measured frames in a millisecond. Each takes about four microseconds, twice reading the heap among them. */
const FRAMES_PER_MILLISECOND = 2;

/** The least and the most frames from one that is measured to the next, on average. */
const LEAST_BETWEEN = 20;
const MOST_BETWEEN = 2000;

/** The least and the most bytes for which a stack is charged; in between, a small part of what was allocated. */
const LEAST_STEP = 2 ** 14;
const MOST_STEP = 2 ** 20;
const STEPS = 128;

/** Bytes for each frame from which on frames do not explain an allocation. Most frames take below 1,000. */
const MANY_BYTES_PER_FRAME = 4096;

/** What comes at once: so many bytes more than so many times as much as usual. */
const MANY_BYTES = 2 ** 16;
const MANY_TIMES = 4;
/** The weight of the past in what is usual. */
const MEMORY = 0.95;

/** Measures allocation for one evaluation. */
export class AllocationSampler<Stack extends Account> {
  readonly #gauge: AllocationGauge;
  /** What was allocated until the last sample, by all, and by the profiler since then. */
  #allocated: number;
  #own = 0;
  /** What reading the gauge allocates. */
  #costOfReading = 0;
  /** The frames that ran since the last sample, and since the last measured frame. */
  #framesOfSample = 0;
  #frames = 0;
  /** The frames from one that is measured to the next, on average and this time. */
  #distance = MOST_BETWEEN / 10;
  #between = 0;
  #random = 1;
  /** What the last measured frame has allocated. */
  measured = 0;
  #isMeasuring = false;
  /** The bytes in use when the profiler began to work, and when the measured frame was entered. */
  #usedBefore = 0;
  #usedAtEntry = 0;
  /** The bytes that measured frames stand for and for which no stack was charged yet. */
  #open = 0;
  /** The bytes in use when the last measured frame had ended, and the profiler's own since then. */
  #usedAtEnd = 0;
  #ownSinceEnd = 0;
  /** The bytes that were allocated and that no measured frame stands for. */
  #unexplained = 0;
  /** The bytes since the last sample that came at once. */
  #atOnce = 0;
  /** How many bytes a frame usually allocates. */
  #usual = 0;
  /** What is to be shared out, and the share of each stack. */
  #bytes = 0;
  readonly #shares = new Map<Stack, number>();

  constructor(gauge: AllocationGauge) {
    this.#gauge = gauge;
    const first = gauge.used();
    this.#costOfReading = Math.max(0, gauge.used() - first);
    this.#allocated = gauge.allocated();
    this.#usedAtEnd = gauge.used();
  }

  /** Whether a frame is being measured. */
  get isMeasuring(): boolean {
    return this.#isMeasuring;
  }

  /** How many frames are to run until one is measured; 0 if it is the next. */
  get framesToRun(): number {
    return Math.max(0, this.#between - this.#frames);
  }

  /** Counts frames that ran. */
  ran(frames: number): void {
    this.#frames += frames;
    this.#framesOfSample += frames;
  }

  /**
   * Begins to measure the frame that is entered. Returns the bytes that came at once since the last one, which
   * {@link chargeAtOnce} charges to its stack; 0 for most.
   */
  beginFrame(): number {
    this.#isMeasuring = true;
    const used = this.#gauge.used();
    this.#usedAtEntry = used;
    const frames = Math.max(this.#frames, 1);
    const usual = this.#usual * frames;
    const grown = used - this.#usedAtEnd - this.#ownSinceEnd;
    this.#addOwn(this.#costOfReading);
    // Less is in use after a collection.
    if (grown < 0) {
      this.#unexplained += usual;
      return 0;
    }
    // What comes at once again and again becomes usual.
    const most = MANY_TIMES * usual + MANY_BYTES;
    this.#usual += (1 - MEMORY) * (Math.min(grown, most) / frames - this.#usual);
    const atOnce = grown > most ? Math.round(grown - usual) : 0;
    this.#unexplained += grown - atOnce;
    return atOnce;
  }

  /** Charges a stack for what {@link beginFrame} has returned; the frame begins only now. */
  chargeAtOnce(stack: Stack, bytes: number): void {
    stack.bytes += bytes;
    this.#atOnce += bytes;
    this.#usedAtEntry = this.#gauge.used();
    this.#addOwn(this.#costOfReading);
  }

  /**
   * Ends the measurement of a frame, or of the few that ran instead, which {@link ran} has not counted.
   * Returns the bytes for which its stack is to be charged; 0 for most.
   */
  endFrame(frames: number): number {
    const used = this.#gauge.used();
    const grown = Math.max(0, used - this.#usedAtEntry - this.#costOfReading);
    this.measured = grown;
    this.#usedAtEnd = used;
    this.#own += this.#costOfReading;
    this.#ownSinceEnd = this.#costOfReading;
    this.ran(frames);
    this.#unexplained += grown;
    const standsFor = Math.min(this.#unexplained, (grown * this.#frames) / Math.max(frames, 1));
    this.#unexplained -= standsFor;
    this.#open += standsFor;
    this.#frames = 0;
    this.#isMeasuring = false;
    // The generator of Park and Miller: in a loop, other frames are measured in each round.
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    this.#between = Math.ceil(this.#distance * (0.5 + this.#random / 2_147_483_647));
    const step = Math.min(MOST_STEP, Math.max(LEAST_STEP, this.#bytes / STEPS));
    const charged = Math.floor(this.#open / step) * step;
    this.#open -= charged;
    return charged;
  }

  /** Begins work of the profiler: what it allocates until {@link leave} is not the program's. */
  enter(): void {
    this.#usedBefore = this.#gauge.used();
  }

  /** Ends work of the profiler. */
  leave(): void {
    this.#addOwn(Math.max(0, this.#gauge.used() - this.#usedBefore) + this.#costOfReading);
  }

  #addOwn(bytes: number): void {
    this.#own += bytes;
    this.#ownSinceEnd += bytes;
  }

  /** Charges a stack for what {@link endFrame} has returned. */
  charge(stack: Stack, bytes: number): void {
    this.#shares.set(stack, (this.#shares.get(stack) ?? 0) + bytes);
  }

  /** Returns the bytes since the last sample of time. */
  take(): number {
    const allocated = this.#gauge.allocated();
    const bytes = Math.max(0, allocated - this.#allocated - this.#own);
    this.#allocated = allocated;
    this.#own = 0;
    return bytes;
  }

  /** Charges the stack of a sample of time with its bytes if frames do not explain them. */
  sample(stack: Stack, bytes: number, milliseconds: number): void {
    const distance = this.#framesOfSample / (milliseconds * FRAMES_PER_MILLISECOND);
    this.#distance = Math.min(MOST_BETWEEN, Math.max(LEAST_BETWEEN, distance || 0));
    const rest = Math.max(0, bytes - this.#atOnce);
    this.#atOnce = 0;
    if (rest > this.#framesOfSample * MANY_BYTES_PER_FRAME) {
      stack.bytes += rest;
      // They are no part of what is measured between two frames.
      this.#ownSinceEnd += rest;
    } else this.#bytes += rest;
    this.#framesOfSample = 0;
  }

  /** Ends all measurements. Returns the bytes since the last sample, which belong to `stack`. */
  finish(stack: Stack): number {
    const bytes = this.take();
    stack.bytes += Math.max(0, bytes - this.#atOnce);
    if (this.#shares.size === 0) this.#shares.set(stack, 1);
    this.#shareOut();
    return bytes;
  }

  /** Gives each stack its part of the bytes: whole numbers that add up exactly. */
  #shareOut(): void {
    let all = 0;
    for (const share of this.#shares.values()) all += share;
    let given = 0;
    let sum = 0;
    for (const [stack, share] of this.#shares) {
      sum += share;
      const until = Math.round((sum / all) * this.#bytes);
      stack.bytes += until - given;
      given = until;
    }
    this.#bytes = 0;
    this.#shares.clear();
  }
}
