/** Formatting: the official style, for a whole text, a range, or the line that was just typed. */
import { FormatError, type FormatOptions, formatEdits, formatRange } from "@nivis/fmt";
import { Token } from "@nivis/syntax";
import type {
  DocumentFormattingParams,
  DocumentOnTypeFormattingParams,
  DocumentRangeFormattingParams,
  TextEdit,
} from "vscode-languageserver";
import { tokenBefore } from "../analysis/cursor.ts";
import { editorConfig } from "../analysis/editor-config.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";
import { textEdit } from "../text/edits.ts";

/** The options for a document: those of `.editorconfig`, else the settings. */
async function optionsFor(snapshot: Snapshot, bench: Workbench): Promise<FormatOptions> {
  const { width, indent } = bench.settings.formatting;
  const config =
    snapshot.path === undefined ? {} : await editorConfig(snapshot.path, bench.workspace);
  return { width: config.width ?? width, indent: config.indent ?? indent };
}

/** Whether a text cannot be formatted, without trying; very large ones are not looked at. */
function isBroken(snapshot: Snapshot): boolean {
  return (
    snapshot.isAnalysed && snapshot.tree.diagnostics.some(({ code }) => code === "syntax-error")
  );
}

/** Runs a formatter; a text with mistakes is left as it is, since diagnostics say what is wrong. */
function formatted<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** `textDocument/formatting` */
export const formattingFeature: Feature = {
  method: "textDocument/formatting",
  title: "Format",
  does: "the official style (RFC 166) built in, with small edits; `.editorconfig` for the width and the indentation",
  peers: { nil: "external command", nixd: "external command" },
  test: "formatting.test.ts",
  capabilities: () => ({ documentFormattingProvider: true }),
  empty: null,
  run: async (
    bench: Workbench,
    { textDocument: { uri } }: DocumentFormattingParams,
  ): Promise<TextEdit[] | null> => {
    const snapshot = bench.open(uri);
    if (snapshot === undefined || /^\s*$/.test(snapshot.bytes) || isBroken(snapshot)) return null;
    const options = await optionsFor(snapshot, bench);
    const edits = formatted(() => formatEdits(snapshot.source, options));
    return edits?.map((edit) => textEdit(snapshot, edit)) ?? null;
  },
};

/** `textDocument/rangeFormatting` */
export const rangeFormattingFeature: Feature = {
  method: "textDocument/rangeFormatting",
  title: "Format a selection",
  does: "the lines of the selection, as they are when the whole text is formatted",
  peers: { nil: "none", nixd: "none" },
  test: "formatting.test.ts",
  capabilities: () => ({ documentRangeFormattingProvider: true }),
  empty: null,
  run: aboutDocument(
    async (
      snapshot,
      { range }: DocumentRangeFormattingParams,
      bench,
    ): Promise<TextEdit[] | null> => {
      if (isBroken(snapshot)) return null;
      const options = await optionsFor(snapshot, bench);
      const span = snapshot.positions.span(range);
      const edits = formatted(() => formatRange(snapshot.source, span, options));
      return edits?.map((edit) => textEdit(snapshot, edit)) ?? null;
    },
  ),
};

/** `textDocument/onTypeFormatting` */
export const onTypeFormattingFeature: Feature = {
  method: "textDocument/onTypeFormatting",
  title: "Format while typing",
  does: "indents the new line, and a line that begins with a closing bracket",
  peers: { nil: "none", nixd: "none" },
  test: "formatting.test.ts",
  capabilities: () => ({
    documentOnTypeFormattingProvider: {
      firstTriggerCharacter: "\n",
      moreTriggerCharacter: ["}", "]", ")"],
    },
  }),
  empty: null,
  run: aboutDocument(
    async (
      snapshot,
      { position, ch }: DocumentOnTypeFormattingParams,
      bench,
    ): Promise<TextEdit[] | null> => {
      const { bytes, source } = snapshot;
      const start = source.lineStarts[position.line];
      if (start === undefined) return null;
      const blanks = /^[ \t]*/.exec(bytes.slice(start, start + 1000))?.[0] ?? "";
      const first = start + blanks.length;
      // Only a bracket that begins its line.
      if (ch !== "\n" && snapshot.offset(position) !== first + 1) return null;
      const { indent = 2 } = await optionsFor(snapshot, bench);
      const columns = indentationAt(snapshot, first, indent);
      if (columns === undefined || columns === blanks.length) return null;
      return [textEdit(snapshot, { start, end: first, text: " ".repeat(columns) })];
    },
  ),
};

/**
 * The indentation of a line whose text begins at an offset, from the bracket or `let` that is open there;
 * `undefined` inside of strings. Looks at tokens only, since the text is not finished.
 */
function indentationAt(snapshot: Snapshot, offset: number, indent: number): number | undefined {
  const { tree, source, bytes } = snapshot;
  const next = tree.tokenAt(offset);
  if (tree.tokenKinds[next] === Token.StringText) return undefined;
  const closes = /[}\])]/.test(bytes[offset] ?? "");
  const isIn = /^in(?![\w'-])/.test(bytes.slice(offset, offset + 3));
  const last = tokenBefore(snapshot, offset);
  let depth = 0;
  let lets = 0;
  for (let token = last; token >= 0; token -= 1) {
    switch (tree.tokenKinds[token]) {
      case Token.RightBrace:
      case Token.RightBracket:
      case Token.RightParen:
        depth += 1;
        break;
      case Token.Quote:
      case Token.IndentedOpen:
        if (token === last) return undefined;
        break;
      case Token.In:
        if (depth === 0) lets += 1;
        break;
      case Token.Let:
        if (depth > 0) break;
        if (lets === 0) return lineIndentation(token) + (isIn ? 0 : indent);
        lets -= 1;
        break;
      case Token.LeftBrace:
      case Token.LeftBracket:
      case Token.LeftParen:
      case Token.DollarBrace:
        if (depth === 0) return lineIndentation(token) + (closes ? 0 : indent);
        depth -= 1;
        break;
      default:
    }
  }
  return 0;

  function lineIndentation(token: number): number {
    const at = tree.tokenStarts[token] as number;
    const start = source.lineStarts[source.lineColumn(at).line - 1] as number;
    return /^ */.exec(bytes.slice(start, at + 1))?.[0].length ?? 0;
  }
}
