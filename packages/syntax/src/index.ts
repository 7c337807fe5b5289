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
export { printAttrPath, printExpr } from "./ast/print.ts";
export { isReservedWord, printIdentifier, printString } from "./ast/quote.ts";
export { children, walk } from "./ast/visit.ts";
export type { PackageUpdate } from "./edit/derivation.ts";
export { updatePackage } from "./edit/derivation.ts";
export { EditError } from "./edit/edit-error.ts";
export { EditedText } from "./edit/edited-text.ts";
export type { FlakeInput } from "./edit/flake-inputs.ts";
export {
  addInput,
  flakeInputs,
  removeInput,
  setInputRef,
  setInputUrl,
  urlWithRef,
} from "./edit/flake-inputs.ts";
export { parsePath, printPath } from "./edit/names.ts";
export type { InsertOptions } from "./edit/nix-file.ts";
export { NixFile } from "./edit/nix-file.ts";
export { Token } from "./lex/token.ts";
export type { Fix, LintDiagnostic, TextEdit } from "./lint/diagnostic.ts";
export type { FixResult } from "./lint/fix.ts";
export { applyFixes } from "./lint/fix.ts";
export type { LintOptions } from "./lint/lint.ts";
export { LINT_PARSE_OPTIONS, lint } from "./lint/lint.ts";
export { LintMemory } from "./lint/lint-memory.ts";
export type { ExprHandlers, Rule } from "./lint/rule.ts";
export { lintRules } from "./lint/rules/index.ts";
export type { LintRun, ReportDetails } from "./lint/run.ts";
export { NO_OFFSET } from "./parse/attrs.ts";
export type { LintLevel, ParseOptions, ParseResult } from "./parse/options.ts";
export { parse, parseBindings } from "./parse/parse.ts";
export { GLOBAL_NAMES, OPERATOR_NAMES } from "./scope/globals.ts";
export { Resolver } from "./scope/resolve.ts";
export type { ScopeListener, ScopeOwner } from "./scope/scope.ts";
export { LexicalScope, Variable, VariableKind, WithScope } from "./scope/scope.ts";
export type { Diagnostic, DiagnosticCode, DiagnosticLabel } from "./text/diagnostic.ts";
export { type Replaced, replacedBetween } from "./text/replaced.ts";
export type { LineColumn, Origin } from "./text/source.ts";
export { SourceFile } from "./text/source.ts";
export { SyntaxKind } from "./tree/kinds.ts";
export type { SyntaxElement, SyntaxVisitor, Trivia } from "./tree/node.ts";
export { handleOf, rootOf, SyntaxNode, SyntaxToken, visitTree } from "./tree/node.ts";
export type { ParsedWithTree } from "./tree/parse-tree.ts";
export { parseTree, parseWithTree } from "./tree/parse-tree.ts";
export type { ParseSummary, Reparsed } from "./tree/reparse.ts";
export { reparse, summarizeReparse } from "./tree/reparse.ts";
export type { Element } from "./tree/syntax-tree.ts";
export { SyntaxTree } from "./tree/syntax-tree.ts";
export type {
  ApplyView,
  AttrSetView,
  BindingView,
  FormalsView,
  FormalView,
  InheritView,
  LambdaView,
  ListView,
  SelectView,
} from "./tree/views.ts";
export {
  applyView,
  attrSetView,
  bindingView,
  formalsView,
  inheritView,
  isExpression,
  lambdaView,
  listView,
  selectView,
} from "./tree/views.ts";
