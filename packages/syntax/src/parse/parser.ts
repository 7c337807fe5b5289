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
import {
  BinaryOp,
  BindingKind,
  NodeKind,
  type AttrName,
  type Call,
  type Expr,
  type Formal,
  type Lambda,
  type Span,
  type StringForm,
  type StringLiteral,
} from "../ast/nodes.ts";
import { printAttrPath } from "../ast/print.ts";
import { printIdentifier } from "../ast/quote.ts";
import { Lexer, Stop } from "../lex/lexer.ts";
import { stripIndentation } from "../lex/strings.ts";
import { TOKEN_NAMES, Token } from "../lex/token.ts";
import type { DiagnosticCode } from "../text/diagnostic.ts";
import type { SourceFile } from "../text/source.ts";
import { NO_POS, OpenAttrSet, addAttr, setDoc } from "./attrs.ts";
import { BindingsOf, Frame, FrameKind, PathOf } from "./frame.ts";
import type { LintLevel, ParseOptions } from "./options.ts";
import { resolvePath } from "./paths.ts";

/** Which operands are allowed where something begins. */
const enum Want {
  /** Everything, also lambdas, `let`, `if`. */
  Whole,
  /** An operand of an operator: `!` and `-` but no lambda. */
  Operand,
  /** An argument or a list item: no operator. */
  Select,
}

/** How far an expression is finished. */
const enum Level {
  Simple,
  Select,
  Operator,
  Whole,
}

/** Thrown by `fail`, caught by `run`; it carries nothing. */
const SYNTAX_ERROR: unique symbol = Symbol("syntax error");

/** Lets a node be changed until the tree is handed out. */
type Open<T> = { -readonly [K in keyof T]: T[K] };

const NOT_PRECEDENCE = 7;
const HAS_ATTR_PRECEDENCE = 11;
const NEGATE_PRECEDENCE = 12;

const NAME_EXPECTED = "identifier or 'or' or '${' or '\"'";
const FORMAL_EXPECTED = "identifier or '...' or '}'";

/** Indexed by {@link Token}: may it begin a simple expression? */
const BEGINS_SIMPLE: readonly boolean[] = tokenTable(false, (table) => {
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
const PRECEDENCE: readonly number[] = tokenTable(0, (table) => {
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
const BINARY_OPS: readonly BinaryOp[] = tokenTable<BinaryOp>(BinaryOp.Add, (table) => {
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

function tokenTable<T>(initial: T, fill: (table: T[]) => void): readonly T[] {
  const table = new Array<T>(TOKEN_NAMES.length).fill(initial);
  fill(table);
  return table;
}

function isRightAssociative(precedence: number): boolean {
  return precedence === 1 || precedence === 6 || precedence === 10;
}

function isNonAssociative(precedence: number): boolean {
  return precedence === 4 || precedence === 5;
}

/** Parses one text; use it once. */
export class Parser extends Lexer {
  readonly parens: Span[] = [];
  private readonly options: ParseOptions;
  private readonly frames: Frame[] = [];
  private depth = -1;
  private top: Frame;
  /** What `begin` may accept. */
  private want: Want = Want.Whole;
  /** How far the value is that `proceed` is given. */
  private level: Level = Level.Simple;
  /** The call made by the last `e or`, while nothing has settled whether it deserves a warning. */
  private cursed: Call | undefined = undefined;
  /** Where the last syntax error was, so that one mistake is told once. */
  private lastFailure = -1;
  private done = false;

  constructor(source: SourceFile, options: ParseOptions) {
    super(source, {
      pipeOperators: options.features?.pipeOperators === true,
      keepComments: options.keepComments === true,
    });
    this.options = options;
    this.top = this.push(FrameKind.Root, 0);
  }

  /** Parses the text as one expression. */
  parseExpression(): Expr {
    this.advance();
    return this.run();
  }

  /** Parses the text as bindings without braces, as a REPL accepts them. */
  parseBindings(): OpenAttrSet {
    this.advance();
    const frame = this.openBindings(BindingsOf.Repl, 0, NO_POS);
    const set = frame.set as OpenAttrSet;
    this.inBindings = true;
    this.run();
    return set;
  }

  /** Set when the next step is to read a binding and not an operand. */
  private inBindings = false;

  private run(): Expr {
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

  // ── the stack ────────────────────────────────────────────────────────────────────────────────

  private push(kind: FrameKind, start: number): Frame {
    this.depth += 1;
    let frame = this.frames[this.depth];
    if (frame === undefined) {
      frame = new Frame();
      this.frames.push(frame);
    }
    frame.kind = kind;
    frame.start = start;
    this.top = frame;
    return frame;
  }

  private pop(): void {
    this.depth -= 1;
    this.top = this.frames[this.depth] as Frame;
  }

  // ── errors ───────────────────────────────────────────────────────────────────────────────────

  /** Reports the current token as unexpected. `expected` lists what Bison would list, if anything. */
  private fail(expected = ""): never {
    return this.failAt(this.token, this.tokenStart, this.tokenEnd, expected);
  }

  private failAt(token: Token, start: number, end: number, expected: string): never {
    let pos = start;
    if (token === Token.Eof) pos = this.eofPosition >= 0 ? this.eofPosition : end;
    if (start !== this.lastFailure) {
      this.lastFailure = start;
      let message = `syntax error, unexpected ${TOKEN_NAMES[token] as string}`;
      if (expected !== "") message += `, expecting ${expected}`;
      this.report("syntax-error", "error", message, start, end, pos);
    }
    throw SYNTAX_ERROR;
  }

  private lint(
    level: LintLevel | undefined,
    code: DiagnosticCode,
    setting: string,
    message: (fatal: boolean) => string,
  ): void {
    if (level === undefined || level === "ignore") return;
    const fatal = level === "fatal";
    this.report(
      code,
      fatal ? "error" : "warning",
      `${message(fatal)} (${setting})`,
      this.tokenStart,
      this.tokenEnd,
    );
  }

  // ── where something begins ───────────────────────────────────────────────────────────────────

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
        return { kind: NodeKind.Int, start, end, pos: NO_POS, value };
      }
      case Token.Float: {
        const value = this.number as number;
        this.advance();
        return { kind: NodeKind.Float, start, end, pos: NO_POS, value };
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
        return { kind: NodeKind.String, start, end, pos: NO_POS, value, form: "uri" };
      }
      case Token.Rec:
        this.advance();
        if ((this.token as Token) !== Token.LeftBrace) this.fail("'{'");
        return this.beginSet(BindingsOf.RecursiveSet, start);
      case Token.Let:
        this.advance();
        if ((this.token as Token) === Token.LeftBrace) return this.beginSet(BindingsOf.LegacyLet, start);
        if (this.want !== Want.Whole) this.fail("'{'");
        this.openBindings(BindingsOf.Let, start, NO_POS);
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

  /** `if`, `assert` and `with`, which are no operands. */
  private beginKeyword(kind: FrameKind): undefined {
    if (this.want !== Want.Whole) this.fail();
    this.push(kind, this.tokenStart);
    this.advance();
    return undefined;
  }

  /** At a name where a lambda may begin. */
  private nameOrLambda(): Expr | undefined {
    const start = this.tokenStart;
    const end = this.tokenEnd;
    const name = this.name;
    const docStart = this.docStart;
    const docEnd = this.docEnd;
    this.advance();
    if (this.token !== Token.Colon && this.token !== Token.At) return variable(name, start, end);
    const frame = this.push(FrameKind.LambdaBody, start);
    frame.name = name;
    frame.namePos = start;
    frame.formals = undefined;
    frame.inPattern = this.token === Token.At;
    frame.docStart = docStart;
    frame.docEnd = docEnd;
    if (this.token === Token.At) {
      this.advance();
      if ((this.token as Token) !== Token.LeftBrace) this.fail("'{'");
      this.advance();
      frame.formals = [];
      frame.ellipsis = false;
      if ((this.token as Token) !== Token.RightBrace) return this.formals(frame);
      return this.afterFormals(frame);
    }
    this.advance();
    this.want = Want.Whole;
    return undefined;
  }

  /** At a `{` where a lambda may begin. */
  private setOrLambda(): Expr | undefined {
    const start = this.tokenStart;
    const docStart = this.docStart;
    const docEnd = this.docEnd;
    this.advance();
    switch (this.token) {
      case Token.RightBrace: {
        const end = this.tokenEnd;
        this.advance();
        if ((this.token as Token) !== Token.Colon && (this.token as Token) !== Token.At) {
          const set = new OpenAttrSet(start, start, false);
          set.end = end;
          return set;
        }
        return this.afterBrace(this.openFormals(start, docStart, docEnd));
      }
      case Token.Ellipsis:
        return this.formals(this.openFormals(start, docStart, docEnd));
      case Token.Id: {
        const nameStart = this.tokenStart;
        const nameEnd = this.tokenEnd;
        const name = this.name;
        const nameDocStart = this.docStart;
        const nameDocEnd = this.docEnd;
        this.advance();
        if ((this.token as Token) === Token.Comma || (this.token as Token) === Token.Question || (this.token as Token) === Token.RightBrace) {
          const frame = this.openFormals(start, docStart, docEnd);
          return this.afterFormalName(frame, name, nameStart);
        }
        const frame = this.openBindings(BindingsOf.Set, start, start);
        frame.pos = nameStart;
        frame.docStart = nameDocStart;
        frame.docEnd = nameDocEnd;
        const path: AttrName[] = [{ name, expr: undefined, start: nameStart, end: nameEnd }];
        if ((this.token as Token) === Token.Dot) {
          this.advance();
          if (!this.attrPath(PathOf.Binding, undefined, path)) return undefined;
        }
        return this.bindingEquals(frame, path);
      }
      default:
        this.openBindings(BindingsOf.Set, start, start);
        return this.bindings();
    }
  }

  // ── lambdas ──────────────────────────────────────────────────────────────────────────────────

  private openFormals(start: number, docStart: number, docEnd: number): Frame {
    const frame = this.push(FrameKind.LambdaBody, start);
    frame.name = undefined;
    frame.namePos = start;
    frame.formals = [];
    frame.ellipsis = false;
    frame.inPattern = true;
    frame.docStart = docStart;
    frame.docEnd = docEnd;
    return frame;
  }

  /** Behind `{` or a comma of a pattern. */
  private formals(frame: Frame): undefined {
    if (this.token === Token.Id) {
      const name = this.name;
      const start = this.tokenStart;
      this.advance();
      return this.afterFormalName(frame, name, start);
    }
    if (this.token === Token.Ellipsis) {
      this.advance();
      frame.ellipsis = true;
      if ((this.token as Token) !== Token.RightBrace) this.fail("'}'");
    } else if (this.token !== Token.RightBrace || (frame.formals as Formal[]).length === 0) {
      this.fail(FORMAL_EXPECTED);
    }
    return this.afterFormals(frame);
  }

  private afterFormalName(frame: Frame, name: string, pos: number): undefined {
    let formal = name;
    let formalPos = pos;
    for (;;) {
      if (this.token === Token.Question) {
        const inner = this.push(FrameKind.FormalDefault, formalPos);
        inner.name = formal;
        this.advance();
        this.want = Want.Whole;
        return undefined;
      }
      (frame.formals as Formal[]).push({ name: formal, pos: formalPos, fallback: undefined });
      if (this.token === Token.RightBrace) return this.afterFormals(frame);
      if (this.token !== Token.Comma) this.fail("'}' or ','");
      this.advance();
      if ((this.token as Token) !== Token.Id) return this.formals(frame);
      formal = this.name;
      formalPos = this.tokenStart;
      this.advance();
    }
  }

  /** At the `}` of a pattern. */
  private afterFormals(frame: Frame): undefined {
    this.advance();
    return this.afterBrace(frame);
  }

  /** Behind the `}` of a pattern. */
  private afterBrace(frame: Frame): undefined {
    frame.inPattern = false;
    if (frame.name === undefined) {
      if (this.token === Token.At) {
        this.advance();
        if ((this.token as Token) !== Token.Id) this.fail("identifier");
        frame.name = this.name;
        frame.namePos = this.tokenStart;
        this.advance();
        if ((this.token as Token) !== Token.Colon) this.fail("':'");
      } else if (this.token !== Token.Colon) this.fail("':' or '@'");
    } else if (this.token !== Token.Colon) this.fail("':'");
    this.advance();
    this.want = Want.Whole;
    return undefined;
  }

  private finishLambda(frame: Frame, body: Expr): Lambda {
    const formals = frame.formals;
    if (formals !== undefined) this.checkFormals(frame, formals);
    const lambda: Lambda = {
      kind: NodeKind.Lambda,
      start: frame.start,
      end: body.end,
      pos: frame.start,
      param: frame.name,
      paramPos: frame.namePos,
      formals: formals === undefined ? undefined : { formals, ellipsis: frame.ellipsis },
      body,
      name: undefined,
      doc: undefined,
    };
    if (frame.docStart >= 0) setDoc(lambda, { start: frame.docStart, end: frame.docEnd });
    return lambda;
  }

  /** Reports a name that stands twice in a pattern. */
  private checkFormals(frame: Frame, formals: readonly Formal[]): void {
    let duplicates: Formal[] | undefined;
    if (formals.length < 10) {
      for (let i = 1; i < formals.length; i += 1) {
        const formal = formals[i] as Formal;
        for (let j = 0; j < i; j += 1) {
          if ((formals[j] as Formal).name === formal.name) {
            duplicates ??= [];
            duplicates.push(formal);
            break;
          }
        }
      }
    } else {
      const seen = new Set<string>();
      for (const formal of formals) {
        if (seen.has(formal.name)) {
          duplicates ??= [];
          duplicates.push(formal);
        } else seen.add(formal.name);
      }
    }
    if (duplicates !== undefined) {
      // Nix: the name that was seen first anywhere, then the smallest position.
      this.inOrderOfMention(duplicates);
      for (const formal of duplicates) this.reportFormal(formal.name, formal.pos);
    } else if (frame.name !== undefined && formals.some((formal) => formal.name === frame.name)) {
      this.reportFormal(frame.name, frame.start);
    }
  }

  private reportFormal(name: string, pos: number): void {
    this.report(
      "duplicate-formal",
      "error",
      `duplicate formal function argument '${printIdentifier(name)}'`,
      pos,
      pos + name.length,
    );
  }

  /** Sorts names by where the text mentions them first, which is the order of C++ Nix's symbols. */
  private inOrderOfMention(items: { readonly name: string; readonly pos: number }[]): void {
    if (items.length < 2) return;
    const mention = new Map<string, number>();
    for (const { name } of items) {
      if (!mention.has(name)) mention.set(name, firstMention(this.text, name));
    }
    items.sort((a, b) => (mention.get(a.name) as number) - (mention.get(b.name) as number) || a.pos - b.pos);
  }

  // ── bindings ─────────────────────────────────────────────────────────────────────────────────

  private openBindings(of: BindingsOf, start: number, pos: number): Frame {
    const frame = this.push(FrameKind.Bindings, start);
    frame.detail = of;
    frame.inValue = false;
    frame.set = new OpenAttrSet(start, pos, false);
    return frame;
  }

  /** At the `{` of a set; `start` is where the set begins, `rec` and `let` included. */
  private beginSet(of: BindingsOf, start: number): Expr | undefined {
    const set = this.openBindings(of, start, start).set as OpenAttrSet;
    set.recursive = of !== BindingsOf.Set;
    set.legacyLet = of === BindingsOf.LegacyLet;
    this.advance();
    return this.bindings();
  }

  /** Between two bindings: reads on until one needs an expression, or the end of the group. */
  private bindings(): Expr | undefined {
    const frame = this.top;
    for (;;) {
      switch (this.token) {
        case Token.Id:
        case Token.Or:
        case Token.Quote:
        case Token.DollarBrace: {
          frame.pos = this.tokenStart;
          frame.docStart = this.docStart;
          frame.docEnd = this.docEnd;
          const path: AttrName[] = [];
          if (!this.attrPath(PathOf.Binding, undefined, path)) return undefined;
          return this.bindingEquals(frame, path);
        }
        case Token.Inherit:
          this.advance();
          frame.path = [];
          frame.precedence = -1;
          if ((this.token as Token) === Token.LeftParen) {
            this.push(FrameKind.InheritSource, this.tokenStart);
            this.advance();
            this.want = Want.Whole;
            return undefined;
          }
          if (!this.inheritNames(frame)) return undefined;
          break;
        default:
          return this.endBindings(frame);
      }
    }
  }

  /** Behind a whole attribute path of a binding. */
  private bindingEquals(frame: Frame, path: AttrName[]): undefined {
    if (this.token !== Token.Equals) this.fail("'.' or '='");
    frame.path = path;
    frame.inValue = true;
    this.advance();
    this.want = Want.Whole;
    return undefined;
  }

  private finishBinding(frame: Frame, value: Expr): void {
    const set = frame.set as OpenAttrSet;
    const doc = frame.docStart >= 0 ? { start: frame.docStart, end: frame.docEnd } : undefined;
    const duplicates = addAttr(set, frame.path, frame.pos, value, doc);
    if (duplicates === undefined) return;
    if (duplicates.length > 1) {
      const named = duplicates.map((duplicate) => ({
        name: (duplicate.path[duplicate.path.length - 1] as AttrName).name as string,
        pos: duplicate.pos,
        duplicate,
      }));
      this.inOrderOfMention(named);
      for (const { duplicate } of named) {
        this.reportDuplicate(printAttrPath(duplicate.path), duplicate.pos, duplicate.previous);
      }
      return;
    }
    for (const duplicate of duplicates) {
      this.reportDuplicate(printAttrPath(duplicate.path), duplicate.pos, duplicate.previous);
    }
  }

  private reportDuplicate(name: string, pos: number, previous: number): void {
    this.report(
      "duplicate-attribute",
      "error",
      `attribute '${name}' already defined at ${this.source.describe(previous)}`,
      pos,
      pos + 1,
      pos,
      [{ span: { start: previous, end: previous + 1 }, message: "first defined here" }],
    );
  }

  /** The names of an `inherit`; false when one of them needs an expression first. */
  private inheritNames(frame: Frame): boolean {
    const path = frame.path;
    for (;;) {
      const start = this.tokenStart;
      switch (this.token) {
        case Token.Id:
        case Token.Or:
          path.push({ name: this.name, expr: undefined, start, end: this.tokenEnd });
          this.advance();
          break;
        case Token.Quote:
        case Token.DollarBrace:
          if (!this.stringName(PathOf.Inherit, undefined, path)) return false;
          break;
        case Token.Semicolon:
          this.finishInherit(frame, path);
          this.advance();
          return true;
        default:
          return this.fail();
      }
    }
  }

  private finishInherit(frame: Frame, names: readonly AttrName[]): void {
    const set = frame.set as OpenAttrSet;
    const from = frame.precedence;
    const kind = from < 0 ? BindingKind.Inherited : BindingKind.InheritedFrom;
    for (const { name, start, end } of names) {
      if (name === undefined) continue;
      const known = set.find(name);
      if (known !== undefined) this.reportDuplicate(printIdentifier(name), start, known.pos);
      else {
        const value: Expr = { kind: NodeKind.Var, start, end, pos: start, name };
        set.add({ kind, name, pos: start, value, from, doc: undefined });
      }
    }
  }

  /** At a token that begins no binding. */
  private endBindings(frame: Frame): Expr | undefined {
    const set = frame.set as OpenAttrSet;
    const start = frame.start;
    const end = this.tokenEnd;
    const of = frame.detail as BindingsOf;
    switch (of) {
      case BindingsOf.Let:
        if (this.token !== Token.In) this.fail("'in' or 'inherit'");
        set.close(this.tokenStart);
        frame.kind = FrameKind.LetBody;
        this.advance();
        this.want = Want.Whole;
        return undefined;
      case BindingsOf.Repl:
        // At the first token: there must be one binding at least.
        if (this.previousEnd === 0) this.fail("'inherit'");
        if (this.token !== Token.Eof) this.fail("end of file");
        set.close(end);
        this.done = true;
        return set;
      case BindingsOf.Set:
        if (this.token !== Token.RightBrace) this.fail("'inherit'");
        break;
      case BindingsOf.RecursiveSet:
      case BindingsOf.LegacyLet:
        if (this.token !== Token.RightBrace) this.fail("'inherit' or '}'");
        break;
    }
    set.close(end);
    this.pop();
    this.advance();
    this.level = Level.Simple;
    if (of !== BindingsOf.LegacyLet) return set;
    const path: AttrName[] = [{ name: "body", expr: undefined, start, end }];
    return { kind: NodeKind.Select, start, end, pos: start, base: set, path, fallback: undefined };
  }

  // ── attribute paths ──────────────────────────────────────────────────────────────────────────

  /**
   * Reads attribute names and the dots between them, at the first name. False when a name needs an
   * expression: a frame then waits for it.
   */
  private attrPath(of: PathOf, base: Expr | undefined, path: AttrName[]): boolean {
    for (;;) {
      switch (this.token) {
        case Token.Id:
        case Token.Or:
          path.push({ name: this.name, expr: undefined, start: this.tokenStart, end: this.tokenEnd });
          this.advance();
          break;
        case Token.Quote:
        case Token.DollarBrace:
          if (!this.stringName(of, base, path)) return false;
          break;
        default:
          this.partialPath(of, base, path);
          this.fail(NAME_EXPECTED);
      }
      if ((this.token as Token) !== Token.Dot) return true;
      this.advance();
    }
  }

  /** Keeps what was read of a broken path, so that the tree still has its base. */
  private partialPath(of: PathOf, base: Expr | undefined, path: AttrName[]): void {
    if (base === undefined) return;
    const frame = this.push(FrameKind.AttrPath, base.start);
    frame.detail = of;
    frame.left = base;
    frame.path = path;
  }

  /** A name in quotes or `${…}`; false when it must wait for an expression. */
  private stringName(of: PathOf, base: Expr | undefined, path: AttrName[]): boolean {
    const start = this.tokenStart;
    const quoted = this.token === Token.Quote;
    let firstStop = Stop.Interpolation;
    if (quoted) {
      firstStop = this.scanStringText();
      if (firstStop === Stop.Close) {
        this.at += 1;
        path.push({ name: this.piece, expr: undefined, start, end: this.at });
        this.advance();
        return true;
      }
    }
    const frame = this.push(FrameKind.AttrPath, base === undefined ? start : base.start);
    frame.detail = of;
    frame.left = base;
    frame.path = path;
    frame.pos = start;
    if (quoted) this.openString(start, firstStop);
    else {
      this.push(FrameKind.AttrInterpolation, start);
      this.advance();
    }
    this.want = Want.Whole;
    return false;
  }

  /** A name that needed an expression is complete; its `AttrPath` frame is on top. */
  private finishName(value: Expr, end: number): void {
    const frame = this.top;
    const { pos: start, path } = frame;
    if (value.kind === NodeKind.String) path.push({ name: value.value, expr: undefined, start, end });
    else {
      path.push({ name: undefined, expr: value, start, end });
      if (frame.detail === PathOf.Inherit) {
        this.report("dynamic-attribute-in-inherit", "error", "dynamic attributes not allowed in inherit", start, end);
      }
    }
    this.advance();
  }

  /** Reads on behind a name whose `AttrPath` frame is on top, and uses the path when it is whole. */
  private continuePath(): Expr | undefined {
    const frame = this.top;
    const of = frame.detail as PathOf;
    const base = frame.left;
    const path = frame.path;
    this.pop();
    if (of === PathOf.Inherit) return this.inheritNames(this.top) ? this.bindings() : undefined;
    if (this.token === Token.Dot) {
      this.advance();
      if (!this.attrPath(of, base, path)) return undefined;
    }
    if (of === PathOf.Binding) return this.bindingEquals(this.top, path);
    return of === PathOf.Select ? this.afterSelect(base as Expr, path) : this.hasAttr(base as Expr, path);
  }

  /** Behind `base.path`. */
  private afterSelect(base: Expr, path: AttrName[]): Expr | undefined {
    const end = this.previousEnd;
    if (this.token === Token.Or) {
      const frame = this.push(FrameKind.SelectOr, base.start);
      frame.left = base;
      frame.path = path;
      this.advance();
      this.want = Want.Select;
      return undefined;
    }
    this.level = Level.Select;
    const { start } = base;
    return { kind: NodeKind.Select, start, end, pos: start, base, path, fallback: undefined };
  }

  private hasAttr(base: Expr, path: AttrName[]): Expr {
    this.level = Level.Operator;
    return { kind: NodeKind.HasAttr, start: base.start, end: this.previousEnd, pos: base.pos, base, path };
  }

  // ── strings and paths ────────────────────────────────────────────────────────────────────────

  private beginString(): Expr | undefined {
    const start = this.tokenStart;
    const stop = this.scanStringText();
    if (stop === Stop.Close) {
      const end = this.at + 1;
      const value = this.piece;
      this.at = end;
      this.advance();
      return { kind: NodeKind.String, start, end, pos: NO_POS, value, form: "quoted" };
    }
    return this.openString(start, stop);
  }

  /** A string whose first piece of text has been scanned and does not end it. */
  private openString(start: number, stop: Stop): undefined {
    const frame = this.push(FrameKind.StringPart, start);
    frame.items = [];
    frame.positions = [];
    if (this.piece !== "") this.addText(frame, start + 1, "quoted");
    this.openInterpolation(frame, stop, "'\"'");
    return undefined;
  }

  /** Adds the piece that was just scanned. */
  private addText(frame: Frame, start: number, form: StringForm): void {
    const text: StringLiteral = {
      kind: NodeKind.String,
      start,
      end: this.at,
      pos: NO_POS,
      value: this.piece,
      form,
    };
    frame.items.push(text);
    frame.positions.push(start);
  }

  /** At a `${` inside text, or at the end of the file. */
  private openInterpolation(frame: Frame, stop: Stop, expected: string): void {
    if (stop === Stop.Eof) {
      this.token = Token.Eof;
      this.tokenStart = this.length;
      this.tokenEnd = this.length;
      this.fail(expected);
    }
    frame.positions.push(this.at);
    this.at += 2;
    this.advance();
    this.want = Want.Whole;
  }

  /** Behind an interpolation of a string. */
  private stringText(frame: Frame): Expr | undefined {
    const start = this.at;
    const stop = this.scanStringText();
    if (this.piece !== "") this.addText(frame, start, "quoted");
    if (stop !== Stop.Close) {
      this.openInterpolation(frame, stop, "'\"'");
      return undefined;
    }
    this.at += 1;
    const parts = frame.items;
    const partPositions = frame.positions;
    const value: Expr = {
      kind: NodeKind.StringTemplate,
      start: frame.start,
      end: this.at,
      pos: partPositions[0] as number,
      parts,
      partPositions,
      form: "quoted",
    };
    this.pop();
    if (this.top.kind === FrameKind.AttrPath) {
      this.finishName(value, this.at);
      return this.continuePath();
    }
    this.advance();
    this.level = Level.Simple;
    return value;
  }

  /** Inside `''…''`, at its begin or behind an interpolation. */
  private indentedText(frame: Frame): Expr | undefined {
    const pieces = frame.pieces;
    for (;;) {
      const pos = this.at;
      const stop = this.scanIndentedText();
      if (stop === Stop.Piece) {
        pieces.push({ text: this.piece, indented: this.pieceIndented, expr: undefined, pos, end: this.at });
        continue;
      }
      if (stop === Stop.Close) break;
      frame.pos = pos;
      frame.positions = [];
      this.openInterpolation(frame, stop, "indented string or '${' or end of an indented string");
      return undefined;
    }
    this.at += 2;
    const start = frame.start;
    const end = this.at;
    this.pop();
    this.advance();
    this.level = Level.Simple;
    const { parts, positions } = stripIndentation(pieces);
    if (parts.length === 0) {
      return { kind: NodeKind.String, start, end, pos: NO_POS, value: "", form: "indented" };
    }
    const only = parts[0] as Expr;
    if (parts.length === 1 && only.kind === NodeKind.String) {
      const { value } = only;
      return { kind: NodeKind.String, start, end, pos: NO_POS, value, form: "indented" };
    }
    return {
      kind: NodeKind.StringTemplate,
      start,
      end,
      pos: start,
      parts,
      partPositions: positions,
      form: "indented",
    };
  }

  private beginPath(): Expr | undefined {
    const start = this.tokenStart;
    const end = this.tokenEnd;
    const literal = this.text.slice(start, end);
    const value = this.token === Token.HomePath ? this.homePath(literal) : this.plainPath(literal);
    const first: Expr = {
      kind: NodeKind.Path,
      start,
      end,
      pos: NO_POS,
      value,
      form: this.token === Token.HomePath ? "home" : literal.startsWith("/") ? "absolute" : "relative",
    };
    const next = end < this.length ? this.text.charCodeAt(end) : -1;
    // Only these can go on with a path.
    if (next !== 36 && next !== 47 && literal.charCodeAt(literal.length - 1) !== 47) {
      if (next < 0) this.eofPosition = start;
      this.advance();
      return first;
    }
    const frame = this.push(FrameKind.PathPart, start);
    frame.items = [first];
    frame.positions = [start];
    frame.pos = start;
    return this.pathText(frame);
  }

  private plainPath(literal: string): string {
    const lints = this.options.lints;
    if (literal.startsWith("/")) {
      this.lint(
        lints?.absolutePathLiterals,
        "absolute-path-literal",
        "lint-absolute-path-literals",
        () =>
          `absolute path literals are not portable. Consider replacing path literal '${literal}' by a string, relative path, or parameter`,
      );
    } else if (!literal.startsWith(".")) {
      this.lint(
        lints?.shortPathLiterals,
        "short-path-literal",
        "lint-short-path-literals",
        () => `relative path literal '${literal}' should be prefixed with '.' for clarity: './${literal}'`,
      );
    }
    return resolvePath(literal, this.options.basePath);
  }

  private homePath(literal: string): string {
    const home = this.options.home;
    if (home === undefined) {
      this.report(
        "home-path-in-pure-mode",
        "error",
        `the path '${literal}' can not be resolved in pure mode`,
        this.tokenStart,
        this.tokenEnd,
        undefined,
      );
      return literal;
    }
    this.lint(
      this.options.lints?.absolutePathLiterals,
      "absolute-path-literal",
      "lint-absolute-path-literals",
      () =>
        `home path literals are not portable. Consider replacing path literal '${literal}' by a string, relative path, or parameter`,
    );
    return home + literal.slice(1);
  }

  /** Behind a part of a path; `frame.pos` is where the last piece of it begins. */
  private pathText(frame: Frame): Expr | undefined {
    const items = frame.items;
    for (;;) {
      const start = this.at;
      const stop = this.scanPathText();
      if (stop === Stop.Interpolation) {
        this.openInterpolation(frame, stop, "");
        return undefined;
      }
      const afterSlash = this.text.charCodeAt(start - 1) === 47;
      // True behind `./a//b`, where text follows the path without an interpolation between them.
      const onlyText = items.length === 2 && (items[1] as Expr).start === frame.positions[1];
      if (stop === Stop.Piece) {
        if (onlyText) this.pathFailure(Token.StringText, start, this.at, frame);
        this.addText(frame, start, "quoted");
        frame.namePos = frame.pos;
        frame.pos = start;
        continue;
      }
      const atEof = start >= this.length;
      if (afterSlash) {
        // Nix: at the end of the file the lexer still stands at the last piece.
        this.report(
          "path-trailing-slash",
          "error",
          "path has a trailing slash",
          frame.start,
          start,
          atEof ? frame.pos : start,
        );
      } else if (onlyText) {
        this.pathFailure(Token.PathEnd, atEof ? frame.namePos : frame.pos, start, frame);
      }
      if (atEof) this.eofPosition = frame.pos;
      break;
    }
    const end = this.at;
    const { start, positions } = frame;
    this.pop();
    this.advance();
    this.level = Level.Simple;
    if (items.length === 1) return items[0] as Expr;
    return { kind: NodeKind.PathTemplate, start, end, pos: start, parts: items, partPositions: positions };
  }

  /** Text after a path that no interpolation follows: `./a//b`. */
  private pathFailure(token: Token, start: number, end: number, frame: Frame): never {
    while (this.scanPathText() === Stop.Piece) {
      // The rest of the path belongs to the mistake.
    }
    this.held = frame.items[0] as Expr;
    this.pop();
    this.advance();
    return this.failAt(token, start, end, "'${'");
  }

  // ── where something has ended ────────────────────────────────────────────────────────────────

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
        return { kind: NodeKind.Select, start, end, pos: start, base: left as Expr, path, fallback: value };
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
    const pos = items.length > 0 ? (items[0] as Expr).pos : NO_POS;
    return { kind: NodeKind.List, start, end, pos, items };
  }

  /** `e or`: an application of `e` to a variable of that name. */
  private cursedOr(callee: Expr): Expr {
    const start = callee.start;
    const end = this.tokenEnd;
    // Nix: the variable has the position of the whole, makeCall is not used.
    const or: Expr = { kind: NodeKind.Var, start: this.tokenStart, end, pos: start, name: "or" };
    this.advance();
    const call: Call = { kind: NodeKind.Call, start, end, pos: start, callee, args: [or], pipe: false };
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
      this.report("cursed-or", "warning", message, start, end, undefined);
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

  /** Fails unless the current token is `token`; `value` is what stands before it. */
  private require(token: Token, expected: string, value: Expr): void {
    if (this.token === token) return;
    this.held = value;
    this.fail(expected);
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
        if (this.options.keepParens === true) this.parens.push({ start: top.start, end: this.tokenEnd });
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
        top.pieces.push({ text: undefined, indented: false, expr: value, pos: top.pos, end: this.tokenEnd });
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
        throw new Error("an operand is not a whole expression");
    }
  }

  /** Lets a frame wait for its next part. */
  private next(frame: Frame, kind: FrameKind): undefined {
    frame.kind = kind;
    this.advance();
    this.want = Want.Whole;
    return undefined;
  }

  private finishFormal(inner: Frame, fallback: Expr): undefined {
    const { name, start: pos } = inner;
    this.pop();
    const frame = this.top;
    (frame.formals as Formal[]).push({ name: name as string, pos, fallback });
    if (this.token === Token.RightBrace) return this.afterFormals(frame);
    if (this.token !== Token.Comma) this.fail("'}' or ','");
    this.advance();
    return this.formals(frame);
  }

  /** The constructs that end where their last part ends. */
  private finishWhole(frame: Frame, value: Expr): Expr {
    const { start } = frame;
    const { end } = value;
    switch (frame.kind) {
      case FrameKind.LambdaBody:
        return this.finishLambda(frame, value);
      case FrameKind.AssertBody:
        return { kind: NodeKind.Assert, start, end, pos: start, condition: frame.left as Expr, body: value };
      case FrameKind.WithBody:
        return { kind: NodeKind.With, start, end, pos: start, namespace: frame.left as Expr, body: value };
      case FrameKind.IfAlternative: {
        const condition = frame.left as Expr;
        const consequence = frame.middle as Expr;
        return { kind: NodeKind.If, start, end, pos: start, condition, consequence, alternative: value };
      }
      default: {
        const attrs = frame.set as OpenAttrSet;
        if (attrs.dynamic.length > 0) {
          this.report("dynamic-attribute-in-let", "error", "dynamic attributes not allowed in let", start, start + 3);
        }
        return { kind: NodeKind.Let, start, end, pos: NO_POS, attrs, body: value };
      }
    }
  }

  // ── going on after a mistake ─────────────────────────────────────────────────────────────────

  /** The expression that stood before the token at which `fail` gave up. */
  private held: Expr | undefined = undefined;

  /**
   * Finds a place to go on: skips tokens until one is found that some open construct waits for (`;`,
   * `}`, `)`, `in`, …), and closes what is open inside of that with what it has so far.
   */
  private recover(): Expr | undefined {
    let value: Expr = this.held ?? this.missing();
    this.held = undefined;
    this.cursed = undefined;
    let depth = this.waitingFor(this.token);
    while (depth < 0) {
      this.skipToken();
      depth = this.waitingFor(this.token);
    }
    while (this.depth > depth) value = this.abandon(value);
    const top = this.top;
    this.level = Level.Whole;
    if (top.kind === FrameKind.LambdaBody) {
      this.afterFormals(top);
      return undefined;
    }
    if (top.kind !== FrameKind.Bindings) return value;
    if (top.inValue) this.finishBinding(top, value);
    top.inValue = false;
    if (this.token === Token.Semicolon) this.advance();
    this.inBindings = true;
    return undefined;
  }

  /** Stands for an expression that is not there. */
  private missing(): Expr {
    const start = Math.min(this.previousEnd, this.tokenStart);
    return { kind: NodeKind.Error, start, end: this.tokenStart, pos: start };
  }

  /** The depth of the innermost frame that can go on at `token`; -1 when it must be skipped. */
  private waitingFor(token: Token): number {
    if (token === Token.Eof) return 0;
    // Frames further down are not looked for, so that a broken deep text stays linear.
    const lowest = Math.max(0, this.depth - RECOVERY_REACH);
    for (let depth = this.depth; depth >= lowest; depth -= 1) {
      if (canGoOn(this.frames[depth] as Frame, token)) return depth;
    }
    return -1;
  }

  /** Skips a token, and if it opens something, all up to its end. */
  private skipToken(): void {
    const open: Token[] = [];
    do {
      switch (this.token) {
        case Token.LeftBrace:
        case Token.LeftParen:
        case Token.LeftBracket:
        case Token.DollarBrace:
          open.push(this.token);
          break;
        case Token.RightBrace:
        case Token.RightParen:
        case Token.RightBracket: {
          const opened = open.pop();
          if (opened === Token.Quote || opened === Token.IndentedOpen) this.skipText(opened, open);
          break;
        }
        case Token.Quote:
        case Token.IndentedOpen:
          this.skipText(this.token, open);
          break;
        default:
          break;
      }
      this.advance();
    } while (open.length > 0 && this.token !== Token.Eof);
  }

  /** Skips the text of a string up to its end or to a `${`, which is noted in `open`. */
  private skipText(opened: Token, open: Token[]): void {
    let stop: Stop;
    do stop = opened === Token.Quote ? this.scanStringText() : this.scanIndentedText();
    while (stop === Stop.Piece);
    if (stop === Stop.Close) this.at += opened === Token.Quote ? 1 : 2;
    else if (stop === Stop.Interpolation) {
      this.at += 2;
      open.push(opened);
    }
  }

  /** Closes the frame on top with what it has; returns what it becomes. */
  private abandon(value: Expr): Expr {
    const frame = this.top;
    const { start, left, items, path } = frame;
    const { end } = value;
    const given = value.kind === NodeKind.Error ? [] : [value];
    this.pop();
    switch (frame.kind) {
      case FrameKind.List:
        return { kind: NodeKind.List, start, end, pos: start, items: [...items, ...given] };
      case FrameKind.Apply:
        return apply(left as Expr, [...items, value]);
      case FrameKind.SelectOr:
        return { kind: NodeKind.Select, start, end, pos: start, base: left as Expr, path, fallback: value };
      case FrameKind.Binary:
      case FrameKind.Not:
      case FrameKind.Negate:
        return finishOperator(frame, value);
      case FrameKind.PipeInto:
        return pipe(frame.pos, value, left as Expr);
      case FrameKind.PipeFrom:
        return pipe(frame.pos, left as Expr, value);
      case FrameKind.LambdaBody:
      case FrameKind.AssertBody:
      case FrameKind.WithBody:
      case FrameKind.IfAlternative:
      case FrameKind.LetBody:
        return this.finishWhole(frame, value);
      case FrameKind.FormalDefault:
        (this.top.formals as Formal[]).push({ name: frame.name as string, pos: start, fallback: value });
        return this.missing();
      case FrameKind.AssertCondition:
        frame.kind = FrameKind.AssertBody;
        frame.left = value;
        return this.finishWhole(frame, this.missing());
      case FrameKind.WithNamespace:
        frame.kind = FrameKind.WithBody;
        frame.left = value;
        return this.finishWhole(frame, this.missing());
      case FrameKind.IfCondition:
      case FrameKind.IfConsequence:
        if (frame.kind === FrameKind.IfCondition) frame.left = value;
        frame.middle = frame.kind === FrameKind.IfCondition ? this.missing() : value;
        frame.kind = FrameKind.IfAlternative;
        return this.finishWhole(frame, this.missing());
      case FrameKind.Bindings: {
        const set = frame.set as OpenAttrSet;
        if (frame.inValue) this.finishBinding(frame, value);
        set.close(this.tokenStart);
        if (frame.detail !== BindingsOf.Let) return set;
        return { kind: NodeKind.Let, start, end: set.end, pos: NO_POS, attrs: set, body: this.missing() };
      }
      case FrameKind.InheritSource:
        (this.top.set as OpenAttrSet).addSource(value);
        return this.missing();
      case FrameKind.StringPart:
      case FrameKind.IndentedPart:
      case FrameKind.PathPart: {
        const pieces = frame.kind === FrameKind.IndentedPart ? stripIndentation(frame.pieces).parts : items;
        const parts = [...pieces, value];
        return {
          kind: NodeKind.StringTemplate,
          start,
          end,
          pos: start,
          parts,
          partPositions: parts.map((part) => part.start),
          form: "quoted",
        };
      }
      case FrameKind.AttrPath:
        if (left === undefined) return this.missing();
        if (path.length === 0) return left;
        return frame.detail === PathOf.Select
          ? { kind: NodeKind.Select, start, end, pos: start, base: left, path, fallback: undefined }
          : { kind: NodeKind.HasAttr, start, end, pos: left.pos, base: left, path };
      case FrameKind.Root:
      case FrameKind.Paren:
      case FrameKind.AttrInterpolation:
        return value;
    }
  }
}

/** How many open constructs a stray closing token is compared with. */
const RECOVERY_REACH = 64;

/** Whether a frame waits for this token. */
function canGoOn(frame: Frame, token: Token): boolean {
  switch (frame.kind) {
    case FrameKind.Paren:
    case FrameKind.InheritSource:
      return token === Token.RightParen;
    case FrameKind.List:
      return token === Token.RightBracket;
    case FrameKind.LambdaBody:
      return frame.inPattern && token === Token.RightBrace;
    case FrameKind.AssertCondition:
    case FrameKind.WithNamespace:
      return token === Token.Semicolon;
    case FrameKind.IfCondition:
      return token === Token.Then;
    case FrameKind.IfConsequence:
      return token === Token.Else;
    case FrameKind.StringPart:
    case FrameKind.IndentedPart:
    case FrameKind.PathPart:
    case FrameKind.AttrInterpolation:
      return token === Token.RightBrace;
    case FrameKind.Bindings:
      if (token === Token.Semicolon) return true;
      if (frame.detail === BindingsOf.Let) return token === Token.In;
      return frame.detail !== BindingsOf.Repl && token === Token.RightBrace;
    default:
      return false;
  }
}

function variable(name: string, start: number, end: number): Expr {
  if (name === "__curPos") return { kind: NodeKind.CurPos, start, end, pos: start };
  return { kind: NodeKind.Var, start, end, pos: start, name };
}

/** `callee args`. Nix: a callee that is a call, even in parentheses, just gets more arguments. */
function apply(callee: Expr, args: Expr[]): Expr {
  const { start } = callee;
  const { end } = args[args.length - 1] as Expr;
  if (callee.kind === NodeKind.Call) {
    const call = callee as Open<Call>;
    for (const arg of args) (call.args as Expr[]).push(arg);
    call.end = end;
    return call;
  }
  return { kind: NodeKind.Call, start, end, pos: isCallNode(callee) ? callee.pos : start, callee, args, pipe: false };
}

/** Whether C++ Nix makes a call of it, whose position a further argument does not change. */
function isCallNode(expr: Expr): boolean {
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
function pipe(pos: number, callee: Expr, arg: Expr): Expr {
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
function finishOperator(frame: Frame, right: Expr): Expr {
  const { start } = frame;
  const { end } = right;
  switch (frame.kind) {
    case FrameKind.Not:
      return { kind: NodeKind.Not, start, end, pos: right.pos, operand: right };
    case FrameKind.Negate:
      return { kind: NodeKind.Negate, start, end, pos: start, operand: right };
    default: {
      const op = frame.detail as BinaryOp;
      return { kind: NodeKind.Binary, start, end, pos: frame.pos, op, left: frame.left as Expr, right };
    }
  }
}

const NAME_CHAR = /[a-zA-Z0-9_'-]/;

/** The offset of the first place where a name stands as a word of its own. */
function firstMention(text: string, name: string): number {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const after = text[at + name.length] ?? "";
    if (!NAME_CHAR.test(text[at - 1] ?? "") && !NAME_CHAR.test(after)) return at;
  }
  return text.length;
}
