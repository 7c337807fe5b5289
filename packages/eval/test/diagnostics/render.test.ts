/** How explanations are laid out: colours, folding, all frames, texts that are odd. */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Explanation, explainError } from "../../src/diagnostics/explanation.ts";
import { renderJson } from "../../src/diagnostics/render-json.ts";
import { type RichOptions, renderRich } from "../../src/diagnostics/render-rich.ts";
import { EvalError } from "../../src/errors/eval-error.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { memoryIo } from "../../src/memory-io.ts";

function explain(text: string, files: Record<string, string> = {}): Explanation {
  const evaluation = new Evaluation({ io: memoryIo({ files }), settings: { showTrace: true } });
  try {
    evaluation.deepForce(evaluation.evaluate(encodeUtf8(text)));
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return explainError(error, evaluation.positions);
  }
  throw new Error(`no error: ${text}`);
}

function rich(text: string, options: Partial<RichOptions> = {}, files = {}): string {
  const explanation = explain(text, files);
  return decodeUtf8(renderRich(explanation, { color: false, showTrace: false, ...options }));
}

describe("rich", () => {
  test("has colours when asked, and the same text", () => {
    const colored = rich("1 + { }", { color: true });
    expect(colored).toContain("\x1b[31;1merror[type]\x1b[0m");
    expect(colored.replace(/\x1b\[[0-9;]*m/g, "")).toBe(rich("1 + { }"));
    expect(rich("1 + { }")).not.toContain("\x1b");
  });

  test("takes escape sequences of the program out", () => {
    expect(rich('throw "a\u001b[31mb"')).toContain("error[throw]: ab");
  });

  test("folds what is not the user's, unless all is to be shown", () => {
    const files = { "/nixpkgs/lib/default.nix": "rec { f = x: g x; g = x: x.a; }" };
    const text = "(import /nixpkgs/lib).f { }";
    expect(rich(text, {}, files)).toMatch(/… \d+ frames in nixpkgs\/lib folded/);
    const all = rich(text, { showTrace: true }, files);
    expect(all).not.toContain("folded");
    expect(all).toContain("/nixpkgs/lib/default.nix:1:11 while calling 'f'");
  });

  test("underlines in columns of the terminal", () => {
    const lines = rich('let a = "é漢"; in "漢" + { }').split("\n");
    const source = lines.find((line) => line.includes("let"));
    const marks = lines.find((line) => line.includes("^"));
    // Two characters that are two columns wide stand before the set.
    expect((marks as string).indexOf("^") - 2).toBe((source as string).indexOf("{ }"));
  });

  test("shows an error without a place", () => {
    expect(rich('builtins.fromJSON "{"').split("\n")[0]).toMatch(/^error\[value\]: /);
  });
});

describe("json", () => {
  test("has spans in bytes and in lines and columns", () => {
    const { labels } = JSON.parse(decodeUtf8(renderJson(explain('"é" +\n  1 + { }'))));
    expect(labels[0]).toMatchObject({
      file: "«string»",
      origin: "string",
      start: { offset: 9, line: 2, column: 3 },
      end: { offset: 10, line: 2, column: 4 },
      primary: true,
    });
  });

  test("is one line, whatever the message", () => {
    const text = renderJson(explain("throw ''\n  a\n  \"b\" é\n''"));
    expect(text).not.toContain("\n");
    expect(JSON.parse(decodeUtf8(text)).message).toBe('a\n"b" é\n');
  });

  test("leaves out the middle of a very long trace", () => {
    const json = renderJson(
      explain("let f = n: if n == 0 then {}.a else 1 + f (n - 1); in f 3000"),
    );
    const { trace, traceOmitted } = JSON.parse(decodeUtf8(json));
    expect(trace).toHaveLength(2000);
    expect(traceOmitted).toBeGreaterThan(3000);
    expect(trace[0].message).toBe("while evaluating the attribute 'a'");
  });

  test("has stable fields", () => {
    const keys = Object.keys(JSON.parse(decodeUtf8(renderJson(explain("1 + { }")))));
    expect(keys).toEqual([
      "severity",
      "code",
      "kind",
      "message",
      "labels",
      "raisedAt",
      "trace",
      "traceOmitted",
      "cycle",
      "hints",
      "suggestions",
    ]);
  });
});

describe("infinite recursion", () => {
  const cycle = (text: string): string[] => {
    const places = explain(text).cycle;
    return places.map(({ source, span }) => source.text.slice(span.start, span.end)).reverse();
  };

  test.each([
    ["let x = x; in x", ["x"]],
    ["let a = b + 1; b = a + 1; in a", ["b", "a"]],
    ["let s = { a = s.b; b = s.a; }; in s.a", ["s.b", "s.a"]],
    ["let f = x: y + x; y = f 1; in y", ["f", "y"]],
  ])("%s goes round by %j", (text, expected) => {
    expect(cycle(text)).toEqual(expected);
  });

  test("is the same when the value is asked for again", () => {
    const text = "let a = b + 1; b = a + 1; in if (builtins.tryEval 1).success then a else 0";
    expect(cycle(text)).toEqual(["b", "a"]);
  });

  test("does not begin before the value that is needed again", () => {
    expect(
      cycle("let f = n: if n == 0 then x else f (n - 1); x = y + 1; y = x + 1; in f 50"),
    ).toEqual(["y", "x"]);
  });
});

test("any program that fails can be explained", () => {
  const piece = fc.constantFrom(
    ..."1 2.5 \"a\" ''b'' x y ( ) [ ] { } = ; . : , ? @ ... + ++ // == && -> ! - let in if then else with rec inherit assert or throw null ${ } ./a <b> builtins.head \n é".split(
      " ",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      let explanation: Explanation;
      try {
        explanation = explain(pieces.join(" "));
      } catch (error) {
        if (error instanceof Error && error.message.startsWith("no error")) return;
        throw error;
      }
      const { labels } = explanation;
      for (const { source, span } of labels) {
        expect(span.start).toBeLessThanOrEqual(span.end);
        expect(span.end).toBeLessThanOrEqual(source.text.length);
      }
      renderRich(explanation, { color: true, showTrace: true });
      JSON.parse(decodeUtf8(renderJson(explanation)));
    }),
    { numRuns: 3000 },
  );
});
