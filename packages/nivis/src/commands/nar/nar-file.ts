/** What the commands on NAR files have in common: a file and a path in it. */
import { marked } from "@nivis/formats";
import { nodeFileSystem } from "@nivis/node";
import { type ByteStream, ListedFiles, noSuchFile } from "@nivis/store";
import { absolutePath } from "../../options/installable.ts";
import { usageError } from "../../options/option.ts";
import type { StoreDraft } from "../../options/store-options.ts";
import type { StoreSession } from "../../store-program.ts";

/** The files in a NAR that the first argument names, and the path that the second one does. */
export async function openNarFile(
  draft: StoreDraft,
  session: StoreSession,
): Promise<{ readonly files: ListedFiles; readonly path: string }> {
  const [file, path, ...more] = draft.arguments;
  if (file === undefined || path === undefined || more.length > 0) {
    throw usageError("give a NAR file and a path in it, such as '/'");
  }
  const location = absolutePath(file, session);
  if ((await nodeFileSystem.status(location)) === undefined) {
    throw noSuchFile(marked`opening NAR file "${file}"`);
  }
  const read = (): ByteStream => nodeFileSystem.read(location);
  return {
    files: await ListedFiles.of(location, read),
    path: path.startsWith("/") ? path : `/${path}`,
  };
}
