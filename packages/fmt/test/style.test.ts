/** The style by example: each text comes out as written here, and stays so. */
import { SourceFile } from "@nivis/syntax";
import { describe, expect, test } from "vitest";
import { FormatError, type FormatOptions, format } from "../src/index.ts";

function source(text: string): SourceFile {
  return new SourceFile({ kind: "string" }, Buffer.from(text).toString("latin1"));
}

function formatted(text: string, options: FormatOptions = {}): string {
  return Buffer.from(format(source(text), options), "latin1").toString();
}

/** Checks that lines come out as lines, and that these stay as they are. */
function check(input: string, lines: readonly string[], options: FormatOptions = {}): void {
  const expected = `${lines.join("\n")}\n`;
  expect(formatted(input, options)).toBe(expected);
  expect(formatted(expected, options)).toBe(expected);
}

describe("sets and lists", () => {
  test("have one item a line once there are two", () => {
    check("{a=1;}", ["{ a = 1; }"]);
    check("{a=1;b=2;}", ["{", "  a = 1;", "  b = 2;", "}"]);
    check("[1]", ["[ 1 ]"]);
    check("[1 2]", ["[", "  1", "  2", "]"]);
  });

  test("stay expanded when they were", () => {
    check("{\na=1;}", ["{", "  a = 1;", "}"]);
    check("{\na=1;}", ["{ a = 1; }"], { strict: true });
    check("{\n}", ["{", "}"]);
  });

  test("expand as values, not as arguments", () => {
    check("{ a = { b = 1; }; }", ["{", "  a = {", "    b = 1;", "  };", "}"]);
    check("f { b = 1; }", ["f { b = 1; }"]);
    check("{ a = { inherit b; }; }", ["{ a = { inherit b; }; }"]);
  });

  test("keep inherit on one line up to three names", () => {
    check("{ inherit a b c; }", ["{ inherit a b c; }"]);
    check("{ inherit (a) b c d e; }", [
      "{",
      "  inherit (a)",
      "    b",
      "    c",
      "    d",
      "    e",
      "    ;",
      "}",
    ]);
  });
});

describe("comments", () => {
  test("stay with what they are about", () => {
    check("[ # a\n1 /* b */ 2\n# c\n\n3]", [
      "[",
      "  # a",
      "  1 # b",
      "  2",
      "  # c",
      "",
      "  3",
      "]",
    ]);
  });

  test("behind a parenthesis that is an item are kept", () => {
    check("[ (# a\n# b\nc) ]", ["[", "  # a", "  (", "    # b", "    c", "  )", "]"]);
  });

  test("in blocks are indented anew, one line becomes #", () => {
    check("/* a */ 1", ["# a", "1"]);
    check("{\n    /* a\n       b\n     */\n  c = 1; }", [
      "{",
      "  /*",
      "    a",
      "    b",
      "  */",
      "  c = 1;",
      "}",
    ]);
    check("/** a */ x: x", ["/**", "  a", "*/", "x: x"]);
  });

  test("that name a language stay before their string", () => {
    check('{ a = /* bash */ "b"; }', ['{ a = /* bash */ "b"; }']);
  });

  test("disable formatting between them", () => {
    check("{\n/*nixfmt:disable*/\n   a   =  1 ;\n/*nixfmt:enable*/\nb=2;}", [
      "{",
      "/*nixfmt:disable*/",
      "   a   =  1 ;",
      "/*nixfmt:enable*/",
      "  b = 2;",
      "}",
    ]);
  });
});

describe("functions", () => {
  test("have their formals on one line when there are few", () => {
    check("{a,b}: c", ["{ a, b }: c"]);
    check("{a,b?1}: c", ["{", "  a,", "  b ? 1,", "}:", "c"]);
    check("x: y: { a = 1; }", ["x: y: { a = 1; }"]);
    check("a@{b,...}: c", ["a@{ b, ... }: c"]);
  });

  test("turn leading commas into trailing ones", () => {
    check("{ a # x\n# y\n, b\n, c }: d", ["{", "  a, # x", "  # y", "  b,", "  c,", "}:", "d"]);
  });

  test("let their last argument begin on their line", () => {
    check("f a { b = 1; c = 2; }", ["f a {", "  b = 1;", "  c = 2;", "}"]);
    check("f (x: { a = 1; b = 2; })", ["f (x: {", "  a = 1;", "  b = 2;", "})"]);
  });

  test("break at the limit, which does not count indentation", () => {
    const name = (length: number): string => "a".repeat(length);
    check(`f (g ${name(92)})`, [`f (g ${name(92)})`]);
    check(`f (g ${name(95)})`, ["f (", `  g ${name(95)}`, ")"]);
    check(`f [ ${name(60)} ${name(60)} ] 1`, ["f [", `  ${name(60)}`, `  ${name(60)}`, "] 1"]);
    // Characters count, not bytes.
    check(`f "${"é".repeat(90)}" (g 1)`, [`f "${"é".repeat(90)}" (g 1)`]);
    check(`f "${"é".repeat(92)}" (g 1)`, [`f "${"é".repeat(92)}" (`, "  g 1", ")"]);
  });
});

describe("expressions", () => {
  test("let, if, with, assert", () => {
    check("let a=1; in a", ["let", "  a = 1;", "in", "a"]);
    check("if a then b else c", ["if a then b else c"]);
    check("if a then b else if c then d else e", [
      "if a then",
      "  b",
      "else if c then",
      "  d",
      "else",
      "  e",
    ]);
    check("with a; [ b c ]", ["with a;", "[", "  b", "  c", "]"]);
    check("assert a; b", ["assert a;", "b"]);
  });

  test("operators", () => {
    check("a//b//c", ["a // b // c"]);
    check("!a&&-b<c", ["!a && -b < c"]);
    check("a|>b|>c|>d", ["a", "|> b", "|> c", "|> d"]);
    check("{ a = { b = 1; } // c; }", ["{", "  a = {", "    b = 1;", "  }", "  // c;", "}"]);
  });
});

describe("strings", () => {
  test("keep their content and lose the indentation that is not content", () => {
    check("{ a = ''\n      x\n        y\n    ''; }", [
      "{",
      "  a = ''",
      "    x",
      "      y",
      "  '';",
      "}",
    ]);
    check("''a''", ['"a"']);
    check("''a\"''", ["''a\"''"]);
    check("http://a.b/c", ['"http://a.b/c"']);
    check('"a${b}c"', ['"a${b}c"']);
  });
});

describe("what nixfmt makes another program of", () => {
  test("a path before a dot or behind a minus", () => {
    check("./a .b", ["./a .b"]);
    check("./a/${b} .c", ["./a/${b} .c"]);
    check("- ./a", ["- ./a"]);
    check("-a", ["-a"]);
  });

  test("an escaped line end before spaces", () => {
    check("''\n    a''\\n  b\n  c\n''", ["''", "    a''\\n  b", "  c", "''"]);
  });

  test("a computed name", () => {
    check("{ ${'''''a''} = 1; }", ["{ ${'''''a''} = 1; }"]);
    check("{ ${''a''} = 1; }", ['{ ${"a"} = 1; }']);
  });
});

describe("what cannot be formatted", () => {
  const failure = (text: string): FormatError => {
    try {
      format(source(text));
    } catch (error) {
      if (error instanceof FormatError) return error;
      throw error;
    }
    throw new Error("was formatted");
  };

  test("a text with a mistake, with its place", () => {
    expect(failure("{ a = ; }")).toMatchObject({ kind: "syntax", offset: 6 });
    expect(failure("")).toMatchObject({ kind: "syntax", offset: 0 });
    expect(failure("{ inherit ${a}; }")).toMatchObject({ kind: "syntax" });
  });

  test("a text that nests too deeply", () => {
    const depth = 100_000;
    for (const [open, close] of [
      ["[", "]"],
      ["(", ")"],
      ["{a=", ";}"],
      ["f (", ")"],
      ['"${', '}"'],
    ] as const) {
      const text = `${open.repeat(depth)}1${close.repeat(depth)}`;
      expect(failure(text), open).toMatchObject({ kind: "nesting" });
    }
  });

  test("but long chains are not deep", () => {
    const long = 20_000;
    for (const text of [
      `a${"+a".repeat(long)}`,
      `${"x: ".repeat(long)}x`,
      `${"if a then b else ".repeat(long)}c`,
    ])
      expect(formatted(text).length).toBeGreaterThan(long);
  });

  test("a text that goes on behind a null byte", () => {
    expect(failure("a\0b")).toMatchObject({ kind: "syntax", offset: 1 });
  });

  test("mistakes that leave the text whole do not matter", () => {
    check("{ a = 1; a = 2; }", ["{", "  a = 1;", "  a = 2;", "}"]);
  });
});
