/** What the `.editorconfig` files say about a document; see `@nivis/fmt` for what they may say. */
import { type EditorConfig, readEditorConfig } from "@nivis/fmt";
import type { Workspace } from "../host.ts";
import { directoryOf } from "../text/uri.ts";

/** Reads all `.editorconfig` files that apply to a path; the nearest wins. */
export async function editorConfig(path: string, workspace: Workspace): Promise<EditorConfig> {
  let found: EditorConfig = {};
  for (let at = directoryOf(path); ; at = directoryOf(at)) {
    const text = await workspace.read(at === "/" ? "/.editorconfig" : `${at}/.editorconfig`);
    if (text !== undefined) {
      const { isRoot, ...config } = readEditorConfig(
        text,
        path.slice(at === "/" ? 1 : at.length + 1),
      );
      found = { ...config, ...found };
      if (isRoot) break;
    }
    if (at === "/") break;
  }
  return found;
}
