/** TOML 1.0: values and the messages of malformed texts. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  encodeUtf8,
  FormatError,
  parseToml,
  type TomlTable,
  type TomlValue,
} from "../src/index.ts";

/** Texts that are not TOML, with the messages of C++ Nix 2.36. */
const mistakes: [string, string][] = JSON.parse(
  readFileSync(new URL("toml-mistakes.json", import.meta.url), "utf8"),
);

function plain(value: TomlValue): unknown {
  switch (value.kind) {
    case "table":
      return plainTable(value.entries);
    case "array":
      return value.items.map(plain);
    case "datetime":
      return { time: value.text };
    case "float":
      return { float: value.value };
    default:
      return value.value;
  }
}

function plainTable(table: TomlTable): unknown {
  return Object.fromEntries([...table].map(([key, value]) => [key, plain(value)]));
}

const read = (text: string) => plainTable(parseToml(text));
/** The value of `x` in the text `x = VALUE`. */
const value = (text: string) => (read(`x = ${text}`) as { x: unknown }).x;

function fails(text: string, title: string): void {
  expect(() => parseToml(text)).toThrow(FormatError);
  let message = "";
  try {
    parseToml(text);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message.split("\n")[0]).toBe(`[error] ${title}`);
}

describe("values", () => {
  test("integers", () => {
    for (const [text, expected] of [
      ["+99", 99],
      ["-0", 0],
      ["1_000", 1000],
      ["0xdead_BEEF", 0xdeadbeef],
      ["0o755", 493],
      ["0b101", 5],
      ["9007199254740991", 9007199254740991],
      ["9007199254740993", 9007199254740993n],
      ["-9223372036854775808", -9223372036854775808n],
      ["0x7fffffffffffffff", 9223372036854775807n],
    ] as const) {
      expect(value(text)).toBe(expected);
    }
  });
  test("floats", () => {
    for (const [text, float] of [
      ["1.0", 1],
      ["-0.0", -0],
      ["1e06", 1e6],
      ["6.6e-3_4", 6.6e-34],
      ["1_0.0_1", 10.01],
      ["-inf", Number.NEGATIVE_INFINITY],
      ["+nan", Number.NaN],
      ["1e-400", 0],
    ] as const) {
      expect(value(text)).toEqual({ float });
    }
  });
  test("strings", () => {
    expect(value('"a\\t\\"\\u00e9\\U0001F600"')).toBe(encodeUtf8('a\t"é😀'));
    expect(value("'a\\n'")).toBe("a\\n");
    expect(value('"""\na\n  b\\\n   \n  c\\\\"""')).toBe("a\n  bc\\");
    expect(value('"""a""b"""""')).toBe('a""b""');
    expect(value("'''\r\na''b'''")).toBe("a''b");
    expect(value('""')).toBe("");
    expect(value('"\\u0000"')).toBe("\0");
  });
  test("times", () => {
    for (const [text, time] of [
      ["1979-05-27t07:32:00z", "1979-05-27T07:32:00Z"],
      ["1979-05-27 07:32:00.1-07:30", "1979-05-27T07:32:00.100-07:30"],
      ["1979-05-27T07:32:00.1234567891+00:00", "1979-05-27T07:32:00.123456789Z"],
      ["1979-05-27T07:32:00.0001", "1979-05-27T07:32:00.000100"],
      ["2000-02-29", "2000-02-29"],
      ["23:59:60.000", "23:59:60"],
    ]) {
      expect(value(text as string)).toEqual({ time });
    }
    expect(read("x = 1979-05-27 # a date\ny = true")).toEqual({
      x: { time: "1979-05-27" },
      y: true,
    });
  });
  test("arrays and inline tables", () => {
    expect(value("[ 1, [ ], # c\n [ 'a' , {b.c = 1, b.d=[{}]} ],\n ]")).toEqual([
      1,
      [],
      ["a", { b: { c: 1, d: [{}] } }],
    ]);
  });
  test("nested deeply", () => {
    const depth = 100_000;
    let node: TomlValue | undefined = parseToml(`x = ${"[".repeat(depth)}${"]".repeat(depth)}`).get(
      "x",
    );
    let count = 0;
    for (; node?.kind === "array"; node = node.items[0]) count++;
    expect(count).toBe(depth);
  });
});

describe("tables", () => {
  test("may be opened in any order", () => {
    expect(read("[a.b.c]\nx=1\n[a]\ny=2\nd.e=3\nd.f=4\n[a.b]\nz=5")).toEqual({
      a: { b: { c: { x: 1 }, z: 5 }, y: 2, d: { e: 3, f: 4 } },
    });
  });
  test("of tables", () => {
    expect(read("[[a]]\nx=1\n[[a.b]]\n[a.b.c]\n[[a]]\n")).toEqual({
      a: [{ x: 1, b: [{ c: {} }] }, {}],
    });
  });
  test("have keys of any kind", () => {
    expect(read('1.\'a.b\'."\\u00e9" = 1\n-_ = 2\n__proto__ = 3\n"" = 4')).toEqual(
      JSON.parse(`{"1":{"a.b":{"${encodeUtf8("é")}":1}},"-_":2,"__proto__":3,"":4}`),
    );
  });
  test("may be empty, begin with a byte order mark and end lines with CRLF", () => {
    expect(read("")).toEqual({});
    expect(read("\xef\xbb\xbfa = 1\r\nb = 2\r\n# end")).toEqual({ a: 1, b: 2 });
  });
});

describe("errors", () => {
  test("show the line", () => {
    expect(() => parseToml("a = 1\nb = 9223372036854775808\n")).toThrow(
      "[error] toml::parse_dec_integer: too large integer: current max digits = 2^63\n" +
        " --> fromTOML\n   |\n 2 | b = 9223372036854775808\n   |                        ^-- must be < 2^63\n",
    );
  });
  test("of values", () => {
    fails("x = 1__0", "bad integer: `_` must be surrounded by digits");
    fails("x = 012", "bad integer: invalid digit after an integer");
    fails("x = 00", "bad integer: leading zero");
    fails("x = .5", "bad float: integer part is required before decimal point");
    fails("x = 5.", "bad float: invalid format");
    fails("x = 1e400", "toml::parse_floating: failed to read floating point value from stream");
    fails("x = 2001-02-29", "toml::parse_local_date: invalid date.");
    fails("x = 24:00:00", "toml::parse_local_time: invalid time.");
    fails("x = 1979-05-27 07:32", "bad time: must be HH:MM:SS.subsec");
    fails("x = 7:32", "bad datetime: invalid format");
    fails('x = "\\e"', "toml::parse_basic_string: invalid string format");
    fails('x = "\\ud800"', "toml::parse_utf8_codepoint: [0xD800, 0xDFFF] is not a valid UTF-8");
    fails('x = "a\nb"', "toml::parse_basic_string: invalid string format");
    fails('x = "\xff"', "toml::parse_basic_string: invalid string format");
    fails("x = word", "bad format: unknown value appeared");
    fails("x = [1 2]", "toml::parse_array: expected value-separator `,` or closing `]`");
    fails("x = [1,", "toml::parse_array: missing closing bracket `]`");
    fails("x = {a=1,}", "toml::parse_inline_table: trailing comma is not allowed in TOML-v1.0.0)");
    fails("x = {a=1\n}", "toml::parse_inline_table: expected value-separator `,` or closing `}`");
    fails("# \x01", "toml::parse_comment_line: newline (LF / CRLF) or EOF is expected");
  });
  test("of keys and tables", () => {
    fails("x = 1 y = 2", "toml::parse_table: newline (LF / CRLF) or EOF is expected");
    fails("x", "toml::parse_key_value_pair: invalid key value separator `=`");
    fails("x = 1\nx = 2", "toml::insert_value: failed to insert a value, value already exists");
    fails("[a]\n[a]", "toml::insert_value: failed to insert a table, table already defined");
    fails("a.b = 1\n[a]", "toml::insert_value: failed to insert a table, table already defined");
    fails("[a.b]\n[a]\nb.c = 1", "toml::insert_value: reopening a table using dotted keys");
    fails(
      "a = {b=1}\na.c = 2",
      "toml::insert_value: failed to insert a value: inline table is immutable",
    );
    fails(
      "a = [{}]\n[[a]]",
      "toml::insert_value: failed to insert a table, inline array of tables is immutable",
    );
    fails("[a", "toml::parse_file: invalid table key");
    fails("[[a]", "toml::parse_file: invalid array-table key");
  });
});

test.each(mistakes)("says what C++ Nix 2.36 says about %j", (text, message) => {
  expect(() => parseToml(text)).toThrow(new FormatError("toml-parse", encodeUtf8(message)));
});

test("gives up to explain a value that is nested too deeply", () => {
  expect(() => parseToml(`x = ${"[".repeat(1_000_000)}`)).toThrow("this is not TOML 1.0, line 1");
});
