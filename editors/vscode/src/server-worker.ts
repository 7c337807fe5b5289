/**
 * The language server in a browser's worker: the code of `nivis lsp`, over messages instead of streams. Files come
 * from the client by the requests in `file-requests.ts`; nothing is evaluated.
 */
import { type DirectoryEntry, type FileStatus, serve } from "@nivis/lsp";
import {
  BrowserMessageReader,
  BrowserMessageWriter,
  createConnection,
} from "vscode-languageserver/browser.js";
import { URI } from "vscode-uri";
import { LIST_REQUEST, READ_REQUEST, STATUS_REQUEST } from "./file-requests.ts";

/** Set by the script that packs the extension. */
declare const NIVIS_VERSION: string;

const scope = globalThis as never;
const connection = createConnection(
  new BrowserMessageReader(scope),
  new BrowserMessageWriter(scope),
);

/** What the client replies about a path; `undefined` if it has nothing, or knows no such request. */
async function ask<Result>(method: string, path: string): Promise<Result | undefined> {
  const uri = URI.from({ scheme: "file", path }).toString();
  try {
    return (await connection.sendRequest<Result | null>(method, { uri })) ?? undefined;
  } catch {
    return undefined;
  }
}

serve(
  connection,
  {
    workspace: {
      home: undefined,
      status: (path) => ask<FileStatus>(STATUS_REQUEST, path),
      read: (path) => ask<string>(READ_REQUEST, path),
      list: (path) => ask<readonly DirectoryEntry[]>(LIST_REQUEST, path),
      // A browser has no NIX_PATH.
      findInSearchPath: async () => undefined,
    },
    schedule: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
  },
  { name: "nivis", version: NIVIS_VERSION },
);
