import { EvalError } from "@nivis/eval";
import { expect, test } from "vitest";
import { debugged } from "./debugged.ts";

const PROGRAM = `let
  f = x: y:
    let z = x + y;
    in z * 2;
  a = f 1 2;
  b = f a 4;
in
a + b
`;

test("a program without breakpoints runs as ever", async () => {
  const program = debugged(PROGRAM);
  expect(await program.run()).toBe("26");
  expect(program.stops).toEqual([]);
});

test("a breakpoint in a thunk stops once, when its value is wanted", async () => {
  const program = debugged(PROGRAM);
  program.debug.breakpoints.add({ kind: "line", path: "/main.nix", line: 5, column: undefined });
  expect(await program.run()).toBe("26");
  expect(program.stops).toEqual(["breakpoint a /main.nix:5:7"]);
});

test("a breakpoint in a function stops at each call", async () => {
  const program = debugged(PROGRAM);
  program.debug.breakpoints.add({ kind: "line", path: "/main.nix", line: 4, column: undefined });
  expect(await program.run()).toBe("26");
  expect(program.stops).toEqual(["breakpoint f /main.nix:4:8", "breakpoint f /main.nix:4:8"]);
});

test("steps in follow demand, and show what a frame has returned", async () => {
  const program = debugged(PROGRAM, ["in"]);
  program.debug.pause("entry");
  expect(await program.run()).toBe("26");
  expect(program.stops).toMatchInlineSnapshot(`
    [
      "entry main.nix /main.nix:1:1",
      "step main.nix /main.nix:8:1",
      "step a /main.nix:5:7",
      "step f /main.nix:3:5",
      "step f /main.nix:4:8",
      "step z /main.nix:3:13",
      "step f /main.nix:4:12 => 3",
      "step a /main.nix:5:7 => 6",
      "step main.nix /main.nix:8:1 => 6",
      "step b /main.nix:6:7",
      "step f /main.nix:3:5",
      "step f /main.nix:4:8",
      "step z /main.nix:3:13",
      "step f /main.nix:4:12 => 10",
      "step b /main.nix:6:7 => 20",
      "step main.nix /main.nix:8:1 => 20",
    ]
  `);
});

test("expressions see the scope of a frame", async () => {
  const seen: unknown[] = [];
  const program = debugged(PROGRAM, [
    async (stop, debug) => {
      seen.push(await debug.evaluate("x * 10 + y", stop.frames[0]));
      return "continue";
    },
  ]);
  program.debug.breakpoints.add({ kind: "function", name: "f" });
  expect(await program.run()).toBe("26");
  expect(seen).toEqual([12, 64]);
});

test("what is around a name in the text is in scope, used or not", async () => {
  const seen: unknown[] = [];
  const program = debugged(
    `let unused = 5; g = { a, b ? a + 1, ... }@args: with { w = 7; }; let c = 9; in builtins.break a;
     in g { a = 1; extra = 2; }`,
    [
      async (stop, debug) => {
        for (const text of ["unused", "b", "args.extra", "w", "c"]) {
          seen.push(
            await debug.evaluate(
              text,
              stop.frames.find(({ code }) => code !== undefined),
            ),
          );
        }
        return "continue";
      },
    ],
  );
  expect(await program.run()).toBe("1");
  expect(seen).toEqual([5, 2, 2, 7, 9]);
});

test("steps over and out", async () => {
  const over = debugged(PROGRAM, ["over"]);
  over.debug.pause("entry");
  expect(await over.run()).toBe("26");
  expect(over.stops).toEqual(["entry main.nix /main.nix:1:1", "step main.nix /main.nix:8:1"]);
  const out = debugged(PROGRAM, ["out"]);
  out.debug.breakpoints.add({ kind: "line", path: "/main.nix", line: 4, column: undefined });
  expect(await out.run()).toBe("26");
  expect(out.stops).toEqual([
    "breakpoint f /main.nix:4:8",
    "step a /main.nix:5:7 => 6",
    "step main.nix /main.nix:8:1 => 6",
    "breakpoint f /main.nix:4:8",
    "step b /main.nix:6:7 => 20",
    "step main.nix /main.nix:8:1 => 20",
  ]);
});

test("errors stop where they are made, with all frames; caught ones only on demand", async () => {
  const text = '{ a = (builtins.tryEval (throw "x")).success; b = [ ] + 1; }.${"a"} || 1 == {}.c';
  const program = debugged(text);
  expect(await program.run()).toBe("error: attribute 'c' missing");
  expect(program.stops).toEqual(["error main.nix /main.nix:1:77"]);
  const all = debugged(text);
  all.debug.filters.caught = true;
  await all.run();
  expect(all.stops).toEqual(["error call /main.nix:1:25", "error main.nix /main.nix:1:77"]);
});

test("a failed value is reported once, and evaluation can be left with another error", async () => {
  const twice = debugged('let x = throw "x"; in [ (builtins.tryEval x) (builtins.tryEval x) ]');
  twice.debug.filters.caught = true;
  await twice.evaluation.forceAsync(twice.evaluation.loadFile("/main.nix"));
  const left = debugged("builtins.break 1", [{ fail: new EvalError("abort", "left") }]);
  expect(await left.run()).toBe("error: left");
});

test("conditions, hits and log points", async () => {
  const calls = "let f = n: n + 1; in builtins.foldl' (a: n: a + f n) 0 [ 1 2 3 4 5 6 ]";
  const conditional = debugged(calls);
  const place = { kind: "function", name: "f" } as const;
  conditional.debug.breakpoints.add(place, { condition: "n == 2" });
  conditional.debug.breakpoints.add(place, { hitCondition: "% 3" });
  conditional.debug.breakpoints.add(place, { logMessage: "{{n}} is {n}, {[ n (throw ''x'') ]}" });
  expect(await conditional.run()).toBe("27");
  expect(conditional.stops.length).toBe(3);
  expect(conditional.logs[1]).toBe("{n} is 2, [ 2 \xc2\xaberror: x\xc2\xbb ]");
  expect(conditional.logs.length).toBe(6);
  const failing = debugged(calls);
  failing.debug.breakpoints.add(place, { condition: "nowhere" });
  await failing.run();
  expect(failing.stops.length).toBe(6);
  expect(failing.logs[0]).toContain("undefined variable 'nowhere'");
  expect(() => failing.debug.breakpoints.add(place, { hitCondition: "often" })).toThrow(
    SyntaxError,
  );
});

test("a condition that does not end is given up", async () => {
  const program = debugged("let f = n: n; in f 1");
  const endless = "(let g = x: g (x + 1); in g 0)";
  program.debug.breakpoints.add({ kind: "function", name: "f" }, { condition: endless });
  expect(await program.run()).toBe("1");
  expect(program.logs[0]).toContain("interrupted");
}, 20_000);

test("breakpoints in files that are not loaded yet, at columns, and on builtins", async () => {
  const program = debugged(
    { "/main.nix": "map (import ./f.nix) [ 1 2 ]", "/f.nix": "x:\n  [ (x + 1) (x + 2) ]\n" },
    ["continue"],
  );
  const { breakpoints } = program.debug;
  const pending = breakpoints.add({ kind: "line", path: "/f.nix", line: 2, column: 13 });
  expect(pending.isVerified).toBe(false);
  breakpoints.add({ kind: "function", name: "builtins.map" });
  program.debug.breakpointsChanged();
  const { evaluation } = program;
  await evaluation.deepForceAsync(evaluation.loadFile("/main.nix"));
  expect(program.stops).toEqual([
    "breakpoint main.nix /main.nix:1:1",
    "breakpoint expression /f.nix:2:13",
    "breakpoint expression /f.nix:2:13",
  ]);
  expect(pending.hits).toBe(2);
});

test("a value that is being computed is a recursion, and looking at it does no harm", async () => {
  const seen: string[] = [];
  const program = debugged("let a = builtins.break 1 + b; b = 1; c = a + 1; in a + c", [
    async (stop, debug) => {
      for (const text of ["a", "c"]) {
        await debug
          .evaluate(
            text,
            stop.frames.find(({ code }) => code !== undefined),
          )
          .catch((error: EvalError) => seen.push(error.message));
      }
      return "continue";
    },
  ]);
  expect(await program.run()).toBe("5");
  expect(seen).toEqual(["infinite recursion encountered", "infinite recursion encountered"]);
});

test("a value can be forced with stops inside, during a stop", async () => {
  const program = debugged("let g = x:\n x * 2;\n v = g 4; in builtins.break 1 + v", [
    async (stop, debug) => {
      const frame = stop.frames.find(({ code }) => code !== undefined);
      await debug.forceAndStop(debug.load("v", frame));
      return "continue";
    },
    "in",
    "continue",
  ]);
  expect(await program.run()).toBe("9");
  expect(program.stops).toEqual([
    "break main.nix /main.nix:3:14",
    "step v /main.nix:3:6",
    "step g /main.nix:2:2",
  ]);
});

test("deep recursion and segments of the stack", async () => {
  const program = debugged("let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 20000", ["out"]);
  const place = { kind: "function", name: "f" } as const;
  program.debug.breakpoints.add(place, { condition: "n == 10000" });
  const { evaluation } = program;
  const run = evaluation.forceAsync(evaluation.loadFile("/main.nix"));
  program.debug.filters.uncaught = true;
  await run;
  expect(program.stops[0]).toContain("breakpoint f");
}, 60_000);

test("synchronous evaluations do not stop", () => {
  const program = debugged(PROGRAM);
  program.debug.breakpoints.add({ kind: "line", path: "/main.nix", line: 4, column: undefined });
  const { evaluation } = program;
  expect(evaluation.force(evaluation.loadFile("/main.nix"))).toBe(26);
  expect(program.stops).toEqual([]);
});

test("trace and warn stop after their message, on demand", async () => {
  const program = debugged('builtins.trace "t" (builtins.warn "w" 1)');
  program.debug.filters.trace = true;
  program.debug.filters.warn = true;
  expect(await program.run()).toBe("1");
  expect(program.stops.map((stop) => stop.split(" ")[0])).toEqual(["trace", "warn"]);
});
