/** Sets: `inherit`, dynamic names, and how definitions with paths merge. */
import { expect, test } from "vitest";
import { type AttrSet, NO_OFFSET } from "../src/index.ts";
import { check, checkError, parseText } from "./check.ts";

test("`inherit` takes words and static strings", () => {
  check('{ inherit a "b" ${"c"} or; }', "{ inherit a b c or; }");
  check("{ inherit (e) b a; inherit (f) c; }", "{ inherit (e) a b; inherit (f) c; }");
  check("{ inherit; inherit (e); }", "{ }");
  check("let in 1", "(let in 1)");
  checkError('{ inherit "${a}"; }', "1:11 dynamic attributes not allowed in inherit");
  checkError("{ inherit ${a}; }", "1:11 dynamic attributes not allowed in inherit");
});

test("each `inherit (e)` keeps its source, used or not", () => {
  const set = parseText("{ inherit (a); inherit (b) x y; }").expr as AttrSet;
  expect(set.inheritFrom).toHaveLength(2);
  expect(set.bindings.map(({ name, from, pos }) => [name, from, pos])).toEqual([
    ["x", 1, 27],
    ["y", 1, 29],
  ]);
});

test("names are static, or dynamic when they hold an expression", () => {
  check('{ "a b" = 1; ${"c"} = 2; }', '{ "a b" = 1; c = 2; }');
  check('{ ${a} = 1; "${b}" = 2; }', '{ "${a}" = 1; "${(b)}" = 2; }');
  check("{ ${a}.b = 1; ${a}.b = 2; }", '{ "${a}" = { b = 1; }; "${a}" = { b = 2; }; }');
  check('{ "if" = 1; "1a" = 2; }', '{ "1a" = 2; "if" = 1; }');
});

test("`let` has no dynamic names", () => {
  checkError(" let ${a} = 1; in 1", "1:2 dynamic attributes not allowed in let");
  checkError("let ${a} = 1; in (", "1:19 syntax error, unexpected end of file");
});

test("paths make nested sets", () => {
  check("{ a.b.c = 1; a.b.d = 2; a.e = 3; }", "{ a = { b = { c = 1; d = 2; }; e = 3; }; }");
  const set = parseText("{ x.y = 1; }").expr as AttrSet;
  expect(set.bindings[0]).toMatchObject({ pos: 2, value: { implicit: true, pos: NO_OFFSET } });
  expect(set).toMatchObject({ implicit: false, pos: 0 });
});

test("literals merge with paths and with each other, at any depth", () => {
  check("{ a = { b = 1; }; a.c = 2; }", "{ a = { b = 1; c = 2; }; }");
  check("{ a.c = 2; a = ({ b = 1; }); }", "{ a = { b = 1; c = 2; }; }");
  check("{ a.b = { c = 1; }; a = { b.e = 3; }; }", "{ a = { b = { c = 1; e = 3; }; }; }");
});

test("the first literal decides about recursion", () => {
  check("{ a = rec { b = 1; }; a.c = b; }", "{ a = rec { b = 1; c = b; }; }");
  check("{ a = { b = 1; }; a = rec { c = 2; }; }", "{ a = { b = 1; c = 2; }; }");
});

test("merging moves dynamic names and inherits along", () => {
  check("{ a.b = 1; a = { ${c} = 2; }; }", '{ a = { b = 1; "${c}" = 2; }; }');
  check(
    "{ a = { inherit (x) b; }; a = { inherit (y) c; inherit d; }; }",
    "{ a = { inherit d; inherit (x) b; inherit (y) c; }; }",
  );
});

test("everything else is a duplicate", () => {
  const at = (place: string): string => `already defined at \u00abstring\u00bb:${place}`;
  checkError("{ a = 1; a = 2; }", `1:10 attribute 'a' ${at("1:3")}`);
  checkError("{ a = x; a.b = 1; }", `1:10 attribute 'a' ${at("1:3")}`);
  checkError("{ a.b = 1; a.b.c = 2; }", `1:12 attribute 'a.b' ${at("1:3")}`);
  checkError("{ inherit a; a.b = 1; }", `1:14 attribute 'a' ${at("1:11")}`);
  checkError("{ a = 1;\n inherit (b) a; }", `2:14 attribute 'a' ${at("1:3")}`);
  checkError("{ a.b = 1; a = { c = 1; b = 2; }; }", `1:25 attribute 'a.b' ${at("1:3")}`);
  checkError('{ "x y".a = 1; "x y".a = 2; }', `1:16 attribute '"x y".a' ${at("1:3")}`);
  checkError("let a = 1; a = 2; in a", `1:12 attribute 'a' ${at("1:5")}`);
  checkError("let { a = 1; a = 2; }", `1:14 attribute 'a' ${at("1:7")}`);
});

test("of several duplicates the name that was mentioned first is told first", () => {
  const { diagnostics } = parseText("{ a.y = 1; a.x = 1; a = { x = 2; y = 3; }; }");
  expect(diagnostics.map(({ message }) => message.slice(0, 15))).toEqual([
    "attribute 'a.y'",
    "attribute 'a.x'",
  ]);
});

test("a duplicate is told before a mistake that follows it", () => {
  checkError(
    "{ a = 1; a = 2; 99999999999999999999",
    "1:10 attribute 'a' already defined at \u00abstring\u00bb:1:3",
  );
});

test("big sets find their duplicates too", () => {
  const many = Array.from({ length: 30 }, (_, i) => `a${i}.b = ${i};`).join(" ");
  const set = parseText(`{ ${many} a7.c = 1; }`).expr as AttrSet;
  expect(set.bindings).toHaveLength(30);
  expect(set.bindings[7]?.value).toMatchObject({ bindings: [{ name: "b" }, { name: "c" }] });
});
