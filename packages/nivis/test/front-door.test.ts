/** `evaluate` and `evaluateFile`: ordinary texts in, plain data out, errors that JavaScript knows. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { types } from "node:util";
import { NixError } from "@nivis/embed";
import { Evaluation, memoryIo, overrideIo } from "@nivis/eval";
import { nodeIo } from "@nivis/node";
import { afterAll, describe, expect, test } from "vitest";
import { createNix, evaluate, evaluateFile } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "nivis-front-door-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "a.nix"), '{ x ? 1, ... }: { y = x + 1; n = import (./. + "/ä.nix"); }');
writeFileSync(join(folder, "ä.nix"), '"ö"');
mkdirSync(join(folder, "dir"));
writeFileSync(join(folder, "dir", "default.nix"), "[ ./. ]");

function failure(run: () => unknown): NixError {
  try {
    run();
  } catch (error) {
    if (error instanceof NixError) return error;
    throw error;
  }
  throw new Error("no error");
}

describe("evaluate", () => {
  test("takes an ordinary text and gives plain data", () => {
    expect(evaluate('{ a = 1 + 1; s = "é😀"; }')).toEqual({ a: 2, s: "é😀" });
    expect(evaluate('import (./. + "/ä.nix")', { basePath: folder })).toBe("ö");
    expect(evaluate('import (./. + "/ä.nix")', { basePath: pathToFileURL(folder) })).toBe("ö");
  });

  test("selects, and calls with arguments", () => {
    const text = '{ n, m ? 2 }: { a."b c" = [ n { d = m; } ]; }';
    expect(evaluate(text, { args: { n: { é: [1] } }, attr: 'a."b c".0' })).toEqual({ é: [1] });
    expect(evaluate(text, { args: { n: 1 }, attr: ["a", "b c", "1", "d"] })).toBe(2);
  });

  test("takes settings as data and options for the result", () => {
    expect(
      evaluate("9007199254740993 |> (x: x)", {
        settings: { experimentalFeatures: ["pipe-operators"] },
        plain: { integers: "bigint" },
      }),
    ).toBe(9007199254740993n);
  });

  test("of a session reads a file once", () => {
    let read = 0;
    const io = memoryIo({ files: { "/a.nix": "1" } });
    const counting = overrideIo(io, {
      readFile: (path) => {
        read++;
        return io.readFile(path);
      },
    });
    const session = createNix({ io: counting });
    expect([1, 2, 3].map(() => session.evaluate("import /a.nix"))).toEqual([1, 1, 1]);
    expect(read).toBe(1);
  });
});

describe("evaluateFile", () => {
  test("takes a path or a URL, of a file or a directory", () => {
    expect(evaluateFile(join(folder, "a.nix"))).toEqual({ y: 2, n: "ö" });
    expect(evaluateFile(pathToFileURL(join(folder, "a.nix")), { args: { x: 5 } })).toEqual({
      y: 6,
      n: "ö",
    });
    expect(evaluateFile(join(folder, "dir"))).toEqual([join(folder, "dir")]);
  });

  test("resolves relative paths from the current directory of the world", () => {
    const io = memoryIo({
      files: { "/w/a.nix": "./b", "/w/c/d.nix": "1" },
      currentDirectory: "/w",
    });
    expect(evaluateFile("a.nix", { io })).toBe("/w/b");
    expect(evaluateFile("./c/../a.nix", { io })).toBe("/w/b");
    expect(evaluate("./x", { io })).toBe("/w/x");
    expect(evaluate("./x", { io, basePath: "." })).toBe("/w/x");
    expect(evaluate("./x", { io, basePath: "c" })).toBe("/w/c/x");
  });

  test("may read the file that it is given in pure evaluation, and nothing else", () => {
    const files = { "/a.nix": "{ ok = 1; bad = import /b.nix; }", "/b.nix": "2" };
    const options = { io: memoryIo({ files }), settings: { pureEval: true } };
    expect(evaluateFile("/a.nix", { ...options, attr: "ok" })).toBe(1);
    expect(failure(() => evaluateFile("/a.nix", { ...options, attr: "bad" })).kind).toBe(
      "restricted",
    );
  });
});

describe("errors", () => {
  const error = failure(() => evaluate('let e = throw "ä"; in { a = 1 + e; }'));

  test("are errors to JavaScript, with a stack of the caller", () => {
    expect(error).toBeInstanceOf(Error);
    expect(types.isNativeError(error)).toBe(true);
    expect(error.stack).toContain("front-door.test");
    expect(structuredClone(error)).toBeInstanceOf(Error);
  });

  test("have ordinary texts, a code, a place and a trace that outlive the evaluation", () => {
    const { name, message, code, kind } = failure(() => evaluate('\n  throw "ä"'));
    expect({ name, message, code, kind }).toEqual({
      name: "NixError",
      message: "ä",
      code: "throw",
      kind: "throw",
    });
    expect(failure(() => evaluate("\n  1 + {}")).position).toEqual({
      file: "«string»",
      line: 2,
      column: 7,
    });
    expect(error.trace.length).toBeGreaterThan(0);
    expect(error.toString()).toContain("error: ä");
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ message: "ä" });
  });

  test("of a text that is not Nix say where", () => {
    const { kind, code, position } = failure(() => evaluate("{ a = 1"));
    expect({ kind, code, position }).toEqual({
      kind: "parse",
      code: "syntax-error",
      position: { file: "«string»", line: 1, column: 8 },
    });
  });
});

describe("the evaluation", () => {
  const evaluation = new Evaluation({ io: memoryIo() });

  test("refuses a text that is not bytes", () => {
    expect(() => evaluation.evaluate('"😀"')).toThrow("make it bytes with encodeUtf8");
    expect(() => memoryIo({ files: { "/a.nix": '"😀"' } })).toThrow(
      "the file '/a.nix' holds chars",
    );
  });

  test("writes JSON and XML and prints", () => {
    const value = evaluation.evaluate('{ b = [ 1 1.0 ]; a = throw "x"; }');
    expect(evaluation.print(value)).toBe("{ a = \xc2\xaberror: x\xc2\xbb; b = [ 1 1 ]; }");
    expect(evaluation.toJson(evaluation.evaluate("{ b = [ 1 1.0 ]; }"))).toBe('{"b":[1,1.0]}');
    expect(evaluation.toXml(1)).toContain('<int value="1" />');
  });

  test.each([
    [{ experimentalFeatures: "pipe-operators" }, "must be a collection of names"],
    [{ maxStep: 1 }, "unknown setting 'maxStep'"],
    [{ pureEval: "yes" }, "the setting 'pureEval' must be a boolean"],
    [{ maxSteps: -1 }, "the setting 'maxSteps' must be a number that is not negative"],
    [{ maxTime: Number.NaN }, "the setting 'maxTime' must be a number that is not negative"],
    [{ allowedUris: "x" }, "the setting 'allowedUris' must be an array of strings"],
    [
      { lintUrlLiterals: "error" },
      "the setting 'lintUrlLiterals' must be 'ignore', 'warn' or 'fatal'",
    ],
  ])("checks its settings: %o", (settings, message) => {
    expect(() => new Evaluation({ io: memoryIo(), settings: settings as never })).toThrow(message);
  });

  test("has a clock for maxTime in memory as well", () => {
    const limited = new Evaluation({ io: memoryIo(), settings: { maxTime: 20 } });
    expect(() => limited.evaluate("let f = n: f (n + 1); in f 0")).toThrow("max-time");
  });
});

describe("overrideIo", () => {
  test.each([
    ["memoryIo", () => memoryIo({ files: { "/a.nix": "1", "/b.nix": "import /a.nix" } })],
    ["nodeIo", () => nodeIo({ currentDirectory: "/" })],
  ])("changes some methods of %s", (_, make) => {
    const base = make();
    const io = overrideIo(base, {
      readFile: (path) => (path === "/a.nix" ? "41" : base.readFile(path)),
      fileType: (path) => (path === "/a.nix" ? "regular" : base.fileType(path)),
      environment: (name) => (name === "X" ? "env" : base.environment(name)),
    });
    const evaluation = new Evaluation({ io });
    expect(evaluation.evaluate("1 + import /a.nix")).toBe(42);
    expect(evaluation.evaluate('builtins.getEnv "X"')).toBe("env");
    expect(evaluation.evaluate("builtins.pathExists /nope/nope")).toBe(false);
    expect(base.environment("X")).not.toBe("env");
  });
});
