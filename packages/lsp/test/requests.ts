/** Every request about a document, with parameters for a place in it; for tests that try them all. */
import type { Position, Range } from "vscode-languageserver-protocol";

/** A request and its parameters. */
export interface DocumentRequest {
  readonly method: string;
  readonly params: object;
  /** Whether a refusal is a good reply, as where nothing can be renamed. */
  readonly mayRefuse?: boolean;
}

const FORMATTING = { tabSize: 2, insertSpaces: true };

/** All requests about a document. */
export function requestsAt(uri: string, position: Position, range: Range): DocumentRequest[] {
  const textDocument = { uri };
  const place = { textDocument, position };
  return [
    { method: "textDocument/diagnostic", params: { textDocument } },
    { method: "textDocument/completion", params: place },
    { method: "textDocument/hover", params: place },
    { method: "textDocument/signatureHelp", params: place },
    { method: "textDocument/definition", params: place },
    { method: "textDocument/declaration", params: place },
    { method: "textDocument/implementation", params: place },
    { method: "textDocument/typeDefinition", params: place },
    {
      method: "textDocument/references",
      params: { ...place, context: { includeDeclaration: true } },
    },
    { method: "textDocument/documentHighlight", params: place },
    { method: "textDocument/prepareRename", params: place, mayRefuse: true },
    { method: "textDocument/rename", params: { ...place, newName: "renamed" }, mayRefuse: true },
    { method: "textDocument/documentSymbol", params: { textDocument } },
    { method: "textDocument/prepareCallHierarchy", params: place },
    {
      method: "textDocument/codeAction",
      params: { textDocument, range, context: { diagnostics: [] } },
    },
    {
      method: "textDocument/codeAction",
      params: { textDocument, range, context: { diagnostics: [], only: ["source.fixAll"] } },
    },
    { method: "textDocument/formatting", params: { textDocument, options: FORMATTING } },
    {
      method: "textDocument/rangeFormatting",
      params: { textDocument, range, options: FORMATTING },
    },
    {
      method: "textDocument/onTypeFormatting",
      params: { ...place, ch: "\n", options: FORMATTING },
    },
    { method: "textDocument/foldingRange", params: { textDocument } },
    { method: "textDocument/selectionRange", params: { textDocument, positions: [position] } },
    { method: "textDocument/documentLink", params: { textDocument } },
    { method: "textDocument/semanticTokens/full", params: { textDocument } },
    { method: "textDocument/semanticTokens/range", params: { textDocument, range } },
    { method: "textDocument/inlayHint", params: { textDocument, range } },
    { method: "textDocument/codeLens", params: { textDocument } },
  ];
}
