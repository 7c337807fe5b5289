/** What builtins answer, as C++ Nix answered it. One line for each question; see `evaluate.ts`. */
import { describe, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";

/** Questions and answers by theme. */
const CASES: Record<string, readonly (readonly [string, string])[]> = {
  lists: [
    ["builtins.length [ 1 2 3 ]", "3"],
    ["builtins.head [ 1 2 ]", "1"],
    ["builtins.tail [ 1 2 3 ]", "[ 2 3 ]"],
    ["builtins.elemAt [ 1 2 3 ] 2", "3"],
    ["map (x: x * 2) [ 1 2 3 ]", "[ 2 4 6 ]"],
    ["map 1 [ ]", "[ ]"],
    ["map { __functor = self: x: x + 1; } [ 1 2 ]", "[ 2 3 ]"],
    ["builtins.genList (i: i * i) 5", "[ 0 1 4 9 16 ]"],
    ["builtins.filter (x: x > 1) [ 1 2 3 ]", "[ 2 3 ]"],
    ["builtins.elem 2 [ 1 2 3 ]", "true"],
    ['builtins.elem (throw "x") [ ]', "false"],
    ["builtins.elem 1.0 [ 1 ]", "true"],
    ["builtins.elem [ 1 { a = 2; } ] [ 3 [ 1 { a = 2; } ] ]", "true"],
    [
      "let xs = [ (0 + 1) [ (0 + 2) ] { a = 0 + 3; } (0 + 4) ]; in map (x: builtins.elem x xs) [ (1 + 3) [ 2 ] { a = 4; } 5 ]",
      "[ true true false false ]",
    ],
    ["let f = x: x; in builtins.elem f [ f ]", "true"],
    ["builtins.concatLists [ [ 1 ] [ ] [ 2 3 ] ]", "[ 1 2 3 ]"],
    ["builtins.concatMap (x: [ x x ]) [ 1 2 ]", "[ 1 1 2 2 ]"],
    ["builtins.foldl' (a: b: a + b) 0 [ 1 2 3 ]", "6"],
    ['builtins.foldl\' (a: b: b) (throw "x") [ 1 2 ]', "2"],
    ["builtins.foldl' (a: b: a ++ [ b ]) [ ] [ 1 2 ]", "[ 1 2 ]"],
    ['builtins.any (x: x == 2) [ 1 2 (throw "x") ]', "true"],
    ['builtins.all (x: x == 1) [ 1 2 (throw "x") ]', "false"],
    ["builtins.all (x: x) [ ]", "true"],
    ["builtins.partition (x: x > 2) [ 1 4 2 3 ]", "{ right = [ 4 3 ]; wrong = [ 1 2 ]; }"],
    [
      'builtins.groupBy (builtins.substring 0 1) [ "foo" "bar" "baz" ]',
      '{ b = [ "bar" "baz" ]; f = [ "foo" ]; }',
    ],
    ["builtins.sort (a: b: a < b) [ 3 1 2 ]", "[ 1 2 3 ]"],
    ['builtins.sort builtins.lessThan [ "b" "a" "C" ]', '[ "C" "a" "b" ]'],
    [
      "map (x: x.key) (builtins.genericClosure { startSet = [ { key = 5; } ]; operator = { key }: if key == 0 then [ ] else [ { key = key - 1; } ]; })",
      "[ 5 4 3 2 1 0 ]",
    ],
    [
      'builtins.intersectAttrs (builtins.listToAttrs (builtins.genList (i: { name = "n${toString i}"; value = i; }) 100)) { n5 = 3; x = 4; }',
      "{ n5 = 3; }",
    ],
    [
      "[ (__add 1 2) (__length [ 1 ]) (isNull 1) (__foldl' (a: b: a - b) 0 [ 1 2 ]) __langVersion ]",
      "[ 3 1 false -3 6 ]",
    ],
  ],
  sets: [
    ['builtins.attrNames { b = 1; a = 2; B = 3; "a b" = 4; }', '[ "B" "a" "a b" "b" ]'],
    ["builtins.attrValues { b = 1; a = 2; }", "[ 2 1 ]"],
    ['builtins.getAttr "a" { a = 1; }', "1"],
    ['builtins.hasAttr "a" { a = throw "x"; }', "true"],
    ['builtins.hasAttr "b" { a = 1; }', "false"],
    ['builtins.removeAttrs { x = 1; y = 2; z = 3; } [ "a" "x" "z" ]', "{ y = 2; }"],
    ['removeAttrs { __proto__ = 1; constructor = 2; } [ "__proto__" ]', "{ constructor = 2; }"],
    [
      'builtins.listToAttrs [ { name = "a"; value = 1; } { name = "b"; value = 2; } { name = "a"; } ]',
      "{ a = 1; b = 2; }",
    ],
    ['builtins.listToAttrs [ { name = "__proto__"; value = 1; } ]', "{ __proto__ = 1; }"],
    ["builtins.intersectAttrs { a = 1; b = 2; } { b = 3; c = 4; }", "{ b = 3; }"],
    ['builtins.catAttrs "a" [ { a = 1; } { b = 0; } { a = 2; } ]', "[ 1 2 ]"],
    ["builtins.mapAttrs (n: v: n + toString v) { a = 1; b = 2; }", '{ a = "a1"; b = "b2"; }'],
    ["builtins.mapAttrs 1 { }", "{ }"],
    [
      "builtins.zipAttrsWith (n: vs: vs) [ { a = 1; } { a = 2; b = 3; } ]",
      "{ a = [ 1 2 ]; b = [ 3 ]; }",
    ],
    ["builtins.functionArgs ({ x, y ? 123, ... }@z: null)", "{ x = false; y = true; }"],
    ["builtins.functionArgs (x: x)", "{ }"],
    ["builtins.functionArgs builtins.add", "{ }"],
    ["builtins.attrNames (removeAttrs builtins [ ]) == builtins.attrNames builtins", "true"],
  ],
  types: [
    [
      'map builtins.typeOf [ 1 1.5 true null "" ./. [ ] { } (x: x) map ]',
      '[ "int" "float" "bool" "null" "string" "path" "list" "set" "lambda" "lambda" ]',
    ],
    ["builtins.isNull null", "true"],
    [
      '[ (builtins.isInt 1) (builtins.isInt 1.0) (builtins.isFloat 1.0) (builtins.isString "") (builtins.isBool false) (builtins.isPath ./.) (builtins.isAttrs { }) (builtins.isList [ ]) (builtins.isFunction map) (builtins.isFunction { __functor = x: x; }) ]',
      "[ true false true true true true true true true false ]",
    ],
  ],
  numbers: [
    [
      "[ (builtins.add 1 2) (builtins.add 1 2.5) (builtins.sub 5 7) (builtins.mul 3 4) (builtins.div 7 2) (builtins.div (-7) 2) (builtins.div 7.0 2) ]",
      "[ 3 3.5 -2 12 3 -3 3.5 ]",
    ],
    [
      "[ (builtins.bitAnd 12 10) (builtins.bitOr 12 10) (builtins.bitXor 12 10) (builtins.bitAnd (-1) 9223372036854775807) (builtins.bitXor (-1) 4294967296) ]",
      "[ 8 14 6 9223372036854775807 -4294967297 ]",
    ],
    [
      "[ (builtins.ceil 1.2) (builtins.floor 1.8) (builtins.ceil (-1.5)) (builtins.floor (-1.5)) (builtins.ceil 3) ]",
      "[ 2 1 -1 -2 3 ]",
    ],
    [
      '[ (builtins.lessThan 1 2) (builtins.lessThan "b" "a") (builtins.lessThan [ 1 2 ] [ 1 3 ]) (builtins.lessThan 1 1.5) ]',
      "[ true false true true ]",
    ],
  ],
  equality: [
    [
      '[ (1 == 1.0) ([ 1 ] == [ 1.0 ]) ({ a = 1; } == { a = 1; }) ("a" == "b") (null == null) ((x: x) == (x: x)) ]',
      "[ true true true false true false ]",
    ],
    [
      "let f = x: x; in [ (f == f) ([ f ] == [ f ]) ({ a = f; } == { a = f; }) ]",
      "[ false true true ]",
    ],
    ["[ ([ map ] == [ map ]) ([ builtins.add ] == [ builtins.add ]) ]", "[ true false ]"],
  ],
  strings: [
    ['builtins.stringLength "h\xc3\xa9llo"', "6"],
    [
      '[ (builtins.substring 0 3 "nixos") (builtins.substring 2 (-1) "nixos") (builtins.substring 10 1 "nix") (builtins.substring 1 100 "nix") (builtins.substring 0 0 "x") ]',
      '[ "nix" "xos" "" "ix" "" ]',
    ],
    ['builtins.concatStringsSep "/" [ "usr" "local" "bin" ]', '"usr/local/bin"'],
    ['builtins.concatStringsSep ", " [ ]', '""'],
    ['builtins.concatStringsSep "," [ { outPath = "a"; } { __toString = self: "b"; } ]', '"a,b"'],
    ['builtins.replaceStrings [ "oo" "a" ] [ "a" "i" ] "foobar"', '"fabir"'],
    ['builtins.replaceStrings [ "" ] [ "x" ] "ab"', '"xaxbx"'],
    ['builtins.replaceStrings [ "a" "" ] [ "1" "-" ] "banana"', '"-b1-n1-n1-"'],
    ['builtins.replaceStrings [ "a" "ab" ] [ "1" "2" ] "abab"', '"1b1b"'],
    ['builtins.replaceStrings [ "ab" "a" ] [ "2" "1" ] "abaab"', '"212"'],
    ['builtins.replaceStrings [ "x" ] [ "y" ] ""', '""'],
    ['builtins.replaceStrings [ "" ] [ "-" ] ""', '"-"'],
    [
      'map toString [ 1 (-2) 1.5 true false null "s" [ 1 [ 2 [ ] 3 ] "x" ] { outPath = "o"; } { __toString = self: "t"; } /etc/x ]',
      '[ "1" "-2" "1.500000" "1" "" "" "s" "1 2 3 x" "o" "t" "/etc/x" ]',
    ],
  ],
  "patterns and versions": [
    ['builtins.match "a(b)(c)" "abc"', '[ "b" "c" ]'],
    ['builtins.match "(a)|b" "b"', "[ null ]"],
    ['builtins.match "x" "y"', "null"],
    ['builtins.match "[[:space:]]+([[:alnum:]]+)[[:space:]]+" "  foo   "', '[ "foo" ]'],
    ['builtins.split "(a)b" "abc"', '[ "" [ "a" ] "c" ]'],
    ['builtins.split "([ac])" "abc"', '[ "" [ "a" ] "b" [ "c" ] "" ]'],
    ['builtins.split "x" "abc"', '[ "abc" ]'],
    ['builtins.split "(a)|(c)" "abc"', '[ "" [ "a" null ] "b" [ null "c" ] "" ]'],
    ['builtins.split "" "ab"', '[ "" [ ] "a" [ ] "b" [ ] "" ]'],
    ['builtins.parseDrvName "nix-0.12pre12876"', '{ name = "nix"; version = "0.12pre12876"; }'],
    [
      '[ (builtins.compareVersions "1.0" "2.3") (builtins.compareVersions "2.1" "2.1") (builtins.compareVersions "2.3pre1" "2.3") (builtins.compareVersions "2.3.1" "2.3a") ]',
      "[ -1 0 -1 1 ]",
    ],
    ['builtins.splitVersion "1.2.3a-pre.4"', '[ "1" "2" "3" "a" "pre" "4" ]'],
  ],
  conversion: [
    [
      'builtins.fromJSON \'\'{"x": [1, 2.5, "a\\u00e9\\n", null, true], "y": {"a": 1, "a": 2}}\'\'',
      '{ x = [ 1 2.5 "a\xc3\xa9\\n" null true ]; y = { a = 2; }; }',
    ],
    ['builtins.fromJSON "9223372036854775807"', "9223372036854775807"],
    [
      'builtins.toJSON { a = [ 1 "x" null true ]; b = { c = "\xc3\xa9\\n"; }; }',
      '"{\\"a\\":[1,\\"x\\",null,true],\\"b\\":{\\"c\\":\\"\xc3\xa9\\\\n\\"}}"',
    ],
    [
      'builtins.fromTOML "x = 1\\ny = [ 1, 2 ]\\n[t]\\ns = \\"a\\"\\nf = 1.5\\nb = true\\n[[q]]\\na.b = 3\\n[[q]]\\n"',
      '{ q = [ { a = { b = 3; }; } { } ]; t = { b = true; f = 1.5; s = "a"; }; x = 1; y = [ 1 2 ]; }',
    ],
    [
      'builtins.toXML { a = [ 1 "x" null true 1.5 ]; f = x: x; g = { a, b ? 1, ... }@y: a; }',
      '"<?xml version=\'1.0\' encoding=\'utf-8\'?>\\n<expr>\\n  <attrs>\\n    <attr name=\\"a\\">\\n      <list>\\n        <int value=\\"1\\" />\\n        <string value=\\"x\\" />\\n        <null />\\n        <bool value=\\"true\\" />\\n        <float value=\\"1.5\\" />\\n      </list>\\n    </attr>\\n    <attr name=\\"f\\">\\n      <function>\\n        <varpat name=\\"x\\" />\\n      </function>\\n    </attr>\\n    <attr name=\\"g\\">\\n      <function>\\n        <attrspat ellipsis=\\"1\\" name=\\"y\\">\\n          <attr name=\\"a\\" />\\n          <attr name=\\"b\\" />\\n        </attrspat>\\n      </function>\\n    </attr>\\n  </attrs>\\n</expr>\\n"',
    ],
  ],
  control: [
    ["builtins.seq 1 2", "2"],
    ["builtins.deepSeq [ 1 { a = 2; } ] 3", "3"],
    ["let x = [ x ]; in builtins.deepSeq x 1", "1"],
    ['builtins.tryEval (throw "x")', "{ success = false; value = false; }"],
    ["builtins.tryEval (assert false; 1)", "{ success = false; value = false; }"],
    ["builtins.tryEval 5", "{ success = true; value = 5; }"],
    ["builtins.tryEval <nope>", "{ success = false; value = false; }"],
    ['builtins.tryEval { a = throw "x"; } ? value', "true"],
    ['builtins.trace "hello" 1', "1"],
    ['builtins.addErrorContext (throw "never") 1', "1"],
  ],
  "environment and names": [
    ["builtins.break 5", "5"],
    ['builtins.hashString "md5" "abc"', '"900150983cd24fb0d6963f7d28e17f72"'],
    ['builtins.toPath "/a/../b"', '"/b"'],
    [
      'builtins.convertHash { hash = "md5:900150983cd24fb0d6963f7d28e17f72"; toHashFormat = "base64"; }',
      '"kAFQmDzST7DWlj99KOF/cg=="',
    ],
    ['builtins.unsafeGetAttrPos "b" { a = 1; }', "null"],
    ["builtins.langVersion", "6"],
    ["builtins.storeDir", '"/nix/store"'],
    ['builtins.getEnv "NIVIS_UNSET_VARIABLE"', '""'],
    [
      "[ (builtins.isInt builtins.currentTime) (builtins.isString builtins.currentSystem) (builtins.isString builtins.nixVersion) builtins.true builtins.false builtins.null ]",
      "[ true true true true false null ]",
    ],
    ["builtins ? builtins && builtins.builtins ? builtins", "true"],
  ],
};

for (const [theme, cases] of Object.entries(CASES)) {
  describe(theme, () => {
    test.each(cases)("%s", (text, answer) => {
      expect(evaluate(text)).toBe(answer);
    });
  });
}
