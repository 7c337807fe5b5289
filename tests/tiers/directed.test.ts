/**
 * Programs on which the second tier might differ from the machine: loops of tail calls that fail,
 * recursion beyond the limit of native frames, errors that cross between the two, thunks that can
 * be observed unevaluated. The results must be identical, including all traces and rich
 * diagnostics.
 */
import {
  deepForce,
  EvalError,
  Evaluation,
  explainError,
  memoryIo,
  printAmbiguous,
  renderError,
  renderLogMessage,
  renderRich,
} from "@nivis/eval";
import { describe, expect, test } from "vitest";

const programs: Readonly<Record<string, string>> = {
  "tail call that fails":
    'let loop = n: acc: if n == 0 then throw "done ${toString acc}" else loop (n - 1) (acc + n); in loop 40 0',
  "tail calls at two places":
    "let f = n: a: if n == 0 then a.b else if n > 20 then f (n - 2) a else f (n - 1) a; in f 60 { }",
  "tail call of one argument": "let f = n: if n == 0 then 1 + null else f (n - 1); in f 25",
  "tail call inside `with` and `let`":
    "let f = n: with { m = n; }; let k = m - 1; in if m == 0 then [ ].x else f k; in f 30",
  "a `with` over sets of changing shapes":
    "let f = s: with { z = 9; }; with s; [ (x + 1) (z + 1) ]; sets = [ { x = 1; } { x = 2; z = 3; } ({ a = 1; } // { x = 4; }) { z = 5; x = 6; } ({ x = 7; } // { z = 8; }) ]; in map (i: f (builtins.elemAt sets i)) [ 0 1 2 0 3 4 1 4 3 2 0 ]",
  "a `with` that loses a name":
    "let f = s: with { y = 1; }; with s; x + y; in [ (f { x = 1; }) (f { x = 2; y = 3; }) (f { y = 4; }) ]",
  "a `with` whose namespace is finally not a set":
    "let f = n: with { y = n; }; with (if n > 2 then 7 else { x = n; }); x + y; in map f [ 1 2 3 ]",
  "calls of builtins by builtins with arguments that fail":
    "let f = n: if n > 40 then throw \"f ${toString n}\" else n; in [ (builtins.foldl' builtins.add 0 (map f [ 1 2 3 ])) (builtins.foldl' builtins.add 0 (map f [ 1 2 41 ])) ]",
  "deferred calls with two arguments that fail":
    "let f = name: value: if value > 3 then throw name else value; in builtins.attrValues (builtins.mapAttrs f { a = 1; b = 2; c = 4; })",
  "assertions that fail repeatedly":
    "let f = n: assert n == 0; n; g = n: assert n < 0; n; t = e: (builtins.tryEval e).success; in [ (map (n: t (f n)) [ 0 1 0 2 ]) (map (n: t (g n)) [ 0 (-1) ]) (f [ 1 ]) ]",
  "an assertion about lists that fails":
    "let f = n: assert [ n 2 ] == [ 1 (n + 1) ]; n; in [ (f 1) (f 2) ]",
  "an assertion about a list and a number that fails":
    "let f = n: assert n == 1; n; in [ (f 1) (f [ 1 2 ]) ]",
  "an assertion about functions that fails": "let f = n: assert n == n; n; in [ (f 1) (f (x: x)) ]",
  "throws of computed texts":
    'let f = n: throw (if n > 3 then "large ${toString n}" else { outPath = "small"; }); t = e: (builtins.tryEval e).success; in [ (t (f 1)) (t (f 5)) (f 9) ]',
  "tail calls with a set":
    "let f = { n, acc ? n, ... }: if n == 0 then acc else f { n = n - 1; acc = acc + 1; }; in f { n = 3000; }",
  "tail calls that other closures share":
    "let mk = step: let loop = n: acc: if n <= 0 then acc else (if n == 7 then mk 2 else loop) (n - step) (acc + step); in loop; in mk 1 30 0",
  "recursion beyond the native frames":
    "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 40000",
  "recursion beyond the native frames that fails":
    'let f = n: if n == 0 then abort "bottom" else 1 + f (n - 1); in f 2000',
  "a chain of thunks":
    "builtins.foldl' (a: x: a // { v = a.v + x; }) { v = 0; } (builtins.genList (x: x) 20000)",
  "a long chain of lazy additions":
    "let go = n: acc: if n == 0 then acc else go (n - 1) (acc + (if n > 0 then 1 else 2)); in go 30000 0",
  "infinite recursion": "let x = { a = y.b; }; y = { b = [ x.a ] ++ x.a; }; in x.a",
  "infinite recursion through calls":
    "let f = n: if n == 0 then x else f (n - 1); x = 1 + f 5; in x",
  "infinite recursion through map":
    "let xs = map (i: builtins.elemAt xs 0) [ 1 2 ]; in builtins.elemAt xs 1",
  "endless calls": "let f = x: 1 + f (x + 1); in f 0",
  "endless tail calls": "let f = x: f (x + 1); in f 0",
  "unevaluated arguments are observable":
    "let f = x: [ x ]; g = x: y: { inherit x y; }; in [ (f (1 + 1)) (g (2 - 1) (3 + 4)) ]",
  "unevaluated variables are observable":
    "let f = n: let m = n + 1; in { inherit m; k = n - 1; }; in f 3",
  "an argument observed inside a thunk": "let f = n: let l = [ n ]; in l; g = k: f (k + 1); in g 1",
  "forced arguments are observable": "let f = n: if n == 0 then [ n ] else f (n - 1); in f 3",
  "trace shows an argument":
    "let f = n: builtins.trace [ n ] (if n == 0 then 0 else f (n - 1)); in f 3",
  overflow:
    "let f = n: acc: if n == 0 then acc else f (n - 1) (acc * 3 + 9007199254740000); in f 30 1",
  "large sums":
    "let f = n: acc: if n == 0 then acc else f (n - 1) (acc + 9007199254740991); in [ (f 5 1) (f 2 (-9007199254740991)) ]",
  "negative zero": "let f = a: b: a * b; in [ (f 0 (-1)) (f (-1) 0) (1 / (f 3 1)) ]",
  floats: "let f = n: acc: if n < 0.5 then acc else f (n - 1) (acc + n); in f 10.0 0",
  "a thunk that a builtin returns, forced after a functor call":
    '({ __functor = self: x: builtins.head (map (y: throw "e") [ x ]) + "x"; } 1)',
  "a failing comparison": 'let f = a: b: if a < b then a else b; in f 1 "x"',
  "a condition that is not a Boolean": "let f = a: if a then 1 else 2; in f 1",
  "callbacks that fail": "map (x: builtins.head x) [ [ 1 ] [ ] ]",
  "callbacks of filter": "builtins.filter (x: x.keep) [ { keep = true; } { } ]",
  "callbacks of foldl'":
    "builtins.foldl' (a: b: if b == 3 then a.no.such else a + b) 0 [ 1 2 3 4 ]",
  "callbacks of sort":
    'builtins.sort (a: b: if a == 3 then throw "three" else a < b) [ 5 4 3 2 1 ]',
  "caught errors":
    'let f = n: if n == 0 then throw "no" else f (n - 1); t = n: builtins.tryEval (f n); in map (n: (t n).success) [ 1 2 3 ]',
  "a thunk that fails twice":
    'let x = throw "again"; a = builtins.tryEval x; b = builtins.tryEval (x + 1); in [ a.success b.success x ]',
  "added context":
    'let f = n: builtins.addErrorContext "at ${toString n}" (if n == 0 then { }.gone else f (n - 1)); in f 3',
  "a functor":
    "let f = { __functor = self: x: y: self.k + x.n + y; k = 1; }; in [ (f { n = 1; } 2) (f { } 2) ]",
  "not a function": "let f = x: y: x; in f 1 2 3",
  "a partial builtin": 'let add = builtins.add 1; in map (x: add x) [ 1 2 "x" ]',
  "missing and unexpected arguments":
    "let f = { a, b ? a }: a + b; in [ (f { a = 1; }) (f { a = 1; c = 2; }) ]",
  "selection with computed names":
    'let f = s: n: s.a.${n}.c; in [ (f { a.b.c = 1; } "b") (f { a.b = { }; } "b") ]',
  "selection with a default":
    'let f = s: s.a.b.c or (s.d or 0); in map f [ { a.b.c = 1; } { d = 2; } { a = 3; } { a.b.c = throw "c"; } ]',
  "tests for attributes":
    'let f = s: n: s ? a.${n}.c; in map (s: f s "b") [ { a.b.c = 1; } { a.b = 1; } { } 3 ]',
  logic:
    "let f = a: b: c: a && (b || !c) -> (a == b); in [ (f true false true) (f true true false) (f false 1 2) (f true 1 2) ]",
  "an assertion": "let f = x: assert x == { a = 1; }; x; in [ (f { a = 1; }) (f { a = 2; }) ]",
  texts: 'let f = a: b: "${a}-${b}-${toString 1}"; in [ (f "x" "y") (f "x" 1) ]',
  paths: 'let f = a: /x + "/${a}"; in [ (f "y") (f 1) ]',
  "recursive sets":
    'let f = n: rec { a = n; b = a + c; c = 2; ${"d" + "e"} = b; }; in [ (f 1) (f "s") ]',
  overrides: "let f = n: rec { a = 1; b = a; __overrides.a = n; }; in (f 7).b",
  "`inherit from`":
    "let f = s: let inherit (s) a b; in a + b; in [ (f { a = 1; b = 2; }) (f { a = 1; }) ]",
  "functions as values are not equal":
    "let f = x: x; g = h: { inherit h; } == { inherit h; }; in [ (g f) (f == f) ([ f ] == [ f ]) ]",
  fixpoints:
    "let fix = f: let x = f x; in x; in (fix (self: { a = 1; b = self.a + 1; c = self.b + self.d; })).c",
};

const tiers = [{ tier: "js" }, { tier: "js", tierStress: true }, { tier: "auto" }] as const;

type Way = { readonly tier: "vm" | "js" | "auto"; readonly tierStress?: boolean };

/** Everything observable about a program. */
function outcome(text: string, way: Way, maxCallDepth: number): string[] {
  const logged: string[] = [];
  const io = memoryIo({ log: (message) => logged.push(renderLogMessage(message, false)) });
  const evaluation = new Evaluation({ io, settings: { showTrace: true, maxCallDepth }, ...way });
  const { positions } = evaluation;
  const attempt = (run: () => string): void => {
    try {
      logged.push(run());
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      logged.push(renderError(error, positions, { showTrace: true, color: false }));
      const explanation = explainError(error, positions, evaluation.context.settings);
      logged.push(renderRich(explanation, { showTrace: true, color: false }));
    }
  };
  const slot = evaluation.loadText(text);
  attempt(() => printAmbiguous(evaluation.force(slot)));
  attempt(() => printAmbiguous(evaluation.run(deepForce(evaluation.context, slot))));
  return logged;
}

describe("the machine", () => {
  test.each(Object.entries(programs))("%s", async (name, text) => {
    const said = outcome(text, { tier: "vm" }, 100_000).join("\n---\n");
    const file = name.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "");
    const seen = Buffer.from(`${text}\n---\n${said}\n`, "latin1").toString("utf8");
    await expect(seen).toMatchFileSnapshot(`golden/${file}.txt`);
  });
});

describe.each([2500, 100_000])("with calls nested up to %i", (maxCallDepth) => {
  test.each(Object.entries(programs))("%s", (_name, text) => {
    const expected = outcome(text, { tier: "vm" }, maxCallDepth);
    for (const way of tiers) {
      expect(outcome(text, way, maxCallDepth), JSON.stringify(way)).toEqual(expected);
    }
  });
});
