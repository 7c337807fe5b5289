/**
 * The builtins that the generator calls, with the types of arguments and results. The type variable
 * `a` stands for the wanted type; rows whose result cannot be described have result `any` and are
 * used where the type does not matter.
 */
import {
  BOOL,
  FLOAT,
  functionOf,
  INT,
  listOf,
  NULL,
  PATH,
  type ProgramType,
  STRING,
  setOf,
} from "./program-type.ts";

/** The kind of an argument: a type, one of a few literals, or anything. */
export type ArgumentKind =
  | { readonly is: "type"; readonly type: ProgramType }
  /** Nix expressions, one of which is chosen. */
  | { readonly is: "text"; readonly texts: readonly string[] }
  | { readonly is: "any" };

/** One use of a builtin. */
export interface BuiltinSignature {
  /** The text in the program. */
  readonly callee: string;
  readonly args: readonly ArgumentKind[];
  readonly result: ProgramType | "any";
}

const ANY: ArgumentKind = { is: "any" };
const I = of(INT);
const F = of(FLOAT);
const S = of(STRING);
const B = of(BOOL);
const P = of(PATH);
const INTS = of(listOf(INT));
const STRINGS = of(listOf(STRING));
const SET = of(setOf({ name: "a", type: INT }, { name: "b", type: STRING }));
const SETS = of(listOf(setOf({ name: "a", type: INT })));
const MIXED_SET = of(setOf(field("b", INT), field("a", STRING), field("x", NULL)));
const PREDICATE = of(functionOf(INT, BOOL));
const BINARY = of(functionOf(INT, functionOf(INT, INT)));
const PAIRS = of(listOf(setOf({ name: "name", type: STRING }, { name: "value", type: INT })));

const SMALL = text(..."0123456789", "20", "50", "(-1)", "100", "4294967295", "9223372036854775807");
/** Strings with each kind of context. */
const CONTEXT = text(
  ...['"${./text}"', '"a${./folder}/b"', '"${./text} ${./folder/unit.nix}"', "(toString ./text)"],
  ...[
    '"${derivation { name = "d"; builder = "b"; system = "s"; }}"',
    '(derivation { name = "d"; builder = "b"; system = "s"; }).drvPath',
    '(derivation { name = "m"; builder = "b"; system = "s"; outputs = [ "out" "dev" ]; }).dev',
    '"${(derivation { name = "m"; builder = "b"; system = "s"; outputs = [ "x" "y" ]; }).y}/y"',
    '(builtins.toFile "f" "text")',
    '(builtins.unsafeDiscardOutputDependency (derivation { name = "d"; builder = "b"; system = "s"; }).drvPath)',
  ],
);
const REGEX = text(
  ...['"a"', '"(a)(b)?"', '"[[:space:]]*"', '"(.*)-(.*)"', '"[a-z]+"', '"(a|ab)(c|bcd)(d*)"', '""'],
  ...['"([^,]*),?"', '"\\\\."', '"x*"', '"(x)|(y)"', '"[0-9]+\\\\.?[0-9]*"', '"a{2}"', '"^a$"'],
  ...['"[[:upper:]]?[^[:digit:]]*"', '".*(foo).*"', '"("', '"*"', '"((a)|b)*"', '"(a*)+"'],
);
const SUBJECT = text(
  ...['"a"', '"ab"', '"aab-ba"', '"foo-1.2.3"', '"  x y "', '"abcd"', '""', '"x,y,,z"', '"a.b.c"'],
  ...['"Foo"', '"aa"', '"a\\nb"', '"\\t"', '"\u00c3\u00a9"', '"12.5"', '"xfoox"'],
);
const JSON_TEXT = text(
  ...[
    '"1"',
    '"[1,2.5,null,true]"',
    '"{\\"a\\":{\\"b\\":[]},\\"A\\":1e3}"',
    '"\\"x\\\\u00e9\\\\n\\""',
  ],
  ...[
    '" [ ] "',
    '"{\\"a\\":1,\\"a\\":2}"',
    '"-0"',
    '"-1.5e-3"',
    '"[1,]"',
    '"tru"',
    '"9223372036854775807"',
  ],
  ...[
    '"\\"\\\\ud83d\\\\ude00\\""',
    '"{}"',
    "\"''\"",
    '""',
    '"1 2"',
    '"\\"a\\\\tb\\\\/\\""',
    '"01"',
    '"1."',
  ],
);
const TOML_TEXT = text(
  ...[
    '"a = 1"',
    '"[t]\\nx = [1, 2.5]\\n[[u]]\\nk = \\"v\\"\\n[[u]]"',
    '"a.b.c = true\\na.d = 0x1f"',
  ],
  ...[
    "\"s = '''x\\ny'''\"",
    '"f = 1e3\\ng = inf"',
    '"a = {b = 1, c = []}"',
    '"a = 1\\na = 2"',
    '"x"',
  ],
);
const ALGORITHM = text('"md5"', '"sha1"', '"sha256"', '"sha512"');
const VERSION = text(
  ...[
    '"1.2"',
    '"1.2.3"',
    '"2.3pre1"',
    '"2.3"',
    '"1.0a"',
    '"1.0-rc"',
    '""',
    '"1..2"',
    '"hello-2.10"',
  ],
  ...['"nix-shell-1"', '"a-b"', '"-1"', '"1-"', '"pkg-1.0_beta-x"', '"1.01"', '"foo.bar9z"'],
);
const PATH_TEXT = text(
  ...['"/a/b"', '"/"', '"a"', '"a/"', '"/a//b"', '""', '"./x"', '"/a/b/"', '"//"', '"a/b/../c"'],
  ...["/a/b", "./.", "./folder", "/a/."],
);
const REAL_PATH = text("./folder", "./text", "./folder/inner", "./missing", "./folder/unit.nix");

/** All uses of builtins. */
export const SIGNATURES: readonly BuiltinSignature[] = [
  ...["add", "sub", "mul"].map((name) => row(name, [I, I], INT)),
  ...["add", "sub", "mul"].flatMap((name) => [row(name, [F, I], FLOAT), row(name, [I, F], FLOAT)]),
  row("div", [I, text("1", "2", "(-3)", "7", "0")], INT),
  row("div", [F, text("2", "0.5", "(-1.5)", "0.0")], FLOAT),
  ...["bitAnd", "bitOr", "bitXor"].map((name) => row(name, [I, I], INT)),
  ...["ceil", "floor"].map((name) => row(name, [F], INT)),
  ...["ceil", "floor"].map((name) => row(name, [I], INT)),
  row("lessThan", [I, F], BOOL),
  row("lessThan", [S, S], BOOL),
  row("lessThan", [INTS, INTS], BOOL),
  row("compareVersions", [VERSION, VERSION], INT),
  row("splitVersion", [VERSION], listOf(STRING)),
  row("parseDrvName", [VERSION], setOf(field("name", STRING), field("version", STRING))),
  row("stringLength", [S], INT),
  row("substring", [SMALL, SMALL, S], STRING),
  row("substring", [text("0", "1", "(-1)", "4"), text("(-1)", "0", "2"), S], STRING),
  row(
    "replaceStrings",
    [text('["a"]', '[""]', '["b" "a"]', "[ ]", '["oo" "o"]'), STRINGS, S],
    STRING,
  ),
  row("replaceStrings", [text('["a" "b"]', '["" "a"]'), text('["b" ""]', '["x" "a"]'), S], STRING),
  row("concatStringsSep", [S, STRINGS], STRING),
  row("match", [REGEX, SUBJECT], "any"),
  row("split", [REGEX, SUBJECT], "any"),
  row("match", [REGEX, S], "any"),
  row("split", [REGEX, S], "any"),
  row("hashString", [ALGORITHM, S], STRING),
  row("hashFile", [ALGORITHM, REAL_PATH], STRING),
  row("typeOf", [ANY], STRING),
  row("toString", [ANY], STRING),
  row("toString", [INTS], STRING),
  row("toString", [P], STRING),
  row("toJSON", [SET], STRING),
  row("toJSON", [INTS], STRING),
  row("toJSON", [S], STRING),
  row("toJSON", [of(setOf(field("x", listOf(STRING)), field("name", BOOL)))], STRING),
  row("toXML", [ANY], STRING),
  row("toXML", [SETS], STRING),
  row("fromJSON", [JSON_TEXT], "any"),
  row("fromTOML", [TOML_TEXT], "any"),
  row("baseNameOf", [PATH_TEXT], STRING),
  row("baseNameOf", [S], STRING),
  row("dirOf", [P], PATH),
  row("dirOf", [S], STRING),
  row("dirOf", [PATH_TEXT], "any"),
  row("toPath", [PATH_TEXT], STRING),
  row("toFile", [text('"file"', '"a.txt"', '"b c"', '""', '".x"'), S], STRING),
  row("placeholder", [text('"out"', '"dev"', '""')], STRING),
  row("getEnv", [text('"HOME"', '"TEST_VAR"', '"NONE"', '""')], STRING),
  row("pathExists", [REAL_PATH], BOOL),
  row("pathExists", [P], BOOL),
  row("readFile", [text("./text", "./folder/unit.nix")], STRING),
  row("readFile", [REAL_PATH], STRING),
  row("readDir", [REAL_PATH], "any"),
  row("import", [text("./folder/unit.nix", "./folder", '(./. + "/folder/function.nix")')], "any"),
  row("path", [text("{ path = ./folder; }", '{ path = ./text; name = "t"; }')], STRING),
  row(
    "filterSource",
    [text('(p: t: t == "regular")', "(p: t: true)", "(_: _: false)"), text("./folder", "./text")],
    STRING,
  ),
  row("unsafeDiscardStringContext", [S], STRING),
  row("unsafeDiscardOutputDependency", [S], STRING),
  row("hasContext", [S], BOOL),
  row("getContext", [S], "any"),
  row(
    "appendContext",
    [S, text("{ }", '{ "/nix/store/00000000000000000000000000000000-x" = { path = true; }; }')],
    STRING,
  ),
  ...[
    "isAttrs",
    "isBool",
    "isFloat",
    "isFunction",
    "isInt",
    "isList",
    "isNull",
    "isPath",
    "isString",
  ].map((name) => row(name, [ANY], BOOL)),
  row("attrNames", [MIXED_SET], listOf(STRING)),
  row("attrValues", [SET], "any"),
  row("hasAttr", [S, SET], BOOL),
  row("getAttr", [text('"a"', '"a"', '"z"'), SET], INT),
  row("removeAttrs", [SET, STRINGS], "any"),
  row("removeAttrs", [SET, text('["a"]', '["b" "q"]', "[ ]")], "any"),
  row("intersectAttrs", [MIXED_SET, SET], "any"),
  row("listToAttrs", [PAIRS], "any"),
  row("catAttrs", [text('"a"'), SETS], listOf(INT)),
  row(
    "mapAttrs",
    [of(functionOf(STRING, functionOf(INT, STRING))), of(setOf(field("a", INT), field("x", INT)))],
    setOf(field("a", STRING), field("x", STRING)),
  ),
  row("zipAttrsWith", [text("(n: vs: vs)", "(n: vs: n)", "(n: builtins.head)"), SETS], "any"),
  row("functionArgs", [of(functionOf(setOf(field("a", INT)), INT))], "any"),
  row(
    "functionArgs",
    [text("({ a, b ? 1 }: a)", "(x: x)", "({ ... }@z: z)", "map", "(map 1)")],
    "any",
  ),
  row("length", [INTS], INT),
  row("length", [STRINGS], INT),
  row("elem", [I, INTS], BOOL),
  row("elem", [ANY, STRINGS], BOOL),
  row("elemAt", [INTS, text("0", "0", "1", "(-1)")], INT),
  row("all", [PREDICATE, INTS], BOOL),
  row("any", [PREDICATE, INTS], BOOL),
  row("filter", [PREDICATE, INTS], listOf(INT)),
  row(
    "partition",
    [PREDICATE, INTS],
    setOf(field("right", listOf(INT)), field("wrong", listOf(INT))),
  ),
  row("groupBy", [of(functionOf(INT, STRING)), INTS], "any"),
  row("map", [of(functionOf(INT, STRING)), INTS], listOf(STRING)),
  row("map", [of(functionOf(STRING, INT)), STRINGS], listOf(INT)),
  row("genList", [of(functionOf(INT, INT)), text("0", "1", "3", "(-1)", "5")], listOf(INT)),
  row("concatLists", [of(listOf(listOf(INT)))], listOf(INT)),
  row("concatMap", [of(functionOf(INT, listOf(STRING))), INTS], listOf(STRING)),
  row("sort", [text("builtins.lessThan", "(a: b: a < b)", "(a: b: b < a)"), INTS], listOf(INT)),
  row("sort", [text("builtins.lessThan", "(a: b: a < b)"), STRINGS], listOf(STRING)),
  row("sort", [text("(x: y: x.a < y.a)"), SETS], listOf(setOf(field("a", INT)))),
  row("tail", [INTS], listOf(INT)),
  row("head", [STRINGS], STRING),
  row("foldl'", [BINARY, I, INTS], INT),
  row("foldl'", [text("(s: x: s + x)", "(s: x: x)"), S, STRINGS], STRING),
  row(
    "genericClosure",
    [
      text(
        "{ startSet = [ { key = 1; } ]; operator = { key, ... }: if key > 5 then [ ] else [ { key = key * 2; } { key = key + 1; via = key; } ]; }",
        '{ startSet = [ { key = "a"; } { key = "b"; n = 1; } { key = "a"; n = 2; } ]; operator = x: [ ]; }',
        "{ startSet = [ { key = [ 1 ]; } ]; operator = x: if builtins.length x.key > 3 then [ ] else [ { key = x.key ++ [ 0 ]; } ]; }",
        "{ startSet = [ { key = 1.5; } { key = 1; } { key = 1.0; } ]; operator = _: [ ]; }",
        "{ startSet = [ { key = null; } ]; operator = _: [ ]; }",
        '{ startSet = [ { key = 1; } { key = "a"; } ]; operator = _: [ ]; }',
      ),
    ],
    "any",
  ),
  ...[
    row("getContext", [CONTEXT], "any"),
    row("hasContext", [CONTEXT], BOOL),
    row("unsafeDiscardStringContext", [CONTEXT], STRING),
    row("unsafeDiscardOutputDependency", [CONTEXT], STRING),
    row("appendContext", [CONTEXT, text("{ }", '(builtins.getContext "${./text}")')], STRING),
    row("substring", [SMALL, SMALL, CONTEXT], STRING),
    row("substring", [text("0", "100"), text("0"), CONTEXT], STRING),
    row("stringLength", [CONTEXT], INT),
    row("concatStringsSep", [CONTEXT, STRINGS], STRING),
    row(
      "replaceStrings",
      [text('["/"]', '["text"]', '["-" ""]'), text('["" "a"]', '["${./text}"]'), CONTEXT],
      STRING,
    ),
    row("toJSON", [CONTEXT], STRING),
    row("toXML", [CONTEXT], STRING),
    row("baseNameOf", [CONTEXT], STRING),
    row("dirOf", [CONTEXT], STRING),
    row("hashString", [ALGORITHM, CONTEXT], STRING),
    row("split", [text('"/"', '"(text)"'), CONTEXT], "any"),
    row("match", [text('".*"', '"(.*)text"'), CONTEXT], "any"),
    row("toFile", [text('"file"'), CONTEXT], STRING),
    row("getAttr", [CONTEXT, SET], INT),
    row("hasAttr", [CONTEXT, SET], BOOL),
    row("pathExists", [CONTEXT], BOOL),
    row("toPath", [CONTEXT], STRING),
    row("elem", [CONTEXT, STRINGS], BOOL),
  ],
  row(
    "scopedImport",
    [text("{ }", "{ x = 1; }", "{ map = 1; true = 2; }"), text("./folder/unit.nix", "./folder")],
    "any",
  ),
  row(
    "unsafeGetAttrPos",
    [text('"unit"', '"list"', '"none"'), text("(import ./folder/unit.nix)")],
    "any",
  ),
  row(
    "findFile",
    [
      text(
        "[ ]",
        '[ { prefix = "p"; path = ./folder; } ]',
        '[ { prefix = ""; path = ./folder; } { path = ./.; } ]',
      ),
      text('"p/unit.nix"', '"unit.nix"', '"p"'),
    ],
    PATH,
  ),
  row(
    "functionArgs",
    [text("(import ./folder/function.nix)", "{ __functor = _: { a }: a; }")],
    "any",
  ),
  row(
    "sort",
    [text("(_: _: false)", "builtins.lessThan", "(a: b: a < b)"), of(listOf(FLOAT))],
    listOf(FLOAT),
  ),
  row(
    "sort",
    [text("builtins.lessThan", "(a: b: a < b)"), of(listOf(listOf(INT)))],
    listOf(listOf(INT)),
  ),
  row(
    "sort",
    [text("(a: b: builtins.stringLength a < builtins.stringLength b)"), STRINGS],
    listOf(STRING),
  ),
  row("sort", [text("builtins.lessThan"), of(listOf(PATH))], listOf(PATH)),
  row(
    "zipAttrsWith",
    [
      text(
        "(n: vs: builtins.length vs)",
        "(n: vs: { inherit n vs; })",
        '(n: vs: throw "thrown 4")',
      ),
      of(listOf(setOf(field("b", INT), field("a", STRING)))),
    ],
    "any",
  ),
  row(
    "genericClosure",
    [
      text(
        "{ startSet = [ ]; operator = x: [ ]; }",
        "{ startSet = [ { key = 1; } ]; }",
        "{ startSet = [ { k = 1; } ]; operator = x: [ ]; }",
        '{ startSet = [ { key = 2; } ]; operator = x: [ { key = x.key - 1; } ] ++ (if x.key < 0 then throw "thrown 2" else [ ]); }',
      ),
    ],
    "any",
  ),
  row(
    "listToAttrs",
    [
      text(
        "[ { name = 1; value = 2; } ]",
        '[ { name = "a"; } ]',
        '[ { name = "b"; value = 1; } { name = "b"; value = throw "thrown 3"; } ]',
        "[ { value = 1; } ]",
      ),
    ],
    "any",
  ),
  row(
    "fromJSON",
    [
      text(
        '(builtins.toJSON { a = [ 1 2.5 null true "x" { } ]; b.c = [ ]; })',
        '(builtins.toJSON "${./text}")',
      ),
    ],
    "any",
  ),
  row("seq", [ANY, I], INT),
  row("deepSeq", [ANY, S], STRING),
  row("tryEval", [I], setOf(field("success", BOOL), field("value", INT))),
  row("tryEval", [ANY], "any"),
  row("addErrorContext", [text('"context"', "./text"), I], INT),
  row("trace", [S, B], BOOL),
  row("isNull", [ANY], BOOL),
  row("derivation", [of(setOf(field("a", INT)))], "any"),
  row(
    "derivationStrict",
    [
      text(
        '{ name = "d"; builder = "/b"; system = "s"; }',
        '{ name = "d"; builder = ./text; system = "s"; outputs = [ "out" "dev" ]; a = [ 1 null "x" ]; }',
      ),
    ],
    "any",
  ),
];

/** Builtins as values, with their types. */
export const BUILTIN_VALUES: readonly (readonly [text: string, type: ProgramType])[] = [
  ["builtins.typeOf", functionOf(INT, STRING)],
  ["toString", functionOf(INT, STRING)],
  ["builtins.stringLength", functionOf(STRING, INT)],
  ["(builtins.add 1)", functionOf(INT, INT)],
  ["builtins.mul", functionOf(INT, functionOf(INT, INT))],
  ["__sub", functionOf(INT, functionOf(INT, INT))],
  ["(builtins.lessThan 1)", functionOf(INT, BOOL)],
  ["isNull", functionOf(INT, BOOL)],
  ["builtins.toJSON", functionOf(INT, STRING)],
  ["(map toString)", functionOf(listOf(INT), listOf(STRING))],
  ["baseNameOf", functionOf(STRING, STRING)],
  ["dirOf", functionOf(PATH, PATH)],
  ['(builtins.getAttr "a")', functionOf(setOf(field("a", INT)), INT)],
];

function of(type: ProgramType): ArgumentKind {
  return { is: "type", type };
}

function text(...texts: readonly string[]): ArgumentKind {
  return { is: "text", texts };
}

function field(name: string, type: ProgramType): { name: string; type: ProgramType } {
  return { name, type };
}

function row(
  name: string,
  args: readonly ArgumentKind[],
  result: ProgramType | "any",
): BuiltinSignature {
  const bare = [
    "map",
    "toString",
    "baseNameOf",
    "dirOf",
    "import",
    "isNull",
    "derivation",
    "derivationStrict",
    "removeAttrs",
    "fromTOML",
    "placeholder",
  ];
  return { callee: bare.includes(name) ? name : `builtins.${name}`, args, result };
}
