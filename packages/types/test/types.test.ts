/**
 * Declarations of values, functions and options: what they say, that TypeScript takes them, and that data
 * of the value fits. The options are laid out as nixpkgs lays them out (lib/types.nix, lib/modules.nix of
 * 26.11); with `NIVIS_NIXPKGS` the real ones are read, too.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Nix } from "@nivis/embed";
import ts from "typescript";
import { afterAll, describe, expect, test } from "vitest";
import { nodeHost } from "../../nivis/src/library/node-host.ts";
import {
  declarationsOf,
  jsonSchemaOf,
  type Type,
  typeOfOptions,
  typeOfValue,
} from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "nivis-types-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nixpkgs = process.env["NIVIS_NIXPKGS"];
const nix = new Nix(nixpkgs === undefined ? {} : { searchPath: { nixpkgs } }, nodeHost());

/** What TypeScript says of a program whose module `./value.nix` has some declarations. */
function problems(declarations: string, program: string): string[] {
  writeFileSync(join(folder, "value.d.nix.ts"), declarations);
  writeFileSync(join(folder, "value.nix"), "");
  const file = join(folder, "program.ts");
  writeFileSync(file, program);
  const compiled = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    allowArbitraryExtensions: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
  });
  return ts
    .getPreEmitDiagnostics(compiled)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

/** The text of the type of an expression, on one line. */
function typeText(text: string): string {
  const declared = declarationsOf(typeOfValue(nix.open(text)), { source: "a test", name: "T" });
  const body = /(?:interface T |type T = )(.*)$/s.exec(declared)?.[1] ?? "";
  return body.replace(/;\n$/, "").replaceAll(/\s+/g, " ").trim();
}

describe("values", () => {
  test.each([
    ["1", "number"],
    ["1.5", "number"],
    ["9007199254740993", "bigint"],
    ['"text"', "string"],
    ["/a/b", "string"],
    ["null", "null"],
    ["[ ]", "readonly never[]"],
    ["{ }", "Record<string, never>"],
    ["[ 1 2 ]", "readonly number[]"],
    ['[ 1 "a" null ]', "readonly (number | string | null)[]"],
    ["[ [ 1 ] [ ] ]", "readonly (readonly number[])[]"],
    ["{ a = 1; }", "{ readonly a: number; }"],
    ['{ "a b" = true; }', '{ readonly "a b": boolean; }'],
    [
      "[ { a = 1; } { a = null; b = 2; } ]",
      "readonly { readonly a: number | null; readonly b?: number; }[]",
    ],
    ['derivation { name = "d"; system = "s"; builder = "b"; }', "string"],
    ["x: x", "(x: unknown) => unknown"],
    ["x: y: x", "(x: unknown) => (y: unknown) => unknown"],
    ["{ a, b ? 1 }: a", "(args: { readonly a: unknown; readonly b?: unknown; }) => unknown"],
    [
      "{ a, ... }: a",
      "(args: { readonly a: unknown; readonly [name: string]: unknown; }) => unknown",
    ],
    ["class: class", "(arg: unknown) => unknown"],
  ])("%s", (text, expected) => {
    expect(typeText(text)).toBe(expected);
  });

  test("many shapes become one type of any names", () => {
    const shapes = "builtins.genList (i: { ${toString i} = i; }) 30";
    expect(typeText(shapes)).toBe("readonly { readonly [name: string]: number }[]");
  });

  test("a value without end is cut, and a large one refused", () => {
    expect(typeText("let x = { inherit x; }; in x")).toContain("readonly x: unknown;");
    expect(() => typeOfValue(nix.open("builtins.genList (x: x) 100"), { maxValues: 50 })).toThrow(
      /more than 50 parts/,
    );
  });

  test("TypeScript takes a module, its exports and its documentation", () => {
    const value = nix.open(
      "{ /** How many. */ count = 1; class = 2; f = { a }: a; list = [ { x = 1; } ]; }",
    );
    const declarations = declarationsOf(typeOfValue(value), { source: "value.nix" });
    expect(declarations).toContain("/** How many. */");
    const program = `
      import value, { count, list } from "./value.nix";
      const a: number = count + value.class + (list[0]?.x ?? 0);
      value.f({ a });`;
    expect(problems(declarations, program)).toEqual([]);
    const wrong = `import { count } from "./value.nix"; const a: string = count;`;
    expect(problems(declarations, wrong)).toEqual([
      "Type 'number' is not assignable to type 'string'.",
    ]);
  });

  test("comments cannot end early, and a name must be one", () => {
    const type: Type = {
      kind: "object",
      fields: [{ name: "a", type: { kind: "string" }, isOptional: false, doc: "ends */ here" }],
    };
    expect(declarationsOf(type, { source: "x\ny", name: "T" })).toBe(
      "// Generated from x y by `nivis types`; changes are lost.\n" +
        "export interface T {\n  /** ends *\\/ here */\n  readonly a: string;\n}\n",
    );
    expect(() => declarationsOf(type, { source: "x", name: "a b" })).toThrow(TypeError);
  });
});

/** Types as nixpkgs' `lib.types` has them, as far as they are read. */
const LIBRARY = `
  mk = name: extra: { _type = "option-type"; inherit name; description = name; nestedTypes = { }; } // extra;
  option = type: { _type = "option"; inherit type; };
  of = name: elemType: mk name { nestedTypes = { inherit elemType; }; };
  either = left: right: mk "either" { nestedTypes = { inherit left right; }; };
  enum = values: mk "enum" { functor.payload = { inherit values; }; };
  coerced = coercedType: finalType: mk "coercedTo" { nestedTypes = { inherit coercedType finalType; }; };
  sub = options: extra: mk "submodule" { getSubOptions = prefix: options // { _module = option (mk "raw" { }); }; nestedTypes = extra; };
  tag = tags: mk "attrTag" { functor.payload = { inherit tags; }; };
  json = mk "nullOr" { description = "JSON value"; nestedTypes.elemType = json; };
`;

/** The types of one option in both modes, on one line each. */
function optionTypes(type: string): { readonly input: string; readonly output: string } {
  const options = nix.open(`let ${LIBRARY} in { it = option (${type}); }`);
  const [input = "", output = ""] = (["input", "output"] as const).map((mode) => {
    const { type } = typeOfOptions(options, { mode });
    const text = declarationsOf(type, { source: "a test", name: "T" });
    return (
      /readonly it: (.*);\n}\n$/s
        .exec(text)?.[1]
        ?.replaceAll(/\/\*\*.*?\*\//gs, "")
        .replaceAll(/\s+/g, " ") ?? ""
    );
  });
  return { input, output };
}

describe("options", () => {
  const same = [
    ['mk "bool" { }', "boolean"],
    ['mk "int" { }', "number"],
    ['mk "unsignedInt16" { }', "number"],
    ['mk "intBetween" { }', "number"],
    ['mk "float" { }', "number"],
    ['mk "str" { }', "string"],
    ["mk ''strMatching \"a+\"'' { }", "string"],
    ['mk "separatedString" { }', "string"],
    ['mk "path" { }', "string"],
    ['mk "package" { }', "string"],
    ['enum [ "a" 2 true null ]', '"a" | 2 | true | null'],
    ['mk "enum" { functor.payload = [ "a" "b" ]; }', '"a" | "b"'],
    ['of "nullOr" (mk "str" { })', "string | null"],
    ['of "listOf" (mk "int" { })', "readonly number[]"],
    ['of "attrsOf" (mk "int" { })', "{ readonly [name: string]: number }"],
    ['of "lazyAttrsOf" (mk "int" { })', "{ readonly [name: string]: number }"],
    ['of "attrListOf" (mk "int" { })', "readonly { readonly [name: string]: number }[]"],
    ['of "unique" (mk "int" { })', "number"],
    ['either (mk "int" { }) (either (mk "str" { }) (mk "bool" { }))', "number | string | boolean"],
    ['of "functionTo" (mk "int" { })', "(arg: unknown) => number"],
    ['sub { a = option (mk "int" { }); } { }', "{ readonly a: number; }"],
    [
      'sub { a = option (mk "int" { }); } { freeformType = of "attrsOf" (mk "str" { }); }',
      "{ readonly a: number; readonly [name: string]: unknown; }",
    ],
    [
      'tag { a = option (mk "int" { }); b = option (mk "str" { }); }',
      "{ readonly a: number; } | { readonly b: string; }",
    ],
    ["json", "JsonValue"],
    ['mk "luaInline" { }', '{ readonly _type: "lua-inline"; readonly expr: string; }'],
    ['mk "anything" { }', "unknown"],
    ['mk "deferredModule" { }', "unknown"],
    ['mk "attrs" { }', "{ readonly [name: string]: unknown }"],
  ] as const;

  test.each(same)("%s", (type, expected) => {
    expect(optionTypes(type)).toEqual({ input: expected, output: expected });
  });

  test("what is coerced is written in one form and read in another", () => {
    expect(optionTypes('coerced (mk "int" { }) (mk "str" { })')).toEqual({
      input: "number | string",
      output: "string",
    });
  });

  test("a type that is not known is reported, and the others stand", () => {
    const options = nix.open(
      `let ${LIBRARY} in { a = option (mk "mine" { }); b = option (mk "int" { }); c = option (throw "no"); d = throw "gone"; }`,
    );
    const { type, unknown } = typeOfOptions(options, { mode: "output" });
    expect(unknown).toEqual([
      { option: "a", reason: "the type 'mine' is not known" },
      { option: "c", reason: "no" },
      { option: "d", reason: "gone" },
    ]);
    expect(type).toMatchObject({
      fields: [
        { name: "a", type: { kind: "unknown" } },
        { name: "b", type: { kind: "number" } },
        { name: "c", type: { kind: "unknown" } },
      ],
    });
  });

  test("defaults make input optional; hidden, internal and read-only options are left out", () => {
    const options = nix.open(`let ${LIBRARY} int = option (mk "int" { }); in {
      needed = int;
      given = int // { default = 1; description = "A number."; };
      group = { inner = int // { defaultText = { _type = "literalExpression"; text = "1 + 1"; }; }; };
      internal = int // { internal = true; };
      hidden = int // { visible = false; };
      fixed = int // { readOnly = true; };
      changed = int // { apply = x: x; };
      notAnOption = { _type = "package"; a = int; };
    }`);
    const of = (mode: "input" | "output"): string =>
      declarationsOf(typeOfOptions(options, { mode }).type, { source: "a test", name: "T" });
    const names = (text: string): string[] =>
      [...text.matchAll(/readonly (\w+\??):/g)].map((found) => found[1] ?? "");
    expect(names(of("input"))).toEqual(["changed", "given?", "group?", "inner?", "needed"]);
    expect(names(of("output"))).toEqual(["changed", "fixed", "given", "group", "inner", "needed"]);
    expect(of("input")).toContain("A number.\n   *\n   * Type: int\n   *\n   * @default 1\n");
    expect(of("input")).toContain("@default 1 + 1");
    expect(of("output")).toContain("readonly changed: unknown;");
  });

  test("a JSON schema says the same", () => {
    const options = nix.open(`let ${LIBRARY} in {
      mode = option (enum [ "a" "b" ]) // { default = "a"; };
      ports = option (of "listOf" (mk "int" { }));
      extra = option (of "attrsOf" (mk "anything" { })) // { default = { }; };
    }`);
    const { type } = typeOfOptions(options, { mode: "input" });
    expect(jsonSchemaOf(type, "a test")).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        mode: { enum: ["a", "b"] },
        ports: { type: "array", items: { type: "number" } },
        extra: { type: "object", additionalProperties: {} },
      },
      required: ["ports"],
      additionalProperties: false,
    });
  });

  test.skipIf(nixpkgs === undefined)("the module system of nixpkgs", () => {
    const options = nix.open(`
      let lib = import <nixpkgs/lib>; inherit (lib) mkOption types; in
      (lib.evalModules { modules = [ { options = {
        enable = lib.mkEnableOption "it";
        ports = mkOption { type = types.listOf types.port; default = [ ]; };
        users = mkOption {
          default = { };
          type = types.attrsOf (types.submodule {
            options.uid = mkOption { type = types.ints.between 0 100; };
            options.shell = mkOption { type = types.either types.package types.str; default = "sh"; };
          });
        };
        settings = mkOption {
          default = { };
          type = types.submodule {
            freeformType = types.attrsOf types.anything;
            options.level = mkOption { type = types.enum [ "info" "debug" ]; default = "info"; };
          };
        };
        name = mkOption { type = types.strMatching "[a-z]+"; };
      }; } ]; }).options`);
    const { type, unknown } = typeOfOptions(options, { mode: "input" });
    expect(unknown).toEqual([]);
    const declarations = declarationsOf(type, { source: "a test", name: "Settings" });
    const program = (extra: string): string => `
      import type { Settings } from "./value.nix";
      const settings: Settings = {
        name: "a", ports: [22], users: { me: { uid: 1 } }, settings: { level: "debug", other: 1 }, ${extra}
      };
      export { settings };`;
    expect(problems(declarations, program(""))).toEqual([]);
    expect(problems(declarations, program("enable: 1"))).toHaveLength(1);
  });
});
