/**
 * Source trees: the syntax at a position.
 *
 * An error contains only the position where something starts. When it is shown, the texts are
 * parsed again, which costs nothing as long as nothing fails, and the tree tells the extent and the
 * kind of the syntax at the position and the expressions around it.
 */
import {
  BindingKind,
  children,
  type Expr,
  NodeKind,
  type ParseResult,
  parse,
  type SourceFile,
  type Span,
} from "@nivis/syntax";
import type { Position } from "../position.ts";
import type { Settings } from "../settings.ts";

/** The syntax at a position. */
export interface SyntaxNodeAt {
  /** The span to underline. */
  readonly span: Span;
  /** The expression, unless the position is that of a name in a binding or a pattern. */
  readonly expr: Expr | undefined;
  /** The expressions around it, outermost first, without `expr`. */
  readonly around: readonly Expr[];
}

/** The settings that parsing depends on. */
export type ReadingSettings = Pick<
  Settings,
  | "experimentalFeatures"
  | "pureEval"
  | "lintUrlLiterals"
  | "lintShortPathLiterals"
  | "lintAbsolutePathLiterals"
>;

/** The syntax trees of the texts of one evaluation, for showing its errors. */
export class SourceTrees {
  readonly #parsed = new Map<SourceFile, ParseResult>();
  readonly #settings: ReadingSettings;

  constructor(settings: ReadingSettings) {
    this.#settings = settings;
  }

  /** Returns a text as the evaluation parsed it. */
  parsed(source: SourceFile): ParseResult {
    let result = this.#parsed.get(source);
    if (result === undefined) {
      const settings = this.#settings;
      result = parse(source, {
        basePath: "/",
        home: settings.pureEval ? undefined : "/",
        features: { pipeOperators: settings.experimentalFeatures.has("pipe-operators") },
        lints: {
          urlLiterals: settings.lintUrlLiterals,
          shortPathLiterals: settings.lintShortPathLiterals,
          absolutePathLiterals: settings.lintAbsolutePathLiterals,
        },
      });
      this.#parsed.set(source, result);
    }
    return result;
  }

  /**
   * Returns the syntax at a position. Several expressions may start there, as `f` and `f x` do: one
   * of the kind `wanted` takes precedence, then the smallest.
   */
  syntaxAt({ source, offset }: Position, wanted?: NodeKind): SyntaxNodeAt {
    const { text } = source;
    const found = find(this.parsed(source).expr, offset, wanted);
    const name = nameAt(text, offset);
    if (found === undefined) return { span: name, expr: undefined, around: [] };
    const { expr, around } = found;
    return { span: expr === undefined ? name : spanOf(expr, text, offset), expr, around };
  }
}

interface Found {
  readonly expr: Expr | undefined;
  readonly around: readonly Expr[];
}

interface Step {
  readonly expr: Expr;
  readonly parent: Step | undefined;
}

function find(root: Expr, offset: number, wanted: NodeKind | undefined): Found | undefined {
  let best: Step | undefined;
  let named: Step | undefined;
  let innermost: Step | undefined;
  const todo: Step[] = [{ expr: root, parent: undefined }];
  for (let step = todo.pop(); step !== undefined; step = todo.pop()) {
    const { expr } = step;
    const parent = step.parent?.expr;
    const contains = expr.start <= offset && offset < expr.end;
    // A set made by attribute paths is spread over its parts and has no position of its own.
    const isScattered = expr.kind === NodeKind.AttrSet && expr.implicit;
    if (!contains && !isScattered && expr !== root && parent?.kind !== NodeKind.Let) continue;
    if (contains && !isScattered) innermost = step;
    if (
      !isScattered &&
      (expr.pos === offset || hasPartAt(expr, offset)) &&
      isBetter(expr, best?.expr, wanted)
    )
      best = step;
    if (namesAt(expr, offset)) named = step;
    const below = expr.kind === NodeKind.Let ? [expr.attrs, expr.body] : children(expr);
    for (const child of below) todo.push({ expr: child, parent: step });
  }
  if (best !== undefined) return { expr: best.expr, around: aroundOf(best.parent) };
  if (named !== undefined) return { expr: undefined, around: aroundOf(named) };
  if (innermost === undefined) return undefined;
  if (innermost.expr.start === offset) {
    return { expr: innermost.expr, around: aroundOf(innermost.parent) };
  }
  return { expr: undefined, around: aroundOf(innermost) };
}

function isBetter(expr: Expr, best: Expr | undefined, wanted: NodeKind | undefined): boolean {
  if (best === undefined) return true;
  if (wanted !== undefined && (expr.kind === wanted) !== (best.kind === wanted)) {
    return expr.kind === wanted;
  }
  return expr.end - expr.start <= best.end - best.start;
}

/** Whether an interpolation or a piece of text in a string starts at `offset`. */
function hasPartAt(expr: Expr, offset: number): boolean {
  const isTemplate = expr.kind === NodeKind.StringTemplate || expr.kind === NodeKind.PathTemplate;
  return isTemplate && expr.partPositions.includes(offset);
}

/** Whether a name that belongs to an expression starts at `offset`. */
function namesAt(expr: Expr, offset: number): boolean {
  if (expr.kind === NodeKind.AttrSet) {
    return (
      expr.bindings.some(
        (binding) => binding.pos === offset && binding.kind !== BindingKind.Inherited,
      ) || expr.dynamic.some((binding) => binding.pos === offset)
    );
  }
  if (expr.kind !== NodeKind.Lambda) return false;
  if (expr.param !== undefined && expr.paramPos === offset) return true;
  return expr.formals?.formals.some((formal) => formal.pos === offset) ?? false;
}

function aroundOf(step: Step | undefined): Expr[] {
  const around: Expr[] = [];
  for (let at = step; at !== undefined; at = at.parent) around.push(at.expr);
  return around.reverse();
}

/** Returns the part of an expression that is underlined when an error points at it. */
function spanOf(expr: Expr, text: string, offset: number): Span {
  switch (expr.kind) {
    case NodeKind.Binary:
    case NodeKind.HasAttr:
      // Errors point at the operator of these.
      return offset > expr.start ? nameAt(text, offset) : expr;
    case NodeKind.StringTemplate:
    case NodeKind.PathTemplate: {
      const part = expr.parts[expr.partPositions.indexOf(offset)];
      if (part === undefined || !text.startsWith("${", offset)) return expr;
      return { start: offset, end: text.indexOf("}", part.end) + 1 };
    }
    case NodeKind.Lambda: {
      const colon = text.lastIndexOf(":", expr.body.start);
      return { start: offset, end: colon > offset ? colon : expr.end };
    }
    case NodeKind.Let:
    case NodeKind.With:
    case NodeKind.Assert:
    case NodeKind.If:
      return text.slice(expr.start, expr.end).includes("\n") ? nameAt(text, offset) : expr;
    default: {
      // Parentheses around the expression are not included.
      const isInside = offset >= expr.start && offset < expr.end;
      return { start: isInside ? offset : expr.start, end: withoutParentheses(expr, text, offset) };
    }
  }
}

/** Returns the end of an expression, excluding closing parentheses opened before `offset`. */
function withoutParentheses(expr: Expr, text: string, offset: number): number {
  let { end } = expr;
  for (let at = expr.start; at < offset && end > offset; at++) {
    if (text[at] !== "(" || text[end - 1] !== ")") continue;
    end--;
    while (end > offset && /\s/.test(text[end - 1] as string)) end--;
  }
  return end;
}

/** A name, a string, a number or an operator: a single word. */
const WORD =
  /[A-Za-z_][A-Za-z0-9_'-]*|"(?:[^"\\]|\\.)*"|[0-9]+(?:\.[0-9]+)?|\$\{|==|!=|<=|>=|&&|\|\||->|\+\+|\/\/|\|>|<\||./sy;

function nameAt(text: string, offset: number): Span {
  WORD.lastIndex = offset;
  const length = WORD.exec(text)?.[0].length ?? 0;
  return { start: offset, end: offset + length };
}
