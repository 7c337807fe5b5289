/** Definition, declaration, references, highlights and call hierarchy. */

import { afterEach, expect, test } from "vitest";
import type {
  CallHierarchyIncomingCall,
  CallHierarchyItem,
  CallHierarchyOutgoingCall,
  DocumentHighlight,
  Location,
} from "vscode-languageserver-protocol";
import { TestClient, textIn } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

function shown({ uri, range }: Location): string {
  const { start } = range;
  return `${uri.replace("file:///w/", "")}:${start.line + 1}:${start.character + 1}`;
}

async function locations(
  method: string,
  text: string,
  files: Record<string, string> = {},
): Promise<string[]> {
  client = await TestClient.start({ files });
  const document = await client.open(text);
  const found = await client.at<Location[] | null>(method, document, {
    context: { includeDeclaration: true },
  });
  return (found ?? []).map(shown).sort();
}

test.each([
  ["let a = 1; in a§", "test.nix:1:5"],
  ["a: b: a§", "test.nix:1:1"],
  ["{ a, b ? a§ }: 1", "test.nix:1:3"],
  ["{ a }@args: args§", "test.nix:1:7"],
  ["rec { a = 1; b = a§; }", "test.nix:1:7"],
  ["let s = { a.b = 1; a.c = 2; }; in s.a.c§", "test.nix:1:22"],
  ["let a = 1; in { inherit a§; }", "test.nix:1:5"],
  ["let s = { a = 1; }; inherit (s) a; in a§", "test.nix:1:11"],
  ["let s = { a = 1; }; in with s; a§", "test.nix:1:11"],
  ["import ./lib.n§ix", "lib.nix:1:1"],
  ["import ./dir§", "dir/default.nix:1:1"],
  ["(import ./lib.nix).one§", "lib.nix:1:3"],
  ["let l = import ./lib.nix; in l.two.three§", "lib.nix:2:11"],
  ["{ callPackage }: (callPackage ./fun.nix { }).result§", "fun.nix:1:10"],
  ["let inherit (import ./lib.nix) one; in one§", "lib.nix:1:3"],
  ["(import ./through.nix).one§", "lib.nix:1:3"],
  ['let "a" = 1; in a§', "test.nix:1:5"],
])("definition: %s", async (text, wanted) => {
  const files = {
    "/w/lib.nix": "{ one = 1;\n  two = { three = 3; }; }",
    "/w/fun.nix": "{ x }: { result = x; }",
    "/w/dir/default.nix": "1",
    "/w/through.nix": "{ inherit (import ./lib.nix) one; }",
  };
  expect(await locations("textDocument/definition", text, files)).toEqual([wanted]);
});

test("declaration stays in the text", async () => {
  const text = "let s = { a = 1; }; inherit (s) a; in a§";
  expect(await locations("textDocument/declaration", text)).toEqual(["test.nix:1:33"]);
});

test("a cycle of imports ends", async () => {
  const files = { "/w/a.nix": "import ./b.nix", "/w/b.nix": "import ./a.nix" };
  expect(await locations("textDocument/definition", "(import ./a.nix).x§", files)).toEqual([]);
});

test("references of a name: all declarations and uses, the shadowing ones left out", async () => {
  const text = "let a§ = 1; f = a: a; in { inherit a; b = a; }";
  expect(await locations("textDocument/references", text)).toEqual([
    "test.nix:1:35",
    "test.nix:1:42",
    "test.nix:1:5",
  ]);
});

test("references of an attribute across files", async () => {
  const files = {
    "/w/lib.nix": "{ one = 1; }",
    "/w/user.nix": "let l = import ./lib.nix; in l.one + { one = 2; }.one",
    "/w/other.nix": "{ inherit (import ./lib.nix) one; }",
  };
  const text = "(import ./lib.nix).one§";
  expect(await locations("textDocument/references", text, files)).toEqual([
    "lib.nix:1:3",
    "other.nix:1:30",
    "test.nix:1:20",
    "user.nix:1:32",
  ]);
});

test("implementations are the places that set an option or select an attribute", async () => {
  const files = {
    "/w/lib.nix": "{ one = 1; }",
    "/w/user.nix": "let l = import ./lib.nix; in l.one",
  };
  const text = "(import ./lib.nix).one§";
  expect(await locations("textDocument/implementation", text, files)).toEqual([
    "test.nix:1:20",
    "user.nix:1:32",
  ]);
});

test("highlights: declarations are writes, and a `with` shows what it brings", async () => {
  client = await TestClient.start();
  const one = await client.open("let a.x = 1; a.y = 2; in a§");
  const found = await client.at<DocumentHighlight[]>("textDocument/documentHighlight", one);
  expect(found.map(({ kind }) => kind)).toEqual([3, 3, 2]);
  const two = await client.open("{ l }: w§ith l; [ foo l bar ]", "/w/two.nix");
  const names = await client.at<DocumentHighlight[]>("textDocument/documentHighlight", two);
  expect(names.map(({ range }) => textIn(two.text, range))).toEqual(["with", "foo", "bar"]);
});

test("call hierarchy: who calls a function, and whom it calls", async () => {
  client = await TestClient.start();
  const text = "let f = x: x; g = x: f (f x); h = f§ 1; in g 1";
  const document = await client.open(text);
  const [item] = await client.at<CallHierarchyItem[]>(
    "textDocument/prepareCallHierarchy",
    document,
  );
  expect(item?.name).toBe("f");
  const incoming = await client.connection.sendRequest<CallHierarchyIncomingCall[]>(
    "callHierarchy/incomingCalls",
    { item },
  );
  expect(incoming.map(({ from, fromRanges }) => [from.name, fromRanges.length])).toEqual([
    ["g", 2],
  ]);
  const outgoing = await client.connection.sendRequest<CallHierarchyOutgoingCall[]>(
    "callHierarchy/outgoingCalls",
    { item: incoming[0]?.from },
  );
  expect(outgoing.map(({ to }) => to.name)).toEqual(["f"]);
});
