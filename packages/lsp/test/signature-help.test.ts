/** Signature help: what is shown while a function is called. */

import { afterEach, expect, test } from "vitest";
import type { SignatureHelp } from "vscode-languageserver-protocol";
import { TestClient } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

test.each([
  ["builtins.elemAt §", "elemAt xs n", 0],
  ["builtins.elemAt [ ] §", "elemAt xs n", 1],
  ["map (x: x) §", "map f list", 1],
  ["let f = a: b: a; in f §", "f a b", 0],
  ["let f = a: b: a; in f 1 2§", "f a b", 1],
  ["let f = { a, b ? 1, ... }: a; in f { §}", "f { a, b ?, ... }", 0],
  ["import ./f.nix §", "import { x }", 0],
])("%s", async (text, label, parameter) => {
  client = await TestClient.start({ files: { "/w/f.nix": "{ x }: x" } });
  const help = await client.at<SignatureHelp>(
    "textDocument/signatureHelp",
    await client.open(text),
  );
  expect(help?.signatures[0]?.label).toBe(label);
  expect(help?.activeParameter).toBe(parameter);
});

test.each(["let f = a: a; in f 1 §", "1 §", "[ map §]", "{ a = §; }"])("none: %s", async (text) => {
  client = await TestClient.start();
  expect(await client.at("textDocument/signatureHelp", await client.open(text))).toBeNull();
});
