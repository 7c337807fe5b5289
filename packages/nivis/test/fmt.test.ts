/** `nivis fmt`: files, trees, standard input, checks, differences, and what must not happen to files. */
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderWith, nivis } from "./terminal-double.ts";

const MESSY = "{a=1;b=[ 1 ];}\n";
const NEAT = "{\n  a = 1;\n  b = [ 1 ];\n}\n";

let folder: ReturnType<typeof folderWith>;
const file = (name: string): string => join(folder.path, name);
const read = (name: string): string => readFileSync(file(name), "utf8");

beforeEach(() => {
  folder = folderWith({
    "messy.nix": MESSY,
    "neat.nix": NEAT,
    "broken.nix": "{ a = ; }\n",
    "deep/one.nix": MESSY,
    "deep/text.txt": MESSY,
    "deep/.git/two.nix": MESSY,
    "é.nix": '{"é"=1;}\n',
  });
});
afterEach(() => folder.remove());

describe("files", () => {
  test("are replaced when that changes them", () => {
    expect(nivis(["fmt", file("messy.nix"), file("neat.nix")])).toEqual({
      code: 0,
      out: "",
      err: "",
    });
    expect(read("messy.nix")).toBe(NEAT);
    expect(nivis(["fmt", file("é.nix")]).code).toBe(0);
    expect(read("é.nix")).toBe('{ "é" = 1; }\n');
  });

  test("that are formatted are not written", () => {
    const before = statSync(file("neat.nix")).mtimeMs;
    nivis(["fmt", file("neat.nix")]);
    expect(statSync(file("neat.nix")).mtimeMs).toBe(before);
  });

  test("keep their mode, and links stay links", () => {
    chmodSync(file("messy.nix"), 0o750);
    symlinkSync("messy.nix", file("link.nix"));
    expect(nivis(["fmt", file("link.nix")]).code).toBe(0);
    expect(lstatSync(file("link.nix")).isSymbolicLink()).toBe(true);
    expect(statSync(file("messy.nix")).mode & 0o777).toBe(0o750);
    expect(read("messy.nix")).toBe(NEAT);
  });

  test("below a directory are found, but not hidden ones and not other kinds", () => {
    symlinkSync("..", file("deep/cycle"));
    expect(nivis(["fmt", file("deep")])).toEqual({ code: 0, out: "", err: "" });
    expect(read("deep/one.nix")).toBe(NEAT);
    expect(read("deep/text.txt")).toBe(MESSY);
    expect(read("deep/.git/two.nix")).toBe(MESSY);
  });

  test("that are broken stay, the others are formatted", () => {
    const { code, out, err } = nivis(["fmt", folder.path]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe(
      [
        "error: syntax error, unexpected ';'",
        `       at ${file("broken.nix")}:1:7:`,
        "            1| { a = ; }",
        "             |       ^",
        "            2|",
        "error: 1 file cannot be formatted",
        "",
      ].join("\n"),
    );
    expect(read("broken.nix")).toBe("{ a = ; }\n");
    expect(read("messy.nix")).toBe(NEAT);
  });

  test("that cannot be read are named", () => {
    const { code, err } = nivis(["fmt", file("none.nix"), file("messy.nix")]);
    expect(code).toBe(1);
    expect(err).toContain(`${file("none.nix")}: no such file or directory`);
    expect(read("messy.nix")).toBe(NEAT);
  });

  test("that are too large are named and stay", () => {
    writeFileSync(file("large.nix"), `[${" 1".repeat(17 << 20)} ]`);
    const { code, err } = nivis(["fmt", file("large.nix")]);
    expect(code).toBe(1);
    expect(err).toContain("files of more than 32 MiB are not formatted");
  });

  test("leave nothing beside them", () => {
    nivis(["fmt", folder.path]);
    expect(readdirSync(folder.path).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("--range", () => {
  const LINES = "{\n    a=1;\n  b = 2;\n    c=3;\n}\n";

  test("changes these lines only", () => {
    writeFileSync(file("lines.nix"), LINES);
    expect(nivis(["fmt", "--range", "2:2", file("lines.nix")]).code).toBe(0);
    expect(read("lines.nix")).toBe("{\n  a = 1;\n  b = 2;\n    c=3;\n}\n");
    expect(nivis(["fmt", "--check", "-r", "1:3", file("lines.nix")]).code).toBe(0);
    expect(nivis(["fmt", "--check", "-r", "3:4", file("lines.nix")]).code).toBe(1);
    expect(nivis(["fmt", "-r", "4:999", file("lines.nix")]).code).toBe(0);
    expect(read("lines.nix")).toBe("{\n  a = 1;\n  b = 2;\n  c = 3;\n}\n");
  });

  test("behind the end of the file changes nothing", () => {
    writeFileSync(file("lines.nix"), LINES);
    expect(nivis(["fmt", "-r", "50:60", file("lines.nix")]).code).toBe(0);
    expect(read("lines.nix")).toBe(LINES);
  });

  test.each(["3", "0:4", "4:3", "a:b", "1:2:3", ":"])("'%s' is refused", (range) => {
    const { code, err } = nivis(["fmt", "--range", range, file("messy.nix")]);
    expect(code).toBe(1);
    expect(err).toContain(
      `--range takes the first and the last line as START:END, such as 10:20, not '${range}'`,
    );
    expect(read("messy.nix")).toBe(MESSY);
  });

  test("is about one file", () => {
    const { code, err } = nivis(["fmt", "-r", "1:2", file("messy.nix"), file("neat.nix")]);
    expect(code).toBe(1);
    expect(err).toContain("--range is about one file");
    expect(read("messy.nix")).toBe(MESSY);
  });
});

describe("--check", () => {
  test("names what is not formatted, writes nothing and fails", () => {
    const { code, out, err } = nivis(["fmt", "--check", file("messy.nix"), file("neat.nix")]);
    expect({ code, out }).toEqual({ code: 1, out: `${file("messy.nix")}: not formatted\n` });
    expect(err).toBe("error: 1 file not formatted\n");
    expect(read("messy.nix")).toBe(MESSY);
  });

  test("succeeds when all is formatted", () => {
    expect(nivis(["fmt", "-c", file("neat.nix")])).toEqual({ code: 0, out: "", err: "" });
  });
});

describe("--diff", () => {
  test("prints a patch and writes nothing", () => {
    const { code, out } = nivis(["fmt", "--diff", file("messy.nix")]);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        `--- ${file("messy.nix")}`,
        `+++ ${file("messy.nix")}`,
        "@@ -1,1 +1,4 @@",
        "-{a=1;b=[ 1 ];}",
        "+{",
        "+  a = 1;",
        "+  b = [ 1 ];",
        "+}",
        "",
      ].join("\n"),
    );
    expect(read("messy.nix")).toBe(MESSY);
  });

  test("fails together with --check", () => {
    expect(nivis(["fmt", "--diff", "--check", file("messy.nix")]).code).toBe(1);
  });
});

describe("standard input", () => {
  test("goes to standard output", () => {
    expect(nivis(["fmt", "-"], { input: MESSY })).toEqual({ code: 0, out: NEAT, err: "" });
    expect(nivis(["fmt", "-"], { input: NEAT })).toEqual({ code: 0, out: NEAT, err: "" });
  });

  test("has a name in messages", () => {
    const { code, out, err } = nivis(["fmt", "--filename", "a.nix", "-"], { input: "{" });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("at a.nix:1:2");
  });

  test("is checked without being printed", () => {
    expect(nivis(["fmt", "--check", "-"], { input: MESSY })).toMatchObject({
      code: 1,
      out: "<stdin>: not formatted\n",
    });
  });
});

describe("flags", () => {
  test(".editorconfig counts where it names Nix files, flags win", () => {
    const config = "root = true\n[*]\nindent_size = 8\n[*.{js,nix}]\nindent_size = 4\n";
    writeFileSync(file(".editorconfig"), config);
    expect(nivis(["fmt", file("deep/one.nix")]).code).toBe(0);
    expect(read("deep/one.nix")).toBe("{\n    a = 1;\n    b = [ 1 ];\n}\n");
    const given = { input: MESSY };
    expect(nivis(["fmt", "--filename", file("x.nix"), "-"], given).out).toContain("\n    a");
    expect(nivis(["fmt", "-i", "2", file("deep/one.nix")]).code).toBe(0);
    expect(read("deep/one.nix")).toBe(NEAT);
  });

  test("width, indent, strict", () => {
    const format = (input: string, ...flags: string[]): string =>
      nivis(["fmt", ...flags, "-"], { input }).out;
    expect(format("f (g aaaaaaaaaa bbbbbbbbbb)", "--width", "20")).toBe(
      "f (\n  g aaaaaaaaaa bbbbbbbbbb\n)\n",
    );
    expect(format(MESSY, "--indent", "4")).toBe("{\n    a = 1;\n    b = [ 1 ];\n}\n");
    expect(format("{\na=1;}", "--strict")).toBe("{ a = 1; }\n");
  });

  test.each([
    [["fmt"], "needs a file"],
    [["fmt", "--width", "wide", "-"], "--width takes a number"],
    [["fmt", "--indent", "0", "-"], "--indent takes a number"],
    [["fmt", "-", "a.nix"], "standard input is formatted alone"],
  ])("%j is a mistake", (args, message) => {
    const { code, err } = nivis(args, { input: "" });
    expect(code).toBe(1);
    expect(err).toContain(message);
  });
});
