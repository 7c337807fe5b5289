/** What the `.editorconfig` files on disk say about the files that are formatted. Paths are bytes. */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type EditorConfig, readEditorConfig } from "@nivis/fmt";

/** The `.editorconfig` files of folders, read once each. */
export class EditorConfigs {
  readonly #texts = new Map<string, string | undefined>();

  /** What all files from the folder of a path upwards say about it; the nearest wins. */
  for(path: string): EditorConfig {
    let found: EditorConfig = {};
    const file = resolve(path);
    for (let at = dirname(file); ; at = dirname(at)) {
      const text = this.#textIn(at);
      if (text !== undefined) {
        const below = file
          .slice(at.length)
          .replace(/^[/\\]/, "")
          .replaceAll("\\", "/");
        const { isRoot, ...config } = readEditorConfig(text, below);
        found = { ...config, ...found };
        if (isRoot) break;
      }
      if (at === dirname(at)) break;
    }
    return found;
  }

  #textIn(folder: string): string | undefined {
    if (this.#texts.has(folder)) return this.#texts.get(folder);
    let text: string | undefined;
    try {
      text = readFileSync(Buffer.from(join(folder, ".editorconfig"), "latin1"), "utf8");
    } catch {
      // There is none, or it cannot be read: both are nothing.
    }
    this.#texts.set(folder, text);
    return text;
  }
}
