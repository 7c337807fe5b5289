/** Limits for untrusted code: each ends the evaluation with an error, and none can be caught. */
import { plainText } from "@nivis/formats";
import { describe, expect, test } from "vitest";
import { EvalError } from "../../src/errors/eval-error.ts";
import { Evaluation } from "../../src/evaluation.ts";
import type { EvalIo, MemoryGauge } from "../../src/io.ts";
import { memoryIo } from "../../src/memory-io.ts";
import type { Settings } from "../../src/settings.ts";

const MIB = 1024 * 1024;

/** Fails the evaluation with an error, which is answered. */
function failure(text: string, settings: Partial<Settings>, io: EvalIo = memoryIo()): EvalError {
  const evaluation = new Evaluation({ io, settings });
  try {
    evaluation.deepForce(evaluation.evaluate(text));
  } catch (error) {
    if (error instanceof EvalError) return error;
    throw error;
  }
  throw new Error(`no error: ${text}`);
}

function value(text: string, settings: Partial<Settings>): unknown {
  const evaluation = new Evaluation({ io: memoryIo(), settings });
  return evaluation.deepForce(evaluation.evaluate(text));
}

const count = (n: number): string => `let f = n: if n == 0 then 0 else 1 + f (n - 1); in f ${n}`;

describe("max-steps", () => {
  test("stops a program that takes more", () => {
    const error = failure(count(10_000), { maxSteps: 1000 });
    expect(error.kind).toBe("limit-exceeded");
    expect(error.message).toBe("too many steps; max-steps (1000) exceeded");
  });

  test("lets a program end that takes fewer", () => {
    expect(value(count(300), { maxSteps: 1000 })).toBe(300);
  });

  test("is exact: one step less than a program needs is too few", () => {
    const enough = (steps: number): boolean => {
      try {
        value(count(50), { maxSteps: steps });
        return true;
      } catch {
        return false;
      }
    };
    let steps = 1;
    while (!enough(steps)) steps++;
    expect(steps).toBeGreaterThan(50);
    expect(enough(steps - 1)).toBe(false);
    expect(enough(steps + 1)).toBe(true);
  });

  test("counts the steps of all runs of one evaluation together", () => {
    const evaluation = new Evaluation({ io: memoryIo(), settings: { maxSteps: 1000 } });
    const run = (): unknown => evaluation.evaluate(count(100));
    expect(run()).toBe(100);
    expect(() => {
      for (let i = 0; i < 20; i++) run();
    }).toThrow("max-steps (1000) exceeded");
  });

  test("counts what fails and is caught", () => {
    const text = `builtins.foldl' (a: x: (builtins.tryEval (throw "x")).success) 0 (builtins.genList (x: x) 10000)`;
    expect(failure(text, { maxSteps: 5000 }).kind).toBe("limit-exceeded");
  });

  test("cannot be caught", () => {
    const text = `builtins.tryEval (${count(10_000)})`;
    expect(failure(text, { maxSteps: 1000 }).kind).toBe("limit-exceeded");
  });

  test("says what was running", () => {
    const messages = failure(count(10_000), {
      maxSteps: 1000,
      showTrace: true,
    }).traces.map((trace) => trace.message);
    expect(messages).toContain("from call site");
    expect(messages).toContain("while calling 'f'");
  });
});

describe("max-time", () => {
  /** A clock that goes on by a second whenever somebody looks. */
  const hasty = (): EvalIo => {
    let now = 0;
    return Object.assign(memoryIo(), {
      milliseconds: () => {
        now += 1000;
        return now;
      },
    });
  };

  test("stops a program that takes longer", () => {
    const error = failure(count(100_000), { maxTime: 1500 }, hasty());
    expect([error.kind, error.message]).toEqual([
      "limit-exceeded",
      "out of time; max-time (1500 ms) exceeded",
    ]);
  });

  const share = (leaf: string, depth: number): string =>
    `(builtins.foldl' (a: x: [ a a a a a a a a ]) ${leaf} (builtins.genList (x: x) ${depth}))`;
  const double = (text: string, times: number): string =>
    `(builtins.foldl' (a: x: a + a) ${text} (builtins.genList (x: x) ${times}))`;

  test.each([
    ["sorting", "builtins.sort builtins.lessThan (builtins.genList (x: x) 100000)"],
    [
      "lists that are copied",
      "let l = [ 1 2 ]; in map (x: builtins.concatLists [ l l ]) (builtins.genList (x: x) 9000)",
    ],
    ["compared", `${share("[ ]", 7)} == ${share("[ ]", 7)}`],
    ["ordered", `builtins.lessThan ${share("[ ]", 7)} ${share("[ ]", 7)}`],
    ["as JSON", `builtins.toJSON ${share("[ ]", 7)}`],
    ["as XML", `builtins.toXML ${share("[ ]", 7)}`],
    ["as a string", `toString ${share("[ ]", 7)}`],
    ["JSON that is read", `builtins.fromJSON "[\${${double('"1,"', 20)}}1]"`],
    ["a match", `builtins.match "(a|ab|b)*" ${double('"ab"', 18)}`],
    ["a search", `builtins.split "b" ${double('"ab"', 17)}`],
    ["replaced strings", `builtins.replaceStrings [ "x" ] [ "y" ] ${double('"ab"', 22)}`],
    ["joined strings", `builtins.concatStringsSep "," (builtins.genList (x: "") 1000000)`],
  ])("is looked at inside of one builtin: %s", (_, text) => {
    let now = 0;
    const io = Object.assign(memoryIo(), { milliseconds: () => now++ });
    expect(failure(text, { maxTime: 2 }, io).message).toBe("out of time; max-time (2 ms) exceeded");
  });

  test("does not stop one that is quick enough", () => {
    const evaluation = new Evaluation({ io: hasty(), settings: { maxTime: 1500 } });
    expect(evaluation.evaluate(count(100))).toBe(100);
  });
});

describe("max-memory", () => {
  /** A host whose memory holds garbage and lasting things as a test says. */
  function host(memory: { garbage: number; lasting: number }): EvalIo & { collections: number } {
    const gauge: MemoryGauge = {
      capacity: 1024 * MIB,
      used: () => memory.garbage + memory.lasting,
      collect: () => {
        memory.garbage = 0;
        io.collections++;
      },
    };
    const io = Object.assign(memoryIo(), { memory: gauge, collections: 0 });
    return io;
  }

  const growing = (grow: (memory: { garbage: number; lasting: number }) => void) => {
    const memory = { garbage: 0, lasting: 5 * MIB };
    const io = host(memory);
    const environment = io.environment.bind(io);
    io.environment = (name) => {
      grow(memory);
      return environment(name);
    };
    return io;
  };
  const asking = "builtins.genList (x: builtins.getEnv (toString x)) 30000";

  test("stops a program whose memory grows", () => {
    const io = growing((memory) => {
      memory.lasting += 4096;
    });
    const error = failure(asking, { maxMemory: 20 }, io);
    expect([error.kind, error.message]).toEqual([
      "limit-exceeded",
      "out of memory; max-memory (20 MiB) exceeded",
    ]);
  });

  test("does not count garbage", () => {
    const io = growing((memory) => {
      memory.garbage += 4096;
    });
    const evaluation = new Evaluation({ io, settings: { maxMemory: 20 } });
    evaluation.deepForce(evaluation.evaluate(asking));
    expect(io.collections).toBeGreaterThan(0);
  });

  test.each([
    ["a long list", "builtins.genList (x: x) 100000000"],
    ["doubled lists", "builtins.foldl' (a: x: a ++ a) [ 1 2 ] (builtins.genList (x: x) 60)"],
    [
      "joined lists",
      "builtins.foldl' (a: x: builtins.concatLists [ a a a ]) [ 1 ] (builtins.genList (x: x) 60)",
    ],
    [
      "lists of a function",
      "builtins.foldl' (a: x: builtins.concatMap (y: a) [ 1 2 3 ]) [ 1 ] (builtins.genList (x: x) 60)",
    ],
    ["templates", `builtins.foldl' (a: x: "\${a}\${a}") "ab" (builtins.genList (x: x) 60)`],
    [
      "replaced strings",
      `builtins.foldl' (a: x: builtins.replaceStrings [ "a" ] [ "aa\${a}" ] a) "a" (builtins.genList (x: x) 60)`,
    ],
  ])("is asked before the engine is: %s", (_, text) => {
    const error = failure(text, { maxMemory: 50 }, host({ garbage: 0, lasting: 0 }));
    expect(error.message).toBe("out of memory; max-memory (50 MiB) exceeded");
  });

  test("is refused by a host that cannot measure", () => {
    expect(() => new Evaluation({ io: memoryIo(), settings: { maxMemory: 20 } })).toThrow(
      "this host measures no memory",
    );
  });
});

// `+` joins strings without copying them, so only the engine's own limit stops it.
test("a result longer than the engine can hold is an error of the program", () => {
  const text = `builtins.stringLength (builtins.foldl' (a: x: a + a) "ab" (builtins.genList (x: x) 60))`;
  const error = failure(text, {});
  expect(error.kind).toBe("limit-exceeded");
  expect(error.traces.map(({ text }) => plainText(text))).toEqual([
    "while calling the 'foldl'' builtin",
    "while calling the 'stringLength' builtin",
  ]);
});

test("a process that cannot hold what max-memory allows stops before it fails", () => {
  const gauge: MemoryGauge = { capacity: 100 * MIB, used: () => 0, collect: () => {} };
  const io = Object.assign(memoryIo(), { memory: gauge });
  const error = failure("builtins.genList (x: x) 100000000", { maxMemory: 4000 }, io);
  expect(error.message).toBe(
    "out of memory; 80 MiB exceeded, more than that this process cannot hold",
  );
});

test("a program that only descends is stopped while it does", () => {
  const descend = "let f = n: 1 + f (n + 1); in f 0";
  let now = 0;
  const io = Object.assign(memoryIo(), { milliseconds: () => now++ });
  const error = failure(descend, { maxTime: 20 }, io);
  expect(error.message).toBe("out of time; max-time (20 ms) exceeded");
});

test("an interruption ends the way of an error through millions of frames", () => {
  let looks = 0;
  let failed = false;
  const io: EvalIo = Object.assign(memoryIo(), {
    log: () => {
      failed = true;
    },
  });
  const isInterrupted = (): boolean => failed && ++looks >= 3;
  const evaluation = new Evaluation({ io, settings: {}, isInterrupted });
  const text = `let f = n: if n == 0 then builtins.trace "now" (throw "x") else 1 + f (n - 1); in f 200000`;
  const error = (() => {
    try {
      return evaluation.evaluate(text);
    } catch (thrown) {
      return thrown;
    }
  })() as EvalError;
  expect(error.kind).toBe("interrupted");
  // Those of a run that was left in an instant.
  expect(error.traces).toEqual([]);
  expect(evaluation.evaluate("1 + 1")).toBe(2);
});
