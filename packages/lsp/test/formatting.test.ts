/** Formatting: a document, a selection, while typing; `.editorconfig`. */

import { readEditorConfig } from "@nivis/fmt";
import { afterEach, expect, test } from "vitest";
import type { TextEdit } from "vscode-languageserver-protocol";
import { edited, TestClient } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

const OPTIONS = { options: { tabSize: 2, insertSpaces: true } };

test("the whole document, with small edits", async () => {
  client = await TestClient.start();
  const text = "{\n  a = 1;\n  b=2;\n  c = 3;\n}\n";
  const document = await client.open(text);
  const edits = await client.at<TextEdit[]>("textDocument/formatting", document, OPTIONS);
  expect(edits).toHaveLength(1);
  expect(edits[0]?.range.start.line).toBe(2);
  expect(edited(text, edits)).toBe("{\n  a = 1;\n  b = 2;\n  c = 3;\n}\n");
});

test("characters beyond the basic plane stay, and a text with mistakes is left alone", async () => {
  client = await TestClient.start();
  const text = '{ a="𝄞é";\nb=1; }\n';
  const document = await client.open(text);
  const edits = await client.at<TextEdit[]>("textDocument/formatting", document, OPTIONS);
  expect(edited(text, edits)).toBe('{\n  a = "𝄞é";\n  b = 1;\n}\n');
  const broken = await client.open("{ a = ", "/w/broken.nix");
  expect(await client.at("textDocument/formatting", broken, OPTIONS)).toBeNull();
});

test("a selection only", async () => {
  client = await TestClient.start();
  const text = "{\n  a=1;\n  keep = 2;\n  b=2;\n}\n";
  const document = await client.open(text);
  const edits = await client.at<TextEdit[]>("textDocument/rangeFormatting", document, {
    ...OPTIONS,
    range: { start: { line: 3, character: 0 }, end: { line: 3, character: 6 } },
  });
  expect(edited(text, edits)).toBe("{\n  a=1;\n  keep = 2;\n  b = 2;\n}\n");
});

test.each([
  ["{\n  a = [\n§", "\n", "{\n  a = [\n    "],
  ["let\n  a = 1;\n§", "\n", "let\n  a = 1;\n  "],
  ["{\n  a = {\n    b = 1;\n    }§\n}", "}", "{\n  a = {\n    b = 1;\n  }\n}"],
])("while typing: %j", async (text, ch, wanted) => {
  client = await TestClient.start();
  const document = await client.open(text);
  const edits = await client.at<TextEdit[] | null>("textDocument/onTypeFormatting", document, {
    ...OPTIONS,
    ch,
  });
  expect(edited(document.text, edits ?? [])).toBe(wanted);
});

test(".editorconfig sets what the style leaves open", async () => {
  const files = { "/w/.editorconfig": "root = true\n[*.nix]\nindent_size = 4\n" };
  client = await TestClient.start({ files });
  const document = await client.open("{ a = 1; b = 2; }\n");
  const edits = await client.at<TextEdit[]>("textDocument/formatting", document, OPTIONS);
  expect(edited(document.text, edits)).toBe("{\n    a = 1;\n    b = 2;\n}\n");
});

test.each([
  ["[*]", "a/b.nix", false],
  ["[*.nix]", "a/b.nix", true],
  ["[*.{js,nix}]", "b.nix", true],
  ["[a/*.nix]", "a/b.nix", true],
  ["[a/*.nix]", "c/b.nix", false],
  ["[a/**.nix]", "a/c/b.nix", true],
  ["[?.nix]", "b.nix", true],
  ["[[!b].nix]", "b.nix", false],
  ["[*.js]", "b.nix", false],
])("section %s and the path %s", (section, path, applies) => {
  const found = readEditorConfig(`${section}\nindent_size = 8\n`, path).indent;
  expect(found).toBe(applies ? 8 : undefined);
});
