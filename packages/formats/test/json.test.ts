/** JSON. Messages and float digits were recorded from nlohmann/json 3.11. */
import { describe, expect, test } from "vitest";
import {
  encodeUtf8,
  escapeJsonString,
  FormatError,
  formatJsonFloat,
  type JsonVisitor,
  normalizeJson,
  parseJson,
} from "../src/index.ts";

/** The calls of the visitor as text. */
function events(text: string): string[] {
  const calls: string[] = [];
  const visitor: JsonVisitor = {
    null: () => calls.push("null"),
    boolean: (value) => calls.push(String(value)),
    integer: (value) => calls.push(`${typeof value} ${value}`),
    unsigned: (value) => calls.push(`unsigned ${value}`),
    float: (value) => calls.push(`float ${Object.is(value, -0) ? "-0" : value}`),
    string: (value) => calls.push(`string ${value}`),
    startObject: () => calls.push("{"),
    key: (name) => calls.push(`key ${name}`),
    endObject: () => calls.push("}"),
    startArray: () => calls.push("["),
    endArray: () => calls.push("]"),
  };
  parseJson(text, visitor);
  return calls;
}

function fails(text: string, message: string): void {
  expect(() => events(text)).toThrow(FormatError);
  let thrown = "";
  try {
    events(text);
  } catch (error) {
    thrown = (error as Error).message;
  }
  expect(thrown).toBe(message);
}

const syntax = (position: string, rest: string) =>
  `[json.exception.parse_error.101] parse error at ${position}: syntax error while parsing ${rest}`;

describe("parseJson", () => {
  test("reports values in the order of the text", () => {
    expect(events(' {"a": [1, true, null], "b": {}, "a": "x"} ')).toEqual([
      "{",
      "key a",
      "[",
      "number 1",
      "true",
      "null",
      "]",
      "key b",
      "{",
      "}",
      "key a",
      "string x",
      "}",
    ]);
  });
  test("distinguishes integers, large integers and floats", () => {
    expect(
      events("[-0, -0.0, 1e2, 9007199254740992, 9223372036854775807, -9223372036854775808]"),
    ).toEqual([
      "[",
      "number 0",
      "float -0",
      "float 100",
      "bigint 9007199254740992",
      "bigint 9223372036854775807",
      "bigint -9223372036854775808",
      "]",
    ]);
    expect(events("9223372036854775808")).toEqual(["unsigned 9223372036854775808"]);
    expect(events("18446744073709551615")).toEqual(["unsigned 18446744073709551615"]);
    expect(events("18446744073709551616")).toEqual(["float 18446744073709552000"]);
    expect(events("-9223372036854775809")).toEqual(["float -9223372036854776000"]);
  });
  test("decodes strings to UTF-8 bytes", () => {
    expect(events('"\\u00e9\\ud83d\\ude00\\n\\/\\u0000"')).toEqual([
      `string ${encodeUtf8("é😀")}\n/\0`,
    ]);
    expect(events(encodeUtf8('"é"'))).toEqual([`string ${encodeUtf8("é")}`]);
  });
  test("needs no native stack", () => {
    const depth = 1_000_000;
    expect(normalizeJson("[".repeat(1000) + "]".repeat(1000))).toHaveLength(2000);
    expect(events("[".repeat(depth) + "]".repeat(depth))).toHaveLength(2 * depth);
  });
  test("accepts a byte order mark and a NUL like nlohmann", () => {
    expect(events("\xef\xbb\xbf1")).toEqual(["number 1"]);
    expect(events("1\0anything")).toEqual(["number 1"]);
  });
  test("reports the place and the reason of an error", () => {
    fails(
      "",
      "[json.exception.parse_error.101] parse error at line 1, column 1: attempting to parse an empty input; check that your input string or stream contains the expected JSON",
    );
    fails(
      " ",
      syntax(
        "line 1, column 2",
        "value - unexpected end of input; expected '[', '{', or a literal",
      ),
    );
    fails(
      "[1,]",
      syntax("line 1, column 4", "value - unexpected ']'; expected '[', '{', or a literal"),
    );
    fails("[1 2]", syntax("line 1, column 4", "array - unexpected number literal; expected ']'"));
    fails(
      "[1\n 2\n]",
      syntax("line 2, column 0", "array - unexpected number literal; expected ']'"),
    );
    fails(
      "{1:2}",
      syntax("line 1, column 2", "object key - unexpected number literal; expected string literal"),
    );
    fails(
      '{"a" 1}',
      syntax("line 1, column 6", "object separator - unexpected number literal; expected ':'"),
    );
    fails(
      '{"a":1 "b"}',
      syntax("line 1, column 10", "object - unexpected string literal; expected '}'"),
    );
    fails(
      "1 x",
      syntax(
        "line 1, column 3",
        "value - invalid literal; last read: '1 x'; expected end of input",
      ),
    );
    fails("[tru]", syntax("line 1, column 5", "value - invalid literal; last read: '[tru]'"));
    fails(
      "-",
      syntax(
        "line 1, column 2",
        "value - invalid number; expected digit after '-'; last read: '-'",
      ),
    );
    fails(
      "1.",
      syntax(
        "line 1, column 3",
        "value - invalid number; expected digit after '.'; last read: '1.'",
      ),
    );
    fails(
      '"a',
      syntax("line 1, column 3", "value - invalid string: missing closing quote; last read: '\"a'"),
    );
    fails(
      '"\x01"',
      syntax(
        "line 1, column 2",
        "value - invalid string: control character U+0001 (SOH) must be escaped to \\u0001; last read: '\"<U+0001>'",
      ),
    );
    fails(
      '"\\x"',
      syntax(
        "line 1, column 3",
        "value - invalid string: forbidden character after backslash; last read: '\"\\x'",
      ),
    );
    fails(
      '"\\ud800"',
      syntax(
        "line 1, column 8",
        "value - invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF; last read: '\"\\ud800\"'",
      ),
    );
    fails(
      '"\xff"',
      syntax(
        "line 1, column 2",
        "value - invalid string: ill-formed UTF-8 byte; last read: '\"\xff'",
      ),
    );
    fails("1e400", "[json.exception.out_of_range.406] number overflow parsing '1e400'");
    fails(
      "\xef\xbb1",
      syntax(
        "line 1, column 3",
        "value - invalid BOM; must be 0xEF 0xBB 0xBF if given; last read: '\xef\xbb1'",
      ),
    );
  });
});

describe("normalizeJson", () => {
  test("sorts keys and lets the last of equal keys win", () => {
    expect(normalizeJson('{ "b": 1, "a": [ 1.0, 1E2 ], "b": {"y":"\\u00e9","x":null} }')).toBe(
      encodeUtf8('{"a":[1.0,100.0],"b":{"x":null,"y":"é"}}'),
    );
  });
});

describe("escapeJsonString", () => {
  test("escapes only what JSON requires", () => {
    expect(escapeJsonString('a"\\/\b\f\n\r\t\x01\x7f')).toBe(
      '"a\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f"',
    );
    expect(escapeJsonString(encodeUtf8("é"))).toBe(`"${encodeUtf8("é")}"`);
  });
  test("rejects bytes that are not UTF-8", () => {
    expect(() => escapeJsonString("ab\xff")).toThrow(
      "[json.exception.type_error.316] invalid UTF-8 byte at index 2: 0xFF",
    );
    expect(() => escapeJsonString("\xc3x")).toThrow(
      "[json.exception.type_error.316] invalid UTF-8 byte at index 1: 0x78",
    );
    expect(() => escapeJsonString("\xe2\x82")).toThrow(
      "[json.exception.type_error.316] incomplete UTF-8 string; last byte: 0x82",
    );
  });
});

describe("formatJsonFloat", () => {
  test("agrees with nlohmann", () => {
    for (const [value, text] of [
      [1, "1.0"],
      [0, "0.0"],
      [-0, "-0.0"],
      [0.5, "0.5"],
      [-1.5, "-1.5"],
      [0.1 + 0.2, "0.30000000000000004"],
      [1e14, "100000000000000.0"],
      [1e15, "1e+15"],
      [123456789012345, "123456789012345.0"],
      [1e20, "1e+20"],
      [123456789012345680, "1.2345678901234568e+17"],
      [1e-4, "0.0001"],
      [1e-5, "1e-05"],
      [1.5e-7, "1.5e-07"],
      [5e-324, "5e-324"],
      [Number.MAX_VALUE, "1.7976931348623157e+308"],
      [Number.POSITIVE_INFINITY, "null"],
      [Number.NaN, "null"],
    ] as const) {
      expect(formatJsonFloat(value)).toBe(text);
    }
  });
  test("is not always the shortest or nearest, like Grisu2", () => {
    for (const [value, text] of [
      [967273786048676.2, "967273786048676.3"],
      [-15946409678232960000, "-1.5946409678232961e+19"],
      [3.71291946927848e-210, "3.7129194692784797e-210"],
    ] as const) {
      expect(formatJsonFloat(value)).toBe(text);
      expect(Number(text)).toBe(value);
    }
  });
});
