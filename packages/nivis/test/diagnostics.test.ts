/** `--diagnostics`, the options that limit evaluation, and when there are colours. */
import { afterAll, describe, expect, test } from "vitest";
import { wantsColor } from "../src/terminal.ts";
import { folderWith, instantiate, nivis } from "./terminal-double.ts";

const files = folderWith({ "wrong.nix": "{ a = 1;\n  b = a; }\n" });
afterAll(() => files.remove());

describe("--diagnostics", () => {
  test("is plain unless said otherwise", () => {
    const plain = nivis(["eval", "-E", "1 + { }"]);
    expect(nivis(["eval", "--diagnostics", "plain", "-E", "1 + { }"])).toEqual(plain);
    expect(plain.err).toMatch(/^error: cannot add a set to an integer\n/);
  });

  test("rich shows labels and hints", () => {
    const { code, err } = nivis(["eval", "--diagnostics", "rich", "-E", "{ } 1"]);
    expect(code).toBe(1);
    expect(err).toMatch(/^error\[type\]: attempt to call something which is not a function/);
    expect(err).toContain("^^^ this is a set, and is called as a function");
    expect(err).toContain("= help: ");
  });

  test("rich shows who called whom without --show-trace", () => {
    const text = "let f = x: x.a; in f { }";
    expect(nivis(["eval", "--diagnostics=rich", "-E", text]).err).toContain("called from here");
  });

  test("rich has colours when the terminal has", () => {
    const args = ["eval", "--diagnostics", "rich", "-E", "1 + { }"];
    expect(nivis(args, { color: true }).err).toContain("\x1b[31;1merror[type]");
    expect(nivis(args, { color: false }).err).not.toContain("\x1b");
  });

  test("json is one object on one line, also for mistakes in files", () => {
    const { code, out, err } = nivis(["eval", "--diagnostics", "json", `${files.path}/wrong.nix`]);
    expect([code, out]).toEqual([1, ""]);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(err)).toMatchObject({
      code: "undefined-variable",
      labels: [{ file: `${files.path}/wrong.nix`, start: { offset: 15, line: 2, column: 7 } }],
    });
  });

  test("json knows the code of a mistake in a text, as the settings make it one", () => {
    const { err } = instantiate([
      "--parse",
      "--diagnostics",
      "json",
      "--lint-url-literals",
      "fatal",
      "-E",
      "http://a.org",
    ]);
    expect(JSON.parse(err)).toMatchObject({ kind: "parse", code: "url-literal" });
  });

  describe("of a text with several mistakes", () => {
    const text = "{\n  a = 1 +;\n  b = { c = 1 };\n  a = 2;\n  d = 1;\n}";

    test("json has a line for each", () => {
      for (const command of ["eval", "parse", "lint", "instantiate"]) {
        const { code, err } = nivis([command, "--diagnostics", "json", "-E", text]);
        const mistakes = err
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line))
          .filter(({ labels }) => labels.length > 0);
        expect(code).toBe(1);
        expect(mistakes).toMatchObject([
          { code: "syntax-error", labels: [{ start: { line: 2, column: 10 } }] },
          { code: "syntax-error", labels: [{ start: { line: 3, column: 15 } }] },
          { code: "duplicate-attribute", labels: [{ start: { line: 4, column: 3 } }, {}] },
        ]);
      }
    });

    test("rich shows each, up to twenty", () => {
      const places = (source: string): string[] =>
        nivis(["eval", "--diagnostics", "rich", "-E", source]).err.match(/▸ \S+/g) ?? [];
      expect(places(text)).toEqual(["▸ «string»:2:10", "▸ «string»:3:15", "▸ «string»:4:3"]);
      const many = `{\n${"a = 1 +;\n".repeat(50)}}`;
      expect(places(many)).toHaveLength(20);
      const { err } = nivis(["eval", "--diagnostics", "rich", "-E", many]);
      expect(err).toMatch(/\n\n\d+ more mistakes in this text\n$/);
    });

    test("plain shows the first, as C++ Nix does", () => {
      const { err } = nivis(["eval", "-E", text]);
      expect(err.match(/^error/gm)).toHaveLength(1);
    });
  });

  test("json says warnings, traces and wrong options on lines of their own", () => {
    const text = 'builtins.trace "here" (builtins.warn "careful" (throw "x"))';
    const { err } = nivis(["eval", "--diagnostics", "json", "-E", text]);
    const lines = err.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { severity: "trace", message: "here" },
      { severity: "warning", message: "careful" },
      { severity: "error", code: "throw", message: "x" },
    ]);
    const wrong = nivis(["eval", "--diagnostics", "json", "--no-such-flag"]).err;
    expect(JSON.parse(wrong)).toMatchObject({ code: "usage" });
  });

  test("refuses other forms", () => {
    const { code, err } = nivis(["eval", "--diagnostics", "html", "-E", "1"]);
    expect(code).toBe(1);
    expect(err).toContain("'html' is not a form of diagnostics: plain, rich or json");
  });
});

describe("limits", () => {
  const count = "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 100000";

  test.each([
    [["--max-steps", "1000"], "too many steps; max-steps (1000) exceeded"],
    [["--max-time", "0"], "out of time; max-time (0 ms) exceeded"],
    [["--max-call-depth", "500"], "stack overflow; max-call-depth exceeded"],
    [["--option", "max-steps", "1000"], "too many steps; max-steps (1000) exceeded"],
  ])("%j", (args, message) => {
    const { code, out, err } = nivis(["eval", ...args, "-E", count]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(`error: ${message}`);
  });

  test("--max-memory", () => {
    const text = "builtins.length (builtins.genList (x: x) 50000000)";
    const { code, err } = nivis(["eval", "--max-memory", "100", "-E", text]);
    expect(code).toBe(1);
    expect(err).toContain("error: out of memory; max-memory (100 MiB) exceeded");
  });

  test("end the evaluation even inside a value whose errors are shown in place", () => {
    const { code, out } = nivis(["eval", "--max-steps", "1000", "-E", `{ a = ${count}; }`]);
    expect([code, out]).toEqual([1, ""]);
  });

  test("leave alone what stays below them", () => {
    const args = ["--max-steps", "10000000", "--max-memory", "2000", "--max-time", "100000"];
    expect(nivis(["eval", ...args, "-E", "builtins.genList (x: x) 3"]).out).toBe("[ 0 1 2 ]\n");
  });

  test("are numbers", () => {
    const { err } = nivis(["eval", "--max-steps", "many", "-E", "1"]);
    expect(err).toContain("setting 'max-steps' has invalid value 'many'");
  });
});

describe.each([
  [{ TERM: "xterm" }, true, true],
  [{ TERM: "xterm" }, false, false],
  [{ TERM: "dumb" }, true, false],
  [{}, true, false],
  [{ TERM: "xterm", NO_COLOR: "" }, true, false],
  [{ TERM: "xterm", NOCOLOR: "1" }, true, false],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ FORCE_COLOR: "0", TERM: "xterm" }, true, false],
  [{ FORCE_COLOR: "1", NO_COLOR: "1" }, true, false],
  [{ FORCE_COLOR: "", TERM: "xterm" }, true, true],
])("with %j on a terminal: %j", (environment, isTerminal, expected) => {
  test(`there are ${expected ? "" : "no "}colours`, () => {
    expect(wantsColor(environment, isTerminal)).toBe(expected);
  });
});
