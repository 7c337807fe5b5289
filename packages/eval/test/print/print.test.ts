/** Printed values: escapes, names, functions, thunks and repetition. */
import { SourceFile } from "@nivis/syntax";
import { describe, expect, test } from "vitest";
import { plain } from "../../src/builtins/definition.ts";
import { Lambda, LambdaKind } from "../../src/bytecode/lambda.ts";
import { EvalCaches } from "../../src/caches.ts";
import type { EvalContext } from "../../src/context.ts";
import { EvalError } from "../../src/errors/eval-error.ts";
import { Nesting } from "../../src/operations/nesting.ts";
import { printPretty } from "../../src/operations/print-pretty.ts";
import { PositionTable, positionIn } from "../../src/position.ts";
import { printAmbiguous, printForError, printForTrace } from "../../src/print/print.ts";
import { DEFAULT_SETTINGS } from "../../src/settings.ts";
import { Attrs } from "../../src/value/attrs.ts";
import { BLACKHOLE, FAILED, forcedThunk, nativeThunk, Thunk } from "../../src/value/thunk.ts";
import {
  Builtin,
  Closure,
  NixFloat,
  NixPath,
  PartialBuiltin,
  type Slot,
  type Value,
} from "../../src/value/value.ts";
import { drive } from "../drive.ts";

const set = (content: Record<string, Slot>): Attrs =>
  Attrs.fromMap(new Map(Object.entries(content)));
const later = (value: Value): Thunk =>
  // biome-ignore lint/correctness/useYield: a generator by type
  nativeThunk(function* () {
    return value;
  });
const failing = (message: string): Thunk =>
  // biome-ignore lint/correctness/useYield: a generator by type
  nativeThunk(function* () {
    throw new EvalError("throw", message);
  });
const add = new Builtin(
  plain({ name: "add", args: [{ name: "a" }, { name: "b" }], strict: [], doc: "", run: () => 0 }),
);
const utf8 = (text: string): string => Buffer.from(text).toString("latin1");

const positions = new PositionTable();
const base = positions.add(new SourceFile({ kind: "file", path: "/a.nix" }, "{\n  f = x: x; }"));
function lambda(name: string | undefined): Closure {
  const code = new Lambda(LambdaKind.Function, positionIn(base, 8));
  code.name = name;
  return new Closure(code, undefined, undefined, null);
}
const ctx = {
  positions,
  store: { storeDir: "/nix/store" },
  settings: DEFAULT_SETTINGS,
  caches: new EvalCaches(),
  nesting: new Nesting(),
} as unknown as EvalContext;
const pretty = (slot: Slot): string => drive(printPretty(ctx, slot));

describe("printAmbiguous", () => {
  const check = (slot: Slot, expected: string): void => {
    expect(printAmbiguous(slot)).toBe(utf8(expected));
  };

  test("prints atoms", () => {
    check(1, "1");
    check(-9223372036854775808n, "-9223372036854775808");
    check(true, "true");
    check(null, "null");
    check(new NixFloat(1e6), "1e+06");
    check(new NixFloat(0.1), "0.1");
    check(new NixPath("/a b"), "/a b");
  });

  test("escapes in strings only what C++ Nix escapes", () => {
    check('"\\\n\r\t', '"\\"\\\\\\n\\r\\t"');
    check("a$b${c$${", '"a$b\\${c$\\${"');
    expect(printAmbiguous("\0\x7f\xff")).toBe('"\0\x7f\xff"');
  });

  test("prints functions and what is not forced by kind", () => {
    check(lambda("f"), "<LAMBDA>");
    check(add, "<PRIMOP>");
    check(new PartialBuiltin(add, [1]), "<PRIMOP-APP>");
    check(later(1), "<CODE>");
    check(new Thunk(FAILED, undefined, undefined, null), "<CODE>");
    check(new Thunk(BLACKHOLE, undefined, undefined, null), "«potential infinite recursion»");
    check(forcedThunk(3), "3");
  });

  test("sorts names by bytes and quotes those that need it", () => {
    check(
      set({ b: 1, a: 2, if: 3, or: 4, "1a": 5, "": 6, "a-'": 7, "a.b": 8 }),
      '{ "" = 6; "1a" = 5; a = 2; a-\' = 7; "a.b" = 8; b = 1; "if" = 3; or = 4; }',
    );
    check(set({}), "{ }");
  });

  test("prints lists", () => {
    check([], "[ ]");
    check([1, [2], set({ a: 1 })], "[ 1 [ 2 ] { a = 1; } ]");
  });

  test("prints what was printed before as repeated, sets by content and lists by cell", () => {
    const inner = set({ a: 1 });
    check([inner, inner], "[ { a = 1; } «repeated» ]");
    check([forcedThunk(inner), forcedThunk(inner)], "[ { a = 1; } «repeated» ]");
    const cell = forcedThunk([1]);
    check([cell, cell], "[ [ 1 ] «repeated» ]");
    const list = [1];
    check([forcedThunk(list), forcedThunk(list)], "[ [ 1 ] [ 1 ] ]");
    const empty = forcedThunk([]);
    check([empty, empty, set({}), set({})], "[ [ ] [ ] { } { } ]");
  });

  test("ends on a cycle", () => {
    const cell = forcedThunk(null);
    const cyclic = set({ x: cell });
    cell.a = cyclic;
    check(cyclic, "{ x = «repeated»; }");
  });

  test("prints a million levels", () => {
    let list: Slot = 1;
    for (let i = 0; i < 1_000_000; i++) list = [list];
    expect(printAmbiguous(list)).toHaveLength(4_000_001);
  });
});

describe("printForError", () => {
  const check = (slot: Slot, expected: string): void => {
    expect(printForError(slot, positions)).toBe(utf8(expected));
  };

  test("says what functions are and where", () => {
    check(lambda("f"), "«lambda f @ /a.nix:2:7»");
    check(lambda(undefined), "«lambda @ /a.nix:2:7»");
    check(add, "«primop add»");
    check(new PartialBuiltin(add, [1]), "«partially applied primop add»");
  });

  test("forces nothing", () => {
    check([later(1), failing("x")], "[ «thunk» «thunk» ]");
  });

  test("stops after ten attributes and ten items in all", () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`a${i + 10}`, i]));
    check(
      set(many),
      "{ a10 = 0; a11 = 1; a12 = 2; a13 = 3; a14 = 4; a15 = 5; a16 = 6; a17 = 7; a18 = 8; a19 = 9; «2 attributes elided» }",
    );
    check(
      Array.from({ length: 11 }, (_, i) => i),
      "[ 0 1 2 3 4 5 6 7 8 9 «1 item elided» ]",
    );
    // The limit counts finished items of all lists; the open ones are not finished.
    check([Array.from({ length: 10 }, () => 1), 2], "[ [ 1 1 1 1 1 1 1 1 1 1 ] «1 item elided» ]");
  });

  test("puts the type first", () => {
    check(set({ a: 1, type: 2, _type: 3 }), "{ _type = 3; type = 2; a = 1; }");
  });

  test("stops at depth ten", () => {
    let list: Slot = 1;
    for (let i = 0; i < 11; i++) list = [list];
    check(list, "[ [ [ [ [ [ [ [ [ [ [ ... ] ] ] ] ] ] ] ] ] ] ]");
  });

  test("cuts long strings", () => {
    check("x".repeat(1025), `"${"x".repeat(1024)}" «1 byte elided»`);
    check("x".repeat(1024), `"${"x".repeat(1024)}"`);
    check(`${"x".repeat(1023)}\${`, `"${"x".repeat(1023)}\\$" «1 byte elided»`);
  });

  test("counts empty sets as one", () => {
    check([set({}), set({}), [], []], "[ { } «repeated» [ ] [ ] ]");
  });
});

describe("printForTrace", () => {
  test("leaves nothing out and forces nothing", () => {
    const list = Array.from({ length: 20 }, () => later(1));
    expect(printForTrace(list, positions, 1)).toBe(utf8(`[ ${"«thunk» ".repeat(20)}]`));
  });
});

describe("printPretty", () => {
  test("forces what it meets", () => {
    expect(pretty(set({ a: later([later(1)]) }))).toBe("{ a = [ 1 ]; }");
  });

  test("prints derivations by their path", () => {
    const path = "/nix/store/0c6rqgaiwgfrcq9sgx2xbj0kz0m2wzha-x.drv";
    const drv = set({ type: later("derivation"), drvPath: later(path), outPath: failing("no") });
    expect(pretty([drv, drv])).toBe(utf8(`[ «derivation ${path}» «repeated» ]`));
    expect(pretty(set({ type: "derivation" }))).toBe(utf8("«derivation»"));
  });

  test("prints errors in their place", () => {
    expect(pretty(set({ a: failing("no\x1b[1m!"), b: 1 }))).toBe(
      utf8("{ a = «error: no!»; b = 1; }"),
    );
    const drv = set({ type: "derivation", drvPath: "/x" });
    expect(pretty([drv])).toBe(utf8("[ «error: path '/x' is not in the Nix store» ]"));
  });

  test("passes on a stack overflow", () => {
    // biome-ignore lint/correctness/useYield: a generator by type
    const deep = nativeThunk(function* () {
      throw new EvalError("stack-overflow", "deep");
    });
    expect(() => pretty([deep])).toThrow("deep");
  });
});
