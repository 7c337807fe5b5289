/** The entry point of the lossless tree: a source in, a tree out. Like `parse`, it never throws. */
import type { ParseOptions, ParseResult } from "../parse/options.ts";
import type { SourceFile } from "../text/source.ts";
import { RecordingParser } from "./recorder.ts";
import { SyntaxTree } from "./syntax-tree.ts";

/** The options for a tree that is not evaluated: every kind of path is allowed. */
const TREE_OPTIONS: ParseOptions = {
  basePath: "/",
  home: "/",
  features: { pipeOperators: true },
};

/** Parses a text into its lossless tree. */
export function parseTree(source: SourceFile, options: ParseOptions = TREE_OPTIONS): SyntaxTree {
  return parseWithTree(source, options).tree;
}

/** Both results of one parse. */
export interface ParsedWithTree {
  readonly tree: SyntaxTree;
  readonly parsed: ParseResult;
}

/** Parses a text once, into its lossless tree and the result that `parse` returns. */
export function parseWithTree(source: SourceFile, options: ParseOptions): ParsedWithTree {
  const parser = new RecordingParser(source, options);
  const expr = parser.parseExpression();
  const { diagnostics, firstError, recording, comments, parens } = parser;
  return {
    tree: SyntaxTree.fromRecording({ source, expr, diagnostics, firstError, recording }),
    parsed: { expr, diagnostics, firstError, source, comments, parens },
  };
}
