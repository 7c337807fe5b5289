/** The public names of `@nivis/syntax`. */

export type {
  Assert,
  AttrName,
  AttrSet,
  Binary,
  Binding,
  Call,
  CurPos,
  DynamicBinding,
  ErrorExpr,
  Expr,
  FloatLiteral,
  Formal,
  Formals,
  HasAttr,
  If,
  IntLiteral,
  Lambda,
  Let,
  List,
  Negate,
  Not,
  PathForm,
  PathLiteral,
  PathTemplate,
  SearchPath,
  Select,
  Span,
  StringForm,
  StringLiteral,
  StringTemplate,
  Var,
  With,
} from "./ast/nodes.ts";
export { BinaryOp, BindingKind, NodeKind } from "./ast/nodes.ts";
export { printAttrPath, printExpr, printFloat } from "./ast/print.ts";
export { isReservedWord, printIdentifier, printString } from "./ast/quote.ts";
export { children, walk } from "./ast/visit.ts";
export { NO_POS } from "./parse/attrs.ts";
export type { LintLevel, ParseOptions, ParseResult } from "./parse/options.ts";
export { parse, parseBindings } from "./parse/parse.ts";
export { canonicalPath } from "./parse/paths.ts";
export type { Diagnostic, DiagnosticCode, DiagnosticLabel } from "./text/diagnostic.ts";
export type { LineColumn, Origin } from "./text/source.ts";
export { SourceFile } from "./text/source.ts";
