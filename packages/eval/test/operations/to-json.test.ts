/** `toJSON`: values of all types, the order of evaluation, and errors. */
import { describe, expect, test } from "vitest";
import { plain } from "../../src/builtins/definition.ts";
import { EvalCaches } from "../../src/caches.ts";
import type { EvalContext } from "../../src/context.ts";
import { EvalError } from "../../src/errors/eval-error.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { Nesting } from "../../src/operations/nesting.ts";
import { type JsonText, toJson } from "../../src/operations/to-json.ts";
import { NO_POS, PositionTable } from "../../src/position.ts";
import { DEFAULT_SETTINGS } from "../../src/settings.ts";
import { Attrs } from "../../src/value/attrs.ts";
import { Shape } from "../../src/value/shape.ts";
import { applyThunk, nativeThunk } from "../../src/value/thunk.ts";
import { Builtin, ContextString, NixFloat, NixPath, type Slot } from "../../src/value/value.ts";
import { drive } from "../drive.ts";

const ctx = {
  positions: new PositionTable(),
  caches: new EvalCaches(),
  nesting: new Nesting(),
  settings: DEFAULT_SETTINGS,
} as unknown as EvalContext;
const set = (content: Record<string, Slot>): Attrs =>
  Attrs.fromMap(new Map(Object.entries(content)));
const returns = (value: Slot): Builtin =>
  new Builtin(
    plain({ name: "f", args: [{ name: "self" }], strict: [], doc: "", run: () => value }),
  );
const later = (value: Slot) =>
  // biome-ignore lint/correctness/useYield: a generator by type
  nativeThunk(function* () {
    return value;
  });

function convert(slot: Slot, strict = true): JsonText {
  return drive(toJson(ctx, slot, { copyPaths: false, strict, pos: NO_POS }), ctx);
}
const check = (slot: Slot, expected: string): void => {
  expect(convert(slot).text).toBe(expected);
};
function failure(slot: Slot, strict = true): EvalError {
  try {
    convert(slot, strict);
  } catch (error) {
    if (error instanceof EvalError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
const messages = (error: EvalError): string[] => error.traces.map((trace) => trace.message);

describe("toJson", () => {
  test("writes atoms", () => {
    check(
      [1, 9223372036854775807n, true, null, new NixFloat(1)],
      "[1,9223372036854775807,true,null,1.0]",
    );
    check(new NixPath("/a"), '"/a"');
    check('a"\n\u0001\xc3\xa9', '"a\\"\\n\\u0001\xc3\xa9"');
  });

  test("writes records of one shape, also inside of one another", () => {
    const shape = new Shape(["n", 'a"'], null);
    const record = (n: Slot, a: Slot) => new Attrs(shape, [n, a]);
    check(
      [record(1, record(2, [])), later(record(3, later(record(4, "x")))), record(null, set({}))],
      '[{"a\\"":{"a\\"":[],"n":2},"n":1},{"a\\"":{"a\\"":"x","n":4},"n":3},{"a\\"":{},"n":null}]',
    );
  });

  test("tells of a name that is not UTF-8 after everything is evaluated", () => {
    const shape = new Shape(["a", "\xff"], null);
    const inner = new Attrs(shape, [1, 2]);
    const message =
      "JSON serialization error: [json.exception.type_error.316] invalid UTF-8 byte at index 0: 0xFF";
    expect(failure(new Attrs(shape, [inner, 3])).message).toBe(message);
    expect(failure([new Attrs(shape, [inner, 3]), returns(1)]).message).toBe(
      "cannot convert the built-in function 'f' to JSON",
    );
  });

  test("sorts keys by bytes", () => {
    check(set({ b: 1, a: [], B: set({}) }), '{"B":{},"a":[],"b":1}');
  });

  test("forces what it meets", () => {
    check(later([later(1), set({ a: later(2) })]), '[1,{"a":2}]');
  });

  test("writes what a set stands for", () => {
    check(set({ outPath: later(set({ outPath: "x", y: 1 })), z: 2 }), '"x"');
    check(set({ outPath: [1] }), "[1]");
    check(set({ __toString: returns("s"), outPath: "o" }), '"s"');
    check(set({ outPath: set({ foo: true }) }), '{"foo":true}');
  });

  test("gathers contexts", () => {
    const one = new ContextString("a", new Set(["/nix/store/one"]));
    const two = new ContextString("b", new Set(["/nix/store/two"]));
    expect(convert([one, set({ x: two })]).context).toEqual(
      new Set(["/nix/store/one", "/nix/store/two"]),
    );
    expect(convert(["a"]).context).toBeUndefined();
  });

  test("says where a function stands in the way", () => {
    const error = failure(set({ a: [1, set({ outPath: [returns(1)] })] }));
    expect(error.message).toBe("cannot convert the built-in function 'f' to JSON");
    expect(messages(error)).toEqual([
      "while evaluating list element at index 0",
      "while using the `outPath` attribute",
      "while evaluating list element at index 1",
      "while evaluating attribute 'a'",
    ]);
  });

  test("wants a string from __toString", () => {
    expect(failure(set({ __toString: returns(1) })).message).toBe(
      "`__toString` should return a string, but got an integer: 1",
    );
    expect(failure(set({ __toString: returns(set({})) })).message).toBe(
      "`__toString` must return a string, but got a set: { }",
    );
  });

  test("does not force when it is not strict", () => {
    expect(convert([1], false).text).toBe("[1]");
    expect(failure([later(1)], false).message).toBe("cannot convert a thunk to JSON");
    expect(failure([applyThunk(returns(1), 1)], false).message).toBe(
      "cannot convert a function application to JSON",
    );
  });

  test("puts a thunk where its attribute is and a call where its function is", () => {
    const evaluation = new Evaluation({ io: memoryIo() });
    const place = (text: string): string | undefined => {
      try {
        evaluation.run(
          toJson(evaluation.context, evaluation.evaluate(text), {
            copyPaths: false,
            strict: false,
            pos: NO_POS,
          }),
        );
      } catch (error) {
        if (!(error instanceof EvalError)) throw error;
        const at = evaluation.positions.resolve(error.pos);
        return at && String(at.offset);
      }
      return "converted";
    };
    expect(place("{ a = 1 + 1; }")).toBe("2");
    expect(place("{ a = [ (1 + 1) ]; }")).toBe("2");
    expect(place("[ (1 + 1) ]")).toBe(undefined);
    expect(place("map (x: x) [ 1 ]")).toBe("5");
  });

  test("reports text that is not UTF-8 only when the program has no error", () => {
    expect(failure(["\xff"]).message).toBe(
      "JSON serialization error: [json.exception.type_error.316] invalid UTF-8 byte at index 0: 0xFF",
    );
    expect(failure(["\xff", returns(1)]).message).toContain("cannot convert");
  });

  test("converts a million levels", () => {
    let list: Slot = 1;
    for (let i = 0; i < 1_000_000; i++) list = [list];
    expect(convert(list).text).toHaveLength(2_000_001);
    let nested: Slot = 1;
    for (let i = 0; i < 50_000; i++) nested = set({ a: set({ outPath: nested }) });
    expect(convert(nested).text).toHaveLength(50_000 * 6 + 1);
  });
});
