/** Rendering errors like C++ Nix: excerpts, traces and their limits. */
import { SourceFile } from "@nivis/syntax";
import { describe, expect, test } from "vitest";
import { EvalError, Trace } from "../../src/errors/eval-error.ts";
import { renderEvaluationWarning } from "../../src/errors/log-message.ts";
import { renderError, renderWarning } from "../../src/errors/render.ts";
import { NO_POS, PositionTable, positionIn } from "../../src/position.ts";

const positions = new PositionTable();
const base = positions.add(
  new SourceFile({ kind: "file", path: "/t.nix" }, "{\n  a = 1;\r\n\tb = a.c;\n}\n"),
);
const line1 = positionIn(base, 0);
const line2 = positionIn(base, 4);
const line3 = positionIn(base, 13);

function render(error: EvalError, showTrace = false): string {
  const text = renderError(error, positions, { showTrace, color: false });
  return Buffer.from(text, "latin1").toString("utf8");
}

const lines = (...all: string[]): string => all.join("\n");

describe("renderError", () => {
  test("puts a message without traces behind the prefix and indents what follows", () => {
    expect(render(new EvalError("throw", "one\ntwo  \n"))).toBe("error: one\n       two");
  });

  test("quotes the line, its neighbours and the column", () => {
    expect(render(new EvalError("type", "no", line2))).toBe(
      lines(
        "error: no",
        "       at /t.nix:2:3:",
        "            1| {",
        "            2|   a = 1;",
        "             |   ^",
        "            3| \tb = a.c;",
      ),
    );
  });

  test("has no neighbours at the ends of a text", () => {
    const single = positions.add(new SourceFile({ kind: "string" }, "x"));
    expect(render(new EvalError("type", "no", single))).toBe(
      lines("error: no", "       at «string»:1:1:", "            1| x", "             | ^"),
    );
    const empty = positions.add(new SourceFile({ kind: "stdin" }, ""));
    expect(render(new EvalError("parse", "no", empty))).toBe(
      lines("error: no", "       at «stdin»:1:1:"),
    );
  });

  test("puts traces before the message, the outermost first", () => {
    const error = new EvalError("type", "no").addTrace(line3, "inner").addTrace(NO_POS, "outer");
    expect(render(error)).toBe(
      lines(
        "error:",
        "       … outer",
        "",
        "       … inner",
        "         at /t.nix:3:2:",
        "            2|   a = 1;",
        "            3| \tb = a.c;",
        "             |  ^",
        "            4| }",
        "",
        "       error: no",
      ),
    );
  });

  test("skips traces without text", () => {
    expect(render(new EvalError("type", "no").addTrace(NO_POS, "").addTrace(NO_POS, "a"))).toBe(
      lines("error:", "       … a", "", "       error: no"),
    );
  });

  const many = (): EvalError => {
    const error = new EvalError("type", "no");
    for (const name of ["e", "d", "c", "b", "a"]) error.addTrace(NO_POS, name);
    return error;
  };

  test("cuts off after four traces without a position", () => {
    expect(render(many())).toBe(
      lines(
        "error:",
        "       … a",
        "",
        "       … b",
        "",
        "       … c",
        "",
        "       … d",
        "",
        "       (stack trace truncated; use '--show-trace' to show the full, detailed trace)",
        "",
        "       error: no",
      ),
    );
    expect(render(many(), true)).not.toContain("truncated");
    expect(render(many(), true)).toContain("… e");
  });

  test("counts a trace with a position twice", () => {
    const error = new EvalError("type", "no");
    for (const name of ["c", "b", "a"]) error.addTrace(line1, name);
    const text = render(error);
    expect(text).toContain("… b");
    expect(text).not.toContain("… c");
  });

  test("always shows what addErrorContext added", () => {
    const error = new EvalError("type", "no").addTrace(NO_POS, "forced", true);
    for (let i = 0; i < 6; i++) error.addTrace(NO_POS, `outer ${i}`);
    expect(render(error)).toContain("… forced");
    expect(render(error)).not.toContain("outer 1");
  });

  test("prints up to five repeated traces and counts more", () => {
    const repeated = (times: number): string => {
      const error = new EvalError("type", "no").addTrace(NO_POS, "last");
      for (let i = 0; i < times; i++) error.addTrace(NO_POS, "again");
      return render(error, true);
    };
    expect(repeated(6).split("… again")).toHaveLength(7);
    expect(repeated(7).split("… again")).toHaveLength(2);
    expect(repeated(7)).toContain("\n       (6 duplicate frames omitted)\n\n       … last\n");
  });

  test("suggests below the source lines", () => {
    const error = new EvalError("missing-attribute", "no", line1).suggest(["a", "b", "c"]);
    expect(render(error).split("\n").at(-1)).toBe("       Did you mean one of a, b or c?");
  });

  test("colours without moving anything", () => {
    const error = new EvalError("type", "no", line2).addTrace(line1, "outer").suggest(["a"]);
    const text = renderError(error, positions, { showTrace: false, color: true });
    expect(text).toContain("\x1b[31;1merror:\x1b[0m");
    const plain = text.replace(/\x1b\[[0-9;]*m/g, "");
    expect(plain).toBe(renderError(error, positions, { showTrace: false, color: false }));
  });

  test("renders a hundred thousand traces", () => {
    const error = new EvalError("type", "no");
    for (let i = 0; i < 100_000; i++) error.addTrace(NO_POS, `${i}`);
    expect(render(error, true).split("…")).toHaveLength(100_001);
  });
});

describe("warnings", () => {
  test("quotes the place of a warning", () => {
    expect(renderWarning("careful", line1, positions, false)).toBe(
      lines(
        "warning: careful",
        "         at /t.nix:1:1:",
        "              1| {",
        "               | ^",
        "              2|   a = 1;",
      ),
    );
  });

  test("says what was going on", () => {
    const traces = [new Trace(NO_POS, "while testing")];
    expect(renderWarning("careful", NO_POS, positions, false, traces)).toBe(
      lines(
        "warning:",
        `         ${"\xe2\x80\xa6"} while testing`,
        "",
        "         warning: careful",
      ),
    );
  });

  test("indents a warning of the program unless it begins with a newline", () => {
    expect(renderEvaluationWarning("a\nb", false)).toBe(
      "evaluation warning: a\n                    b",
    );
    expect(renderEvaluationWarning("\na\nb", false)).toBe("evaluation warning:\na\nb");
  });
});
