/**
 * The extension for VS Code: starts the language server that it contains, or the one of the setting
 * `nivis.server.path`, and adds the commands that need an editor. All else is the server's.
 */
import { commands, type ExtensionContext, Range, Uri, ViewColumn, window, workspace } from "vscode";
import {
  LanguageClient,
  type LanguageClientOptions,
  type ServerOptions,
  TransportKind,
} from "vscode-languageclient/node";

/** What `nivis.evaluate` of the server returns. */
interface Evaluated {
  readonly value?: string;
  readonly error?: string;
}

/** Called by VS Code when a Nix file is opened; what it starts ends with the extension. */
export async function activate(context: ExtensionContext): Promise<void> {
  let client = createClient(context);
  const restart = async (): Promise<void> => {
    await client.dispose();
    client = createClient(context);
    await client.start();
  };
  context.subscriptions.push(
    commands.registerCommand("nivis.restart", restart),
    commands.registerCommand("nivis.showOutput", () => client.outputChannel.show()),
    commands.registerCommand("nivis.evaluateSelection", () => evaluateSelection(client)),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("nivis.server")) void restart();
    }),
    workspace.onDidGrantWorkspaceTrust(() => void restart()),
    { dispose: () => void client.dispose() },
  );
  await client.start();
}

function createClient(context: ExtensionContext): LanguageClient {
  const path = workspace.getConfiguration("nivis").get<string>("server.path", "");
  const included = context.asAbsolutePath("server/bin/nivis.cjs");
  const server: ServerOptions =
    path === ""
      ? { module: included, args: ["lsp"], transport: TransportKind.stdio }
      : { command: path, args: ["lsp"], transport: TransportKind.stdio };
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "nix" },
      { scheme: "untitled", language: "nix" },
    ],
    // Evaluation runs code of the folder.
    initializationOptions: workspace.isTrusted
      ? undefined
      : { nivis: { evaluation: { enable: false } } },
    middleware: {
      workspace: {
        configuration: async (params, token, next) => {
          const found = await next(params, token);
          if (workspace.isTrusted || !Array.isArray(found)) return found;
          return found.map((one: unknown) => ({
            ...(one as object),
            evaluation: { enable: false },
          }));
        },
      },
      executeCommand: async (command, args, next) => {
        const result = (await next(command, args)) as unknown;
        // The server's code lens.
        if (command === "nivis.evaluate") await show(result as Evaluated);
        return result;
      },
    },
  };
  return new LanguageClient("nivis", "Nivis", server, options);
}

/** Evaluates the selection, or the file when nothing is selected, and shows the value beside. */
async function evaluateSelection(client: LanguageClient): Promise<void> {
  const editor = window.activeTextEditor;
  if (editor === undefined) return;
  const { document, selection } = editor;
  const range = selection.isEmpty
    ? null
    : client.code2ProtocolConverter.asRange(new Range(selection.start, selection.end));
  const uri = client.code2ProtocolConverter.asUri(Uri.parse(document.uri.toString()));
  const result = await client.sendRequest<Evaluated>("workspace/executeCommand", {
    command: "nivis.evaluate",
    arguments: [uri, range, []],
  });
  await show(result);
}

async function show({ value, error }: Evaluated): Promise<void> {
  if (value === undefined) {
    await window.showErrorMessage(error ?? "there is no value");
    return;
  }
  const content = `${value}\n`;
  const document = await workspace.openTextDocument({ language: "nix", content });
  await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preview: true });
}
