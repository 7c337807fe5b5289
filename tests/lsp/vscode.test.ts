/** The extension for VS Code: its manifest, its grammar, and the package that a script makes of it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand } from "@nivis/testkit";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BYTECODE_ARGS,
  derivationArgs,
  inputsArgs,
  inputsIn,
  runTool,
  TASKS,
  updateArgs,
} from "../../editors/vscode/src/tools.ts";
import { SETTINGS } from "../../packages/lsp/src/settings.ts";
import { root } from "../../scripts/workspace.mjs";

const folder = join(root, "editors", "vscode");
let entries: Record<string, Uint8Array>;

beforeAll(() => {
  const script = join(root, "scripts", "run-ts.mjs");
  const { status, stderr } = spawnSync(process.execPath, [script, "scripts/build-vscode.ts"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  entries = unzipSync(readFileSync(join(folder, "nivis.vsix")));
});

function text(path: string): string {
  return new TextDecoder().decode(entries[path]);
}

describe("the package", () => {
  test("has what its manifests name", () => {
    const manifest = JSON.parse(text("extension/package.json"));
    const { languages, grammars, snippets } = manifest.contributes;
    const named = [
      manifest.main,
      ...languages.map((one: { configuration: string }) => one.configuration),
      ...[...grammars, ...snippets].map((one: { path: string }) => one.path),
    ].map((path: string) => `extension/${path.replace(/^\.\//, "")}`);
    const assets = [...text("extension.vsixmanifest").matchAll(/Path="([^"]+)"/g)].map(
      ([, path]) => path as string,
    );
    const missing = [...named, ...assets].filter((path) => entries[path] === undefined);
    expect(missing).toEqual([]);
    expect(text("[Content_Types].xml")).toContain("<Types");
  });

  test("has all settings of the server in its manifest", () => {
    const { properties } = JSON.parse(text("extension/package.json")).contributes.configuration;
    for (const { name } of SETTINGS) expect(properties).toHaveProperty([`nivis.${name}`]);
  });

  test("contains a server that starts", () => {
    expect(entries["extension/server/bin/nivis.cjs"]).toBeDefined();
    expect(entries["extension/server/dist/launch.cjs"]).toBeDefined();
    expect(Object.keys(entries).some((path) => /server\/dist\/lsp-.*\.js$/.test(path))).toBe(true);
  });

  test("has an extension that loads and exports its entry point", () => {
    // Stands for any class, function or enumeration of the editor.
    const any: unknown = new Proxy(class {}, {
      get: (target, name) =>
        name === "prototype"
          ? Reflect.get(target, name)
          : name === Symbol.toPrimitive
            ? () => 0
            : any,
      apply: () => any,
    });
    const require = createRequire(import.meta.url);
    const module = { exports: {} as { activate?: unknown } };
    const load = new Function("require", "module", "exports", text("extension/dist/extension.cjs"));
    load((name: string) => (name === "vscode" ? any : require(name)), module, module.exports);
    expect(typeof module.exports.activate).toBe("function");
  });
});

describe("commands that run nivis", () => {
  const tool = { program: process.execPath, before: [builtCommand("nivis")] };
  let work: string;

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), "nivis-vscode-"));
    const inputs = 'inputs.nixpkgs.url = "github:NixOS/nixpkgs"; inputs.b.url = "path:./b";';
    writeFileSync(
      join(work, "flake.nix"),
      `{ ${inputs} outputs = _: { packages.x.default = import ./drv.nix; }; }\n`,
    );
    writeFileSync(
      join(work, "drv.nix"),
      'derivation { name = "shown"; system = "x"; builder = "/bin/sh"; }\n',
    );
  });
  afterAll(() => rmSync(work, { recursive: true }));

  test("show bytecode, a derivation, and the inputs of a flake", async () => {
    const bytecode = await runTool(tool, BYTECODE_ARGS, work, "x: x + 1");
    expect(bytecode.out).toContain("ADD");
    const shown = await runTool(tool, derivationArgs(join(work, "drv.nix"), ""), work);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain('"name": "shown"');
    const inputs = await runTool(tool, inputsArgs("flake.nix"), work);
    expect(inputsIn(inputs.out)).toEqual([
      { name: "nixpkgs", url: "github:NixOS/nixpkgs" },
      { name: "b", url: "path:./b" },
    ]);
    expect(derivationArgs("/f/flake.nix", "a.b").slice(-1)).toEqual([".#a.b"]);
    expect(updateArgs("b")).toEqual(["flake", "update", "b"]);
  });

  test("say what is wrong, and know only commands that exist", async () => {
    const { code, err } = await runTool(tool, BYTECODE_ARGS, work, "x: (");
    expect(code).toBe(1);
    expect(err).toContain("syntax error");
    for (const args of TASKS.values()) {
      const words = args.filter((word) => /^[a-z]/.test(word));
      expect(await runTool(tool, [...words, "--help"], work)).toMatchObject({ code: 0 });
    }
  });

  test("are declared", () => {
    const { contributes } = JSON.parse(text("extension/package.json"));
    const declared = contributes.commands.map((one: { command: string }) => one.command);
    const code = text("extension/dist/extension.cjs");
    for (const name of declared) expect(code).toContain(`"${name}"`);
  });
});

interface Pattern {
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly include?: string;
  readonly patterns?: readonly Pattern[];
}

describe("the grammar", () => {
  const grammar = JSON.parse(readFileSync(join(folder, "syntaxes/nix.tmLanguage.json"), "utf8"));
  const all: Pattern[] = [];
  const collect = (pattern: Pattern): void => {
    all.push(pattern);
    for (const inner of pattern.patterns ?? []) collect(inner);
  };
  collect(grammar);
  for (const one of Object.values(grammar.repository)) collect(one as Pattern);

  test("has valid expressions and includes that exist", () => {
    for (const { match, begin, end, include } of all) {
      for (const expression of [match, begin, end])
        if (expression !== undefined) expect(() => new RegExp(expression)).not.toThrow();
      if (include?.startsWith("#") === true)
        expect(Object.keys(grammar.repository)).toContain(include.slice(1));
    }
  });
});
