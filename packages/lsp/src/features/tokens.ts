/**
 * Semantic tokens: names by what they mean. Keywords, strings and comments are left to the grammar of the
 * editor, which knows them as well and sooner.
 */
import { NodeKind, type Span, SyntaxKind, Token, VariableKind } from "@nivis/syntax";
import type {
  SemanticTokens,
  SemanticTokensDelta,
  SemanticTokensDeltaParams,
  SemanticTokensParams,
  SemanticTokensRangeParams,
} from "vscode-languageserver";
import { globalBuiltin } from "../analysis/builtins.ts";
import type { Definition, Use } from "../analysis/names.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature } from "../feature.ts";

/** The types of tokens, by index. */
export const TOKEN_TYPES = ["variable", "parameter", "property", "function", "keyword"] as const;
/** The modifiers of tokens, by bit. The last two are those that nil uses. */
export const TOKEN_MODIFIERS = [
  "declaration",
  "readonly",
  "defaultLibrary",
  "deprecated",
  "withAttribute",
  "unresolved",
] as const;

const enum Type {
  Variable,
  Parameter,
  Property,
  Function,
  Keyword,
}

const enum Modifier {
  None = 0,
  Declaration = 1,
  Readonly = 2,
  DefaultLibrary = 4,
  Deprecated = 8,
  WithAttribute = 16,
}

/** The numbers of one reply, five for each token. */
function encode(snapshot: Snapshot, within?: Span): number[] {
  const { tree, names, source, positions } = snapshot;
  const { uses } = names;
  const { lineStarts } = source;
  const data: number[] = [];
  let nextUse = 0;
  let line = 0;
  let lastLine = 0;
  let lastColumn = 0;
  const from = within?.start ?? 0;
  const to = within?.end ?? tree.text.length;
  for (let token = tree.tokenAt(from); token < tree.tokenCount; token += 1) {
    const kind = tree.tokenKinds[token] as Token;
    if (kind !== Token.Id && kind !== Token.Or) continue;
    const start = tree.tokenStarts[token] as number;
    if (start >= to) break;
    while (nextUse < uses.length && (uses[nextUse] as Use).start < start) nextUse += 1;
    const candidate = uses[nextUse];
    const use = candidate?.start === start ? candidate : undefined;
    const found = classify(snapshot, token, start, use);
    if (found < 0) continue;
    while (line + 1 < lineStarts.length && (lineStarts[line + 1] as number) <= start) line += 1;
    const end = tree.tokenEnds[token] as number;
    const column = positions.units({ start: lineStarts[line] as number, end: start });
    const deltaColumn = line === lastLine ? column - lastColumn : column;
    data.push(line - lastLine, deltaColumn, positions.units({ start, end }), found & 7, found >> 3);
    lastLine = line;
    lastColumn = column;
  }
  return data;
}

/** The type and the modifiers of a name as one number; -1 for what has none. */
function classify(snapshot: Snapshot, token: number, start: number, use: Use | undefined): number {
  const declared = snapshot.names.definitionAt(start);
  if (declared !== undefined) return typeOf(declared) | (Modifier.Declaration << 3);
  if (use !== undefined) {
    if (use.definition !== undefined) return typeOf(use.definition);
    if (use.kind === "global") {
      const builtin = globalBuiltin(use.name);
      const isFunction = builtin?.args !== undefined;
      const type = isFunction ? Type.Function : Type.Variable;
      return type | ((Modifier.DefaultLibrary | (isFunction ? 0 : Modifier.Readonly)) << 3);
    }
    return Type.Variable | (Modifier.WithAttribute << 3);
  }
  const { tree } = snapshot;
  const kind = tree.nodeKinds[tree.nodeOf(token)] as SyntaxKind;
  switch (kind) {
    case SyntaxKind.Binding:
      return Type.Property | (Modifier.Declaration << 3);
    case SyntaxKind.Inherit:
      return Type.Property | (Modifier.Declaration << 3);
    case SyntaxKind.Select:
    case SyntaxKind.HasAttr:
      return tree.tokenKinds[token] === Token.Or && tree.tokenKinds[token - 1] !== Token.Dot
        ? Type.Keyword
        : Type.Property;
    default:
      return -1;
  }
}

function typeOf({ variable }: Definition): number {
  switch (variable.kind) {
    case VariableKind.Parameter:
    case VariableKind.PatternName:
    case VariableKind.Formal:
      return Type.Parameter;
    case VariableKind.Attribute:
      return Type.Property;
    case VariableKind.Let:
      return variable.binding?.value.kind === NodeKind.Lambda ? Type.Function : Type.Variable;
  }
}

/** `textDocument/semanticTokens/full` */
export const tokensFeature: Feature = {
  method: "textDocument/semanticTokens/full",
  title: "Semantic tokens",
  does: "parameters, variables, functions, attributes, builtins, names from a `with`; whole, by range and as differences",
  peers: { nil: "full, range", nixd: "full" },
  test: "tokens.test.ts",
  capabilities: () => ({
    semanticTokensProvider: {
      legend: { tokenTypes: [...TOKEN_TYPES], tokenModifiers: [...TOKEN_MODIFIERS] },
      full: { delta: true },
      range: true,
    },
  }),
  empty: { data: [] },
  run: aboutDocument((snapshot, _params: SemanticTokensParams, bench): SemanticTokens | null => {
    if (!bench.settings.semanticTokens.enable) return null;
    const data = encode(snapshot);
    return { resultId: bench.tokenHistory.note(snapshot.uri, data), data };
  }),
};

/** `textDocument/semanticTokens/full/delta` */
export const tokensDeltaFeature: Feature = {
  method: "textDocument/semanticTokens/full/delta",
  test: "tokens.test.ts",
  capabilities: () => ({}),
  empty: { data: [] },
  run: aboutDocument(
    (
      snapshot,
      { previousResultId }: SemanticTokensDeltaParams,
      bench,
    ): SemanticTokens | SemanticTokensDelta | null => {
      if (!bench.settings.semanticTokens.enable) return null;
      const before = bench.tokenHistory.find(snapshot.uri, previousResultId);
      const data = encode(snapshot);
      const resultId = bench.tokenHistory.note(snapshot.uri, data);
      if (before === undefined) return { resultId, data };
      let start = 0;
      while (start < before.length && start < data.length && before[start] === data[start])
        start += 1;
      let end = 0;
      const most = Math.min(before.length, data.length) - start;
      while (end < most && before[before.length - 1 - end] === data[data.length - 1 - end])
        end += 1;
      const deleteCount = before.length - start - end;
      const inserted = data.slice(start, data.length - end);
      if (deleteCount === 0 && inserted.length === 0) return { resultId, edits: [] };
      return { resultId, edits: [{ start, deleteCount, data: inserted }] };
    },
  ),
};

/** `textDocument/semanticTokens/range` */
export const tokensRangeFeature: Feature = {
  method: "textDocument/semanticTokens/range",
  test: "tokens.test.ts",
  capabilities: () => ({}),
  empty: { data: [] },
  run: aboutDocument(
    (snapshot, { range }: SemanticTokensRangeParams, bench): SemanticTokens | null =>
      bench.settings.semanticTokens.enable
        ? { data: encode(snapshot, snapshot.positions.span(range)) }
        : null,
  ),
};
