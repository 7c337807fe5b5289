/**
 * Lambdas and their patterns, and the look at the token that tells `{` of a set from `{` of a pattern.
 *
 * The frame of a lambda is open from its first token; while the pattern is read it is `inPattern`,
 * then it waits for the body.
 */
import { type AttrName, type Expr, type Formal, type Lambda, NodeKind } from "../ast/nodes.ts";
import { printIdentifier } from "../ast/quote.ts";
import { Token } from "../lex/token.ts";
import { OpenAttrSet, setDoc } from "./attrs.ts";
import { BindingParser } from "./bindings.ts";
import { FORMAL_EXPECTED, Want } from "./core.ts";
import { BindingsOf, type Frame, FrameKind, PathOf } from "./frame.ts";
import { variable } from "./operators.ts";

/** Nix: the number of formals is kept in sixteen bits. */
const MAX_FORMALS = 65_535;

/** Adds lambdas to the parser. */
export abstract class LambdaParser extends BindingParser {
  /** At a name where a lambda may begin. */
  protected nameOrLambda(): Expr | undefined {
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
  protected setOrLambda(): Expr | undefined {
    const start = this.tokenStart;
    const docStart = this.docStart;
    const docEnd = this.docEnd;
    this.advance();
    switch (this.token) {
      case Token.RightBrace: {
        const end = this.tokenEnd;
        this.advance();
        if ((this.token as Token) !== Token.Colon && (this.token as Token) !== Token.At)
          return this.emptySet(start, end);
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
        if (
          (this.token as Token) === Token.Comma ||
          (this.token as Token) === Token.Question ||
          (this.token as Token) === Token.RightBrace
        ) {
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

  /** `{ }`, known to be a set by the token behind it. */
  protected emptySet(start: number, end: number): Expr {
    const set = new OpenAttrSet(start, start, false);
    set.end = end;
    return set;
  }

  protected openFormals(start: number, docStart: number, docEnd: number): Frame {
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
  protected formals(frame: Frame): undefined {
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

  protected afterFormalName(frame: Frame, name: string, pos: number): undefined {
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
      this.plainFormal(frame, formal, formalPos);
      if (this.token === Token.RightBrace) return this.afterFormals(frame);
      if (this.token !== Token.Comma) this.fail("'}' or ','");
      this.advance();
      if ((this.token as Token) !== Token.Id) return this.formals(frame);
      formal = this.name;
      formalPos = this.tokenStart;
      this.advance();
    }
  }

  /** Behind a name without a default. */
  protected plainFormal(frame: Frame, name: string, pos: number): void {
    (frame.formals as Formal[]).push({ name, pos, fallback: undefined });
  }

  /** At the `}` of a pattern. */
  protected afterFormals(frame: Frame): undefined {
    this.advance();
    return this.afterBrace(frame);
  }

  /** Behind the `}` of a pattern. */
  protected afterBrace(frame: Frame): undefined {
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

  protected finishLambda(frame: Frame, body: Expr): Lambda {
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
  protected checkFormals(frame: Frame, formals: readonly Formal[]): void {
    if (formals.length > MAX_FORMALS) {
      const message = `too many formal arguments, implementation supports at most ${MAX_FORMALS}`;
      this.report("too-many-formals", "error", message, frame.start, frame.start + 1);
    }
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

  protected reportFormal(name: string, pos: number): void {
    this.report(
      "duplicate-formal",
      "error",
      `duplicate formal function argument '${printIdentifier(name)}'`,
      pos,
      pos + name.length,
    );
  }

  protected finishFormal(inner: Frame, fallback: Expr): undefined {
    const { name, start: pos } = inner;
    this.pop();
    const frame = this.top;
    (frame.formals as Formal[]).push({ name: name as string, pos, fallback });
    if (this.token === Token.RightBrace) return this.afterFormals(frame);
    if (this.token !== Token.Comma) this.fail("'}' or ','");
    this.advance();
    return this.formals(frame);
  }
}
