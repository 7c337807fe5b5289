/**
 * The operators: how strongly they bind, and the nodes that they and applications become.
 *
 * Nix: the precedences and desugarings of parser.y.
 */
import { BinaryOp, type Call, type Expr, NodeKind } from "../ast/nodes.ts";
import { TOKEN_NAMES, Token } from "../lex/token.ts";
import { type Frame, FrameKind } from "./frame.ts";

/** Lets a node be changed until the tree is handed out. */
export type Open<T> = { -readonly [K in keyof T]: T[K] };

export const NOT_PRECEDENCE = 7;
export const HAS_ATTR_PRECEDENCE = 11;
export const NEGATE_PRECEDENCE = 12;

/** Indexed by {@link Token}: may it begin a simple expression? */
export const BEGINS_SIMPLE: readonly boolean[] = tokenTable(false, (table) => {
  for (const token of [
    Token.Id,
    Token.Int,
    Token.Float,
    Token.Path,
    Token.HomePath,
    Token.SearchPath,
    Token.Uri,
    Token.Let,
    Token.Rec,
    Token.IndentedOpen,
    Token.Quote,
    Token.LeftParen,
    Token.LeftBrace,
    Token.LeftBracket,
  ]) {
    table[token] = true;
  }
});

/** Indexed by {@link Token}: the precedence of a binary operator or `?`, else 0. */
export const PRECEDENCE: readonly number[] = tokenTable(0, (table) => {
  table[Token.Implies] = 1;
  table[Token.OrOr] = 2;
  table[Token.And] = 3;
  table[Token.EqualEqual] = 4;
  table[Token.NotEqual] = 4;
  table[Token.Less] = 5;
  table[Token.More] = 5;
  table[Token.LessEqual] = 5;
  table[Token.MoreEqual] = 5;
  table[Token.Update] = 6;
  table[Token.Plus] = 8;
  table[Token.Minus] = 8;
  table[Token.Star] = 9;
  table[Token.Slash] = 9;
  table[Token.Concat] = 10;
  table[Token.Question] = HAS_ATTR_PRECEDENCE;
});

/** Indexed by {@link Token}. */
export const BINARY_OPS: readonly BinaryOp[] = tokenTable<BinaryOp>(BinaryOp.Add, (table) => {
  table[Token.Implies] = BinaryOp.Implication;
  table[Token.OrOr] = BinaryOp.Or;
  table[Token.And] = BinaryOp.And;
  table[Token.EqualEqual] = BinaryOp.Equal;
  table[Token.NotEqual] = BinaryOp.NotEqual;
  table[Token.Less] = BinaryOp.Less;
  table[Token.More] = BinaryOp.More;
  table[Token.LessEqual] = BinaryOp.LessOrEqual;
  table[Token.MoreEqual] = BinaryOp.MoreOrEqual;
  table[Token.Update] = BinaryOp.Update;
  table[Token.Plus] = BinaryOp.Add;
  table[Token.Minus] = BinaryOp.Sub;
  table[Token.Star] = BinaryOp.Mul;
  table[Token.Slash] = BinaryOp.Div;
  table[Token.Concat] = BinaryOp.Concat;
});

export function tokenTable<T>(initial: T, fill: (table: T[]) => void): readonly T[] {
  const table = new Array<T>(TOKEN_NAMES.length).fill(initial);
  fill(table);
  return table;
}

export function isRightAssociative(precedence: number): boolean {
  return precedence === 1 || precedence === 6 || precedence === 10;
}

export function isNonAssociative(precedence: number): boolean {
  return precedence === 4 || precedence === 5;
}

export function variable(name: string, start: number, end: number): Expr {
  if (name === "__curPos") return { kind: NodeKind.CurPos, start, end, pos: start };
  return { kind: NodeKind.Var, start, end, pos: start, name };
}

/** `callee args`. Nix: a callee that is a call, even in parentheses, just gets more arguments. */
export function apply(callee: Expr, args: Expr[]): Expr {
  const { start } = callee;
  const { end } = args[args.length - 1] as Expr;
  if (callee.kind === NodeKind.Call) {
    const call = callee as Open<Call>;
    for (const arg of args) (call.args as Expr[]).push(arg);
    call.end = end;
    return call;
  }
  return {
    kind: NodeKind.Call,
    start,
    end,
    pos: isCallNode(callee) ? callee.pos : start,
    callee,
    args,
    pipe: false,
  };
}

/** Whether C++ Nix makes a call of it, whose position a further argument does not change. */
export function isCallNode(expr: Expr): boolean {
  switch (expr.kind) {
    case NodeKind.SearchPath:
    case NodeKind.Negate:
      return true;
    case NodeKind.Binary:
      return (
        expr.op === BinaryOp.Sub ||
        expr.op === BinaryOp.Mul ||
        expr.op === BinaryOp.Div ||
        expr.op === BinaryOp.Less ||
        expr.op === BinaryOp.More
      );
    default:
      return false;
  }
}

/** `arg |> callee` or `callee <| arg`, with the operator at `pos`. */
export function pipe(pos: number, callee: Expr, arg: Expr): Expr {
  const start = Math.min(callee.start, arg.start);
  const end = Math.max(callee.end, arg.end);
  if (callee.kind === NodeKind.Call) {
    const call = callee as Open<Call>;
    (call.args as Expr[]).push(arg);
    call.start = start;
    call.end = end;
    return call;
  }
  return {
    kind: NodeKind.Call,
    start,
    end,
    pos: isCallNode(callee) ? callee.pos : pos,
    callee,
    args: [arg],
    pipe: true,
  };
}

/** The operator of a frame with its right operand. */
export function finishOperator(frame: Frame, right: Expr): Expr {
  const { start } = frame;
  const { end } = right;
  switch (frame.kind) {
    case FrameKind.Not:
      return { kind: NodeKind.Not, start, end, pos: right.pos, operand: right };
    case FrameKind.Negate:
      return { kind: NodeKind.Negate, start, end, pos: start, operand: right };
    default: {
      const op = frame.detail as BinaryOp;
      return {
        kind: NodeKind.Binary,
        start,
        end,
        pos: frame.pos,
        op,
        left: frame.left as Expr,
        right,
      };
    }
  }
}
