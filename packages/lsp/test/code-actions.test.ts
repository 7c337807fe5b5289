/** Code actions: repairs and rewrites, by their result. */

import { afterEach, expect, test } from "vitest";
import type { CodeAction } from "vscode-languageserver-protocol";
import { edited, type OpenDocument, TestClient } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

async function actions(
  text: string,
  { only, path }: { readonly only?: string[]; readonly path?: string } = {},
): Promise<{ document: OpenDocument; found: CodeAction[] }> {
  client = await TestClient.start();
  const document = await client.open(text, path);
  const [start = { line: 0, character: 0 }, end = start] = document.places;
  const found = await client.at<CodeAction[]>("textDocument/codeAction", document, {
    range: { start, end },
    context: { diagnostics: [], ...(only === undefined ? {} : { only }) },
  });
  return { document, found };
}

async function rewritten(text: string, title: RegExp, path?: string): Promise<string | undefined> {
  const { document, found } = await actions(text, path === undefined ? {} : { path });
  const action = found.find((one) => title.test(one.title));
  return action && edited(document.text, action.edit?.changes?.[document.uri] ?? []);
}

test("the repair of a lint is preferred and names its diagnostic", async () => {
  const { document, found } = await actions("let a§ = 1; in 2");
  const [repair] = found;
  expect(repair).toMatchObject({ kind: "quickfix", isPreferred: true });
  expect(repair?.diagnostics?.[0]?.code).toBe("unused-binding");
  expect(edited(document.text, repair?.edit?.changes?.[document.uri] ?? [])).toBe("let in 2");
});

test("all repairs at once, only when asked for", async () => {
  const text = "{ a = (1); b = [ (2) ]; }§";
  expect((await actions(text)).found.some(({ kind }) => kind?.startsWith("source"))).toBe(false);
  client?.stop();
  const { document, found } = await actions(text, { only: ["source.fixAll"] });
  const edits = found[0]?.edit?.changes?.[document.uri] ?? [];
  expect(edited(document.text, edits)).toBe("{ a = 1; b = [ 2 ]; }");
});

test("a finding can be ignored where it is", async () => {
  expect(await rewritten("{\n  b = let a§ = 1; in 2;\n}", /^Ignore/)).toBe(
    "{\n  # nivis-ignore unused-binding\n  b = let a = 1; in 2;\n}",
  );
});

test.each<[string, RegExp, string, string?]>([
  ["{ a }: b§", /Add 'b' to the arguments/, "{ a, b }: b"],
  ["{ a, ... }: b§", /Add 'b' to the arguments/, "{ a, b, ... }: b"],
  ["{ }: b§", /Add 'b' to the arguments/, "{ b }: b"],
  ["{\n  a,\n  b,\n}:\nc§", /Add 'c' to the arguments/, "{\n  a,\n  b,\n  c,\n}:\nc"],
  ["f (§1 + 2§)", /Extract/, "let\n  extracted = 1 + 2;\nin\nf (extracted)"],
  ["{ a = f §[ 1 ]§; }", /Extract/, "{ a = let\n  extracted = [ 1 ];\nin\nf extracted; }"],
  ["x: f (§x + 1§)", /Extract/, "x: let\n  extracted = x + 1;\nin\nf (extracted)"],
  ["let a§ = 1 + 2; b = 3; in a * b", /Inline/, "let b = 3; in (1 + 2) * b"],
  ["let a§ = 1; in f a a", /Inline/, "f 1 1"],
  [
    "{ lib }: wi§th lib; f x",
    /Convert 'with' to 'inherit'/,
    "{ lib }: let inherit (lib) f x; in f x",
  ],
  ["{ lib }: wi§th lib; f x", /selections/, "{ lib }: lib.f lib.x"],
  ["re§c { a = 1; b = a; }", /Convert 'rec'/, "let\n  a = 1; b = a;\nin\n{\n  inherit a b;\n}"],
  ["{ a§ = lib.a; }", /inherit \(lib\) a/, "{ inherit (lib) a; }"],
  ["{ inherit§ (lib) a b; }", /to bindings/, "{ a = (lib).a;\nb = (lib).b; }"],
  ["{ inherit§ a; }", /to bindings/, "{ a = a; }"],
  ["{\n  a§ = { b = 1; c.d = 2; };\n}", /Flatten/, "{\n  a.b = 1;\n  a.c.d = 2;\n}"],
  [
    "{\n  a§.b = 1;\n  x = 0;\n  a.c = 2;\n}",
    /Pack/,
    "{\n  a = {\n    b = 1;\n    c = 2;\n  };\n  x = 0;\n}",
  ],
  ['"a\\nb"§', /''…''/, "''\n  a\n  b''"],
  ["''a''§", /"…"/, '"a"'],
  ['{ "a§" = 1; }', /Unquote/, "{ a = 1; }"],
  ["{ a§ = 1; }", /Quote/, '{ "a" = 1; }'],
  [
    "{\n  outputs = { self, nixpkgs§ }: { };\n}",
    /Add the input/,
    '{\n  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";\n  outputs = { self, nixpkgs }: { };\n}',
    "/w/flake.nix",
  ],
])("%j: %s", async (text, title, wanted, path) => {
  expect(await rewritten(text, title, path)).toBe(wanted);
});

test.each<[string, RegExp]>([
  // A name would be captured.
  ["let a§ = b; in b: a", /Inline/],
  ["let a§ = a; in a", /Inline/],
  // Nobody knows which `with` brings the name.
  ["{ l, m }: with l; wi§th m; f", /Convert 'with'/],
  ["{ l }: wi§th l; 1", /Convert 'with'/],
  // The names of the selection are declared inside.
  ["f (let q = 1; in §q§)", /nothing/],
  ["let inherit§ a; in a", /to bindings/],
])("%j has no offer %s", async (text, title) => {
  expect(await rewritten(text, title)).toBeUndefined();
});

test("only the kinds that are asked for", async () => {
  const { found } = await actions("let a§ = 1; in a", { only: ["refactor.inline"] });
  expect(found.map(({ kind }) => kind)).toEqual(["refactor.inline"]);
});
