/** Semantic tokens: whole, by range, and as differences. */

import { afterEach, expect, test } from "vitest";
import type { SemanticTokens, SemanticTokensDelta } from "vscode-languageserver-protocol";
import { TOKEN_MODIFIERS, TOKEN_TYPES } from "../src/features/tokens.ts";
import { TestClient } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

function decoded(text: string, { data }: SemanticTokens): string[] {
  const lines = text.split("\n");
  const found: string[] = [];
  let line = 0;
  let column = 0;
  for (let i = 0; i < data.length; i += 5) {
    const [deltaLine = 0, deltaColumn = 0, length = 0, type = 0, modifiers = 0] = data.slice(
      i,
      i + 5,
    );
    column = deltaLine > 0 ? deltaColumn : column + deltaColumn;
    line += deltaLine;
    const names = TOKEN_MODIFIERS.filter((_, bit) => (modifiers & (1 << bit)) !== 0);
    const name = lines[line]?.slice(column, column + length);
    found.push([name, TOKEN_TYPES[type], ...names].join(" "));
  }
  return found;
}

test("names by what they mean", async () => {
  client = await TestClient.start();
  const text =
    '{ p }:\nlet f = x: x; v = "𝄞"; in with p; { a.b = f v; c = map foo true; inherit p; d = p.q or v; }';
  const document = await client.open(text);
  const tokens = await client.at<SemanticTokens>("textDocument/semanticTokens/full", document);
  expect(decoded(text, tokens)).toEqual([
    "p parameter declaration",
    "f function declaration",
    "x parameter declaration",
    "x parameter",
    "v variable declaration",
    "p parameter",
    "a property declaration",
    "b property declaration",
    "f function",
    "v variable",
    "c property declaration",
    "map function defaultLibrary",
    "foo variable withAttribute",
    "true variable readonly defaultLibrary",
    "p parameter",
    "d property declaration",
    "p parameter",
    "q property",
    "or keyword",
    "v variable",
  ]);
});

test("a range has the tokens in it, and a difference leads to the whole", async () => {
  client = await TestClient.start();
  const text = "let a = 1;\n b = a;\nin a + b";
  const document = await client.open(text);
  const range = { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } };
  const part = await client.at<SemanticTokens>("textDocument/semanticTokens/range", document, {
    range,
  });
  expect(decoded(text, part)).toEqual(["b variable declaration", "a variable"]);
  const whole = await client.at<SemanticTokens>("textDocument/semanticTokens/full", document);
  const changed = "let a = 1;\n c = 2; b = a;\nin a + b";
  await client.change(document.uri, changed);
  const delta = await client.at<SemanticTokensDelta>(
    "textDocument/semanticTokens/full/delta",
    document,
    { previousResultId: whole.resultId },
  );
  const data = [...whole.data];
  for (const { start, deleteCount, data: more = [] } of delta.edits)
    data.splice(start, deleteCount, ...more);
  const fresh = await client.at<SemanticTokens>("textDocument/semanticTokens/full", document);
  expect(data).toEqual(fresh.data);
});
