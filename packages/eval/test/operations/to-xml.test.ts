/** `toXML`: values of all types, locations, formals and derivations. */
import { SourceFile } from "@nivis/syntax";
import { describe, expect, test } from "vitest";
import { plain } from "../../src/builtins/definition.ts";
import { Lambda, LambdaKind, type RuntimeFormals } from "../../src/bytecode/lambda.ts";
import { EvalCaches } from "../../src/caches.ts";
import type { EvalContext } from "../../src/context.ts";
import { Nesting } from "../../src/operations/nesting.ts";
import { toXml, type XmlOptions } from "../../src/operations/to-xml.ts";
import { NO_POS, type PosIdx, PositionTable, positionIn } from "../../src/position.ts";
import { DEFAULT_SETTINGS } from "../../src/settings.ts";
import { Attrs } from "../../src/value/attrs.ts";
import { nativeThunk } from "../../src/value/thunk.ts";
import { Builtin, Closure, NixFloat, NixPath, type Slot } from "../../src/value/value.ts";
import { drive } from "../drive.ts";

const positions = new PositionTable();
const file = positions.add(new SourceFile({ kind: "file", path: "/t.nix" }, "{\n a = 1; }"));
const text = positions.add(new SourceFile({ kind: "string" }, "x: x"));
const ctx = {
  positions,
  caches: new EvalCaches(),
  nesting: new Nesting(),
  settings: DEFAULT_SETTINGS,
} as unknown as EvalContext;
const set = (content: Record<string, Slot>): Attrs =>
  Attrs.fromMap(new Map(Object.entries(content)));
const later = (value: Slot) =>
  // biome-ignore lint/correctness/useYield: a generator by type
  nativeThunk(function* () {
    return value;
  });
const builtin = new Builtin(
  plain({ name: "f", args: [{ name: "x" }], strict: [], doc: "", run: () => 0 }),
);
function lambda(pos: PosIdx, param: string | undefined, formals: RuntimeFormals | null): Closure {
  const code = new Lambda(LambdaKind.Function, pos);
  code.param = param;
  code.formals = formals;
  return new Closure(code, undefined, undefined, null);
}

/** Checks the lines inside of `<expr>`. */
function check(slot: Slot, lines: string[], options: Partial<XmlOptions> = {}): void {
  const { text } = drive(toXml(ctx, slot, { strict: true, location: false, ...options }), ctx);
  const expected = ["<?xml version='1.0' encoding='utf-8'?>", "<expr>"];
  expected.push(...lines.map((line) => `  ${line}`), "</expr>", "");
  expect(text).toBe(expected.join("\n"));
}

describe("toXml", () => {
  test("writes atoms", () => {
    check(1, ['<int value="1" />']);
    check(true, ['<bool value="true" />']);
    check(null, ["<null />"]);
    check(new NixFloat(1e10), ['<float value="1e+10" />']);
    check(new NixPath("/a"), ['<path value="/a" />']);
    check("<\"&\n'>", ['<string value="&lt;&quot;&amp;&#xA;\'&gt;" />']);
    check(builtin, ["<unevaluated />"]);
  });

  test("nests sets and lists", () => {
    check(set({ b: [1, []], a: set({}) }), [
      "<attrs>",
      '  <attr name="a">',
      "    <attrs>",
      "    </attrs>",
      "  </attr>",
      '  <attr name="b">',
      "    <list>",
      '      <int value="1" />',
      "      <list>",
      "      </list>",
      "    </list>",
      "  </attr>",
      "</attrs>",
    ]);
  });

  test("says where attributes and functions were defined", () => {
    const located = Attrs.of(["z"], [lambda(text, "x", null)], [positionIn(file, 3)]);
    check(
      located,
      [
        "<attrs>",
        '  <attr column="2" line="2" name="z" path="/t.nix">',
        '    <function column="1" line="1">',
        '      <varpat name="x" />',
        "    </function>",
        "  </attr>",
        "</attrs>",
      ],
      { location: true },
    );
  });

  test("lists formals by name", () => {
    const formals: RuntimeFormals = {
      names: ["b", "a"],
      defaults: [false, false],
      positions: [NO_POS, NO_POS],
      ellipsis: true,
      sorted: [1, 0],
    };
    check(lambda(file, "args", formals), [
      "<function>",
      '  <attrspat ellipsis="1" name="args">',
      '    <attr name="a" />',
      '    <attr name="b" />',
      "  </attrspat>",
      "</function>",
    ]);
  });

  test("writes a derivation out once", () => {
    const drv = set({ type: "derivation", drvPath: later("/d"), outPath: "/o" });
    check(
      [drv, drv],
      [
        "<list>",
        '  <derivation drvPath="/d" outPath="/o">',
        '    <attr name="drvPath">',
        '      <string value="/d" />',
        "    </attr>",
        '    <attr name="outPath">',
        '      <string value="/o" />',
        "    </attr>",
        '    <attr name="type">',
        '      <string value="derivation" />',
        "    </attr>",
        "  </derivation>",
        '  <derivation drvPath="/d" outPath="/o">',
        "    <repeated />",
        "  </derivation>",
        "</list>",
      ],
    );
  });

  test("leaves thunks alone when it is not strict", () => {
    check([later(1)], ["<list>", "  <unevaluated />", "</list>"], { strict: false });
    check([later(1)], ["<list>", '  <int value="1" />', "</list>"]);
  });
});
