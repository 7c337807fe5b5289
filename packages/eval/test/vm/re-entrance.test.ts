/**
 * Host code that evaluates while an evaluation waits for it: builtins, observers and an `EvalIo` may do
 * so. What they force belongs to two runs at once; a value whose evaluation is under way is said to be
 * so, never to be an infinite recursion, and can be forced later. Errors of the host leave no traces in
 * thunks either.
 */
import { describe, expect, test } from "vitest";
import { args, plain, strict } from "../../src/builtins/definition.ts";
import type { EvalError } from "../../src/errors/eval-error.ts";
import { Evaluation, type EvaluationOptions } from "../../src/evaluation.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { printAmbiguous } from "../../src/print/print.ts";
import type { Attrs } from "../../src/value/attrs.ts";
import { Builtin, type Slot, type Value } from "../../src/value/value.ts";

/** A builtin of one argument that is host code. */
function hostBuiltin(run: (argument: Value) => Slot): Builtin {
  return new Builtin(
    plain({
      name: "host",
      args: args("x"),
      strict: [strict(0, "any", "")],
      doc: "Host code.",
      run: (_ctx, argument) => run(argument as Value),
    }),
  );
}

function load(evaluation: Evaluation, text: string): Slot {
  return evaluation.loadText(text);
}

function failure(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("no error");
}

/** Values of which `x` calls `host`, each as another kind of thunk. */
const KINDS: readonly (readonly [string, string])[] = [
  ["an expression", "host: let x = 1 + host 1; in { inherit x; }"],
  ["a call", "host: { x = builtins.head (map (n: n + host 1) [ 1 ]); }"],
  [
    "a call that waits in a list",
    "host: let l = map (n: n + host 1) [ 1 ]; in { inherit l; x = builtins.head l; }",
  ],
  [
    "a call with two arguments",
    "host: let s = builtins.mapAttrs (k: n: n + host 1) { a = 1; }; in { inherit s; x = s.a; }",
  ],
  ["native code", "host: { x = builtins.seq (builtins.elem 2 (map host [ 1 ])) 2; }"],
];

describe.each(["vm", "js", "auto"] as const)("tier %s", (tier) => {
  const make = (options: Partial<EvaluationOptions> = {}): Evaluation =>
    new Evaluation({ io: memoryIo(), tier, ...options });

  test("a builtin may force and call other values", () => {
    const evaluation = make();
    const other = load(evaluation, "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 1000");
    const twice = load(evaluation, "x: x * 2");
    const host = hostBuiltin((x) => {
      const sum = (evaluation.force(other) as number) + (x as number);
      return evaluation.call(twice, sum);
    });
    const f = load(evaluation, "host: map host [ 1 2 3 ]");
    const value = evaluation.deepForce(evaluation.call(f, host));
    expect(printAmbiguous(value)).toBe("[ 2002 2004 2006 ]");
  });

  test.each(KINDS)("forcing what waits for the host is an error of its own: %s", (_, text) => {
    const evaluation = make();
    let again = true;
    let set: Attrs;
    const host = hostBuiltin(() => {
      if (!again) return 1;
      return evaluation.force(set.get("x") as Slot);
    });
    set = evaluation.call(load(evaluation, text), host) as Attrs;
    const error = failure(() => evaluation.force(set.get("x") as Slot)) as EvalError;
    expect(error.kind).toBe("re-entrance");
    expect(error.message).toBe(
      "a value was forced by host code while its own evaluation waits for that code to return",
    );
    // Nothing of it stays.
    again = false;
    if (!text.includes("inherit l") && !text.includes("inherit s")) {
      expect(evaluation.force(set.get("x") as Slot)).toBe(2);
    }
  });

  test.each(KINDS)("an error of the host stays in no value: %s", (_, text) => {
    const evaluation = make();
    const fault = new TypeError("a mistake of the host");
    let failing = true;
    const host = hostBuiltin(() => {
      if (failing) throw fault;
      return 1;
    });
    const set = evaluation.call(load(evaluation, text), host) as Attrs;
    expect(failure(() => evaluation.force(set.get("x") as Slot))).toBe(fault);
    // Either it is evaluated again, or it fails with the same error: never an infinite recursion.
    expect(failure(() => evaluation.force(set.get("x") as Slot))).toBe(fault);
    failing = false;
    if (!text.includes("inherit l") && !text.includes("inherit s")) {
      expect(evaluation.force(set.get("x") as Slot)).toBe(2);
    }
  });

  test("what host code catches does not end the evaluation around it", () => {
    const evaluation = make();
    let set: Attrs;
    const host = hostBuiltin(() => {
      expect((failure(() => evaluation.force(set.get("y") as Slot)) as EvalError).kind).toBe(
        "re-entrance",
      );
      return 41;
    });
    const text = "host: rec { x = 1 + host 1; y = 1 + x; z = [ y ]; }";
    set = evaluation.call(load(evaluation, text), host) as Attrs;
    expect(evaluation.force(set.get("x") as Slot)).toBe(42);
    expect(evaluation.force(set.get("y") as Slot)).toBe(43);
  });

  test("a true infinite recursion inside host code is still one", () => {
    const evaluation = make();
    const bad = load(evaluation, "let x = x + 1; in x");
    const host = hostBuiltin(() => evaluation.force(bad));
    const error = failure(() => evaluation.call(load(evaluation, "host: 1 + host 1"), host));
    expect((error as EvalError).kind).toBe("infinite-recursion");
    expect((failure(() => evaluation.force(bad)) as EvalError).kind).toBe("infinite-recursion");
  });

  test("host code that calls itself without an end is stopped", () => {
    const evaluation = make();
    let f: Slot;
    const host: Builtin = hostBuiltin((n) => evaluation.call(f, host, (n as number) + 1));
    f = load(evaluation, "host: n: 1 + host n");
    expect(() => evaluation.call(f, host, 0)).toThrow("host code nests more than 100 evaluations");
    expect(evaluation.force(load(evaluation, "1 + 1"))).toBe(2);
  });
});

test("an observer may look at values, and forces what is under way in vain", () => {
  const seen: unknown[] = [];
  const evaluation: Evaluation = new Evaluation({
    io: memoryIo(),
    observer: {
      callBuiltin: () => {
        seen.push((failure(() => evaluation.force(set.get("x") as Slot)) as EvalError).kind);
      },
    },
  });
  const set = evaluation.force(load(evaluation, "rec { x = builtins.length [ 1 ] + 1; }")) as Attrs;
  expect(evaluation.force(set.get("x") as Slot)).toBe(2);
  expect(seen).toEqual(["re-entrance"]);
});

test("an EvalIo may evaluate with the same evaluation", () => {
  const io = memoryIo({ files: { "/a.nix": "1 + import /b.nix", "/b.nix": "41" } });
  const plainRead = io.readFile.bind(io);
  let version: Slot;
  const evaluation = new Evaluation({
    io: Object.assign(io, {
      readFile: (path: string) =>
        path === "/b.nix" ? String(evaluation.force(version)) : plainRead(path),
    }),
  });
  version = load(evaluation, "40 + 1");
  expect(evaluation.evaluateFile("/a.nix")).toBe(42);
});
