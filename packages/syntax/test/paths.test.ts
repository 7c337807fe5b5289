/** Path literals: what counts as one, what it resolves to, and the places of their errors. */
import { expect, test } from "vitest";
import { NodeKind, type PathTemplate } from "../src/index.ts";
import { check, checkError, parseText } from "./check.ts";

test("a slash between path chars makes a path", () => {
  check("1/2", "/base/dir/1/2");
  check("a/b", "/base/dir/a/b");
  check("7.0/2", "/base/dir/7.0/2");
  check("if/x", "/base/dir/if/x");
  check("+a/b", "/base/dir/+a/b");
  check("a /b", "(a /b)");
});

test("a slash beside blanks divides", () => {
  check("a/ b", "(__div a b)");
  check("a / b", "(__div a b)");
  check("a//b", "(a // b)");
  check("a'/b", "(a' /b)");
});

test("paths are made absolute and canonical by name", () => {
  check("./.", "/base/dir");
  check("../x", "/base/x");
  check("./../../../..", "/");
  check("/a/./b/../c", "/a/c");
  check("./a", "/a", { basePath: "/" });
});

test("lone dots and slashes are not paths", () => {
  checkError("/", "1:1 syntax error, unexpected '/'");
  checkError("..", "1:1 syntax error, unexpected '.'");
  checkError("~", "1:1 syntax error, unexpected invalid token");
  checkError("~/", "1:1 syntax error, unexpected invalid token");
});

test("a trailing slash is an error, told where it was noticed", () => {
  checkError("./a/ b", "1:5 path has a trailing slash");
  checkError("./a/", "1:1 path has a trailing slash");
  checkError("x: ./a${x}b/", "1:11 path has a trailing slash");
});

test("interpolations go into paths", () => {
  check("./a${b}", "(/base/dir/a + b)");
  check("./a/${b}/c.d", '(/base/dir/a/ + b + "/c.d")');
  check("a/${b}", "(/base/dir/a/ + b)");
  check("./a${b}//c", '(/base/dir/a + b + "/" + "/c")');
  check("/${a}${b}", "(/ + a + b)");
  checkError("a${b}", "1:2 syntax error, unexpected '${', expecting end of file");
});

test("two slashes need an interpolation before them", () => {
  checkError("./a//b", "1:1 syntax error, unexpected end of path, expecting '${'");
  checkError("[./a//b ]", "1:6 syntax error, unexpected end of path, expecting '${'");
  checkError("[./a//b//c ]", "1:9 syntax error, unexpected string, expecting '${'");
});

test("the parts of a path know their places", () => {
  const { expr } = parseText(" ./a${b}/c");
  expect(expr).toMatchObject({ kind: NodeKind.PathTemplate, start: 1, end: 10, pos: 1 });
  expect((expr as PathTemplate).partPositions).toEqual([1, 4, 8]);
});

test("the tilde stands for the home directory", () => {
  check("~/a/../b", "/home/user/a/../b");
  check("~/${a}", "(/home/user/ + a)");
  checkError("~/a", "- the path '~/a' can not be resolved in pure mode", { home: undefined });
});

test("search paths are calls", () => {
  check("<nixpkgs>", '(__findFile __nixPath "nixpkgs")');
  check("<a/../b-c>", '(__findFile __nixPath "a/../b-c")');
  check("a <b> c", '(a (__findFile __nixPath "b") c)');
  check("a <b", "(__lessThan a b)");
  checkError("<a/>", "1:1 syntax error, unexpected '<'");
  checkError("< a>", "1:1 syntax error, unexpected '<'");
});

test("an error at the end of a file that ends with a path points before the path", () => {
  checkError("(./a", "1:2 syntax error, unexpected end of file, expecting ')'");
  checkError("(./a ", "1:6 syntax error, unexpected end of file, expecting ')'");
});

test("literals that are discouraged can be reported", () => {
  const warn = parseText("[ http://x.y a/b /c ~/d ./e ]", {
    lints: { urlLiterals: "warn", shortPathLiterals: "warn", absolutePathLiterals: "warn" },
  });
  expect(warn.firstError).toBeUndefined();
  expect(warn.diagnostics.map(({ message, pos }) => `${pos} ${message}`)).toEqual([
    '2 URL literals are discouraged. Consider using a string literal "http://x.y" instead (lint-url-literals)',
    "13 relative path literal 'a/b' should be prefixed with '.' for clarity: './a/b' (lint-short-path-literals)",
    "17 absolute path literals are not portable. Consider replacing path literal '/c' by a string, relative path, or parameter (lint-absolute-path-literals)",
    "20 home path literals are not portable. Consider replacing path literal '~/d' by a string, relative path, or parameter (lint-absolute-path-literals)",
  ]);
  checkError(
    "x:y",
    '1:1 URL literals are disallowed. Consider using a string literal "x:y" instead (lint-url-literals)',
    { lints: { urlLiterals: "fatal" } },
  );
});
