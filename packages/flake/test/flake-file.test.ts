/** Reading flake.nix without an evaluator: what it may hold, and the messages for what it may not. */
import { formatFlakeRef } from "@nivis/formats";
import { describe, expect, test } from "vitest";
import { type FlakeFile, readFlakeFile } from "../src/index.ts";

function read(text: string, directory = "/"): FlakeFile {
  return readFlakeFile({
    text,
    display: "/f/flake.nix",
    directory,
    directoryDisplay: directory,
    ref: "path:/f",
    lockPath: [],
  });
}

function refs(text: string, directory = "/"): Record<string, string | undefined> {
  const { inputs } = read(text, directory);
  return Object.fromEntries(
    [...inputs].map(([name, { ref }]) => [
      name,
      ref === undefined ? undefined : formatFlakeRef(ref),
    ]),
  );
}

const OUT = "outputs = _: { };";

describe("inputs", () => {
  test("come in every form of reference", () => {
    expect(
      refs(`{
        inputs.a.url = "github:o/r/main";
        inputs = { b = { type = "git"; url = "https://h/r"; ref = "x"; }; c.url = "./sub"; };
        inputs.d.url = ./sub;
        inputs.e = { url = "https://h/x.txt"; flake = false; };
        inputs.f = { };
        inputs.g.url = "nixpkgs/nixos-24.05";
        ${OUT}
      }`),
    ).toEqual({
      a: "github:o/r/main",
      b: "git+https://h/r?ref=x",
      c: "path:./sub",
      d: "path:sub",
      e: "https://h/x.txt",
      f: undefined,
      g: "flake:nixpkgs/nixos-24.05",
    });
  });

  test("path values are relative to the directory of the flake", () => {
    expect(refs(`{ inputs.a.url = ./..; inputs.b.url = ../x/y; ${OUT} }`, "/one")).toEqual({
      a: "path:..",
      b: "path:../x/y",
    });
  });

  test("are the formal arguments of outputs, too", () => {
    expect(refs("{ outputs = { self, nixpkgs, a ? null, ... }: { }; }")).toEqual({
      nixpkgs: "flake:nixpkgs",
      a: "flake:a",
    });
  });

  test("follow others, and override the inputs of others", () => {
    const { inputs } = read(`{
      inputs.a.inputs.n.follows = "n";
      inputs.a.inputs.m.inputs.k.url = "github:o/r";
      inputs.b.follows = "";
      ${OUT}
    }`);
    expect(inputs.get("a")?.overrides.get("n")?.follows).toEqual(["n"]);
    const k = inputs.get("a")?.overrides.get("m")?.overrides.get("k");
    expect(k?.ref === undefined ? undefined : formatFlakeRef(k.ref)).toBe("github:o/r");
    expect(inputs.get("b")?.follows).toEqual([]);
  });

  test("self asks for submodules", () => {
    const { selfAttrs } = read(`{ inputs.self.submodules = true; ${OUT} }`);
    expect([...selfAttrs]).toEqual([["submodules", true]]);
  });
});

test("names of an enclosing rec set are there already", () => {
  expect(read(`rec { description = "d"; outputs = { self }: description; }`).description).toBe("d");
  expect(refs(`{ inputs = rec { u = { url = "github:o/r"; }; v = u; }; ${OUT} }`)).toEqual({
    u: "github:o/r",
    v: "github:o/r",
  });
});

test("settings are strings, numbers, Booleans, lists of strings and paths", () => {
  const { settings } = read(`{
    nixConfig = { a = "x"; b = 1; c = true; d = [ "y" "z" ]; e = ./f; };
    ${OUT}
  }`);
  expect(Object.fromEntries(settings)).toEqual({
    a: "x",
    b: 1,
    c: true,
    d: ["y", "z"],
    e: { path: "/f" },
  });
});

test.each([
  ["let x = 1; in { }", "file '/f/flake.nix' must be an attribute set"],
  ["{ }", "flake 'path:/f' lacks attribute 'outputs'"],
  ["{ outputs = 1; }", "expected a function but got an integer at /f/flake.nix:1:3"],
  ["{ outputs = import ./x; }", "expected a function but got a thunk at /f/flake.nix:1:3"],
  [`{ description = "a" + "b"; ${OUT} }`, "expected a string but got a thunk at /f/flake.nix:1:3"],
  [`{ description = "a\${"b"}"; ${OUT} }`, "expected a string but got a thunk"],
  [`{ inputs = [ ]; ${OUT} }`, "expected a set but got a list at /f/flake.nix:1:3"],
  [`{ inputs = (x: x) { }; ${OUT} }`, "expected a set but got a thunk"],
  [`{ inputs.a.url = 1; ${OUT} }`, "expected a string or a path but got an integer"],
  [`{ inputs.a.x = "y"; ${OUT} }`, "unexpected flake input attribute 'x', at /f/flake.nix:1:3"],
  [
    `{ inputs.a.x = null; ${OUT} }`,
    "flake input attribute 'x' is null while a string, Boolean, or integer is expected",
  ],
  [
    `{ inputs.a = { url = "b"; follows = "c"; }; ${OUT} }`,
    "flake input has both a flake reference and a follows attribute, at /f/flake.nix:1:3",
  ],
  [`{ inputs.a.follows = "b/c.d"; ${OUT} }`, "invalid flake input attribute path element 'c.d'"],
  [`{ inputs.a.inputs.self = { }; ${OUT} }`, "'self' input attribute not allowed at"],
  [`{ inputs.a.url = /etc; ${OUT} }`, "must be in the same source tree as"],
  [`{ x = 1; ${OUT} }`, "flake 'path:/f' has an unsupported attribute 'x', at /f/flake.nix:1:3"],
  [`{ nixConfig.a = null; ${OUT} }`, "flake configuration setting 'a' is null"],
  [
    `{ nixConfig.a = [ 1 ]; ${OUT} }`,
    "list element in flake configuration setting 'a' is a list while a string is expected",
  ],
  [`{ \${"a" + "b"} = 1; ${OUT} }`, "has attributes whose names must be computed"],
  ["{ outputs = ; }", "syntax error, unexpected ';'"],
  ["{ outputs = _: { x = y; }; }", "undefined variable 'y'"],
])("%s is refused", (text, message) => {
  expect(() => read(text)).toThrow(message);
});
