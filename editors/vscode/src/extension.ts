/**
 * The extension for VS Code on a machine: starts the language server that it contains, or the one of the
 * setting `nivis.server.path`. All else is in `client.ts` and the server.
 */
import { type ExtensionContext, workspace } from "vscode";
import { LanguageClient, type ServerOptions, TransportKind } from "vscode-languageclient/node";
import { clientOptions, runClient } from "./client.ts";
import { addTools } from "./tool-commands.ts";
import type { Tool } from "./tools.ts";

/** Called by VS Code when a Nix file is opened; what it starts ends with the extension. */
export async function activate(context: ExtensionContext): Promise<void> {
  addTools(context, () => toolOf(context));
  await runClient(context, () => createClient(context));
}

/** The command of the setting `nivis.server.path`; empty if there is none. */
function configuredPath(): string {
  return workspace.getConfiguration("nivis").get<string>("server.path", "");
}

function includedCommand(context: ExtensionContext): string {
  return context.asAbsolutePath("server/bin/nivis.cjs");
}

function toolOf(context: ExtensionContext): Tool {
  const program = configuredPath();
  if (program !== "") return { program, before: [] };
  return { program: process.execPath, before: [includedCommand(context)] };
}

function createClient(context: ExtensionContext): LanguageClient {
  const path = configuredPath();
  const included = includedCommand(context);
  const server: ServerOptions =
    path === ""
      ? { module: included, args: ["lsp"], transport: TransportKind.stdio }
      : { command: path, args: ["lsp"], transport: TransportKind.stdio };
  return new LanguageClient("nivis", "Nivis", server, clientOptions(["file", "untitled"]));
}
