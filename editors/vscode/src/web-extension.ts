/**
 * The extension for VS Code in a browser: runs the language server in a worker and reads files for it, since a
 * worker has none. Nothing is evaluated there.
 *
 * The server knows paths of files. The files of the first folder, whatever the scheme of its URI is, are files
 * to the server; documents of other schemes are known by their text only.
 */
import { type ExtensionContext, FileType, Uri, workspace } from "vscode";
import { LanguageClient, type LanguageClientOptions } from "vscode-languageclient/browser";
import { clientOptions, runClient } from "./client.ts";
import { type FileParams, LIST_REQUEST, READ_REQUEST, STATUS_REQUEST } from "./file-requests.ts";

/** Files of more bytes are not handed to the server. */
const MAX_FILE_SIZE = 4 * 1024 * 1024;

/** The worker of browsers, as far as it is used here. */
type WorkerConstructor = new (url: string) => object;

/** Called by VS Code when a Nix file is opened; what it starts ends with the extension. */
export async function activate(context: ExtensionContext): Promise<void> {
  await runClient(context, () => createClient(context));
}

function createClient(context: ExtensionContext): LanguageClient {
  const url = Uri.joinPath(context.extensionUri, "dist", "server-worker.js").toString(true);
  const { Worker } = globalThis as unknown as { readonly Worker: WorkerConstructor };
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const isInFolder = (uri: Uri): boolean =>
    folder !== undefined && uri.scheme === folder.scheme && uri.authority === folder.authority;
  const toEditor = (value: string): Uri => {
    const uri = Uri.parse(value);
    if (folder === undefined || uri.scheme !== "file") return uri;
    return uri.with({ scheme: folder.scheme, authority: folder.authority });
  };
  const options: LanguageClientOptions = {
    ...clientOptions([...new Set(["file", "untitled", ...(folder ? [folder.scheme] : [])])]),
    uriConverters: {
      code2Protocol: (uri) =>
        isInFolder(uri) ? uri.with({ scheme: "file", authority: "" }).toString() : uri.toString(),
      protocol2Code: toEditor,
    },
  };
  const client = new LanguageClient("nivis", "Nivis", options, new Worker(url) as never);
  const answer = <Result>(method: string, run: (uri: Uri) => Promise<Result>): void => {
    client.onRequest(method, async ({ uri }: FileParams) => {
      try {
        return await run(toEditor(uri));
      } catch {
        // No such file, or no permission: to the server both are nothing.
        return null;
      }
    });
  };
  answer(STATUS_REQUEST, async (uri) => {
    const { type, size, mtime } = await workspace.fs.stat(uri);
    return { type: typeName(type), size, stamp: `${mtime} ${size}` };
  });
  answer(READ_REQUEST, async (uri) => {
    const { size } = await workspace.fs.stat(uri);
    if (size > MAX_FILE_SIZE) return null;
    return new TextDecoder().decode(await workspace.fs.readFile(uri));
  });
  answer(LIST_REQUEST, async (uri) =>
    (await workspace.fs.readDirectory(uri)).map(([name, type]) => ({
      name,
      // Links are not followed, so that no cycle is.
      type: (type & FileType.SymbolicLink) !== 0 ? "other" : typeName(type),
    })),
  );
  return client;
}

function typeName(type: FileType): "file" | "directory" | "other" {
  if ((type & FileType.File) !== 0) return "file";
  return (type & FileType.Directory) !== 0 ? "directory" : "other";
}
