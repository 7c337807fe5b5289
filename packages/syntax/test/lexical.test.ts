/** The lexical rules: blanks, comments, names, numbers, URIs and the inside of strings. */
import { expect, test } from "vitest";
import { bytes, check, checkError, parseText } from "./check.ts";

test("blanks are space, tab, CR and LF only", () => {
  check(" \t\r\n1\r\n", "1");
  checkError("\f1", "1:1 syntax error, unexpected invalid token");
  checkError(bytes("\u00a01"), "1:1 syntax error, unexpected invalid token");
  checkError(bytes("\ufeff1"), "1:1 syntax error, unexpected invalid token");
  checkError("", "1:1 syntax error, unexpected end of file");
});

test("a null byte in code ends the text", () => {
  check("1\0 garbage (", "1");
  checkError("(1\0)", "1:4 syntax error, unexpected end of file, expecting ')'");
});

test("comments end at CR or LF, block comments do not nest", () => {
  check("# a\r1", "1");
  check("1 /**/ /***/ # end", "1");
  checkError("/* a /* b */ 1 */", "1:17 syntax error, unexpected '/'");
  checkError("1 /* 2", "1:4 syntax error, unexpected '*'");
  checkError("/* 1", "1:1 syntax error, unexpected '/'");
});

test("names may hold dashes and quotes", () => {
  check("[ a-1 a--b a' _ _x ]", "[ (a-1) (a--b) (a') (_) (_x) ]");
  check("a->b", "(__lessThan b a-)");
  check("a -> b", "(a -> b)");
});

test("true, false and null are plain names", () => {
  check("{ true = null; }.true", "({ true = null; }).true");
});

test("integers must fit 64 bits", () => {
  check(
    "[ 007 9223372036854775807 9007199254740993 ]",
    "[ (7) (9223372036854775807) (9007199254740993) ]",
  );
  checkError("9223372036854775808", "1:1 invalid integer '9223372036854775808'");
  check("1e5", "(1 e5)");
});

test("floats follow the expression of the lexer, not common sense", () => {
  check("[ 1. .5 1.e2 0.5 1.5e-3 1e6 ]", "[ (1) (0.5) (100) (0.5) (0.0015) (1) (e6) ]");
  check("00.5", "(0 0.5)");
  check("1.2.3", "(1.2 0.3)");
  check("a.1", "(a 0.1)");
  check("1.0e+300", "1e+300");
  checkError(
    "0.",
    "1:3 syntax error, unexpected end of file, expecting identifier or 'or' or '${' or '\"'",
  );
});

test("floats outside the range of a double are errors", () => {
  checkError("1.0e999", "1:1 invalid float '1.0e999'");
  checkError("1.0e-999", "1:1 invalid float '1.0e-999'");
  checkError("4.9e-324", "1:1 invalid float '4.9e-324'");
  check("0.0e-999", "0");
  check("2.2250738585072014e-308", "2.22507e-308");
});

test("a colon inside a word makes a URI", () => {
  check("x:x", '"x:x"');
  check("http://a.b/c?d=e&f='g'", `"http://a.b/c?d=e&f='g'"`);
  check("a+b.c-d:%", '"a+b.c-d:%"');
  check("x:x#y", '"x:x"');
  check("x: x", "(x: x)");
  check("a_b:c", "(a_b: c)");
  expect(parseText("x:x").expr).toMatchObject({ form: "uri" });
});

test("plain strings know five escapes", () => {
  check(String.raw`"\n\r\t\\\"\q\$"`, String.raw`"\n\r\t\\\"q$"`);
  check('"a\r\nb\rc\nd"', String.raw`"a\nb\nc\nd"`);
  check(String.raw`"\${x}"`, String.raw`"\${x}"`);
});

test("a dollar takes the next char with it", () => {
  check('"$${x}"', '"$\\${x}"');
  check('"$$${x}"', '("$$" + x)');
  check('"a$"', '"a$"');
  check('"$\\{x}"', '"\\${x}"');
});

test("interpolations make templates, even around a plain string", () => {
  check('"a${b}c"', '("a" + b + "c")');
  check('"${"a"}"', '("a")');
  check('"${a}${b}"', "(a + b)");
  check('"${"${a}"}"', "((a))");
});

test("null bytes in strings are errors that show them", () => {
  checkError(
    '"a\0b"',
    "1:2 input string 'a␀b' cannot be represented as Nix string because it contains null bytes",
  );
  checkError(
    "''\0''",
    "1:3 input string '␀' cannot be represented as Nix string because it contains null bytes",
  );
});

test("a file may not end inside a string", () => {
  checkError('"a', "1:3 syntax error, unexpected end of file, expecting '\"'");
  checkError('"a$', "1:4 syntax error, unexpected end of file, expecting '\"'");
  checkError('"a\\', "1:4 syntax error, unexpected end of file, expecting '\"'");
  checkError(
    "''a",
    "1:4 syntax error, unexpected end of file, expecting indented string or '${' or end of an indented string",
  );
});

test("indented strings lose their common indentation", () => {
  check("''\n  a\n    b\n  ''", String.raw`"a\n  b\n"`);
  check("''  a  ''", '"a  "');
  check("''a\n  b''", String.raw`"a\n  b"`);
  check("''\n    a\n\n   \n    b''", String.raw`"a\n\n\nb"`);
  check("''\n\ta\n  b''", String.raw`"\ta\n  b"`);
  check("''   \n  a''", '"a"');
  check("''\n''", '""');
  check("''''", '""');
});

test("interpolations and escapes end the indentation of their line", () => {
  check("''\n    ${a}\n      b''", String.raw`(a + "\n  b")`);
  check("''\n    ''$\n      b''", String.raw`("$" + "\n  b")`);
  check("''\n  a''\\n  b\n  c''", String.raw`("a" + "\n" + "b\nc")`);
});

test("indented strings have their own escapes", () => {
  check("'' ''${a} ''", '("$" + "{a} ")');
  check("'' ''' ''", `("''" + " ")`);
  check(String.raw`''a''\tb\t''`, String.raw`("a" + "\t" + "b\\t")`);
  check("''a$''", '("a" + "$")');
  check("''$${a}''", String.raw`"$\${a}"`);
  check("''a'b''", `"a'b"`);
  check("''a'${b}''", `("a" + "'" + b)`);
  check("''${\"a\"}''", '"a"');
});

test("the lexer of indented strings keeps CR", () => {
  check("''\r\n a''", String.raw`"\r\n a"`);
});

test("pipes need their feature", () => {
  checkError(
    "a |> b",
    "1:3 experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it",
  );
  check("a |> b", "(b a)", { features: { pipeOperators: true } });
});

test("bytes that begin no token are invalid", () => {
  checkError("1 ^ 2", "1:3 syntax error, unexpected invalid token, expecting end of file");
  checkError("a & b", "1:3 syntax error, unexpected invalid token, expecting end of file");
  checkError("a ${b}", "1:3 syntax error, unexpected '${', expecting end of file");
  checkError("(a ...)", "1:4 syntax error, unexpected '...', expecting ')'");
});
