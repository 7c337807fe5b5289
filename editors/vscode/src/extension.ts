/**
 * The extension for VS Code on a machine: starts the language server that it contains, or the one of the
 * setting `nivis.server.path`. All else is in `client.ts` and the server.
 */
import { type ExtensionContext, workspace } from "vscode";
import { LanguageClient, type ServerOptions, TransportKind } from "vscode-languageclient/node";
import { clientOptions, runClient } from "./client.ts";

/** Called by VS Code when a Nix file is opened; what it starts ends with the extension. */
export async function activate(context: ExtensionContext): Promise<void> {
  await runClient(context, () => createClient(context));
}

function createClient(context: ExtensionContext): LanguageClient {
  const path = workspace.getConfiguration("nivis").get<string>("server.path", "");
  const included = context.asAbsolutePath("server/bin/nivis.cjs");
  const server: ServerOptions =
    path === ""
      ? { module: included, args: ["lsp"], transport: TransportKind.stdio }
      : { command: path, args: ["lsp"], transport: TransportKind.stdio };
  return new LanguageClient("nivis", "Nivis", server, clientOptions(["file", "untitled"]));
}
