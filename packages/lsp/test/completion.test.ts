/** Completion: what is offered at a place, by kind of place. */

import { afterEach, expect, test } from "vitest";
import type { CompletionItem, CompletionList } from "vscode-languageserver-protocol";
import { type ClientOptions, edited, TestClient } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

async function complete(
  text: string,
  options: ClientOptions & { readonly path?: string } = {},
): Promise<{ items: readonly CompletionItem[]; labels: readonly string[]; text: string }> {
  client = await TestClient.start(options);
  const document = await client.open(text, options.path);
  const list = await client.at<CompletionList>("textDocument/completion", document);
  return { items: list.items, labels: list.items.map(({ label }) => label), text: document.text };
}

test("names in scope come first, the nearest before others, then globals and keywords", async () => {
  const { labels } = await complete("{ outer }: let inner = 1; in inner + §");
  expect(labels.indexOf("inner")).toBe(0);
  expect(labels.indexOf("outer")).toBe(1);
  expect(labels).toContain("builtins");
  expect(labels).toContain("map");
  expect(labels).toContain("let");
  expect(labels).not.toContain("__add");
});

test("a word filters by its characters in order, prefixes first", async () => {
  const { labels } = await complete("let foobar = 1; fobra = 2; barfoo = 3; in foo§");
  expect(labels.slice(0, 2)).toEqual(["foobar", "barfoo"]);
  expect(labels).not.toContain("fobra");
});

test("a `let` without a body completes", async () => {
  const { labels } = await complete("let first = 1; second = §");
  expect(labels).toContain("first");
  expect(labels).toContain("second");
});

test.each([
  ["let s = { abc = 1; xyz = 2; }; in s.§", ["abc", "xyz"]],
  ["let s = { abc = 1; xyz = 2; }; in s.a§", ["abc"]],
  ["let s = { a.b = 1; a.c = 2; }; in s.a.§", ["b", "c"]],
  ["let s = rec { inherit (t) q; t = { q = 1; }; }; in s.§", ["q", "t"]],
  ["let s = { a = 1; } // { b = 2; }; in s.§", ["a", "b"]],
  ["let s = if true then { a = 1; } else { b = 2; }; in s.§ + 1", ["a", "b"]],
  ["let f = x: { a = 1; }; in (f 1).§", ["a"]],
  ["{ a = 1; }.§", ["a"]],
  ["(import ./lib.nix).§", ["one", "two"]],
  ["(import ./fun.nix { x = 1; }).§", ["result"]],
  ["let l = import ./lib.nix; in { x = l.two.§ }", ["three"]],
  ["{ callPackage }: (callPackage ./fun.nix { }).§", ["result"]],
  ["let inherit (import ./lib.nix) two; in two.§", ["three"]],
])("attributes by static shape: %s", async (text, wanted) => {
  const files = {
    "/w/lib.nix": "{ one = 1; two = { three = 3; }; }",
    "/w/fun.nix": "{ x }: { result = x; }",
  };
  const { labels } = await complete(text, { files });
  expect([...labels].sort()).toEqual(wanted);
});

test.each([
  "{ x = s.§ }",
  "{ x = s.§; }",
  "{ x = s.§; y = 2; }",
  "{ x = s.§ y = 2; }",
  "{ x = s.a§; }",
  "{ x.y = s.§; }",
  "{\n  x = s.§\n}\n",
  "{\n  x = s.§\n  y = 1;\n}\n",
  "{ x = f s.§; }",
  "{ x = [ s.§ ]; }",
  "{ x = (s.§); }",
  "{ x = if s.§ then 1 else 2; }",
  "{ x = 1 + s.§; }",
  '{ x = "${s.§}"; }',
  "{ inherit (s.§) b; }",
  "{ x = with s.§; b; }",
  "{ x = assert s.§; 1; }",
  "{ x = with { }; s.§; }",
  "{ x = y: s.§; }",
  "{ x = { y ? s.§ }: y; }",
  "rec { x = s.§ }",
  "let x = s.§ in x",
  "let x = s.§; in x",
  "let x = s.§; y = 1; in x",
  "let y = 1; in s.§",
  "x: s.§",
  "[ s.§ ]",
  "f s.§ 1",
  "{ y ? s.§ }: y",
])("attributes wherever a value may stand, while the text is not finished: %s", async (text) => {
  const { labels } = await complete(`let s = { ab = 1; ac = 2; }; f = x: y: x; in ${text}`);
  expect([...labels].sort()).toEqual(["ab", "ac"]);
});

test.each([
  "{ outer.§ }",
  "{ outer.§ = 1; }",
  "{ outer.§; }",
  "{ outer.x§ = outer; }",
  "rec { a = 1; outer.§ }",
])("keys are not attributes of a value: %s", async (text) => {
  const { labels } = await complete(`let outer = { ab = 1; }; in ${text}`);
  expect(labels).not.toContain("ab");
});

test("a name that needs quotes gets them", async () => {
  const { items, text } = await complete('let s = { "3d" = 1; }; in s.§');
  const [item] = items;
  expect(item?.label).toBe("3d");
  expect(edited(text, [item?.textEdit as never])).toBe('let s = { "3d" = 1; }; in s."3d"');
});

test("builtins with their arguments, documented when resolved", async () => {
  const { items } = await complete("builtins.elemA§");
  const [item] = items;
  expect(item?.label).toBe("elemAt");
  expect(item?.detail).toBe("elemAt xs n");
  const resolved = await client?.connection.sendRequest<CompletionItem>(
    "completionItem/resolve",
    item as CompletionItem,
  );
  expect(JSON.stringify(resolved?.documentation)).toContain("builtins.elemAt");
});

test("`inherit` offers outer names, `inherit (e)` attributes, neither twice", async () => {
  expect((await complete("let aa = 1; ab = 2; in { inherit ab §; }")).labels).toContain("aa");
  client?.stop();
  expect((await complete("let aa = 1; ab = 2; in { inherit ab §; }")).labels).not.toContain("ab");
  client?.stop();
  const { labels } = await complete("let s = { p = 1; q = 2; }; in { inherit (s) p §; }");
  expect(labels).toEqual(["q"]);
});

test("arguments of the called function, the required ones first", async () => {
  const { items, labels } = await complete("let f = { opt ? 1, req }: req; in f { §}");
  expect(labels.slice(0, 2)).toEqual(["req", "opt"]);
  expect(items[0]?.detail).toBe("required argument");
  client?.stop();
  const more = await complete("let f = { opt ? 1, req }: req; in f { req = 1; §}");
  expect(more.labels).toContain("opt");
  expect(more.labels).not.toContain("req");
});

test("arguments of an imported function", async () => {
  const { labels } = await complete("import ./f.nix { §}", {
    files: { "/w/f.nix": "{ alpha, beta ? 2 }: alpha" },
  });
  expect(labels).toContain("alpha");
  expect(labels).toContain("beta");
});

test("files and folders in paths", async () => {
  const files = {
    "/w/a/default.nix": "1",
    "/w/b.nix": "2",
    "/w/c.txt": "3",
    "/search/nixpkgs/x.nix": "4",
  };
  expect((await complete("import ./§", { files })).labels).toEqual(["a", "b.nix", "c.txt"]);
  client?.stop();
  expect((await complete("import ./a/d§", { files })).labels).toEqual(["default.nix"]);
  client?.stop();
  expect((await complete("import <nixpkgs/§>", { files })).labels).toEqual(["x.nix"]);
  client?.stop();
  expect((await complete("import <nix§", { files })).labels).toContain("nixpkgs");
});

test("nothing in comments and strings, names in interpolations", async () => {
  expect((await complete("# comment §\n1")).labels).toEqual([]);
  client?.stop();
  expect((await complete('let abc = 1; in "text §"')).labels).toEqual([]);
  client?.stop();
  expect((await complete('let abc = 1; in "${§}"')).labels).toContain("abc");
  client?.stop();
  expect((await complete("let abc = { d = 1; }; in ''x ${abc.§} y''")).labels).toEqual(["d"]);
});

test("names from a `with` of a known set", async () => {
  const { labels } = await complete("let s = { fromWith = 1; }; in with s; [ fr§ ]");
  expect(labels).toContain("fromWith");
});

test("inputs, their attributes and the arguments of outputs in a flake", async () => {
  const path = "/w/flake.nix";
  const inputs = 'inputs.nixpkgs.url = "x"; inputs.other.url = "y";';
  expect((await complete("{ §}", { path })).labels).toEqual(
    expect.arrayContaining(["description", "inputs", "outputs"]),
  );
  client?.stop();
  expect((await complete("{ inputs.nixpkgs.§ }", { path })).labels).toEqual(
    expect.arrayContaining(["follows", "url"]),
  );
  client?.stop();
  expect((await complete(`{ ${inputs} outputs = { self, § }: { }; }`, { path })).labels).toEqual(
    expect.arrayContaining(["nixpkgs", "other"]),
  );
  client?.stop();
  expect((await complete("{ outputs = { self }: { § }; }", { path })).labels).toEqual(
    expect.arrayContaining(["devShells", "nixosConfigurations", "packages"]),
  );
  client?.stop();
  expect((await complete("{ outputs = { self }: { packages.§ }; }", { path })).labels).toEqual(
    expect.arrayContaining(["aarch64-darwin", "x86_64-linux"]),
  );
  client?.stop();
  const program = "{ outputs = _: { apps.x86_64-linux = { § }; }; }";
  expect((await complete(program, { path })).labels).toContain("default");
  client?.stop();
  const call = "{ outputs = inputs: inputs.parts.mkFlake { inherit inputs; } { § }; }";
  expect((await complete(call, { path })).labels).not.toContain("devShells");
  client?.stop();
  const follows = `{ ${inputs} inputs.third.inputs.nixpkgs.follows = "§"; outputs = _: { }; }`;
  expect((await complete(follows, { path })).labels).toContain("nixpkgs");
});
