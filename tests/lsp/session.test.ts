/**
 * Sessions with the built language server: evaluation in its process, what users see while they type, and
 * how everything ends.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { builtCommand } from "@nivis/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type {
  CompletionItem,
  CompletionList,
  Hover,
  Location,
} from "vscode-languageserver-protocol";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node.js";
import { descendants, isAlive, processorTime, StdioClient } from "./stdio-client.ts";

let folder: string;
let client: StdioClient | undefined;

const NIXPKGS = `{ }:
let
  lib = { id = x: x; inherit options; };
  options.services.greet = {
    enable = {
      _type = "option";
      type = { name = "bool"; description = "boolean"; };
      description = "Whether to greet.";
      default = false;
      declarationPositions = [ { file = toString ./default.nix; line = 4; column = 3; } ];
    };
    users = {
      _type = "option";
      type = {
        name = "attrsOf";
        description = "attribute set of (submodule)";
        nestedTypes.elemType = {
          name = "submodule";
          getSubOptions = prefix: {
            shell = { _type = "option"; type = { name = "str"; description = "string"; }; };
          };
        };
      };
    };
  };
  pkgs = {
    inherit lib pkgs;
    hello = {
      type = "derivation";
      name = "hello-2.12";
      version = "2.12";
      meta = { description = "Greets"; position = toString ./hello.nix + ":3"; };
    };
    functions = import ./functions.nix;
    broken = throw "this package is broken";
    endless = let f = n: f (n + 1); in f 0;
  };
in
pkgs
`;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "nivis-lsp-")));
  for (const [path, text] of Object.entries({
    "nixpkgs/default.nix": NIXPKGS,
    "nixpkgs/functions.nix": `rec {
      /** Doubles a *number*. */
      double = x: x * 2;
      /** Doubles it twice. */
      quadruple = compose double double;
      compose = f: g: x: f (g x);
      first = builtins.head;
    }`,
    "work/lib.nix": "{ one = 1; }",
    "work/user.nix": "(import ./lib.nix).one",
    "flake/flake.nix": `{ inputs.sub.url = "path:./sub"; outputs = { self, sub }: { }; }`,
    "flake/sub/flake.nix": "{ outputs = { self }: { greeting = 1; }; }",
  })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
});

afterEach(() => client?.kill());
afterAll(() => rmSync(folder, { recursive: true }));

async function start(settings: object = {}): Promise<StdioClient> {
  client = new StdioClient(["-I", `nixpkgs=${join(folder, "nixpkgs")}`]);
  await client.initialize(join(folder, "work"), {
    nivis: { options: { test: { expr: "(import <nixpkgs> { }).lib.options" } }, ...settings },
  });
  return client;
}

const work = (name: string): string => join(folder, "work", name);

async function items(session: StdioClient, text: string, label: string): Promise<CompletionItem[]> {
  const { place } = await session.open(work("test.nix"), text);
  const list = await session.until<CompletionList>("textDocument/completion", place, (reply) =>
    reply.items.some((one) => one.label === label),
  );
  return list.items;
}

describe("evaluation", () => {
  test("packages: attributes, version and description, hover, definition", async () => {
    const session = await start();
    const item = (await items(session, "{ pkgs }: pkgs.hel§", "hello")).find(
      ({ label }) => label === "hello",
    ) as CompletionItem;
    const resolved = await session.connection.sendRequest<CompletionItem>(
      "completionItem/resolve",
      item,
    );
    expect(resolved).toMatchObject({ detail: "2.12" });
    const { place } = await session.open(work("test.nix"), "{ pkgs }: pkgs.hel§lo");
    const hover = await session.connection.sendRequest<Hover>("textDocument/hover", place);
    expect((hover.contents as { value: string }).value).toContain("Greets");
    const found = await session.connection.sendRequest<Location[]>(
      "textDocument/definition",
      place,
    );
    expect(found[0]).toMatchObject({
      uri: `file://${join(folder, "nixpkgs/hello.nix")}`,
      range: { start: { line: 2 } },
    });
  });

  test.each([
    ["double", "Doubles a *number*."],
    ["quadruple", "Doubles it twice."],
    ["first", "first element"],
  ])("doc comments of functions in other files: %s", async (name, text) => {
    const session = await start();
    const { place } = await session.open(work("test.nix"), `{ pkgs }: pkgs.functions.§${name} 2`);
    const hover = await session.until<Hover>("textDocument/hover", place, (reply) =>
      JSON.stringify(reply ?? "").includes(text),
    );
    expect((hover.contents as { value: string }).value).toContain(text);
  });

  test("options, below submodules as well", async () => {
    const session = await start();
    await items(session, "{ config, ... }: { services.greet.§ }", "enable");
    await items(session, "{ config, ... }: { services.greet.users.me.§ }", "shell");
    const { place } = await session.open(
      work("test.nix"),
      "{ config, ... }: { services.greet.enab§le = true; }",
    );
    const hover = await session.connection.sendRequest<Hover>("textDocument/hover", place);
    expect((hover.contents as { value: string }).value).toContain("Whether to greet.");
  });

  test("sees the texts of open documents, and files that change on disk", async () => {
    const session = await start();
    const { uri } = await session.open(work("lib.nix"), "{ one = 1; two = 22; }");
    const { place } = await session.open(work("user.nix"), "let v = (import ./lib.nix).two; in v§");
    const shows = (text: string) => (reply: Hover | null) =>
      JSON.stringify(reply ?? "").includes(text);
    const hover = await session.until<Hover>("textDocument/hover", place, shows("22"));
    expect(JSON.stringify(hover)).toContain("22");
    await session.change(uri, "{ one = 1; two = 33; }");
    const again = await session.until<Hover>("textDocument/hover", place, shows("33"));
    expect(JSON.stringify(again)).toContain("33");
  });

  test("the inputs of a flake, without any configuration of the machine", async () => {
    const session = await start();
    const { place } = await session.open(
      join(folder, "flake/flake.nix"),
      `{ inputs.sub.url = "path:./sub"; outputs = { self, sub }: { x = sub.gre§; }; }`,
    );
    const list = await session.until<CompletionList>("textDocument/completion", place, (reply) =>
      reply.items.some(({ label }) => label === "greeting"),
    );
    expect(list.items.map(({ label }) => label)).toContain("greeting");
  });

  test("errors are diagnostics at the place in the file", async () => {
    const session = await start();
    await session.open(work("fails.nix"), '{ ok = 1; bad = 1 + "é"; }');
    const end = Date.now() + 30_000;
    while (Date.now() < end && !session.published.some((one) => one.diagnostics.length > 0))
      await new Promise((resolve) => setTimeout(resolve, 50));
    const found = session.published.at(-1)?.diagnostics ?? [];
    expect(found.map(({ code, message }) => [code, message])).toEqual([
      ["evaluation", "cannot add a string to an integer"],
    ]);
  });

  test("an endless evaluation is bounded, and other questions are answered meanwhile", async () => {
    const session = await start({ evaluation: { maxTime: 2 } });
    const { place } = await session.open(work("test.nix"), "{ pkgs }: pkgs.endles§s");
    const slow = session.connection.sendRequest("textDocument/hover", place);
    const other = await session.open(work("other.nix"), "let abc = 1; in ab§c");
    const began = Date.now();
    const hover = await session.connection.sendRequest<Hover>(
      "textDocument/definition",
      other.place,
    );
    expect(Date.now() - began).toBeLessThan(1000);
    expect(hover).not.toBeNull();
    await slow;
    // The evaluator goes on with the next question.
    const items3 = await items(session, "{ pkgs }: pkgs.hel§", "hello");
    expect(items3.map(({ label }) => label)).toContain("hello");
  });

  test("a cancelled evaluation stops", async () => {
    const session = await start({ evaluation: { maxTime: 60 } });
    await items(session, "{ pkgs }: pkgs.hel§", "hello");
    const { place } = await session.open(work("test.nix"), "{ pkgs }: pkgs.endles§s");
    const { CancellationTokenSource } = await import("vscode-languageserver-protocol/node.js");
    const source = new CancellationTokenSource();
    const slow = session.connection.sendRequest("textDocument/hover", place, source.token);
    await new Promise((resolve) => setTimeout(resolve, 300));
    source.cancel();
    await expect(slow).rejects.toThrow("cancelled");
    const { place: next } = await session.open(work("test.nix"), "{ pkgs }: pkgs.hel§lo");
    const hover = await session.connection.sendRequest<Hover>("textDocument/hover", next);
    expect(JSON.stringify(hover)).toContain("Greets");
  });
});

describe.runIf(process.platform === "linux")("the end", () => {
  async function withEvaluator(): Promise<{ session: StdioClient; processes: number[] }> {
    const session = await start();
    await items(session, "{ pkgs }: pkgs.hel§", "hello");
    const pid = session.child.pid as number;
    return { session, processes: [pid, ...descendants(pid)] };
  }

  async function expectGone(processes: readonly number[]): Promise<void> {
    const end = Date.now() + 10_000;
    while (processes.some(isAlive) && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(processes.filter(isAlive)).toEqual([]);
  }

  test("shutdown and exit end all processes with code 0", async () => {
    const { session, processes } = await withEvaluator();
    expect(processes.length).toBeGreaterThan(1);
    const exited = once(session.child, "exit");
    await session.connection.sendRequest("shutdown");
    await session.connection.sendNotification("exit");
    expect((await exited)[0]).toBe(0);
    await expectGone(processes);
  });

  test("the end of the input ends all processes", async () => {
    const { session, processes } = await withEvaluator();
    expect(await session.end()).toBe(1);
    await expectGone(processes);
  });

  test("a killed server leaves nothing behind, even in the middle of an evaluation", async () => {
    const { session, processes } = await withEvaluator();
    const { place } = await session.open(work("test.nix"), "{ pkgs }: pkgs.endles§s");
    session.connection.sendRequest("textDocument/hover", place).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 300));
    session.child.kill("SIGKILL");
    await expectGone(processes);
  });

  test("at rest no process takes time", async () => {
    const { processes } = await withEvaluator();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const before = processes.map(processorTime);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const used = processes.map((pid, i) => processorTime(pid) - (before[i] as number));
    // Three seconds; a timer of the protocol library looks for the client once in this time.
    for (const time of used) expect(time).toBeLessThanOrEqual(100);
  });
});

describe("rubbish", () => {
  test.each([
    ["a request without a document", "textDocument/hover", {}],
    [
      "a position that is none",
      "textDocument/hover",
      { textDocument: { uri: "file:///x" }, position: 7 },
    ],
    ["a list for an object", "textDocument/completion", [1, 2]],
    ["a method that does not exist", "textDocument/nonsense", {}],
    [
      "a range that is none",
      "textDocument/codeAction",
      { textDocument: { uri: "file:///x" }, range: {} },
    ],
  ])("%s is an error, and the server goes on", async (_, method, params) => {
    const session = await start();
    await expect(session.connection.sendRequest(method, params)).rejects.toThrow();
    const { place } = await session.open(work("test.nix"), "let a = 1; in a§");
    expect(await session.connection.sendRequest("textDocument/hover", place)).not.toBeNull();
  });

  test("a request about a document that is not open has an empty reply", async () => {
    const session = await start();
    const place = {
      textDocument: { uri: "file:///none.nix" },
      position: { line: 1, character: 1 },
    };
    expect(await session.connection.sendRequest("textDocument/hover", place)).toBeNull();
  });

  test("bytes that are no message do not hang the server", async () => {
    const session = await start();
    session.child.stdin?.write("Content-Length: nonsense\r\n\r\n{}");
    const exited = once(session.child, "exit");
    session.child.stdin?.end();
    await exited;
  });
});

describe("sockets", () => {
  async function greet(socket: import("node:net").Socket): Promise<void> {
    const connection = createProtocolConnection(
      new StreamMessageReader(socket),
      new StreamMessageWriter(socket),
    );
    connection.listen();
    const result = await connection.sendRequest<{ serverInfo: { name: string } }>("initialize", {
      processId: null,
      rootUri: null,
      capabilities: {},
    });
    expect(result.serverInfo.name).toBe("nivis");
  }

  test("--socket connects to a client, and the server ends with the connection", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const child = spawn(process.execPath, [builtCommand("nivis"), "lsp", "--socket", String(port)]);
    const exited = once(child, "exit");
    const [socket] = await once(server, "connection");
    await greet(socket);
    socket.destroy();
    await exited;
    server.close();
  });

  test("--listen waits for a client", async () => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, "close");
    const child = spawn(process.execPath, [builtCommand("nivis"), "lsp", "--listen", String(port)]);
    const exited = once(child, "exit");
    let socket = connect(port, "127.0.0.1");
    for (let attempt = 0; attempt < 200; attempt += 1) {
      try {
        await once(socket, "connect");
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
        socket = connect(port, "127.0.0.1");
      }
    }
    await greet(socket);
    socket.destroy();
    await exited;
  });

  test("a port where nobody listens is an error", async () => {
    const child = spawn(process.execPath, [builtCommand("nivis"), "lsp", "--socket", "1"]);
    let text = "";
    child.stderr.on("data", (data) => {
      text += data;
    });
    const [code] = await once(child, "exit");
    expect([code, text]).toEqual([1, expect.stringContaining("nobody listens on port 1")]);
  });
});
