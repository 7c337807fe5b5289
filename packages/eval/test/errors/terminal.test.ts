/** User text on terminals: colours, other escape sequences, tabs and width. */
import { describe, expect, test } from "vitest";
import { forTerminal } from "../../src/errors/terminal.ts";

describe("forTerminal", () => {
  test("keeps or drops colours and drops other escapes", () => {
    expect(forTerminal("a\x1b[31;1mb\x1b[2Kc\x1b]0;title\x07d\r\n", true)).toBe("a\x1b[31;1mbcd\n");
    expect(forTerminal("a\x1b[31;1mb\x1b[0m", false)).toBe("ab");
  });

  test("fills tabs up to eight columns, counted from the start of the text", () => {
    expect(forTerminal("\tx", false)).toBe("        x");
    expect(forTerminal("abc\n\tx", false)).toBe("abc\n     x");
    expect(forTerminal("\x1b[1mab\tx", true)).toBe("\x1b[1mab      x");
  });

  test("counts characters, not bytes", () => {
    const utf8 = (text: string): string => Buffer.from(text).toString("latin1");
    expect(forTerminal(utf8("é\tx"), false)).toBe(utf8("é       x"));
    expect(forTerminal(utf8("日\tx"), false)).toBe(utf8("日      x"));
  });
});
