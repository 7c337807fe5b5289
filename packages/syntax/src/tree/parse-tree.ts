/** The entry point of the lossless tree: a source in, a tree out. Like `parse`, it never throws. */
import type { ParseOptions } from "../parse/options.ts";
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
  const parser = new RecordingParser(source, options);
  const expr = parser.parseExpression();
  const { diagnostics, firstError, recording } = parser;
  return new SyntaxTree({ source, expr, diagnostics, firstError, recording });
}
