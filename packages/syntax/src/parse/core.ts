/**
 * What all parts of the parser share: the stack of frames, the reporting of errors, and the state
 * between two steps.
 *
 * The parser is one class in several files, each of which adds one subject to the one before:
 *
 *     Lexer ◀ ParserCore ◀ LiteralParser ◀ BindingParser ◀ LambdaParser ◀ RecoveringParser ◀ Parser
 *
 * A chain and not a set of parts, because the hot fields (token, place, frame on top) then live in one
 * object.
 */
import { type Call, type Expr, NodeKind, type Span } from "../ast/nodes.ts";
import { Lexer } from "../lex/lexer.ts";
import { TOKEN_NAMES, Token } from "../lex/token.ts";
import type { DiagnosticCode } from "../text/diagnostic.ts";
import type { SourceFile } from "../text/source.ts";
import { Frame, FrameKind } from "./frame.ts";
import type { LintLevel, ParseOptions } from "./options.ts";

/** Which operands are allowed where something begins. */
export const enum Want {
  /** Everything, also lambdas, `let`, `if`. */
  Whole,
  /** An operand of an operator: `!` and `-` but no lambda. */
  Operand,
  /** An argument or a list item: no operator. */
  Select,
}

/** How far an expression is finished. */
export const enum Level {
  Simple,
  Select,
  Operator,
  Whole,
}

/** Thrown by `fail`, caught by `run`; it carries nothing. */
export const SYNTAX_ERROR: unique symbol = Symbol("syntax error");

export const NAME_EXPECTED = "identifier or 'or' or '${' or '\"'";
export const FORMAL_EXPECTED = "identifier or '...' or '}'";

/** The stack and the state of the parser. */
export abstract class ParserCore extends Lexer {
  readonly parens: Span[] = [];
  protected readonly options: ParseOptions;
  protected readonly frames: Frame[] = [];
  protected depth = -1;
  protected top: Frame;
  /** What `begin` may accept. */
  protected want: Want = Want.Whole;
  /** How far the value is that `proceed` is given. */
  protected level: Level = Level.Simple;
  /** The call made by the last `e or`, while nothing has settled whether it deserves a warning. */
  protected cursed: Call | undefined = undefined;
  /** Where the last syntax error was, so that each mistake is reported once. */
  protected lastFailure = -1;
  protected done = false;

  constructor(source: SourceFile, options: ParseOptions) {
    super(source, {
      pipeOperators: options.features?.pipeOperators === true,
      keepComments: options.keepComments === true,
    });
    this.options = options;
    this.top = this.push(FrameKind.Root, 0);
  }

  /** The expression that stood before the token at which `fail` gave up. */
  protected held: Expr | undefined = undefined;
  /** Set when the next step is to read a binding and not an operand. */
  protected inBindings = false;

  protected push(kind: FrameKind, start: number): Frame {
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

  protected pop(): void {
    this.depth -= 1;
    this.top = this.frames[this.depth] as Frame;
  }

  /** Reports the current token as unexpected. `expected` lists what Bison would list, if anything. */
  protected fail(expected = ""): never {
    this.reportUnexpected(this.token, this.tokenStart, this.tokenEnd, expected);
    throw SYNTAX_ERROR;
  }

  protected reportUnexpected(token: Token, start: number, end: number, expected: string): void {
    let pos = start;
    if (token === Token.Eof) pos = this.eofPosition >= 0 ? this.eofPosition : end;
    if (start === this.lastFailure) return;
    this.lastFailure = start;
    let message = `syntax error, unexpected ${TOKEN_NAMES[token] as string}`;
    if (expected !== "") message += `, expecting ${expected}`;
    this.report("syntax-error", "error", message, start, end, pos);
  }

  protected lint(
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

  /** Fails unless the current token is `token`; `value` is what stands before it. */
  protected require(token: Token, expected: string, value: Expr): void {
    if (this.token === token) return;
    this.held = value;
    this.fail(expected);
  }

  /** Lets a frame wait for its next part. */
  protected next(frame: Frame, kind: FrameKind): undefined {
    frame.kind = kind;
    this.advance();
    this.want = Want.Whole;
    return undefined;
  }

  /** Stands for an expression that is not there. */
  protected missing(): Expr {
    const start = Math.min(this.previousEnd, this.tokenStart);
    return { kind: NodeKind.Error, start, end: this.tokenStart, pos: start };
  }

  /** Sorts names by where the text mentions them first, which is the order of C++ Nix's symbols. */
  protected inOrderOfMention(items: { readonly name: string; readonly pos: number }[]): void {
    if (items.length < 2) return;
    const mention = firstMentions(this.text, new Set(items.map((item) => item.name)));
    const rank = (name: string): number => mention.get(name) ?? this.length;
    items.sort((a, b) => rank(a.name) - rank(b.name) || a.pos - b.pos);
  }
}

/** For each of the names the offset of the first place where it stands as a word of its own. */
function firstMentions(text: string, names: ReadonlySet<string>): Map<string, number> {
  const found = new Map<string, number>();
  for (const match of text.matchAll(/[a-zA-Z_][a-zA-Z0-9_'-]*/g)) {
    const word = match[0];
    if (names.has(word) && !found.has(word)) found.set(word, match.index);
    if (found.size === names.size) break;
  }
  return found;
}
