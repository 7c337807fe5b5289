/** What C++ Nix's own tests of builtins establish, with inputs of our own. */
import { describe, expect, test } from "vitest";
import { errorOf, evaluate, evaluateLazily } from "../builtins/evaluate.ts";

describe("values of builtins", () => {
  test.each([
    ["builtins.ceil 6.2", "7"],
    ["builtins.ceil (-6.2)", "-6"],
    ["builtins.floor 6.9", "6"],
    ["builtins.floor (-6.2)", "-7"],
    ["builtins.floor (-9223372036854775807 - 1)", "-9223372036854775808"],
    ['builtins.tryEval (throw "no")', "{ success = false; value = false; }"],
    ["builtins.tryEval [ 7 ]", "{ success = true; value = [ 7 ]; }"],
    ['builtins.seq { inner = throw "no"; } 3', "3"],
    ['builtins.trace "t" 3', "3"],
    ["baseNameOf /usr/share/doc", '"doc"'],
    ["dirOf /usr/share/doc", "/usr/share"],
    ["builtins.attrValues { z = 1; m = 2; a = 3; }", "[ 3 2 1 ]"],
    ["builtins.attrNames { z = 1; m = 2; a = 3; B = 4; }", '[ "B" "a" "m" "z" ]'],
    ['builtins.getAttr "k" { k = 8; }', "8"],
    ['[ (builtins.hasAttr "k" { k = 8; }) (builtins.hasAttr "l" { k = 8; }) ]', "[ true false ]"],
    ["map builtins.isAttrs [ { } [ ] null ]", "[ true false false ]"],
    ["map builtins.isList [ { } [ ] null ]", "[ false true false ]"],
    ['removeAttrs { k = 1; l = 2; m = 3; } [ "k" "m" "x" ]', "{ l = 2; }"],
    ["builtins.listToAttrs [ ]", "{ }"],
    [
      'builtins.listToAttrs [ { name = "k"; value = 1; } { name = "k"; value = 2; } ]',
      "{ k = 1; }",
    ],
    ["builtins.intersectAttrs { k = 1; l = 2; } { l = 3; m = 4; }", "{ l = 3; }"],
    ['builtins.catAttrs "k" [ { k = 1; } { } { l = 2; } { k = 3; } ]', "[ 1 3 ]"],
    ["builtins.functionArgs ({ k, l ? 1, ... }: k)", "{ k = false; l = true; }"],
    ["builtins.mapAttrs (n: v: n + toString v) { k = 1; l = 2; }", '{ k = "k1"; l = "l2"; }'],
    ["builtins.elemAt [ 5 6 7 ] 1", "6"],
    ["builtins.head [ 5 6 ]", "5"],
    ["builtins.tail [ 5 6 7 ]", "[ 6 7 ]"],
    ["builtins.filter (n: n > 5) [ 5 6 7 5 8 ]", "[ 6 7 8 ]"],
    ["[ (builtins.elem 5 [ 4 5 ]) (builtins.elem 6 [ 4 5 ]) ]", "[ true false ]"],
    ["builtins.concatLists [ [ 1 ] [ ] [ 2 3 ] ]", "[ 1 2 3 ]"],
    ["builtins.length [ [ ] [ ] ]", "2"],
    ["builtins.foldl' (a: b: a * 10 + b) 0 [ 1 2 3 ]", "123"],
    ["[ (builtins.any (n: n == 2) [ 1 2 ]) (builtins.any (n: true) [ ]) ]", "[ true false ]"],
    ["[ (builtins.all (n: n == 2) [ 1 2 ]) (builtins.all (n: false) [ ]) ]", "[ false true ]"],
    ["builtins.genList (n: n * n) 4", "[ 0 1 4 9 ]"],
    ["builtins.sort builtins.lessThan [ 31 4 159 26 5 ]", "[ 4 5 26 31 159 ]"],
    ["builtins.sort (a: b: a > b) [ 1 3 2 ]", "[ 3 2 1 ]"],
    ["builtins.partition (n: n < 3) [ 1 5 2 7 ]", "{ right = [ 1 2 ]; wrong = [ 5 7 ]; }"],
    ["builtins.concatMap (n: [ n n ]) [ 1 2 ]", "[ 1 1 2 2 ]"],
    ["[ (builtins.add 4 5) (builtins.add 4.5 5) (builtins.add 4 5.5) ]", "[ 9 9.5 9.5 ]"],
    ["[ (builtins.sub 4 5) (builtins.sub 4.5 5) (builtins.sub 4 5.5) ]", "[ -1 -0.5 -1.5 ]"],
    ["[ (builtins.mul 4 5) (builtins.mul 4.5 5) (builtins.mul 4 5.5) ]", "[ 20 22.5 22 ]"],
    ["[ (builtins.div 9 2) (builtins.div (-9) 2) (builtins.div 9.0 2) ]", "[ 4 -4 4.5 ]"],
    ["[ (builtins.bitAnd 12 10) (builtins.bitOr 12 10) (builtins.bitXor 12 10) ]", "[ 8 14 6 ]"],
    [
      "[ (builtins.lessThan 1 2) (builtins.lessThan 2 1) (builtins.lessThan 1 1.5) ]",
      "[ true false true ]",
    ],
    ["map toString [ 7 true false null 0.25 [ 1 [ 2 ] ] ]", '[ "7" "1" "" "" "0.250000" "1 2" ]'],
    ['toString { outPath = "o"; __toString = self: "s"; }', '"s"'],
    ['toString { outPath = "o"; }', '"o"'],
    ["toString ./file", '"/dir/file"'],
    ['builtins.substring 2 3 "abcdefg"', '"cde"'],
    ['builtins.substring 2 99 "abc"', '"c"'],
    ['builtins.substring 5000000000 1 "abc"', '""'],
    ['builtins.substring 1 5000000000 "abc"', '"bc"'],
    ['builtins.stringLength "four"', "4"],
    ['builtins.splitVersion "4.5pre6-x"', '[ "4" "5" "pre" "6" "x" ]'],
    ['builtins.parseDrvName "my-tool-2.0rc1+git"', '{ name = "my-tool"; version = "2.0rc1+git"; }'],
    ['builtins.replaceStrings [ "ab" "c" ] [ "X" "" ] "abcab"', '"XX"'],
    ['builtins.concatStringsSep ", " [ "a" "b" ]', '"a, b"'],
    ['builtins.match "x(y)?(z)?" "xz"', '[ null "z" ]'],
    ['builtins.match "x" "xy"', "null"],
    ['builtins.match "\\\\{[0-9]+}" "{42}"', "[ ]"],
    ['builtins.split "([0-9])|(-)" "a1b-c"', '[ "a" [ "1" null ] "b" [ null "-" ] "c" ]'],
    ["builtins.genericClosure { startSet = [ ]; }", "[ ]"],
  ])("%s", (text, expected) => {
    expect(evaluate(text)).toBe(expected);
  });

  test.each([
    ["1.0", "1.0.0", -1],
    ["1.9", "1.10", -1],
    ["3.2", "3.2", 0],
    ["3.2.1", "3.2", 1],
    ["3.2pre4", "3.2", -1],
    ["3.2pre4", "3.2pre30", -1],
    ["3.2a", "3.2b", -1],
    ["3.2pre4", "3.2a", -1],
    ["3.2.1", "3.2a", 1],
  ])("orders version %s and %s", (a, b, expected) => {
    expect(evaluate(`builtins.compareVersions "${a}" "${b}"`)).toBe(String(expected));
    expect(evaluate(`builtins.compareVersions "${b}" "${a}"`)).toBe(String(0 - expected));
  });

  test.each([
    ['map (x: throw "no") [ 1 2 ]', "[ <CODE> <CODE> ]"],
    ['builtins.mapAttrs (n: v: throw "no") { k = 1; }', "{ k = <CODE>; }"],
    ['builtins.genList (n: throw "no") 2', "[ <CODE> <CODE> ]"],
  ])("puts off %s", (text, expected) => {
    expect(evaluateLazily(text)).toBe(expected);
  });
});

describe("errors of builtins", () => {
  const big = "(9007199254740993 * 512 - 1 + 9007199254740993 * 511)";
  test.each([
    ['throw "stop"', "stop"],
    ['abort "stop"', "evaluation aborted with the following error message: 'stop'"],
    ["builtins.ceil 1.0e30", "NixFloat argument 1e+30 is not in the range of NixInt"],
    ["builtins.floor (0 - 1.0e30)", "NixFloat argument -1e+30 is not in the range of NixInt"],
    ["builtins.floor (1.0e200 * 1.0e200)", "NixFloat argument inf is not in the range of NixInt"],
    ['builtins.deepSeq { inner = throw "no"; } 3', "no"],
    ['builtins.getAttr "k" { }', "attribute 'k' missing"],
    [
      "builtins.elemAt [ 1 ] 4294967296",
      "'builtins.elemAt' called with index 4294967296 on a list of size 1",
    ],
    ["builtins.head [ ]", "'builtins.head' called on an empty list"],
    ["builtins.tail [ ]", "'builtins.tail' called on an empty list"],
    ["builtins.head { }", "expected a list but found a set: { }"],
    ["builtins.listToAttrs [ { } ]", "attribute 'name' missing"],
    ["builtins.div 1 0", "division by zero"],
    ["builtins.div 1.0 0.0", "division by zero"],
    ["toString { }", "cannot coerce a set to a string: { }"],
    ["toString (x: x)", "cannot coerce a function to a string: «lambda @ «string»:1:11»"],
  ])("%s", (text, message) => {
    expect(errorOf(text).at(-1)).toBe(Buffer.from(message, "utf8").toString("latin1"));
  });

  test("do not let ceil and floor lose precision", () => {
    expect(errorOf(`builtins.ceil ${big}`).at(-1)).toContain("a loss of precision occurred");
  });

  test.each([
    [
      'builtins.fetchurl "https://host.example/x"',
      "in pure evaluation mode, 'fetchurl' requires a 'sha256' argument",
    ],
    [
      'fetchGit { url = "https://host.example/x"; ref = "main"; }',
      "in pure evaluation mode, 'fetchGit' doesn't fetch unlocked input 'git+https://host.example/x?exportIgnore=1&ref=main'",
    ],
    [
      'fetchMercurial { url = "https://host.example/x"; rev = "main"; }',
      "in pure evaluation mode, 'fetchMercurial' requires a Mercurial revision",
    ],
  ])("%s in pure evaluation", (text, message) => {
    expect(errorOf(text, { settings: { pureEval: true } }).at(-1)).toBe(message);
  });

  test("ask restricted evaluation whether a URI is allowed", () => {
    const settings = { restrictEval: true, allowedUris: ["https://good.example"] };
    expect(errorOf('fetchTarball "https://bad.example/x"', { settings }).at(-1)).toBe(
      "access to URI 'https://bad.example/x' is forbidden in restricted mode",
    );
    expect(errorOf('fetchTarball "https://good.example/x"', { settings }).at(-1)).toBe(
      "fetchTarball needs fetchers, and this evaluation has none",
    );
  });
});
