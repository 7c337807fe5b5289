/** The structure of a text for editors: folding, selection, links. */
import { decodeUtf8 } from "@nivis/formats";
import { NodeKind, type Span, SyntaxKind, SyntaxNode, Token, walk } from "@nivis/syntax";
import type {
  DocumentLink,
  DocumentLinkParams,
  FoldingRange,
  FoldingRangeParams,
  SelectionRange,
  SelectionRangeParams,
} from "vscode-languageserver";
import { tokenAt } from "../analysis/cursor.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";
import { uriOfPath } from "../text/uri.ts";

const MAX_FOLDS = 10_000;
/** Steps of a growing selection, at most; they are nested in the reply. */
const MAX_RANGES = 200;
/** Links of one text, at most. */
const MAX_LINKS = 2000;

/** `textDocument/foldingRange` */
export const foldingFeature: Feature = {
  method: "textDocument/foldingRange",
  title: "Folding",
  does: "sets, lists, `let`, functions, strings, comments, `#region`",
  peers: { nil: "none", nixd: "sets, lists, functions" },
  test: "structure.test.ts",
  capabilities: () => ({ foldingRangeProvider: true }),
  empty: [],
  run: aboutDocument((snapshot, _params: FoldingRangeParams): FoldingRange[] => folds(snapshot)),
};

function folds(snapshot: Snapshot): FoldingRange[] {
  const { tree, source } = snapshot;
  const found = new Map<number, FoldingRange>();
  const lineOf = (offset: number): number => source.lineColumn(offset).line - 1;
  const add = (start: number, end: number, kind?: string): void => {
    if (found.size >= MAX_FOLDS) return;
    const startLine = lineOf(start);
    const endLine = lineOf(end);
    const known = found.get(startLine);
    if (endLine <= startLine || (known !== undefined && known.endLine >= endLine)) return;
    found.set(startLine, { startLine, endLine, ...(kind === undefined ? {} : { kind }) });
  };
  for (let node = 0; node < tree.nodeCount; node += 1) {
    const kind = tree.nodeKinds[node] as SyntaxKind;
    const first = tree.nodeFirst[node] as number;
    const last = (tree.nodeEnd[node] as number) - 1;
    const start = tree.tokenStarts[first] as number;
    const end = tree.tokenEnds[last] as number;
    switch (kind) {
      case SyntaxKind.AttrSet:
      case SyntaxKind.List:
      case SyntaxKind.Formals:
      case SyntaxKind.Paren:
      case SyntaxKind.IndentedString:
      case SyntaxKind.String: {
        // The line of the closing bracket stays visible.
        const closing = lineOf(tree.tokenStarts[last] as number);
        const starts = source.lineStarts;
        if (closing > lineOf(start)) add(start, (starts[closing] as number) - 1);
        break;
      }
      case SyntaxKind.Let: {
        const inToken = new SyntaxNode(tree, node).token(Token.In);
        const line = inToken === undefined ? lineOf(end) : lineOf(inToken.start);
        if (line > lineOf(start))
          add(start, Math.max(start, (source.lineStarts[line] as number) - 1));
        break;
      }
      case SyntaxKind.Inherit:
        add(start, end);
        break;
      default:
    }
  }
  addComments(snapshot, add);
  return [...found.values()].sort((a, b) => a.startLine - b.startLine);
}

/** Comments of several lines, runs of line comments, and regions. */
function addComments(
  { tree, source, bytes }: Snapshot,
  add: (start: number, end: number, kind?: string) => void,
): void {
  const { commentStarts, commentEnds } = tree;
  const regions: number[] = [];
  let runStart = -1;
  let runEnd = -1;
  const close = (): void => {
    if (runStart >= 0) add(runStart, runEnd, "comment");
    runStart = -1;
  };
  for (let i = 0; i < commentStarts.length; i += 1) {
    const start = commentStarts[i] as number;
    const end = commentEnds[i] as number;
    const isLine = bytes.charCodeAt(start) === 35;
    if (!isLine) {
      close();
      add(start, end, "comment");
      continue;
    }
    const text = bytes.slice(start, end);
    if (/^#\s*#?region\b/.test(text)) regions.push(start);
    else if (/^#\s*#?endregion\b/.test(text)) {
      const begin = regions.pop();
      if (begin !== undefined) add(begin, end, "region");
    }
    const line = source.lineColumn(start).line;
    const continues = runStart >= 0 && source.lineColumn(runEnd).line === line - 1;
    const isAlone = /^[ \t]*$/.test(bytes.slice(source.lineStarts[line - 1], start));
    if (!continues || !isAlone) {
      close();
      if (isAlone) runStart = start;
    }
    runEnd = end;
  }
  close();
}

/** `textDocument/selectionRange` */
export const selectionFeature: Feature = {
  method: "textDocument/selectionRange",
  title: "Growing selections",
  does: "from words through strings without their quotes to whole constructs",
  peers: { nil: "yes", nixd: "none" },
  test: "structure.test.ts",
  capabilities: () => ({ selectionRangeProvider: true }),
  empty: null,
  run: aboutDocument((snapshot, { positions }: SelectionRangeParams): SelectionRange[] =>
    positions.map((position) => selectionAt(snapshot, snapshot.offset(position))),
  ),
};

function selectionAt(snapshot: Snapshot, offset: number): SelectionRange {
  const spans: Span[] = [];
  const token = tokenAt(snapshot, offset);
  if (token !== undefined && token.end > token.start) {
    if (token.kind === Token.StringText) spans.push(...wordAt(snapshot, offset));
    spans.push(token);
    for (const node of token.ancestors().slice(0, MAX_RANGES)) {
      if (node.kind === SyntaxKind.String || node.kind === SyntaxKind.IndentedString)
        spans.push({
          start: node.firstToken.end,
          end: Math.max(node.firstToken.end, node.lastToken.start),
        });
      spans.push(node);
    }
  } else spans.push(...commentAt(snapshot, offset));
  spans.push({ start: 0, end: snapshot.bytes.length });
  let range: SelectionRange | undefined;
  let inner: Span | undefined;
  for (const span of spans.reverse()) {
    // Each range holds the next, and no two are the same.
    if (inner !== undefined && (span.start < inner.start || span.end > inner.end)) continue;
    if (inner !== undefined && span.start === inner.start && span.end === inner.end) continue;
    if (span.start > offset || span.end < offset) continue;
    range = { range: snapshot.range(span), ...(range === undefined ? {} : { parent: range }) };
    inner = span;
  }
  return range ?? { range: snapshot.range({ start: offset, end: offset }) };
}

function wordAt({ bytes }: Snapshot, offset: number): Span[] {
  let start = offset;
  let end = offset;
  while (/[\w\x80-\xff]/.test(bytes[start - 1] ?? "")) start -= 1;
  while (/[\w\x80-\xff]/.test(bytes[end] ?? "")) end += 1;
  return end > start ? [{ start, end }] : [];
}

function commentAt({ tree }: Snapshot, offset: number): Span[] {
  const { commentStarts, commentEnds } = tree;
  const at = commentStarts.findIndex(
    (start, index) => start <= offset && offset <= (commentEnds[index] as number),
  );
  return at < 0 ? [] : [{ start: commentStarts[at] as number, end: commentEnds[at] as number }];
}

const WEB = /https?:\/\/[^\s"'<>()[\]{}\\^`|]*[^\s"'<>()[\]{}\\^`|.,;:!?]/g;
const FORGE = /^(github|gitlab|sourcehut):([\w.-]+|~[\w.-]+)\/([\w.-]+)(?:\/([\w./-]+))?$/;
const FORGE_HOSTS: Readonly<Record<string, string>> = {
  github: "https://github.com",
  gitlab: "https://gitlab.com",
  sourcehut: "https://git.sr.ht",
};

/** `textDocument/documentLink` */
export const linkFeature: Feature = {
  method: "textDocument/documentLink",
  title: "Links",
  does: "paths, `<…>`, URLs and flake references in strings and comments",
  peers: { nil: "yes", nixd: "paths" },
  test: "structure.test.ts",
  capabilities: () => ({ documentLinkProvider: { resolveProvider: true } }),
  empty: [],
  run: aboutDocument((snapshot, _params: DocumentLinkParams) => links(snapshot)),
};

/** What a link to a file remembers until it is followed: looking for thousands of files takes long. */
type LinkData = { readonly path: string } | { readonly search: string };

/** `documentLink/resolve` */
export const linkResolveFeature: Feature = {
  method: "documentLink/resolve",
  test: "structure.test.ts",
  capabilities: () => ({}),
  empty: null,
  run: async (bench: Workbench, link: DocumentLink): Promise<DocumentLink> => {
    const data = link.data as LinkData | undefined;
    if (data === undefined) return link;
    const path = "path" in data ? data.path : await bench.files.searchPath(data.search);
    if (path === undefined) return link;
    const file = await bench.files.importedFile(path);
    return { ...link, target: uriOfPath(file ?? path) };
  },
};

function links(snapshot: Snapshot): DocumentLink[] {
  const found: DocumentLink[] = [];
  const add = (span: Span, data: LinkData): void => {
    found.push({ range: snapshot.range(span), data });
  };
  walk(snapshot.expr, (expr) => {
    if (found.length >= MAX_LINKS) return false;
    const span = { start: expr.start, end: expr.end };
    if (expr.kind === NodeKind.Path) add(span, { path: decodeUtf8(expr.value) });
    else if (expr.kind === NodeKind.SearchPath) add(span, { search: decodeUtf8(expr.value) });
    else if (expr.kind === NodeKind.String && expr.form !== "uri") {
      const forge = FORGE.exec(expr.value);
      if (forge !== null) {
        const [, kind = "", owner, repository, ref] = forge;
        const tree = ref === undefined ? "" : `/tree/${ref}`;
        found.push({
          range: snapshot.range({ start: span.start + 1, end: span.end - 1 }),
          target: `${FORGE_HOSTS[kind]}/${owner}/${repository}${tree}`,
        });
      }
    }
    return true;
  });
  for (const { 0: text, index } of snapshot.bytes.matchAll(WEB)) {
    if (found.length >= MAX_LINKS) break;
    if (text.includes("${")) continue;
    found.push({
      range: snapshot.range({ start: index, end: index + text.length }),
      target: decodeUtf8(text),
    });
  }
  return found;
}
