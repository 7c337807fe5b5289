/** Rename: what changes, and what is refused. */

import { afterEach, expect, test } from "vitest";
import type { Range, WorkspaceEdit } from "vscode-languageserver-protocol";
import { edited, TestClient } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

async function rename(text: string, newName: string): Promise<string> {
  client = await TestClient.start();
  const document = await client.open(text);
  const edit = await client.at<WorkspaceEdit>("textDocument/rename", document, { newName });
  return edited(document.text, edit.changes?.[document.uri] ?? []);
}

test.each([
  ["let a§ = 1; in a + a", "let b = 1; in b + b"],
  ["x§: x + 1", "b: b + 1"],
  ["{ x, y ? x§ }: x", "{ b, y ? b }: b"],
  ["let a.x = 1; a.y = 2; in a§.x", "let b.x = 1; b.y = 2; in b.x"],
  ['let "a" = 1; in a§', "let b = 1; in b"],
  ["let a§ = 1; in { inherit a; }", "let b = 1; in { a = b; }"],
  ["let a§ = 1; c = 2; in { inherit a c; }", "let b = 1; c = 2; in { inherit c;\na = b; }"],
  ["let s = { a = 1; }; inherit (s) a; in a§", "let s = { a = 1; }; b = (s).a; in b"],
  ["a: let inherit a; in a§", "a: let b = a; in b"],
])("%s", async (text, wanted) => {
  expect(await rename(text, "b")).toBe(wanted);
});

test("columns count UTF-16 code units", async () => {
  expect(await rename('let s = "𝄞é"; a§ = s; in [ "𝄞" a ]', "b")).toBe(
    'let s = "𝄞é"; b = s; in [ "𝄞" b ]',
  );
});

test.each([
  ["let a§ = 1; b = 2; in a + b", "already defined"],
  ["let a§ = 1; in b: a + b", "already means"],
  ["{ lib }: with lib; let a§ = 1; in a + b", "already means"],
  ["let f = a§: map a; in f", "already means", "map"],
  ["let a§ = 1; in a", "is not a name", "1x"],
  ["let a§ = 1; in a", "is not a name", "let"],
  ["ma§p", "builtin"],
  ["{ lib }: with lib; x§", "'with'"],
  ["{ a§ = 1; }", "attribute"],
])("%s is refused: %s", async (text, message, name = "b") => {
  await expect(rename(text, name)).rejects.toThrow(message);
});

test("prepareRename gives the range of the name, and the reason where there is none", async () => {
  client = await TestClient.start();
  const document = await client.open("let abc = 1; in ab§c");
  const range = await client.at<Range>("textDocument/prepareRename", document);
  expect([range.start.character, range.end.character]).toEqual([16, 19]);
  const other = await client.open("tru§e", "/w/other.nix");
  await expect(client.at("textDocument/prepareRename", other)).rejects.toThrow("builtin");
});
