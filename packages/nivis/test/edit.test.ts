/** `nivis edit`: every action once, where results go, and that a failed change leaves the file alone. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderWith, nivis } from "./terminal-double.ts";

const FLAKE = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11"; # stable

  outputs = { self, nixpkgs }: { };
}
`;

let folder: ReturnType<typeof folderWith>;
const file = (name: string): string => join(folder.path, name);
const read = (name: string): string => readFileSync(file(name), "utf8");

beforeEach(() => {
  folder = folderWith({
    "flake.nix": FLAKE,
    "set.nix": '{ "é" = 1; l = [ ]; }\n',
    "package.nix": 'f { version = "1"; src = g { hash = "x"; }; }\n',
    "broken.nix": "{ a = ; }\n",
  });
});
afterEach(() => folder.remove());

/** The file after an action. */
function after(name: string, action: string, ...values: string[]): string {
  expect(nivis(["edit", action, file(name), ...values])).toEqual({ code: 0, out: "", err: "" });
  return read(name);
}

describe("actions", () => {
  test.each([
    ["set.nix", ["set", "m.n", '"é"'], '{ "é" = 1; l = [ ]; m.n = "é"; }\n'],
    ["set.nix", ["set-string", "s", "a ${b}"], '{ "é" = 1; l = [ ]; s = "a \\${b}"; }\n'],
    ["set.nix", ["insert", "x", "2", "--after", '"é"'], '{ "é" = 1; x = 2; l = [ ]; }\n'],
    ["set.nix", ["remove", "l"], '{ "é" = 1; }\n'],
    ["set.nix", ["rename", "l", "list"], '{ "é" = 1; list = [ ]; }\n'],
    ["set.nix", ["append", "l", "a.b"], '{ "é" = 1; l = [ a.b ]; }\n'],
    [
      "package.nix",
      ["update", "--new-version", "2", "--hash", "y"],
      'f { version = "2"; src = g { hash = "y"; }; }\n',
    ],
    ["flake.nix", ["set-input", "nixpkgs", "path:/x"], FLAKE.replace(/github:[^"]*/, "path:/x")],
    ["flake.nix", ["set-input-ref", "nixpkgs", "v"], FLAKE.replace("nixos-25.11", "v")],
    [
      "flake.nix",
      ["add-input", "hm", "github:a/b"],
      FLAKE.replace("# stable\n", '# stable\n  inputs.hm.url = "github:a/b";\n').replace(
        "nixpkgs }",
        "nixpkgs, hm }",
      ),
    ],
    ["flake.nix", ["remove-input", "nixpkgs"], "{\n  outputs = { self }: { };\n}\n"],
  ])("%s: %j", (name, [action = "", ...values], expected) => {
    expect(after(name, action, ...values)).toBe(expected);
  });

  test("remove-item", () => {
    after("package.nix", "set", "l", "[ a b ]");
    expect(after("package.nix", "remove-item", "l", "a")).toContain("l = [ b ];");
  });

  test("get and inputs print", () => {
    expect(nivis(["edit", "get", file("package.nix"), "src.hash"]).out).toBe('"x"\n');
    expect(JSON.parse(nivis(["edit", "inputs", file("flake.nix")]).out)).toEqual([
      { name: "nixpkgs", url: "github:NixOS/nixpkgs/nixos-25.11" },
    ]);
  });
});

describe("where the result goes", () => {
  const args = (...flags: string[]): string[] => [
    "edit",
    "set-input-ref",
    file("flake.nix"),
    "nixpkgs",
    "v",
    ...flags,
  ];

  test("--diff and --json leave the file alone", () => {
    expect(nivis(args("--diff")).out).toContain(
      '-  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11"; # stable\n+',
    );
    expect(JSON.parse(nivis(args("--json")).out)).toEqual([{ start: 47, end: 58, text: "v" }]);
    expect(read("flake.nix")).toBe(FLAKE);
  });

  test("standard input goes to standard output", () => {
    expect(nivis(["edit", "set", "-", "a", "2"], { input: "{ a = 1; }" })).toEqual({
      code: 0,
      out: "{ a = 2; }",
      err: "",
    });
  });
});

describe("mistakes leave the file alone and say what to do", () => {
  test("the help has a line for each action", () => {
    const { out } = nivis(["edit", "--help"]);
    expect(out).toMatch(/^ {2}set FILE PATH EXPR {2,}make a value EXPR/m);
    expect(out).toMatch(/^ {2}set-input-ref FILE NAME REF {2,}give an input/m);
  });

  test("a file that is too large is named", () => {
    writeFileSync(file("large.nix"), `[${" 1".repeat(17 << 20)} ]`);
    const { code, err } = nivis(["edit", "get", file("large.nix"), "a"]);
    expect(code).toBe(1);
    expect(err).toContain("files of more than 32 MiB are not edited");
  });

  test.each([
    [["set", "broken.nix", "a", "1"], /broken\.nix: the text does not parse: .* line 1, column 7/],
    [["set", "package.nix", "version.x", "1"], /'version' is not a set that is written here/],
    [["set", "package.nix", "version", "1;"], /would not parse any more/],
    [["remove", "package.nix", "none"], /no attribute 'none'/],
    [["remove-input", "flake.nix", "none"], /no input 'none'; there are nixpkgs/],
    [["get", "none.nix", "a"], /none\.nix: no such file/],
    [["sett", "package.nix"], /'sett' is not an action/],
    [["set", "package.nix", "a"], /usage: nivis edit set FILE PATH EXPR/],
    [["update", "package.nix"], /needs --new-version, --rev or --hash/],
    [["set", "package.nix", "a..b", "1"], /not an attribute path/],
  ] as const)("%j", ([action, name, ...values], message) => {
    const before = name === "none.nix" ? "" : read(name);
    const { code, out, err } = nivis(["edit", action, file(name), ...values]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(message);
    if (name !== "none.nix") expect(read(name)).toBe(before);
  });
});
