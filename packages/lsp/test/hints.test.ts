/** Inlay hints without evaluation. */

import { afterEach, expect, test } from "vitest";
import type { InlayHint } from "vscode-languageserver-protocol";
import { TestClient } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

test("the name of a long binding stands at its end", async () => {
  const text = `{\n  a.b = [\n${"    1\n".repeat(24)}  ];\n  c = 1;\n}`;
  const range = { start: { line: 0, character: 0 }, end: { line: 40, character: 0 } };
  client = await TestClient.start();
  const hints = await client.at<InlayHint[]>("textDocument/inlayHint", await client.open(text), {
    range,
  });
  expect(hints).toEqual([
    { position: { line: 26, character: 4 }, label: "a.b", paddingLeft: true },
  ]);
  client.stop();
  client = await TestClient.start({ settings: { nivis: { inlayHints: { bindingEnds: 0 } } } });
  expect(await client.at("textDocument/inlayHint", await client.open(text), { range })).toEqual([]);
});
