/** What builtins leave unevaluated, and what they keep the identity of. */
import { expect, test } from "vitest";
import { evaluate, evaluateLazily } from "./evaluate.ts";

test.each([
  ["map (x: throw x) [ 1 2 ]", "[ <CODE> <CODE> ]"],
  ["builtins.genList (x: throw x) 2", "[ <CODE> <CODE> ]"],
  ['builtins.mapAttrs (n: v: throw "x") { a = 1; }', "{ a = <CODE>; }"],
  ['builtins.zipAttrsWith (n: v: throw "x") [ { a = throw "y"; } ]', "{ a = <CODE>; }"],
  ['builtins.listToAttrs [ { name = "a"; value = throw "x"; } ]', "{ a = <CODE>; }"],
  ['removeAttrs { a = throw "x"; b = 1; } [ "b" ]', "{ a = <CODE>; }"],
  ['builtins.intersectAttrs { a = throw "x"; } { a = throw "y"; }', "{ a = <CODE>; }"],
  ['builtins.filter (x: true) [ (throw "x") ]', "[ <CODE> ]"],
  ['builtins.concatMap (x: [ x ]) [ (throw "x") ]', "[ <CODE> ]"],
  ['builtins.groupBy (x: "a") [ (throw "x") ]', "{ a = [ <CODE> ]; }"],
  ["builtins.attrValues { a = throw 1; }", "[ <CODE> ]"],
  ['builtins.tail [ (throw "x") (throw "y") ]', "[ <CODE> ]"],
  ['builtins.tryEval [ (throw "x") ]', "{ success = true; value = [ <CODE> ]; }"],
])("%s stays lazy", (text, answer) => {
  expect(evaluateLazily(text)).toBe(answer);
});

test.each([
  // The callback is not looked at when there is nothing to call it for.
  ['map (throw "x") [ ]', "[ ]"],
  ['builtins.filter (throw "x") [ ]', "[ ]"],
  ['builtins.sort (throw "x") [ ]', "[ ]"],
  ['builtins.mapAttrs (throw "x") { }', "{ }"],
  // Replacements are evaluated when they are used.
  ['builtins.replaceStrings [ "a" "b" ] [ "x" (throw "y") ] "aa"', '"xx"'],
  // Only the first value of a name is needed.
  ['(builtins.listToAttrs [ { name = "a"; value = 1; } { name = "a"; } ]).a', "1"],
  ['builtins.foldl\' (a: b: b) (throw "x") [ 1 ]', "1"],
  ['builtins.addErrorContext (throw "x") 1', "1"],
  ['builtins.seq [ (throw "x") ] 1', "1"],
  ['builtins.any (x: true) [ (throw "x") (throw "y") ]', "true"],
])("%s needs no more", (text, answer) => {
  expect(evaluate(text)).toBe(answer);
});

test.each([
  ["let f = x: x; in builtins.elem f [ f ]", "true"],
  ["let f = x: x; l = [ f ]; in builtins.filter (x: true) l == l", "true"],
  ['let f = x: x; s = { a = f; b = 1; }; in removeAttrs s [ "b" ] == { a = f; }', "true"],
  ["let f = x: x; in builtins.concatLists [ [ f ] [ f ] ] == [ f f ]", "true"],
  ["let f = x: x; in builtins.attrValues { a = f; } == [ f ]", "true"],
  ["let f = x: x; in map (x: x) [ f ] == [ f ]", "false"],
])("%s keeps identities", (text, answer) => {
  expect(evaluate(text)).toBe(answer);
});
