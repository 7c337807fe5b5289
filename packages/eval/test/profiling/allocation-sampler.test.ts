/** Allocation: how bytes are shared out among stacks, with a heap whose size the test knows. */
import { describe, expect, test } from "vitest";
import { Evaluation, memoryIo, TimeSampler } from "../../src/index.ts";
import { AllocationSampler } from "../../src/profiling/allocation-sampler.ts";

/** A heap that grows as the test says; reading it takes what V8 takes for the object that it returns. */
class Heap {
  static readonly READING = 376;
  #used = 1_000_000;
  #allocated = 0;

  allocate(bytes: number): void {
    this.#used += bytes;
    this.#allocated += bytes;
  }

  collect(): void {
    this.#used = 1_000_000;
  }

  used(): number {
    const used = this.#used;
    this.allocate(Heap.READING);
    return used;
  }

  allocated(): number {
    return this.#allocated;
  }
}

const account = () => ({ bytes: 0 });

/** Runs frames that allocate what `next` returns, with a sample of time every 5,000. */
function simulate(frames: number, next: (i: number) => readonly [Account, number]): number {
  const heap = new Heap();
  const sampler = new AllocationSampler<Account>(heap);
  const rest = account();
  let charged = 0;
  for (let i = 0; i < frames; i++) {
    const [stack, bytes] = next(i);
    if (i % 5000 === 0 || charged > 0) {
      sampler.enter();
      const taken = i % 5000 === 0 ? sampler.take() : 0;
      // The profiler's own memory is nobody's.
      heap.allocate(5000);
      if (i % 5000 === 0) sampler.sample(stack, taken, 5);
      if (charged > 0) sampler.charge(next(i - 1)[0], charged);
      sampler.leave();
      charged = 0;
    }
    if (sampler.framesToRun === 0) {
      const atOnce = sampler.beginFrame();
      if (atOnce > 0) sampler.chargeAtOnce(stack, atOnce);
    }
    heap.allocate(bytes);
    if (sampler.isMeasuring) charged = sampler.endFrame(1);
    else sampler.ran(1);
    if (i % 10_001 === 0) heap.collect();
  }
  sampler.finish(rest);
  return rest.bytes;
}

type Account = ReturnType<typeof account>;

describe("AllocationSampler", () => {
  test("charges frames with what they allocate, not with how many they are", () => {
    const [dear, cheap] = [account(), account()];
    let seed = 1;
    const isDear: boolean[] = [];
    for (let i = 0; i < 1_000_000; i++) {
      seed = (seed * 48_271) % 2_147_483_647;
      isDear.push(seed % 10 === 0);
    }
    // One frame in ten allocates 1,000 bytes, the others 40.
    const rest = simulate(isDear.length, (i) => (isDear[i] ? [dear, 1000] : [cheap, 40]));
    const frames = isDear.filter(Boolean).length;
    const total = frames * 1000 + (isDear.length - frames) * 40;
    // The sum is exact but for one object of each look at the heap.
    const sum = dear.bytes + cheap.bytes + rest;
    expect(Math.abs(sum - total) / total).toBeLessThan(0.02);
    expect(dear.bytes / sum).toBeGreaterThan(0.6);
    expect(dear.bytes / sum).toBeLessThan(0.85);
  });

  test("a frame that rarely allocates much does not stand for others", () => {
    const [common, rare] = [account(), account()];
    const rest = simulate(1_000_000, (i) => (i % 19_997 === 7 ? [rare, 300_000] : [common, 100]));
    // 50 times 300 KB of 115 MB; without care one measured frame would add 60 MB.
    const sum = common.bytes + rare.bytes + rest;
    expect(Math.abs(sum - 115_000_000)).toBeLessThan(2_000_000);
    expect(rare.bytes).toBeLessThan(30_000_000);
    expect(common.bytes).toBeGreaterThan(80_000_000);
  });

  test("charges what frames do not explain to the sample that follows", () => {
    const [builtin, other] = [account(), account()];
    // Ten lists of 100 MB; the stack of the sample at the next frame has made them.
    simulate(50_000, (i) => {
      if (i % 5000 === 4999) return [builtin, 100_000_000];
      return [i % 5000 === 0 ? builtin : other, 16];
    });
    expect(builtin.bytes).toBeGreaterThan(899_000_000);
    expect(other.bytes).toBeLessThan(1_000_000);
  });

  test("shares out nothing where nothing is allocated", () => {
    const stack = account();
    const rest = simulate(100_000, () => [stack, 0]);
    // But for the objects that looks at the heap make.
    expect(rest + stack.bytes).toBeLessThanOrEqual(50 * Heap.READING);
  });
});

test("a sampled evaluation measures single frames", () => {
  const heap = new Heap();
  let time = 0;
  const sampler = new TimeSampler({ frequency: 100, milliseconds: () => time++, heap });
  const seen: number[] = [];
  const evaluation = new Evaluation({
    io: memoryIo({}),
    tier: "vm",
    sampler: {
      get framesPerRun() {
        return sampler.framesPerRun;
      },
      tick(machine, frames) {
        heap.allocate(frames * 100);
        seen.push(frames);
        sampler.tick(machine, frames);
      },
    },
  });
  evaluation.evaluate("let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 200000");
  sampler.finish();
  const single = seen.filter((frames) => frames === 1).length;
  const frames = seen.reduce((sum, one) => sum + one, 0);
  // The clock of this test advances by a millisecond when it is read, about once in 300 frames.
  expect(frames / single).toBeGreaterThan(20);
  expect(frames / single).toBeLessThan(500);
  expect(sampler.times.length).toBeGreaterThan(10);
  const sum = sampler.times.reduce((total, { bytes }) => total + bytes, 0);
  const run = seen.reduce((total, frames) => total + frames * 100, 0);
  expect(Math.abs(sum - run) / run).toBeLessThan(0.02);
});
