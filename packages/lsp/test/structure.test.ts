/** Symbols, folding, selections, links. */

import { afterEach, expect, test } from "vitest";
import type {
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  SelectionRange,
  SymbolInformation,
} from "vscode-languageserver-protocol";
import { TestClient, textIn } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

async function ask<T>(method: string, text: string, more: object = {}, files = {}): Promise<T> {
  client = await TestClient.start({ files });
  return client.at<T>(method, await client.open(text), more);
}

function outline(symbols: readonly DocumentSymbol[]): unknown[] {
  return symbols.map(({ name, children }) =>
    children === undefined ? name : [name, ...outline(children)],
  );
}

test("symbols are the bindings as a tree, through functions and calls", async () => {
  const text = "{ lib }: let a = x: { b = 1; }; in f { c.d = { e = 1; }; inherit g; }";
  const symbols = await ask<DocumentSymbol[]>("textDocument/documentSymbol", text);
  expect(outline(symbols)).toEqual([["a", "b"], ["c.d", "e"], "g"]);
});

test("symbols of the workspace", async () => {
  const files = { "/w/a.nix": "{ needle = 1; other = 2; }", "/w/b/c.nix": "{ x.needles = 1; }" };
  client = await TestClient.start({ files });
  const found = await client.connection.sendRequest<SymbolInformation[]>("workspace/symbol", {
    query: "needl",
  });
  expect(found.map(({ name }) => name).sort()).toEqual(["needle", "x.needles"]);
});

test("folds end on the line before the closing bracket", async () => {
  const text = [
    "# one",
    "# two",
    "let",
    "  a = {",
    "    b = 1;",
    "  };",
    "in",
    "[",
    "  ''",
    "    text",
    "  ''",
    "]",
    "# region r",
    "# endregion",
  ].join("\n");
  const folds = await ask<FoldingRange[]>("textDocument/foldingRange", text);
  expect(
    folds.map(({ startLine, endLine, kind = "" }) => `${startLine}-${endLine} ${kind}`),
  ).toEqual(["0-1 comment", "2-5 ", "3-4 ", "7-10 ", "8-9 ", "12-13 region"]);
});

test("selections grow from a word to the whole text", async () => {
  client = await TestClient.start();
  const document = await client.open('{ a = "some te§xt"; }');
  const [range] = await client.at<SelectionRange[]>("textDocument/selectionRange", document, {
    positions: document.places,
  });
  const grown: string[] = [];
  for (let at = range; at !== undefined; at = at.parent)
    grown.push(textIn(document.text, at.range));
  expect(grown).toEqual([
    "text",
    "some text",
    '"some text"',
    'a = "some text";',
    '{ a = "some text"; }',
  ]);
});

test("links: paths, search paths, URLs and flake references", async () => {
  const text =
    '{ a = ./x.nix; b = <nixpkgs>; c = "see https://example.org/a?b=c."; d = "github:o/r/main"; e = ./none; }';
  const files = { "/w/x.nix": "1", "/search/nixpkgs/default.nix": "1" };
  const found = await ask<DocumentLink[]>("textDocument/documentLink", text, {}, files);
  const links = await Promise.all(
    found.map((link) =>
      (client as TestClient).connection.sendRequest<DocumentLink>("documentLink/resolve", link),
    ),
  );
  expect(links.map(({ target }) => target).sort()).toEqual([
    "file:///search/nixpkgs/default.nix",
    "file:///w/none",
    "file:///w/x.nix",
    "https://example.org/a?b=c",
    "https://github.com/o/r/tree/main",
  ]);
});
