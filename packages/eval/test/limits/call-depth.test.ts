/**
 * `max-call-depth` is one count of calls and of the levels of values that operations are in.
 *
 * Each row is a program and the least limit with which it succeeds, which follows from C++ Nix's
 * sources: a call or level is refused when as many as the limit says plus one are open already, so
 * what opens n at once needs a limit of n - 1.
 */
import { describe, expect, test } from "vitest";
import { EvalError } from "../../src/errors/eval-error.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { deepForce } from "../../src/operations/deep-force.ts";
import { printPretty } from "../../src/operations/print-pretty.ts";
import { toJson } from "../../src/operations/to-json.ts";
import { toXml } from "../../src/operations/to-xml.ts";
import { NO_POS } from "../../src/position.ts";
import { printAmbiguous } from "../../src/print/print.ts";
import type { Slot } from "../../src/value/value.ts";

type Use = (evaluation: Evaluation, value: Slot) => unknown;

function succeeds(text: string, maxCallDepth: number, use: Use): boolean {
  const evaluation = new Evaluation({ io: memoryIo(), settings: { maxCallDepth } });
  try {
    use(evaluation, evaluation.evaluate(text));
    return true;
  } catch (error) {
    if (error instanceof EvalError && error.kind === "stack-overflow") return false;
    throw error;
  }
}

function leastLimit(text: string, use: Use = () => undefined): number {
  for (let limit = 0; limit < 100; limit++) if (succeeds(text, limit, use)) return limit;
  throw new Error(`no limit is enough: ${text}`);
}

describe("in a program", () => {
  test.each([
    // One call of a function, and the call inside it.
    ["(x: 1) 2", 0],
    ["(x: (y: y) x) 2", 1],
    // Several arguments at once are one call.
    ["(x: y: z: 1) 1 2 3", 0],
    // A set with __functor is called and calls its function.
    ["{ __functor = self: x: x; } 1", 1],
    // A builtin is a call, and what it calls or forces is inside of it.
    ["builtins.length [ ]", 0],
    ["builtins.length ((x: [ ]) 1)", 1],
    ["builtins.head (map (x: x) [ 1 ])", 1],
    ["builtins.foldl' (a: b: a) 0 [ 1 ]", 1],
    ["(x: builtins.length [ ]) 1", 1],
    ["(x: builtins.add 1) 1", 1],
    // deepSeq: the call, the value, and each level inside.
    ["builtins.deepSeq 1 1", 1],
    ["builtins.deepSeq [ ] 1", 1],
    ["builtins.deepSeq [ 1 ] 1", 2],
    ["builtins.deepSeq { a.b.c = 1; } 1", 4],
    ["builtins.deepSeq [ ((x: x) 1) ] 1", 3],
    ["builtins.deepSeq (map (x: x) [ 1 ]) 1", 3],
    ["builtins.deepSeq [ (builtins.deepSeq [ 1 ] 1) ] 1", 5],
    ["(x: builtins.deepSeq [ 1 ] 1) 1", 3],
    // toJSON counts likewise; what a set stands for is a level of its own, and one more for its value.
    ["builtins.toJSON 1", 1],
    ["builtins.toJSON [ [ ] ]", 2],
    ["builtins.toJSON [ [ 1 ] ]", 3],
    ["builtins.toJSON [ ((x: x) 1) ]", 3],
    ['builtins.toJSON { outPath = "a"; }', 3],
    ['builtins.toJSON { __toString = self: "a"; }', 3],
    ['builtins.toJSON { outPath.outPath = "a"; }', 4],
    ["builtins.toJSON { outPath.b = [ ]; }", 3],
    ["builtins.toJSON { outPath = [ [ ] ]; }", 4],
    // toXML knows nothing of what sets stand for.
    ["builtins.toXML 1", 1],
    ["builtins.toXML [ { a = { }; } ]", 3],
    ["builtins.toXML [ ((x: x) 1) ]", 3],
    // == is no call, but looking into its operands is a level each.
    ["[ ] == { }", 0],
    ["[ 1 ] == [ 1 ]", 1],
    ["[ [ 1 ] ] == [ [ 1 ] ]", 2],
    ["{ a.b = 1; } == { a.b = 1; }", 2],
    ["[ ((x: x) 1) ] == [ 1 ]", 2],
    ["(x: [ [ 1 ] ] == [ [ 1 ] ]) 1", 3],
    ["builtins.elem [ 1 ] [ [ 1 ] ]", 2],
    ["assert [ [ 1 ] ] == [ [ 1 ] ]; 1", 2],
    // Coercion: the value, the elements of lists, and what sets stand for.
    ["toString [ ]", 1],
    ["toString [ [ 1 ] ]", 3],
    ["toString [ ((x: x) 1) ]", 3],
    ['"${{ outPath = "a"; }}"', 2],
    ['"${{ __toString = self: "a"; }}"', 2],
    ['"${{ outPath.outPath = "a"; }}"', 3],
    ['"${{ outPath = (x: x) "a"; }}"', 2],
  ])("%s needs %i", (text, least) => {
    expect(leastLimit(text)).toBe(least);
  });
});

describe("in a host", () => {
  const forced: Use = (evaluation, slot) => evaluation.run(deepForce(evaluation.context, slot));
  test.each<[string, Use, number]>([
    ["deepForce", forced, 3],
    ["toJson", (e, slot) => e.run(toJson(e.context, slot, { copyPaths: false, pos: NO_POS })), 3],
    ["toXml", (e, slot) => e.run(toXml(e.context, slot, { strict: true, location: false })), 3],
    ["printPretty", (e, slot) => e.run(printPretty(e.context, slot)), 3],
    // Nothing is inside of what is not forced.
    ["printAmbiguous", (e, slot) => printAmbiguous(slot, e.context.settings.maxCallDepth), 1],
  ])("%s", (_, use, least) => {
    expect(leastLimit("{ a = [ [ 1 ] ]; }", use)).toBe(least);
  });
});

describe("where it fails", () => {
  test.each([
    ["builtins.deepSeq (map (x: x) [ 1 ]) 1", 2, "1:24"],
    ["builtins.toJSON { a = [ 1 ]; }", 2, "1:19"],
    ["[ [ 1 ] ] == [ [ 1 ] ]", 1, "1:11"],
  ])("%s", (text, maxCallDepth, place) => {
    const evaluation = new Evaluation({ io: memoryIo(), settings: { maxCallDepth } });
    try {
      evaluation.evaluate(text);
    } catch (error) {
      const at = evaluation.context.positions.resolve((error as EvalError).pos);
      const { line, column } = at?.source.lineColumn(at.offset) ?? { line: 0, column: 0 };
      expect(`${line}:${column}`).toBe(place);
      return;
    }
    throw new Error("no error");
  });
});
