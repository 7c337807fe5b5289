/** Operators, applications, lambdas, attribute paths and the positions that nodes carry. */
import { expect, test } from "vitest";
import {
  type Binary,
  type Call,
  type Lambda,
  type Let,
  type List,
  NO_OFFSET,
  parseBindings,
  printExpr,
  type Select,
  SourceFile,
} from "../src/index.ts";
import { check, checkError, parseText } from "./check.ts";

const pipes = { features: { pipeOperators: true } };

test("operators bind as in the table of Nix", () => {
  check("a -> b -> c || d && e", "(a -> (b -> (c || (d && e))))");
  check("a || b || c", "((a || b) || c)");
  check("a == b < c", "(a == (__lessThan b c))");
  check("a // b // c", "(a // (b // c))");
  check("a + b - c", "(__sub (a + b) c)");
  check("a * b + c / d", "((__mul a b) + (__div c d))");
  check("a ++ b ++ c * d", "(__mul (a ++ (b ++ c)) d)");
  check("a ? b ? c", "((((a) ? b)) ? c)");
});

test("prefix operators", () => {
  check("!a + b", "(! (a + b))");
  check("!a // b", "((! a) // b)");
  check("!a ? b", "(! ((a) ? b))");
  check("-a ? b", "(((__sub 0 a)) ? b)");
  check("-f x", "(__sub 0 (f x))");
  check("--a", "(__sub 0 (__sub 0 a))");
  check("a + !b == c", "((a + (! b)) == c)");
  check("a ++ -b ? c", "(a ++ (((__sub 0 b)) ? c))");
  checkError("[ -1 ]", "1:3 syntax error, unexpected '-'");
  checkError("f !a", "1:3 syntax error, unexpected '!', expecting end of file");
});

test("comparisons do not chain", () => {
  checkError("a == b == c", "1:8 syntax error, unexpected '=='");
  checkError("a < b > c", "1:7 syntax error, unexpected '>'");
});

test("arithmetic and comparison become calls", () => {
  check("a - b", "(__sub a b)");
  check("a > b", "(__lessThan b a)");
  check("a <= b", "(! (__lessThan b a))");
  check("a >= b", "(! (__lessThan a b))");
  check("a != b", "(a != b)");
});

test("pipes apply, and do not mix", () => {
  check("a |> f |> g", "(g (f a))", pipes);
  check("f <| g <| a", "(f (g a))", pipes);
  check("a |> f x", "(f x a)", pipes);
  check("a + b |> f", "(f (a + b))", pipes);
  checkError("a |> f <| b", "1:8 syntax error, unexpected '<|', expecting end of file", pipes);
  checkError("f <| b |> a", "1:8 syntax error, unexpected '|>', expecting end of file", pipes);
});

test("an application is one node, also through parentheses", () => {
  check("f a b", "(f a b)");
  check("(f a) b", "(f a b)");
  check("f (a b)", "(f (a b))");
  check("(-1) 2", "(__sub 0 1 2)");
  check("(a < b) c", "(__lessThan a b c)");
  check("<a> b", '(__findFile __nixPath "a" b)');
});

test("constructs with a body are not operands", () => {
  checkError("1 + let a = 1; in a", "1:9 syntax error, unexpected identifier, expecting '{'");
  checkError("a + if b then c else d", "1:5 syntax error, unexpected 'if'");
  checkError("f x: y", "1:4 syntax error, unexpected ':', expecting end of file");
  checkError("[ x: x ]", "1:4 syntax error, unexpected ':'");
  check("if a then b else c + d", "(if a then b else (c + d))");
  check("x: y: x y", "(x: (y: (x y)))");
});

test("`let { }` selects the body of a recursive set", () => {
  check("let { body = a; a = 1; }", "(rec { a = 1; body = a; }).body");
  check("let { body = { a = 1; }; }.a", "((rec { body = { a = 1; }; }).body).a");
  check("[ let { body = 1; } ]", "[ ((rec { body = 1; }).body) ]");
});

test("`or` behind an expression without a dot is an argument", () => {
  check("map or [ ]", "(map or [ ])");
  check("f or 3", "(f or 3)");
  check("[ f or x ]", "[ ((f or)) (x) ]");
  check("{ or = 1; }.or", "({ or = 1; }).or");
  checkError("or", "1:1 syntax error, unexpected 'or'");
  checkError("{ or }: 1", "1:6 syntax error, unexpected '}', expecting '.' or '='");
  checkError("a or or", "1:6 syntax error, unexpected 'or', expecting end of file");
});

test("an `or` that will change its meaning is warned of", () => {
  const warnings = (text: string): string[] => parseText(text).diagnostics.map((d) => d.message);
  expect(warnings("map or [ ]")).toEqual([]);
  expect(warnings("f (g or)")).toEqual([]);
  expect(warnings("[ (g or) ]")).toEqual([]);
  expect(warnings("a.b or c or")).toHaveLength(1);
  expect(warnings("[ x\n or ]")[0]).toBe(
    "at \xc2\xabstring\xc2\xbb:1:3: This expression uses `or` as an identifier in a way that will change in a future Nix release.\n" +
      "Wrap this entire expression in parentheses to preserve its current meaning:\n" +
      "    (x\n or)\n" +
      "Give feedback at https://github.com/NixOS/nix/pull/11121",
  );
});

test("lambdas and their patterns", () => {
  check("{ }: 1", "({  }: 1)");
  check("{ ... }: 1", "({ ... }: 1)");
  check("{ b, a ? b, }: a", "({ a ? b, b }: a)");
  check("{ a, ... }@x: a", "({ a, ... } @ x: a)");
  check("x@{ a ? { b }: b }: a", "({ a ? ({ b }: b) } @ x: a)");
  check("{ a ? x: y, b }: a", "({ a ? (x: y), b }: a)");
});

test("broken patterns", () => {
  checkError("{,}: 1", "1:2 syntax error, unexpected ',', expecting 'inherit'");
  checkError("{ ..., }: 1", "1:6 syntax error, unexpected ',', expecting '}'");
  checkError(
    "{ a, 1 }: a",
    "1:6 syntax error, unexpected integer, expecting identifier or '...' or '}'",
  );
  checkError("{ a, b = 1; }", "1:8 syntax error, unexpected '=', expecting '}' or ','");
  checkError("{ a }", "1:6 syntax error, unexpected end of file, expecting ':' or '@'");
  checkError("{ a }@1", "1:7 syntax error, unexpected integer, expecting identifier");
  checkError("{ a }@b 1", "1:9 syntax error, unexpected integer, expecting ':'");
  checkError("x@y", "1:3 syntax error, unexpected identifier, expecting '{'");
  checkError("x@{ }@y: 1", "1:6 syntax error, unexpected '@', expecting ':'");
});

test("no name may stand twice in a pattern", () => {
  checkError("{ a, b, a }: 1", "1:9 duplicate formal function argument 'a'");
  checkError("a: { x, y, y, x }: 1", "1:15 duplicate formal function argument 'x'");
  checkError("{ a }@a: 1", "1:1 duplicate formal function argument 'a'");
  checkError("{ a, a }: (", "1:12 syntax error, unexpected end of file");
});

test("braces without a colon are a set", () => {
  check("{ }", "{ }");
  check("[ { } ]", "[ ({ }) ]");
  checkError("1 + { a }", "1:9 syntax error, unexpected '}', expecting '.' or '='");
});

test("attribute names are words, strings or interpolations", () => {
  check('a.b."c d".${"e"}.or', '(a).b."c d".e.or');
  check('a."${b}"', '(a)."${(b)}"');
  check("a.${b} or c", '(a)."${b}" or (c)');
  check("a.b or c.d or e", "(a).b or ((c).d or (e))");
  check("a.b or c d", "((a).b or (c) d)");
  check('a ? b."${c}"', '((a) ? b."${(c)}")');
  check("a.1", "(a 0.1)");
});

test("`__curPos` is a word of its own", () => {
  check("__curPos.line", "(__curPos).line");
  check("{ __curPos = 1; }", "{ __curPos = 1; }");
});

test("what C++ Nix expected is listed when it is at most four tokens", () => {
  checkError(
    "a.assert",
    "1:3 syntax error, unexpected 'assert', expecting identifier or 'or' or '${' or '\"'",
  );
  checkError("if a else", "1:6 syntax error, unexpected 'else', expecting 'then'");
  checkError("assert a", "1:9 syntax error, unexpected end of file, expecting ';'");
  checkError("let a = 1; 2", "1:12 syntax error, unexpected integer, expecting 'in' or 'inherit'");
  checkError("rec { 1", "1:7 syntax error, unexpected integer, expecting 'inherit' or '}'");
  checkError("rec 1", "1:5 syntax error, unexpected integer, expecting '{'");
  checkError("{ a = 1; 2", "1:10 syntax error, unexpected integer, expecting 'inherit'");
  checkError("{ inherit (a b; }", "1:15 syntax error, unexpected ';', expecting ')'");
  checkError("{ inherit 1; }", "1:11 syntax error, unexpected integer");
  checkError('"${a', "1:5 syntax error, unexpected end of file, expecting '}'");
  checkError("(a]", "1:3 syntax error, unexpected ']', expecting ')'");
});

test("nodes have the positions of C++ Nix", () => {
  const at = (text: string): number => parseText(text).expr.pos;
  expect(at("a + b")).toBe(2);
  expect(at("(a) + b")).toBe(4);
  expect(at("a <= b")).toBe(2);
  expect(at(" (f) x")).toBe(1);
  expect(at(" (f y) x")).toBe(2);
  expect(at(" -a")).toBe(1);
  expect(at("! a")).toBe(2);
  expect(at(" a.b")).toBe(1);
  expect(at("(a).b")).toBe(0);
  expect(at("(a) ? b")).toBe(1);
  expect(at(" x: y")).toBe(1);
  expect(at("[ 1 ]")).toBe(NO_OFFSET);
  expect(at("[ a ]")).toBe(2);
  expect(at(' "${a}"')).toBe(2);
  expect(at(" ''${a}b''")).toBe(1);
  expect(at("let in a")).toBe(NO_OFFSET);
});

test("spans include parentheses", () => {
  const binary = parseText("((a)) + b").expr as Binary;
  expect(binary).toMatchObject({ start: 0, end: 9 });
  expect(binary.left).toMatchObject({ start: 0, end: 5, pos: 2 });
});

test("a callee that is a call takes the argument of a pipe", () => {
  const call = parseText("a |> f x", pipes).expr as Call;
  expect(call.args).toHaveLength(2);
  expect(call).toMatchObject({ start: 0, end: 8, pos: 5 });
});

test("a lambda is named after its binding, through curried arguments", () => {
  const body = (parseText("let f = a: { b }: (c: c); in f").expr as Let).attrs.bindings[0];
  const names: (string | undefined)[] = [];
  for (let e = body?.value; e !== undefined && "param" in e; e = e.body) names.push(e.name);
  expect(names).toEqual(["f", "f", "f"]);
});

test("doc comments belong to the lambda or binding behind them", () => {
  const text = "/** outer */ x: /** inner */ y: z: 1";
  const outer = parseText(text).expr as Lambda;
  const doc = (lambda: Lambda): string => text.slice(lambda.doc?.start, lambda.doc?.end);
  expect(doc(outer)).toBe("/** outer */");
  expect(doc(outer.body as Lambda)).toBe("/** inner */");
  expect((outer.body as Lambda).body).toMatchObject({ doc: { start: 16, end: 28 } });
});

test("a binding gives its doc comment to its value", () => {
  const attrs = (parseText("let /** d */ # c\n a.b = (x: x); in a").expr as Let).attrs;
  const doc = { start: 4, end: 12 };
  expect(attrs.bindings[0]).toMatchObject({ name: "a", doc });
  expect(attrs.bindings[0]?.value).toMatchObject({
    bindings: [{ name: "b", doc, value: { doc } }],
  });
});

test("ordinary comments are not documentation", () => {
  for (const comment of ["/**/", "/***/", "/*** a */", "/* a */", "/** a */ 1 + "]) {
    const list = parseText(`[ (${comment.startsWith("/** a") ? "" : comment} x: x) ]`).expr as List;
    expect(list.items[0]).toMatchObject({ doc: undefined });
  }
});

test("comments and parentheses are kept on demand", () => {
  const text = "( # a\n (1)) /* b */";
  expect(parseText(text)).toMatchObject({ comments: [], parens: [] });
  const kept = parseText(text, { keepComments: true, keepParens: true });
  expect(kept.comments.map(({ start, end }) => text.slice(start, end))).toEqual(["# a", "/* b */"]);
  expect(kept.parens.map(({ start, end }) => text.slice(start, end))).toEqual([
    "(1)",
    "( # a\n (1))",
  ]);
});

test("a REPL may ask for bindings without braces", () => {
  const options = { basePath: "/", home: "/" };
  const run = (text: string) => parseBindings(new SourceFile({ kind: "string" }, text), options);
  expect(printExpr(run("a = 1; inherit b;").expr)).toBe("{ inherit b; a = 1; }");
  expect(run("a = 1; 2").firstError?.message).toBe(
    "syntax error, unexpected integer, expecting end of file",
  );
  expect(run("1").firstError?.message).toBe(
    "syntax error, unexpected integer, expecting 'inherit'",
  );
  expect(run("").firstError?.message).toBe("syntax error, unexpected end of file");
});

test("selection knows the places of its names", () => {
  const { path } = parseText('a.b."c".${d}').expr as Select;
  expect(path.map(({ start, end }) => [start, end])).toEqual([
    [2, 3],
    [4, 7],
    [8, 12],
  ]);
});
