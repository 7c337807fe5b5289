/**
 * Waiting: the machine leaves its loop while a promise is under way and comes back, wherever it stands;
 * runs of one evaluation that wait side by side share thunks without false recursions.
 */
import { describe, expect, test } from "vitest";
import { args, plain, strict, suspending } from "../../src/builtins/definition.ts";
import { EvalError, Evaluation, memoryIo, printAmbiguous } from "../../src/index.ts";
import { Builtin, type Slot, type Value } from "../../src/value/value.ts";
import { Pending } from "../../src/vm/pending.ts";
import { PendingAnswers } from "../../src/waiting-io.ts";

/** `wait x`: a promise of its own, of `x`, which fails if `x` is the string "bad". */
const wait = new Builtin(
  suspending({
    name: "wait",
    args: args("x"),
    strict: [strict(0, "any")],
    doc: "Waits.",
    *run(_ctx, x: Value) {
      const promise =
        x === "bad"
          ? Promise.reject(new EvalError("value", "it went bad"))
          : new Promise((resolve) => setTimeout(() => resolve(x), 1));
      return (yield new Pending(promise, "x")) as Slot;
    },
  }),
);

/** `look x`: a plain builtin that asks a host twice, each answer being a promise. */
function look(asked: string[]): Builtin {
  const answers = new PendingAnswers();
  const ask = (key: string): string =>
    answers.get(key, key, async () => {
      asked.push(key);
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (key.startsWith("bad")) throw new EvalError("value", `no ${key}`);
      return `<${key}>`;
    });
  return new Builtin(
    plain({
      name: "look",
      args: args("x"),
      strict: [strict(0, "string", "")],
      doc: "Looks.",
      run: (_ctx, x: string) => ask(`${x}1`) + ask(`${x}2`),
    }),
  );
}

function evaluation(): Evaluation {
  return new Evaluation({ io: memoryIo() });
}

function functionOf(machine: Evaluation, text: string): Slot {
  return machine.evaluate(text);
}

/** `text` is a function of the builtin; its call is a thunk that nobody has forced. */
function suspended(machine: Evaluation, text: string, builtin: Builtin = wait): Slot {
  const call = machine.call(
    functionOf(machine, "f: b: { x = f b; }"),
    functionOf(machine, text),
    builtin,
  );
  return (call as { get(name: string): Slot }).get("x");
}

async function lazily(text: string, builtin: Builtin = wait): Promise<string> {
  const machine = evaluation();
  return printAmbiguous(await machine.deepForceAsync(suspended(machine, text, builtin)));
}

describe("a generator that waits", () => {
  test.each([
    ["w: w 1", "1"],
    ["w: w 1 + w 2", "3"],
    ["w: builtins.foldl' (a: b: w (a + b)) 0 [ 1 2 3 ]", "6"],
    ["w: builtins.sort (a: b: w (a < b)) [ 3 1 2 ]", "[ 1 2 3 ]"],
    ["w: map w [ 1 2 ]", "[ 1 2 ]"],
    ["w: { a = w 1; b.c = w { d = w 2; }; }", "{ a = 1; b = { c = { d = 2; }; }; }"],
    ["w: let f = n: if n == 0 then w 0 else 1 + f (n - 1); in f 100000", "100000"],
    [
      "w: builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: if w (x.key < 2) then [ { key = x.key + 1; } ] else [ ]; }",
      "[ { key = 0; } { key = 1; } { key = 2; } ]",
    ],
    ['w: "a${w "b"}c"', '"abc"'],
  ])("%s", async (text, expected) => {
    expect(await lazily(text)).toBe(expected);
  });

  test("its rejection is an error that the program may see", async () => {
    await expect(lazily('w: w "bad"')).rejects.toThrow("it went bad");
    await expect(lazily('w: builtins.addErrorContext "around" (w "bad")')).rejects.toThrow(
      "it went bad",
    );
  });

  test("a synchronous evaluation says what it would wait for", () => {
    const machine = evaluation();
    expect(() => machine.call(wait, 1)).toThrow(/would have to wait for x/);
  });
});

describe("a plain builtin that asks a host", () => {
  test.each([
    ['l: l "a"', '"<a1><a2>"'],
    ['l: map l [ "a" "b" ]', '[ "<a1><a2>" "<b1><b2>" ]'],
    ['l: l (l "a")', '"<<a1><a2>1><<a1><a2>2>"'],
    ['l: let x = "q"; in l (x + x)', '"<qq1><qq2>"'],
  ])("%s", async (text, expected) => {
    const asked: string[] = [];
    expect(await lazily(text, look(asked))).toBe(expected);
    expect(new Set(asked).size).toBe(asked.length);
  });

  test("what the host throws is the builtin's error", async () => {
    await expect(lazily('l: l "bad"', look([]))).rejects.toThrow("no bad1");
  });
});

describe("runs side by side", () => {
  test("a thunk that one run evaluates is waited for by another", async () => {
    const machine = evaluation();
    const slot = suspended(machine, "w: w { v = 7; }");
    const results = await Promise.all([1, 2, 3].map(() => machine.forceAsync(slot)));
    expect(results.map((value) => value === results[0])).toEqual([true, true, true]);
  });

  test("fifty of them, over the same values in different order", async () => {
    const machine = evaluation();
    const list = (await machine.forceAsync(
      suspended(machine, "w: builtins.genList (i: w (w i)) 20"),
    )) as readonly Slot[];
    const sums = Array.from({ length: 50 }, async (_, at) => {
      let sum = 0;
      for (let i = 0; i < list.length; i++) {
        sum += Number(await machine.forceAsync(list[(at + i) % list.length] as Slot));
      }
      return sum;
    });
    expect(new Set(await Promise.all(sums))).toEqual(new Set([190]));
  });

  test("a failure is seen by all who waited", async () => {
    const machine = evaluation();
    const slot = suspended(machine, 'w: w "bad"');
    const results = await Promise.allSettled([machine.forceAsync(slot), machine.forceAsync(slot)]);
    for (const result of results)
      expect(String((result as PromiseRejectedResult).reason.message)).toBe("it went bad");
  });

  test("a circle of waiting runs is an infinite recursion, in every one of them", async () => {
    const machine = evaluation();
    const set = await machine.forceAsync(
      suspended(machine, "w: let s = { a = w 1 + s.b; b = w 2 + s.a; }; in s"),
    );
    const get = (name: string) => (set as { get(name: string): Slot }).get(name);
    const results = await Promise.allSettled([
      machine.forceAsync(get("a")),
      machine.forceAsync(get("b")),
    ]);
    for (const result of results) {
      expect((result as PromiseRejectedResult).reason).toMatchObject({
        kind: "infinite-recursion",
      });
    }
  });

  test("a synchronous evaluation cannot wait for a value that another run is computing", async () => {
    const machine = evaluation();
    const slot = suspended(machine, "w: w { v = 7; }");
    const waiting = machine.forceAsync(slot);
    await Promise.resolve();
    expect(() => machine.force(slot)).toThrow(/another evaluation is computing/);
    await waiting;
    expect(printAmbiguous(await machine.deepForceAsync(slot))).toBe("{ v = 7; }");
  });
});

describe("stopping", () => {
  test("a signal ends a wait, and the evaluation can be used afterwards", async () => {
    const machine = evaluation();
    const never = new Builtin(
      suspending({
        name: "never",
        args: args("x"),
        strict: [],
        doc: "Waits for ever.",
        *run() {
          return (yield new Pending(new Promise(() => {}), "never")) as Slot;
        },
      }),
    );
    const stop = new AbortController();
    const result = machine.forceAsync(suspended(machine, "n: 1 + n 2", never), {
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 5);
    await expect(result).rejects.toMatchObject({ kind: "interrupted" });
    expect(printAmbiguous(machine.evaluate("1 + 1"))).toBe("2");
  });

  test("a signal ends a program without end, and timers go on meanwhile", async () => {
    const io = Object.assign(memoryIo(), {
      milliseconds: () => performance.now(),
      pause: () => new Promise<void>((resolve) => setTimeout(resolve, 0)),
    });
    const machine = new Evaluation({ io });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const slot = machine.loadText(
      "let g = n: builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 1000) + g (n + 1); in g 0",
    );
    await expect(machine.forceAsync(slot, { signal: stop.signal })).rejects.toMatchObject({
      kind: "interrupted",
    });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(1);
  });
});
