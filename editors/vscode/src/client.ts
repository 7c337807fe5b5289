/**
 * What the two forms of the extension share, the one for the desktop and the one for browsers: the options of
 * the client, the commands, and showing values. `extension.ts` and `web-extension.ts` decide how the server
 * runs.
 */
import { commands, type ExtensionContext, Range, Uri, ViewColumn, window, workspace } from "vscode";
import type { BaseLanguageClient, LanguageClientOptions } from "vscode-languageclient";

/** What `nivis.evaluate` of the server returns. */
interface Evaluated {
  readonly value?: string;
  readonly error?: string;
}

/** Starts a client, and adds the commands and the events that concern it; all end with the extension. */
export async function runClient(
  context: ExtensionContext,
  createClient: () => BaseLanguageClient,
): Promise<void> {
  let client = createClient();
  const restart = async (): Promise<void> => {
    await client.dispose();
    client = createClient();
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

/** The options of the client for documents of some schemes of URIs. */
export function clientOptions(schemes: readonly string[]): LanguageClientOptions {
  return {
    documentSelector: schemes.map((scheme) => ({ scheme, language: "nix" })),
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
}

/** Evaluates the selection, or the file when nothing is selected, and shows the value beside. */
async function evaluateSelection(client: BaseLanguageClient): Promise<void> {
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
