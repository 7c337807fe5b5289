/** The machine: deep stacks, thunks that fail, unwinding, native code that catches, observers. */
import { describe, expect, test } from "vitest";
import {
  type Attrs,
  EvalError,
  Evaluation,
  memoryIo,
  printAmbiguous,
  type RunObserver,
  renderLogMessage,
  type Settings,
} from "../../src/index.ts";

function evaluation(settings: Partial<Settings> = {}, log: string[] = [], observer?: RunObserver) {
  return new Evaluation({
    io: memoryIo({ log: (message) => log.push(renderLogMessage(message, false)) }),
    settings,
    ...(observer === undefined ? {} : { observer }),
  });
}

function value(text: string, settings: Partial<Settings> = {}): string {
  const machine = evaluation(settings);
  return printAmbiguous(machine.deepForce(machine.evaluate(text)));
}

function failure(text: string, settings: Partial<Settings> = {}): EvalError {
  const machine = evaluation(settings);
  try {
    machine.deepForce(machine.evaluate(text));
  } catch (error) {
    if (error instanceof EvalError) return error;
    throw error;
  }
  throw new Error(`no error: ${text}`);
}

describe("depth", () => {
  test("calls go on in new segments of the stack and return through them", () => {
    expect(value("let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 200000")).toBe("200000");
  });

  test("thunks and callbacks of builtins nest as deeply", () => {
    expect(
      value(
        "let f = n: if n == 0 then 0 else builtins.head (map (x: 1 + f x) [ (n - 1) ]); in f 50000",
      ),
    ).toBe("50000");
  });

  test("an error from the depths unwinds all segments", () => {
    expect(
      failure('let f = n: if n == 0 then throw "deep" else 1 + f (n - 1); in f 200000').message,
    ).toBe("deep");
  });

  test("an error from the depths can be caught, and evaluation goes on", () => {
    expect(
      value(`let f = n: if n == 0 then throw "deep" else 1 + f (n - 1);
             in [ (builtins.tryEval (f 100000)).success (builtins.tryEval (f 3)).success 7 ]`),
    ).toBe("[ false false 7 ]");
  });

  test("the call depth is limited when asked for", () => {
    const program = "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 200";
    expect(value(program, { maxCallDepth: 1000 })).toBe("200");
    const error = failure(program, { maxCallDepth: 100 });
    expect(error.kind).toBe("stack-overflow");
    expect(error.catchable).toBe(false);
  });

  test("calls that have returned do not count for the depth", () => {
    expect(
      value("builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 1000)", { maxCallDepth: 50 }),
    ).toBe("499500");
  });
});

describe("thunks", () => {
  test("a value that needs itself is an infinite recursion", () => {
    expect(failure("let a = a + 1; in a").kind).toBe("infinite-recursion");
    expect(failure("rec { a = b; b = a; }.a").kind).toBe("infinite-recursion");
  });

  test("infinite recursion cannot be caught", () => {
    expect(failure("let a = a + 1; in builtins.tryEval a").kind).toBe("infinite-recursion");
  });

  test("a thunk that failed fails again in the same way", () => {
    expect(
      value(
        `let x = throw "once"; first = builtins.tryEval x; in builtins.seq first.success [ first (builtins.tryEval x) ]`,
      ),
    ).toBe("[ { success = false; value = false; } { success = false; value = false; } ]");
  });

  test("the effects of a failed thunk happen once", () => {
    const log: string[] = [];
    const machine = evaluation({}, log);
    const text = `let x = builtins.trace "effect" (throw "e"); in [ (builtins.tryEval x).success (builtins.tryEval x).success ]`;
    machine.deepForce(machine.evaluate(text));
    expect(log).toEqual(["trace: effect"]);
  });

  test("the same error object does not gather the traces of both times", () => {
    const error = failure(
      `let x = throw "e"; in builtins.seq (builtins.tryEval x).success (builtins.addErrorContext "second" x)`,
    );
    expect(error.traces.filter((trace) => trace.message === "second")).toHaveLength(1);
  });
});

describe("formals", () => {
  test("defaults see each other whatever their order", () => {
    expect(value("({ a ? b, b ? c, c ? 1 }: [ a b c ]) { }")).toBe("[ 1 1 1 ]");
    expect(value("({ a ? [ b ], b ? 2 }: a) { b = 3; }")).toBe("[ 3 ]");
  });

  test("a default that is passed on keeps the scope in which it was made", () => {
    expect(
      value(
        "let f = { n, a ? b + n, b ? 10 }: if n == 0 then a else f { n = n - 1; inherit a; b = 1000; }; in f { n = 2; }",
      ),
    ).toBe("12");
  });

  test("errors about arguments stand at the function", () => {
    expect(failure("(x: ({ a }: a) x) { }").message).toBe(
      "function 'anonymous lambda' called without required argument 'a'",
    );
    const error = failure("let f = { a, b ? 1 }: a; in f { a = 1; bb = 2; }");
    expect(error.message).toBe("function 'f' called with unexpected argument 'bb'");
    expect(error.suggestions).toEqual(["b", "a"]);
  });
});

describe("scopes", () => {
  test("a lexical name beats a `with`, the innermost `with` the others", () => {
    expect(value("let x = 1; in with { x = 2; y = 3; }; with { y = 4; }; [ x y ]")).toBe("[ 1 4 ]");
  });

  test("the namespace of a `with` is forced when a name needs it", () => {
    expect(value('with throw "never"; let a = 1; in a')).toBe("1");
    expect(failure('with throw "now"; a').message).toBe("now");
  });

  test("a thunk finds the scopes of the place where it was made", () => {
    expect(
      value(
        "let make = s: with s; [ (x + 1) ]; in map builtins.head [ (make { x = 1; }) (make { x = 5; }) ]",
      ),
    ).toBe("[ 2 6 ]");
  });

  test("`__overrides` replaces what the attributes see of each other", () => {
    expect(
      value("rec { a = 1; b = a + 1; c = { inherit a; }; __overrides = { a = 10; d = 4; }; }.b"),
    ).toBe("11");
    expect(value('rec { a = 1; ${"x"} = a; __overrides = { a = 10; }; }.x')).toBe("10");
  });
});

describe("traces", () => {
  const traces = (error: EvalError): string[] => error.traces.map((trace) => trace.message);

  test("a selection says what was selected and where the last attribute was defined", () => {
    expect(traces(failure('let s = { a = { b = throw "x"; }; }; in s.a.b'))).toEqual([
      "while calling the 'throw' builtin",
      "from the definition of 'a.b'",
      "while evaluating the attribute 'a.b'",
    ]);
  });

  test("a computed name is shown as it was computed", () => {
    expect(traces(failure('let s = { a = { }; }; n = "a"; in s.${n}.b'))).toEqual([
      "from the definition of 'a'",
      "while evaluating the attribute 'a.b'",
    ]);
  });

  test("calls are traced when asked for", () => {
    const program = 'let f = x: throw x; in f "e"';
    expect(traces(failure(program))).toEqual(["while calling the 'throw' builtin"]);
    expect(traces(failure(program, { showTrace: true }))).toEqual([
      "while calling the 'throw' builtin",
      "while calling 'f'",
      "from call site",
    ]);
  });

  test("strict arguments say which they are", () => {
    expect(traces(failure('builtins.stringLength (builtins.elemAt [ 1 ] "x")'))).toContain(
      "while evaluating the second argument passed to 'builtins.elemAt'",
    );
  });

  test("a trace does not grow without bound", () => {
    const error = failure('let f = n: if n == 0 then throw "e" else 1 + f (n - 1); in f 300000', {
      showTrace: true,
    });
    expect(error.traces.length).toBeLessThanOrEqual(200_000);
    expect(error.traces[0]?.message).toBe("while calling the 'throw' builtin");
  });
});

describe("native code", () => {
  test("a host may call functions and give thunks to be forced", () => {
    const machine = evaluation();
    const set = machine.evaluate("{ add = a: b: a + b; x = 20 + 1; }") as Attrs;
    expect(machine.call(set.get("add") as never, set.get("x") as never, 21)).toBe(42);
  });

  test("an error in a call leaves the machine usable", () => {
    const machine = evaluation();
    const fails = machine.evaluate('x: throw "no"');
    expect(() => machine.call(fails, 1)).toThrow("no");
    expect(machine.evaluate("1 + 1")).toBe(2);
  });

  test("functors are called with themselves", () => {
    expect(value("let s = { n = 3; __functor = self: x: self.n + x; }; in map s [ 1 2 ]")).toBe(
      "[ 4 5 ]",
    );
    expect(value("({ __functor = self: { __functor = other: x: x + 1; }; }) 5")).toBe("6");
  });

  test("builtins take their arguments one by one or all at once", () => {
    expect(
      value(
        "let f = builtins.foldl'; g = f (a: b: a * b); h = g 1; in [ (h [ 2 3 ]) (g 2 [ 5 ]) (f (a: b: a - b) 9 [ 1 ]) ]",
      ),
    ).toBe("[ 6 10 8 ]");
    // What the builtin answers takes the rest.
    expect(value("builtins.head [ (x: y: x - y) ] 7 3")).toBe("4");
  });
});

test("an observer sees calls and builtins begin and end", () => {
  const seen: string[] = [];
  let instructions = 0;
  const machine = evaluation({}, [], {
    enterFrame: (lambda) => seen.push(`enter ${lambda.name ?? "thunk"}`),
    leaveFrame: (lambda, result) =>
      seen.push(`leave ${lambda.name ?? "thunk"} ${printAmbiguous(result)}`),
    callBuiltin: (builtin) => seen.push(`builtin ${builtin.definition.name}`),
    instruction: () => {
      instructions++;
    },
  });
  machine.evaluate('let f = x: builtins.stringLength x; in f "abc"');
  expect(seen).toEqual([
    "enter thunk",
    "enter f",
    "builtin stringLength",
    "leave f 3",
    "leave thunk 3",
  ]);
  expect(instructions).toBeGreaterThan(5);
});

test("two evaluations share nothing", () => {
  const first = new Evaluation({ io: memoryIo({ files: { "/x.nix": "1" } }) });
  const second = new Evaluation({ io: memoryIo({ files: { "/x.nix": "2" } }) });
  expect([first.evaluateFile("/x.nix"), second.evaluateFile("/x.nix")]).toEqual([1, 2]);
});
