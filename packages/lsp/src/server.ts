/**
 * The server: connects the table of features to a connection of the protocol.
 *
 * It keeps the open documents and hands requests to features. A handler that fails is logged and replies
 * that there is nothing, so that a mistake in one feature ends neither the server nor the session. The
 * connection comes from the platform: standard streams or a socket in Node, messages in a browser.
 */
import {
  type CancellationToken,
  type Connection,
  type Diagnostic,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  type InitializeParams,
  type InitializeResult,
  ResponseError,
  type ServerCapabilities,
  TextDocumentSyncKind,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { Evaluations } from "./analysis/evaluations.ts";
import { Files } from "./analysis/files.ts";
import { Snapshot } from "./analysis/snapshot.ts";
import { TokenHistory } from "./analysis/token-history.ts";
import type { Feature, Workbench } from "./feature.ts";
import { DiagnosticsPublisher } from "./features/diagnostics.ts";
import { FEATURES } from "./features/index.ts";
import type { Host } from "./host.ts";
import { DEFAULT_SETTINGS, readSettings, type Settings } from "./settings.ts";
import { pathOfUri } from "./text/uri.ts";

/** Error codes of the protocol: `RequestCancelled`, `InvalidParams`. */
const REQUEST_CANCELLED = -32800;
const INVALID_PARAMS = -32602;
/** Texts in the log are cut. */
const MAX_LOGGED = 4000;
/** How long after a document is opened its evaluation is prepared, in milliseconds. */
const QUIET = 300;
/** A document of more UTF-16 code units is not opened. */
const MAX_DOCUMENT_LENGTH = 64 * 1024 * 1024;

/** What the client shows as the name of the server. */
export interface ServerName {
  readonly name: string;
  readonly version: string;
}

/** Serves one client until the connection ends. */
export function serve(connection: Connection, host: Host, name: ServerName): void {
  new Server(connection, host, name).listen();
}

class Server implements Workbench {
  readonly #connection: Connection;
  readonly #host: Host;
  readonly #name: ServerName;
  readonly #documents = new Map<string, TextDocument>();
  readonly #snapshots = new Map<string, Snapshot>();
  /** Snapshots from before the last edits, which nobody holds: the next one begins with their trees. */
  readonly #earlier = new Map<string, Snapshot>();
  /** Requests that are being handled: they may hold parts of snapshots. */
  #running = 0;
  readonly #uriOfPath = new Map<string, string>();
  readonly #diagnostics: DiagnosticsPublisher;
  readonly files: Files;
  readonly evaluations: Evaluations;
  readonly tokenHistory = new TokenHistory();
  settings: Settings = DEFAULT_SETTINGS;
  client: InitializeParams["capabilities"] = {};
  folders: readonly string[] = [];
  #hasReported = "";

  constructor(connection: Connection, host: Host, name: ServerName) {
    this.#connection = connection;
    this.#host = host;
    this.#name = name;
    this.files = new Files(host.workspace, (path) => {
      const uri = this.#uriOfPath.get(path);
      return uri === undefined ? undefined : this.open(uri);
    });
    this.evaluations = new Evaluations({
      host,
      settings: () => this.settings,
      openDocuments: () => this.openDocuments(),
      showProgress: (title, cancel) => this.#showProgress(title, cancel),
    });
    this.#diagnostics = new DiagnosticsPublisher(this, {
      publish: (params) => void connection.sendDiagnostics(params).catch(() => {}),
      schedule: (milliseconds, run) => host.schedule(milliseconds, run),
      refresh: () => {
        if (this.client.workspace?.diagnostics?.refreshSupport === true)
          connection.languages.diagnostics.refresh();
      },
    });
  }

  get workspace(): Host["workspace"] {
    return this.#host.workspace;
  }

  open(uri: string): Snapshot | undefined {
    const document = this.#documents.get(uri);
    if (document === undefined) return undefined;
    let snapshot = this.#snapshots.get(uri);
    if (snapshot === undefined) {
      const text = document.getText();
      const earlier = this.#earlier.get(uri);
      this.#earlier.delete(uri);
      snapshot =
        earlier?.next(document.version, text) ??
        new Snapshot(uri, pathOfUri(uri), document.version, text);
      this.#snapshots.set(uri, snapshot);
    }
    return snapshot;
  }

  openDocuments(): readonly Snapshot[] {
    return Array.from(this.#documents.keys(), (uri) => this.open(uri) as Snapshot);
  }

  evaluationProblems(uri: string): readonly Diagnostic[] {
    return this.#diagnostics.evaluationProblems(uri);
  }

  listen(): void {
    const connection = this.#connection;
    connection.onInitialize((params) => this.#initialize(params));
    connection.onInitialized(() => this.#initialized());
    connection.onDidOpenTextDocument(({ textDocument }) => {
      const { uri, languageId, version, text } = textDocument;
      if (text.length > MAX_DOCUMENT_LENGTH) {
        connection.console.warn(`${uri} is too large for the language server`);
        return;
      }
      this.#put(TextDocument.create(uri, languageId, version, text));
      this.#host.schedule(QUIET, () => {
        const snapshot = this.open(uri);
        if (snapshot?.isAnalysed === true) this.evaluations.prepare(snapshot);
      });
    });
    connection.onDidChangeTextDocument(({ textDocument, contentChanges }) => {
      const document = this.#documents.get(textDocument.uri);
      if (document === undefined) return;
      this.#put(TextDocument.update(document, contentChanges, textDocument.version));
    });
    connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
      this.#documents.delete(uri);
      this.#snapshots.delete(uri);
      this.#earlier.delete(uri);
      const path = pathOfUri(uri);
      if (path !== undefined) this.#uriOfPath.delete(path);
      this.#diagnostics.closed(uri);
    });
    connection.onDidSaveTextDocument(({ textDocument: { uri } }) => this.#diagnostics.saved(uri));
    connection.onDidChangeConfiguration(({ settings }) => void this.#configure(settings));
    connection.onDidChangeWatchedFiles(({ changes }) => {
      const paths = changes.flatMap(({ uri }) => pathOfUri(uri) ?? []);
      for (const path of paths) this.files.forget(path);
      this.evaluations.filesChanged(paths);
      this.#diagnostics.filesChanged();
    });
    connection.onShutdown(() => {
      this.#diagnostics.dispose();
      this.evaluations.restart();
    });
    for (const feature of FEATURES) {
      connection.onRequest(feature.method, (params: unknown, token: CancellationToken) =>
        this.#reply(feature, params, token),
      );
    }
    connection.listen();
  }

  #put(document: TextDocument): void {
    const { uri } = document;
    this.#documents.set(uri, document);
    const snapshot = this.#snapshots.get(uri);
    this.#snapshots.delete(uri);
    if (this.#running > 0) this.#earlier.delete(uri);
    else if (snapshot !== undefined) this.#earlier.set(uri, snapshot);
    const path = pathOfUri(uri);
    if (path !== undefined) this.#uriOfPath.set(path, uri);
    this.#diagnostics.changed(uri);
  }

  async #reply(feature: Feature, params: unknown, token: CancellationToken): Promise<unknown> {
    if (token.isCancellationRequested) throw cancelled();
    if (typeof params !== "object" || params === null)
      throw new ResponseError(INVALID_PARAMS, `${feature.method} needs parameters`);
    this.#running += 1;
    try {
      const result = await feature.run(this, params as never, token);
      if (token.isCancellationRequested) throw cancelled();
      return result ?? feature.empty;
    } catch (error) {
      if (error instanceof ResponseError) throw error;
      this.#log(feature.method, error);
      return feature.empty;
    } finally {
      this.#running -= 1;
    }
  }

  /** Shows in the client that something takes long, until the result is called. */
  #showProgress(title: string, cancel: () => void): () => void {
    if (this.client.window?.workDoneProgress !== true) return () => {};
    const created = this.#connection.window.createWorkDoneProgress();
    // A connection that has ended shows nothing.
    const ignore = (): void => {};
    const begun = created.then((progress) => {
      progress.token.onCancellationRequested(cancel);
      progress.begin(title, undefined, undefined, true);
      return progress;
    });
    begun.catch(ignore);
    return () => {
      begun.then((progress) => progress.done()).catch(ignore);
    };
  }

  /** Logs a mistake of the server, once in a row. */
  #log(method: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const message = `${method}: this is a bug in Nivis, please report it: ${text}`;
    if (message === this.#hasReported) return;
    this.#hasReported = message;
    this.#connection.console.error(message.slice(0, MAX_LOGGED));
  }

  #initialize(params: InitializeParams): InitializeResult {
    this.client = params.capabilities;
    const folders = params.workspaceFolders?.map(({ uri }) => uri) ?? [params.rootUri ?? ""];
    this.folders = folders.flatMap((uri) => pathOfUri(uri) ?? []);
    if (params.initializationOptions !== undefined) this.#take(params.initializationOptions);
    return { capabilities: this.#capabilities(), serverInfo: this.#name };
  }

  #capabilities(): ServerCapabilities {
    const all: ServerCapabilities = {
      positionEncoding: "utf-16",
      textDocumentSync: {
        openClose: true,
        change: TextDocumentSyncKind.Incremental,
        save: { includeText: false },
      },
      workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    };
    for (const { capabilities } of FEATURES) Object.assign(all, capabilities(this.client));
    return all;
  }

  async #initialized(): Promise<void> {
    const { workspace } = this.client;
    const { client, workspace: folders } = this.#connection;
    if (workspace?.didChangeConfiguration?.dynamicRegistration === true)
      void client.register(DidChangeConfigurationNotification.type, { section: "nivis" });
    if (workspace?.didChangeWatchedFiles?.dynamicRegistration === true) {
      const watchers = ["**/*.nix", "**/flake.lock"].map((globPattern) => ({ globPattern }));
      void client.register(DidChangeWatchedFilesNotification.type, { watchers });
    }
    if (workspace?.workspaceFolders === true) {
      folders.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = new Set(removed.map(({ uri }) => pathOfUri(uri)));
        this.folders = [
          ...this.folders.filter((path) => !gone.has(path)),
          ...added.flatMap(({ uri }) => pathOfUri(uri) ?? []),
        ];
      });
    }
    await this.#configure(undefined);
  }

  /** Asks the client for settings, or takes those that it has sent. */
  async #configure(sent: unknown): Promise<void> {
    if (this.client.workspace?.configuration === true) {
      try {
        const [nivis, nixd, nil] = await Promise.all(
          ["nivis", "nixd", "nil"].map((section) =>
            this.#connection.workspace.getConfiguration(section),
          ),
        );
        this.#take({ nivis: nivis ?? {}, nixd: nixd ?? {}, nil: nil ?? {} });
        return;
      } catch {
        // A client that promises settings and sends none: those of the notification count.
      }
    }
    if (sent !== undefined && sent !== null) this.#take(sent);
  }

  #take(given: unknown): void {
    const { settings, problems } = readSettings(given);
    const before = JSON.stringify([this.settings.evaluation, this.settings.nixpkgs]);
    this.settings = settings;
    if (JSON.stringify([settings.evaluation, settings.nixpkgs]) !== before)
      this.evaluations.restart();
    for (const problem of problems) this.#connection.console.warn(problem);
    for (const uri of this.#documents.keys()) this.#diagnostics.changed(uri);
  }
}

function cancelled(): ResponseError<void> {
  return new ResponseError(REQUEST_CANCELLED, "the request was cancelled");
}
