/**
 * The page of `web.test.ts`: starts the server of the web extension in a worker, and speaks the protocol with it
 * over messages. `talk` opens documents, sends requests and returns the replies; files are in memory.
 */
import {
  BrowserMessageReader,
  BrowserMessageWriter,
  createProtocolConnection,
  type PublishDiagnosticsParams,
} from "vscode-languageserver-protocol/browser.js";
import {
  LIST_REQUEST,
  READ_REQUEST,
  STATUS_REQUEST,
} from "../../editors/vscode/src/file-requests.ts";

/** What the page is asked to do. */
export interface Talk {
  readonly worker: string;
  readonly files: Readonly<Record<string, string>>;
  readonly documents: Readonly<Record<string, string>>;
  readonly requests: readonly { readonly method: string; readonly params: object }[];
}

/** What came back. */
export interface Talked {
  readonly replies: readonly unknown[];
  readonly diagnostics: Readonly<Record<string, PublishDiagnosticsParams["diagnostics"]>>;
  readonly asked: readonly string[];
}

async function talk({ worker, files, documents, requests }: Talk): Promise<Talked> {
  const { Worker } = globalThis as unknown as { readonly Worker: new (url: string) => object };
  const started = new Worker(worker) as never;
  const connection = createProtocolConnection(
    new BrowserMessageReader(started),
    new BrowserMessageWriter(started),
  );
  const diagnostics: Record<string, PublishDiagnosticsParams["diagnostics"]> = {};
  const asked: string[] = [];
  connection.onNotification("textDocument/publishDiagnostics", (params) => {
    const { uri, diagnostics: found } = params as PublishDiagnosticsParams;
    diagnostics[uri] = found;
  });
  const pathOf = ({ uri }: { readonly uri: string }): string => {
    const path = new URL(uri).pathname;
    asked.push(path);
    return path;
  };
  connection.onRequest(STATUS_REQUEST, (params) => {
    const path = pathOf(params);
    const text = files[path];
    if (text !== undefined) return { type: "file", size: text.length, stamp: text };
    const isFolder = Object.keys(files).some((one) => one.startsWith(`${path}/`));
    return isFolder ? { type: "directory", size: 0, stamp: "" } : null;
  });
  connection.onRequest(READ_REQUEST, (params) => files[pathOf(params)] ?? null);
  connection.onRequest(LIST_REQUEST, (params) => {
    const prefix = `${pathOf(params)}/`;
    return Object.keys(files)
      .filter((one) => one.startsWith(prefix) && !one.slice(prefix.length).includes("/"))
      .map((one) => ({ name: one.slice(prefix.length), type: "file" }));
  });
  connection.listen();
  await connection.sendRequest("initialize", {
    processId: null,
    rootUri: "file:///w",
    capabilities: {},
  });
  await connection.sendNotification("initialized", {});
  for (const [uri, text] of Object.entries(documents)) {
    await connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId: "nix", version: 1, text },
    });
  }
  const replies: unknown[] = [];
  for (const { method, params } of requests)
    replies.push(await connection.sendRequest(method, params));
  const isDone = () => Object.keys(documents).every((uri) => diagnostics[uri] !== undefined);
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 10));
  return { replies, diagnostics, asked };
}

Object.assign(globalThis, { talk });
