/** How builtins fail: the traces from the outside in, then the message, as C++ Nix 2.36 words them. */
import { describe, expect, test } from "vitest";
import { errorOf } from "./evaluate.ts";

const CASES: readonly (readonly [string, readonly string[]])[] = [
  [
    "builtins.head [ ]",
    ["while calling the 'head' builtin", "'builtins.head' called on an empty list"],
  ],
  [
    "builtins.tail [ ]",
    ["while calling the 'tail' builtin", "'builtins.tail' called on an empty list"],
  ],
  [
    "builtins.elemAt [ 1 ] 1",
    [
      "while calling the 'elemAt' builtin",
      "'builtins.elemAt' called with index 1 on a list of size 1",
    ],
  ],
  [
    "builtins.elemAt [ 1 ] (-1)",
    [
      "while calling the 'elemAt' builtin",
      "'builtins.elemAt' called with index -1 on a list of size 1",
    ],
  ],
  [
    "builtins.length { }",
    [
      "while calling the 'length' builtin",
      "while evaluating the first argument passed to builtins.length",
      "expected a list but found a set: { }",
    ],
  ],
  [
    'builtins.length (throw "x")',
    ["while calling the 'length' builtin", "while calling the 'throw' builtin", "x"],
  ],
  [
    'builtins.elemAt 1 (throw "x")',
    [
      "while calling the 'elemAt' builtin",
      "while evaluating the second argument passed to 'builtins.elemAt'",
      "while calling the 'throw' builtin",
      "x",
    ],
  ],
  [
    "map 1 [ 1 ]",
    [
      "while calling the 'map' builtin",
      "while evaluating the first argument passed to builtins.map",
      "expected a function but found an integer: 1",
    ],
  ],
  [
    "builtins.genList 1 (-1)",
    ["while calling the 'genList' builtin", "cannot create list of size -1"],
  ],
  [
    "builtins.genList 1 0",
    [
      "while calling the 'genList' builtin",
      "while evaluating the first argument passed to builtins.genList",
      "expected a function but found an integer: 1",
    ],
  ],
  [
    "builtins.filter (x: 1) [ 1 ]",
    [
      "while calling the 'filter' builtin",
      "while evaluating the return value of the filtering function passed to builtins.filter",
      "expected a Boolean but found an integer: 1",
    ],
  ],
  [
    'builtins.any (x: "a") [ 1 ]',
    [
      "while calling the 'any' builtin",
      "while evaluating the return value of the function passed to builtins.any",
      'expected a Boolean but found a string: "a"',
    ],
  ],
  [
    "builtins.concatLists [ 1 ]",
    [
      "while calling the 'concatLists' builtin",
      "while evaluating a value of the list passed to builtins.concatLists",
      "expected a list but found an integer: 1",
    ],
  ],
  [
    "builtins.concatMap (x: 1) [ 1 ]",
    [
      "while calling the 'concatMap' builtin",
      "while evaluating the return value of the function passed to builtins.concatMap",
      "expected a list but found an integer: 1",
    ],
  ],
  [
    "builtins.foldl' 1 0 [ ]",
    [
      "while calling the 'foldl'' builtin",
      "while evaluating the first argument passed to builtins.foldlStrict",
      "expected a function but found an integer: 1",
    ],
  ],
  [
    "builtins.groupBy (x: x) [ 1 ]",
    [
      "while calling the 'groupBy' builtin",
      "while evaluating the return value of the grouping function passed to builtins.groupBy",
      "expected a string but found an integer: 1",
    ],
  ],
  [
    'builtins.getAttr "a" { b = 1; }',
    [
      "while calling the 'getAttr' builtin",
      "in the attribute set under consideration",
      "attribute 'a' missing",
    ],
  ],
  [
    "builtins.listToAttrs [ { } ]",
    [
      "while calling the 'listToAttrs' builtin",
      "in a {name=...; value=...;} pair",
      "attribute 'name' missing",
    ],
  ],
  [
    'builtins.listToAttrs [ { name = "a"; } ]',
    [
      "while calling the 'listToAttrs' builtin",
      "in a {name=...; value=...;} pair",
      "attribute 'value' missing",
    ],
  ],
  [
    "builtins.listToAttrs [ { name = 1; value = 1; } ]",
    [
      "while calling the 'listToAttrs' builtin",
      "while evaluating the `name` attribute of an element of the list passed to builtins.listToAttrs",
      "expected a string but found an integer: 1",
    ],
  ],
  [
    "removeAttrs { } [ 1 ]",
    [
      "while calling the 'removeAttrs' builtin",
      "while evaluating the values of the second argument passed to builtins.removeAttrs",
      "expected a string but found an integer: 1",
    ],
  ],
  [
    'builtins.catAttrs "a" [ 1 ]',
    [
      "while calling the 'catAttrs' builtin",
      "while evaluating an element in the list passed as second argument to builtins.catAttrs",
      "expected a set but found an integer: 1",
    ],
  ],
  [
    "builtins.functionArgs { __functor = x: x; }",
    ["while calling the 'functionArgs' builtin", "'functionArgs' requires a function"],
  ],
  [
    "builtins.add 9223372036854775807 1",
    ["while calling the 'add' builtin", "integer overflow in adding 9223372036854775807 + 1"],
  ],
  [
    "builtins.sub (-9223372036854775807) 2",
    ["while calling the 'sub' builtin", "integer overflow in subtracting -9223372036854775807 - 2"],
  ],
  [
    "builtins.mul 9223372036854775807 2",
    ["while calling the 'mul' builtin", "integer overflow in multiplying 9223372036854775807 * 2"],
  ],
  [
    "builtins.div (-9223372036854775807 - 1) (-1)",
    ["while calling the 'div' builtin", "integer overflow in dividing -9223372036854775808 / -1"],
  ],
  ["builtins.div 1 0", ["while calling the 'div' builtin", "division by zero"]],
  ["builtins.div 1 0.0", ["while calling the 'div' builtin", "division by zero"]],
  [
    'builtins.add "a" 1',
    [
      "while calling the 'add' builtin",
      "while evaluating the first argument of the addition",
      'expected an integer but found a string: "a"',
    ],
  ],
  [
    'builtins.add 1.5 "a"',
    [
      "while calling the 'add' builtin",
      "while evaluating the second argument of the addition",
      'expected a float but found a string: "a"',
    ],
  ],
  [
    'builtins.bitAnd 1 "a"',
    [
      "while calling the 'bitAnd' builtin",
      "while evaluating the second argument passed to builtins.bitAnd",
      'expected an integer but found a string: "a"',
    ],
  ],
  [
    "builtins.ceil 1.0e30",
    ["while calling the 'ceil' builtin", "NixFloat argument 1e+30 is not in the range of NixInt"],
  ],
  [
    "builtins.floor 9223372036854775807",
    [
      "while calling the 'floor' builtin",
      "Due to a bug (see https://github.com/NixOS/nix/issues/12899) the NixInt argument 9223372036854775807 caused undefined behavior in previous Nix versions.\n\tFuture Nix versions might implement the correct behavior.",
    ],
  ],
  [
    "builtins.ceil 9007199254740993",
    [
      "while calling the 'ceil' builtin",
      "Due to a bug (see https://github.com/NixOS/nix/issues/12899) a loss of precision occurred in previous Nix versions because the NixInt argument 9007199254740993 was rounded to 9007199254740992.\n\tFuture Nix versions might implement the correct behavior.",
    ],
  ],
  [
    'builtins.ceil "a"',
    [
      "while calling the 'ceil' builtin",
      "while evaluating the first argument passed to builtins.ceil",
      'expected a float but found a string: "a"',
    ],
  ],
  [
    'builtins.lessThan 1 "a"',
    [
      "while calling the 'lessThan' builtin",
      'cannot compare an integer with a string; values are 1 and "a"',
    ],
  ],
  [
    'builtins.substring (-1) 0 "a"',
    ["while calling the 'substring' builtin", "negative start position in 'substring'"],
  ],
  [
    'builtins.substring 0 "a" "a"',
    [
      "while calling the 'substring' builtin",
      "while evaluating the second argument (the substring length) passed to builtins.substring",
      'expected an integer but found a string: "a"',
    ],
  ],
  [
    "builtins.stringLength 1",
    [
      "while calling the 'stringLength' builtin",
      "while evaluating the argument passed to builtins.stringLength",
      "cannot coerce an integer to a string: 1",
    ],
  ],
  [
    'builtins.concatStringsSep "," [ 1 ]',
    [
      "while calling the 'concatStringsSep' builtin",
      "while evaluating one element of the list of strings to concat passed to builtins.concatStringsSep",
      "cannot coerce an integer to a string: 1",
    ],
  ],
  [
    'builtins.replaceStrings [ "a" ] [ ] ""',
    [
      "while calling the 'replaceStrings' builtin",
      "'from' and 'to' arguments passed to builtins.replaceStrings have different lengths",
    ],
  ],
  [
    'builtins.replaceStrings [ 1 ] [ "" ] ""',
    [
      "while calling the 'replaceStrings' builtin",
      "while evaluating one of the strings to replace passed to builtins.replaceStrings",
      "expected a string but found an integer: 1",
    ],
  ],
  [
    'builtins.replaceStrings [ "a" ] [ 1 ] "a"',
    [
      "while calling the 'replaceStrings' builtin",
      "while evaluating one of the replacement strings passed to builtins.replaceStrings",
      "expected a string but found an integer: 1",
    ],
  ],
  [
    'builtins.match "(" "a"',
    ["while calling the 'match' builtin", "invalid regular expression '('"],
  ],
  [
    'builtins.split "a" 1',
    [
      "while calling the 'split' builtin",
      "while evaluating the second argument passed to builtins.split",
      "expected a string but found an integer: 1",
    ],
  ],
  [
    "toString (x: x)",
    [
      "while calling the 'toString' builtin",
      "while evaluating the first argument passed to builtins.toString",
      "cannot coerce a function to a string: \xc2\xablambda @ \xc2\xabstring\xc2\xbb:1:11\xc2\xbb",
    ],
  ],
  [
    "toString { }",
    [
      "while calling the 'toString' builtin",
      "while evaluating the first argument passed to builtins.toString",
      "cannot coerce a set to a string: { }",
    ],
  ],
  [
    'builtins.compareVersions 1 "2"',
    [
      "while calling the 'compareVersions' builtin",
      "while evaluating the first argument passed to builtins.compareVersions",
      "expected a string but found an integer: 1",
    ],
  ],
  [
    'builtins.fromJSON "["',
    [
      "while calling the 'fromJSON' builtin",
      "while decoding a JSON string",
      "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal",
    ],
  ],
  [
    'builtins.fromJSON "\\"a\\\\u0000\\""',
    [
      "while calling the 'fromJSON' builtin",
      "input string 'a\xe2\x90\x80' cannot be represented as Nix string because it contains null bytes",
    ],
  ],
  [
    'builtins.fromJSON "18446744073709551615"',
    [
      "while calling the 'fromJSON' builtin",
      "unsigned json number 18446744073709551615 outside of Nix integer range",
    ],
  ],
  [
    'builtins.fromTOML "x ="',
    [
      "while calling the 'fromTOML' builtin",
      "while parsing TOML: [error] bad format: unknown value appeared\n --> fromTOML\n   |\n 1 | x =\n   |    ^-- here\n",
    ],
  ],
  [
    'builtins.fromTOML "x = 2020-01-01"',
    [
      "while calling the 'fromTOML' builtin",
      "while parsing TOML: Dates and times are not supported",
    ],
  ],
  [
    'abort "stop"',
    [
      "while calling the 'abort' builtin",
      "evaluation aborted with the following error message: 'stop'",
    ],
  ],
  ['throw "no"', ["while calling the 'throw' builtin", "no"]],
  [
    "throw 1",
    [
      "while calling the 'throw' builtin",
      "while evaluating the error message passed to builtin.throw",
      "cannot coerce an integer to a string: 1",
    ],
  ],
  [
    'builtins.addErrorContext "while testing" (throw "no")',
    ["while testing", "while calling the 'throw' builtin", "no"],
  ],
  [
    'builtins.deepSeq { a = [ (throw "no") ]; } 1',
    [
      "while calling the 'deepSeq' builtin",
      "while evaluating the attribute 'a'",
      "while evaluating list element at index 0",
      "while calling the 'throw' builtin",
      "no",
    ],
  ],
  [
    'builtins.tryEval (abort "stop")',
    [
      "while calling the 'tryEval' builtin",
      "while calling the 'abort' builtin",
      "evaluation aborted with the following error message: 'stop'",
    ],
  ],
  [
    "builtins.tryEval ({ }.a)",
    [
      "while calling the 'tryEval' builtin",
      "while evaluating the attribute 'a'",
      "attribute 'a' missing",
    ],
  ],
  [
    "builtins.warn 1 2",
    [
      "while calling the 'warn' builtin",
      "while evaluating the first argument; the message passed to builtins.warn",
      "expected a string but found an integer: 1",
    ],
  ],
  [
    "builtins.getEnv 1",
    [
      "while calling the 'getEnv' builtin",
      "while evaluating the first argument passed to builtins.getEnv",
      "expected a string but found an integer: 1",
    ],
  ],
  [
    'builtins.fetchGit "https://h/x"',
    [
      "while calling the 'fetchGit' builtin",
      "fetchGit needs fetchers, and this evaluation has none",
    ],
  ],
  [
    'let s = builtins.appendContext "a" { "/nix/store/00000000000000000000000000000000-x" = { path = true; }; }; in builtins.getEnv s',
    [
      "while calling the 'getEnv' builtin",
      "while evaluating the first argument passed to builtins.getEnv",
      "the string 'a' is not allowed to refer to a store path (such as '/nix/store/00000000000000000000000000000000-x')",
    ],
  ],
  [
    "assert { a = 1; } == { a = 2; }; 1",
    [
      "while evaluating the condition of the assertion '({ a = 1; } == { a = 2; })'",
      "while comparing attribute 'a'",
      "where left hand side is",
      "where right hand side is",
      "an integer with value '1' is not equal to an integer with value '2'",
    ],
  ],
];

describe("errors of builtins", () => {
  test.each(CASES)("%s", (text, lines) => {
    expect(errorOf(text)).toEqual(lines);
  });
});
