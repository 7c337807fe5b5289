/**
 * The entry point of the parser: a source in, a tree and diagnostics out. Neither function throws.
 */
import type { AttrSet, Expr } from "../ast/nodes.ts";
import type { SourceFile } from "../text/source.ts";
import type { ParseOptions, ParseResult } from "./options.ts";
import { Parser } from "./parser.ts";

/** Parses a text as one expression. */
export function parse(source: SourceFile, options: ParseOptions): ParseResult {
  const parser = new Parser(source, options);
  return result(parser, parser.parseExpression());
}

/** Parses a text as bindings without braces (`a = 1; b = 2;`), as a REPL accepts them. */
export function parseBindings(source: SourceFile, options: ParseOptions): ParseResult<AttrSet> {
  const parser = new Parser(source, options);
  return result<AttrSet>(parser, parser.parseBindings());
}

function result<Root extends Expr>(parser: Parser, expr: Root): ParseResult<Root> {
  const { diagnostics, firstError, source, comments, parens } = parser;
  return { expr, diagnostics, firstError, source, comments, parens };
}
