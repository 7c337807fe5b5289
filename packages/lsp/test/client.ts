/**
 * A client of the language server for tests: the protocol library of VS Code on one side, the server on the
 * other, and real framing between them. Files are in memory.
 *
 * A `§` in a text is the place that a request is about; it is taken out before the text is sent.
 */
import { PassThrough } from "node:stream";
import { type Host, serve, type Workspace } from "@nivis/lsp";
import { createConnection } from "vscode-languageserver/node.js";
import {
  type ClientCapabilities,
  createProtocolConnection,
  type Position,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  type Range,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node.js";

/** What a client of today can do. */
export const CAPABILITIES: ClientCapabilities = {
  textDocument: {
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    rename: { prepareSupport: true },
    completion: { completionItem: { snippetSupport: true } },
  },
};

/** A workspace in memory. */
export function memoryWorkspace(files: Readonly<Record<string, string>>): Workspace {
  const isDirectory = (path: string): boolean =>
    path === "/" || Object.keys(files).some((one) => one.startsWith(`${path}/`));
  return {
    home: "/home/me",
    status: async (path) => {
      const text = files[path];
      if (text !== undefined) return { type: "file", size: text.length, stamp: text };
      return isDirectory(path) ? { type: "directory", size: 0, stamp: "" } : undefined;
    },
    read: async (path) => files[path],
    list: async (path) => {
      if (!isDirectory(path)) return undefined;
      const prefix = path === "/" ? "/" : `${path}/`;
      const names = new Set<string>();
      for (const one of Object.keys(files))
        if (one.startsWith(prefix)) names.add(one.slice(prefix.length).split("/")[0] as string);
      return [...names].map((name) => ({
        name,
        type: files[prefix + name] === undefined ? "directory" : "file",
      }));
    },
    findInSearchPath: async (name) => {
      const path = `/search/${name}`;
      return files[path] !== undefined || isDirectory(path) ? path : undefined;
    },
  };
}

/** A text without its marks, and where they were. */
export interface Marked {
  readonly text: string;
  readonly places: readonly Position[];
}

/** Takes the marks out of a text. */
export function marked(text: string): Marked {
  const places: Position[] = [];
  let plain = "";
  for (const piece of text.split("§")) {
    plain += piece;
    const lines = plain.split(/\r\n|\n|\r/);
    places.push({ line: lines.length - 1, character: lines.at(-1)?.length ?? 0 });
  }
  // Behind the last piece there is no mark.
  places.pop();
  return { text: plain, places };
}

/** The part of a text that a range covers. */
export function textIn(text: string, { start, end }: Range): string {
  return text.slice(offsetIn(text, start), offsetIn(text, end));
}

/** The UTF-16 offset of a position. */
export function offsetIn(text: string, { line, character }: Position): number {
  let at = 0;
  for (let i = 0; i < line; i += 1) {
    const rest = /\r\n|\n|\r/.exec(text.slice(at));
    if (rest === null) return text.length;
    at += rest.index + rest[0].length;
  }
  return at + character;
}

/** The text with edits. */
export function edited(
  text: string,
  edits: readonly { readonly range: Range; readonly newText: string }[],
): string {
  const sorted = edits
    .map((edit, index) => ({ edit, index }))
    .sort(
      (a, b) =>
        offsetIn(text, b.edit.range.start) - offsetIn(text, a.edit.range.start) ||
        b.index - a.index,
    );
  let result = text;
  for (const { edit } of sorted) {
    result =
      result.slice(0, offsetIn(text, edit.range.start)) +
      edit.newText +
      result.slice(offsetIn(text, edit.range.end));
  }
  return result;
}

/** Options of a {@link TestClient}. */
export interface ClientOptions {
  readonly files?: Readonly<Record<string, string>>;
  readonly settings?: unknown;
  readonly capabilities?: ClientCapabilities;
  readonly openEvaluator?: Host["openEvaluator"];
}

/** A connected client. */
export class TestClient {
  readonly connection: ProtocolConnection;
  readonly diagnostics = new Map<string, PublishDiagnosticsParams>();
  readonly logged: string[] = [];
  readonly #end: () => void;
  #version = 0;
  readonly #waiting: (() => void)[] = [];

  private constructor(connection: ProtocolConnection, end: () => void) {
    this.connection = connection;
    this.#end = end;
    connection.onNotification("textDocument/publishDiagnostics", (params) => {
      const published = params as PublishDiagnosticsParams;
      this.diagnostics.set(published.uri, published);
      for (const done of this.#waiting.splice(0)) done();
    });
    connection.onNotification("window/logMessage", (params) => {
      this.logged.push((params as { message: string }).message);
    });
    connection.onRequest("client/registerCapability", () => null);
  }

  /** Starts a server and connects to it. */
  static async start(options: ClientOptions = {}): Promise<TestClient> {
    const toServer = new PassThrough();
    const toClient = new PassThrough();
    const server = createConnection(
      new StreamMessageReader(toServer),
      new StreamMessageWriter(toClient),
    );
    const timers = new Set<NodeJS.Timeout>();
    const { openEvaluator } = options;
    serve(
      server,
      {
        workspace: memoryWorkspace(options.files ?? {}),
        schedule: (milliseconds, run) => {
          const timer = setTimeout(run, milliseconds);
          timers.add(timer);
          return () => clearTimeout(timer);
        },
        ...(openEvaluator === undefined ? {} : { openEvaluator }),
      },
      { name: "test", version: "0" },
    );
    const connection = createProtocolConnection(
      new StreamMessageReader(toClient),
      new StreamMessageWriter(toServer),
    );
    connection.listen();
    const client = new TestClient(connection, () => {
      for (const timer of timers) clearTimeout(timer);
      connection.dispose();
      server.dispose();
    });
    await connection.sendRequest("initialize", {
      processId: null,
      rootUri: "file:///w",
      capabilities: options.capabilities ?? CAPABILITIES,
      initializationOptions: options.settings,
    });
    await connection.sendNotification("initialized", {});
    return client;
  }

  /** Opens a document and returns what a request about its mark needs. */
  async open(text: string, path = "/w/test.nix"): Promise<OpenDocument> {
    const { text: plain, places } = marked(text);
    const uri = `file://${path}`;
    this.#version += 1;
    await this.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId: "nix", version: this.#version, text: plain },
    });
    return { uri, text: plain, places };
  }

  /** Replaces the whole text of a document. */
  async change(uri: string, text: string): Promise<void> {
    this.#version += 1;
    await this.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version: this.#version },
      contentChanges: [{ text }],
    });
  }

  /** A request about the first mark of a document, with further parameters. */
  async at<Result>(method: string, document: OpenDocument, more: object = {}): Promise<Result> {
    const position = document.places[0] ?? { line: 0, character: 0 };
    return this.connection.sendRequest(method, {
      textDocument: { uri: document.uri },
      position,
      ...more,
    });
  }

  /** The diagnostics of a document when they come next. */
  async nextDiagnostics(uri: string): Promise<PublishDiagnosticsParams> {
    for (;;) {
      const found = this.diagnostics.get(uri);
      if (found?.version === this.#version) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  stop(): void {
    this.#end();
  }
}

/** A document that is open in the server. */
export interface OpenDocument {
  readonly uri: string;
  readonly text: string;
  readonly places: readonly Position[];
}
