/** Diagnostics: pushed, pulled, of the workspace, and the settings that change them. */

import { afterEach, expect, test } from "vitest";
import type {
  DocumentDiagnosticReport,
  WorkspaceDiagnosticReport,
} from "vscode-languageserver-protocol";
import { CAPABILITIES, TestClient, textIn } from "./client.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

async function pushed(text: string, settings?: unknown): Promise<string[]> {
  client = await TestClient.start({ settings });
  const document = await client.open(text);
  const { diagnostics } = await client.nextDiagnostics(document.uri);
  return diagnostics.map(({ code, range }) => `${code}: ${textIn(document.text, range)}`);
}

test("several syntax errors of one text", async () => {
  expect(await pushed("{ a = ; b = 1 +; c = [ 1 ; }")).toHaveLength(3);
});

test("lints with their codes, tags and severities", async () => {
  expect(await pushed("let a = 1; in missing")).toEqual([
    "unused-binding: a",
    "undefined-variable: missing",
  ]);
  const [first, second] = client?.diagnostics.get("file:///w/test.nix")?.diagnostics ?? [];
  expect([first?.severity, first?.tags, first?.source]).toEqual([2, [1], "nivis"]);
  expect(second?.severity).toBe(1);
});

test("related places", async () => {
  client = await TestClient.start();
  const document = await client.open("{ a = 1; a = 2; }");
  const { diagnostics } = await client.nextDiagnostics(document.uri);
  expect(diagnostics).toHaveLength(1);
  expect(diagnostics[0]?.message).toContain("already defined");
});

test("an empty document has no mistakes, and columns count UTF-16", async () => {
  expect(await pushed("  \n")).toEqual([]);
  client?.stop();
  expect(await pushed('[ "𝄞" missing ]')).toEqual(["undefined-variable: missing"]);
});

test("settings switch rules and everything off, in any shape", async () => {
  const text = "let a = 1; in 2";
  expect(await pushed(text, { nivis: { diagnostics: { ignored: ["unused-binding"] } } })).toEqual(
    [],
  );
  client?.stop();
  expect(await pushed(text, { "nivis.diagnostics.enable": false })).toEqual([]);
  client?.stop();
  expect(await pushed(text, { nil: { diagnostics: { ignored: ["unused-binding"] } } })).toEqual([]);
  client?.stop();
  expect(await pushed("{ a }: 1", { diagnostics: { strict: true } })).toEqual(["unused-formal: a"]);
  client?.stop();
  await pushed(text, { nivis: { diagnostic: { enable: true } } });
  expect(client?.logged.join()).toContain("did you mean 'nivis.diagnostics.enable'?");
});

test("closing a document clears what was pushed", async () => {
  client = await TestClient.start();
  const { uri } = await client.open("missing");
  await client.nextDiagnostics(uri);
  await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri } });
  await client.connection.sendRequest("textDocument/hover", {
    textDocument: { uri },
    position: { line: 0, character: 0 },
  });
  expect(client.diagnostics.get(uri)?.diagnostics).toEqual([]);
});

test("pulled diagnostics say when nothing changed, and nothing is pushed", async () => {
  const capabilities = {
    ...CAPABILITIES,
    textDocument: { ...CAPABILITIES.textDocument, diagnostic: {} },
  };
  client = await TestClient.start({ capabilities });
  const document = await client.open("missing");
  const pull = (more: object): Promise<DocumentDiagnosticReport> =>
    (client as TestClient).at("textDocument/diagnostic", document, more);
  const first = await pull({});
  expect(first.kind).toBe("full");
  const again = await pull({ previousResultId: first.resultId });
  expect(again.kind).toBe("unchanged");
  await client.change(document.uri, "1");
  const changed = await pull({ previousResultId: first.resultId });
  expect(changed).toMatchObject({ kind: "full", items: [] });
  expect(client.diagnostics.size).toBe(0);
});

test("diagnostics of the whole workspace", async () => {
  client = await TestClient.start({
    files: { "/w/a.nix": "missing", "/w/sub/b.nix": "1", "/w/.hidden/c.nix": "missing" },
  });
  const report = await client.connection.sendRequest<WorkspaceDiagnosticReport>(
    "workspace/diagnostic",
    { previousResultIds: [] },
  );
  const shown = report.items.map((one) => [one.uri, one.kind === "full" ? one.items.length : 0]);
  expect(shown.sort()).toEqual([
    ["file:///w/a.nix", 1],
    ["file:///w/sub/b.nix", 0],
  ]);
});
