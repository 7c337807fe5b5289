/**
 * The parser: one pass, one token of look-ahead, its own stack.
 *
 * It alternates between two steps. `begin` stands where an operand must begin: it either returns a
 * finished simple expression or opens a frame and asks again. `proceed` holds a finished expression
 * and decides, from the frame on top and the next token, what it becomes a part of, until something
 * new must begin. An expression climbs through levels on its way:
 *
 *     Simple ──`.a`, `or`──▶ Select ──arguments──▶ Operator ──`+ - …`──▶ Whole ──▶ into its frame
 *
 * Syntax errors carry the text of C++ Nix, whose parser is made by Bison: it lists what it expected
 * only where at most four tokens were possible, and after those reductions that need no look-ahead.
 * Each `fail` below therefore names the list of exactly one of Bison's states.
 *
 * A failed text is read on: see `recover`. Nothing thrown here leaves `parse`.
 */
import { type AttrName, type BinaryOp, type Call, type Expr, NodeKind } from "../ast/nodes.ts";
import { Token } from "../lex/token.ts";
import { InternalError } from "../text/internal-error.ts";
import { NO_OFFSET, type OpenAttrSet } from "./attrs.ts";
import { Level, SYNTAX_ERROR, Want } from "./core.ts";
import { BindingsOf, type Frame, FrameKind, PathOf } from "./frame.ts";
import {
  apply,
  BEGINS_SIMPLE,
  BINARY_OPS,
  finishOperator,
  HAS_ATTR_PRECEDENCE,
  isNonAssociative,
  isRightAssociative,
  NEGATE_PRECEDENCE,
  NOT_PRECEDENCE,
  type Open,
  PRECEDENCE,
  pipe,
  variable,
} from "./operators.ts";
import { RecoveringParser } from "./recovery.ts";

/** Parses one text; use it once. */
export class Parser extends RecoveringParser {
  /** Parses the text as one expression. */
  parseExpression(): Expr {
    this.advance();
    return this.run();
  }

  /** Parses the text as bindings without braces, as a REPL accepts them. */
  parseBindings(): OpenAttrSet {
    this.advance();
    const frame = this.openBindings(BindingsOf.Repl, 0, NO_OFFSET);
    const set = frame.set as OpenAttrSet;
    this.inBindings = true;
    this.run();
    return set;
  }

  protected run(): Expr {
    let value: Expr | undefined;
    let failed = false;
    for (;;) {
      try {
        for (;;) {
          if (failed) {
            failed = false;
            value = this.recover();
          } else if (value !== undefined) value = this.proceed(value);
          else if (this.inBindings) {
            this.inBindings = false;
            value = this.bindings();
          } else value = this.begin();
          if (this.done) return value as Expr;
        }
      } catch (error) {
        if (error !== SYNTAX_ERROR) throw error;
        failed = true;
      }
    }
  }

  /** Reads the begin of an operand; returns it if that was all, else a frame was opened. */
  private begin(): Expr | undefined {
    const start = this.tokenStart;
    const end = this.tokenEnd;
    this.level = Level.Simple;
    switch (this.token) {
      case Token.Id: {
        if (this.want === Want.Whole) return this.nameOrLambda();
        const name = this.name;
        this.advance();
        return variable(name, start, end);
      }
      case Token.Quote:
        return this.beginString();
      case Token.Int: {
        const value = this.number;
        this.advance();
        return { kind: NodeKind.Int, start, end, pos: NO_OFFSET, value };
      }
      case Token.Float: {
        const value = this.number as number;
        this.advance();
        return { kind: NodeKind.Float, start, end, pos: NO_OFFSET, value };
      }
      case Token.LeftBrace:
        return this.want === Want.Whole ? this.setOrLambda() : this.beginSet(BindingsOf.Set, start);
      case Token.LeftParen:
        this.push(FrameKind.Paren, start);
        this.advance();
        this.want = Want.Whole;
        return undefined;
      case Token.LeftBracket: {
        const frame = this.push(FrameKind.List, start);
        frame.items = [];
        this.advance();
        if ((this.token as Token) === Token.RightBracket) return this.finishList(frame);
        this.want = Want.Select;
        return undefined;
      }
      case Token.IndentedOpen: {
        const frame = this.push(FrameKind.IndentedPart, start);
        frame.pieces = [];
        return this.indentedText(frame);
      }
      case Token.Path:
      case Token.HomePath:
        return this.beginPath();
      case Token.SearchPath: {
        const value = this.text.slice(start + 1, end - 1);
        this.advance();
        return { kind: NodeKind.SearchPath, start, end, pos: start, value };
      }
      case Token.Uri: {
        const value = this.text.slice(start, end);
        this.lint(
          this.options.lints?.urlLiterals,
          "url-literal",
          "lint-url-literals",
          (fatal) =>
            `URL literals are ${fatal ? "disallowed" : "discouraged"}. Consider using a string literal "${value}" instead`,
        );
        this.advance();
        return { kind: NodeKind.String, start, end, pos: NO_OFFSET, value, form: "uri" };
      }
      case Token.Rec:
        this.advance();
        if ((this.token as Token) !== Token.LeftBrace) this.fail("'{'");
        return this.beginSet(BindingsOf.RecursiveSet, start);
      case Token.Let:
        this.advance();
        if ((this.token as Token) === Token.LeftBrace)
          return this.beginSet(BindingsOf.LegacyLet, start);
        if (this.want !== Want.Whole) this.fail("'{'");
        this.openBindings(BindingsOf.Let, start, NO_OFFSET);
        return this.bindings();
      case Token.Bang:
        if (this.want === Want.Select) this.fail();
        this.push(FrameKind.Not, start).precedence = NOT_PRECEDENCE;
        this.advance();
        this.want = Want.Operand;
        return undefined;
      case Token.Minus:
        if (this.want === Want.Select) this.fail();
        this.push(FrameKind.Negate, start).precedence = NEGATE_PRECEDENCE;
        this.advance();
        this.want = Want.Operand;
        return undefined;
      case Token.If:
        return this.beginKeyword(FrameKind.IfCondition);
      case Token.Assert:
        return this.beginKeyword(FrameKind.AssertCondition);
      case Token.With:
        return this.beginKeyword(FrameKind.WithNamespace);
      default:
        return this.fail();
    }
  }

  /** `if`, `assert` and `with`, which cannot be operands. */
  private beginKeyword(kind: FrameKind): undefined {
    if (this.want !== Want.Whole) this.fail();
    this.push(kind, this.tokenStart);
    this.advance();
    return undefined;
  }

  /** Puts a finished expression where it belongs; returns the next one that is finished. */
  private proceed(finished: Expr): Expr | undefined {
    let value = finished;
    for (;;) {
      if (this.level === Level.Simple) {
        if (this.token === Token.Dot) {
          this.advance();
          const path: AttrName[] = [];
          if (!this.attrPath(PathOf.Select, value, path)) return undefined;
          const selected = this.afterSelect(value, path);
          if (selected === undefined) return undefined;
          value = selected;
        } else if (this.token === Token.Or) value = this.cursedOr(value);
        this.level = Level.Select;
      }
      if (this.level === Level.Select) {
        const next = this.selected(value);
        if (next === undefined) return undefined;
        value = next;
        if (this.level <= Level.Select) continue;
      }
      if (this.level === Level.Operator) {
        const next = this.operators(value);
        if (next === undefined) return undefined;
        value = next;
        this.level = Level.Whole;
      }
      const next = this.intoFrame(value);
      if (next === undefined || this.done) return next;
      value = next;
    }
  }

  /** A select-level expression is a list item, a fallback, an argument or may be a function. */
  private selected(value: Expr): Expr | undefined {
    const top = this.top;
    switch (top.kind) {
      case FrameKind.List:
        if (this.cursed !== undefined) this.warnIfCursed(value);
        top.items.push(value);
        if (this.token === Token.RightBracket) return this.finishList(top);
        this.want = Want.Select;
        return this.begin();
      case FrameKind.SelectOr: {
        if (this.cursed !== undefined) this.warnIfCursed(value);
        const { start, left, path } = top;
        this.pop();
        const { end } = value;
        return {
          kind: NodeKind.Select,
          start,
          end,
          pos: start,
          base: left as Expr,
          path,
          fallback: value,
        };
      }
      case FrameKind.Apply:
        if (this.cursed !== undefined) this.warnIfCursed(value);
        top.items.push(value);
        if (BEGINS_SIMPLE[this.token] as boolean) {
          this.want = Want.Select;
          return this.begin();
        }
        this.pop();
        this.level = Level.Operator;
        return apply(top.left as Expr, top.items);
      default: {
        this.cursed = undefined;
        if (!(BEGINS_SIMPLE[this.token] as boolean)) {
          this.level = Level.Operator;
          return value;
        }
        const frame = this.push(FrameKind.Apply, value.start);
        frame.left = value;
        frame.items = [];
        this.want = Want.Select;
        return this.begin();
      }
    }
  }

  /** At the `]` of a list. */
  private finishList(frame: Frame): Expr {
    const { start, items } = frame;
    const end = this.tokenEnd;
    this.pop();
    this.advance();
    this.level = Level.Simple;
    // Nix: a list has the position of its first item.
    const pos = items.length > 0 ? (items[0] as Expr).pos : NO_OFFSET;
    return { kind: NodeKind.List, start, end, pos, items };
  }

  /** `e or`: an application of `e` to a variable of that name. */
  protected cursedOr(callee: Expr): Expr {
    const start = callee.start;
    const end = this.tokenEnd;
    // Nix: the variable has the position of the whole, makeCall is not used.
    const or: Expr = { kind: NodeKind.Var, start: this.tokenStart, end, pos: start, name: "or" };
    this.advance();
    const call: Call = {
      kind: NodeKind.Call,
      start,
      end,
      pos: start,
      callee,
      args: [or],
      pipe: false,
    };
    this.cursed = call;
    return call;
  }

  private warnIfCursed(value: Expr): void {
    if (this.cursed === value) {
      const { start, end } = value;
      const { source } = this;
      const lines: string[] = [];
      const first = source.lineColumn(start);
      const last = source.lineColumn(end);
      for (let line = first.line; line <= last.line; line += 1) {
        const text = source.line(line) as string;
        const from = line === first.line ? first.column - 1 : 0;
        lines.push(line === last.line ? text.slice(from, last.column - 1) : text.slice(from));
      }
      const message =
        `at ${source.describe(start)}: ` +
        "This expression uses `or` as an identifier in a way that will change in a future Nix release.\n" +
        "Wrap this entire expression in parentheses to preserve its current meaning:\n" +
        `    (${lines.join("\n")})\n` +
        "Give feedback at https://github.com/NixOS/nix/pull/11121";
      this.report("cursed-or", "warning", message, start, end, NO_OFFSET);
    }
    this.cursed = undefined;
  }

  /** Reads operators behind an operand; `undefined` when one of them wants its right side. */
  private operators(operand: Expr): Expr | undefined {
    let value = operand;
    for (;;) {
      const precedence = PRECEDENCE[this.token] as number;
      for (;;) {
        const top = this.top;
        const kind = top.kind;
        if (kind < FrameKind.Binary || kind > FrameKind.Negate) break;
        if (precedence > top.precedence) break;
        if (precedence === top.precedence) {
          if (isRightAssociative(precedence)) break;
          if (isNonAssociative(precedence)) {
            this.held = value;
            this.fail();
          }
        }
        value = finishOperator(top, value);
        this.pop();
      }
      if (precedence === 0) break;
      if (precedence === HAS_ATTR_PRECEDENCE) {
        this.advance();
        const path: AttrName[] = [];
        if (!this.attrPath(PathOf.HasAttr, value, path)) return undefined;
        value = this.hasAttr(value, path);
        continue;
      }
      const frame = this.push(FrameKind.Binary, value.start);
      frame.left = value;
      frame.detail = BINARY_OPS[this.token] as BinaryOp;
      frame.precedence = precedence;
      return this.wantOperand(frame);
    }
    return this.pipes(value);
  }

  /** At an operator whose frame was just opened. */
  private wantOperand(frame: Frame): undefined {
    frame.pos = this.tokenStart;
    this.advance();
    this.want = Want.Operand;
    return undefined;
  }

  /** Reads `|>` and `<|`, which do not mix. */
  private pipes(operand: Expr): Expr | undefined {
    let value = operand;
    const top = this.top;
    if (top.kind === FrameKind.PipeInto) {
      value = pipe(top.pos, value, top.left as Expr);
      this.pop();
      if (this.token !== Token.PipeInto) return value;
    } else if (this.token === Token.PipeFrom) {
      const frame = this.push(FrameKind.PipeFrom, value.start);
      frame.left = value;
      return this.wantOperand(frame);
    } else if (top.kind === FrameKind.PipeFrom) {
      do {
        value = pipe(this.top.pos, this.top.left as Expr, value);
        this.pop();
      } while (this.top.kind === FrameKind.PipeFrom);
      return value;
    }
    if (this.token !== Token.PipeInto) return value;
    const frame = this.push(FrameKind.PipeInto, value.start);
    frame.left = value;
    return this.wantOperand(frame);
  }

  /** Gives a whole expression to the frame on top. */
  private intoFrame(value: Expr): Expr | undefined {
    const top = this.top;
    switch (top.kind) {
      case FrameKind.Root:
        this.require(Token.Eof, "end of file", value);
        this.done = true;
        return value;
      case FrameKind.Paren: {
        this.require(Token.RightParen, "')'", value);
        const open = value as Open<Expr>;
        // The span of an expression includes its parentheses; operators use it as their position.
        open.start = top.start;
        open.end = this.tokenEnd;
        if (this.options.keepParens === true)
          this.parens.push({ start: top.start, end: this.tokenEnd });
        this.pop();
        this.advance();
        this.level = Level.Simple;
        return value;
      }
      case FrameKind.Bindings: {
        this.require(Token.Semicolon, "';'", value);
        top.inValue = false;
        this.finishBinding(top, value);
        this.advance();
        return this.bindings();
      }
      case FrameKind.LambdaBody:
      case FrameKind.AssertBody:
      case FrameKind.WithBody:
      case FrameKind.IfAlternative:
      case FrameKind.LetBody: {
        const whole = this.finishWhole(top, value);
        this.pop();
        return whole;
      }
      case FrameKind.IfCondition:
        this.require(Token.Then, "'then'", value);
        top.left = value;
        return this.next(top, FrameKind.IfConsequence);
      case FrameKind.IfConsequence:
        this.require(Token.Else, "'else'", value);
        top.middle = value;
        return this.next(top, FrameKind.IfAlternative);
      case FrameKind.AssertCondition:
        this.require(Token.Semicolon, "';'", value);
        top.left = value;
        return this.next(top, FrameKind.AssertBody);
      case FrameKind.WithNamespace:
        this.require(Token.Semicolon, "';'", value);
        top.left = value;
        return this.next(top, FrameKind.WithBody);
      case FrameKind.StringPart:
        this.require(Token.RightBrace, "'}'", value);
        top.items.push(value);
        return this.stringText(top);
      case FrameKind.IndentedPart:
        this.require(Token.RightBrace, "'}'", value);
        top.pieces.push({
          text: undefined,
          indented: false,
          expr: value,
          pos: top.pos,
          end: this.tokenEnd,
        });
        return this.indentedText(top);
      case FrameKind.PathPart:
        this.require(Token.RightBrace, "'}'", value);
        top.items.push(value);
        top.namePos = top.pos;
        top.pos = this.tokenStart;
        return this.pathText(top);
      case FrameKind.AttrInterpolation: {
        this.require(Token.RightBrace, "'}'", value);
        this.pop();
        this.finishName(value, this.tokenEnd);
        return this.continuePath();
      }
      case FrameKind.InheritSource: {
        this.require(Token.RightParen, "')'", value);
        this.pop();
        const frame = this.top;
        frame.precedence = (frame.set as OpenAttrSet).addSource(value);
        this.advance();
        return this.inheritNames(frame) ? this.bindings() : undefined;
      }
      case FrameKind.FormalDefault:
        return this.finishFormal(top, value);
      case FrameKind.List:
        // Only after an error: the item has not been taken yet.
        top.items.push(value);
        if (this.token === Token.RightBracket) return this.finishList(top);
        this.want = Want.Select;
        return undefined;
      default:
        throw new InternalError("an operand is not a whole expression");
    }
  }
}
