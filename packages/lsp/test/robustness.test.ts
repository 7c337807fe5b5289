/**
 * No request fails: at every prefix of a text, on texts that no editor should show, and while edits and
 * requests overtake each other. After many edits the server says what a fresh one says of the same text.
 *
 * `NIVIS_LSP_EDITS` sets the number of edits; `NIVIS_LSP_FILE` names a file to edit instead of the text
 * here.
 */
import { readFileSync } from "node:fs";
import { Random, testSeed } from "@nivis/testkit";
import { afterEach, expect, test } from "vitest";
import {
  CancellationTokenSource,
  ErrorCodes,
  LSPErrorCodes,
  type Position,
  ResponseError,
} from "vscode-languageserver-protocol/node.js";
import { TestClient } from "./client.ts";
import { type DocumentRequest, requestsAt } from "./requests.ts";

let client: TestClient | undefined;

afterEach(() => client?.stop());

const TEXT = `# A comment, then a doc comment
{
  lib,
  pkgs ? import <nixpkgs> { },
  ...
}@args:
let
  inherit (lib) id mkIf;
  inherit args;
  /** Doc of *f*. */
  f = { a, b ? 1, ... }: c: a + b * c;
  s.t = "te\${f { a = 1; } 2}xt 𝄞";
  s."u v" = ''
    line é
      \${s.t} ''\${no} '''
  '';
  url = https://example.org/x;
in
rec {
  a = with pkgs; [ hello (f { a = 2; } 3) ./x.nix ./\${a}/y ];
  b = if a ? c.d then a.c.d or 1 else assert true; -1;
  \${"dyn"} = x: !x && x || x -> false;
  c = a // { e = [ 1.5 ] ++ [ ]; } |> id;
}
`;

const FILES = { "/w/x.nix": "{ y = 1; }" };

/** Sends a request; anything but a result, a refusal or a cancellation fails the test. */
async function ask(
  session: TestClient,
  { method, params, mayRefuse }: DocumentRequest,
): Promise<unknown> {
  try {
    return await session.connection.sendRequest(method, params);
  } catch (error) {
    if (error instanceof ResponseError && mayRefuse === true) return { refused: error.message };
    throw error;
  }
}

function bugs(session: TestClient): string[] {
  return session.logged.filter((message) => message.includes("bug in Nivis"));
}

test.each([
  ["LF", TEXT],
  ["CRLF", TEXT.replaceAll("\n", "\r\n")],
])("at every prefix of a text with %s no request fails", async (_, whole) => {
  client = await TestClient.start({ files: FILES });
  const { uri } = await client.open("");
  for (let length = 0; length <= whole.length; length += 1) {
    const text = whole.slice(0, length);
    await client.change(uri, text);
    const lines = text.split(/\r\n|\n|\r/);
    const end: Position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
    const range = { start: { line: Math.floor(end.line / 2), character: 0 }, end };
    const requests = requestsAt(uri, end, range);
    await Promise.all(requests.map((request) => ask(client as TestClient, request)));
    if (bugs(client).length > 0) throw new Error(`${JSON.stringify(text)}: ${bugs(client)[0]}`);
  }
});

test.each([
  ["nothing", ""],
  ["blanks", " \n\t\r\n"],
  ["a null byte", "{ a = 1; \0 b = 2; }"],
  ["half a surrogate pair", '"\ud834" + "\udd1e" + a'],
  ["binary", "\u0001\u0002\u00ff\ufffd%PDF-1.7\n\u0000\u0000stream"],
  ["brackets without end", "{[(".repeat(1000)],
  ["deep nesting", `${"(".repeat(20_000)}1${")".repeat(20_000)}`],
  ["many lets", `${"let a = 1; in ".repeat(5000)}a`],
  ["many lambdas", `${"x: ".repeat(5000)}x`],
  ["deep sets", `${"{ a = ".repeat(3000)}1${"; }".repeat(3000)}`],
  ["deep selections", `a${".b".repeat(5000)}`],
  ["long operators", `1${" + 1".repeat(20_000)}`],
  ["many attributes", `{ ${Array.from({ length: 20_000 }, (_, i) => `a${i} = ${i};`).join(" ")} }`],
  ["one long line", `"${"é".repeat(100_000)}"`],
  ["lone carriage returns", "{\r a = 1;\r b = missing;\r}\r"],
])("%s: no request fails, and none takes long", async (_, text) => {
  client = await TestClient.start({ files: FILES });
  const { uri } = await client.open(text);
  for (const position of [
    { line: 0, character: Math.floor(text.length / 2) },
    { line: 1e9, character: 1e9 },
    { line: -1, character: -1 },
  ]) {
    const range = { start: { line: 0, character: 0 }, end: position };
    for (const request of requestsAt(uri, position, range)) {
      const began = performance.now();
      await ask(client, request);
      expect(performance.now() - began, request.method).toBeLessThan(10_000);
    }
  }
  expect(bugs(client)).toEqual([]);
});

/** Pieces that make interesting mistakes. */
const PIECES = [
  ..."{}[]();:=.,?@\"'\\/<>!-+*&|$#\n \t",
  "${",
  "''",
  "let ",
  "in ",
  "rec ",
  "inherit (a) b;",
  "with a; ",
  "if a then b else c",
  "a.b.c",
  "x: ",
  "{ a, b }: ",
  "./x.nix",
  "𝄞",
  "é",
  "/* c */",
  "# c\n",
  "foo",
  "1",
  "or ",
  "\r\n",
];

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
}

/** An offset that is not inside of a pair or a line break. */
function safe(text: string, offset: number): number {
  const before = text.charCodeAt(offset - 1);
  const isInPair = before >= 0xd800 && before < 0xdc00;
  const isInBreak = before === 13 && text.charCodeAt(offset) === 10;
  return isInPair || isInBreak ? offset - 1 : offset;
}

test("after random edits with requests in flight, all is as in a fresh analysis", async () => {
  const edits = Number(process.env["NIVIS_LSP_EDITS"] ?? 300);
  const file = process.env["NIVIS_LSP_FILE"];
  const original = file === undefined ? TEXT : readFileSync(file, "utf8");
  const random = new Random(testSeed("language server", 20_261_130));
  client = await TestClient.start({ files: FILES });
  const session = client;
  const { uri } = await session.open(original, "/w/edited.nix");
  let text = original;
  let version = 1000;
  const flying = new Set<Promise<unknown>>();
  for (let edit = 1; edit <= edits; edit += 1) {
    // Not so far from the original that nothing parses any more.
    if (text.length > original.length * 2 || edit % 100 === 0) text = original;
    const isWhole = text === original;
    const start = safe(text, random.below(text.length + 1));
    const end = safe(text, Math.min(text.length, start + random.below(8)));
    const piece = random.below(3) === 0 ? "" : (PIECES[random.below(PIECES.length)] as string);
    const range = { start: positionAt(text, start), end: positionAt(text, Math.max(start, end)) };
    version += 1;
    const contentChanges = isWhole
      ? [{ text: original }, { range, text: piece }]
      : [{ range, text: piece }];
    text = text.slice(0, start) + piece + text.slice(Math.max(start, end));
    await session.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version },
      contentChanges,
    });
    const place = positionAt(text, random.below(text.length + 1));
    const all = requestsAt(uri, place, { start: place, end: place });
    const request = all[random.below(all.length)] as DocumentRequest;
    const source = new CancellationTokenSource();
    const sent = session.connection
      .sendRequest(request.method, request.params, source.token)
      .catch((error: unknown) => {
        const code = error instanceof ResponseError ? error.code : ErrorCodes.InternalError;
        const isFine = code === LSPErrorCodes.RequestCancelled || request.mayRefuse === true;
        if (!isFine) throw error;
      });
    const tracked: Promise<unknown> = sent.finally(() => flying.delete(tracked));
    flying.add(tracked);
    if (random.below(4) === 0) source.cancel();
    if (edit % 50 !== 0 && edit !== edits) continue;
    await Promise.all(flying);
    const fresh = await session.open(text.replaceAll("§", ""), "/w/fresh.nix");
    for (let i = 0; i < 4; i += 1) {
      const at = positionAt(text, random.below(text.length + 1));
      const whole = { start: { line: 0, character: 0 }, end: at };
      const [old, anew] = await Promise.all(
        [uri, fresh.uri].map((one) =>
          Promise.all(requestsAt(one, at, whole).map((each) => ask(session, each))),
        ),
      );
      const shown = (replies: unknown, own: string): string =>
        JSON.stringify(replies)
          .replaceAll(own, "URI")
          // Some messages name the file.
          .replaceAll(own.slice("file://".length), "PATH")
          .replace(/"resultId":"[^"]*"/g, '"resultId":""');
      expect(shown(old, uri)).toBe(shown(anew, fresh.uri));
    }
    await session.connection.sendNotification("textDocument/didClose", {
      textDocument: { uri: fresh.uri },
    });
    expect(bugs(session)).toEqual([]);
  }
});
