/**
 * Sets, the bindings of `let`, `inherit`, and paths of attribute names.
 *
 * A group of bindings is one `Bindings` frame; it stays open while the value of a binding, a name in
 * `${…}` or the source of an `inherit` is read in frames above it.
 */
import { type AttrName, BindingKind, type Expr, NodeKind } from "../ast/nodes.ts";
import { printAttrPath } from "../ast/print.ts";
import { printIdentifier } from "../ast/quote.ts";
import { Stop } from "../lex/lexer.ts";
import { Token } from "../lex/token.ts";
import { addAttr, OpenAttrSet } from "./attrs.ts";
import { Level, NAME_EXPECTED, Want } from "./core.ts";
import { BindingsOf, type Frame, FrameKind, PathOf } from "./frame.ts";
import { LiteralParser } from "./literals.ts";

/** Adds bindings and attribute paths to the parser. */
export abstract class BindingParser extends LiteralParser {
  protected openBindings(of: BindingsOf, start: number, pos: number): Frame {
    const frame = this.push(FrameKind.Bindings, start);
    frame.detail = of;
    frame.inValue = false;
    frame.set = new OpenAttrSet(start, pos, false);
    return frame;
  }

  /** At the `{` of a set; `start` is where the set begins, `rec` and `let` included. */
  protected beginSet(of: BindingsOf, start: number): Expr | undefined {
    const set = this.openBindings(of, start, start).set as OpenAttrSet;
    set.recursive = of !== BindingsOf.Set;
    set.legacyLet = of === BindingsOf.LegacyLet;
    this.advance();
    return this.bindings();
  }

  /** Between two bindings: reads on until one needs an expression, or the end of the group. */
  protected bindings(): Expr | undefined {
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
          frame.pos = this.tokenStart;
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
  protected bindingEquals(frame: Frame, path: AttrName[]): undefined {
    if (this.token !== Token.Equals) this.fail("'.' or '='");
    frame.path = path;
    frame.inValue = true;
    this.advance();
    this.want = Want.Whole;
    return undefined;
  }

  protected finishBinding(frame: Frame, value: Expr): void {
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

  protected reportDuplicate(name: string, pos: number, previous: number): void {
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
  protected inheritNames(frame: Frame): boolean {
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

  protected finishInherit(frame: Frame, names: readonly AttrName[]): void {
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
  protected endBindings(frame: Frame): Expr | undefined {
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
        if (this.previousEnd === 0) this.fail(this.length > 0 ? "'inherit'" : "");
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

  /**
   * Reads attribute names and the dots between them, at the first name. False when a name needs an
   * expression: a frame then waits for it.
   */
  protected attrPath(of: PathOf, base: Expr | undefined, path: AttrName[]): boolean {
    for (;;) {
      switch (this.token) {
        case Token.Id:
        case Token.Or:
          path.push({
            name: this.name,
            expr: undefined,
            start: this.tokenStart,
            end: this.tokenEnd,
          });
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
  protected partialPath(of: PathOf, base: Expr | undefined, path: AttrName[]): void {
    if (base === undefined) return;
    const frame = this.push(FrameKind.AttrPath, base.start);
    frame.detail = of;
    frame.left = base;
    frame.path = path;
  }

  /** A name in quotes or `${…}`; false when it must wait for an expression. */
  protected stringName(of: PathOf, base: Expr | undefined, path: AttrName[]): boolean {
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
  protected override finishName(value: Expr, end: number): void {
    const frame = this.top;
    const { pos: start, path } = frame;
    if (value.kind === NodeKind.String)
      path.push({ name: value.value, expr: undefined, start, end });
    else {
      path.push({ name: undefined, expr: value, start, end });
      if (frame.detail === PathOf.Inherit) {
        this.report(
          "dynamic-attribute-in-inherit",
          "error",
          "dynamic attributes not allowed in inherit",
          start,
          end,
        );
      }
    }
    this.advance();
  }

  /** Reads on behind a name whose `AttrPath` frame is on top, and uses the path when it is whole. */
  protected override continuePath(): Expr | undefined {
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
    return of === PathOf.Select
      ? this.afterSelect(base as Expr, path)
      : this.hasAttr(base as Expr, path);
  }

  /** Behind `base.path`. */
  protected afterSelect(base: Expr, path: AttrName[]): Expr | undefined {
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

  protected hasAttr(base: Expr, path: AttrName[]): Expr {
    this.level = Level.Operator;
    return {
      kind: NodeKind.HasAttr,
      start: base.start,
      end: this.previousEnd,
      pos: base.pos,
      base,
      path,
    };
  }
}
