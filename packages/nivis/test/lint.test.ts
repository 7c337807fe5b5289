/** `nivis lint`: input, output, levels and fixes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, nivis } from "./terminal-double.ts";

const folder = folderWith({
  "a.nix": "let x = 1; in 2\n",
  "deep/b.nix": "x: [ (x) y: y ]\n".replace("y: y", "(y: 1)"),
  "deep/.hidden/c.nix": "let in 1\n",
  "deep/text.txt": "let in 1\n",
  "broken.nix": "{ a = ; }\n",
  "repair.nix": "let\n  x = 1;\n  y = rec { };\nin\n(y)\n",
  "kept.nix": "let in 1 # nivis-ignore empty-let\n",
  "é.nix": '{ "é" = ("é"); }\n',
});
afterAll(folder.remove);
const file = (name: string): string => join(folder.path, name);

describe("nivis lint", () => {
  test("prints findings on standard output and succeeds", () => {
    const { code, out, err } = nivis(["lint", file("a.nix")]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(
      [
        "warning: variable 'x' is declared, but never used [unused-binding]",
        `         at ${file("a.nix")}:1:5:`,
        "              1| let x = 1; in 2",
        "               |     ^",
        "              2|",
        "",
        "",
      ].join("\n"),
    );
    expect(nivis(["lint", file("kept.nix")])).toEqual({ code: 0, out: "", err: "" });
  });

  test("prints JSON with places in bytes", () => {
    const { out } = nivis(["lint", "--json", file("é.nix")]);
    expect(JSON.parse(out)).toMatchObject([
      {
        file: file("é.nix"),
        code: "useless-parentheses",
        start: { offset: 9, line: 1, column: 10 },
        end: { offset: 15, line: 1, column: 16 },
        fix: { edits: [{ start: 9, end: 10, text: "" }, {}] },
      },
    ]);
    expect(nivis(["lint", "--json", file("kept.nix")]).out).toBe("[]\n");
  });

  test("goes through directories and standard input", () => {
    const { out } = nivis(["lint", file("deep")]);
    expect(out).toContain("deep/b.nix:1:6");
    expect(out.match(/warning:/g)).toHaveLength(1);
    expect(nivis(["lint", "-"], { input: "let in 1" }).out).toContain("[empty-let]");
  });

  test("checks expressions, and with them files", () => {
    const found = (...args: string[]): string[] =>
      nivis(["lint", ...args]).out.match(/at \S+/g) ?? [];
    expect(found("-E", "let x = 1; in 2")).toEqual(["at «string»:1:5:"]);
    expect(found("--expr", "let in 1", file("a.nix"), "-E", "(1)")).toEqual([
      "at «string»:1:1:",
      "at «string»:1:1:",
      `at ${file("a.nix")}:1:5:`,
    ]);
    expect(nivis(["lint", "-E", "1 +"]).code).toBe(1);
    const message = "--fix repairs files: it goes with neither --expr nor standard input";
    expect(nivis(["lint", "--fix", "-E", "(1)"]).err).toContain(message);
    expect(nivis(["lint", "--fix", "-"], { input: "(1)" }).err).toContain(message);
    expect(nivis(["lint"]).err).toContain("needs a file or an expression");
  });

  test("reports every mistake of a text that does not parse", () => {
    const text = "{ a = 1 +; b = [ 1; c = 2; }";
    const places = (...flags: string[]): string[] =>
      nivis(["lint", ...flags, "-E", text]).err.match(/«string»:1:\d+/g) ?? [];
    expect(places()).toEqual(["«string»:1:10", "«string»:1:19"]);
    expect(places("--diagnostics", "rich")).toEqual(["«string»:1:10", "«string»:1:19"]);
  });

  test("takes codes to look for, to leave out and to fail for", () => {
    const codes = (...flags: string[]): string[] =>
      nivis(["lint", file("deep/b.nix"), ...flags]).out.match(/\[[a-z-]+\]$/gm) ?? [];
    expect(codes()).toEqual(["[useless-parentheses]"]);
    expect(codes("--strict")).toEqual(["[useless-parentheses]", "[unused-parameter]"]);
    expect(codes("--warn", "unused-parameter")).toHaveLength(2);
    expect(codes("--allow", "useless-parentheses,empty-let")).toEqual([]);

    const denied = nivis(["lint", file("a.nix"), "--deny", "unused-binding"]);
    expect(denied.code).toBe(1);
    expect(denied.out).toContain("[unused-binding]");
    expect(denied.err).toBe("error: 1 denied warning found\n");
    expect(nivis(["lint", file("a.nix"), "--deny", "empty-let"]).code).toBe(0);
    expect(nivis(["lint", file("a.nix"), "--deny", "all"]).code).toBe(1);

    const unknown = nivis(["lint", file("a.nix"), "--deny", "unused-bindin"]);
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain("Did you mean unused-binding?");
  });

  test("reports files that do not parse, and goes on", () => {
    const { code, out, err } = nivis(["lint", file("broken.nix"), file("a.nix")]);
    expect(code).toBe(1);
    expect(err).toContain(`at ${file("broken.nix")}:1:7`);
    expect(err).toContain("error: 1 file cannot be parsed");
    expect(out).toContain("[unused-binding]");
    expect(nivis(["lint"]).err).toContain("needs a file");
  });

  test("repairs files", () => {
    expect(nivis(["lint", "--fix", file("repair.nix")])).toEqual({ code: 0, out: "", err: "" });
    expect(readFileSync(file("repair.nix"), "utf8")).toBe("let\n  y = { };\nin\ny\n");
  });

  test("does not show a line of megabytes for each finding in it", () => {
    writeFileSync(file("long.nix"), `[${" (1)".repeat(2000)} ]`);
    const { code, out } = nivis(["lint", file("long.nix")]);
    expect(code).toBe(0);
    expect(out).toContain("long.nix:1:3, in a very long line\n");
    expect(out.length).toBeLessThan(400_000);
  });

  test("lists what it knows", () => {
    expect(nivis(["lint", "--list"]).out).toMatch(/^unused-binding +A binding of a/m);
  });
});
