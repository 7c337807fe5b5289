/** Symbols: the bindings of a text as a tree, and those of the workspace by name. */
import { decodeUtf8 } from "@nivis/formats";
import {
  attrSetView,
  bindingView,
  inheritView,
  lambdaView,
  rootOf,
  type SyntaxElement,
  SyntaxKind,
  SyntaxNode,
  SyntaxToken,
  Token,
} from "@nivis/syntax";
import type {
  DocumentSymbol,
  DocumentSymbolParams,
  SymbolInformation,
  SymbolKind,
  WorkspaceSymbolParams,
} from "vscode-languageserver";
import { nameText } from "../analysis/cursor.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";

/** Symbols of one text, at most. */
const MAX_SYMBOLS = 20_000;
const MAX_DEPTH = 60;
/** Symbols in one reply about the workspace, at most. */
const MAX_FOUND = 500;
const MAX_WORKSPACE_FILES = 4000;

/** The kind of a symbol by the form of its value. */
function symbolKind(value: SyntaxElement | undefined): SymbolKind {
  if (value === undefined) return 13;
  if (value instanceof SyntaxToken) {
    switch (value.kind) {
      case Token.Int:
      case Token.Float:
        return 16;
      case Token.Path:
      case Token.HomePath:
      case Token.SearchPath:
        return 1;
      case Token.Uri:
        return 15;
      default:
        return 13;
    }
  }
  switch (value.kind) {
    case SyntaxKind.AttrSet:
      return 3;
    case SyntaxKind.Lambda:
      return 12;
    case SyntaxKind.List:
      return 18;
    case SyntaxKind.String:
    case SyntaxKind.IndentedString:
      return 15;
    case SyntaxKind.Path:
      return 1;
    default:
      return 13;
  }
}

/** The symbols of a text. */
export function symbolsOf(snapshot: Snapshot): DocumentSymbol[] {
  const budget = { left: MAX_SYMBOLS };
  return below(snapshot, rootOf(snapshot.tree), budget, 0);
}

/** The bindings in an expression, those of the sets and functions that it consists of. */
function below(
  snapshot: Snapshot,
  element: SyntaxElement | undefined,
  budget: { left: number },
  depth: number,
): DocumentSymbol[] {
  const found: DocumentSymbol[] = [];
  if (depth > MAX_DEPTH) return found;
  const pending: SyntaxElement[] = element === undefined ? [] : [element];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    if (!(next instanceof SyntaxNode)) continue;
    if (next.kind === SyntaxKind.String || next.kind === SyntaxKind.IndentedString) continue;
    const set = attrSetView(next);
    if (set !== undefined) {
      for (const item of set.items) found.push(...symbolsOfItem(snapshot, item, budget, depth));
      if (next.kind === SyntaxKind.Let) {
        const body = next.children.at(-1);
        if (body !== undefined) pending.push(body);
      }
      continue;
    }
    const lambda = lambdaView(next);
    if (lambda !== undefined) {
      if (lambda.body !== undefined) pending.push(lambda.body);
      continue;
    }
    pending.push(...next.children.filter((child) => child instanceof SyntaxNode));
  }
  return found;
}

function symbolsOfItem(
  snapshot: Snapshot,
  item: SyntaxNode,
  budget: { left: number },
  depth: number,
): DocumentSymbol[] {
  const inherit = inheritView(item);
  if (inherit !== undefined) {
    return inherit.names.flatMap((name) => {
      budget.left -= 1;
      if (budget.left < 0) return [];
      const range = snapshot.range(name);
      return [{ name: label([name]), kind: 13 as SymbolKind, range, selectionRange: range }];
    });
  }
  const binding = bindingView(item);
  if (binding === undefined) return [];
  budget.left -= 1;
  const [first] = binding.names;
  const last = binding.names.at(-1);
  if (first === undefined || last === undefined || budget.left < 0) return [];
  const children = below(snapshot, binding.value, budget, depth + 1);
  return [
    {
      name: label(binding.names),
      kind: symbolKind(binding.value),
      range: snapshot.range(item),
      selectionRange: snapshot.range({ start: first.start, end: last.end }),
      ...(children.length > 0 ? { children } : {}),
    },
  ];
}

/** A name that is never empty, which clients refuse. */
function label(names: readonly SyntaxElement[]): string {
  const text = decodeUtf8(
    names
      .map((one) => nameText(one))
      .join(".")
      .replace(/\s+/g, " "),
  );
  return text === "" ? '""' : text;
}

/** `textDocument/documentSymbol` */
export const documentSymbolFeature: Feature = {
  method: "textDocument/documentSymbol",
  title: "Symbols of a document",
  does: "the bindings as a tree",
  peers: { nil: "yes", nixd: "yes" },
  test: "structure.test.ts",
  capabilities: () => ({ documentSymbolProvider: true }),
  empty: null,
  run: aboutDocument(
    (snapshot, _params: DocumentSymbolParams, bench): DocumentSymbol[] | SymbolInformation[] => {
      const symbols = symbolsOf(snapshot);
      const { documentSymbol } = bench.client.textDocument ?? {};
      if (documentSymbol?.hierarchicalDocumentSymbolSupport === true) return symbols;
      return flatten(symbols, snapshot.uri);
    },
  ),
};

function flatten(symbols: readonly DocumentSymbol[], uri: string): SymbolInformation[] {
  const found: SymbolInformation[] = [];
  const add = (list: readonly DocumentSymbol[], containerName: string): void => {
    for (const { name, kind, selectionRange, children } of list) {
      const location = { uri, range: selectionRange };
      found.push({ name, kind, location, ...(containerName === "" ? {} : { containerName }) });
      if (children !== undefined)
        add(children, containerName === "" ? name : `${containerName}.${name}`);
    }
  };
  add(symbols, "");
  return found;
}

/** `workspace/symbol` */
export const workspaceSymbolFeature: Feature = {
  method: "workspace/symbol",
  title: "Symbols of the workspace",
  does: "the bindings of all files below the open folders by parts of their names",
  peers: { nil: "none", nixd: "none" },
  test: "structure.test.ts",
  capabilities: () => ({ workspaceSymbolProvider: true }),
  empty: [],
  run: async (
    bench: Workbench,
    { query }: WorkspaceSymbolParams,
    token,
  ): Promise<SymbolInformation[]> => {
    const wanted = query.toLowerCase();
    const paths = new Set<string>();
    for (const { path } of bench.openDocuments()) if (path !== undefined) paths.add(path);
    for (const folder of bench.folders)
      for (const path of await bench.files.nixFilesBelow(folder, MAX_WORKSPACE_FILES))
        paths.add(path);
    const found: SymbolInformation[] = [];
    for (const path of paths) {
      if (token.isCancellationRequested || found.length >= MAX_FOUND) break;
      const text = await bench.files.peek(path);
      if (text === undefined || !isSubsequence(wanted, text.toLowerCase())) continue;
      const snapshot = await bench.files.snapshot(path);
      if (snapshot === undefined || !snapshot.isAnalysed) continue;
      for (const one of flatten(symbolsOf(snapshot), snapshot.uri)) {
        if (!isSubsequence(wanted, one.name.toLowerCase())) continue;
        found.push(one);
        if (found.length >= MAX_FOUND) break;
      }
    }
    return found;
  },
};

/** Whether the characters of a word stand in a text in this order. */
export function isSubsequence(word: string, text: string): boolean {
  let at = 0;
  for (const character of word) {
    at = text.indexOf(character, at);
    if (at < 0) return false;
    at += character.length;
  }
  return true;
}
